package invoice

import (
	"fmt"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/tenant"
)

const attemptColumns = `attempt_id, invoice_id, order_id, entry_id, session_id, order_attempt_id, payment_intent_id, rail, status, expected,
	idempotency_key, failure_code, failure_message, settles_at, started_at, settled_at, cancel_requested_at, canceled_at, expires_at,
	updated_at`

func scanAttempt(r db.Row, scope tenant.Scope) (*PaymentAttempt, error) {
	a := &PaymentAttempt{Scope: scope}
	return a, r.Scan(&a.ID, &a.InvoiceID, &a.OrderID, &a.EntryID, &a.SessionID, &a.OrderAttemptID, &a.IntentID, &a.Rail, &a.Status, &a.Expected,
		&a.IdempotencyKey, &a.FailureCode, &a.FailureMessage, &a.SettlesAt, &a.StartedAt, &a.SettledAt, &a.CancelRequested, &a.CanceledAt,
		&a.ExpiresAt, &a.UpdatedAt)
}

func insertAttempt(tx db.Tx, a *PaymentAttempt) error {
	return tx.Send(`INSERT INTO invoice_attempts (merchant_id, environment_id, `+attemptColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)`,
		a.Scope.MerchantID, a.Scope.EnvironmentID, a.ID, a.InvoiceID, a.OrderID, a.EntryID, a.SessionID, a.OrderAttemptID, a.IntentID, a.Rail,
		a.Status, a.Expected, a.IdempotencyKey, a.FailureCode, a.FailureMessage, a.SettlesAt, a.StartedAt, a.SettledAt, a.CancelRequested,
		a.CanceledAt, a.ExpiresAt, a.UpdatedAt)
}

func saveAttempt(tx db.Tx, a *PaymentAttempt, now time.Time) error {
	a.UpdatedAt = now
	return tx.Send(`UPDATE invoice_attempts SET order_attempt_id = $4, payment_intent_id = $5, rail = $6, status = $7, failure_code = $8,
		failure_message = $9, settles_at = $10, settled_at = $11, cancel_requested_at = $12, canceled_at = $13, updated_at = $14
		WHERE merchant_id = $1 AND environment_id = $2 AND attempt_id = $3`,
		a.Scope.MerchantID, a.Scope.EnvironmentID, a.ID, a.OrderAttemptID, a.IntentID, a.Rail, a.Status, a.FailureCode, a.FailureMessage,
		a.SettlesAt, a.SettledAt, a.CancelRequested, a.CanceledAt, a.UpdatedAt)
}

// ListAttemptsInput asks for one page of an invoice's payment attempts, newest first.
type ListAttemptsInput struct {
	Scope          tenant.Scope
	InvoiceID      string
	IdempotencyKey string // of the collect call, empty for all
	After          *listing.Cursor
	Limit          int
}

// ListAttempts reads one page; RESOURCE_NOT_FOUND without such an invoice.
func ListAttempts(tx db.Tx, in ListAttemptsInput) ([]*PaymentAttempt, *listing.Cursor, error) {
	if _, err := Get(tx, in.Scope, in.InvoiceID); err != nil {
		return nil, nil, err
	}
	q := listing.From("invoice_attempts", attemptColumns, "attempt_id", in.Scope).Equal("invoice_id", in.InvoiceID).Equal("idempotency_key", in.IdempotencyKey)
	if err := q.Sort("started_at", false, true, in.After); err != nil {
		return nil, nil, err
	}
	return listing.Page(tx, q, in.Limit, func(r db.Row) (*PaymentAttempt, error) { return scanAttempt(r, in.Scope) },
		func(a *PaymentAttempt) listing.Cursor { return listing.At(a.StartedAt, a.ID) })
}

// GetAttempt reads one payment attempt of an invoice; RESOURCE_NOT_FOUND when it has none with the id.
func GetAttempt(tx db.Tx, scope tenant.Scope, invoiceID, attemptID string) (*PaymentAttempt, error) {
	if _, err := Get(tx, scope, invoiceID); err != nil {
		return nil, err
	}
	found, err := attempts(tx, scope, ` AND invoice_id = $3 AND attempt_id = $4`, invoiceID, attemptID)
	if err == nil && len(found) == 0 {
		err = fault.NotFound("payment attempt")
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

func attempts(tx db.Tx, scope tenant.Scope, where string, args ...any) ([]*PaymentAttempt, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	var out []*PaymentAttempt
	err := tx.Query(func(r db.Row) error {
		a, err := scanAttempt(r, scope)
		out = append(out, a)
		return err
	}, `SELECT `+attemptColumns+` FROM invoice_attempts WHERE merchant_id = $1 AND environment_id = $2`+where+` ORDER BY attempt_id`,
		append([]any{scope.MerchantID, scope.EnvironmentID}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("read payment attempts of an invoice: %w", err)
	}
	return out, nil
}

// active are the attempts of an invoice of which money may still come, oldest first.
func active(tx db.Tx, v *Invoice) ([]*PaymentAttempt, error) {
	found, err := attempts(tx, v.Scope, ` AND invoice_id = $3`, v.ID)
	return slices.DeleteFunc(found, func(a *PaymentAttempt) bool { return !a.Active() }), err
}

// StatusNow is the status as a reader should see it: an open attempt past its time has expired, even
// before the job that writes it down.
func (a *PaymentAttempt) StatusNow(now time.Time) string {
	if a.Status == AttemptOpen && !a.ExpiresAt.IsZero() && !now.Before(a.ExpiresAt) {
		return AttemptExpired
	}
	return a.Status
}

// startAttempt notes that somebody is about to pay.
func (s *Service) startAttempt(tx db.Tx, v *Invoice, entryID, sessionID string, expected int64, c *change) (*PaymentAttempt, error) {
	now := s.Clock.Now()
	a := &PaymentAttempt{
		Scope: v.Scope, ID: s.IDs.New(id.InvoicePaymentAttempt), InvoiceID: v.ID, OrderID: v.OrderID, EntryID: entryID, SessionID: sessionID,
		Rail: RailCard, Status: AttemptOpen, Expected: expected, StartedAt: now, ExpiresAt: v.LinkExpires, UpdatedAt: now,
	}
	c.note(ActivityAttemptStarted, "Checkout opened.", ActivityDetail{AttemptID: a.ID, SessionID: sessionID, Rail: a.Rail, Expected: v.moneyOf(expected)})
	return a, insertAttempt(tx, a)
}

// dropAttempts cancels the attempts that nobody has paid through yet, because their checkout ended.
func (s *Service) dropAttempts(tx db.Tx, v *Invoice, c *change) error {
	found, err := active(tx, v)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	for _, a := range found {
		if a.Status != AttemptOpen {
			continue
		}
		a.Status, a.CanceledAt = AttemptCanceled, now
		if err := saveAttempt(tx, a, now); err != nil {
			return err
		}
		c.tell(EventAttemptCanceled, v.aboutAttempt(a))
	}
	return nil
}

// sessionOf tells the checkout session and the payment behind an order's attempt.
func sessionOf(tx db.Tx, o *order.Order, attemptID string) (*payment.Attempt, string, error) {
	a, err := payment.GetAttempt(tx, o.Scope, o.ID, attemptID)
	if err != nil {
		return nil, "", err
	}
	intent := ""
	if len(a.IntentIDs) > 0 {
		intent = a.IntentIDs[0]
	}
	return a, intent, nil
}

// forPayment picks the active attempt behind a payment attempt of the order: the one that charged, or that of
// its checkout session; nil without one.
func forPayment(found []*PaymentAttempt, of *payment.Attempt) *PaymentAttempt {
	for _, a := range found {
		if a.OrderAttemptID == of.ID {
			return a
		}
	}
	return forSession(found, of.CheckoutSessionID)
}

// forSession picks the active attempt that belongs to a checkout session, nil without one.
func forSession(found []*PaymentAttempt, sessionID string) *PaymentAttempt {
	for _, a := range slices.Backward(found) {
		if sessionID != "" && a.SessionID == sessionID {
			return a
		}
	}
	return nil
}

// AttemptDue tells how much a payment through the checkout of an invoice collects: what its attempt asks for, at most
// what is outstanding. It is payment.Service.Due.
func (s *Service) AttemptDue(tx db.Tx, o *order.Order, sessionID string) (int64, error) {
	found, err := attempts(tx, o.Scope, ` AND invoice_id = $3 AND session_id = $4`, o.InvoiceID, sessionID)
	if err != nil {
		return 0, err
	}
	if a := forSession(found, sessionID); a != nil {
		return min(a.Expected, o.Outstanding()), nil
	}
	return o.Outstanding(), nil
}

// Part is what a checkout of an invoice asks for.
type Part struct {
	Number string // of the invoice
	Kind   string // of the schedule's entry, PartRest or PartSeveral; empty for an invoice without a schedule
	Later  int64  // minor units that stay outstanding after it
}

// Kinds of parts that are no single entry.
const (
	PartRest    = "rest"    // everything that is left
	PartSeveral = "several" // several entries, or late fees as well
)

// PartOf tells what a payment through a checkout session pays of the invoice that owns the order, nil when
// none does.
func (s *Service) PartOf(tx db.Tx, o *order.Order, sessionID string) (*Part, error) {
	if o.InvoiceID == "" {
		return nil, nil
	}
	v, err := Get(tx, o.Scope, o.InvoiceID)
	if err != nil {
		return nil, err
	}
	due, err := s.AttemptDue(tx, o, sessionID)
	if err != nil {
		return nil, err
	}
	part := v.Part(due)
	return &part, nil
}

// Part tells what an amount of minor units, paid now, would be a part of.
func (v *Invoice) Part(amount int64) Part {
	p := Part{Number: v.Number, Later: max(v.Amounts.Outstanding()-amount, 0)}
	if len(v.Entries) == 0 {
		return p
	}
	p.Kind = PartSeveral
	if amount == v.Amounts.Outstanding() {
		p.Kind = PartRest
	}
	for i := range v.Entries {
		if e := &v.Entries[i]; e.Outstanding() > 0 {
			if e.Outstanding() == amount {
				p.Kind = e.Kind
			}
			return p
		}
	}
	return p
}

// CancelAttemptInput gives a payment attempt up.
type CancelAttemptInput struct {
	Scope     tenant.Scope
	InvoiceID string
	AttemptID string
	Cause     event.Cause
}

// CancelAttempt gives an active attempt up. One whose payment waits for the buyer is voided by the operations it
// returns, and ends when they have; one that nobody has paid through ends at once, with its checkout.
//
// Faults: RESOURCE_NOT_FOUND, PAYMENT_ATTEMPT_NOT_CANCELABLE, INVOICE_PAYMENT_ALREADY_SETTLED.
func (s *Service) CancelAttempt(tx db.Tx, in CancelAttemptInput) ([]payment.Operation, error) {
	o, v, err := s.open(tx, in.Scope, in.InvoiceID)
	if err != nil {
		return nil, err
	}
	a, err := GetAttempt(tx, in.Scope, in.InvoiceID, in.AttemptID)
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	switch status := a.StatusNow(now); {
	case status == AttemptSettled:
		return nil, fault.Conflict("INVOICE_PAYMENT_ALREADY_SETTLED", "The attempt has settled; it can be refunded or reversed.").With("payment_attempt_status", status)
	case status != AttemptOpen && status != AttemptProcessing:
		return nil, fault.Conflict("PAYMENT_ATTEMPT_NOT_CANCELABLE", "The payment attempt has ended.").With("payment_attempt_status", status)
	}
	if o.ActiveAttemptID != "" {
		running, _, err := sessionOf(tx, o, o.ActiveAttemptID)
		if err != nil {
			return nil, err
		}
		if running.ID == a.OrderAttemptID || a.SessionID != "" && running.CheckoutSessionID == a.SessionID {
			ops, err := s.Payments.CancelAttempt(tx, payment.CancelAttemptInput{Scope: in.Scope, OrderID: o.ID, AttemptID: running.ID, Cause: in.Cause})
			if err != nil {
				return nil, err
			}
			a.CancelRequested = now
			return ops, saveAttempt(tx, a, now)
		}
	}
	if err := s.Door.Fence(tx, o, fenceBalance, in.Cause); err != nil {
		return nil, err
	}
	a.Status, a.CancelRequested, a.CanceledAt = AttemptCanceled, now, now
	if err := saveAttempt(tx, a, now); err != nil {
		return nil, err
	}
	var c change
	c.note(ActivityUpdated, "Payment attempt canceled.", ActivityDetail{AttemptID: a.ID, SessionID: a.SessionID})
	c.tell(EventAttemptCanceled, v.aboutAttempt(a))
	return nil, s.save(tx, v, in.Cause, c)
}
