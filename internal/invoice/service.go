package invoice

import (
	"context"
	"log/slog"
	"time"

	"flint/internal/clock"
	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/failpoint"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/secret"
	"flint/internal/settings"
	"flint/internal/tenant"
)

// Service carries invoices through their life. Its fields are set once, before use. Operations run in the
// caller's transaction and either do everything they say or return an error, upon which the caller rolls
// back.
type Service struct {
	DB        db.DB
	Clock     clock.Clock
	IDs       *id.Source
	Events    *event.Log
	Orders    *order.Service
	Payments  *payment.Service
	Customers *customer.Service
	Logger    *slog.Logger
	Box       *secret.Box // seals the buyer's token and the credentials of its checkout
	// Address is where the pages of an environment are: settings.Service.Address.
	Address func(scope tenant.Scope, kind string) string

	Settings func(tx db.Tx, scope tenant.Scope) (*settings.Settings, error)
	// Seller tells who bills.
	Seller func(tx db.Tx, scope tenant.Scope) (Seller, error)
	Door   Door
	Mail   Mail
	// PDF renders the frozen document; nil where nothing renders.
	PDF func(ctx context.Context, v *Invoice) ([]byte, error)
	// HasCreditNote tells whether an issued credit note stands against an invoice; nil for never.
	HasCreditNote func(tx db.Tx, scope tenant.Scope, invoiceID string) (bool, error)
	// Failpoints end the process at named places in tests; nil in production.
	Failpoints *failpoint.Points

	waiting rotation
}

// Seller is the merchant as an invoice names it.
type Seller struct {
	Name    string
	Address *order.Address
	Tax     *TaxIdentity
}

// Door opens and closes the invoice's checkout; the checkout domain fills it.
type Door struct {
	// Open opens a session over the invoice's order.
	Open func(ctx context.Context, tx db.Tx, in DoorInput) (Opened, error)
	// Current tells the order's open session and its surface, empty without one.
	Current func(tx db.Tx, o *order.Order, cause event.Cause) (sessionID, surface string, err error)
	// Redirect changes where the buyer of an open session goes afterwards; empty strings change nothing.
	Redirect func(tx db.Tx, scope tenant.Scope, sessionID, success, cancel string) error
	// Rotate gives an open session new credentials.
	Rotate func(tx db.Tx, scope tenant.Scope, sessionID string) (Opened, error)
	// Fence ends the order's open session for a reason.
	Fence func(tx db.Tx, o *order.Order, reason string, cause event.Cause) error
}

// DoorInput asks for a session.
type DoorInput struct {
	Invoice    *Invoice
	ReplaceID  string
	Surface    string
	PageOrigin string
	SuccessURL string
	CancelURL  string
	Options    []string
	Cause      event.Cause
}

// Opened is a new session with its credentials.
type Opened struct {
	SessionID string
	Secret    string // X-Checkout-Session-Secret
	Token     string // launch token of the hosted page
}

// Reasons that end the checkout of an invoice, as the checkout domain names them.
const (
	fencePaid          = "invoice_paid_elsewhere"
	fenceVoided        = "invoice_voided"
	fenceUncollectible = "invoice_uncollectible"
	fenceBalance       = "invoice_balance_changed"
)

// Mail sends the invoice's letters; the notification package fills it.
type Mail struct {
	// Queue writes a letter down in the caller's transaction and returns its id.
	Queue func(ctx context.Context, tx db.Tx, l Letter) (mailID string, err error)
	// State tells what became of it: queued, sent, rejected or suppressed, and why.
	State func(tx db.Tx, scope tenant.Scope, mailID string) (state, reason string, err error)
}

// Letter is what an e-mail about an invoice says.
type Letter struct {
	Invoice  *Invoice
	Key      string
	Reminder bool
	Due      money.Amount // what is asked for now
	DueAt    time.Time    // zero without a due date
	URL      string
	Cause    event.Cause
}

// open locks an order and then its invoice.
func (s *Service) open(tx db.Tx, scope tenant.Scope, invoiceID string) (*order.Order, *Invoice, error) {
	peek, err := Get(tx, scope, invoiceID)
	if err != nil {
		return nil, nil, err
	}
	o, err := s.Orders.Load(tx, scope, peek.OrderID)
	if err != nil {
		return nil, nil, err
	}
	v, err := load(tx, scope, invoiceID)
	return o, v, err
}

// checkVersion refuses a change that was decided on another version; nil expects none.
func (v *Invoice) checkVersion(expected *int64) error {
	if expected == nil || *expected == v.Version {
		return nil
	}
	code := "INVOICE_BALANCE_CHANGED"
	if v.Status == StatusDraft {
		code = "INVOICE_DRAFT_CHANGED"
	}
	return fault.Conflict(code, "The invoice was changed since it was read.").
		Then("Read the invoice again and repeat the call with its version.").With("current_version", v.Version)
}

// checkIssued refuses drafts.
func (v *Invoice) checkIssued() error {
	if v.Status == StatusDraft || !v.Issued() {
		return fault.Conflict("INVOICE_NOT_ISSUED", "The invoice is a draft.").Then("Issue it first.")
	}
	return nil
}

// checkCollectible refuses invoices on which nothing is collected.
func (v *Invoice) checkCollectible() error {
	if err := v.checkIssued(); err != nil {
		return err
	}
	if !v.Collectible() {
		return fault.Conflict("INVOICE_NOT_COLLECTIBLE", "Nothing is collected on the invoice any more.").With("current_status", v.Status)
	}
	return nil
}

// checkQuiet refuses changes while an online payment of the order is under way.
func checkQuiet(tx db.Tx, o *order.Order) error {
	if o.ActiveAttemptID == "" {
		return nil
	}
	a, err := payment.GetAttempt(tx, o.Scope, o.ID, o.ActiveAttemptID)
	if err != nil {
		return err
	}
	if a.Status == payment.AttemptProcessing {
		return fault.Conflict("INVOICE_PAYMENT_PROCESSING", "A payment of the invoice is with the bank.").
			Then("Wait until it has settled or failed.").With("order_payment_attempt_id", a.ID)
	}
	return fault.Conflict("INVOICE_PAYMENT_RESOLVING", "An online payment of the invoice is under way.").
		Then("Wait for it, or cancel the payment attempt.").With("order_payment_attempt_id", a.ID)
}
