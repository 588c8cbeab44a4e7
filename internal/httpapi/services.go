package httpapi

import (
	"context"
	"time"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/auth/buyer"
	"flint/internal/auth/oauth"
	"flint/internal/catalog"
	"flint/internal/checkout"
	"flint/internal/creditnote"
	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/fulfillment"
	"flint/internal/invoice"
	"flint/internal/notification"
	"flint/internal/onboarding"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/paymentlink"
	"flint/internal/promotion"
	"flint/internal/recovery"
	"flint/internal/refund"
	"flint/internal/returnpolicy"
	"flint/internal/returns"
	"flint/internal/settings"
	"flint/internal/stranded"
	"flint/internal/tenant"
	"flint/internal/webhook"
)

// Services are the domains behind the operations on orders and money.
type Services struct {
	Customers   *customer.Service
	Catalog     *catalog.Service
	Orders      *order.Service
	Payments    *payment.Service
	Refunds     *refund.Service
	Checkouts   *checkout.Service
	Sessions    SessionViews
	Stranded    *stranded.Service
	Webhooks    *webhook.Service
	Stream      *webhook.Stream
	Receipts    *notification.Service
	OAuth       *oauth.Service
	Apps        *app.Service
	Setup       *onboarding.Service
	Settings    *settings.Service
	Invoices    *invoice.Service
	Buyers      *buyer.Service
	Recovery    *recovery.Service
	CreditNotes *creditnote.Service
	Returns     *returns.Service

	Fulfillments *fulfillment.Service

	Promotions   *promotion.Service
	PaymentLinks *paymentlink.Service

	ReturnPolicies *returnpolicy.Service
	// HandedOver tells which units of an order the buyer has, and how many of them returns hold.
	HandedOver func(tx db.Tx, o *order.Order) ([]returnpolicy.FulfilledLine, error)
	// Merchant tells buyers who sells.
	Merchant func(tx db.Tx, scope tenant.Scope) (Shop, error)
	// QR draws a text as an SVG or PNG.
	QR func(text, format string) ([]byte, error)
}

// CheckoutPrincipal is what a checkout session's credential may do.
func CheckoutPrincipal(access *checkout.Access, now time.Time) auth.Principal {
	session := access.Session
	p := auth.Principal{Kind: auth.CheckoutCredential, ID: session.ID, SubjectID: session.ID, Scope: session.Scope,
		LaunchOnly: access.Launch, ActsForID: access.CustomerID}
	if session.Recovering(now) {
		p.RecoveryID = session.Detail.RecoveryID
	}
	return p
}

// Shop is a merchant as buyers see it; empty fields are not set. Colors are #rrggbb.
type Shop struct {
	Name             string
	LogoURL, LogoAlt string
	IconURL, IconAlt string
	Primary, Accent  string
}

// orderOf checks that a checkout credential stays with the order of its session; other credentials
// reach every order of their environment.
func (s *Services) orderOf(tx db.Tx, c *Caller, orderID string) (*checkout.Session, error) {
	if c.Kind != auth.CheckoutCredential {
		return nil, nil
	}
	session, err := checkout.Get(tx, c.Scope, c.SubjectID)
	if err != nil {
		return nil, err
	}
	if session.OrderID != orderID {
		return nil, fault.NotFound("order")
	}
	return session, nil
}

// wireOrderNow is an order with its open attempt and what can be collected, as the caller may see it.
func (s *Services) wireOrderNow(a *API, tx db.Tx, c *Caller, o *order.Order) (*Order, error) {
	out, err := s.wireOrdersNow(a, tx, c, []*order.Order{o})
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// wireOrdersNow is wireOrderNow for a page of orders; it reads their payments together.
func (s *Services) wireOrdersNow(a *API, tx db.Tx, c *Caller, orders []*order.Order) ([]*Order, error) {
	var busy, paying []string
	for _, o := range orders {
		if o.ActiveAttemptID != "" {
			busy = append(busy, o.ActiveAttemptID)
		}
		if len(o.PaymentIntentIDs) > 0 && (o.ActiveAttemptID != "" || o.ReturnID != "" || s.collectable(o)) {
			paying = append(paying, o.ID)
		}
	}
	attempts, err := payment.AttemptsByID(tx, c.Scope, busy)
	if err != nil {
		return nil, err
	}
	intents, err := payment.OfOrders(tx, c.Scope, paying)
	if err != nil {
		return nil, err
	}
	wireOf := wireFulfillment
	if c.Kind == auth.CustomerSession || c.Kind == auth.CheckoutCredential {
		wireOf = wireMyFulfillment
	}
	now, out := a.Clock.Now(), make([]*Order, len(orders))
	for n, o := range orders {
		out[n] = wireOrder(o)
		due := o.Outstanding()
		switch c.Kind {
		case auth.CheckoutCredential:
			out[n] = wireBuyerOrder(o)
			if due, err = s.Payments.Collects(tx, o, c.SubjectID); err != nil {
				return nil, err
			}
		case auth.CustomerSession:
			out[n] = wireMyOrder(o)
		}
		out[n].ReturnCredits = wireReturnCredits(o, intents[o.ID])
		attempt := attempts[o.ActiveAttemptID]
		if attempt == nil {
			if c.Kind != auth.CustomerSession { // which opens a checkout to pay, and cannot pay itself
				out[n].PaymentCollection = s.wireCollection(o, due, intents[o.ID])
			}
			continue
		}
		actions, err := payment.Actions(tx, attempt)
		if err != nil {
			return nil, err
		}
		out[n].ActiveAttempt = wireAttempt(attempt, attempt.LegsAmong(intents[o.ID]), actions, a.BaseURL, now)
	}
	return out, fulfillmentsOf(tx, c, orders, out, wireOf)
}

// collectable tells whether the order can be paid now, by a processor that takes its environment's money.
func (s *Services) collectable(o *order.Order) bool {
	return o.Status == order.StatusOpen && o.Outstanding() != 0 && o.ActiveAttemptID == "" && s.Payments.Choose(o.Scope) != ""
}

// collection tells how the order can be paid now, through a checkout session when one is named; nil when it
// cannot.
func (s *Services) collection(tx db.Tx, scope tenant.Scope, o *order.Order, sessionID string) (*PaymentCollection, error) {
	due, err := s.Payments.Collects(tx, o, sessionID)
	if err != nil {
		return nil, err
	}
	if !s.collectable(o) || len(o.PaymentIntentIDs) == 0 {
		return s.wireCollection(o, due, nil), nil
	}
	legs, err := payment.OfOrder(tx, scope, o.ID, false)
	return s.wireCollection(o, due, legs), err
}

// wireCollection is collection over the order's intents and what is to be collected, in minor units.
func (s *Services) wireCollection(o *order.Order, due int64, legs []*payment.Intent) *PaymentCollection {
	if !s.collectable(o) {
		return nil
	}
	outstanding := wireMoney(due, o.Currency)
	elements := CollectionElements{
		Mode: "payment", NextStep: "collect_payment_source", SubmitTo: "pay_order", MethodCreation: "manual",
		MethodTypes: payment.DefaultOptions(), Amount: &outstanding,
	}
	for _, l := range legs {
		if l.Selectable() {
			elements.Selectable = append(elements.Selectable, SelectableIntent{
				ID: l.ID, Status: l.Status, Amount: wireMoney(l.Amount, l.Currency), Tip: wireMoney(l.Tip, l.Currency),
				LastError: wirePaymentError(l.Detail.LastError),
			})
		}
	}
	return &PaymentCollection{Simulator: &SimulatorCollection{Elements: elements}}
}

// attemptNow reads an attempt as the wire shows it.
func (s *Services) attemptNow(a *API, tx db.Tx, scope tenant.Scope, orderID, attemptID string) (*OrderPaymentAttempt, error) {
	attempt, err := payment.GetAttempt(tx, scope, orderID, attemptID)
	if err != nil {
		return nil, err
	}
	legs, err := s.Payments.Legs(tx, attempt)
	if err != nil {
		return nil, err
	}
	actions, err := payment.Actions(tx, attempt)
	if err != nil {
		return nil, err
	}
	return wireAttempt(attempt, legs, actions, a.BaseURL, a.Clock.Now()), nil
}

// read runs f in a transaction that reads.
func read[T any](ctx context.Context, a *API, f func(tx db.Tx) (T, error)) (T, error) {
	var out T
	err := a.DB.Read(ctx, func(tx db.Tx) error {
		var err error
		out, err = f(tx)
		return err
	})
	return out, err
}
