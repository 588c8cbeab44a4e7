package httpapi

import (
	"time"

	"flint/internal/order"
	"flint/internal/payment"
)

// PaymentError says why a payment did not go through.
type PaymentError struct {
	Code        string       `json:"code" enum:"card_declined,insufficient_funds,bank_account_closed,bank_account_not_found,bank_debit_not_authorized,bank_account_restricted,bank_debit_limit_exceeded,authentication_required,payment_blocked,expired_card,incorrect_cvc,processing_error,payment_method_unavailable,payment_method_declined,payment_not_completed,payment_action_expired,payment_method_temporarily_unavailable,payment_failed,invalid_payment_source"`
	Message     string       `json:"message"`
	FailedAt    time.Time    `json:"failed_at"`
	Remediation *Remediation `json:"remediation,omitzero"`
}

// CardSummary is a card as far as it may be shown.
type CardSummary struct {
	Brand           string `json:"brand,omitzero" enum:"visa,mastercard,amex,discover,diners,jcb,unionpay"`
	Last4           string `json:"last4,omitzero"`
	PaymentMethodID string `json:"payment_method_id,omitzero"`
}

// BankSummary is a bank account as far as it may be shown.
type BankSummary struct {
	BankName    string `json:"bank_name,omitzero"`
	Last4       string `json:"last4,omitzero"`
	AccountType string `json:"account_type,omitzero" enum:"checking,savings,other"`
}

// PaymentSource is what was charged.
type PaymentSource struct {
	Type     string       `json:"type" enum:"card,ach_debit,affirm"`
	Card     *CardSummary `json:"card,omitzero"`
	ACHDebit *BankSummary `json:"ach_debit,omitzero"`
}

// PendingAction is something that the buyer has to do.
type PendingAction struct {
	ID      string        `json:"pending_action_id"`
	Type    string        `json:"action_type" enum:"payment_authentication,payment_method_authentication"`
	Subject ActionSubject `json:"subject"`
	Client  ClientAction  `json:"client_action"`
}

// ActionSubject is what an action belongs to, exactly one of its members.
type ActionSubject struct {
	PaymentIntent      *ActionIntent `json:"payment_intent,omitzero"`
	SetupPaymentSource *ActionSource `json:"setup_payment_source,omitzero"`
}

// ActionIntent names the payment intent of an action.
type ActionIntent struct {
	ID string `json:"payment_intent_id"`
}

// ActionSource names the payment method of an action.
type ActionSource struct {
	ID string `json:"payment_method_id"`
}

// ClientAction is what the buyer's browser does; the member names the processor.
type ClientAction struct {
	Stripe   *StripeAction   `json:"stripe,omitzero"`
	Redirect *RedirectAction `json:"redirect,omitzero" flint:"extension" doc:"Send the buyer's browser to url; it comes back to the return address."`
}

// StripeAction is the action of a Stripe payment.
type StripeAction struct {
	AccountID      string        `json:"account_id"`
	PublishableKey string        `json:"publishable_key"`
	PaymentIntent  *StripeSecret `json:"payment_intent,omitzero"`
	SetupIntent    *StripeSecret `json:"setup_intent,omitzero"`
}

// StripeSecret is what a page hands to Stripe's script.
type StripeSecret struct {
	ClientSecret string `json:"client_secret"`
	Call         string `json:"stripe_js_call" enum:"handle_next_action"`
}

// RedirectAction sends the browser somewhere.
type RedirectAction struct {
	URL string `json:"url"`
}

// AttemptIntent is a leg inside an attempt.
type AttemptIntent struct {
	ID         string        `json:"payment_intent_id"`
	Status     string        `json:"status" enum:"requires_payment_method,requires_confirmation,requires_action,processing,requires_capture,succeeded,canceled,expired"`
	Amount     Money         `json:"amount_money"`
	Tip        Money         `json:"tip_money"`
	Capturable *Money        `json:"capturable_money,omitzero"`
	ExpiresAt  *time.Time    `json:"authorization_expires_at,omitzero"`
	LastError  *PaymentError `json:"last_payment_error,omitzero"`
}

// OrderPaymentAttempt is one try to pay an order.
type OrderPaymentAttempt struct {
	ID                  string          `json:"order_payment_attempt_id"`
	Mode                string          `json:"mode" enum:"payment,setup,settlement"`
	Status              string          `json:"status" enum:"processing,requires_action,requires_capture,partially_succeeded,requires_retry,finalizing,succeeded,failed,expired,canceled"`
	ExpectedOutstanding Money           `json:"expected_outstanding_money"`
	IsResumable         bool            `json:"is_resumable"`
	PaymentIntents      []AttemptIntent `json:"payment_intents,omitempty"`
	PendingActions      []PendingAction `json:"pending_actions,omitempty"`
	FailureCode         string          `json:"failure_code,omitzero" enum:"card_declined,insufficient_funds,bank_account_closed,bank_account_not_found,bank_debit_not_authorized,bank_account_restricted,bank_debit_limit_exceeded,authentication_required,payment_blocked,expired_card,incorrect_cvc,processing_error,payment_method_unavailable,payment_method_declined,payment_not_completed,payment_action_expired,payment_method_temporarily_unavailable,payment_failed,authorization_canceled,coupon_reservation_failed,invalid_payment_source,inventory_unavailable,order_changed_before_payment,order_payment_customer_mismatch,payment_attempt_canceled,payment_attempt_expired,payment_authorization_canceled,payment_authorization_expired,payment_confirmation_rejected,payment_confirm_outcome_unknown,payment_link_capacity_claim_failed,payment_link_capacity_validation_failed,payment_method_activation_pending,payment_method_required,payment_option_not_allowed,payment_option_unavailable,payment_source_binding_failed,payment_source_conflict,payment_source_not_updatable,payment_source_ownership_mismatch,receipt_email_failed,resource_guarantee_failed,setup_action_unavailable,setup_canceled,setup_cancellation_outcome_unknown,setup_cancellation_pending,setup_confirmation_outcome_unknown,setup_hold_acquisition_failed,setup_preparation_outcome_unknown,setup_processing,setup_result_incomplete,setup_status_unknown,tip_allocation_sync_failed,zero_balance_hold_acquisition_failed,attempt_failed"`
	FailureMessage      string          `json:"failure_message,omitzero"`
	StartedAt           time.Time       `json:"started_at"`
	CompletedAt         *time.Time      `json:"completed_at,omitzero"`
}

// PaymentCollection tells how money can be collected now; it holds no secret.
type PaymentCollection struct {
	Stripe    *StripeCollection    `json:"stripe,omitzero"`
	Simulator *SimulatorCollection `json:"simulator,omitzero" flint:"extension" doc:"Collection through the built-in processor of test environments."`
}

// StripeCollection is collection through Stripe.
type StripeCollection struct {
	AccountID      string              `json:"account_id"`
	PublishableKey string              `json:"publishable_key"`
	ReturnURL      string              `json:"return_url,omitzero"`
	Elements       *CollectionElements `json:"elements,omitzero"`
}

// SimulatorCollection is collection through the simulator.
type SimulatorCollection struct {
	Elements CollectionElements `json:"elements"`
}

// CollectionElements is what a page collects and where the result goes.
type CollectionElements struct {
	Mode           string             `json:"mode" enum:"payment,setup"`
	NextStep       string             `json:"next_step" enum:"collect_payment_source,collect_setup_payment_source,create_confirmation_token"`
	SubmitTo       string             `json:"submit_to" enum:"pay_order,confirm_payment_intent"`
	MethodCreation string             `json:"payment_method_creation" enum:"manual"`
	MethodTypes    []string           `json:"payment_method_types"`
	MethodOptions  map[string]any     `json:"payment_method_options,omitempty"`
	Wallets        []string           `json:"digital_wallets,omitempty"`
	Amount         *Money             `json:"amount_money,omitzero"`
	Selectable     []SelectableIntent `json:"selectable_payment_intents,omitempty"`
}

// SelectableIntent is a leg that confirm_payment_intents may use.
type SelectableIntent struct {
	ID         string             `json:"payment_intent_id"`
	Status     string             `json:"status" enum:"requires_payment_method,requires_confirmation,requires_action,processing,requires_capture,succeeded,canceled,expired"`
	Amount     Money              `json:"amount_money"`
	Tip        Money              `json:"tip_money"`
	LastError  *PaymentError      `json:"last_payment_error,omitzero"`
	Collection *PaymentCollection `json:"payment_collection,omitzero"`
}

// PaymentHold is a processor's wish that the goods wait.
type PaymentHold struct {
	Status      string     `json:"status" enum:"active,released"`
	Reason      string     `json:"reason" enum:"external_payment_hold,external_payment_hold_released"`
	Action      string     `json:"required_action" enum:"pause_fulfillment,reevaluate_fulfillment"`
	RequestedAt time.Time  `json:"requested_at"`
	ReleasedAt  *time.Time `json:"released_at,omitzero"`
	UpdatedAt   time.Time  `json:"updated_at"`
}

// PaymentIntentSummary is an intent inside another resource.
type PaymentIntentSummary struct {
	ID            string         `json:"payment_intent_id"`
	Status        string         `json:"status" enum:"requires_payment_method,requires_confirmation,requires_action,processing,requires_capture,succeeded,canceled,expired"`
	Amount        Money          `json:"amount_money"`
	CaptureMethod string         `json:"capture_method,omitzero" enum:"automatic,manual"`
	Source        *PaymentSource `json:"payment_source,omitzero"`
	RefundStatus  string         `json:"refund_status,omitzero" enum:"none,partially_refunded,refunded"`
	OrderID       string         `json:"order_id,omitzero"`
	CustomerID    string         `json:"customer_id,omitzero"`
	CreatedAt     time.Time      `json:"created_at"`
	UpdatedAt     time.Time      `json:"updated_at"`
}

// OrderSummary is an order inside another resource.
type OrderSummary struct {
	ID                string            `json:"order_id"`
	Number            string            `json:"order_number,omitzero"`
	Status            string            `json:"status" enum:"open,closed"`
	PaymentStatus     string            `json:"payment_status" enum:"unpaid,partially_paid,paid"`
	RefundStatus      string            `json:"refund_status" enum:"none,partially_refunded,refunded"`
	FulfillmentStatus string            `json:"fulfillment_status,omitzero" enum:"not_fulfilled,partially_fulfilled,fulfilled,canceled,not_applicable,closed"`
	CustomerID        string            `json:"customer_id,omitzero"`
	PaymentIntentIDs  []string          `json:"payment_intent_ids,omitempty"`
	Pricing           PricingAmounts    `json:"pricing_amounts"`
	Settlement        SettlementAmounts `json:"settlement_amounts"`
	CreatedAt         time.Time         `json:"created_at"`
	UpdatedAt         time.Time         `json:"updated_at"`
}

// PaymentIntent is one leg: an amount of an order, collected from one source.
type PaymentIntent struct {
	ID                  string             `json:"payment_intent_id"`
	Status              string             `json:"status" enum:"requires_payment_method,requires_confirmation,requires_action,processing,requires_capture,succeeded,canceled,expired"`
	Amount              Money              `json:"amount_money"`
	Tip                 Money              `json:"tip_money"`
	CaptureMethod       string             `json:"capture_method" enum:"automatic,manual"`
	Options             []string           `json:"payment_options" enum:"card,apple_pay,google_pay,affirm,ach_debit"`
	SelectedOption      string             `json:"selected_payment_option,omitzero"`
	Source              *PaymentSource     `json:"payment_source,omitzero"`
	Flow                string             `json:"payment_flow" enum:"checkout,payment_link,invoice,subscription_initial,subscription_renewal,virtual_terminal,api"`
	Origin              string             `json:"origin" enum:"virtual_terminal,payment_link,checkout,api,subscription"`
	LastError           *PaymentError      `json:"last_payment_error" flint:"nullable"`
	Risk                *any               `json:"risk" doc:"Always null: risk scores are not available yet."`
	SupportReference    string             `json:"support_reference"`
	OrderID             string             `json:"order_id,omitzero"`
	Order               *OrderSummary      `json:"order,omitzero" flint:"nullable" doc:"With expand=order."`
	InvoiceID           string             `json:"invoice_id,omitzero"`
	Invoice             any                `json:"invoice,omitzero" doc:"With expand=invoice."`
	CustomerID          string             `json:"customer_id,omitzero"`
	Customer            *CustomerSummary   `json:"customer,omitzero" flint:"nullable" doc:"With expand=customer."`
	ReceiptEmail        string             `json:"receipt_email,omitzero"`
	Purpose             string             `json:"transaction_purpose,omitzero" enum:"goods,services,other"`
	Authorized          *Money             `json:"authorized_money,omitzero"`
	AuthorizedAt        *time.Time         `json:"authorized_at,omitzero"`
	ExpiresAt           *time.Time         `json:"authorization_expires_at,omitzero"`
	Capturable          *Money             `json:"capturable_money,omitzero"`
	Captured            *Money             `json:"captured_money,omitzero"`
	CapturedAt          *time.Time         `json:"captured_at,omitzero"`
	Released            *Money             `json:"released_money,omitzero"`
	Refunded            *Money             `json:"refunded_money,omitzero"`
	RefundStatus        string             `json:"refund_status" enum:"none,partially_refunded,refunded"`
	SettlementStatus    string             `json:"settlement_status" enum:"none,partially_refunded,refunded,disputed"`
	DisputeStatus       string             `json:"dispute_status" enum:"none,warning_needs_response,warning_under_review,warning_closed,needs_response,under_review,won,lost,prevented"`
	FulfillmentHold     *PaymentHold       `json:"fulfillment_hold,omitzero" doc:"Absent: no processor asks for one yet."`
	CurrentAction       *PendingAction     `json:"current_payment_action,omitzero"`
	CancellationReason  string             `json:"cancellation_reason,omitzero" enum:"requested_by_customer,duplicate,fraudulent,abandoned,authorization_expired,invoice_payment_failed,invoice_voided,payment_canceled"`
	ExternalReferenceID string             `json:"external_reference_id,omitzero"`
	MerchantID          string             `json:"merchant_id"`
	Metadata            map[string]string  `json:"metadata,omitempty"`
	CreatedAt           time.Time          `json:"created_at"`
	UpdatedAt           time.Time          `json:"updated_at"`
	Collection          *PaymentCollection `json:"payment_collection,omitzero"`
}

func wirePaymentError(f *payment.Failure) *PaymentError {
	if f == nil {
		return nil
	}
	return &PaymentError{Code: f.Code, Message: f.Message, FailedAt: f.At}
}

func wireSource(s *payment.Source) *PaymentSource {
	switch {
	case s == nil:
		return nil
	case s.Type == "ach_debit":
		return &PaymentSource{Type: s.Type, ACHDebit: &BankSummary{BankName: s.BankName, Last4: s.Last4, AccountType: s.AccountType}}
	default:
		return &PaymentSource{Type: s.Type, Card: &CardSummary{Brand: s.Brand, Last4: s.Last4}}
	}
}

func wireIntent(i *payment.Intent, now time.Time) *PaymentIntent {
	out := &PaymentIntent{
		ID: i.ID, Status: i.Status, Amount: wireMoney(i.Amount, i.Currency), Tip: wireMoney(i.Tip, i.Currency),
		CaptureMethod: i.CaptureMethod, Options: i.Detail.Options, Source: wireSource(i.Detail.Source), Flow: i.Flow, Origin: i.Origin,
		LastError: wirePaymentError(i.Detail.LastError), SupportReference: i.ID, OrderID: i.OrderID, InvoiceID: i.InvoiceID(), CustomerID: i.CustomerID,
		Authorized: wireMoneyIf(i.Authorized, i.Currency), AuthorizedAt: timeIf(i.AuthorizedAt), ExpiresAt: timeIf(i.AuthorizationExpiresAt),
		Capturable: wireMoneyIf(i.Capturable(now), i.Currency), Captured: wireMoneyIf(i.Captured, i.Currency), CapturedAt: timeIf(i.CapturedAt),
		Released: wireMoneyIf(i.Released, i.Currency), Refunded: wireMoneyIf(i.Refunded, i.Currency), RefundStatus: i.RefundStatus(),
		SettlementStatus: i.RefundStatus(), DisputeStatus: i.DisputeStatus(), CancellationReason: i.Detail.CancellationReason,
		ExternalReferenceID: i.ExternalReferenceID, MerchantID: i.Scope.MerchantID, Metadata: i.Detail.Metadata,
		CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt,
	}
	if i.Detail.Source != nil {
		out.SelectedOption = i.Detail.Source.Type
	}
	if i.Disputed > 0 || i.UnderDispute() {
		out.SettlementStatus = "disputed"
	}
	return out
}

func wireIntentSummary(i *payment.Intent) PaymentIntentSummary {
	return PaymentIntentSummary{
		ID: i.ID, Status: i.Status, Amount: wireMoney(i.Amount, i.Currency), CaptureMethod: i.CaptureMethod,
		Source: wireSource(i.Detail.Source), RefundStatus: i.RefundStatus(), OrderID: i.OrderID, CustomerID: i.CustomerID,
		CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt,
	}
}

func wireOrderSummary(o *order.Order) *OrderSummary {
	return &OrderSummary{
		ID: o.ID, Number: o.Number, Status: o.Status, PaymentStatus: o.DerivePaymentStatus(), RefundStatus: o.DeriveRefundStatus(),
		FulfillmentStatus: o.FulfillmentStatus, CustomerID: o.CustomerID, PaymentIntentIDs: o.PaymentIntentIDs,
		Pricing: wirePricing(o), Settlement: wireSettlement(o), CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt,
	}
}

// wireAttempt shows an attempt with its legs and what its buyer has to do.
func wireAttempt(a *payment.Attempt, legs []*payment.Intent, actions []payment.Action, baseURL string, now time.Time) *OrderPaymentAttempt {
	out := &OrderPaymentAttempt{
		ID: a.ID, Mode: a.Mode, Status: a.Status, ExpectedOutstanding: wireMoney(a.ExpectedOutstanding, a.Currency),
		IsResumable: a.Resumable(), FailureCode: a.FailureCode, FailureMessage: a.FailureMessage, StartedAt: a.StartedAt,
		CompletedAt: timeIf(a.CompletedAt),
	}
	for _, l := range legs {
		out.PaymentIntents = append(out.PaymentIntents, AttemptIntent{
			ID: l.ID, Status: l.Status, Amount: wireMoney(l.Amount, l.Currency), Tip: wireMoney(l.Tip, l.Currency),
			Capturable: wireMoneyIf(l.Capturable(now), l.Currency), ExpiresAt: timeIf(l.AuthorizationExpiresAt),
			LastError: wirePaymentError(l.Detail.LastError),
		})
	}
	for _, act := range actions {
		out.PendingActions = append(out.PendingActions, PendingAction{
			ID: act.ID, Type: "payment_authentication", Subject: ActionSubject{PaymentIntent: &ActionIntent{act.PaymentIntentID}},
			Client: ClientAction{Redirect: &RedirectAction{URL: absolute(baseURL, act.URL)}},
		})
	}
	return out
}

// absolute makes an address of ours complete.
func absolute(baseURL, address string) string {
	if len(address) > 0 && address[0] == '/' {
		return baseURL + address
	}
	return address
}
