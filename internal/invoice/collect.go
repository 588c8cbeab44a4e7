package invoice

import (
	"context"
	"fmt"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/tenant"
)

// CollectInput charges a saved payment method.
type CollectInput struct {
	Scope           tenant.Scope
	InvoiceID       string
	PaymentMethodID string // the invoice's own when empty
	EntryID         string
	Cause           event.Cause
}

// Collected is what a charge has put on record: the invoice's attempt, and the operations to execute.
type Collected struct {
	Attempt    *PaymentAttempt
	Operations []payment.Operation

	stuck *payment.Attempt // of a charge that waits for a buyer who is not there
}

// Collect charges a saved payment method of the order's customer without the buyer, for what is due or for the
// entry that is named. An idle checkout ends, so that nobody pays the same part meanwhile. The caller executes
// the operations once it has committed, and asks Outcome then.
//
// Faults: those of Checkout, INVOICE_AUTOPAY_PAYMENT_METHOD_REQUIRED, INVOICE_AUTOPAY_PAYMENT_METHOD_UNSUPPORTED,
// PAYMENT_METHOD_NOT_ACTIVE, PAYMENT_METHOD_ON_SESSION_ONLY, PAYMENT_METHOD_CUSTOMER_MISMATCH, RESOURCE_NOT_FOUND.
func (s *Service) Collect(tx db.Tx, in CollectInput) (Collected, error) {
	o, v, err := s.open(tx, in.Scope, in.InvoiceID)
	if err != nil {
		return Collected{}, err
	}
	return s.collect(tx, o, v, in, false)
}

// collect plans the charge of an open invoice and saves it; byItself tells that nobody asked for it.
func (s *Service) collect(tx db.Tx, o *order.Order, v *Invoice, in CollectInput, byItself bool) (Collected, error) {
	if err := v.checkCollectible(); err != nil {
		return Collected{}, err
	}
	if err := checkQuiet(tx, o); err != nil {
		return Collected{}, err
	}
	amount, ok := v.Collecting(s.Clock.Now(), in.EntryID)
	if !ok {
		return Collected{}, fault.Conflict("INVOICE_SCHEDULE_ENTRY_NOT_COLLECTIBLE", "The entry is not the next one to be paid.")
	}
	if _, err := v.options(amount); err != nil {
		return Collected{}, err
	}
	method := in.PaymentMethodID
	if method == "" {
		method = v.Collection.PaymentMethodID
	}
	if method == "" {
		return Collected{}, fault.Conflict("INVOICE_AUTOPAY_PAYMENT_METHOD_REQUIRED", "There is no saved payment method that could be charged.").
			Then("Name payment_method_id, or let the buyer pay through the invoice's link or checkout.")
	}
	if err := s.Door.Fence(tx, o, fenceBalance, in.Cause); err != nil {
		return Collected{}, err
	}
	var c change
	if err := s.dropAttempts(tx, v, &c); err != nil {
		return Collected{}, err
	}
	started, err := s.Payments.Pay(tx, payment.PayInput{
		Scope: in.Scope, OrderID: o.ID, InvoiceID: v.ID, Amount: amount, Source: payment.Credential{PaymentMethodID: method}, Flow: "invoice", Cause: in.Cause,
	})
	if err != nil {
		return Collected{}, unusable(err, "payment_method_id")
	}
	now := s.Clock.Now()
	a := &PaymentAttempt{
		Scope: v.Scope, ID: s.IDs.New(id.InvoicePaymentAttempt), InvoiceID: v.ID, OrderID: v.OrderID, EntryID: in.EntryID, Rail: RailCard,
		OrderAttemptID: started.Attempt.ID, Status: AttemptOpen, Expected: amount, IdempotencyKey: in.Cause.IdempotencyKey, StartedAt: now, UpdatedAt: now,
	}
	if of := started.Attempt; !of.Open() { // it was not admitted
		a.Status, a.FailureCode, a.FailureMessage = AttemptFailed, wireFailure(of.FailureCode), of.FailureMessage
		c.tell(EventPaymentFailed, v.aboutAttempt(a))
	} else {
		if len(of.IntentIDs) > 0 {
			a.IntentID = of.IntentIDs[0]
		}
		if byItself {
			v.Charging, v.ChargingSince = a.ID, now
		}
	}
	if err := insertAttempt(tx, a); err != nil {
		return Collected{}, fmt.Errorf("note the charge of invoice %s: %w", v.ID, err)
	}
	c.note(ActivityAttemptStarted, "Saved payment method charged.", ActivityDetail{AttemptID: a.ID, Rail: a.Rail, Expected: v.moneyOf(amount)})
	s.Failpoints.Hit("invoice.charging")
	return Collected{Attempt: a, Operations: started.Operations}, s.save(tx, v, in.Cause, c)
}

// unusable moves what is wrong with a payment method to the field that named it.
func unusable(err error, param string) error {
	f := fault.Of(err)
	if f == nil || f.Param == "" {
		return err
	}
	out := *f
	out.Param = param
	if f.Code == "PAYMENT_METHOD_UNAVAILABLE" {
		out.Code = "INVOICE_AUTOPAY_PAYMENT_METHOD_UNSUPPORTED"
	}
	return &out
}

// Planned are the operations of a charge that nobody has executed, after a crash.
func Planned(tx db.Tx, scope tenant.Scope, invoiceID, attemptID string) ([]payment.Operation, error) {
	a, err := GetAttempt(tx, scope, invoiceID, attemptID)
	if err != nil {
		return nil, err
	}
	of, err := payment.GetAttempt(tx, scope, a.OrderID, a.OrderAttemptID)
	if err != nil {
		return nil, err
	}
	return payment.Planned(tx, of)
}

// Charge executes what Collect has planned and tells what became of it. A bank that wants to see the buyer is
// refused, for the buyer is not there: the payment is given up and has failed.
//
// Faults: INVOICE_PAYMENT_FAILED, INVOICE_PAYMENT_RESOLVING while the processor's answer is lost.
func (s *Service) Charge(ctx context.Context, scope tenant.Scope, invoiceID, attemptID string, ops []payment.Operation, cause event.Cause) error {
	if err := s.Payments.Execute(ctx, ops, cause, nil); err != nil {
		return fmt.Errorf("charge for invoice %s: %w", invoiceID, err)
	}
	var a *PaymentAttempt
	var of *payment.Attempt
	look := func(tx db.Tx) (err error) {
		if a, err = GetAttempt(tx, scope, invoiceID, attemptID); err == nil {
			of, err = payment.GetAttempt(tx, scope, a.OrderID, a.OrderAttemptID)
		}
		return err
	}
	if err := s.DB.Read(ctx, look); err != nil {
		return fmt.Errorf("read the charge of invoice %s: %w", invoiceID, err)
	}
	if of.Status == payment.AttemptRequiresAction {
		if err := s.giveUp(ctx, a, of, cause); err != nil {
			return err
		}
		if err := s.DB.Read(ctx, look); err != nil {
			return fmt.Errorf("read the charge of invoice %s: %w", invoiceID, err)
		}
	}
	switch {
	case a.Status == AttemptFailed || a.Status == AttemptCanceled:
		code := a.FailureCode
		if code == "" {
			code = "authentication_required"
		}
		return (&fault.Error{Class: fault.ClassPayment, Code: "INVOICE_PAYMENT_FAILED", Message: "The saved payment method was not charged."}).
			With("invoice_payment_attempt_id", a.ID).With("failure_code", code)
	case of.Status == payment.AttemptFinalizing:
		return fault.Conflict("INVOICE_PAYMENT_RESOLVING", "The processor has not said yet what became of the charge.").
			Then("Read the payment attempt until it has an end; nothing is charged twice.").With("invoice_payment_attempt_id", a.ID)
	}
	return nil
}

// giveUp cancels a charge that waits for a buyer who is not there.
func (s *Service) giveUp(ctx context.Context, a *PaymentAttempt, of *payment.Attempt, cause event.Cause) error {
	var ops []payment.Operation
	err := s.DB.Write(ctx, func(tx db.Tx) (err error) {
		ops, err = s.Payments.CancelAttempt(tx, payment.CancelAttemptInput{Scope: a.Scope, OrderID: a.OrderID, AttemptID: of.ID, Reason: "abandoned", Cause: cause})
		return err
	})
	if f := fault.Of(err); f != nil && f.Code == "PAYMENT_ATTEMPT_NOT_CANCELABLE" {
		return nil // it has ended meanwhile
	}
	if err != nil {
		return fmt.Errorf("give up the charge of invoice %s: %w", a.InvoiceID, err)
	}
	return s.Payments.Execute(ctx, ops, cause, nil)
}
