package payment

import (
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/tenant"
)

// MaxIntents bounds the payment intents of one order.
const MaxIntents = 50

// StageInput makes a leg without charging anything.
type StageInput struct {
	Scope               tenant.Scope
	OrderID             string
	CheckoutSessionID   string        // of the session that stages, empty for a merchant's call
	Amount              *money.Amount // everything to be collected when nil
	CaptureMethod       string        // automatic when empty
	Options             []string
	ReturnURL           string
	Flow                string
	ExternalReferenceID string
	Metadata            map[string]string
	Cause               event.Cause
}

// Stage adds a leg in requires_payment_method; the order's money does not change.
//
// Faults: RESOURCE_NOT_FOUND, ORDER_CLOSED, ORDER_ALREADY_PAID, ORDER_PAYMENT_ATTEMPT_ACTIVE,
// AMOUNT_EXCEEDS_BALANCE, AMOUNT_TOO_SMALL, CURRENCY_MISMATCH, PAYMENT_INTENT_LIMIT_REACHED, PAYMENT_OPTION_NOT_READY,
// ORDER_DELAYED_CAPTURE_SPLIT_PAYMENT_UNSUPPORTED.
func (s *Service) Stage(tx db.Tx, in StageInput) (*Intent, *order.Order, error) {
	o, due, err := s.payable(tx, payer{scope: in.Scope, orderID: in.OrderID, sessionID: in.CheckoutSessionID}, nil)
	if err != nil {
		return nil, nil, err
	}
	processor, err := s.processor(in.Scope)
	if err != nil {
		return nil, nil, err
	}
	outstanding := o.Outstanding()
	amount := due
	if in.Amount != nil {
		if in.Amount.Currency != o.Currency {
			return nil, nil, fault.Invalid("CURRENCY_MISMATCH", "amount_money.currency", "The order is in another currency.")
		}
		amount = in.Amount.Minor
	}
	switch {
	case amount <= 0:
		return nil, nil, fault.Invalid("AMOUNT_TOO_SMALL", "amount_money.amount", "A payment intent collects at least one minor unit.")
	case amount > due:
		return nil, nil, fault.Invalid("AMOUNT_EXCEEDS_BALANCE", "amount_money.amount", "The amount is more than the order has outstanding.").
			With("maximum_money", money.Amount{Minor: due, Currency: o.Currency})
	case len(o.PaymentIntentIDs) >= MaxIntents:
		return nil, nil, fault.Conflict("PAYMENT_INTENT_LIMIT_REACHED", "The order has %d payment intents, which is the limit.", MaxIntents)
	}
	method := in.CaptureMethod
	if method == "" {
		method = CaptureAutomatic
	}
	if method == CaptureManual {
		if amount != due {
			return nil, nil, fault.Conflict("ORDER_DELAYED_CAPTURE_SPLIT_PAYMENT_UNSUPPORTED", "Manual capture works for the whole outstanding amount only.").
				Then("Leave amount_money out, or use automatic capture.")
		}
		legs, err := OfOrder(tx, in.Scope, o.ID, true)
		if err != nil {
			return nil, nil, err
		}
		for _, l := range legs {
			if l.Selectable() || l.Captured > 0 {
				return nil, nil, fault.Conflict("ORDER_DELAYED_CAPTURE_SPLIT_PAYMENT_UNSUPPORTED", "The order has other payment intents; manual capture does not combine with them.")
			}
		}
	}
	now := s.Clock.Now()
	options := in.Options
	if len(options) == 0 {
		options = DefaultOptions()
	}
	tip, err := money.Allocate(min(o.UnsettledTip(), outstanding), []int64{amount, outstanding - amount})
	if err != nil {
		return nil, nil, err
	}
	i := &Intent{
		Scope: in.Scope, ID: s.IDs.New(id.PaymentIntent), OrderID: o.ID, CustomerID: o.CustomerID,
		Status: IntentRequiresPaymentMethod, Amount: amount, Tip: tip[0], Currency: o.Currency, CaptureMethod: method,
		Flow: in.Flow, Origin: o.Origin, Processor: processor, ExternalReferenceID: in.ExternalReferenceID,
		CreatedAt: now, UpdatedAt: now,
		Detail: IntentDetail{Options: options, Staged: true, ReturnURL: in.ReturnURL, Metadata: in.Metadata, InvoiceID: o.InvoiceID},
	}
	if err := insertIntent(tx, i); err != nil {
		return nil, nil, err
	}
	return i, o, s.Orders.AttachPaymentIntent(tx, o, in.Cause, i.ID)
}

// expireHold ends a hold whose time ran out; the processor has released the money by then on its own. A
// capture that is under way decides for itself.
func (s *Service) expireHold(tx db.Tx, scope tenant.Scope, orderID, intentID string, now time.Time) error {
	o, err := s.Orders.Load(tx, scope, orderID)
	if err != nil {
		return err
	}
	i, err := Load(tx, scope, intentID)
	if err != nil {
		return err
	}
	if i.Status != IntentRequiresCapture || now.Before(i.AuthorizationExpiresAt) {
		return nil
	}
	switch err := s.refusePending(tx, i, KindCapture); {
	case fault.Is(err, "PAYMENT_OPERATION_IN_PROGRESS"):
		return nil
	case err != nil:
		return err
	}
	s.Failpoints.Hit("payment.expiring")
	t := transition{service: s, tx: tx, order: o, intent: i, cause: event.Cause{ActorType: "system"}, now: now}
	if err := t.expire(); err != nil {
		return err
	}
	if err := Save(tx, i, now); err != nil {
		return err
	}
	return t.finish()
}
