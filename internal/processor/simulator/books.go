package simulator

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/money"
	"flint/internal/payment"
	"flint/internal/tenant"
)

// Books is what the simulator believes about one merchant environment: the JSON of
// /dev/simulator/books. Amounts are minor units.
type Books struct {
	Payments []Entry `json:"payments"` // oldest first; declined ones never were in the books
	Totals   []Total `json:"totals"`   // by currency
}

// Entry is one charge. A payment of ours may have several: one per operation that opened one.
type Entry struct {
	PaymentID     string         `json:"payment_id"`
	ProcessorRef  string         `json:"processor_ref"`
	OperationID   string         `json:"operation_id"`
	State         ChargeState    `json:"state"`
	Currency      money.Currency `json:"currency"`
	Authorized    int64          `json:"authorized"`
	Captured      int64          `json:"captured"`
	Released      int64          `json:"released"`
	RefundPending int64          `json:"refund_pending"`
	Refunded      int64          `json:"refunded"`
	Refunds       []RefundEntry  `json:"refunds"`
}

// RefundEntry is one refund of a charge.
type RefundEntry struct {
	RefundID     string               `json:"refund_id"`
	ProcessorRef string               `json:"processor_ref"`
	OperationID  string               `json:"operation_id"`
	State        payment.OutcomeState `json:"state"`
	Amount       int64                `json:"amount"`
}

// Total sums the entries of one currency.
type Total struct {
	Currency      money.Currency `json:"currency"`
	Authorized    int64          `json:"authorized"`
	Captured      int64          `json:"captured"`
	Released      int64          `json:"released"`
	RefundPending int64          `json:"refund_pending"`
	Refunded      int64          `json:"refunded"`
}

// Books reads the books of a scope as one consistent state.
func (s *Simulator) Books(ctx context.Context, scope tenant.Scope) (Books, error) {
	if err := scope.Check(); err != nil {
		return Books{}, err
	}
	b := Books{Payments: []Entry{}, Totals: []Total{}}
	err := s.db.Read(ctx, func(tx db.Tx) error {
		b.Payments = b.Payments[:0]
		refunds, err := readRefunds(tx, scope)
		if err != nil {
			return fmt.Errorf("read the refunds: %w", err)
		}
		return b.read(tx, scope, refunds, s.clock.Now())
	})
	if err != nil {
		return Books{}, fmt.Errorf("read the simulator's books: %w", err)
	}
	b.total()
	return b, nil
}

func (b *Books) read(tx db.Tx, scope tenant.Scope, refunds map[string][]RefundEntry, now time.Time) error {
	return tx.Query(func(row db.Row) error {
		var c charge
		err := row.Scan(&c.Ref, &c.OperationID, &c.PaymentID, &c.State, &c.Currency, &c.Authorized, &c.Captured, &c.Released,
			&c.Refunding, &c.Refunded, &c.ExpiresAt)
		if err != nil {
			return err
		}
		e := Entry{PaymentID: c.PaymentID, ProcessorRef: c.Ref, OperationID: c.OperationID, State: c.stateAt(now),
			Currency: c.Currency, Authorized: c.Authorized, Captured: c.Captured, Released: c.releasedAt(now),
			RefundPending: c.Refunding, Refunded: c.Refunded, Refunds: refunds[c.Ref]}
		if e.Refunds == nil {
			e.Refunds = []RefundEntry{}
		}
		b.Payments = append(b.Payments, e)
		return nil
	}, `SELECT charge_ref, operation_id, payment_id, state, currency, authorized, captured, released, refunding, refunded, expires_at
		FROM simulator_charges WHERE merchant_id = $1 AND environment_id = $2 ORDER BY created_at, charge_ref`,
		scope.MerchantID, scope.EnvironmentID)
}

func readRefunds(tx db.Tx, scope tenant.Scope) (map[string][]RefundEntry, error) {
	refunds := map[string][]RefundEntry{}
	err := tx.Query(func(row db.Row) error {
		var ref string
		var e RefundEntry
		if err := row.Scan(&ref, &e.RefundID, &e.ProcessorRef, &e.OperationID, &e.State, &e.Amount); err != nil {
			return err
		}
		refunds[ref] = append(refunds[ref], e)
		return nil
	}, `SELECT charge_ref, refund_id, processor_ref, operation_id, state, amount FROM simulator_operations
		WHERE merchant_id = $1 AND environment_id = $2 AND kind = 'refund' AND charge_ref <> ''
		ORDER BY created_at, operation_id`, scope.MerchantID, scope.EnvironmentID)
	return refunds, err
}

func (b *Books) total() {
	sums := map[money.Currency]Total{}
	for _, e := range b.Payments {
		t := sums[e.Currency]
		t.Currency = e.Currency
		t.Authorized += e.Authorized
		t.Captured += e.Captured
		t.Released += e.Released
		t.RefundPending += e.RefundPending
		t.Refunded += e.Refunded
		sums[e.Currency] = t
	}
	for _, c := range slices.Sorted(maps.Keys(sums)) {
		b.Totals = append(b.Totals, sums[c])
	}
}

// Check returns every entry that breaks a rule of the books: nothing negative, captured and released
// within the hold, refunds within the capture, and refund sums equal to the refunds they stand for.
func (b Books) Check() error {
	var errs []error
	for _, e := range b.Payments {
		if err := e.check(); err != nil {
			errs = append(errs, fmt.Errorf("charge %s of %s: %w", e.ProcessorRef, e.PaymentID, err))
		}
	}
	return errors.Join(errs...)
}

func (e Entry) check() error {
	var pending, refunded int64
	for _, r := range e.Refunds {
		switch r.State {
		case payment.OutcomeProcessing:
			pending += r.Amount
		case payment.OutcomeSucceeded:
			refunded += r.Amount
		}
	}
	closed := e.State == ChargeCaptured || e.State == ChargeCanceled || e.State == ChargeExpired
	switch {
	case min(e.Authorized, e.Captured, e.Released, e.RefundPending, e.Refunded) < 0:
		return errors.New("an amount is negative")
	case e.Captured+e.Released > e.Authorized:
		return errors.New("more was captured and released than authorized")
	case closed && e.Captured+e.Released != e.Authorized:
		return errors.New("a closed hold is neither captured nor released in full")
	case e.RefundPending+e.Refunded > e.Captured:
		return errors.New("more was refunded than captured")
	case pending != e.RefundPending || refunded != e.Refunded:
		return errors.New("its refunds do not add up")
	case e.State != ChargeCaptured && e.Captured != 0:
		return errors.New("money was captured without a capture")
	}
	return nil
}
