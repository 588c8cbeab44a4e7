package httpapi

import (
	"context"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fulfillment"
	"flint/internal/order"
)

// FulfillmentPath names a fulfilment.
type FulfillmentPath struct {
	FulfillmentID string `path:"fulfillment_id" id:"ful"`
}

// FulfillmentFilter filters and sorts a list of fulfillments.
type FulfillmentFilter struct {
	OrderID             string    `query:"order_id" maxLength:"64"`
	Status              string    `query:"status" enum:"pending,in_progress,ready,completed,canceled,failed,scheduled,preparing,picked,packed,dispatched" fault:"invalid=INVALID_FULFILLMENT_STATUS"`
	Type                string    `query:"type" enum:"shipment,pickup,local_delivery,digital,service" fault:"invalid=INVALID_FULFILLMENT_TYPE"`
	LocationID          string    `query:"location_id" maxLength:"64"`
	ExternalReferenceID string    `query:"external_reference_id" maxLength:"255"`
	Query               string    `query:"query" maxLength:"255" doc:"Part of the id or the external reference."`
	CreatedAfter        time.Time `query:"created_after"`
	CreatedBefore       time.Time `query:"created_before"`
	UpdatedAfter        time.Time `query:"updated_after"`
	UpdatedBefore       time.Time `query:"updated_before"`
	SortDirection       string    `query:"sort_direction" enum:"asc,desc"`
}

// ListFulfillmentsInput is the request of listFulfillments.
type ListFulfillmentsInput struct {
	PageQuery
	FulfillmentFilter
	Expand []string `query:"expand" enum:"order"`
}

// GetFulfillmentInput is the request of getFulfillment.
type GetFulfillmentInput struct {
	FulfillmentPath
	Expand []string `query:"expand" enum:"order,packages,shipments"`
}

// orderScope is what expanding an order shows.
var orderScope = map[string]string{"order": "commerce.orders.read"}

func registerReadFulfillments(a *API, s *Services) {
	Get(a, "listFulfillments", func(ctx context.Context, tx db.Tx, c *Caller, in *ListFulfillmentsInput) (Page[*Fulfillment], error) {
		if err := mayExpand(c, in.Expand, orderScope); err != nil {
			return Page[*Fulfillment]{}, err
		}
		page, err := listFulfillments(tx, c, in.PageQuery, in.FulfillmentFilter, "")
		if err != nil {
			return Page[*Fulfillment]{}, err
		}
		out := MapPage(page, wireFulfillment)
		return out, expandOrders(ctx, s, tx, c, in.Expand, out.Data, func(f *Fulfillment) (string, **OrderSummary) { return f.OrderID, &f.Order })
	}, Doc("List fulfillments", "A work queue by status, or the fulfillments of an order. Newest first unless sorted otherwise."), Errors("INVALID_CREATED_RANGE", "INVALID_FULFILLMENT_STATUS", "INVALID_FULFILLMENT_TYPE"))

	Get(a, "getFulfillment", func(ctx context.Context, tx db.Tx, c *Caller, in *GetFulfillmentInput) (*Fulfillment, error) {
		if err := mayExpand(c, in.Expand, orderScope); err != nil {
			return nil, err
		}
		f, err := fulfillment.Get(tx, c.Scope, in.FulfillmentID)
		if err != nil {
			return nil, err
		}
		out := wireFulfillment(f)
		if slices.Contains(in.Expand, "shipments") {
			found, err := fulfillment.ShipmentsOf(tx, c.Scope, f.ID)
			if err != nil {
				return nil, err
			}
			out.Shipments = wireAll(found[:min(len(found), maxExpanded)], wireShipmentSummary)
		}
		if slices.Contains(in.Expand, "packages") {
			found, err := fulfillment.PackagesOf(tx, c.Scope, f.ID)
			if err != nil {
				return nil, err
			}
			out.Packages = wireAll(found[:min(len(found), maxExpanded)], wirePackageSummary)
		}
		return out, expandOrder(ctx, s, tx, c, in.Expand, f.OrderID, &out.Order)
	}, Doc("Read a fulfillment", ""))
}

// listFulfillments reads a page; with a buyer only of the buyer's orders.
func listFulfillments(tx db.Tx, c *Caller, q PageQuery, in FulfillmentFilter, buyerID string) (Page[*fulfillment.Fulfillment], error) {
	return List(c, q, func(after *listing.Cursor, limit int) ([]*fulfillment.Fulfillment, *listing.Cursor, error) {
		return fulfillment.List(tx, fulfillment.ListInput{
			Page: fulfillment.Page{Scope: c.Scope, BuyerID: buyerID, After: after, Limit: limit}, OrderID: in.OrderID, Status: in.Status, Type: in.Type,
			ExternalReferenceID: in.ExternalReferenceID, Query: in.Query, LocationID: in.LocationID, CreatedAfter: in.CreatedAfter,
			CreatedBefore: in.CreatedBefore, UpdatedAfter: in.UpdatedAfter, UpdatedBefore: in.UpdatedBefore, Ascending: in.SortDirection == "asc",
		})
	})
}

// expandOrder puts an order into the answer, when asked to.
func expandOrder(ctx context.Context, s *Services, tx db.Tx, c *Caller, expand []string, orderID string, into **OrderSummary) error {
	if !slices.Contains(expand, "order") {
		return nil
	}
	o, err := s.Orders.Get(ctx, tx, c.Scope, orderID)
	if err != nil {
		return err
	}
	*into = wireOrderSummary(o)
	return nil
}

// expandOrders is expandOrder for a page.
func expandOrders[W any](ctx context.Context, s *Services, tx db.Tx, c *Caller, expand []string, page []W, field func(W) (string, **OrderSummary)) error {
	known := map[string]*OrderSummary{}
	for _, v := range page {
		orderID, into := field(v)
		if known[orderID] == nil {
			if err := expandOrder(ctx, s, tx, c, expand, orderID, into); err != nil {
				return err
			}
			known[orderID] = *into
		}
		*into = known[orderID]
	}
	return nil
}

// fulfillmentsOf puts their fulfillments into orders.
func fulfillmentsOf(tx db.Tx, c *Caller, orders []*order.Order, out []*Order, wire func(*fulfillment.Fulfillment) *Fulfillment) error {
	var ids []string
	for _, o := range orders {
		if o.Fulfilling {
			ids = append(ids, o.ID)
		}
	}
	found, err := fulfillment.OfOrders(tx, c.Scope, ids)
	if err != nil {
		return err
	}
	for k, o := range orders {
		for _, f := range found[o.ID] {
			out[k].Fulfillments = append(out[k].Fulfillments, *wire(f))
		}
	}
	return nil
}

// expandFulfillments puts shipments and packages into an order's fulfillments, when asked to.
func expandFulfillments(tx db.Tx, c *Caller, expand []string, o *Order) error {
	if len(o.Fulfillments) == 0 {
		return nil
	}
	if slices.Contains(expand, "fulfillments.shipments") {
		found, err := fulfillment.ShipmentsOfOrder(tx, c.Scope, o.ID)
		if err != nil {
			return err
		}
		for k := range o.Fulfillments {
			for _, sh := range found {
				if f := &o.Fulfillments[k]; sh.FulfillmentID == f.ID && len(f.Shipments) < maxExpanded {
					f.Shipments = append(f.Shipments, wireShipmentSummary(sh))
				}
			}
		}
	}
	if slices.Contains(expand, "fulfillments.packages") {
		found, err := fulfillment.PackagesOfOrder(tx, c.Scope, o.ID)
		if err != nil {
			return err
		}
		for k := range o.Fulfillments {
			for _, p := range found {
				if f := &o.Fulfillments[k]; p.FulfillmentID == f.ID && len(f.Packages) < maxExpanded {
					f.Packages = append(f.Packages, wirePackageSummary(p))
				}
			}
		}
	}
	return nil
}
