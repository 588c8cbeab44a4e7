package httpapi

import (
	"context"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/fulfillment"
)

type (
	// ListMyFulfillmentsInput is the request of me.listFulfillments.
	ListMyFulfillmentsInput struct {
		PageQuery
		FulfillmentFilter
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
		ShipmentFilter
	}
	// ListMyPackagesInput is the request of me.listPackages.
	ListMyPackagesInput struct {
		PageQuery
		PackageFilter
	}
)

func registerMyFulfillments(a *API, _ *Services) {
	Get(a, "me.listFulfillments", func(_ context.Context, tx db.Tx, c *Caller, in *ListMyFulfillmentsInput) (Page[*Fulfillment], error) {
		page, err := listFulfillments(tx, c, in.PageQuery, in.FulfillmentFilter, c.SubjectID)
		return MapPage(page, wireMyFulfillment), err
	}, Doc("List own fulfillments", "Newest first unless sorted otherwise."), Errors("INVALID_CREATED_RANGE", "INVALID_FULFILLMENT_STATUS", "INVALID_FULFILLMENT_TYPE"))

	Get(a, "me.listFulfillmentEvents", func(_ context.Context, tx db.Tx, c *Caller, in *ListMyFulfillmentEventsInput) (Page[*BuyerFulfillmentEvent], error) {
		if in.OrderID == "" {
			return Page[*BuyerFulfillmentEvent]{}, fault.Invalid("PORTAL_ORDER_ID_REQUIRED", "order_id", "The list is of one order.").Then("Send order_id.")
		}
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*fulfillment.Event, *listing.Cursor, error) {
			return fulfillment.ListEvents(tx, fulfillment.ListEventsInput{
				Page: fulfillment.Page{Scope: c.Scope, BuyerID: c.SubjectID, After: after, Limit: limit}, OrderID: in.OrderID,
				FulfillmentID: in.FulfillmentID, ShipmentID: in.ShipmentID, PackageID: in.PackageID,
			})
		})
		return MapPage(page, wireBuyerFulfillmentEvent), err
	}, Doc("List what happened on the way of an own order", "Newest first."), Errors("PORTAL_ORDER_ID_REQUIRED"))

	Get(a, "me.listShipments", func(_ context.Context, tx db.Tx, c *Caller, in *ListMyShipmentsInput) (Page[*Shipment], error) {
		page, err := listShipments(tx, c, in.PageQuery, in.ShipmentFilter, c.SubjectID)
		return MapPage(page, wireMyShipment), err
	}, Doc("List own shipments", "Newest first."), Errors("SHIPMENT_CREATED_RANGE_INVALID", "SHIPMENT_HANDOFF_RANGE_INVALID"))

	Get(a, "me.listPackages", func(_ context.Context, tx db.Tx, c *Caller, in *ListMyPackagesInput) (Page[*Package], error) {
		page, err := listPackages(tx, c, in.PageQuery, in.PackageFilter, c.SubjectID)
		return MapPage(page, wireMyPackage), err
	}, Doc("List own packages", "Newest first."))
}
