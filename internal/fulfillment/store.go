package fulfillment

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/tenant"
)

const columns = `fulfillment_id, order_id, type, status, quantity_effect, customer_id, external_reference_id, version, doc, created_at, updated_at`

func scan(row db.Row, scope tenant.Scope) (*Fulfillment, error) {
	f := &Fulfillment{Scope: scope}
	var doc string
	if err := row.Scan(&f.ID, &f.OrderID, &f.Type, &f.Status, &f.Effect, &f.CustomerID, &f.ExternalReferenceID, &f.Version, &doc,
		&f.CreatedAt, &f.UpdatedAt); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(doc), f); err != nil {
		return nil, fmt.Errorf("decode fulfillment %s: %w", f.ID, err)
	}
	return f, nil
}

// Get reads a fulfilment without locking it; RESOURCE_NOT_FOUND when the environment has none with the id.
func Get(tx db.Tx, scope tenant.Scope, fulfillmentID string) (*Fulfillment, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	if !id.Valid(id.Fulfillment, fulfillmentID) {
		return nil, fault.NotFound("fulfillment")
	}
	var f *Fulfillment
	err := tx.Query(func(row db.Row) (err error) {
		f, err = scan(row, scope)
		return err
	}, `SELECT `+columns+` FROM fulfillments WHERE merchant_id = $1 AND environment_id = $2 AND fulfillment_id = $3`,
		scope.MerchantID, scope.EnvironmentID, fulfillmentID)
	if err != nil {
		return nil, fmt.Errorf("read the fulfillment: %w", err)
	}
	if f == nil {
		return nil, fault.NotFound("fulfillment")
	}
	return f, nil
}

// OfOrder reads the fulfillments of an order, the oldest first.
func OfOrder(tx db.Tx, scope tenant.Scope, orderID string) ([]*Fulfillment, error) {
	found, err := OfOrders(tx, scope, []string{orderID})
	return found[orderID], err
}

// OfOrders is OfOrder for several orders, by order.
func OfOrders(tx db.Tx, scope tenant.Scope, orderIDs []string) (map[string][]*Fulfillment, error) {
	out := map[string][]*Fulfillment{}
	if len(orderIDs) == 0 {
		return out, nil
	}
	if err := scope.Check(); err != nil {
		return nil, err
	}
	q := listing.From("fulfillments", columns, "fulfillment_id", scope).In("order_id", orderIDs)
	if err := q.Sort("created_at", true, true, nil); err != nil {
		return nil, err
	}
	found, err := listing.All(tx, q, func(row db.Row) (*Fulfillment, error) { return scan(row, scope) })
	if err != nil {
		return nil, fmt.Errorf("read the fulfillments of orders: %w", err)
	}
	for _, f := range found {
		out[f.OrderID] = append(out[f.OrderID], f)
	}
	return out, nil
}

// args are the parameters from $1 on that insert and update share.
func (f *Fulfillment) args() ([]any, error) {
	doc, err := json.Marshal(f, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode fulfillment %s: %w", f.ID, err)
	}
	return []any{f.Scope.MerchantID, f.Scope.EnvironmentID, f.ID, f.Status, f.Effect, f.CustomerID, f.ExternalReferenceID, f.Version,
		searchText(f.ID, f.ExternalReferenceID), string(doc), f.UpdatedAt}, nil
}

func insert(tx db.Tx, f *Fulfillment) error {
	args, err := f.args()
	if err != nil {
		return err
	}
	err = tx.Send(`INSERT INTO fulfillments (merchant_id, environment_id, fulfillment_id, status, quantity_effect, customer_id,
		external_reference_id, version, search, doc, updated_at, order_id, type, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`, append(args, f.OrderID, f.Type, f.CreatedAt)...)
	if err != nil {
		return fmt.Errorf("insert the fulfillment: %w", err)
	}
	return nil
}

// update writes a fulfilment under its next version.
func update(tx db.Tx, f *Fulfillment, now time.Time) error {
	f.Version, f.UpdatedAt = f.Version+1, now
	args, err := f.args()
	if err != nil {
		return err
	}
	err = tx.Send(`UPDATE fulfillments SET status = $4, quantity_effect = $5, customer_id = $6, external_reference_id = $7, version = $8,
		search = $9, doc = $10, updated_at = $11 WHERE merchant_id = $1 AND environment_id = $2 AND fulfillment_id = $3`, args...)
	if err != nil {
		return fmt.Errorf("update the fulfillment: %w", err)
	}
	return nil
}

// searchText is what a list's query looks at, in lower case.
func searchText(parts ...string) string { return strings.ToLower(strings.Join(parts, "\n")) }
