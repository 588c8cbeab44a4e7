package httpapi

import (
	"time"

	"flint/internal/auth"
	"flint/internal/checkout"
	"flint/internal/invoice"
	"flint/internal/money"
	"flint/internal/paymentlink"
)

// CheckoutRedirects is where the buyer's browser goes.
type CheckoutRedirects struct {
	Success string `json:"success_redirect_url,omitzero" maxLength:"2048"`
	Cancel  string `json:"cancel_redirect_url,omitzero" maxLength:"2048"`
}

// CheckoutExpiration is how long a session lives.
type CheckoutExpiration struct {
	Seconds int64  `json:"expires_in_seconds,omitzero" fault:"invalid=INVALID_EXPIRATION" doc:"60 to 86400; 86400 by default."`
	URL     string `json:"expiration_url,omitzero" maxLength:"2048"`
}

// PrefilledCustomer is what is known of the buyer.
type PrefilledCustomer struct {
	Email    string   `json:"email,omitzero" maxLength:"255"`
	Phone    string   `json:"phone,omitzero" maxLength:"16"`
	Billing  *Address `json:"billing_address,omitzero"`
	Shipping *Address `json:"shipping_address,omitzero"`
}

// CheckoutCustomer is what is asked of the buyer.
type CheckoutCustomer struct {
	CustomerID          string             `json:"customer_id,omitzero" maxLength:"64"`
	ExternalReferenceID string             `json:"external_reference_id,omitzero" maxLength:"255"`
	Prefilled           *PrefilledCustomer `json:"prefilled_customer_info,omitzero"`
	RequireEmail        *bool              `json:"require_email,omitzero" doc:"As the merchant's settings say when left out; so are the next two."`
	RequirePhone        *bool              `json:"require_phone,omitzero"`
	RequireBilling      *bool              `json:"require_billing_address,omitzero"`
	Autocomplete        bool               `json:"enable_address_autocomplete,omitzero"`
}

// CheckoutPayments is how a session may be paid.
type CheckoutPayments struct {
	Options             []string `json:"enabled_payment_options,omitempty" enum:"card,apple_pay,google_pay,affirm,ach_debit" maxItems:"5" fault:"invalid=INVALID_PAYMENT_OPTIONS"`
	Note                string   `json:"payment_note,omitzero" maxLength:"500"`
	ExternalReferenceID string   `json:"external_reference_id,omitzero" maxLength:"255"`
}

// CheckoutPromotions is how promotions take part.
type CheckoutPromotions struct {
	Automatic *bool     `json:"automatic_enabled,omitzero"`
	Codes     Opt[bool] `json:"codes_enabled,omitzero"`
}

// CheckoutTip offers a gratuity.
type CheckoutTip struct {
	Enabled      *bool           `json:"enabled,omitzero" doc:"As the merchant's settings say when left out; so are the choices."`
	Custom       *bool           `json:"is_custom_tip_enabled,omitzero"`
	Smart        bool            `json:"is_smart_tips_enabled,omitzero" doc:"Offers amounts in place of percentages."`
	Options      []money.Percent `json:"tip_percent_options,omitempty" doc:"Exactly three, 1 to 100."`
	Default      *money.Percent  `json:"default_tip_percent,omitzero"`
	SmartOptions []Money         `json:"smart_tip_money_options,omitempty" doc:"Exactly three, of the order's currency."`
	SmartDefault *Money          `json:"default_smart_tip_money,omitzero"`
}

// CheckoutTax switches tax on for orders that the session makes.
type CheckoutTax struct {
	Enabled *bool `json:"enabled,omitzero"`
}

// CheckoutTheme is a session's branding.
type CheckoutTheme struct {
	Title   string `json:"title,omitzero" maxLength:"100"`
	Primary string `json:"primary_color,omitzero" maxLength:"7"`
	Accent  string `json:"accent_color,omitzero" maxLength:"7"`
}

// CheckoutText is a session's own wording.
type CheckoutText struct {
	Summary  string `json:"order_summary_message,omitzero" maxLength:"500"`
	Shipping string `json:"shipping_address_label,omitzero" maxLength:"100"`
}

// CheckoutLegal links the merchant's terms.
type CheckoutLegal struct {
	Terms        string `json:"terms_of_service_url,omitzero" maxLength:"2048"`
	RequireTerms *bool  `json:"require_terms_of_service,omitzero"`
	Refunds      string `json:"refund_policy_url,omitzero" maxLength:"2048"`
	Shipping     string `json:"shipping_policy_url,omitzero" maxLength:"2048"`
	Contract     string `json:"contract_url,omitzero" maxLength:"2048"`
}

// CheckoutContact is what the buyer saved or cleared.
type CheckoutContact struct {
	Email          *string    `json:"email" nullable:"true"`
	Phone          *string    `json:"phone" nullable:"true"`
	IsEmailCleared bool       `json:"is_email_cleared"`
	IsPhoneCleared bool       `json:"is_phone_cleared"`
	UpdatedAt      *time.Time `json:"updated_at,omitzero"`
}

// CheckoutProblem blocks a session.
type CheckoutProblem struct {
	Code           string       `json:"code" enum:"delivery_selection_stale,delivery_selection_invalid"`
	Severity       string       `json:"severity" enum:"error"`
	BlocksCheckout bool         `json:"blocks_completion"`
	Remediation    *Remediation `json:"remediation,omitzero"`
}

// CheckoutPrefill is what a buyer's page can fill in.
type CheckoutPrefill struct {
	Email    string   `json:"email,omitzero"`
	Billing  *Address `json:"billing_address,omitzero"`
	Shipping *Address `json:"shipping_address,omitzero"`
}

// CheckoutSupport is how a buyer reaches the merchant.
type CheckoutSupport struct {
	Email string `json:"email,omitzero"`
	Phone string `json:"phone,omitzero"`
	URL   string `json:"url,omitzero"`
}

// CheckoutTermsAccepted is what a buyer agreed to.
type CheckoutTermsAccepted struct {
	URL        string    `json:"terms_of_service_url"`
	AcceptedAt time.Time `json:"accepted_at"`
}

// PaymentMethodSave is what became of a payment method that the buyer wanted kept.
type PaymentMethodSave struct {
	Status                    string     `json:"status" enum:"pending,saved,expired"`
	SavedWith                 string     `json:"saved_with,omitzero" enum:"sms,email"`
	PhoneLastDigits           string     `json:"phone_last_digits,omitzero"`
	EmailConfirmationRequired bool       `json:"email_confirmation_required"`
	ExpiresAt                 *time.Time `json:"expires_at,omitzero"`
}

// ExpandedInvoice is an invoice inside another object.
type ExpandedInvoice struct {
	ID                    string     `json:"invoice_id"`
	Number                string     `json:"invoice_number,omitzero"`
	Status                string     `json:"status" enum:"draft,open,partially_paid,paid,void,uncollectible,credited"`
	IsOverdue             bool       `json:"is_overdue"`
	Outstanding           Money      `json:"outstanding_money"`
	Paid                  Money      `json:"paid_money"`
	Refunded              Money      `json:"refunded_money"`
	RefundStatus          string     `json:"refund_status,omitzero" enum:"none,partially_refunded,refunded"`
	CollectionBlockStatus string     `json:"collection_block_status,omitzero" enum:"none,inventory_blocked,resolved"`
	CustomerID            string     `json:"customer_id,omitzero"`
	OrderID               string     `json:"order_id,omitzero"`
	DueAt                 *time.Time `json:"due_at,omitzero"`
	CreatedAt             time.Time  `json:"created_at"`
	UpdatedAt             time.Time  `json:"updated_at"`
}

// ExpandInvoice is an invoice as other objects show it.
func ExpandInvoice(v *invoice.Invoice, now time.Time) *ExpandedInvoice {
	m := func(minor int64) Money { return wireMoney(minor, v.Currency) }
	return &ExpandedInvoice{
		ID: v.ID, Number: v.Number, Status: v.Status, IsOverdue: v.Overdue(now), Outstanding: m(v.Amounts.Outstanding()), Paid: m(v.Amounts.Paid),
		Refunded: m(v.Amounts.Refunded), RefundStatus: v.RefundStatus(), CustomerID: v.CustomerID, OrderID: v.OrderID, DueAt: timeIf(v.DueAt),
		CreatedAt: v.CreatedAt, UpdatedAt: v.UpdatedAt,
	}
}

// ExpandPaymentLink is a payment link as other objects show it; base is where its page is.
func ExpandPaymentLink(l *paymentlink.Link, base string) *ExpandedPaymentLink {
	return &ExpandedPaymentLink{
		ID: l.ID, Name: l.Name, Description: l.Description, URL: l.Address(base), Status: l.Status, Type: l.Type, CompletedCount: l.Completed,
		CreatedAt: l.CreatedAt, UpdatedAt: l.UpdatedAt,
	}
}

// ExpandedPaymentLink is a payment link inside another object.
type ExpandedPaymentLink struct {
	ID             string    `json:"payment_link_id"`
	Name           string    `json:"name"`
	Description    string    `json:"description,omitzero"`
	URL            string    `json:"url,omitzero"`
	Status         string    `json:"status" enum:"active,inactive"`
	Type           string    `json:"payment_link_type" enum:"standard,donation,event"`
	CompletedCount int64     `json:"completed_count"`
	PlanID         string    `json:"subscription_plan_id,omitzero"`
	CreatedAt      time.Time `json:"created_at"`
	UpdatedAt      time.Time `json:"updated_at"`
}

// CheckoutSession is one door to pay one order.
type CheckoutSession struct {
	ID                  string                 `json:"checkout_session_id"`
	MerchantID          string                 `json:"merchant_id"`
	Status              string                 `json:"status" enum:"open,paid,partially_paid,expired,closed,invalidated"`
	TerminalReason      string                 `json:"terminal_reason,omitzero" enum:"payment_succeeded,payment_partially_succeeded,expired,api,order_mutated,superseded,invoice_paid_elsewhere,invoice_voided,invoice_uncollectible,invoice_balance_changed"`
	ClosedReason        string                 `json:"closed_reason,omitzero"`
	SupersedingID       string                 `json:"superseding_checkout_session_id,omitzero"`
	Surface             string                 `json:"surface" enum:"hosted,embedded"`
	Origin              string                 `json:"origin" enum:"virtual_terminal,payment_link,checkout,api,subscription"`
	PageOrigin          string                 `json:"page_origin,omitzero"`
	URL                 string                 `json:"url,omitzero" doc:"Hosted page with its launch token in the fragment; for credentials that may manage sessions."`
	OrderID             string                 `json:"order_id"`
	Order               *OrderSummary          `json:"order,omitzero" doc:"With expand=order."`
	InvoiceID           string                 `json:"invoice_id,omitzero"`
	Invoice             *ExpandedInvoice       `json:"invoice,omitzero" doc:"With expand=invoice."`
	PaymentLinkID       string                 `json:"payment_link_id,omitzero"`
	PaymentLink         *ExpandedPaymentLink   `json:"payment_link,omitzero" doc:"With expand=payment_link."`
	Customer            *CustomerSummary       `json:"customer,omitzero" doc:"With expand=customer."`
	PaymentIntentIDs    []string               `json:"payment_intent_ids,omitempty"`
	PaymentIntents      []PaymentIntentSummary `json:"payment_intents,omitempty" doc:"With expand=payment_intents."`
	Redirects           *CheckoutRedirects     `json:"redirects,omitzero"`
	Expiration          *CheckoutExpiration    `json:"expiration,omitzero"`
	ExpiresAt           time.Time              `json:"expires_at"`
	Collection          *CheckoutCustomer      `json:"customer_collection,omitzero"`
	Payments            *CheckoutPayments      `json:"payments,omitzero"`
	Promotions          *CheckoutPromotions    `json:"promotion_config,omitzero"`
	Tip                 *CheckoutTip           `json:"tip,omitzero"`
	Tax                 *CheckoutTax           `json:"tax,omitzero"`
	Theme               *CheckoutTheme         `json:"theme,omitzero"`
	Text                *CheckoutText          `json:"custom_text,omitzero"`
	Legal               *CheckoutLegal         `json:"legal,omitzero"`
	DeliveryMethodIDs   []string               `json:"delivery_method_ids" doc:"Empty: deliveries are not chosen at the checkout."`
	DeliveryRequired    bool                   `json:"delivery_selection_required"`
	Problems            []CheckoutProblem      `json:"problems"`
	TermsAccepted       *CheckoutTermsAccepted `json:"terms_acceptance,omitzero" doc:"Ours: what the buyer agreed to on the hosted page, and when."`
	PaymentCollection   *PaymentCollection     `json:"payment_collection,omitzero"`
	ActiveAttempt       *OrderPaymentAttempt   `json:"active_payment_attempt,omitzero"`
	Contact             *CheckoutContact       `json:"buyer_contact,omitzero"`
	Prefill             *CheckoutPrefill       `json:"customer_prefill,omitzero"`
	Support             *CheckoutSupport       `json:"merchant_support,omitzero"`
	SaveOffered         *bool                  `json:"save_payment_method_offered,omitzero" doc:"For buyers, like the next three."`
	SavePhoneOffered    *bool                  `json:"save_payment_method_phone_offered,omitzero"`
	SaveVerification    *bool                  `json:"save_payment_method_requires_verification,omitzero"`
	MethodSave          *PaymentMethodSave     `json:"payment_method_save,omitzero"`
	RecoveryMode        bool                   `json:"recovery_mode"`
	RecoveryAttemptID   string                 `json:"recovery_payment_attempt_id,omitzero"`
	RecoveryExpiresAt   *time.Time             `json:"recovery_expires_at,omitzero"`
	ExternalReferenceID string                 `json:"external_reference_id,omitzero"`
	Metadata            map[string]string      `json:"metadata,omitempty"`
	CreatedAt           time.Time              `json:"created_at"`
	UpdatedAt           time.Time              `json:"updated_at"`
}

func wireSessionTip(t checkout.Tip) *CheckoutTip {
	out := &CheckoutTip{Enabled: &t.Enabled, Custom: &t.Custom, Smart: t.Smart, Options: t.Options, Default: t.Default}
	for _, a := range t.SmartOptions {
		out.SmartOptions = append(out.SmartOptions, wireMoney(a.Minor, a.Currency))
	}
	if a := t.SmartDefault; a != nil {
		v := wireMoney(a.Minor, a.Currency)
		out.SmartDefault = &v
	}
	return out
}

// wireSession is a session as the kind of caller may see it.
func wireSession(s *checkout.Session, kind auth.Kind, now time.Time) *CheckoutSession {
	d := &s.Detail
	status, reason := s.StatusNow(now)
	out := &CheckoutSession{
		ID: s.ID, MerchantID: s.Scope.MerchantID, Status: status, TerminalReason: reason, SupersedingID: s.SupersedingID,
		Surface: s.Surface, Origin: s.Origin, PageOrigin: d.PageOrigin, OrderID: s.OrderID, InvoiceID: s.InvoiceID, PaymentLinkID: s.PaymentLinkID, ExpiresAt: s.ExpiresAt,
		Expiration:        &CheckoutExpiration{Seconds: d.ExpiresIn, URL: d.ExpirationURL},
		Payments:          &CheckoutPayments{Options: d.Options, Note: d.PaymentNote, ExternalReferenceID: d.PaymentRef},
		DeliveryMethodIDs: []string{}, Problems: []CheckoutProblem{}, RecoveryMode: s.Recovering(now),
		CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt,
	}
	if d.SuccessURL != "" || d.CancelURL != "" {
		out.Redirects = &CheckoutRedirects{d.SuccessURL, d.CancelURL}
	}
	if c := d.Collection; c != (checkout.Collection{}) {
		out.Collection = &CheckoutCustomer{
			CustomerID: c.CustomerID, ExternalReferenceID: c.ExternalReferenceID, RequireEmail: &c.RequireEmail,
			RequirePhone: &c.RequirePhone, RequireBilling: &c.RequireBilling, Autocomplete: c.Autocomplete,
		}
		if c.Email != "" || c.Phone != "" || c.Billing != nil || c.Shipping != nil {
			out.Collection.Prefilled = &PrefilledCustomer{Email: c.Email, Phone: c.Phone, Billing: (*Address)(c.Billing), Shipping: (*Address)(c.Shipping)}
		}
	}
	if d.AutoPromotions != nil || d.CodesEnabled != nil {
		out.Promotions = &CheckoutPromotions{Automatic: d.AutoPromotions}
		if d.CodesEnabled != nil {
			out.Promotions.Codes = Opt[bool]{Value: *d.CodesEnabled, Sent: true}
		}
	}
	if d.Tip.Enabled {
		out.Tip = wireSessionTip(d.Tip)
	}
	if d.TaxEnabled != nil {
		out.Tax = &CheckoutTax{d.TaxEnabled}
	}
	if d.Theme != (checkout.Theme{}) {
		out.Theme = &CheckoutTheme{d.Theme.Title, d.Theme.Primary, d.Theme.Accent}
	}
	if d.Text != (checkout.Text{}) {
		out.Text = &CheckoutText{d.Text.Summary, d.Text.Shipping}
	}
	if d.Legal != (checkout.Legal{}) {
		out.Legal = &CheckoutLegal{d.Legal.Terms, &d.Legal.RequireTerms, d.Legal.Refunds, d.Legal.Shipping, d.Legal.Contract}
	}
	if c := d.Contact; c != nil {
		out.Contact = &CheckoutContact{IsEmailCleared: c.EmailCleared, IsPhoneCleared: c.PhoneCleared, UpdatedAt: timeIf(c.UpdatedAt)}
		if c.Email != "" {
			out.Contact.Email = &c.Email
		}
		if c.Phone != "" {
			out.Contact.Phone = &c.Phone
		}
	}
	if out.RecoveryMode {
		out.RecoveryAttemptID, out.RecoveryExpiresAt = d.RecoveryID, timeIf(d.RecoveryUntil)
	}
	if t := d.Terms; t != nil {
		out.TermsAccepted = &CheckoutTermsAccepted{URL: t.URL, AcceptedAt: t.AcceptedAt}
	}
	if kind != auth.CheckoutCredential {
		out.ClosedReason, out.ExternalReferenceID, out.Metadata = d.ClosedReason, s.ExternalReferenceID, d.Metadata
	}
	return out
}
