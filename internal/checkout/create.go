package checkout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/failpoint"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/metadata"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/secret"
	"flint/internal/settings"
	"flint/internal/tenant"
)

// Lifetimes of a session, in seconds.
const (
	MinExpiresIn     = 60
	MaxExpiresIn     = 86400
	DefaultExpiresIn = 86400
)

// recoveryWindow is how long the buyer of an ended session may still see a payment through that was
// under way when it ended.
const recoveryWindow = 24 * time.Hour

// Service opens, changes and ends sessions.
type Service struct {
	Clock    clock.Clock
	IDs      *id.Source
	Events   *event.Log
	Orders   *order.Service
	Payments *payment.Service
	// Settings are what merchants say about checkouts that do not say it themselves; nil leaves the
	// platform's defaults.
	Settings func(tx db.Tx, scope tenant.Scope) (*settings.Settings, error)
	// MayEmbed tells whether pages of an origin may show an embedded session; nil lets every origin.
	MayEmbed func(tx db.Tx, scope tenant.Scope, origin string) (bool, error)
	// SendCode queues the mail with a code in the caller's transaction; nil when no mail is sent.
	SendCode func(ctx context.Context, tx db.Tx, l CodeLetter) error
	// HasSaved tells whether a customer has saved payment methods; nil says nobody has.
	HasSaved func(tx db.Tx, scope tenant.Scope, customerID string) (bool, error)
	// Key authenticates the cookies of hosted pages; 32 bytes of the installation's own.
	Key []byte
	// Seen runs in the transaction in which the buyer of an open session did something, with order and
	// session locked; what is one of the Seen constants.
	Seen []func(tx db.Tx, o *order.Order, session *Session, what string) error
	// Ended runs in the transaction that ended a session, after it is saved, with order and session locked.
	Ended []func(tx db.Tx, o *order.Order, session *Session, cause event.Cause) error
	// Failpoints end the process at named places in tests; nil in production.
	Failpoints *failpoint.Points
}

// QuickPay is one thing to pay for, of which a session makes an order of its own.
type QuickPay struct {
	Name     string
	Amount   money.Amount
	Taxable  *bool
	Category string
}

// CreateInput opens a session over an order or a quick pay item, exactly one of them.
type CreateInput struct {
	Scope               tenant.Scope
	OrderID             string
	QuickPay            *QuickPay
	ReplaceID           string    // the open session to replace; only with OrderID
	InvoiceID           string    // set by the invoice domain only
	PaymentLinkID       string    // set by the payment link domain only
	RecoveryID          string    // set by the recovery domain only
	Origin              string    // the order's when empty
	ExpiresAt           time.Time // fixed deadline, for sessions that end with something else; wins over Detail.ExpiresIn
	Surface             string    // hosted when empty
	ExternalReferenceID string
	Choices             Choices
	Detail              Detail
	Cause               event.Cause
}

// Launch is a new session with its credentials, which are shown once.
type Launch struct {
	Session *Session
	Order   *order.Order
	Secret  secret.Text // X-Checkout-Session-Secret
	Token   secret.Text // launch token of the hosted page
}

// redirecting are the payment options that lead the buyer's whole page away.
var redirecting = []string{"affirm"}

var hexColour = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

// Validate reports every fault that can be told from the input alone.
func (in *CreateInput) Validate() error {
	var f fault.List
	switch {
	case in.OrderID == "" && in.QuickPay == nil:
		f.Add("CHECKOUT_SESSION_SOURCE_REQUIRED", "order_id", "A checkout session needs an order_id or a quick_pay_item.")
	case in.OrderID != "" && in.QuickPay != nil:
		f.Add("CHECKOUT_SESSION_SOURCE_CONFLICT", "quick_pay_item", "A checkout session has one source: order_id or quick_pay_item.")
	}
	if in.ReplaceID != "" && in.OrderID == "" {
		f.Add("CHECKOUT_REPLACEMENT_REQUIRES_ORDER", "replace_checkout_session_id", "A session can be replaced only by one for the same order_id.")
	}
	d := &in.Detail
	switch in.Surface {
	case "", SurfaceHosted:
	case SurfaceEmbedded:
		if d.PageOrigin == "" {
			f.Add("FIELD_REQUIRED", "page_origin", "An embedded session needs the origin of the page that shows it.")
		}
		if d.SuccessURL == "" && slices.ContainsFunc(d.Options, func(o string) bool { return slices.Contains(redirecting, o) }) {
			f.Add("EMBEDDED_PAYMENT_RETURN_URL_REQUIRED", "redirects.success_redirect_url", "A payment option that leads the buyer away needs an address to come back to.")
		}
	default:
		f.Add("INVALID_CHECKOUT_SURFACE", "surface", "The surface is hosted or embedded.")
	}
	if d.ExpiresIn != 0 && (d.ExpiresIn < MinExpiresIn || d.ExpiresIn > MaxExpiresIn) {
		f.Add("INVALID_EXPIRATION", "expiration.expires_in_seconds", "A session lives between %d and %d seconds.", MinExpiresIn, MaxExpiresIn)
	}
	for _, u := range []struct{ param, v string }{
		{"redirects.success_redirect_url", d.SuccessURL}, {"redirects.cancel_redirect_url", d.CancelURL},
		{"expiration.expiration_url", d.ExpirationURL}, {"legal.terms_of_service_url", d.Legal.Terms},
		{"legal.refund_policy_url", d.Legal.Refunds}, {"legal.shipping_policy_url", d.Legal.Shipping}, {"legal.contract_url", d.Legal.Contract},
	} {
		checkURL(&f, u.param, u.v)
	}
	for _, c := range []struct{ param, v string }{{"theme.primary_color", d.Theme.Primary}, {"theme.accent_color", d.Theme.Accent}} {
		if c.v != "" && !hexColour.MatchString(c.v) {
			f.Add("INVALID_COLOR", c.param, "A colour is written #rrggbb.")
		}
	}
	checkOrigin(&f, d.PageOrigin)
	checkPrefill(&f, d.Collection)
	checkTip(&f, d.Tip, in.Choices)
	for n, o := range d.Options {
		if slices.Contains(d.Options[:n], o) {
			f.Add("INVALID_PAYMENT_OPTIONS", fmt.Sprintf("payments.enabled_payment_options[%d]", n), "A payment option is named once.")
			continue
		}
		if !slices.Contains(payment.DefaultOptions(), o) {
			f.Add("PAYMENT_OPTION_UNAVAILABLE", fmt.Sprintf("payments.enabled_payment_options[%d]", n), "This payment option is not available.")
		}
	}
	f.AddError("metadata", metadata.Check(d.Metadata))
	return f.Err()
}

func checkURL(f *fault.List, param, v string) {
	if v == "" {
		return
	}
	u, err := url.Parse(v)
	local := err == nil && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1")
	if err != nil || u.Host == "" || u.User != nil || len(v) > 2048 || (u.Scheme != "https" && (u.Scheme != "http" || !local)) {
		f.Add("INVALID_URL", param, "The address must be an absolute https address of at most 2048 characters; http is accepted for localhost only.")
	}
}

// checkOrigin notes a fault unless v is what browsers name as an origin: scheme, host and port alone.
func checkOrigin(f *fault.List, v string) {
	if v == "" {
		return
	}
	u, err := url.Parse(v)
	if err != nil || v != u.Scheme+"://"+u.Host {
		f.Add("INVALID_URL", "page_origin", "An origin is a scheme and a host, such as https://shop.example, without a path.")
		return
	}
	checkURL(f, "page_origin", v)
}

// checkPrefill notes what is wrong with what the merchant says about the buyer.
func checkPrefill(f *fault.List, c Collection) {
	const at = "customer_collection.prefilled_customer_info"
	if c.Email != "" {
		CheckEmail(f, at+".email", c.Email)
	}
	if c.Phone != "" {
		CheckPhone(f, at+".phone", c.Phone)
	}
	for _, a := range []struct {
		of    *Address
		param string
	}{{c.Billing, at + ".billing_address"}, {c.Shipping, at + ".shipping_address"}} {
		if a.of != nil && (len(a.of.Country) != 2 || strings.ToUpper(a.of.Country) != a.of.Country) {
			f.Add("INVALID_COUNTRY", a.param+".country", "A country is an ISO 3166 code of two capital letters.")
		}
	}
}

// Create opens a session. An order has one open session at most: an existing one is replaced only when
// the caller names it.
//
// Faults: those of Validate, RESOURCE_NOT_FOUND, ORDER_NOT_OPEN, ORDER_ALREADY_PAID,
// ORDER_HAS_NO_LINE_ITEMS, CHECKOUT_SESSION_ALREADY_EXISTS, CHECKOUT_SESSION_CURRENT_CHANGED,
// CHECKOUT_PAYMENT_RESOLVING, PAYMENT_OPTION_UNAVAILABLE, CHECKOUT_PAGE_ORIGIN_NOT_ALLOWED.
func (s *Service) Create(ctx context.Context, tx db.Tx, in CreateInput) (Launch, error) {
	if err := in.Validate(); err != nil {
		return Launch{}, err
	}
	now := s.Clock.Now()
	if who := in.Detail.Collection.CustomerID; who != "" {
		_, err := s.Orders.Customers.Get(ctx, tx, in.Scope, who)
		if f := fault.Of(err); f != nil && f.Class == fault.ClassNotFound {
			f.Param = "customer_collection.customer_id"
		}
		if err != nil {
			return Launch{}, err
		}
	}
	o, err := s.source(ctx, tx, in)
	if err != nil {
		return Launch{}, err
	}
	if o.Outstanding() > 0 && s.Payments.Choose(in.Scope) == "" {
		return Launch{}, fault.Conflict("PAYMENT_OPTION_UNAVAILABLE", "This environment has no payment processor, so a checkout could take no money.").
			Then("Open the checkout in a sandbox, with a key of the sandbox.")
	}
	secretText := secret.NewToken(secretPrefix)
	session := &Session{
		Scope: in.Scope, ID: s.IDs.New(id.CheckoutSession), OrderID: o.ID, Status: StatusOpen, Surface: in.Surface, Origin: o.Origin,
		InvoiceID: in.InvoiceID, PaymentLinkID: in.PaymentLinkID, RecoveryID: in.RecoveryID,
		CustomerID: o.CustomerID, ExternalReferenceID: in.ExternalReferenceID, SecretHash: secret.Hash(secretText), CreatedAt: now, UpdatedAt: now, Detail: in.Detail,
	}
	token := launchPrefix + s.mac("checkout launch", session.ID)
	session.LaunchHash = secret.Hash(token)
	if in.Origin != "" {
		session.Origin = in.Origin
	}
	if session.Surface == "" {
		session.Surface = SurfaceHosted
	}
	if err := checkTipCurrency(session.Detail.Tip, o.Currency); err != nil {
		return Launch{}, err
	}
	if err := s.complete(tx, session, &in); err != nil {
		return Launch{}, err
	}
	if err := s.checkFrame(tx, session); err != nil {
		return Launch{}, err
	}
	session.ExpiresAt = in.ExpiresAt
	if in.ExpiresAt.IsZero() {
		session.ExpiresAt = now.Add(time.Duration(session.Detail.ExpiresIn) * time.Second)
	}
	if err := s.fence(tx, o, session, in); err != nil {
		return Launch{}, err
	}
	s.Failpoints.Hit("checkout.created")
	if err := insert(tx, session); err != nil {
		if errors.Is(err, db.ErrConflict) {
			return Launch{}, fault.Conflict("CHECKOUT_SESSION_ALREADY_EXISTS", "Another checkout session of this order was opened at the same time.")
		}
		return Launch{}, err
	}
	return Launch{Session: session, Order: o, Secret: secret.NewText(secretText), Token: s.LaunchToken(session)},
		s.Orders.AttachCheckoutSession(tx, o, in.Cause, session.ID)
}

// checkFrame refuses an embedded session for a page that the merchant has not allowed to show checkouts.
func (s *Service) checkFrame(tx db.Tx, session *Session) error {
	if session.Surface != SurfaceEmbedded || s.MayEmbed == nil {
		return nil
	}
	may, err := s.MayEmbed(tx, session.Scope, session.Detail.PageOrigin)
	if err != nil {
		return fmt.Errorf("read which pages may show checkouts: %w", err)
	}
	if !may {
		return fault.Invalid("CHECKOUT_PAGE_ORIGIN_NOT_ALLOWED", "page_origin", "Pages of this origin may not show a checkout of this environment.").
			Then("Add the origin to checkout.allowed_origins of the settings.")
	}
	return nil
}

// source locks the order to pay, or makes it from the quick pay item.
func (s *Service) source(ctx context.Context, tx db.Tx, in CreateInput) (*order.Order, error) {
	if in.QuickPay != nil {
		q := in.QuickPay
		line := order.LineInput{Name: q.Name, UnitPrice: &q.Amount}
		if q.Taxable != nil || q.Category != "" {
			line.Tax = &order.ItemTaxInput{Taxable: q.Taxable, Category: q.Category}
		}
		created := order.CreateInput{
			Scope: in.Scope, Cause: in.Cause, Origin: "checkout", Lines: []order.LineInput{line},
			CustomerID: in.Detail.Collection.CustomerID, AutomaticOff: in.automaticOff(),
		}
		if in.Detail.TaxEnabled != nil {
			created.Tax = &order.TaxInput{Enabled: in.Detail.TaxEnabled}
		}
		o, err := s.Orders.Create(ctx, tx, created)
		if err != nil {
			return nil, inside("quick_pay_item", err)
		}
		return o, nil
	}
	o, err := s.Orders.Load(tx, in.Scope, in.OrderID)
	if err != nil {
		return nil, err
	}
	switch {
	case o.Status != order.StatusOpen:
		return nil, fault.Conflict("ORDER_NOT_OPEN", "The order is closed and cannot be checked out.")
	case o.DerivePaymentStatus() == order.PaymentPaid:
		return nil, fault.Conflict("ORDER_ALREADY_PAID", "The order is paid; nothing is outstanding.")
	case len(o.Lines) == 0:
		return nil, fault.Conflict("ORDER_HAS_NO_LINE_ITEMS", "The order has nothing to pay for.")
	case o.ActiveAttemptID != "":
		return nil, resolving(o)
	}
	if err := o.CheckCollectable(cmp.Or(in.InvoiceID, in.Detail.ReturnResolutionID)); err != nil {
		return nil, err
	}
	if in.automaticOff() {
		cause := in.Cause
		cause.CheckoutSessionID = in.ReplaceID // which ends as superseded, not for the new price
		return o, s.Orders.AutomaticOff(ctx, tx, o, cause)
	}
	return o, nil
}

// automaticOff tells whether the session wants no promotion that comes by itself.
func (in *CreateInput) automaticOff() bool {
	return in.Detail.AutoPromotions != nil && !*in.Detail.AutoPromotions
}

// inside moves the paths of an order's faults to the quick pay item that caused them.
func inside(param string, err error) error {
	e := fault.Of(err)
	if e == nil {
		return err
	}
	move := func(p string) string {
		p = strings.TrimPrefix(p, "line_items[0]")
		p = strings.TrimPrefix(p, ".")
		return param + "." + strings.Replace(p, "unit_price_money", "amount_money", 1)
	}
	moved := *e
	moved.Param = move(e.Param)
	moved.Details = slices.Clone(e.Details)
	for n := range moved.Details {
		moved.Details[n].Param = move(moved.Details[n].Param)
	}
	return &moved
}

// fence makes sure that the new session is the only open one.
func (s *Service) fence(tx db.Tx, o *order.Order, session *Session, in CreateInput) error {
	current, err := s.Current(tx, o, in.Cause)
	if err != nil {
		return err
	}
	switch {
	case current == nil && in.ReplaceID != "":
		return fault.Conflict("CHECKOUT_SESSION_CURRENT_CHANGED", "The order has no open checkout session to replace.")
	case current == nil:
		return nil
	case in.ReplaceID == "":
		return fault.Conflict("CHECKOUT_SESSION_ALREADY_EXISTS", "The order has an open checkout session.").
			Then("Use it, close it, or send its id as replace_checkout_session_id.").
			With("existing_checkout_session_id", current.ID)
	case in.ReplaceID != current.ID:
		return fault.Conflict("CHECKOUT_SESSION_CURRENT_CHANGED", "Another session is the order's open one now.").
			With("current_checkout_session_id", current.ID)
	}
	current.SupersedingID = session.ID
	return s.end(tx, o, current, StatusInvalidated, ReasonSuperseded, in.Cause)
}
