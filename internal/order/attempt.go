package order

import (
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
)

// AttemptInput starts a payment attempt.
type AttemptInput struct {
	Cause            event.Cause
	AttemptID        string
	PaymentIntentIDs []string      // the attempt's payments, listed on the order from now on
	BuyerContact     *BuyerContact // what the buyer left with the payment; nil leaves what is there
}

// SetActiveAttempt locks the price of an open order for a payment attempt: until it is cleared, every
// change of the price, a close and a second attempt are refused. The delivery destination freezes.
// ORDER_PAYMENT_ATTEMPT_ACTIVE when another attempt is open. Nothing is announced.
func (s *Service) SetActiveAttempt(tx db.Tx, o *Order, in AttemptInput) error {
	if o.ActiveAttemptID == in.AttemptID {
		return nil
	}
	if o.ActiveAttemptID != "" {
		return fault.Conflict("ORDER_PAYMENT_ATTEMPT_ACTIVE", "Another payment of this order is under way.").
			Then("Resume or cancel the active payment attempt.")
	}
	if err := checkOpen(o); err != nil {
		return err
	}
	now := s.Clock.Now()
	o.ActiveAttemptID = in.AttemptID
	for _, v := range in.PaymentIntentIDs {
		addID(&o.PaymentIntentIDs, v)
	}
	if in.BuyerContact != nil {
		c := *in.BuyerContact
		c.UpdatedAt = now
		o.BuyerContact = &c
	}
	if err := noteContact(tx, o); err != nil {
		return err
	}
	freezeDelivery(o, now)
	return s.Save(tx, o, in.Cause, Change{Events: Quiet})
}

// AttemptEnd says how an attempt ended that settled no money.
type AttemptEnd struct {
	Cause           event.Cause
	PaymentIntentID string // the payment that failed; empty when nothing failed
	Failed          bool   // write the activity payment_failed
	Reason          string // in plain words, for that activity
}

// ClearActiveAttempt unlocks an order whose payment attempt failed, was canceled or ran out. The
// delivery destination thaws unless money settled before. Nothing is announced but the activity.
func (s *Service) ClearActiveAttempt(tx db.Tx, o *Order, in AttemptEnd) error {
	if o.ActiveAttemptID == "" && !in.Failed {
		return nil
	}
	o.ActiveAttemptID = ""
	if o.Delivery != nil && !hasSettledMoney(o) {
		o.Delivery.FrozenAt = time.Time{}
	}
	change := Change{Events: Quiet}
	if in.Failed {
		change.Activities = []NewActivity{paymentFailed(in.PaymentIntentID, in.Reason)}
	}
	return s.Save(tx, o, in.Cause, change)
}

// NotePaymentFailed writes the activity of a declined payment whose attempt goes on with others.
func (s *Service) NotePaymentFailed(tx db.Tx, o *Order, cause event.Cause, paymentIntentID, reason string) error {
	return s.Save(tx, o, cause, Change{Events: Quiet, Activities: []NewActivity{paymentFailed(paymentIntentID, reason)}})
}

func paymentFailed(paymentIntentID, reason string) NewActivity {
	row := NewActivity{Type: ActivityPaymentFailed, Description: "A payment did not succeed."}
	if reason != "" {
		row.Description = "A payment did not succeed: " + reason
	}
	if paymentIntentID != "" {
		row.RefType, row.RefID = RefPaymentIntent, paymentIntentID
	}
	return row
}

// AttachPaymentIntent lists a payment that was staged for the order and moved nothing yet.
func (s *Service) AttachPaymentIntent(tx db.Tx, o *Order, cause event.Cause, paymentIntentID string) error {
	addID(&o.PaymentIntentIDs, paymentIntentID)
	return s.Save(tx, o, cause, Change{Events: Quiet})
}

// SetHold notes an authorization that can be captured and records order.payment_authorized. Neither
// price nor settlement change.
func (s *Service) SetHold(tx db.Tx, o *Order, cause event.Cause, h Hold) error {
	o.Hold = &h
	return s.Save(tx, o, cause, Change{Events: []string{EventAuthorized}})
}

// HoldEnd says how a hold ended without a capture; a capture is a Settle.
type HoldEnd struct {
	Cause      event.Cause
	Expired    bool // its time ran out; otherwise it was canceled
	EndAttempt bool // the payment attempt is over with this
}

// ClearHold notes that the authorization is gone and records order.payment_authorization_canceled or
// order.payment_authorization_expired.
func (s *Service) ClearHold(tx db.Tx, o *Order, in HoldEnd) error {
	if o.Hold == nil {
		return nil
	}
	o.Hold = nil
	if in.EndAttempt {
		o.ActiveAttemptID = ""
		if o.Delivery != nil && !hasSettledMoney(o) {
			o.Delivery.FrozenAt = time.Time{}
		}
	}
	kind := EventAuthorizationCanceled
	if in.Expired {
		kind = EventAuthorizationExpired
	}
	return s.Save(tx, o, in.Cause, Change{Events: []string{kind}})
}

// AttachCheckoutSession lists a checkout session on its order and writes the activity.
func (s *Service) AttachCheckoutSession(tx db.Tx, o *Order, cause event.Cause, sessionID string) error {
	addID(&o.CheckoutSessionIDs, sessionID)
	return s.Save(tx, o, cause, Change{Events: Quiet, Activities: []NewActivity{{
		Type: ActivitySessionCreated, Description: "Checkout opened.", RefType: RefCheckoutSession, RefID: sessionID,
	}}})
}
