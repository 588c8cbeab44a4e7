package httpapi

import (
	"context"
	"time"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/order"
)

// ListOrdersInput is the request of listOrders.
type ListOrdersInput struct {
	PageQuery
	CustomerID string `query:"customer_id" maxLength:"64"`
	OrderFilter
}

// OrderFilter filters and sorts a list of orders.
type OrderFilter struct {
	Status              string    `query:"status" enum:"open,closed"`
	PaymentStatus       []string  `query:"payment_status" enum:"unpaid,partially_paid,paid" fault:"invalid=INVALID_STATUS"`
	RefundStatus        []string  `query:"refund_status" enum:"none,partially_refunded,refunded" fault:"invalid=INVALID_STATUS"`
	FulfillmentStatus   []string  `query:"fulfillment_status" enum:"not_fulfilled,partially_fulfilled,fulfilled,canceled" fault:"invalid=INVALID_STATUS"`
	OrderNumber         string    `query:"order_number" maxLength:"64"`
	ExternalReferenceID string    `query:"external_reference_id" maxLength:"255" doc:"Exact."`
	Origin              string    `query:"origin" enum:"virtual_terminal,payment_link,checkout,api,subscription"`
	Query               string    `query:"query" maxLength:"255" doc:"Part of the number, the external reference, a note or a line's name."`
	SubscriptionID      string    `query:"subscription_id" maxLength:"64" doc:"Reserved: matches nothing."`
	DeliveryChanged     bool      `query:"subscription_delivery_changed" doc:"Reserved: true matches nothing."`
	ReturnID            string    `query:"return_id" maxLength:"64"`
	ReturnResolutionID  string    `query:"return_resolution_id" maxLength:"64"`
	MinAmount           *int64    `query:"min_amount" minimum:"1" fault:"invalid=INVALID_AMOUNT" doc:"Least total in minor units; needs currency."`
	MaxAmount           *int64    `query:"max_amount" minimum:"1" fault:"invalid=INVALID_AMOUNT" doc:"Greatest total in minor units; needs currency."`
	Currency            string    `query:"currency" maxLength:"3" fault:"invalid=INVALID_CURRENCY"`
	SortBy              string    `query:"sort_by" enum:"created_at,updated_at,outstanding_money,total"`
	SortDirection       string    `query:"sort_direction" enum:"asc,desc"`
	CreatedAfter        time.Time `query:"created_after"`
	CreatedBefore       time.Time `query:"created_before"`
	UpdatedAfter        time.Time `query:"updated_after"`
	UpdatedBefore       time.Time `query:"updated_before"`
}

func registerListOrders(a *API, s *Services) {
	Get(a, "listOrders", func(ctx context.Context, tx db.Tx, c *Caller, in *ListOrdersInput) (Page[*Order], error) {
		return s.listOrders(ctx, a, tx, c, in.PageQuery, in.OrderFilter, in.CustomerID)
	}, Doc("List orders", "Newest first unless sorted otherwise."), Errors("CURRENCY_REQUIRED", "INVALID_AMOUNT_RANGE"))
}

// listOrders reads a page of orders, of one customer unless customerID is empty.
func (s *Services) listOrders(ctx context.Context, a *API, tx db.Tx, c *Caller, q PageQuery, f OrderFilter, customerID string) (Page[*Order], error) {
	filter := order.ListInput{
		Scope: c.Scope, CustomerID: customerID, Status: f.Status, PaymentStatuses: f.PaymentStatus, RefundStatuses: f.RefundStatus,
		FulfillmentStatuses: f.FulfillmentStatus, OrderNumber: f.OrderNumber, ExternalReferenceID: f.ExternalReferenceID,
		Origin: f.Origin, Query: f.Query, MinAmount: f.MinAmount, MaxAmount: f.MaxAmount, Currency: f.Currency,
		CreatedAfter: f.CreatedAfter, CreatedBefore: f.CreatedBefore, UpdatedAfter: f.UpdatedAfter, UpdatedBefore: f.UpdatedBefore,
		SortBy: f.SortBy, Ascending: f.SortDirection == "asc", NumberOnly: c.Kind == auth.CustomerSession,
	}
	page, err := List(c, q, func(after *listing.Cursor, limit int) ([]*order.Order, *listing.Cursor, error) {
		filter.After, filter.Limit = after, limit
		if f.SubscriptionID+f.ReturnID+f.ReturnResolutionID != "" || f.DeliveryChanged {
			return nil, nil, filter.Validate() // no order belongs to a subscription or a return yet
		}
		found, err := s.Orders.List(ctx, tx, filter)
		return found.Orders, found.Next, err
	})
	if err != nil {
		return Page[*Order]{}, err
	}
	out, err := s.wireOrdersNow(a, tx, c, page.Data)
	return Page[*Order]{Data: out, Next: page.Next}, err
}
