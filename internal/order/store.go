package order

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/ledger"
	"flint/internal/tenant"
)

// stored is what the database holds of an order in memory: the base of the next Save.
type stored struct {
	revision      int64
	activities    int64 // sequence of the last activity
	status        string
	pricing       Pricing
	total         int64
	balance       int64
	credit        int64
	refunded      int64
	paymentStatus string
	position      []ledger.Posting
	listed        listed
}

const orderColumns = `order_id, order_number, revision, origin, status, fulfillment_status, currency, customer_id, external_reference_id,
	active_attempt_id, subtotal, discount, charge, tax, tax_included, tip, total, paid, refunded, settled_tip, activities, doc,
	created_at, updated_at`

// Load reads an order and locks its row until the transaction ends; RESOURCE_NOT_FOUND when the
// environment has none with the id. Every change of an order starts here.
func (s *Service) Load(tx db.Tx, scope tenant.Scope, orderID string) (*Order, error) {
	return load(tx, scope, orderID, tx.ForUpdate())
}

func load(tx db.Tx, scope tenant.Scope, orderID, lock string) (*Order, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	if !id.Valid(id.Order, orderID) {
		return nil, fault.NotFound("order")
	}
	var o *Order
	err := tx.Query(func(r db.Row) (err error) {
		o, err = scanOrder(r, scope)
		return err
	}, `SELECT `+orderColumns+` FROM orders WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3`+lock,
		scope.MerchantID, scope.EnvironmentID, orderID)
	switch {
	case err != nil && !errors.Is(err, db.ErrNoRows):
		return nil, fmt.Errorf("load the order: %w", err)
	case o == nil:
		return nil, fault.NotFound("order")
	}
	return o, nil
}

func scanOrder(r db.Row, scope tenant.Scope) (*Order, error) {
	o := &Order{Scope: scope}
	var doc []byte
	p, t := &o.Pricing, &o.Settlement
	err := r.Scan(&o.ID, &o.Number, &o.Revision, &o.Origin, &o.Status, &o.FulfillmentStatus, &o.Currency, &o.CustomerID, &o.ExternalReferenceID,
		&o.ActiveAttemptID, &p.Subtotal, &p.Discount, &p.Charge, &p.Tax, &p.TaxIncluded, &p.Tip, &p.Total, &t.Paid, &t.Refunded, &t.SettledTip,
		&o.stored.activities, &doc, &o.CreatedAt, &o.UpdatedAt)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(doc, o); err != nil {
		return nil, fmt.Errorf("decode order %s: %w", o.ID, err)
	}
	o.markStored(o.stored.activities)
	return o, nil
}

// markStored notes that the row now equals o.
func (o *Order) markStored(activities int64) {
	o.stored = stored{
		revision: o.Revision, activities: activities, status: o.Status, pricing: o.Pricing, total: o.Pricing.Total, balance: o.Balance(), credit: o.Credit(), refunded: o.Settlement.Refunded + o.Disputes.Lost,
		paymentStatus: o.DerivePaymentStatus(), position: Position(o), listed: o.listed(),
	}
	o.held = o.uses()
}

func encodeDoc(o *Order) ([]byte, error) {
	doc, err := json.Marshal(o, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode the order: %w", err)
	}
	return doc, nil
}

// rowArgs are the parameters that insertOrder and updateOrder share, in the order of their columns
// from $4 on.
func rowArgs(o *Order, activities int64) ([]any, error) {
	doc, err := encodeDoc(o)
	if err != nil {
		return nil, err
	}
	p, t := &o.Pricing, &o.Settlement
	return []any{
		o.Scope.MerchantID, o.Scope.EnvironmentID, o.ID,
		o.Revision, o.Status, o.DerivePaymentStatus(), o.DeriveRefundStatus(), o.FulfillmentStatus, o.CustomerID, o.ExternalReferenceID,
		o.ActiveAttemptID, p.Subtotal, p.Discount, p.Charge, p.Tax, p.TaxIncluded, p.Tip, p.Total, t.Paid, t.Refunded, t.SettledTip,
		o.Outstanding(), activities, searchText(o), string(doc), o.UpdatedAt,
	}, nil
}

func insertOrder(tx db.Tx, o *Order, activities int64) error {
	args, err := rowArgs(o, activities)
	if err != nil {
		return err
	}
	args = append(args, o.Number, o.Origin, string(o.Currency), o.CreatedAt)
	return tx.Send(`INSERT INTO orders (merchant_id, environment_id, order_id,
		revision, status, payment_status, refund_status, fulfillment_status, customer_id, external_reference_id,
		active_attempt_id, subtotal, discount, charge, tax, tax_included, tip, total, paid, refunded, settled_tip,
		outstanding, activities, search, doc, updated_at, order_number, origin, currency, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
			$22, $23, $24, $25, $26, $27, $28, $29, $30)`, args...)
}

// updateOrder writes the row under its next revision. The columns that lists sort and filter by, and
// that seldom change, are named only when they did: SQLite writes an index entry anew for every column
// an UPDATE names.
func updateOrder(tx db.Tx, o *Order, activities int64) error {
	args, err := rowArgs(o, activities)
	if err != nil {
		return err
	}
	sql := updateStable
	if o.listed() != o.stored.listed {
		sql = updateAll
	}
	n, err := tx.Exec(sql, append(args, o.stored.revision)...)
	if err != nil {
		return fmt.Errorf("update the order: %w", err)
	}
	if n != 1 {
		return fault.Conflict("ORDER_CONFLICT", "The order was changed at the same time.").Retry(0)
	}
	return nil
}

const (
	updateSeldom = `customer_id = $9, external_reference_id = $10, total = $18, outstanding = $22, `
	updateOften  = `UPDATE orders SET revision = $4, status = $5, payment_status = $6, refund_status = $7, fulfillment_status = $8,
		active_attempt_id = $11, subtotal = $12, discount = $13, charge = $14, tax = $15, tax_included = $16, tip = $17, paid = $19,
		refunded = $20, settled_tip = $21, activities = $23, search = $24, doc = $25, `
	updateWhere = `updated_at = $26 WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3 AND revision = $27`

	updateAll    = updateOften + updateSeldom + updateWhere
	updateStable = updateOften + updateWhere + ` AND customer_id = $9 AND external_reference_id = $10 AND total = $18 AND outstanding = $22`
)

// listed are the columns of an order that have an index and seldom change.
type listed struct {
	customerID, externalReferenceID string
	total, outstanding              int64
}

func (o *Order) listed() listed {
	return listed{o.CustomerID, o.ExternalReferenceID, o.Pricing.Total, o.Outstanding()}
}

// nextNumber counts an environment's orders up from 1001.
func nextNumber(tx db.Tx, scope tenant.Scope) (string, error) {
	var n int64
	err := tx.QueryRow([]any{&n}, `INSERT INTO order_numbers (merchant_id, environment_id, last) VALUES ($1, $2, 1001)
		ON CONFLICT (merchant_id, environment_id) DO UPDATE SET last = order_numbers.last + 1 RETURNING last`,
		scope.MerchantID, scope.EnvironmentID)
	if err != nil {
		return "", fmt.Errorf("count the order: %w", err)
	}
	return strconv.FormatInt(n, 10), nil
}

// searchText is what the list's query filter looks at, in lower case.
func searchText(o *Order) string {
	parts := make([]string, 0, 4+len(o.Lines))
	parts = append(parts, o.Number, o.ExternalReferenceID, o.BuyerNote, o.InternalNote)
	for i := range o.Lines {
		parts = append(parts, o.Lines[i].Name)
	}
	return strings.ToLower(strings.Join(parts, "\n"))
}
