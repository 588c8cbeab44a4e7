package httpapi

import (
	"context"
	"net/http"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/paymentlink"
	"flint/internal/settings"
	"flint/internal/tenant"
)

// ListPaymentLinksInput is the request of paymentLinks.list.
type ListPaymentLinksInput struct {
	PageQuery
	Status            string    `query:"status" enum:"active,inactive"`
	Type              string    `query:"payment_link_type" enum:"standard,donation,event"`
	HasPlan           *bool     `query:"has_plan" doc:"No link has a plan yet."`
	ExternalReference string    `query:"external_reference_id" maxLength:"255" doc:"Exact."`
	Query             string    `query:"query" maxLength:"255" doc:"Part of id, name, description, line names or reference."`
	SortBy            string    `query:"sort_by" enum:"created_at,updated_at"`
	SortDirection     string    `query:"sort_direction" enum:"asc,desc"`
	CreatedAfter      time.Time `query:"created_after"`
	CreatedBefore     time.Time `query:"created_before"`
}

// GetPaymentLinkInput is the request of paymentLinks.get.
type GetPaymentLinkInput struct {
	LinkID string   `path:"payment_link_id" id:"pl"`
	Expand []string `query:"expand" enum:"subscription_plan" doc:"No link has a plan yet."`
}

// PaymentLinkPath names a link.
type PaymentLinkPath struct {
	LinkID string `path:"payment_link_id" id:"pl"`
}

// PaymentLinkQRInput is the request of paymentLinks.qr.
type PaymentLinkQRInput struct {
	LinkID string `path:"payment_link_id" id:"pl"`
	Format string `query:"format" enum:"svg,png" default:"svg"`
}

// ResolveLinkRequest is what a buyer chose.
type ResolveLinkRequest struct {
	Context    string            `json:"resolution_context,omitzero" maxLength:"1024" fault:"long=PAYMENT_LINK_RESOLUTION_CONTEXT_INVALID" doc:"Required: from the public read."`
	Answers    map[string]string `json:"custom_field_values,omitempty" doc:"By the key of the field; a box is true or false."`
	Quantities map[string]int64  `json:"quantity_overrides,omitempty" doc:"By the key of the line."`
	Prices     map[string]Money  `json:"unit_price_overrides,omitempty" doc:"By the key of the line; the amount of a donation under donation."`
	Modifiers  map[string]any    `json:"modifiers,omitempty" doc:"Reserved."`
}

// ResolveLinkInput is the request of paymentLinks.resolve.
type ResolveLinkInput struct {
	LinkID string `path:"payment_link_id" id:"pl"`
	Body   ResolveLinkRequest
}

// Validate implements Validator.
func (in *ResolveLinkInput) Validate() error {
	var f fault.List
	refuseReserved(&f, len(in.Body.Modifiers) > 0, "modifiers")
	return f.Err()
}

// Rates of what anybody can call, for one address.
var (
	readLinks    = Rate{PerSecond: 20, Burst: 200}
	resolveLinks = Rate{PerSecond: 2, Burst: 120}
)

func registerPaymentLinks(a *API, s *Services) {
	Get(a, "paymentLinks.list", func(ctx context.Context, tx db.Tx, c *Caller, in *ListPaymentLinksInput) (Page[*PaymentLink], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*paymentlink.Link, *listing.Cursor, error) {
			if in.HasPlan != nil && *in.HasPlan {
				return nil, nil, nil
			}
			return s.PaymentLinks.List(ctx, tx, paymentlink.ListInput{
				Scope: c.Scope, Status: in.Status, Type: in.Type, ExternalReferenceID: in.ExternalReference, Query: in.Query, CreatedAfter: in.CreatedAfter,
				CreatedBefore: in.CreatedBefore, SortBy: in.SortBy, Ascending: in.SortDirection == "asc", After: after, Limit: limit,
			})
		})
		if err != nil {
			return Page[*PaymentLink]{}, err
		}
		out := Page[*PaymentLink]{Data: make([]*PaymentLink, len(page.Data)), Next: page.Next}
		for n, l := range page.Data {
			if out.Data[n], err = s.wireLinkNow(ctx, tx, l); err != nil {
				return Page[*PaymentLink]{}, err
			}
		}
		return out, nil
	}, Doc("List payment links", "Newest first unless sorted otherwise."))

	Get(a, "paymentLinks.get", func(ctx context.Context, tx db.Tx, c *Caller, in *GetPaymentLinkInput) (*PaymentLink, error) {
		l, err := s.PaymentLinks.Get(tx, c.Scope, in.LinkID)
		if err != nil {
			return nil, err
		}
		return s.wireLinkNow(ctx, tx, l)
	}, Doc("Read a payment link", "With what it has sold so far."))

	Get(a, "paymentLinks.getPublic", func(ctx context.Context, tx db.Tx, _ *Caller, in *PaymentLinkPath) (*PublicLinkResult, error) {
		p, err := s.PaymentLinks.ReadPublic(ctx, tx, in.LinkID)
		if err != nil {
			return nil, err
		}
		out := wirePublicLink(p)
		m, err := s.Merchant(tx, p.Link.Scope)
		if err != nil {
			return nil, err
		}
		out.MerchantName = m.Name
		if m.LogoURL != "" {
			out.Logo = &LinkImage{URL: m.LogoURL, Alt: m.LogoAlt}
		}
		if m.IconURL != "" {
			out.Icon = &LinkImage{URL: m.IconURL, Alt: m.IconAlt}
		}
		if out.Theme == nil && (m.Primary != "" || m.Accent != "") {
			out.Theme = &CheckoutTheme{Primary: m.Primary, Accent: m.Accent}
		}
		return out, nil
	}, Doc("Read a payment link as a buyer", "Open to anybody. Gives a signed context, which resolves the link as it is shown."),
		Errors("RATE_LIMIT_EXCEEDED"), PerAddress(readLinks, "RATE_LIMIT_EXCEEDED"))

	Write(a, "paymentLinks.resolve", func(ctx context.Context, tx db.Tx, c *Caller, in *ResolveLinkInput) (*CheckoutLaunch, error) {
		prices := make(map[string]money.Amount, len(in.Body.Prices))
		for key, m := range in.Body.Prices {
			prices[key] = *m.amount()
		}
		cause := c.Cause()
		cause.ActorType, cause.ActorID = "buyer", in.LinkID
		launch, err := s.PaymentLinks.Resolve(ctx, tx, paymentlink.ResolveInput{
			LinkID: in.LinkID, Context: in.Body.Context, Answers: in.Body.Answers, Quantities: in.Body.Quantities, Prices: prices, Cause: cause,
		})
		if err != nil {
			return nil, err
		}
		out, err := s.wireLaunch(tx, c, launch)
		if err == nil { // nobody has authenticated: what is the merchant's alone is not shown
			out.Session.Metadata, out.Session.ExternalReferenceID = nil, ""
		}
		return out, err
	}, Doc("Resolve a payment link", "Turns a buyer's choices into an order and an open checkout session. Open to anybody. Repeat it with the same key and context."),
		OneTimeSecrets(), PerAddress(resolveLinks, "PAYMENT_LINK_RESOLUTION_RATE_LIMITED"),
		Owned(func(tx db.Tx, in *ResolveLinkInput) (tenant.Scope, string, error) {
			l, err := paymentlink.Find(tx, in.LinkID)
			if err != nil {
				return tenant.Scope{}, "", err
			}
			return l.Scope, l.ID, nil
		}),
		Errors("PAYMENT_LINK_INACTIVE", "PAYMENT_LINK_MAX_COMPLETIONS_REACHED", "EVENT_SOLD_OUT", "PAYMENT_LINK_LINE_ITEM_UNAVAILABLE", "PAYMENT_LINK_CHANGED",
			"PAYMENT_LINK_RESOLUTION_CONTEXT_REQUIRED", "PAYMENT_LINK_RESOLUTION_CONTEXT_INVALID", "PAYMENT_LINK_RESOLUTION_CONTEXT_REFRESH_REQUIRED",
			"PAYMENT_LINK_RESOLUTION_RATE_LIMITED", "REQUIRED_CUSTOM_FIELD_MISSING", "UNKNOWN_CUSTOM_FIELD_KEY", "INVALID_DROPDOWN_VALUE", "VALUE_TOO_LONG",
			"UNKNOWN_LINE_ITEM_KEY", "QUANTITY_NOT_ADJUSTABLE", "QUANTITY_ABOVE_MAX", "QUANTITY_BELOW_MIN", "AMOUNT_NOT_ADJUSTABLE", "AMOUNT_ABOVE_MAX",
			"AMOUNT_BELOW_MIN", "DONATION_AMOUNT_REQUIRED", "INVALID_DONATION_AMOUNT", "ORDER_NOT_OPEN", "ORDER_ALREADY_PAID", "CHECKOUT_PAYMENT_RESOLVING"))

	Handle(a, "paymentLinks.qr", func(ctx context.Context, c *Caller, in *PaymentLinkQRInput) (*Raw, error) {
		l, err := read(ctx, a, func(tx db.Tx) (*paymentlink.Link, error) { return s.PaymentLinks.Get(tx, c.Scope, in.LinkID) })
		if err != nil {
			return nil, err
		}
		picture, err := s.QR(l.Address(s.Settings.Address(l.Scope, settings.DomainCheckout)), in.Format)
		if err != nil {
			return nil, err
		}
		kind := "image/svg+xml"
		if in.Format == "png" {
			kind = "image/png"
		}
		return &Raw{Header: http.Header{"Content-Type": {kind}, "Cache-Control": {"private, max-age=86400"}, "Content-Security-Policy": {"default-src 'none'; style-src 'unsafe-inline'"}}, Body: picture}, nil
	}, Doc("Draw a payment link as a QR code", "For print and screens: an SVG or PNG of the page's address."), Produces([]string{"image/svg+xml", "image/png"}))
}

// wireLinkNow is a link with what the catalogue or its order says now.
func (s *Services) wireLinkNow(ctx context.Context, tx db.Tx, l *paymentlink.Link) (*PaymentLink, error) {
	offers, err := s.PaymentLinks.Offers(tx, l.Scope, []*paymentlink.Link{l})
	if err != nil {
		return nil, err
	}
	if _, err := s.PaymentLinks.Bound(ctx, tx, l); err != nil {
		return nil, err
	}
	return wirePaymentLink(l, offers, s.Settings.Address(l.Scope, settings.DomainCheckout)), nil
}
