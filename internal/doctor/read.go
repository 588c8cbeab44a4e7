package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/dispute"
	"flint/internal/ledger"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/refund"
	"flint/internal/tenant"
)

// books is everything that is written about one order. Order is nil when rows name an order that does
// not exist.
type books struct {
	scope         tenant.Scope
	id            string
	order         *order.Order
	paymentStatus string
	refundStatus  string
	outstanding   int64
	activityCount int64

	activities  []activity
	attempts    []attempt
	intents     []*intent
	operations  []*operation
	refunds     []*refundRow
	items       []item
	disputes    []*dispute.Dispute
	stranded    []strandedRow
	notes       []*noteRow
	creditItems []creditItem
	entries     map[string]*entry
}

type activity struct{ sequence, delta, running int64 }

type attempt struct {
	id, status, mode, completion string
	expected                     int64
	intents                      []string
}

type intent struct {
	id, status                                                                string
	amount, tip, authorized, captured, released, refunded, reserved, disputed int64
	opened, taken, givenBack, givingBack/* sums of operations and allocations */ int64
}

type operation struct {
	payment.Operation
	state, code, hash string
	createdAt         time.Time
}

type refundRow struct {
	id, status  string
	amount, tip int64
	detail      refund.Detail
	allocations []allocation
}

type allocation struct {
	id, intentID, operationID, status string
	amount, tip                       int64
}

type strandedRow struct {
	id, status        string
	amount, remaining int64
}

type item struct {
	id                                        string
	quantity, amount, subtotal, discount, tax int64
	soldQuantity, soldAmount                  int64
}

type entry struct {
	id, reason string
	postings   []posting
}

type posting struct {
	line    int64
	account ledger.Account
	amount  int64
}

// page is the books of consecutive orders.
type page struct {
	scope  tenant.Scope
	books  map[string]*books
	orders int
	until  string // the last order id of the page
	last   bool
}

func (p *page) of(orderID string) *books {
	b, ok := p.books[orderID]
	if !ok {
		b = &books{scope: p.scope, id: orderID, entries: map[string]*entry{}}
		p.books[orderID] = b
	}
	return b
}

func (p *page) sorted() []*books {
	out := make([]*books, 0, len(p.books))
	for _, orderID := range slices.Sorted(maps.Keys(p.books)) {
		out = append(out, p.books[orderID])
	}
	return out
}

// endOfIDs is above every id.
const endOfIDs = "\x7f"

// readPage reads the orders after an id with all that belongs to them, rows without an order included.
func readPage(tx db.Tx, scope tenant.Scope, after string, size int) (*page, error) {
	p := &page{scope: scope, books: map[string]*books{}, until: endOfIDs, last: true}
	err := tx.Query(func(r db.Row) error {
		o := &order.Order{Scope: scope}
		var b books
		var doc []byte
		pr, st := &o.Pricing, &o.Settlement
		if err := r.Scan(&o.ID, &o.Revision, &o.Status, &o.Currency, &o.ActiveAttemptID, &pr.Subtotal, &pr.Discount, &pr.Charge, &pr.Tax,
			&pr.TaxIncluded, &pr.Tip, &pr.Total, &st.Paid, &st.Refunded, &st.SettledTip, &b.outstanding, &b.activityCount,
			&b.paymentStatus, &b.refundStatus, &doc); err != nil {
			return err
		}
		if err := json.Unmarshal(doc, o); err != nil {
			return fmt.Errorf("decode order %s: %w", o.ID, err)
		}
		b.scope, b.id, b.order, b.entries = scope, o.ID, o, map[string]*entry{}
		p.books[o.ID] = &b
		if p.orders++; p.orders == size {
			p.until, p.last = o.ID, false
		}
		return nil
	}, `SELECT order_id, revision, status, currency, active_attempt_id, subtotal, discount, charge, tax, tax_included, tip, total, paid,
			refunded, settled_tip, outstanding, activities, payment_status, refund_status, doc
		FROM orders WHERE merchant_id = $1 AND environment_id = $2 AND order_id > $3 ORDER BY order_id LIMIT $4`,
		scope.MerchantID, scope.EnvironmentID, after, size)
	if err != nil {
		return nil, fmt.Errorf("read orders: %w", err)
	}
	between := []any{scope.MerchantID, scope.EnvironmentID, after, p.until}
	for _, read := range []func(db.Tx, []any) error{p.readActivities, p.readAttempts, p.readIntents, p.readOperations, p.readRefunds, p.readItems, p.readDisputes, p.readStranded, p.readNotes, p.readJournal} {
		if err := read(tx, between); err != nil {
			return nil, err
		}
	}
	return p, nil
}

const inPage = ` WHERE merchant_id = $1 AND environment_id = $2 AND order_id > $3 AND order_id <= $4`

func (p *page) readActivities(tx db.Tx, between []any) error {
	return tx.Query(func(r db.Row) error {
		var orderID string
		var a activity
		err := r.Scan(&orderID, &a.sequence, &a.delta, &a.running)
		b := p.of(orderID)
		b.activities = append(b.activities, a)
		return err
	}, `SELECT order_id, sequence, balance_delta, running_balance FROM order_activities`+inPage+` ORDER BY order_id, sequence`, between...)
}

func (p *page) readAttempts(tx db.Tx, between []any) error {
	return tx.Query(func(r db.Row) error {
		var orderID, intents string
		var a attempt
		err := r.Scan(&orderID, &a.id, &a.status, &a.mode, &a.completion, &a.expected, &intents)
		a.intents = strings.Fields(intents)
		b := p.of(orderID)
		b.attempts = append(b.attempts, a)
		return err
	}, `SELECT order_id, attempt_id, status, mode, completion, expected_outstanding, intent_ids FROM payment_attempts`+inPage+` ORDER BY attempt_id`, between...)
}

func (p *page) readIntents(tx db.Tx, between []any) error {
	return tx.Query(func(r db.Row) error {
		var orderID string
		i := &intent{}
		err := r.Scan(&orderID, &i.id, &i.status, &i.amount, &i.tip, &i.authorized, &i.captured, &i.released, &i.refunded, &i.reserved, &i.disputed)
		b := p.of(orderID)
		b.intents = append(b.intents, i)
		return err
	}, `SELECT order_id, payment_intent_id, status, amount, tip, authorized, captured, released, refunded, refund_reserved, disputed
		FROM payment_intents`+inPage+` ORDER BY payment_intent_id`, between...)
}

func (p *page) readOperations(tx db.Tx, between []any) error {
	return tx.Query(func(r db.Row) error {
		o := &operation{}
		o.Scope = p.scope
		err := r.Scan(&o.OrderID, &o.ID, &o.Kind, &o.PaymentID, &o.RefundID, &o.Target, &o.Amount, &o.Currency, &o.Source, &o.state, &o.code, &o.hash, &o.createdAt, &o.KnownAs, &o.Processor)
		b := p.of(o.OrderID)
		b.operations = append(b.operations, o)
		return err
	}, `SELECT o.order_id, o.operation_id, o.kind, o.payment_intent_id, o.refund_id, o.target, o.amount, o.currency, o.source, o.state, o.code,
			o.request_hash, o.created_at, o.known_as, o.processor
		FROM payment_intents i JOIN processor_operations o ON o.merchant_id = i.merchant_id AND o.environment_id = i.environment_id
			AND o.payment_intent_id = i.payment_intent_id
		WHERE i.merchant_id = $1 AND i.environment_id = $2 AND i.order_id > $3 AND i.order_id <= $4 ORDER BY o.operation_id`, between...)
}

func (p *page) readDisputes(tx db.Tx, between []any) error {
	return tx.Query(func(r db.Row) error {
		d := &dispute.Dispute{Scope: p.scope}
		err := r.Scan(&d.OrderID, &d.ID, &d.PaymentIntentID, &d.Status, &d.Amount, &d.Open, &d.Lost, &d.Currency)
		b := p.of(d.OrderID)
		b.disputes = append(b.disputes, d)
		return err
	}, `SELECT order_id, dispute_id, payment_intent_id, status, amount, open_amount, lost_amount, currency FROM disputes`+inPage+` ORDER BY dispute_id`, between...)
}

func (p *page) readRefunds(tx db.Tx, between []any) error {
	byID := map[string]*refundRow{}
	err := tx.Query(func(r db.Row) error {
		var orderID string
		var detail []byte
		f := &refundRow{}
		if err := r.Scan(&orderID, &f.id, &f.status, &f.amount, &f.tip, &detail); err != nil {
			return err
		}
		b := p.of(orderID)
		b.refunds = append(b.refunds, f)
		byID[f.id] = f
		return json.Unmarshal(detail, &f.detail)
	}, `SELECT order_id, refund_id, status, amount, tip, detail FROM refunds`+inPage+` ORDER BY refund_id`, between...)
	if err != nil {
		return fmt.Errorf("read refunds: %w", err)
	}
	return tx.Query(func(r db.Row) error {
		var refundID string
		var a allocation
		err := r.Scan(&refundID, &a.id, &a.intentID, &a.operationID, &a.status, &a.amount, &a.tip)
		byID[refundID].allocations = append(byID[refundID].allocations, a)
		return err
	}, `SELECT a.refund_id, a.refund_allocation_id, a.payment_intent_id, a.operation_id, a.status, a.amount, a.tip
		FROM refunds r JOIN refund_allocations a ON a.merchant_id = r.merchant_id AND a.environment_id = r.environment_id AND a.refund_id = r.refund_id
		WHERE r.merchant_id = $1 AND r.environment_id = $2 AND r.order_id > $3 AND r.order_id <= $4 ORDER BY a.refund_allocation_id`, between...)
}

func (p *page) readItems(tx db.Tx, between []any) error {
	return tx.Query(func(r db.Row) error {
		var orderID string
		var t item
		err := r.Scan(&orderID, &t.id, &t.soldQuantity, &t.soldAmount, &t.quantity, &t.amount, &t.subtotal, &t.discount, &t.tax)
		b := p.of(orderID)
		b.items = append(b.items, t)
		return err
	}, `SELECT order_id, item_id, sold_quantity, sold_amount, taken_quantity, taken_amount, taken_subtotal, taken_discount, taken_tax
		FROM refund_items`+inPage+` ORDER BY order_id, item_id`, between...)
}

func (p *page) readStranded(tx db.Tx, between []any) error {
	return tx.Query(func(r db.Row) error {
		var orderID string
		var s strandedRow
		err := r.Scan(&orderID, &s.id, &s.status, &s.amount, &s.remaining)
		b := p.of(orderID)
		b.stranded = append(b.stranded, s)
		return err
	}, `SELECT order_id, stranded_payment_id, status, amount, remaining FROM stranded_payments`+inPage+` ORDER BY stranded_payment_id`, between...)
}

func (p *page) readJournal(tx db.Tx, between []any) error {
	err := tx.Query(func(r db.Row) error {
		var orderID string
		e := &entry{}
		err := r.Scan(&orderID, &e.id, &e.reason)
		p.of(orderID).entries[e.id] = e
		return err
	}, `SELECT order_id, entry_id, reason FROM journal_entries`+inPage, between...)
	if err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	return tx.Query(func(r db.Row) error {
		var orderID, entryID string
		var post posting
		err := r.Scan(&orderID, &entryID, &post.line, &post.account, &post.amount)
		b := p.of(orderID)
		e, ok := b.entries[entryID]
		if !ok {
			e = &entry{id: entryID} // it hangs on the entry of another order, or on none
			b.entries[entryID] = e
		}
		e.postings = append(e.postings, post)
		return err
	}, `SELECT order_id, entry_id, line, account, amount FROM postings`+inPage+` ORDER BY entry_id, line`, between...)
}
