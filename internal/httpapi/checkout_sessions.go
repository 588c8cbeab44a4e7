package httpapi

import (
	"context"
	"time"

	"flint/internal/auth"
	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/tenant"
)

// ListCheckoutSessionsInput is the request of checkoutSessions.list.
type ListCheckoutSessionsInput struct {
	PageQuery
	Status              string    `query:"status" enum:"open,paid,partially_paid,expired,closed,invalidated"`
	OrderID             string    `query:"order_id"`
	PaymentLinkID       string    `query:"payment_link_id"`
	CustomerID          string    `query:"customer_id"`
	Origin              string    `query:"origin" enum:"virtual_terminal,payment_link,checkout,api,subscription"`
	ExternalReferenceID string    `query:"external_reference_id" maxLength:"255"`
	Query               string    `query:"query" maxLength:"255"`
	SortBy              string    `query:"sort_by" enum:"created_at,updated_at"`
	SortDirection       string    `query:"sort_direction" enum:"asc,desc"`
	CreatedAfter        time.Time `query:"created_after"`
	CreatedBefore       time.Time `query:"created_before"`
	UpdatedAfter        time.Time `query:"updated_after"`
	UpdatedBefore       time.Time `query:"updated_before"`
	ExpiresAfter        time.Time `query:"expires_after"`
	ExpiresBefore       time.Time `query:"expires_before"`
}

// GetCheckoutSessionInput is the request of checkoutSessions.get.
type GetCheckoutSessionInput struct {
	SessionID string   `path:"checkout_session_id" id:"cs"`
	Expand    []string `query:"expand" enum:"customer,invoice,order,payment_intents,payment_link"`
}

// CheckoutContactInput changes the buyer's contact; null clears.
type CheckoutContactInput struct {
	Email Opt[string] `json:"email,omitzero" maxLength:"255"`
	Phone Opt[string] `json:"phone,omitzero" maxLength:"16"`
}

// UpdateCheckoutSessionRequest changes the few fields that a credential may change.
type UpdateCheckoutSessionRequest struct {
	Metadata            MetadataPatch         `json:"metadata,omitzero"`
	ExternalReferenceID *string               `json:"external_reference_id,omitzero" minLength:"1" maxLength:"255"`
	SubscriptionTerms   any                   `json:"subscription_terms,omitzero" doc:"Reserved."`
	Contact             *CheckoutContactInput `json:"buyer_contact,omitzero"`
	Timezone            *string               `json:"timezone,omitzero" maxLength:"64" doc:"IANA name."`
}

// UpdateCheckoutSessionInput is the request of checkoutSessions.update.
type UpdateCheckoutSessionInput struct {
	SessionID string `path:"checkout_session_id" id:"cs"`
	Body      UpdateCheckoutSessionRequest
}

// CloseCheckoutSessionRequest says why.
type CloseCheckoutSessionRequest struct {
	Reason string `json:"reason_message,omitzero" maxLength:"500" doc:"For the merchant; never shown to the buyer."`
}

// CloseCheckoutSessionInput is the request of checkoutSessions.closeSession.
type CloseCheckoutSessionInput struct {
	SessionID string `path:"checkout_session_id" id:"cs"`
	Body      *CloseCheckoutSessionRequest
}

func registerCheckoutSessions(a *API, s *Services) {
	Get(a, "checkoutSessions.list", func(ctx context.Context, tx db.Tx, c *Caller, in *ListCheckoutSessionsInput) (Page[*CheckoutSession], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*checkout.Session, *listing.Cursor, error) {
			return s.Checkouts.List(tx, checkout.ListInput{
				Scope: c.Scope, Status: in.Status, OrderID: in.OrderID, PaymentLinkID: in.PaymentLinkID, CustomerID: in.CustomerID, Origin: in.Origin,
				ExternalReferenceID: in.ExternalReferenceID, Query: in.Query, CreatedAfter: in.CreatedAfter, CreatedBefore: in.CreatedBefore,
				UpdatedAfter: in.UpdatedAfter, UpdatedBefore: in.UpdatedBefore, ExpiresAfter: in.ExpiresAfter, ExpiresBefore: in.ExpiresBefore,
				SortBy: in.SortBy, Ascending: in.SortDirection == "asc", After: after, Limit: limit,
			})
		})
		return MapPage(page, func(v *checkout.Session) *CheckoutSession {
			out := wireSession(v, c.Kind, c.Now)
			if c.managesSessions() {
				out.URL = s.pageOf(v)
			}
			return out
		}), err
	}, Doc("List checkout sessions", "Newest first unless sorted otherwise."))

	Get(a, "checkoutSessions.get", func(ctx context.Context, tx db.Tx, c *Caller, in *GetCheckoutSessionInput) (*CheckoutSession, error) {
		out, err := s.sessionNow(ctx, a, tx, c, in.SessionID, in.Expand)
		if err != nil || !c.managesSessions() {
			return out, err
		}
		session, err := checkout.Get(tx, c.Scope, in.SessionID)
		if err == nil {
			out.URL = s.pageOf(session)
		}
		return out, err
	}, Doc("Read a checkout session", "A buyer's credential reads its own session only. The hosted page's address is shown to credentials that may write sessions."),
		Errors("CHECKOUT_SESSION_AUTH_REQUIRED", "CHECKOUT_SESSION_SECRET_REQUIRED", "EXPANSION_DEPENDENCY_UNAVAILABLE"))

	Write(a, "checkoutSessions.update", func(ctx context.Context, tx db.Tx, c *Caller, in *UpdateCheckoutSessionInput) (*CheckoutSession, error) {
		update, err := in.domain(c)
		if err != nil {
			return nil, err
		}
		if _, err := s.Checkouts.Update(tx, update); err != nil {
			return nil, err
		}
		return s.sessionNow(ctx, a, tx, c, in.SessionID, nil)
	}, Doc("Change a checkout session", "Merchants change metadata and reference; the buyer's credential contact and time zone."),
		Errors("CHECKOUT_SESSION_UPDATE_FIELD_NOT_ALLOWED", "CHECKOUT_SESSION_NOT_OPEN", "CHECKOUT_SESSION_EXPIRED", "CHECKOUT_RECOVERY_RESTRICTED",
			"CHECKOUT_LAUNCH_TOKEN_RESTRICTED", "INVALID_TIMEZONE", "INVALID_EMAIL_FORMAT", "INVALID_PHONE_FORMAT", "NO_FIELDS_TO_UPDATE", "NULL_NOT_ALLOWED"))

	Write(a, "checkoutSessions.closeSession", func(ctx context.Context, tx db.Tx, c *Caller, in *CloseCheckoutSessionInput) (*CheckoutSession, error) {
		reason := ""
		if in.Body != nil {
			reason = in.Body.Reason
		}
		closed, err := s.Checkouts.Close(tx, checkout.CloseInput{Scope: c.Scope, SessionID: in.SessionID, Reason: reason, Cause: c.Cause()})
		if err != nil {
			return nil, err
		}
		return wireSession(closed, c.Kind, c.Now), nil
	}, Doc("Close a checkout session", "Ends an open session; its page says so to the buyer."), Errors("CHECKOUT_SESSION_NOT_OPEN", "CHECKOUT_PAYMENT_RESOLVING"))
}

// managesSessions tells whether the caller may be told the address that opens a session.
func (c *Caller) managesSessions() bool {
	return c.Kind != auth.CheckoutCredential && c.Scopes.Has("checkouts.checkout_sessions.write")
}

func (in *UpdateCheckoutSessionInput) domain(c *Caller) (checkout.UpdateInput, error) {
	r := &in.Body
	out := checkout.UpdateInput{Scope: c.Scope, SessionID: in.SessionID, Cause: c.Cause(), ExternalReferenceID: r.ExternalReferenceID, Timezone: r.Timezone}
	var f fault.List
	refuseReserved(&f, r.SubscriptionTerms != nil, "subscription_terms")
	buyer := c.Kind == auth.CheckoutCredential
	for _, field := range []struct {
		sent, allowed bool
		name          string
	}{
		{r.Metadata.Sent, !buyer, "metadata"}, {r.ExternalReferenceID != nil, !buyer, "external_reference_id"},
		{r.Contact != nil, buyer, "buyer_contact"}, {r.Timezone != nil, buyer, "timezone"},
	} {
		if field.sent && !field.allowed {
			f.Add("CHECKOUT_SESSION_UPDATE_FIELD_NOT_ALLOWED", field.name, "This credential cannot change this field.")
		}
	}
	if buyer && c.SubjectID != in.SessionID {
		return out, fault.NotFound("checkout session")
	}
	if r.Metadata.Sent {
		p := metadataPatch(r.Metadata)
		out.Metadata = &p
	}
	if r.Contact != nil {
		out.Contact = &checkout.ContactInput{Email: r.Contact.Email.Ptr(), Phone: r.Contact.Phone.Ptr()}
	}
	return out, f.Err()
}

// sessionScopes are what expanding a session shows besides it.
var sessionScopes = map[string]string{
	"customer": "customers.read", "invoice": "commerce.invoices.read", "order": "commerce.orders.read",
	"payment_intents": "payments.payment_intents.read", "payment_link": "checkouts.payment_links.read",
}

// sessionNow is one session as the caller may see it, with what can be paid on it now.
func (s *Services) sessionNow(ctx context.Context, a *API, tx db.Tx, c *Caller, sessionID string, expand []string) (*CheckoutSession, error) {
	if c.Kind == auth.CheckoutCredential && c.SubjectID != sessionID {
		return nil, fault.NotFound("checkout session")
	}
	if err := mayExpand(c, expand, sessionScopes, "order", "payment_intents", "payment_link"); err != nil {
		return nil, err
	}
	session, err := checkout.Get(tx, c.Scope, sessionID)
	if err != nil {
		return nil, err
	}
	o, err := s.Orders.Get(ctx, tx, c.Scope, session.OrderID)
	if err != nil {
		return nil, err
	}
	out := wireSession(session, c.Kind, c.Now)
	out.PaymentIntentIDs = o.PaymentIntentIDs
	if out.Status == checkout.StatusOpen || out.RecoveryMode {
		wire, err := s.wireOrderNow(a, tx, c, o)
		if err != nil {
			return nil, err
		}
		out.ActiveAttempt = wire.ActiveAttempt
		if out.Status == checkout.StatusOpen {
			if out.PaymentCollection, err = s.collection(tx, c.Scope, o, session.ID); err != nil {
				return nil, err
			}
		}
	}
	if c.Kind == auth.CheckoutCredential {
		if err := s.buyerView(ctx, tx, c, session, out); err != nil {
			return nil, err
		}
	}
	return out, s.expandSession(ctx, tx, c, session, o, expand, out)
}

// buyerView adds what only the buyer's credential is shown.
func (s *Services) buyerView(ctx context.Context, tx db.Tx, c *Caller, session *checkout.Session, out *CheckoutSession) error {
	x := &s.Sessions
	if x.Support != nil {
		support, err := x.Support(tx, c.Scope)
		if err != nil {
			return err
		}
		if support != (CheckoutSupport{}) {
			out.Support = &support
		}
	}
	offer := SaveOffer{}
	if x.SaveOffer != nil && out.Status == checkout.StatusOpen {
		var err error
		if offer, err = x.SaveOffer(tx, session, c.ActsForID); err != nil {
			return err
		}
	}
	out.SaveOffered, out.SavePhoneOffered, out.SaveVerification = &offer.Offered, &offer.Phone, &offer.RequiresVerification
	if c.ActsForID == "" || out.Status != checkout.StatusOpen || c.LaunchOnly {
		return nil
	}
	who, err := s.Customers.Get(ctx, tx, c.Scope, c.ActsForID)
	if err != nil {
		return err
	}
	out.Prefill = &CheckoutPrefill{Email: who.Email, Billing: (*Address)(who.BillingAddress), Shipping: (*Address)(who.ShippingAddress)}
	return nil
}

// expandSession puts related objects into the answer. One that is named and not there is an error of ours.
func (s *Services) expandSession(ctx context.Context, tx db.Tx, c *Caller, session *checkout.Session, o *order.Order, expand []string, out *CheckoutSession) (err error) {
	for _, path := range expand {
		switch {
		case path == "order":
			out.Order = wireOrderSummary(o)
		case path == "customer" && o.CustomerID != "":
			out.Customer, err = s.customerSummary(ctx, tx, c, o.CustomerID)
		case path == "invoice" && session.InvoiceID != "":
			out.Invoice, err = expanded(tx, c, session.InvoiceID, s.Sessions.Invoice)
		case path == "payment_link" && session.PaymentLinkID != "":
			out.PaymentLink, err = expanded(tx, c, session.PaymentLinkID, s.Sessions.PaymentLink)
		case path == "payment_intents":
			var legs []*payment.Intent
			legs, err = payment.OfOrder(tx, c.Scope, o.ID, false)
			for _, l := range legs[:min(len(legs), maxExpanded)] {
				out.PaymentIntents = append(out.PaymentIntents, wireIntentSummary(l))
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// expanded reads an object of another domain that a session names.
func expanded[T any](tx db.Tx, c *Caller, objectID string, read func(tx db.Tx, scope tenant.Scope, objectID string) (*T, error)) (*T, error) {
	if read == nil {
		return nil, fault.Unavailable("EXPANSION_DEPENDENCY_UNAVAILABLE", "What is to be expanded cannot be read.")
	}
	out, err := read(tx, c.Scope, objectID)
	if fault.Is(err, "RESOURCE_NOT_FOUND") {
		return nil, fault.Internal("DANGLING_EXPANSION_REFERENCE", "%s is named and does not exist", objectID)
	}
	return out, err
}
