package httpapi

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
)

type (
	// ListMyFulfillmentsInput is the request of me.listFulfillments.
	ListMyFulfillmentsInput struct {
		PageQuery
		OrderID             string    `query:"order_id" maxLength:"64"`
		Status              string    `query:"status" enum:"pending,in_progress,ready,completed,canceled,failed,scheduled,preparing,picked,packed,dispatched"`
		Type                string    `query:"type" enum:"shipment,pickup,local_delivery,digital,service"`
		LocationID          string    `query:"location_id" maxLength:"64"`
		ExternalReferenceID string    `query:"external_reference_id" maxLength:"255"`
		Query               string    `query:"query" maxLength:"255"`
		CreatedAfter        time.Time `query:"created_after"`
		CreatedBefore       time.Time `query:"created_before"`
		UpdatedAfter        time.Time `query:"updated_after"`
		UpdatedBefore       time.Time `query:"updated_before"`
		SortDirection       string    `query:"sort_direction" enum:"asc,desc"`
	}
	// ListMyFulfillmentEventsInput is the request of me.listFulfillmentEvents.
	ListMyFulfillmentEventsInput struct {
		PageQuery
		OrderID       string `query:"order_id" maxLength:"64" doc:"Required."`
		FulfillmentID string `query:"fulfillment_id" maxLength:"64"`
		ShipmentID    string `query:"shipment_id" maxLength:"64"`
		PackageID     string `query:"package_id" maxLength:"64"`
	}
	// ListMyShipmentsInput is the request of me.listShipments.
	ListMyShipmentsInput struct {
		PageQuery
		OrderID             string    `query:"order_id" maxLength:"64"`
		FulfillmentID       string    `query:"fulfillment_id" maxLength:"64"`
		ReturnID            string    `query:"return_id" maxLength:"64"`
		ExternalSystem      string    `query:"external_system" maxLength:"255"`
		ExternalReferenceID string    `query:"external_reference_id" maxLength:"255"`
		Query               string    `query:"query" maxLength:"255"`
		HandedOffAfter      time.Time `query:"handed_off_after"`
		HandedOffBefore     time.Time `query:"handed_off_before"`
		CreatedAfter        time.Time `query:"created_after"`
		CreatedBefore       time.Time `query:"created_before"`
	}
	// ListMyPackagesInput is the request of me.listPackages.
	ListMyPackagesInput struct {
		PageQuery
		OrderID             string `query:"order_id" maxLength:"64"`
		FulfillmentID       string `query:"fulfillment_id" maxLength:"64"`
		ShipmentID          string `query:"shipment_id" maxLength:"64"`
		ExternalSystem      string `query:"external_system" maxLength:"255"`
		ExternalReferenceID string `query:"external_reference_id" maxLength:"255"`
		Query               string `query:"query" maxLength:"255"`
	}
)

// none is the list of what no order of this version has. Filters and page tokens are checked as in any list.
func none[T any](c *Caller, q PageQuery) (Page[T], error) {
	return List(c, q, func(*listing.Cursor, int) ([]T, *listing.Cursor, error) { return nil, nil, nil })
}

func registerMyFulfillments(a *API, _ *Services) {
	Get(a, "me.listFulfillments", func(_ context.Context, _ db.Tx, c *Caller, in *ListMyFulfillmentsInput) (Page[*Fulfillment], error) {
		return none[*Fulfillment](c, in.PageQuery)
	}, Doc("List own fulfillments", "Newest first unless sorted otherwise. Orders have no fulfillments yet, so the list is empty."))

	Get(a, "me.listFulfillmentEvents", func(_ context.Context, _ db.Tx, c *Caller, in *ListMyFulfillmentEventsInput) (Page[*BuyerFulfillmentEvent], error) {
		if in.OrderID == "" {
			return Page[*BuyerFulfillmentEvent]{}, fault.Invalid("PORTAL_ORDER_ID_REQUIRED", "order_id", "The list is of one order.").Then("Send order_id.")
		}
		return none[*BuyerFulfillmentEvent](c, in.PageQuery)
	}, Doc("List what happened on the way of an own order", "Orders have no fulfillments yet, so the list is empty."), Errors("PORTAL_ORDER_ID_REQUIRED"))

	Get(a, "me.listShipments", func(_ context.Context, _ db.Tx, c *Caller, in *ListMyShipmentsInput) (Page[*Shipment], error) {
		return none[*Shipment](c, in.PageQuery)
	}, Doc("List own shipments", "Newest first. Orders have no fulfillments yet, so the list is empty."))

	Get(a, "me.listPackages", func(_ context.Context, _ db.Tx, c *Caller, in *ListMyPackagesInput) (Page[*Package], error) {
		return none[*Package](c, in.PageQuery)
	}, Doc("List own packages", "Newest first. Orders have no fulfillments yet, so the list is empty."))
}
