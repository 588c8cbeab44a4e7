package httpapi

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/order"
)

// OrderActivity is one row of an order's history. The figures explain the balance and are not to be
// summed up.
type OrderActivity struct {
	ID                string      `json:"order_activity_id"`
	Type              string      `json:"activity_type" enum:"created,line_item_added,line_item_updated,line_item_removed,discount_applied,discount_removed,tax_updated,requested_tip_added,requested_tip_updated,requested_tip_removed,charge_added,charge_updated,charge_removed,charge_fulfillment_updated,order_updated,adjustment,closed,payment,payment_failed,refund,refund_failed,checkout_session_created,checkout_session_expired,checkout_session_invalidated,fulfillment_created,fulfillment_updated,fulfillment_state_changed"`
	Description       string      `json:"description"`
	BalanceDelta      SignedMoney `json:"balance_delta_money" doc:"A payment lowers the balance."`
	RunningBalance    SignedMoney `json:"running_balance_money" doc:"The balance after this row."`
	PaymentIntentID   string      `json:"payment_intent_id,omitzero"`
	RefundID          string      `json:"refund_id,omitzero"`
	CheckoutSessionID string      `json:"checkout_session_id,omitzero"`
	FulfillmentID     string      `json:"fulfillment_id,omitzero"`
	ChargeID          string      `json:"order_charge_id,omitzero"`
	DiscountID        string      `json:"order_discount_id,omitzero"`
	LineID            string      `json:"order_line_item_id,omitzero"`
	TipID             string      `json:"order_tip_id,omitzero"`
	ActorType         string      `json:"actor_type,omitzero" flint:"extension" doc:"Who did it: api_key, app, user, buyer, processor or system."`
	ActorID           string      `json:"actor_id,omitzero" flint:"extension" doc:"Of the key, app, user or checkout session."`
	CreatedAt         time.Time   `json:"created_at"`
}

// ListOrderActivitiesInput is the request of listOrderActivities.
type ListOrderActivitiesInput struct {
	OrderID string `path:"order_id" id:"ord"`
	PageQuery
	Type          []string `query:"type" enum:"created,line_item_added,line_item_updated,line_item_removed,discount_applied,discount_removed,tax_updated,requested_tip_added,requested_tip_updated,requested_tip_removed,charge_added,charge_updated,charge_removed,charge_fulfillment_updated,order_updated,adjustment,closed,payment,payment_failed,refund,refund_failed,checkout_session_created,checkout_session_expired,checkout_session_invalidated,fulfillment_created,fulfillment_updated,fulfillment_state_changed"`
	SortDirection string   `query:"sort_direction" enum:"asc,desc"`
}

func registerOrderActivities(a *API, s *Services) {
	Get(a, "listOrderActivities", func(ctx context.Context, tx db.Tx, c *Caller, in *ListOrderActivitiesInput) (Page[OrderActivity], error) {
		return s.listActivities(ctx, tx, c, in)
	}, Doc("List the history of an order", "Newest first unless sorted otherwise."))
}

// listActivities reads a page of an order's history.
func (s *Services) listActivities(ctx context.Context, tx db.Tx, c *Caller, in *ListOrderActivitiesInput) (Page[OrderActivity], error) {
	page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]order.Activity, *listing.Cursor, error) {
		found, err := s.Orders.ListActivities(ctx, tx, order.ListActivitiesInput{
			Scope: c.Scope, OrderID: in.OrderID, Types: in.Type, Ascending: in.SortDirection == "asc",
			After: after, Limit: limit,
		})
		return found.Activities, found.Next, err
	})
	return MapPage(page, wireActivity), err
}

func wireActivity(row order.Activity) OrderActivity {
	out := OrderActivity{
		ID: row.ID, Type: row.Type, Description: row.Description, BalanceDelta: SignedMoney{row.BalanceDelta, string(row.Currency)},
		RunningBalance: SignedMoney{row.RunningBalance, string(row.Currency)}, ActorType: row.ActorType, ActorID: row.ActorID, CreatedAt: row.CreatedAt,
	}
	if ref := map[string]*string{
		order.RefPaymentIntent: &out.PaymentIntentID, order.RefRefund: &out.RefundID, order.RefCheckoutSession: &out.CheckoutSessionID,
		order.RefFulfillment: &out.FulfillmentID, order.RefCharge: &out.ChargeID, order.RefDiscount: &out.DiscountID,
		order.RefLine: &out.LineID, order.RefTip: &out.TipID,
	}[row.RefType]; ref != nil {
		*ref = row.RefID
	}
	return out
}
