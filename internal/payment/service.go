package payment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/failpoint"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/ledger"
	"flint/internal/order"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// Service carries out payments. Its fields are set once, before use.
type Service struct {
	DB      db.DB
	Clock   clock.Clock
	IDs     *id.Source
	Events  *event.Log
	Journal *ledger.Journal
	Orders  *order.Service
	Logger  *slog.Logger

	// Processors by name, and which one takes new payments of a scope; "" when none does.
	Processors map[string]Processor
	Choose     func(tenant.Scope) string

	// Refunds applies outcomes of refund operations, with the order locked; the refund domain sets it.
	Refunds func(tx db.Tx, o *order.Order, op Operation, out Outcome, cause event.Cause) error
	// Settled runs in the transaction in which a payment changed what an order has paid, after the
	// order is saved; the doors to the order (sessions, links, invoices) close themselves in it.
	Settled []func(tx db.Tx, o *order.Order, cause event.Cause) error
	// Admit is asked in the transaction that would start a payment, merchants' and buyers' alike, with the
	// order locked and before anything is planned. A code turns the payment away: its attempt is on record
	// as failed with that code, and nothing is charged. sessionID is that of the paying checkout session, or empty.
	Admit []func(tx db.Tx, o *order.Order, sessionID string) (failureCode string, err error)
	// Ended runs in the transaction in which an admitted attempt ended without any money, after the order is
	// saved. Money may still arrive for it later; Settled hears of that.
	Ended []func(tx db.Tx, o *order.Order, attemptID string, cause event.Cause) error

	// Excess runs in the transaction that settled money where nothing, or not as much, was due any more; the
	// amount is booked as credit of the order by then. Money that a merchant recorded is none.
	Excess func(tx db.Tx, o *order.Order, e Excess, cause event.Cause) error
	// Waiting runs in the transaction in which a payment turned out to wait for the bank, after the order is
	// saved.
	Waiting []func(tx db.Tx, o *order.Order, attemptID string, cause event.Cause) error
	// Door refuses a payment through a checkout session that is no way to the order any more: one that has
	// ended, was fenced, or is not the invoice's that collects the order now. The order is locked. The checkout
	// domain sets it.
	Door func(tx db.Tx, o *order.Order, sessionID string) error
	// Due tells how much a payment through the session of an order that an invoice owns collects, in minor
	// units; the invoice domain sets it. Other payments collect everything outstanding.
	Due func(tx db.Tx, o *order.Order, sessionID string) (int64, error)
	// Box seals what a processor charges of a saved payment method.
	Box *secret.Box

	// CallTimeout bounds one call to a processor. Zero means 20 seconds.
	CallTimeout time.Duration
	// Failpoints end the process at a named place, in crash tests; nil otherwise.
	Failpoints *failpoint.Points
}

func (s *Service) callTimeout() time.Duration {
	if s.CallTimeout > 0 {
		return s.CallTimeout
	}
	return 20 * time.Second
}

// processor is the one that takes new payments of a scope.
func (s *Service) processor(scope tenant.Scope) (string, error) {
	name := s.Choose(scope)
	if name == "" {
		return "", fault.Conflict("PAYMENT_OPTION_NOT_READY", "This environment has no payment processor, so nothing can be charged in it; nothing was.").
			Then("Pay in a sandbox, with a key of the sandbox.")
	}
	return name, nil
}

// Plan writes an operation down as planned, before anything is asked of a processor. The amount of
// what moves money is posted to clearing. It is looked after by the sweeper from the moment a call
// must have ended.
func (s *Service) Plan(tx db.Tx, op Operation, now time.Time) error {
	err := tx.Send(`INSERT INTO processor_operations (`+operationColumns+`, request_hash, message)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, '', '', '', 0, $15, $16, $16, $18, $17, '')`,
		op.Scope.MerchantID, op.Scope.EnvironmentID, op.ID, string(op.Kind), op.Processor, op.OrderID, op.PaymentID, op.RefundID,
		opPlanned, op.Amount, op.Currency, op.Source, op.Target, op.ReturnURL, now.Add(s.callTimeout()+10*time.Second), now,
		op.Fingerprint(), op.KnownAs)
	if err != nil {
		return fmt.Errorf("plan operation %s: %w", op.ID, err)
	}
	return s.postClearing(tx, op, "planned", 1, now)
}

// postClearing books an amount into (direction 1) or out of (-1) clearing. Holds and voids move no
// money and post nothing.
func (s *Service) postClearing(tx db.Tx, op Operation, step string, direction int64, now time.Time) error {
	e := ledger.Entry{
		Reason: "operation:" + op.ID + ":" + step, OrderID: op.OrderID, PaymentID: op.PaymentID, RefundID: op.RefundID,
		Currency: string(op.Currency),
	}
	amount := direction * op.Amount
	switch op.Kind {
	case KindSale, KindCapture:
		e.Postings = []ledger.Posting{{Account: ledger.ProcessorClearing, Amount: amount}, {Account: ledger.PaymentsInFlight, Amount: -amount}}
	case KindRefund:
		e.Postings = []ledger.Posting{{Account: ledger.RefundsInFlight, Amount: amount}, {Account: ledger.ProcessorClearing, Amount: -amount}}
	default:
		return nil
	}
	return s.Journal.Post(tx, op.Scope, now, e)
}

// Execute carries planned operations through the call and the transaction that applies its outcome.
// The call goes on when the caller's context ends, because money may move. done runs in the last
// transaction, with the order as the outcome left it, so that an idempotent answer commits together with
// the outcome it reports.
func (s *Service) Execute(ctx context.Context, ops []Operation, cause event.Cause, done func(tx db.Tx, o *order.Order) error) error {
	ctx = context.WithoutCancel(ctx)
	for n, op := range ops {
		s.Failpoints.Hit("payment.before_call")
		out, callErr := s.call(ctx, op)
		s.Failpoints.Hit("payment.after_call")
		last := n == len(ops)-1
		err := s.DB.Write(ctx, func(tx db.Tx) error {
			s.Failpoints.Hit("payment.before_apply")
			o, err := s.apply(tx, op, out, callErr, cause)
			if err != nil {
				return err
			}
			s.Failpoints.Hit("payment.after_apply")
			if last && done != nil {
				return done(tx, o)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("apply the outcome of %s: %w", op.ID, err)
		}
		s.Failpoints.Hit("payment.after_commit")
	}
	return nil
}

// call asks the processor. What never left the machine is tried three times with the same key and is
// then a failure; any other error leaves the outcome unknown.
func (s *Service) call(ctx context.Context, op Operation) (Outcome, error) {
	p, err := s.processorOf(op)
	if err != nil {
		return Outcome{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.callTimeout())
	defer cancel()
	for try := 1; ; try++ {
		out, err := p.Do(ctx, op)
		if err == nil || !errors.Is(err, ErrNotSent) {
			return out, err
		}
		if try == 3 || ctx.Err() != nil {
			return Outcome{
				State: OutcomeFailed, PaymentID: op.PaymentID, Amount: op.Amount, Currency: op.Currency, Version: 1,
				Code: "processing_error", Message: "The processor could not be reached.",
			}, nil
		}
		time.Sleep(time.Duration(try) * 50 * time.Millisecond)
	}
}

func (s *Service) processorOf(op Operation) (Processor, error) {
	p, ok := s.Processors[op.Processor]
	if !ok {
		return nil, fmt.Errorf("no processor %q is connected", op.Processor)
	}
	return p, nil
}

// Open reads the order's open attempt with its legs, nil when it has none.
func (s *Service) Open(tx db.Tx, o *order.Order) (*Attempt, []*Intent, error) {
	if o.ActiveAttemptID == "" {
		return nil, nil, nil
	}
	a, err := GetAttempt(tx, o.Scope, o.ID, o.ActiveAttemptID)
	if err != nil {
		return nil, nil, err
	}
	legs, err := s.legs(tx, a, false)
	return a, legs, err
}

// Legs reads the intents of an attempt in its order.
func (s *Service) Legs(tx db.Tx, a *Attempt) ([]*Intent, error) { return s.legs(tx, a, false) }

// LegsAmong picks the attempt's intents out of those of its order, in the attempt's order.
func (a *Attempt) LegsAmong(intents []*Intent) []*Intent {
	legs := make([]*Intent, 0, len(a.IntentIDs))
	for _, intentID := range a.IntentIDs {
		if n := slices.IndexFunc(intents, func(i *Intent) bool { return i.ID == intentID }); n >= 0 {
			legs = append(legs, intents[n])
		}
	}
	return legs
}

// legs reads an attempt's intents in the attempt's order.
func (s *Service) legs(tx db.Tx, a *Attempt, lock bool) ([]*Intent, error) {
	legs := make([]*Intent, 0, len(a.IntentIDs))
	for _, intentID := range a.IntentIDs {
		read := Get
		if lock {
			read = Load
		}
		i, err := read(tx, a.Scope, intentID)
		if err != nil {
			return nil, err
		}
		legs = append(legs, i)
	}
	return legs, nil
}
