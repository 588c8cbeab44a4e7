package httpapi

import (
	"context"
	"time"

	"flint/internal/auth"
	"flint/internal/checkout"
	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/notification"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/refund"
	"flint/internal/tenant"
	"flint/internal/webhook"
)

// Services are the domains behind the operations on orders and money.
type Services struct {
	Customers *customer.Service
	Orders    *order.Service
	Payments  *payment.Service
	Refunds   *refund.Service
	Checkouts *checkout.Service
	Webhooks  *webhook.Service
	Stream    *webhook.Stream
	Receipts  *notification.Service
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
	out := wireOrder(o)
	if c.Kind == auth.CheckoutCredential {
		out = wireBuyerOrder(o)
	}
	attempt, legs, err := s.Payments.Open(tx, o)
	if err != nil {
		return nil, err
	}
	now := a.Clock.Now()
	if attempt != nil {
		actions, err := payment.Actions(tx, attempt)
		if err != nil {
			return nil, err
		}
		out.ActiveAttempt = wireAttempt(attempt, legs, actions, a.BaseURL, now)
		return out, nil
	}
	out.PaymentCollection, err = s.collection(tx, c.Scope, o)
	return out, err
}

// collection tells how the order can be paid now, nil when it cannot.
func (s *Services) collection(tx db.Tx, scope tenant.Scope, o *order.Order) (*PaymentCollection, error) {
	if o.Status != order.StatusOpen || o.Outstanding() == 0 || o.ActiveAttemptID != "" || s.Payments.Choose(scope) == "" {
		return nil, nil
	}
	outstanding := wireMoney(o.Outstanding(), o.Currency)
	elements := CollectionElements{
		Mode: "payment", NextStep: "collect_payment_source", SubmitTo: "pay_order", MethodCreation: "manual",
		MethodTypes: payment.DefaultOptions(), Amount: &outstanding,
	}
	if len(o.PaymentIntentIDs) > 0 {
		legs, err := payment.OfOrder(tx, scope, o.ID, false)
		if err != nil {
			return nil, err
		}
		for _, l := range legs {
			if l.Selectable() {
				elements.Selectable = append(elements.Selectable, SelectableIntent{
					ID: l.ID, Status: l.Status, Amount: wireMoney(l.Amount, l.Currency), Tip: wireMoney(l.Tip, l.Currency),
					LastError: wirePaymentError(l.Detail.LastError),
				})
			}
		}
	}
	return &PaymentCollection{Simulator: &SimulatorCollection{Elements: elements}}, nil
}

// attemptNow reads an attempt as the wire shows it.
func (s *Services) attemptNow(a *API, tx db.Tx, scope tenant.Scope, orderID, attemptID string) (*OrderPaymentAttempt, error) {
	attempt, err := payment.GetAttempt(tx, scope, orderID, attemptID)
	if err != nil {
		return nil, err
	}
	return s.wireAttemptNow(a, tx, attempt, a.Clock.Now())
}

func (s *Services) wireAttemptNow(a *API, tx db.Tx, attempt *payment.Attempt, now time.Time) (*OrderPaymentAttempt, error) {
	legs, err := s.Payments.Legs(tx, attempt)
	if err != nil {
		return nil, err
	}
	actions, err := payment.Actions(tx, attempt)
	if err != nil {
		return nil, err
	}
	return wireAttempt(attempt, legs, actions, a.BaseURL, now), nil
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
