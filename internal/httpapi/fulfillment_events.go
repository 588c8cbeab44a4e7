package httpapi

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fulfillment"
)

type (
	// ListFulfillmentEventsInput is the request of listFulfillmentEvents.
	ListFulfillmentEventsInput struct {
		PageQuery
		FulfillmentID   string    `query:"fulfillment_id" maxLength:"64"`
		ShipmentID      string    `query:"shipment_id" maxLength:"64"`
		PackageID       string    `query:"package_id" maxLength:"64"`
		OrderID         string    `query:"order_id" maxLength:"64"`
		Type            string    `query:"event_type" enum:"accepted,preparing,picked,packed,ready,shipped,dispatched,in_transit,out_for_delivery,delivered,delivery_attempted,tracking_updated,exception,returned,completed,canceled,failed,no_show,custom" fault:"invalid=INVALID_FULFILLMENT_EVENT_TYPE" doc:"What was observed, or the status that was reached."`
		ExternalSystem  string    `query:"external_system" maxLength:"255"`
		ExternalEventID string    `query:"external_event_id" maxLength:"255"`
		OccurredAfter   time.Time `query:"occurred_after"`
		OccurredBefore  time.Time `query:"occurred_before"`
		SortBy          string    `query:"sort_by" enum:"received_at,occurred_at"`
	}
	// GetFulfillmentEventInput is the request of getFulfillmentEvent.
	GetFulfillmentEventInput struct {
		EventID string   `path:"fulfillment_event_id" id:"fev"`
		Expand  []string `query:"expand" enum:"order"`
	}
	// ListFulfillmentNotificationsInput is the request of listFulfillmentNotifications.
	ListFulfillmentNotificationsInput struct {
		PageQuery
		FulfillmentID string `query:"fulfillment_id" maxLength:"64"`
		OrderID       string `query:"order_id" maxLength:"64"`
		EventID       string `query:"fulfillment_event_id" maxLength:"64"`
		Channel       string `query:"channel" enum:"email" fault:"invalid=INVALID_CHANNEL"`
		Status        string `query:"status" enum:"pending,sent,failed,suppressed"`
		Type          string `query:"notification_type" enum:"fulfillment_ready,fulfillment_dispatched,fulfillment_completed,fulfillment_canceled,fulfillment_failed,fulfillment_no_show,fulfillment_shipped,fulfillment_in_transit,fulfillment_out_for_delivery,fulfillment_delivered,fulfillment_delivery_attempted,fulfillment_exception,fulfillment_returned,tracking_updated,shipment_shipped,shipment_in_transit,shipment_out_for_delivery,shipment_delivered,shipment_delivery_attempted,shipment_exception,shipment_returned" fault:"invalid=INVALID_NOTIFICATION_TYPE"`
	}
	// GetFulfillmentNotificationInput is the request of getFulfillmentNotification.
	GetFulfillmentNotificationInput struct {
		NotificationID string   `path:"fulfillment_notification_id" id:"fnot"`
		Expand         []string `query:"expand" enum:"order"`
	}
)

func registerFulfillmentTimeline(a *API, s *Services) {
	Get(a, "listFulfillmentEvents", func(_ context.Context, tx db.Tx, c *Caller, in *ListFulfillmentEventsInput) (Page[*FulfillmentEvent], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*fulfillment.Event, *listing.Cursor, error) {
			return fulfillment.ListEvents(tx, fulfillment.ListEventsInput{
				Page: fulfillment.Page{Scope: c.Scope, After: after, Limit: limit}, OrderID: in.OrderID, FulfillmentID: in.FulfillmentID,
				ShipmentID: in.ShipmentID, PackageID: in.PackageID, Kind: in.Type, ExternalSystem: in.ExternalSystem, ExternalEventID: in.ExternalEventID,
				OccurredAfter: in.OccurredAfter, OccurredBefore: in.OccurredBefore, ByOccurrence: in.SortBy == "occurred_at",
			})
		})
		return MapPage(page, wireFulfillmentEvent), err
	}, Doc("List what happened", "Changes of status and observations, newest first."), Errors("FULFILLMENT_EVENT_OCCURRED_RANGE_INVALID", "INVALID_FULFILLMENT_EVENT_TYPE"))

	Get(a, "getFulfillmentEvent", func(ctx context.Context, tx db.Tx, c *Caller, in *GetFulfillmentEventInput) (*FulfillmentEvent, error) {
		if err := mayExpand(c, in.Expand, orderScope); err != nil {
			return nil, err
		}
		e, err := fulfillment.GetEvent(tx, c.Scope, in.EventID)
		if err != nil {
			return nil, err
		}
		out := wireFulfillmentEvent(e)
		return out, expandOrder(ctx, s, tx, c, in.Expand, e.OrderID, &out.Order)
	}, Doc("Read a row of the timeline", ""))

	Get(a, "listFulfillmentNotifications", func(_ context.Context, tx db.Tx, c *Caller, in *ListFulfillmentNotificationsInput) (Page[*FulfillmentNotification], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*fulfillment.Notice, *listing.Cursor, error) {
			return fulfillment.ListNotices(tx, fulfillment.ListNoticesInput{
				Page: fulfillment.Page{Scope: c.Scope, After: after, Limit: limit}, OrderID: in.OrderID, FulfillmentID: in.FulfillmentID, EventID: in.EventID,
				Status: in.Status, Type: in.Type,
			})
		})
		return MapPage(page, wireFulfillmentNotification), err
	}, Doc("List what buyers were told", "Each decision to write to a buyer, and why one was not written to. Newest first."), Errors("INVALID_CHANNEL", "INVALID_NOTIFICATION_TYPE"))

	Get(a, "getFulfillmentNotification", func(ctx context.Context, tx db.Tx, c *Caller, in *GetFulfillmentNotificationInput) (*FulfillmentNotification, error) {
		if err := mayExpand(c, in.Expand, orderScope); err != nil {
			return nil, err
		}
		n, err := fulfillment.GetNotice(tx, c.Scope, in.NotificationID)
		if err != nil {
			return nil, err
		}
		out := wireFulfillmentNotification(n)
		return out, expandOrder(ctx, s, tx, c, in.Expand, n.OrderID, &out.Order)
	}, Doc("Read what a buyer was told", ""))
}
