package invoice

import (
	"errors"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/order"
	"flint/internal/payment"
)

// owner reads and locks the invoice that collects an order, nil without one.
func owner(tx db.Tx, o *order.Order) (*Invoice, error) {
	if o.InvoiceID == "" {
		return nil, nil
	}
	return load(tx, o.Scope, o.InvoiceID)
}

// OrderSettled takes over what came in, in the transaction that settled it: online or recorded, in part, twice
// or late. It is one of payment.Service.Settled.
func (s *Service) OrderSettled(tx db.Tx, o *order.Order, cause event.Cause) error {
	v, err := owner(tx, o)
	if err != nil {
		return err
	}
	if v == nil {
		return s.draftFollows(tx, o, cause)
	}
	intents, err := payment.OfOrder(tx, o.Scope, o.ID, false)
	if err != nil {
		return err
	}
	newest := newestCapture(intents)
	if newest == nil {
		return nil
	}
	found, err := active(tx, v)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	v.takeFrom(o)
	var c change
	received := v.moneyOf(newest.Captured)
	if newest.Processor == payment.Manual {
		a := &PaymentAttempt{
			Scope: v.Scope, ID: s.IDs.New(id.InvoicePaymentAttempt), InvoiceID: v.ID, OrderID: o.ID, IntentID: newest.ID, Rail: RailManual,
			Status: AttemptSettled, Expected: newest.Captured, StartedAt: now, SettledAt: now, UpdatedAt: now,
		}
		if err := insertAttempt(tx, a); err != nil {
			return err
		}
		c.note(ActivityManualRecorded, "Payment recorded by hand.", ActivityDetail{Amount: received, Rail: RailManual, IntentID: newest.ID})
		c.tell(EventManualRecorded)
		return s.save(tx, v, cause, c)
	}
	rail := railOf(newest)
	detail := ActivityDetail{Amount: received, Rail: rail, IntentID: newest.ID}
	if newest.AttemptID != "" {
		paid, _, err := sessionOf(tx, o, newest.AttemptID)
		if err != nil {
			return err
		}
		if a := forPayment(found, paid); a != nil && !paid.Open() {
			a.Status, a.SettledAt, a.OrderAttemptID, a.IntentID, a.Rail = AttemptSettled, now, paid.ID, newest.ID, rail
			v.chargeEnded(a)
			if err := saveAttempt(tx, a, now); err != nil {
				return err
			}
			detail.AttemptID, detail.SessionID = a.ID, a.SessionID
		}
	}
	c.note(ActivityPaymentApplied, "Payment received.", detail)
	if v.Status != StatusPaid && v.Amounts.Outstanding() > 0 && v.Amounts.Paid == v.stored.amounts.Paid {
		c.tell(EventUpdated)
	}
	return s.save(tx, v, cause, c)
}

// newestCapture is the payment that brought money last, nil without any.
func newestCapture(intents []*payment.Intent) (newest *payment.Intent) {
	for _, i := range intents {
		if i.Captured > 0 && (newest == nil || !i.CapturedAt.Before(newest.CapturedAt)) {
			newest = i
		}
	}
	return newest
}

func railOf(i *payment.Intent) string {
	if i.Detail.Source != nil && i.Detail.Source.Type == RailACH {
		return RailACH
	}
	return RailCard
}

// draftFollows keeps a draft's amounts those of its order, and its version telling.
func (s *Service) draftFollows(tx db.Tx, o *order.Order, cause event.Cause) error {
	if o.Invoicing.DraftID == "" {
		return nil
	}
	v, err := load(tx, o.Scope, o.Invoicing.DraftID)
	if err != nil {
		return err
	}
	before := v.Amounts
	if v.worth(o); v.Amounts == before {
		return nil
	}
	v.schedule() // one that no longer comes to the total is refused at issue
	var c change
	c.note(ActivityUpdated, "The order came to another amount.", ActivityDetail{Amount: v.moneyOf(v.Amounts.Outstanding())})
	c.tell(EventUpdated)
	return s.save(tx, v, cause, c)
}

// OrderRepriced lets a draft follow its order. It is one of order.Service.Repriced.
func (s *Service) OrderRepriced(tx db.Tx, o *order.Order, cause event.Cause) error {
	return s.draftFollows(tx, o, cause)
}

// OrderGaveBack takes over refunds and reversals. It is one of order.Service.GaveBack.
func (s *Service) OrderGaveBack(tx db.Tx, o *order.Order, cause event.Cause) error {
	v, err := owner(tx, o)
	if err != nil {
		return err
	}
	if v == nil {
		return s.draftFollows(tx, o, cause)
	}
	v.takeFrom(o)
	var c change
	a, was := v.Amounts, v.stored.amounts
	switch {
	case a == was:
		return nil
	case a.Refunded > was.Refunded:
		d := ActivityDetail{Amount: v.moneyOf(a.Refunded - was.Refunded)}
		if n := len(o.RefundIDs); n > 0 {
			d.RefundID = o.RefundIDs[n-1]
		}
		c.note(ActivityRefundSucceeded, "Refund sent to the buyer.", d)
	case a.Paid < was.Paid:
		c.note(ActivityManualReversed, "Recorded payment taken back.", ActivityDetail{Amount: v.moneyOf(was.Paid - a.Paid), Rail: RailManual})
		c.tell(EventManualReversed)
	default:
		c.note(ActivityUpdated, "A refund came back.", ActivityDetail{Amount: v.moneyOf(was.Refunded - a.Refunded)})
		c.tell(EventUpdated)
	}
	return s.save(tx, v, cause, c)
}

// AttemptWaits notes that a payment is with the bank. It is one of payment.Service.Waiting.
func (s *Service) AttemptWaits(tx db.Tx, o *order.Order, attemptID string, cause event.Cause) error {
	return s.attemptMoves(tx, o, attemptID, func(v *Invoice, a *PaymentAttempt, _ *payment.Attempt, intentID string, c *change) error {
		if a.Status == AttemptProcessing {
			return errSame
		}
		a.Status, a.Rail, a.IntentID = AttemptProcessing, RailACH, intentID
		v.chargeEnded(a)
		a.SettlesAt = s.Clock.Now().Add(settleDays * 24 * time.Hour)
		c.note(ActivityProcessing, "The payment is with the bank.", ActivityDetail{
			AttemptID: a.ID, Expected: v.moneyOf(a.Expected), Rail: a.Rail, SettlesAt: a.SettlesAt,
		})
		c.tell(EventProcessing, func(d *eventData) { a.UpdatedAt = s.Clock.Now(); v.aboutAttempt(a)(d) })
		return nil
	}, cause)
}

// settleDays is how long a bank debit usually takes.
const settleDays = 4

var errSame = errors.New("nothing changed")

// AttemptEnded notes that a payment ended without money; the buyer may try again while the checkout is
// open. It is one of payment.Service.Ended.
func (s *Service) AttemptEnded(tx db.Tx, o *order.Order, attemptID string, cause event.Cause) error {
	return s.attemptMoves(tx, o, attemptID, func(v *Invoice, a *PaymentAttempt, of *payment.Attempt, intentID string, c *change) error {
		now := s.Clock.Now()
		a.IntentID, a.UpdatedAt = intentID, now
		v.chargeEnded(a)
		if of.Status == payment.AttemptCanceled {
			a.Status, a.CanceledAt = AttemptCanceled, now
			c.tell(EventAttemptCanceled, v.aboutAttempt(a))
			c.note(ActivityUpdated, "Payment canceled.", ActivityDetail{AttemptID: a.ID, SessionID: a.SessionID})
		} else {
			a.Status, a.FailureCode, a.FailureMessage = AttemptFailed, wireFailure(of.FailureCode), of.FailureMessage
			c.tell(EventPaymentFailed, v.aboutAttempt(a))
			c.note(ActivityUpdated, "A payment did not succeed.", ActivityDetail{AttemptID: a.ID, SessionID: a.SessionID, ErrorCode: a.FailureCode})
		}
		current, _, err := s.Door.Current(tx, o, cause)
		if err != nil || current == "" || current != a.SessionID || !v.Collectible() {
			return err
		}
		again := *a
		again.ID, again.Status, again.OrderAttemptID, again.IntentID, again.Rail = s.IDs.New(id.InvoicePaymentAttempt), AttemptOpen, "", "", RailCard
		again.FailureCode, again.FailureMessage, again.CanceledAt, again.CancelRequested = "", "", time.Time{}, time.Time{}
		again.SettlesAt, again.StartedAt = time.Time{}, now
		return insertAttempt(tx, &again)
	}, cause)
}

// wireFailure is a failure code of the contract's list for invoices.
func wireFailure(code string) string {
	if slices.Contains(payment.FailureCodes, code) {
		return code
	}
	return "payment_failed"
}

// attemptMoves runs step on the invoice's attempt behind a payment attempt of its order, if there is one.
func (s *Service) attemptMoves(tx db.Tx, o *order.Order, attemptID string,
	step func(*Invoice, *PaymentAttempt, *payment.Attempt, string, *change) error, cause event.Cause) error {
	if o.InvoiceID == "" || attemptID == "" {
		return nil
	}
	v, err := owner(tx, o)
	if err != nil {
		return err
	}
	of, intentID, err := sessionOf(tx, o, attemptID)
	switch f := fault.Of(err); {
	case f != nil && f.Class == fault.ClassNotFound:
		return nil
	case err != nil:
		return err
	}
	found, err := active(tx, v)
	if err != nil {
		return err
	}
	a := forPayment(found, of)
	if a == nil {
		return nil
	}
	a.OrderAttemptID = of.ID
	var c change
	if err := step(v, a, of, intentID, &c); errors.Is(err, errSame) {
		return nil
	} else if err != nil {
		return err
	}
	if err := saveAttempt(tx, a, s.Clock.Now()); err != nil {
		return err
	}
	return s.save(tx, v, cause, c)
}

// Attach lets the service hear of its orders and payments. It is called once, before use.
func (s *Service) Attach() {
	s.Payments.Settled = append(s.Payments.Settled, s.OrderSettled)
	s.Payments.Ended = append(s.Payments.Ended, s.AttemptEnded)
	s.Payments.Waiting = append(s.Payments.Waiting, s.AttemptWaits)
	s.Payments.Due = s.AttemptDue
	s.Orders.Repriced = append(s.Orders.Repriced, s.OrderRepriced)
	s.Orders.GaveBack = append(s.Orders.GaveBack, s.OrderGaveBack)
}
