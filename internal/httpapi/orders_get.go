package httpapi

import (
	"context"
	"slices"

	"flint/internal/db"
	"flint/internal/payment"
)

// maxExpanded is how many objects one expanded path shows.
const maxExpanded = 20

// GetOrderInput is the request of getOrder.
type GetOrderInput struct {
	OrderID string   `path:"order_id" id:"ord"`
	Expand  []string `query:"expand" enum:"customer,fulfillments.packages,fulfillments.shipments,payment_intents,subscription,subscription_plan"`
}

func registerGetOrder(a *API, s *Services) {
	scopes := map[string]string{"customer": "customers.read", "payment_intents": "payments.payment_intents.read"}
	Get(a, "getOrder", func(ctx context.Context, tx db.Tx, c *Caller, in *GetOrderInput) (*Order, error) {
		if err := mayExpand(c, in.Expand, scopes, "payment_intents"); err != nil {
			return nil, err
		}
		if _, err := s.orderOf(tx, c, in.OrderID); err != nil {
			return nil, err
		}
		o, err := s.Orders.Get(ctx, tx, c.Scope, in.OrderID)
		if err != nil {
			return nil, err
		}
		out, err := s.wireOrderNow(a, tx, c, o)
		if err != nil {
			return nil, err
		}
		if slices.Contains(in.Expand, "customer") && o.CustomerID != "" {
			if out.Customer, err = s.customerSummary(ctx, tx, c, o.CustomerID); err != nil {
				return nil, err
			}
		}
		if slices.Contains(in.Expand, "payment_intents") && len(o.PaymentIntentIDs) > 0 {
			legs, err := payment.OfOrder(tx, c.Scope, o.ID, false)
			if err != nil {
				return nil, err
			}
			for _, l := range legs[:min(len(legs), maxExpanded)] {
				out.PaymentIntents = append(out.PaymentIntents, wireIntentSummary(l))
			}
		}
		return out, expandFulfillments(tx, c, in.Expand, out)
	}, Doc("Read an order", "A buyer's credential reads the order of its session."))
}
