package httpapi

import (
	"context"
	"slices"
	"time"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/payment"
	"flint/internal/refund"
	"flint/internal/returns"
)

// ReturnResolutionPath names a resolution.
type ReturnResolutionPath struct {
	ResolutionID string `path:"return_resolution_id" id:"rres"`
}

func (p *ReturnResolutionPath) version(c *Caller, expected *int64) returns.ResolutionVersion {
	return returns.ResolutionVersion{Scope: c.Scope, ResolutionID: p.ResolutionID, ExpectedVersion: expected, Cause: c.Cause()}
}

// GetReturnResolutionInput is the request of getReturnResolution.
type GetReturnResolutionInput struct {
	ReturnResolutionPath
	Expand []string `query:"expand" enum:"payment_intents,refunds,replacement_order"`
}

// ListReturnResolutionsInput is the request of listReturnResolutions.
type ListReturnResolutionsInput struct {
	PageQuery
	ActionBy            string    `query:"action_required_by" enum:"buyer,merchant,integration"`
	Corrects            string    `query:"corrects_return_resolution_id" maxLength:"64"`
	CreatedAfter        time.Time `query:"created_after"`
	CreatedBefore       time.Time `query:"created_before"`
	ExternalReferenceID string    `query:"external_reference_id" minLength:"1" maxLength:"255"`
	Query               string    `query:"query" maxLength:"255"`
	Type                []string  `query:"resolution_type" enum:"refund,exchange,replacement,no_monetary_action,correction"`
	ReturnID            string    `query:"return_id" maxLength:"64"`
	LineID              string    `query:"return_line_item_id" maxLength:"64"`
	RevisionID          string    `query:"return_policy_revision_id" maxLength:"64"`
	Status              []string  `query:"status" enum:"proposed,pending,requires_action,partially_fulfilled,fulfilled,failed,canceled"`
	UpdatedAfter        time.Time `query:"updated_after"`
	UpdatedBefore       time.Time `query:"updated_before"`
}

// ReturnResolutionCheckoutRequest asks for the checkout of a balance.
type ReturnResolutionCheckoutRequest struct {
	Surface    string             `json:"surface,omitzero" enum:"hosted,embedded"`
	PageOrigin string             `json:"page_origin,omitzero" maxLength:"255"`
	Redirects  *CheckoutRedirects `json:"redirects,omitzero"`
	ReturnURL  string             `json:"return_url,omitzero" maxLength:"2048" doc:"Like redirects.success_redirect_url; both must agree."`
}

func (r *ReturnResolutionCheckoutRequest) check(f *fault.List) {
	if r != nil && r.Redirects != nil && r.Redirects.Success != "" && r.ReturnURL != "" && r.ReturnURL != r.Redirects.Success {
		f.Add("INVALID_RETURN_URL", "return_url", "The return address and the success redirect differ.")
	}
}

func (r *ReturnResolutionCheckoutRequest) domain() returns.SessionInput {
	if r == nil {
		return returns.SessionInput{}
	}
	out := returns.SessionInput{Surface: r.Surface, PageOrigin: r.PageOrigin, SuccessURL: r.ReturnURL}
	if r.Redirects != nil {
		out.CancelURL = r.Redirects.Cancel
		if r.Redirects.Success != "" {
			out.SuccessURL = r.Redirects.Success
		}
	}
	return out
}

// ReturnResolutionCheckoutInput is the request of getOrCreateReturnResolutionCheckoutSession.
type ReturnResolutionCheckoutInput struct {
	ReturnResolutionPath
	Body *ReturnResolutionCheckoutRequest
}

// Validate implements Validator.
func (in *ReturnResolutionCheckoutInput) Validate() error {
	var f fault.List
	in.Body.check(&f)
	return f.Err()
}

// MeReturnResolutionCheckoutInput is the request of createMeReturnResolutionCheckoutSession.
type MeReturnResolutionCheckoutInput struct {
	ResolutionID string `path:"resolution_id" id:"rres"`
	Body         *ReturnResolutionCheckoutRequest
}

// Validate implements Validator.
func (in *MeReturnResolutionCheckoutInput) Validate() error {
	var f fault.List
	in.Body.check(&f)
	return f.Err()
}

// CollectReturnResolutionRequest says how the buyer pays.
type CollectReturnResolutionRequest struct {
	Door string `json:"door" enum:"payment_link,invoice"`
}

// CollectReturnResolutionInput is the request of collectReturnResolution.
type CollectReturnResolutionInput struct {
	ReturnResolutionPath
	Body CollectReturnResolutionRequest
}

// ReturnResolutionCollection is where the buyer pays the difference.
type ReturnResolutionCollection struct {
	Resolution    *ReturnResolution `json:"return_resolution"`
	Door          string            `json:"door" enum:"payment_link,invoice"`
	PaymentLinkID string            `json:"payment_link_id,omitzero"`
	InvoiceID     string            `json:"invoice_id,omitzero"`
	URL           string            `json:"url"`
}

func registerReturnResolutions(a *API, s *Services) {
	Get(a, "listReturnResolutions", func(ctx context.Context, tx db.Tx, c *Caller, in *ListReturnResolutionsInput) (Page[*ReturnResolution], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]returns.ResolutionOf, *listing.Cursor, error) {
			return returns.ListResolutions(tx, returns.ListResolutionsInput{
				Scope: c.Scope, ReturnID: in.ReturnID, LineID: in.LineID, Types: in.Type, Statuses: in.Status, ActionBy: in.ActionBy, Corrects: in.Corrects,
				RevisionID: in.RevisionID, ExternalReferenceID: in.ExternalReferenceID, Query: in.Query,
				Created: returns.Period{After: in.CreatedAfter, Before: in.CreatedBefore}, Updated: returns.Period{After: in.UpdatedAfter, Before: in.UpdatedBefore},
				After: after, Limit: limit,
			})
		})
		return MapPage(page, func(f returns.ResolutionOf) *ReturnResolution { return wireReturnResolution(f.Return, f.Resolution) }), err
	}, Doc("List resolutions", "Over all returns, newest first."))

	scopes := map[string]string{"payment_intents": "payments.payment_intents.read", "refunds": "commerce.refunds.read", "replacement_order": "commerce.orders.read"}
	Get(a, "getReturnResolution", func(ctx context.Context, tx db.Tx, c *Caller, in *GetReturnResolutionInput) (*ReturnResolution, error) {
		if err := mayExpand(c, in.Expand, scopes); err != nil {
			return nil, err
		}
		f, err := returns.GetResolution(tx, c.Scope, in.ResolutionID)
		if err != nil {
			return nil, err
		}
		return s.expandResolution(ctx, tx, c, f, in.Expand)
	}, Doc("Read a resolution", "With what it waits for and what it has moved."))

	Write(a, "getOrCreateReturnResolutionCheckoutSession", func(ctx context.Context, tx db.Tx, c *Caller, in *ReturnResolutionCheckoutInput) (*CheckoutLaunch, error) {
		return s.resolutionCheckout(ctx, a, tx, c, in.version(c, nil), in.Body.domain())
	}, Doc("Open the checkout of a balance", "The same surface hands out the open session; another replaces it while no payment runs."), OneTimeSecrets(),
		Errors("RETURN_ACTION_NOT_ALLOWED", "CHECKOUT_SURFACE_CHANGE_NOT_ALLOWED", "ORDER_COLLECTION_IN_PROGRESS", "ORDER_ALREADY_PAID"))

	Write(a, "createMeReturnResolutionCheckoutSession", func(ctx context.Context, tx db.Tx, c *Caller, in *MeReturnResolutionCheckoutInput) (*CheckoutLaunch, error) {
		f, err := returns.GetResolution(tx, c.Scope, in.ResolutionID)
		if err != nil {
			return nil, err
		}
		if f.Return.CustomerID == "" || f.Return.CustomerID != c.SubjectID {
			return nil, fault.NotFound("return resolution")
		}
		path := ReturnResolutionPath{in.ResolutionID}
		return s.resolutionCheckout(ctx, a, tx, c, path.version(c, nil), in.Body.domain())
	}, Doc("Pay the balance of an own exchange", "Opens the checkout, or hands out the open one."), OneTimeSecrets(),
		Errors("RETURN_ACTION_NOT_ALLOWED", "CHECKOUT_SURFACE_CHANGE_NOT_ALLOWED", "ORDER_COLLECTION_IN_PROGRESS", "ORDER_ALREADY_PAID"))

	Write(a, "collectReturnResolution", func(ctx context.Context, tx db.Tx, c *Caller, in *CollectReturnResolutionInput) (*ReturnResolutionCollection, error) {
		r, x, at, err := s.Returns.Collect(ctx, tx, in.version(c, nil), in.Body.Door)
		if err != nil {
			return nil, err
		}
		out := &ReturnResolutionCollection{Resolution: wireReturnResolution(r, x), Door: at.Door, URL: at.URL}
		if at.Door == returns.DoorLink {
			out.PaymentLinkID = at.ID
		} else {
			out.InvoiceID = at.ID
		}
		return out, nil
	}, Doc("Collect a balance by link or invoice", "Takes the place of the checkout or of the other one: a balance has one way to be paid at a time."),
		Errors("RETURN_ACTION_NOT_ALLOWED", "ORDER_COLLECTION_IN_PROGRESS", "ORDER_ALREADY_PAID"))
}

// resolutionCheckout opens the checkout of a balance and hands out a credential of its own.
func (s *Services) resolutionCheckout(ctx context.Context, a *API, tx db.Tx, c *Caller, v returns.ResolutionVersion, in returns.SessionInput) (*CheckoutLaunch, error) {
	_, x, err := s.Returns.Checkout(ctx, tx, v, in)
	if err != nil {
		return nil, err
	}
	session, err := checkout.Get(tx, c.Scope, x.Effect.SessionID)
	if err != nil {
		return nil, err
	}
	o, err := s.Orders.Get(ctx, tx, c.Scope, session.OrderID)
	if err != nil {
		return nil, err
	}
	launch, err := s.Checkouts.Relaunch(tx, o, session)
	if err != nil {
		return nil, err
	}
	return s.wireLaunch(tx, c, launch)
}

// expandResolution adds what was asked for of refunds, payments and the replacement order.
func (s *Services) expandResolution(ctx context.Context, tx db.Tx, c *Caller, f returns.ResolutionOf, expand []string) (*ReturnResolution, error) {
	out := wireReturnResolution(f.Return, f.Resolution)
	if slices.Contains(expand, "refunds") {
		out.Refunds = []*Refund{}
		for _, refundID := range f.Resolution.RefundIDs {
			r, err := refund.Get(tx, c.Scope, refundID)
			if err != nil {
				return nil, err
			}
			out.Refunds = append(out.Refunds, wireRefund(r))
		}
	}
	if slices.Contains(expand, "payment_intents") {
		out.PaymentIntents = []*PaymentIntentSummary{}
		for _, intentID := range f.Resolution.PaymentIntents {
			i, err := payment.Get(tx, c.Scope, intentID)
			if err != nil {
				return nil, err
			}
			summary := wireIntentSummary(i)
			out.PaymentIntents = append(out.PaymentIntents, &summary)
		}
	}
	if slices.Contains(expand, "replacement_order") && f.Resolution.ReplacementID != "" {
		o, err := s.Orders.Get(ctx, tx, c.Scope, f.Resolution.ReplacementID)
		if err != nil {
			return nil, err
		}
		out.ReplacementOrder = wireOrderSummary(o)
	}
	return out, nil
}
