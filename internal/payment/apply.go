package payment

import (
	"fmt"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/order"
)

// apply takes the outcome of an operation, once: the answer of the call, what a look-up found, or a
// notice. It locks the order, then the operation, then the payment. An outcome that is older than what
// is known, or that repeats it, changes nothing. It returns the order as it is then.
func (s *Service) apply(tx db.Tx, op Operation, out Outcome, callErr error, cause event.Cause) (*order.Order, error) {
	now := s.Clock.Now()
	o, err := s.Orders.Load(tx, op.Scope, op.OrderID)
	if err != nil {
		return nil, err
	}
	rec, err := loadOperation(tx, op.Scope, op.ID)
	if err != nil {
		return o, err
	}
	if !rec.takes(out, callErr) {
		return o, nil
	}
	if callErr != nil {
		return o, s.applyUnknown(tx, rec, callErr, now)
	}
	if complaint := rec.contradiction(out); complaint != "" {
		return o, s.park(tx, rec, out, complaint, now)
	}
	state := map[OutcomeState]string{
		OutcomeSucceeded: opSucceeded, OutcomeFailed: opFailed, OutcomeRequiresAction: opRequiresAction, OutcomeProcessing: opProcessing,
	}[out.State]
	if state == "" {
		return o, fmt.Errorf("operation %s: outcome %q means nothing here", op.ID, out.State)
	}
	if rec.Kind == KindRefund && rec.State == opFailed {
		i, err := Load(tx, rec.Scope, rec.PaymentID)
		if err != nil {
			return o, err
		}
		if i.Refundable() < rec.Amount {
			return o, s.strand(tx, rec, out, now)
		}
	}
	was := rec.State
	rec.State, rec.Version, rec.Code, rec.ActionURL = state, out.Version, out.Code, out.ActionURL
	if out.ProcessorRef != "" {
		rec.ProcessorRef = out.ProcessorRef
	}
	rec.schedule(now)
	if err := saveOperation(tx, rec, now); err != nil {
		return o, err
	}
	if ended(state) && !ended(was) {
		if err := s.postClearing(tx, rec.Operation, "cleared", -1, now); err != nil {
			return o, err
		}
	}
	if rec.Kind == KindRefund {
		return o, s.Refunds(tx, o, rec.Operation, out, cause)
	}
	return o, s.applyPayment(tx, o, rec, out, cause, now)
}

func ended(state string) bool { return state == opSucceeded || state == opFailed }

// takes tells whether an outcome is news. What has ended changes only for a refund that the bank
// returns after it succeeded, and older news never replaces newer.
func (r *record) takes(out Outcome, callErr error) bool {
	switch {
	case r.State == opParked:
		return false
	case callErr != nil:
		return r.State == opPlanned
	case r.State == opSucceeded:
		return r.Kind == KindRefund && out.State == OutcomeFailed && out.Version > r.Version
	case r.State == opFailed:
		// Money that moved after all is a fact; anything else about a failure is old news.
		return out.State == OutcomeSucceeded && out.Version > r.Version
	case r.State == opPlanned || r.State == opUnknown:
		return true
	default:
		return out.Version > r.Version
	}
}

// contradiction says in what the processor's word differs from what was asked, empty when it fits.
func (r *record) contradiction(out Outcome) string {
	if out.State != OutcomeSucceeded {
		return ""
	}
	switch {
	case out.PaymentID != r.Known():
		return "it names another payment"
	case out.Currency != r.Currency:
		return "it names another currency"
	case r.Kind != KindVoid && out.Amount != r.Amount:
		return "it names another amount"
	}
	return ""
}

// checkAfter is when an operation without an end is asked about next: 1, 5 and 30 minutes, 6 hours,
// then daily.
var checkAfter = []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 6 * time.Hour, 24 * time.Hour}

func (r *record) schedule(now time.Time) {
	if ended(r.State) || r.State == opParked {
		r.NextCheckAt = time.Time{}
		return
	}
	r.NextCheckAt = now.Add(checkAfter[min(int(r.Checks), len(checkAfter)-1)])
}

// applyUnknown notes that the answer was lost. The money stays reserved and the processor is asked
// soon; nothing is told to have failed.
func (s *Service) applyUnknown(tx db.Tx, rec *record, callErr error, now time.Time) error {
	s.Logger.Warn("the processor's answer was lost", "operation", rec.ID, "kind", rec.Kind, "error", callErr)
	rec.State = opUnknown
	rec.NextCheckAt = now.Add(2 * time.Second)
	if err := saveOperation(tx, rec, now); err != nil {
		return err
	}
	if rec.Kind == KindRefund {
		return nil
	}
	i, err := Load(tx, rec.Scope, rec.PaymentID)
	if err != nil {
		return err
	}
	if i.AttemptID == "" {
		return nil
	}
	a, err := GetAttempt(tx, rec.Scope, rec.OrderID, i.AttemptID)
	if err != nil || !a.Open() {
		return err
	}
	a.Status = AttemptFinalizing
	return saveAttempt(tx, a, now)
}

// park sets an operation aside whose answer contradicts it. Nothing is settled; doctor and the
// operator's list show it.
func (s *Service) park(tx db.Tx, rec *record, out Outcome, complaint string, now time.Time) error {
	s.Logger.Error("the processor's answer contradicts the operation; it is parked",
		"operation", rec.ID, "complaint", complaint, "asked", rec.Amount, "answered", out.Amount)
	rec.State, rec.Code, rec.NextCheckAt = opParked, "contradiction", time.Time{}
	if out.ProcessorRef != "" {
		rec.ProcessorRef = out.ProcessorRef
	}
	return saveOperation(tx, rec, now)
}

// CodeStranded marks a failed refund that its processor says went through after all, when the payment
// has no room for it any more: more was given back than came in, which only an operator can sort out.
const CodeStranded = "succeeded_after_all"

// strand notes that the money of a failed refund has left although nothing can be booked for it.
func (s *Service) strand(tx db.Tx, rec *record, out Outcome, now time.Time) error {
	s.Logger.Error("a failed refund went through after all, and its payment has no room for it",
		"operation", rec.ID, "refund", rec.RefundID, "amount", rec.Amount)
	rec.Code, rec.Version = CodeStranded, out.Version
	return saveOperation(tx, rec, now)
}

// applyPayment moves the intent, its attempt and the order along.
func (s *Service) applyPayment(tx db.Tx, o *order.Order, rec *record, out Outcome, cause event.Cause, now time.Time) error {
	i, err := Load(tx, rec.Scope, rec.PaymentID)
	if err != nil {
		return err
	}
	if out.ProcessorRef != "" && rec.Kind != KindVoid {
		i.Detail.ProcessorRef = out.ProcessorRef
	}
	if out.Source != nil {
		i.Detail.Source = out.Source
	}
	t := transition{service: s, tx: tx, order: o, intent: i, cause: cause, now: now}
	switch rec.Kind {
	case KindSale:
		err = t.sale(out)
	case KindAuthorize:
		err = t.authorize(out)
	case KindCapture:
		err = t.capture(rec, out)
	case KindVoid:
		err = t.void(out)
	default:
		err = fmt.Errorf("operation %s: unknown kind %q", rec.ID, rec.Kind)
	}
	if err != nil {
		return err
	}
	if err := Save(tx, i, now); err != nil {
		return err
	}
	return t.finish()
}

// transition is one step of one payment, from the intent up to the order.
type transition struct {
	service *Service
	tx      db.Tx
	order   *order.Order
	intent  *Intent
	cause   event.Cause
	now     time.Time

	settled  int64 // minor units that reached the order in this step
	tip      int64
	held     bool   // a hold began
	released bool   // a hold ended without a capture
	expired  bool   // because its time ran out
	failed   bool   // the source was declined
	late     bool   // the attempt had ended when the money came
	session  string // the checkout session that the attempt belongs to
	waiting  bool   // the bank has to settle it
	unpaid   string // the attempt that ended without money, empty when none did
}

func (t *transition) sale(out Outcome) error {
	i := t.intent
	switch out.State {
	case OutcomeSucceeded:
		// A capture is a fact, even when the leg was canceled, expired or paid meanwhile: the money is
		// recorded and shows as the buyer's credit.
		i.Authorized += out.Amount
		i.Captured += out.Amount
		i.AuthorizedAt, i.CapturedAt, i.Status = t.now, t.now, IntentSucceeded
		i.Detail.LastError = nil
		t.settled, t.tip = out.Amount, i.Tip
		if err := t.keepMethod(out); err != nil {
			return err
		}
		return t.note(eventSucceeded)
	case OutcomeFailed:
		return t.declined(out)
	}
	if i.Ended() { // it was given up meanwhile, and only money can change that
		return nil
	}
	switch out.State {
	case OutcomeRequiresAction:
		i.Status = IntentRequiresAction
		return t.note(eventRequiresAction)
	default:
		i.Status, t.waiting = IntentProcessing, true
		return t.note(eventProcessing)
	}
}

func (t *transition) authorize(out Outcome) error {
	if out.State != OutcomeSucceeded {
		return t.sale(out)
	}
	i := t.intent
	i.Authorized += out.Amount
	if i.Ended() { // the buyer confirmed, and then the hold was voided: the news has come the other way round
		i.Released += out.Amount
		return nil
	}
	i.AuthorizedAt, i.AuthorizationExpiresAt = t.now, out.ExpiresAt
	i.Status, i.Detail.LastError = IntentRequiresCapture, nil
	t.held = true
	return t.note(eventRequiresCapture)
}

func (t *transition) capture(rec *record, out Outcome) error {
	i := t.intent
	switch out.State {
	case OutcomeSucceeded:
		i.Captured, i.Released = rec.Amount, i.Authorized-rec.Amount
		i.CapturedAt, i.Status = t.now, IntentSucceeded
		t.settled, t.tip = rec.Amount, min(i.Tip, rec.Amount)
		return t.note(eventSucceeded)
	case OutcomeFailed:
		if !t.now.Before(i.AuthorizationExpiresAt) {
			return t.expire()
		}
		i.Detail.LastError = &Failure{Code: failureCode(out.Code), Message: out.Message, At: t.now}
	}
	return nil
}

func (t *transition) void(out Outcome) error {
	i := t.intent
	if i.Ended() {
		return nil
	}
	switch out.State {
	case OutcomeSucceeded:
	case OutcomeFailed: // something else became of the payment, and news of that is on its way
		i.Detail.CancellationReason = ""
		return nil
	default:
		return nil
	}
	t.released = i.Status == IntentRequiresCapture
	i.Status, i.Released = IntentCanceled, i.Authorized-i.Captured
	if i.Detail.CancellationReason == "" {
		i.Detail.CancellationReason = "payment_canceled"
	}
	return t.note(eventCanceled)
}

// expire ends a hold whose time ran out.
func (t *transition) expire() error {
	i := t.intent
	i.Status, i.Released = IntentExpired, i.Authorized-i.Captured
	i.Detail.CancellationReason = "authorization_expired"
	t.released, t.expired = true, true
	return t.note(eventCanceled)
}

func (t *transition) declined(out Outcome) error {
	i := t.intent
	i.Detail.LastError = &Failure{Code: failureCode(out.Code), Message: out.Message, At: t.now}
	if err := t.dropMethod(); err != nil {
		return err
	}
	if i.Status == IntentCanceled || i.Status == IntentExpired {
		return nil
	}
	i.Status, t.failed = IntentRequiresPaymentMethod, true
	return t.note(eventPaymentFailed)
}

func (t *transition) note(eventType string) error {
	return t.service.recordIntent(t.tx, t.intent, eventType, t.cause, t.now)
}

// finish moves the attempt and then the order, which is written at most once.
func (t *transition) finish() error {
	ended, err := t.moveAttempt()
	if err != nil {
		return err
	}
	credit := t.order.Credit()
	orders, o, i := t.service.Orders, t.order, t.intent
	switch {
	case t.settled > 0:
		err = orders.Settle(t.tx, o, order.SettleInput{
			Cause: t.cause, PaymentIntentID: i.ID, Amount: t.settled, Tip: t.tip, EndAttempt: ended,
		})
	case t.held:
		err = orders.SetHold(t.tx, o, t.cause, order.Hold{
			PaymentIntentID: i.ID, Authorized: i.Authorized, Capturable: i.Authorized, ExpiresAt: i.AuthorizationExpiresAt,
		})
	case t.released:
		err = orders.ClearHold(t.tx, o, order.HoldEnd{Cause: t.cause, Expired: t.expired, EndAttempt: ended})
	case ended:
		err = orders.ClearActiveAttempt(t.tx, o, order.AttemptEnd{
			Cause: t.cause, PaymentIntentID: i.ID, Failed: t.failed, Reason: t.reason(),
		})
	case t.failed:
		// Other legs go on; the order's history still tells of this one.
		err = orders.NotePaymentFailed(t.tx, o, t.cause, i.ID, t.reason())
	}
	if err != nil {
		return err
	}
	if t.waiting {
		for _, f := range t.service.Waiting {
			if err := f(t.tx, o, i.AttemptID, t.cause); err != nil {
				return err
			}
		}
	}
	if t.unpaid != "" {
		return t.service.endedUnpaid(t.tx, o, t.unpaid, t.cause)
	}
	if t.settled == 0 {
		return nil
	}
	for _, f := range t.service.Settled {
		if err := f(t.tx, o, t.cause); err != nil {
			return err
		}
	}
	return t.tellExcess(o.Credit() - credit)
}

func (t *transition) reason() string {
	if !t.failed {
		return ""
	}
	return plainReason(t.intent.Detail.LastError.Code)
}

// moveAttempt derives the attempt's status from its legs and tells whether the attempt that holds the
// order has ended. Money that arrives late moves even an attempt that had ended.
func (t *transition) moveAttempt() (ended bool, err error) {
	if t.intent.AttemptID == "" {
		return false, nil
	}
	a, err := GetAttempt(t.tx, t.intent.Scope, t.order.ID, t.intent.AttemptID)
	if err != nil || (!a.Open() && t.settled == 0) {
		return false, err
	}
	t.late, t.session = !a.Open(), a.CheckoutSessionID
	legs, err := t.otherLegs(a)
	if err != nil {
		return false, err
	}
	lost := a.Status == AttemptFinalizing
	a.Status = a.next(legs, max(t.order.Outstanding()-t.settled, 0))
	if lost && a.Status == AttemptProcessing {
		if err := t.keepFinalizing(a); err != nil {
			return false, err
		}
	}
	a.FailureCode, a.FailureMessage = "", ""
	if a.Status == AttemptFailed || a.Status == AttemptExpired || a.Status == AttemptCanceled {
		t.unpaid = a.ID
	}
	switch a.Status {
	case AttemptFailed:
		for _, l := range legs {
			if l.Detail.LastError != nil {
				a.FailureCode, a.FailureMessage = l.Detail.LastError.Code, l.Detail.LastError.Message
			}
		}
	case AttemptExpired:
		a.FailureCode = "payment_authorization_expired"
	case AttemptCanceled:
		a.FailureCode = "payment_attempt_canceled"
	}
	return !a.Open() && t.order.ActiveAttemptID == a.ID, saveAttempt(t.tx, a, t.now)
}

// keepFinalizing leaves an attempt finalizing while the answer about any of its legs is lost.
func (t *transition) keepFinalizing(a *Attempt) error {
	open, err := openOperations(t.tx, a)
	if slices.ContainsFunc(open, func(r *record) bool { return r.State == opUnknown }) {
		a.Status = AttemptFinalizing
	}
	return err
}

// otherLegs are the attempt's legs with this step's intent as it is now.
func (t *transition) otherLegs(a *Attempt) ([]*Intent, error) {
	legs := make([]*Intent, 0, len(a.IntentIDs))
	for _, intentID := range a.IntentIDs {
		if intentID == t.intent.ID {
			legs = append(legs, t.intent)
			continue
		}
		l, err := Get(t.tx, a.Scope, intentID)
		if err != nil {
			return nil, err
		}
		legs = append(legs, l)
	}
	return legs, nil
}
