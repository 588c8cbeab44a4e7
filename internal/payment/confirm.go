package payment

import (
	"fmt"
	"slices"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/tenant"
)

// Selection is a leg to confirm, with what to charge.
type Selection struct {
	PaymentIntentID string
	Source          Credential
}

// ConfirmInput asks to collect through legs that exist already.
type ConfirmInput struct {
	Scope               tenant.Scope
	OrderID             string
	CheckoutSessionID   string
	Selections          []Selection
	Completion          string // CompleteOrder when empty
	ExpectedOutstanding *money.Amount
	Contact             Contact
	ActsFor             string // as in PayInput
	SaveFor             string // as in PayInput; the card of the first leg is saved
	ReturnURL           string
	Cause               event.Cause
}

// Confirm starts an attempt over staged or declined legs, in the caller's transaction. With
// complete_order the legs cover what is outstanding exactly; with partial_payment they may cover less. Legs of
// an order that an invoice owns cover what is due of the invoice.
//
// Faults: those of Pay, and PAYMENT_INTENT_NOT_PART_OF_ORDER, DUPLICATE_PAYMENT_INTENT,
// PAYMENT_START_SHAPE_CONFLICT, PAYMENT_LEGS_INCOMPLETE, AMOUNT_EXCEEDS_BALANCE.
func (s *Service) Confirm(tx db.Tx, in ConfirmInput) (Started, error) {
	o, due, err := s.payable(tx, payer{scope: in.Scope, orderID: in.OrderID, sessionID: in.CheckoutSessionID}, in.ExpectedOutstanding)
	if err != nil {
		return Started{}, err
	}
	if _, err := s.processor(in.Scope); err != nil {
		return Started{}, err
	}
	legs, err := OfOrder(tx, in.Scope, o.ID, true)
	if err != nil {
		return Started{}, err
	}
	var (
		faults  fault.List
		total   int64
		chosen  []*Intent
		tokens  []string
		methods []string
	)
	for n, sel := range in.Selections {
		at := fmt.Sprintf("payment_intents[%d]", n)
		k := slices.IndexFunc(legs, func(l *Intent) bool { return l.ID == sel.PaymentIntentID })
		switch {
		case k < 0:
			faults.Add("PAYMENT_INTENT_NOT_PART_OF_ORDER", at+".payment_intent_id", "The order has no such payment intent.")
			continue
		case slices.Contains(chosen, legs[k]):
			faults.Add("DUPLICATE_PAYMENT_INTENT", at+".payment_intent_id", "A payment intent can be chosen once.")
			continue
		case !legs[k].Selectable():
			faults.Add("PAYMENT_START_SHAPE_CONFLICT", at+".payment_intent_id", "Only payment intents that are staged or declined can be confirmed.")
			continue
		}
		source, err := s.sourceOf(tx, o, sel.Source, at, in.CheckoutSessionID, in.ActsFor)
		faults.AddError("", err)
		chosen, tokens, methods = append(chosen, legs[k]), append(tokens, source), append(methods, sel.Source.PaymentMethodID)
		if total, err = money.Add(total, legs[k].Amount); err != nil {
			return Started{}, err
		}
	}
	if err := faults.Err(); err != nil {
		return Started{}, err
	}
	outstanding := o.Outstanding()
	if due < outstanding { // an invoice asks for a part of the order
		in.Completion = PartialPayment
	}
	switch {
	case len(chosen) > 1 && slices.ContainsFunc(chosen, func(l *Intent) bool { return l.CaptureMethod == CaptureManual }):
		return Started{}, fault.Conflict("ORDER_DELAYED_CAPTURE_SPLIT_PAYMENT_UNSUPPORTED", "An order with manual capture is collected through one payment intent.")
	case total > due:
		return Started{}, fault.Conflict("AMOUNT_EXCEEDS_BALANCE", "The payment intents ask for more than is outstanding.").
			Then("Cancel a payment intent that is too large and stage a smaller one.").
			With("current_money", money.Amount{Minor: due, Currency: o.Currency})
	case total < due && (in.Completion != PartialPayment || o.InvoiceID != ""):
		return Started{}, fault.Conflict("PAYMENT_LEGS_INCOMPLETE", "The payment intents do not cover what is outstanding.").
			Then("Choose more payment intents, or send completion_behavior partial_payment.").
			With("required_money", money.Amount{Minor: due, Currency: o.Currency})
	}
	completion := in.Completion
	if completion == "" {
		completion = CompleteOrder
	}
	now := s.Clock.Now()
	ids := make([]string, len(chosen))
	for n, l := range chosen {
		ids[n] = l.ID
	}
	if code, err := s.admit(tx, o, in.CheckoutSessionID); err != nil || code != "" {
		return s.turnAway(tx, o, s.newAttempt(o, in.CheckoutSessionID, ModePayment, completion, ids, now), code, in.Cause, err)
	}
	saved := ""
	if in.SaveFor != "" && len(chosen) > 0 {
		if methods[0] != "" {
			return Started{}, fault.Invalid("SAVE_PAYMENT_METHOD_NOT_ALLOWED", "save_payment_method", "The card is saved already.")
		}
		if saved, err = s.saveWhenCharged(tx, in.Scope, in.SaveFor, chosen[0].Processor, tokens[0], now); err != nil {
			return Started{}, err
		}
	}
	if err := spreadTip(o, chosen, outstanding-total); err != nil {
		return Started{}, err
	}
	a := s.newAttempt(o, in.CheckoutSessionID, ModePayment, completion, ids, now)
	ops := make([]Operation, len(chosen))
	for n, l := range chosen {
		l.AttemptID, l.Status, l.Detail.LastError, l.Detail.MethodID = a.ID, IntentProcessing, nil, methods[n]
		l.Detail.SavesMethodID = ""
		if n == 0 {
			l.Detail.SavesMethodID = saved
		}
		if in.ReturnURL != "" {
			l.Detail.ReturnURL = in.ReturnURL
		}
		if err := Save(tx, l, now); err != nil {
			return Started{}, err
		}
		ops[n] = s.charge(l, tokens[n])
	}
	return s.start(tx, o, a, in.Contact, ops, in.Cause, now)
}

// spreadTip gives each leg its part of the tip as it is asked for now; it may have changed since the leg
// was staged. rest is what of the order the legs leave outstanding.
func spreadTip(o *order.Order, legs []*Intent, rest int64) error {
	weights := make([]int64, 0, len(legs)+1)
	for _, l := range legs {
		weights = append(weights, l.Amount)
	}
	tips, err := money.Allocate(min(o.UnsettledTip(), o.Outstanding()), append(weights, rest))
	if err != nil {
		return err
	}
	for n, l := range legs {
		l.Tip = tips[n]
	}
	return nil
}
