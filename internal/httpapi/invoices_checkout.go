package httpapi

import (
	"context"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/invoice"
	"flint/internal/payment"
)

// InvoiceCheckoutSessionRequest asks for the invoice's checkout.
type InvoiceCheckoutSessionRequest struct {
	Surface    string             `json:"surface,omitzero" enum:"hosted,embedded"`
	Redirects  *CheckoutRedirects `json:"redirects,omitzero"`
	ReturnURL  string             `json:"return_url,omitzero" maxLength:"2048" doc:"Like redirects.success_redirect_url; both must agree."`
	EntryID    string             `json:"invoice_schedule_entry_id,omitzero" maxLength:"64" doc:"The first open entry alone, and not everything that is due."`
	PageOrigin string             `json:"page_origin,omitzero" maxLength:"255"`
}

// InvoiceCheckoutSessionInput is the request of invoices.getOrCreateCheckoutSession.
type InvoiceCheckoutSessionInput struct {
	InvoicePath
	Body *InvoiceCheckoutSessionRequest
}

// Validate implements Validator.
func (in *InvoiceCheckoutSessionInput) Validate() error {
	if in.Body == nil {
		return nil
	}
	var f fault.List
	r := in.Body
	if r.Redirects != nil && r.Redirects.Success != "" && r.ReturnURL != "" && r.ReturnURL != r.Redirects.Success {
		f.Add("INVALID_RETURN_URL", "return_url", "The return address and the success redirect differ.")
	}
	if r.Surface == checkout.SurfaceEmbedded && r.ReturnURL == "" && (r.Redirects == nil || r.Redirects.Success == "") {
		f.Add("EMBEDDED_PAYMENT_RETURN_URL_REQUIRED", "return_url", "An embedded checkout needs an address to come back to.")
	}
	return f.Err()
}

func (in *InvoiceCheckoutSessionInput) domain(c *Caller) invoice.CheckoutInput {
	out := invoice.CheckoutInput{Scope: c.Scope, InvoiceID: in.InvoiceID, Cause: c.Cause()}
	if r := in.Body; r != nil {
		out.Surface, out.EntryID, out.PageOrigin, out.SuccessURL = r.Surface, r.EntryID, r.PageOrigin, r.ReturnURL
		if r.Redirects != nil {
			out.CancelURL = r.Redirects.Cancel
			if r.Redirects.Success != "" {
				out.SuccessURL = r.Redirects.Success
			}
		}
	}
	return out
}

// HostedInvoiceCheckout is deprecated: the session and its access say the same.
type HostedInvoiceCheckout struct {
	URL   string `json:"url"`
	Token string `json:"checkout_auth_token"`
}

// InvoiceCheckoutLaunch is the checkout of an invoice with its credentials.
type InvoiceCheckoutLaunch struct {
	Session *CheckoutSession       `json:"checkout_session"`
	Access  CheckoutAccess         `json:"checkout_access"`
	Attempt *InvoicePaymentAttempt `json:"invoice_payment_attempt,omitzero"`
	Reused  bool                   `json:"reused_existing"`
	Hosted  *HostedInvoiceCheckout `json:"hosted_checkout,omitzero" doc:"Deprecated."`
}

// SuccessStatus is 200 for a checkout that was open and 201 for a new one.
func (l InvoiceCheckoutLaunch) SuccessStatus() int {
	if l.Reused {
		return 200
	}
	return 201
}

// InvoiceCheckoutSessionResult is the answer to a merchant.
type InvoiceCheckoutSessionResult struct {
	Invoice *Invoice `json:"invoice"`
	InvoiceCheckoutLaunch
}

// BuyerInvoiceCheckoutSessionResult is the answer to a buyer.
type BuyerInvoiceCheckoutSessionResult struct {
	Invoice *BuyerInvoice `json:"invoice"`
	InvoiceCheckoutLaunch
}

// openInvoice opens the checkout of an invoice, or gives the one that is open.
func (s *Services) openInvoice(ctx context.Context, tx db.Tx, c *Caller, in *InvoiceCheckoutSessionInput) (*invoice.Invoice, InvoiceCheckoutLaunch, error) {
	var out InvoiceCheckoutLaunch
	opened, err := s.Invoices.Checkout(ctx, tx, in.domain(c))
	if err != nil {
		return nil, out, err
	}
	session, err := checkout.Get(tx, c.Scope, opened.SessionID)
	if err != nil {
		return nil, out, err
	}
	o, err := s.Orders.Get(ctx, tx, c.Scope, session.OrderID)
	if err != nil {
		return nil, out, err
	}
	out = InvoiceCheckoutLaunch{
		Session: wireSession(session, c.Kind, c.Now), Access: CheckoutAccess{opened.Secret}, Reused: opened.Reused,
		Attempt: wireInvoiceAttempt(opened.Attempt, opened.Invoice.Currency, c.Now),
	}
	if out.Session.PaymentCollection, err = s.collection(tx, c.Scope, o, session.ID); err != nil {
		return nil, out, err
	}
	if session.Surface == checkout.SurfaceHosted {
		out.Session.URL = s.pageOf(session)
		out.Hosted = &HostedInvoiceCheckout{out.Session.URL, opened.Secret}
	}
	return opened.Invoice, out, nil
}

// CollectInvoiceRequest charges a saved payment method.
type CollectInvoiceRequest struct {
	PaymentMethodID string `json:"payment_method_id,omitzero" maxLength:"64" doc:"The invoice's own when left out."`
	EntryID         string `json:"invoice_schedule_entry_id,omitzero" maxLength:"64"`
}

// CollectInvoiceInput is the request of invoices.collect.
type CollectInvoiceInput struct {
	InvoicePath
	Body *CollectInvoiceRequest

	operations []payment.Operation
}

// CollectInvoiceResult is what became of it.
type CollectInvoiceResult struct {
	Invoice        *Invoice               `json:"invoice"`
	Attempt        *InvoicePaymentAttempt `json:"invoice_payment_attempt,omitzero"`
	IdempotencyKey string                 `json:"idempotency_key"`
}

func registerInvoiceCheckout(a *API, s *Services) {
	Write(a, "invoices.getOrCreateCheckoutSession", func(ctx context.Context, tx db.Tx, c *Caller, in *InvoiceCheckoutSessionInput) (*InvoiceCheckoutSessionResult, error) {
		v, launch, err := s.openInvoice(ctx, tx, c, in)
		if err != nil {
			return nil, err
		}
		wire, err := s.wireInvoice(v, c.Now)
		return &InvoiceCheckoutSessionResult{wire, launch}, err
	}, Doc("Open an invoice's checkout", "Or get the one that is open, with 200. It collects what is due, or the entry that is named."), OneTimeSecrets(), errorsOfInvoiceCheckout)

	Staged(a, "invoices.collect", Steps[CollectInvoiceInput, *CollectInvoiceResult]{
		Start: func(ctx context.Context, tx db.Tx, c *Caller, in *CollectInvoiceInput) (string, error) {
			collect := invoice.CollectInput{Scope: c.Scope, InvoiceID: in.InvoiceID, Cause: c.Cause()}
			if in.Body != nil {
				collect.PaymentMethodID, collect.EntryID = in.Body.PaymentMethodID, in.Body.EntryID
			}
			collected, err := s.Invoices.Collect(tx, collect)
			if err != nil {
				return "", err
			}
			in.operations = collected.Operations
			return collected.Attempt.ID, nil
		},
		Finish: func(ctx context.Context, c *Caller, in *CollectInvoiceInput, subject string, _ func(db.Tx, *CollectInvoiceResult) error) (*CollectInvoiceResult, error) {
			out := &CollectInvoiceResult{IdempotencyKey: c.IdempotencyKey}
			if in.operations == nil { // an earlier call of the same key broke off
				var err error
				if in.operations, err = read(ctx, a, func(tx db.Tx) ([]payment.Operation, error) {
					return invoice.Planned(tx, c.Scope, in.InvoiceID, subject)
				}); err != nil {
					return nil, err
				}
			}
			if err := s.Invoices.Charge(ctx, c.Scope, in.InvoiceID, subject, in.operations, c.Cause()); err != nil {
				return nil, err
			}
			err := a.DB.Read(ctx, func(tx db.Tx) error {
				v, err := invoice.Get(tx, c.Scope, in.InvoiceID)
				if err != nil {
					return err
				}
				found, err := invoice.GetAttempt(tx, c.Scope, in.InvoiceID, subject)
				if err != nil {
					return err
				}
				out.Attempt = wireInvoiceAttempt(found, v.Currency, a.Clock.Now())
				out.Invoice, err = s.wireInvoice(v, a.Clock.Now())
				return err
			})
			return out, err
		},
	}, Doc("Charge a saved payment method", "Of the customer, without the buyer: one that may be used off session. A decline answers INVOICE_PAYMENT_FAILED."),
		Errors("INVOICE_NOT_COLLECTIBLE", "INVOICE_NOT_ISSUED", "INVOICE_PAYMENT_RESOLVING", "INVOICE_PAYMENT_PROCESSING", "INVOICE_PAYMENT_FAILED",
			"INVOICE_SCHEDULE_ENTRY_NOT_COLLECTIBLE", "INVOICE_PAYMENT_OPTION_LIMIT_EXCEEDED", "INVOICE_AUTOPAY_PAYMENT_METHOD_REQUIRED",
			"INVOICE_AUTOPAY_PAYMENT_METHOD_UNSUPPORTED", "PAYMENT_METHOD_NOT_ACTIVE", "PAYMENT_METHOD_ON_SESSION_ONLY", "PAYMENT_METHOD_CUSTOMER_MISMATCH"))
}

var errorsOfInvoiceCheckout = Errors("INVOICE_NOT_ISSUED", "INVOICE_NOT_COLLECTIBLE", "INVOICE_PAYMENT_RESOLVING", "INVOICE_PAYMENT_PROCESSING",
	"INVOICE_SCHEDULE_ENTRY_NOT_COLLECTIBLE", "INVOICE_LINK_UNAVAILABLE", "INVOICE_PAYMENT_OPTION_LIMIT_EXCEEDED", "INVALID_RETURN_URL",
	"EMBEDDED_PAYMENT_RETURN_URL_REQUIRED", "CHECKOUT_PAGE_ORIGIN_NOT_ALLOWED")
