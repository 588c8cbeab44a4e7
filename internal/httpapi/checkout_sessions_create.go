package httpapi

import (
	"context"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/settings"
)

// QuickPayTax is how a quick pay item is taxed.
type QuickPayTax struct {
	Taxable  *bool  `json:"taxable,omitzero"`
	Category string `json:"line_item_tax_category,omitzero" enum:"general,physical_goods,digital_goods,software,saas,services,professional_services,food,prepared_food,clothing,medical_goods,admission"`
}

// QuickPayItem is one thing to pay for, of which the session makes an order.
type QuickPayItem struct {
	Name   string       `json:"name" minLength:"1" maxLength:"255"`
	Amount Money        `json:"amount_money"`
	Tax    *QuickPayTax `json:"tax,omitzero"`
}

// CreateCheckoutSessionRequest opens a session for exactly one source.
type CreateCheckoutSessionRequest struct {
	OrderID             string              `json:"order_id,omitzero" maxLength:"64"`
	QuickPay            *QuickPayItem       `json:"quick_pay_item,omitzero"`
	PlanID              string              `json:"subscription_plan_id,omitzero" doc:"Reserved."`
	ReplaceID           string              `json:"replace_checkout_session_id,omitzero" maxLength:"64"`
	SubscriptionTerms   any                 `json:"subscription_terms,omitzero" doc:"Reserved."`
	Surface             string              `json:"surface,omitzero" enum:"hosted,embedded" fault:"invalid=INVALID_CHECKOUT_SURFACE"`
	PageOrigin          string              `json:"page_origin,omitzero" maxLength:"255"`
	Redirects           *CheckoutRedirects  `json:"redirects,omitzero"`
	Expiration          *CheckoutExpiration `json:"expiration,omitzero"`
	Collection          *CheckoutCustomer   `json:"customer_collection,omitzero"`
	Payments            *CheckoutPayments   `json:"payments,omitzero"`
	Promotions          *CheckoutPromotions `json:"promotion_config,omitzero"`
	Tip                 *CheckoutTip        `json:"tip,omitzero"`
	Tax                 *CheckoutTax        `json:"tax,omitzero"`
	Theme               *CheckoutTheme      `json:"theme,omitzero"`
	Text                *CheckoutText       `json:"custom_text,omitzero"`
	Legal               *CheckoutLegal      `json:"legal,omitzero"`
	DeliveryMethodIDs   []string            `json:"delivery_method_ids,omitempty" doc:"Reserved."`
	Metadata            map[string]string   `json:"metadata,omitempty"`
	ExternalReferenceID string              `json:"external_reference_id,omitzero" minLength:"1" maxLength:"255"`
}

// CreateCheckoutSessionInput is the request of checkoutSessions.create.
type CreateCheckoutSessionInput struct {
	Body CreateCheckoutSessionRequest
}

// Validate implements Validator.
func (in *CreateCheckoutSessionInput) Validate() error {
	var f fault.List
	r := &in.Body
	refuseReserved(&f, r.PlanID != "", "subscription_plan_id")
	refuseReserved(&f, r.SubscriptionTerms != nil, "subscription_terms")
	refuseReserved(&f, len(r.DeliveryMethodIDs) > 0, "delivery_method_ids")
	if p := r.Payments; p != nil && p.Options != nil && len(p.Options) == 0 {
		f.Add("INVALID_PAYMENT_OPTIONS", "payments.enabled_payment_options", "Name at least one payment option, or leave the list out.")
	}
	return f.Err()
}

// CheckoutAccess is the credential of a session.
type CheckoutAccess struct {
	Token string `json:"checkout_auth_token" doc:"Secret: goes into X-Checkout-Session-Secret."`
}

// CheckoutLaunch is a new session with its credentials.
type CheckoutLaunch struct {
	Session *CheckoutSession `json:"checkout_session"`
	Access  CheckoutAccess   `json:"checkout_access"`
	Reused  bool             `json:"reused_existing" doc:"True only when this answer repeats an earlier one."`
}

func registerCreateCheckoutSession(a *API, s *Services) {
	Write(a, "checkoutSessions.create", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateCheckoutSessionInput) (*CheckoutLaunch, error) {
		launch, err := s.Checkouts.Create(ctx, tx, in.Body.domain(c))
		if err != nil {
			return nil, err
		}
		return s.wireLaunch(tx, c, launch)
	}, Doc("Open a checkout session", "Over an order, or over one quick pay item of which it makes an order."), OneTimeSecrets(),
		Errors("CHECKOUT_SESSION_SOURCE_REQUIRED", "CHECKOUT_SESSION_SOURCE_CONFLICT", "CHECKOUT_SESSION_ALREADY_EXISTS",
			"CHECKOUT_SESSION_CURRENT_CHANGED", "CHECKOUT_REPLACEMENT_REQUIRES_ORDER", "EMBEDDED_PAYMENT_RETURN_URL_REQUIRED", "INVALID_CHECKOUT_SURFACE",
			"INVALID_COLOR", "INVALID_TIP_PERCENTAGES_COUNT", "INVALID_DEFAULT_TIP_PERCENTAGE", "INVALID_SMART_TIP_AMOUNTS_COUNT", "INVALID_SMART_TIP_AMOUNT",
			"INVALID_DEFAULT_SMART_TIP_AMOUNT", "INVALID_PAYMENT_OPTIONS", "ORDER_HAS_NO_LINE_ITEMS",
			"CHECKOUT_PAYMENT_RESOLVING", "ORDER_NOT_OPEN", "ORDER_ALREADY_PAID", "PAYMENT_OPTION_UNAVAILABLE", "INVALID_EXPIRATION", "CHECKOUT_PAGE_ORIGIN_NOT_ALLOWED"))
}

func (r *CreateCheckoutSessionRequest) domain(c *Caller) checkout.CreateInput {
	out := checkout.CreateInput{
		Scope: c.Scope, OrderID: r.OrderID, ReplaceID: r.ReplaceID, Surface: r.Surface, ExternalReferenceID: r.ExternalReferenceID,
		Cause: c.Cause(), Detail: checkout.Detail{PageOrigin: r.PageOrigin, Metadata: r.Metadata},
	}
	d := &out.Detail
	if q := r.QuickPay; q != nil {
		out.QuickPay = &checkout.QuickPay{Name: q.Name, Amount: *q.Amount.amount()}
		if q.Tax != nil {
			out.QuickPay.Taxable, out.QuickPay.Category = q.Tax.Taxable, q.Tax.Category
		}
	}
	if v := r.Redirects; v != nil {
		d.SuccessURL, d.CancelURL = v.Success, v.Cancel
	}
	if v := r.Expiration; v != nil {
		d.ExpiresIn, d.ExpirationURL = v.Seconds, v.URL
	}
	if v := r.Collection; v != nil {
		d.Collection = checkout.Collection{
			CustomerID: v.CustomerID, ExternalReferenceID: v.ExternalReferenceID, Autocomplete: v.Autocomplete,
		}
		out.Choices.RequireEmail, out.Choices.RequirePhone, out.Choices.RequireBilling = v.RequireEmail, v.RequirePhone, v.RequireBilling
		if p := v.Prefilled; p != nil {
			d.Collection.Email, d.Collection.Phone = p.Email, p.Phone
			d.Collection.Billing, d.Collection.Shipping = (*checkout.Address)(p.Billing), (*checkout.Address)(p.Shipping)
		}
	}
	if v := r.Payments; v != nil {
		d.Options, d.PaymentNote, d.PaymentRef = v.Options, v.Note, v.ExternalReferenceID
	}
	if v := r.Promotions; v != nil {
		d.AutoPromotions = v.Automatic
		if v.Codes.Set() {
			d.CodesEnabled = &v.Codes.Value
		}
	}
	if v := r.Tip; v != nil {
		out.Choices.Tip, out.Choices.CustomTip = v.Enabled, v.Custom
		d.Tip = v.domain()
	}
	if v := r.Tax; v != nil {
		d.TaxEnabled = v.Enabled
	}
	if v := r.Theme; v != nil {
		d.Theme = checkout.Theme{Title: v.Title, Primary: v.Primary, Accent: v.Accent}
	}
	if v := r.Text; v != nil {
		d.Text = checkout.Text{Summary: v.Summary, Shipping: v.Shipping}
	}
	if v := r.Legal; v != nil {
		d.Legal = checkout.Legal{Terms: v.Terms, Refunds: v.Refunds, Shipping: v.Shipping, Contract: v.Contract}
		out.Choices.RequireTerms = v.RequireTerms
	}
	return out
}

func (t *CheckoutTip) domain() checkout.Tip {
	out := checkout.Tip{Smart: t.Smart, Options: t.Options, Default: t.Default, SmartDefault: t.SmartDefault.amount()}
	for _, a := range t.SmartOptions {
		out.SmartOptions = append(out.SmartOptions, *a.amount())
	}
	return out
}

// wireLaunch is a session with its credentials, which nothing shows again.
func (s *Services) wireLaunch(tx db.Tx, c *Caller, launch checkout.Launch) (*CheckoutLaunch, error) {
	out := &CheckoutLaunch{Session: wireSession(launch.Session, c.Kind, c.Now), Access: CheckoutAccess{launch.Secret.Reveal()}}
	out.Session.URL = s.pageOf(launch.Session)
	var err error
	out.Session.PaymentCollection, err = s.collection(tx, launch.Session.Scope, launch.Order, launch.Session.ID)
	return out, err
}

// pageOf is the address of a session's hosted page with its launch token, empty for an embedded session.
func (s *Services) pageOf(session *checkout.Session) string {
	return s.Checkouts.PageLink(s.Settings.Address(session.Scope, settings.DomainCheckout), session)
}
