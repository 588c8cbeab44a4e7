package payment

import (
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/tenant"
)

// Credential is what to charge: at most one field is set.
type Credential struct {
	Token             string // collected by a page of the merchant
	ConfirmationToken string // collected by a checkout page
	PaymentMethodID   string // a saved method of the order's customer
}

func (c Credential) empty() bool { return c == Credential{} }

// token is the processor's token of a credential that is no saved method.
func (c Credential) token(param string) (string, error) {
	set := 0
	for _, v := range []string{c.Token, c.ConfirmationToken, c.PaymentMethodID} {
		if v != "" {
			set++
		}
	}
	switch {
	case set > 1:
		return "", fault.Invalid("PAYMENT_SOURCE_CONFLICT", param, "A payment source names exactly one of token, payment_method_id and confirmation_token.")
	case set == 0:
		return "", fault.Invalid("PAYMENT_SOURCE_REQUIRED", param, "This order has money outstanding, so a payment source is needed.").
			Then("Send payment_source with a token, or payment sources with the payment intents.")
	case c.Token != "":
		return c.Token, nil
	default:
		return c.ConfirmationToken, nil
	}
}

// Contact is the buyer's contact as sent with a pay call; an empty part was not sent.
type Contact struct {
	Email string
	Phone string
}

// onOrder is the contact as the order keeps it, nil when nothing was sent.
func (c Contact) onOrder() *order.BuyerContact {
	if c == (Contact{}) {
		return nil
	}
	return &order.BuyerContact{Email: c.Email, Phone: c.Phone}
}

// PayInput asks to collect from one source everything an order has outstanding, or what is due of the invoice
// that owns it.
type PayInput struct {
	Scope               tenant.Scope
	OrderID             string
	CheckoutSessionID   string // of the session that pays, empty for a merchant's call
	Source              Credential
	InvoiceID           string        // set by the invoice domain, which charges for the invoice it names without its buyer
	Amount              int64         // with InvoiceID: how much of the order to collect, in minor units
	ExpectedOutstanding *money.Amount // what the payer saw; a mismatch charges nothing
	Contact             Contact
	ActsFor             string // customer whose saved methods a checkout session may use; a merchant's call uses the order's
	SaveFor             string // customer to save the typed card for, once it has been charged; empty for nobody
	ReturnURL           string // where the buyer's browser goes after an action
	Flow                string // checkout, api, …
	Cause               event.Cause
}

// Started is what a pay call has put on record: the attempt, and the operations to execute.
type Started struct {
	Attempt    *Attempt
	Operations []Operation
}

// Pay starts an attempt over everything that is to be collected, in the caller's transaction. The caller
// gives the operations to Execute once it has committed; without any the order is settled already.
//
// Faults: RESOURCE_NOT_FOUND, ORDER_CLOSED, ORDER_ALREADY_PAID, ORDER_PAYMENT_ATTEMPT_ACTIVE,
// ORDER_CHANGED_REFRESH_REQUIRED, PAYMENT_SOURCE_REQUIRED, PAYMENT_SOURCE_CONFLICT,
// PAYMENT_SOURCE_NOT_ALLOWED, PAYMENT_METHOD_NOT_ACTIVE, PAYMENT_METHOD_ON_SESSION_ONLY,
// CHECKOUT_SESSION_NOT_OPEN, PAYMENT_METHOD_CUSTOMER_MISMATCH, SAVE_PAYMENT_METHOD_NOT_ALLOWED, PAYMENT_OPTION_NOT_READY, PAYMENT_LEG_SELECTION_REQUIRED,
// ORDER_TAX_LOCATION_REQUIRED.
func (s *Service) Pay(tx db.Tx, in PayInput) (Started, error) {
	o, due, err := s.payable(tx, payer{in.Scope, in.OrderID, in.CheckoutSessionID, in.InvoiceID, in.Amount}, in.ExpectedOutstanding)
	if err != nil {
		return Started{}, err
	}
	outstanding := o.Outstanding()
	if outstanding == 0 {
		if !in.Source.empty() {
			return Started{}, fault.Invalid("PAYMENT_SOURCE_NOT_ALLOWED", "payment_source", "Nothing is outstanding, so there is nothing to charge.").
				Then("Repeat the call without payment_source.")
		}
		return s.settleNothing(tx, o, in)
	}
	if in.SaveFor != "" && in.Source.PaymentMethodID != "" {
		return Started{}, fault.Invalid("SAVE_PAYMENT_METHOD_NOT_ALLOWED", "save_payment_method", "The card is saved already.")
	}
	source, err := s.sourceOf(tx, o, in.Source, "payment_source", in.CheckoutSessionID, in.ActsFor)
	if err != nil {
		return Started{}, err
	}
	processor, err := s.processor(in.Scope)
	if err != nil {
		return Started{}, err
	}
	if err := s.refuseOpenLegs(tx, o, due, in.Cause); err != nil {
		return Started{}, err
	}
	now := s.Clock.Now()
	if code, err := s.admit(tx, o, in.CheckoutSessionID); err != nil || code != "" {
		return s.turnAway(tx, o, s.newAttempt(o, in.CheckoutSessionID, ModePayment, CompleteOrder, nil, now), code, in.Cause, err)
	}
	completion := CompleteOrder
	if due < outstanding {
		completion = PartialPayment
	}
	if o.InvoiceID != "" {
		in.Flow = "invoice"
	}
	tip, err := money.Allocate(min(o.UnsettledTip(), outstanding), []int64{due, outstanding - due})
	if err != nil {
		return Started{}, err
	}
	leg := &Intent{
		Scope: in.Scope, ID: s.IDs.New(id.PaymentIntent), OrderID: o.ID, CustomerID: o.CustomerID,
		Status: IntentProcessing, Amount: due, Tip: tip[0], Currency: o.Currency,
		CaptureMethod: CaptureAutomatic, Flow: in.Flow, Origin: o.Origin, Processor: processor,
		CreatedAt: now, UpdatedAt: now,
		Detail: IntentDetail{Options: DefaultOptions(), ReturnURL: in.ReturnURL, MethodID: in.Source.PaymentMethodID, InvoiceID: o.InvoiceID},
	}
	if in.SaveFor != "" {
		if leg.Detail.SavesMethodID, err = s.saveWhenCharged(tx, in.Scope, in.SaveFor, processor, source, now); err != nil {
			return Started{}, err
		}
	}
	a := s.newAttempt(o, in.CheckoutSessionID, ModePayment, completion, []string{leg.ID}, now)
	leg.AttemptID = a.ID
	if err := insertIntent(tx, leg); err != nil {
		return Started{}, err
	}
	op := s.charge(leg, source)
	return s.start(tx, o, a, in.Contact, []Operation{op}, in.Cause, now)
}

// DefaultOptions are the payment options that an intent offers when its maker names none.
func DefaultOptions() []string { return []string{"card", "ach_debit"} }

// MaxSessionFailures is how many payments may fail in one checkout session. People who try stolen card
// numbers need many tries; a buyer does not.
const MaxSessionFailures = 10

// refuseTester ends the tries of a session that looks like a test of card numbers. The order is locked.
func refuseTester(tx db.Tx, scope tenant.Scope, orderID, sessionID string) error {
	if sessionID == "" {
		return nil
	}
	var failed int
	err := tx.QueryRow([]any{&failed}, `SELECT COUNT(*) FROM payment_attempts
		WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3 AND checkout_session_id = $4 AND status = 'failed'`,
		scope.MerchantID, scope.EnvironmentID, orderID, sessionID)
	if err != nil {
		return fmt.Errorf("count the failed payments of a session: %w", err)
	}
	if failed >= MaxSessionFailures {
		return fault.Conflict("CHECKOUT_ATTEMPTS_EXHAUSTED", "Too many payments of this checkout session have failed; it takes no more.").
			Then("Open a new checkout session once it is clear who is paying.")
	}
	return nil
}

// payer is who pays which order: the buyer of a session, an invoice that charges its own buyer, or the
// merchant when neither is named.
type payer struct {
	scope     tenant.Scope
	orderID   string
	sessionID string
	invoiceID string
	amount    int64 // that the invoice charges
}

// payable locks the order, refuses what cannot be paid now, and tells how much the payer has to pay.
func (s *Service) payable(tx db.Tx, p payer, expected *money.Amount) (*order.Order, int64, error) {
	o, err := s.Orders.Load(tx, p.scope, p.orderID)
	if err != nil {
		return nil, 0, err
	}
	if err := s.collectable(tx, o, p); err != nil {
		return nil, 0, err
	}
	due := p.amount
	if p.invoiceID == "" {
		if due, err = s.Collects(tx, o, p.sessionID); err != nil {
			return nil, 0, err
		}
	}
	if expected != nil {
		if expected.Currency != o.Currency {
			return nil, 0, fault.Invalid("CURRENCY_MISMATCH", "expected_outstanding_money.currency", "The order is in another currency.")
		}
		if expected.Minor != due {
			return nil, 0, fault.Conflict("ORDER_CHANGED_REFRESH_REQUIRED", "The amount outstanding is not the expected one; nothing was charged.").
				Then("Read the order again, show the new amount to the payer, and repeat with it.").
				With("current_money", money.Amount{Minor: due, Currency: o.Currency}).
				With("submitted_money", *expected)
		}
	}
	return o, due, refuseTester(tx, p.scope, p.orderID, p.sessionID)
}

// Collects is how much a payment of the order through a checkout session collects, in minor units: all that is
// outstanding, or what is due of the invoice that owns the order. sessionID is empty for a merchant's payment.
func (s *Service) Collects(tx db.Tx, o *order.Order, sessionID string) (int64, error) {
	if o.InvoiceID == "" || sessionID == "" || s.Due == nil {
		return o.Outstanding(), nil
	}
	return s.Due(tx, o, sessionID)
}

// collectable refuses an order that takes no payment now, or none from the payer.
func (s *Service) collectable(tx db.Tx, o *order.Order, p payer) error {
	if o.Status != order.StatusOpen {
		return fault.Conflict("ORDER_CLOSED", "The order is closed and takes no payments.")
	}
	if o.ActiveAttemptID != "" {
		return s.busy(tx, o)
	}
	if p.sessionID == "" {
		if err := o.CheckCollectable(p.invoiceID); err != nil {
			return err
		}
	}
	if o.DerivePaymentStatus() == order.PaymentPaid {
		return fault.Conflict("ORDER_ALREADY_PAID", "The order is paid; nothing is outstanding.")
	}
	if p.sessionID != "" && s.Door != nil {
		if err := s.Door(tx, o, p.sessionID); err != nil {
			return err
		}
	}
	if o.Tax.Status == "requires_location" {
		return fault.Conflict("ORDER_TAX_LOCATION_REQUIRED", "The order's tax cannot be computed without a location.").
			Then("Set tax.location on the order, then pay.")
	}
	return nil
}

// busy explains which attempt holds the order.
func (s *Service) busy(tx db.Tx, o *order.Order) error {
	e := fault.Conflict("ORDER_PAYMENT_ATTEMPT_ACTIVE", "Another payment attempt of this order is open.").
		Then("Wait for it, resume it or cancel it first.").
		With("order_payment_attempt_id", o.ActiveAttemptID)
	a, err := GetAttempt(tx, o.Scope, o.ID, o.ActiveAttemptID)
	if err != nil {
		return err
	}
	return e.With("payment_attempt_status", a.Status).With("is_resumable", a.Resumable())
}

// refuseOpenLegs asks the caller to choose among staged or declined legs. Declined legs that pay made
// itself and that no longer fit the amount to collect are canceled instead: nobody can want them. So are those
// of an order that an invoice owns: its next payment may come through another checkout, or without the buyer.
func (s *Service) refuseOpenLegs(tx db.Tx, o *order.Order, due int64, cause event.Cause) error {
	if len(o.PaymentIntentIDs) == 0 {
		return nil
	}
	legs, err := OfOrder(tx, o.Scope, o.ID, true)
	if err != nil {
		return err
	}
	var open []string
	now := s.Clock.Now()
	for _, l := range legs {
		switch {
		case !l.Selectable():
		case !l.Detail.Staged && (l.Amount != due || o.InvoiceID != ""):
			l.Status, l.Detail.CancellationReason = IntentCanceled, "abandoned"
			if err := Save(tx, l, now); err != nil {
				return err
			}
			if err := s.recordIntent(tx, l, eventCanceled, cause, now); err != nil {
				return err
			}
		default:
			open = append(open, l.ID)
		}
	}
	if len(open) == 0 {
		return nil
	}
	return fault.Conflict("PAYMENT_LEG_SELECTION_REQUIRED", "The order has payment intents that are staged or were declined.").
		Then("Use action confirm_payment_intents with one of them and a new source, or cancel them.").
		With("payment_intent_ids", open)
}

func (s *Service) newAttempt(o *order.Order, sessionID, mode, completion string, intents []string, now time.Time) *Attempt {
	return &Attempt{
		Scope: o.Scope, ID: s.IDs.New(id.PaymentAttempt), OrderID: o.ID, CheckoutSessionID: sessionID, Mode: mode,
		Status: AttemptProcessing, Completion: completion, ExpectedOutstanding: o.Outstanding(), Currency: o.Currency,
		IntentIDs: intents, StartedAt: now, UpdatedAt: now,
	}
}

// charge is the operation that collects a leg.
func (s *Service) charge(leg *Intent, source string) Operation {
	kind := KindSale
	if leg.CaptureMethod == CaptureManual {
		kind = KindAuthorize
	}
	return Operation{
		Scope: leg.Scope, ID: s.IDs.New(id.ProcessorOp), Processor: leg.Processor, Kind: kind, OrderID: leg.OrderID,
		PaymentID: leg.ID, Amount: leg.Amount, Currency: leg.Currency, Source: source, ReturnURL: leg.Detail.ReturnURL,
	}
}

// start writes the attempt and its operations and locks the order with it.
func (s *Service) start(tx db.Tx, o *order.Order, a *Attempt, c Contact, ops []Operation, cause event.Cause, now time.Time) (Started, error) {
	if err := insertAttempt(tx, a); err != nil {
		return Started{}, err
	}
	for _, op := range ops {
		if err := s.Plan(tx, op, now); err != nil {
			return Started{}, err
		}
	}
	s.Failpoints.Hit("payment.planned")
	return Started{Attempt: a, Operations: ops}, s.Orders.SetActiveAttempt(tx, o, order.AttemptInput{
		Cause: cause, AttemptID: a.ID, PaymentIntentIDs: a.IntentIDs, BuyerContact: c.onOrder(),
	})
}

// settleNothing completes an order that costs nothing: no processor is asked.
func (s *Service) settleNothing(tx db.Tx, o *order.Order, in PayInput) (Started, error) {
	now := s.Clock.Now()
	a := s.newAttempt(o, in.CheckoutSessionID, ModeSettlement, CompleteOrder, nil, now)
	if code, err := s.admit(tx, o, in.CheckoutSessionID); err != nil || code != "" {
		return s.turnAway(tx, o, a, code, in.Cause, err)
	}
	a.Status, a.CompletedAt = AttemptSucceeded, now
	if err := insertAttempt(tx, a); err != nil {
		return Started{}, err
	}
	if err := s.Orders.Settle(tx, o, order.SettleInput{Cause: in.Cause}); err != nil {
		return Started{}, err
	}
	for _, f := range s.Settled {
		if err := f(tx, o, in.Cause); err != nil {
			return Started{}, err
		}
	}
	return Started{Attempt: a}, nil
}
