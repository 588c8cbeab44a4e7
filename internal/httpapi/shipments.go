package httpapi

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fulfillment"
)

// ShipmentPath names a shipment.
type ShipmentPath struct {
	ShipmentID string `path:"shipment_id" id:"shp"`
}

// ShipmentFilter filters a list of shipments.
type ShipmentFilter struct {
	OrderID             string    `query:"order_id" maxLength:"64"`
	FulfillmentID       string    `query:"fulfillment_id" maxLength:"64"`
	ReturnID            string    `query:"return_id" maxLength:"64"`
	ExternalSystem      string    `query:"external_system" maxLength:"255"`
	ExternalReferenceID string    `query:"external_reference_id" maxLength:"255"`
	Query               string    `query:"query" maxLength:"255" doc:"Part of the id or the external reference."`
	HandedOffAfter      time.Time `query:"handed_off_after"`
	HandedOffBefore     time.Time `query:"handed_off_before"`
	CreatedAfter        time.Time `query:"created_after"`
	CreatedBefore       time.Time `query:"created_before"`
}

type (
	// ListShipmentsInput is the request of listShipments.
	ListShipmentsInput struct {
		PageQuery
		ShipmentFilter
	}
	// GetShipmentInput is the request of getShipment.
	GetShipmentInput struct {
		ShipmentPath
		Expand []string `query:"expand" enum:"order"`
	}
	// CreateShipmentRequest adds a leg. The fields of a return belong to the direction return, which needs them.
	CreateShipmentRequest struct {
		Direction           string               `json:"direction,omitzero" enum:"outbound,return" fault:"invalid=INVALID_SHIPMENT_DIRECTION" doc:"outbound when absent."`
		ReturnID            string               `json:"return_id,omitzero" maxLength:"64"`
		ReturnLines         []ReturnShipmentLine `json:"return_line_items,omitempty" maxItems:"250"`
		ExternalSystem      string               `json:"external_system,omitzero"`
		ExternalReferenceID string               `json:"external_reference_id,omitzero"`
		Metadata            map[string]string    `json:"metadata,omitempty"`
	}
	// CreateShipmentInput is the request of createShipment.
	CreateShipmentInput struct {
		FulfillmentPath
		Body CreateShipmentRequest
	}
	// CreateShipmentResult is a shipment that was made, or was there already.
	CreateShipmentResult struct {
		Shipment *Shipment `json:"shipment"`
		Replayed bool      `json:"replayed,omitzero" doc:"The provider's reference made it before."`
	}
	// UpdateShipmentRequest changes the fields that are sent.
	UpdateShipmentRequest struct {
		ExpectedVersion     *int64        `json:"expected_version,omitzero" minimum:"1" fault:"invalid=INVALID_EXPECTED_VERSION"`
		ExternalSystem      Opt[string]   `json:"external_system,omitzero"`
		ExternalReferenceID Opt[string]   `json:"external_reference_id,omitzero"`
		Metadata            MetadataPatch `json:"metadata,omitzero" doc:"Merged by key; a null value removes its key, null as a whole removes all."`
	}
	// UpdateShipmentInput is the request of updateShipment.
	UpdateShipmentInput struct {
		ShipmentPath
		Body UpdateShipmentRequest
	}
	// UpdateShipmentResult is a shipment after a change.
	UpdateShipmentResult struct {
		Shipment  *Shipment `json:"shipment"`
		Unchanged bool      `json:"unchanged,omitzero"`
	}
	// VoidRequest gives up what no carrier has.
	VoidRequest struct {
		ExpectedVersion *int64    `json:"expected_version,omitzero" minimum:"1" fault:"invalid=INVALID_EXPECTED_VERSION"`
		OccurredAt      time.Time `json:"occurred_at,omitzero"`
		ReasonMessage   string    `json:"reason_message,omitzero" maxLength:"500" fault:"long=FULFILLMENT_STATUS_REASON_TOO_LONG"`
		Notify          string    `json:"buyer_notification_behavior,omitzero" enum:"send,suppress" fault:"invalid=INVALID_FULFILLMENT_BUYER_NOTIFICATION_BEHAVIOR"`
	}
	// VoidShipmentInput is the request of voidShipment.
	VoidShipmentInput struct {
		ShipmentPath
		Body *VoidRequest
	}
	// VoidShipmentResult is what voiding did.
	VoidShipmentResult struct {
		Shipment      *Shipment                  `json:"shipment"`
		Packages      []*Package                 `json:"packages,omitempty"`
		Events        []*FulfillmentEvent        `json:"events,omitempty"`
		Notifications []*FulfillmentNotification `json:"fulfillment_notifications,omitempty"`
		Unchanged     bool                       `json:"unchanged,omitzero"`
	}
)

// SuccessStatus is 200 for what was there already.
func (r *CreateShipmentResult) SuccessStatus() int { return createdOr(r.Replayed) }

func allocations(in []ReturnShipmentLine) []fulfillment.Allocation {
	return wireAll(in, func(l ReturnShipmentLine) fulfillment.Allocation {
		return fulfillment.Allocation{ReturnLineItemID: l.LineID, Quantity: l.Quantity}
	})
}

func (r *VoidRequest) domain(c *Caller, objectID string) fulfillment.VoidInput {
	in := fulfillment.VoidInput{Scope: c.Scope, ID: objectID, Cause: c.Cause()}
	if r != nil {
		in.ExpectedVersion, in.OccurredAt, in.ReasonMessage, in.Notify = r.ExpectedVersion, r.OccurredAt, r.ReasonMessage, r.Notify
	}
	return in
}

// listShipments reads a page; with a buyer only of the buyer's orders.
func listShipments(tx db.Tx, c *Caller, q PageQuery, in ShipmentFilter, buyerID string) (Page[*fulfillment.Shipment], error) {
	return List(c, q, func(after *listing.Cursor, limit int) ([]*fulfillment.Shipment, *listing.Cursor, error) {
		return fulfillment.ListShipments(tx, fulfillment.ListShipmentsInput{
			Page: fulfillment.Page{Scope: c.Scope, BuyerID: buyerID, After: after, Limit: limit}, OrderID: in.OrderID, FulfillmentID: in.FulfillmentID,
			ReturnID: in.ReturnID, ExternalSystem: in.ExternalSystem, ExternalReferenceID: in.ExternalReferenceID, Query: in.Query,
			HandedOffAfter: in.HandedOffAfter, HandedOffBefore: in.HandedOffBefore, CreatedAfter: in.CreatedAfter, CreatedBefore: in.CreatedBefore,
		})
	})
}

func registerShipments(a *API, s *Services) {
	Write(a, "createShipment", func(_ context.Context, tx db.Tx, c *Caller, in *CreateShipmentInput) (*CreateShipmentResult, error) {
		b := &in.Body
		sh, replayed, err := s.Fulfillments.CreateShipment(tx, fulfillment.CreateShipmentInput{
			Scope: c.Scope, FulfillmentID: in.FulfillmentID, Direction: b.Direction, ReturnID: b.ReturnID, ReturnLines: allocations(b.ReturnLines),
			ExternalSystem: b.ExternalSystem, ExternalReferenceID: b.ExternalReferenceID, Metadata: b.Metadata, Cause: c.Cause(),
		})
		if err != nil {
			return nil, err
		}
		return &CreateShipmentResult{wireShipment(sh), replayed}, nil
	}, Doc("Add a shipment", "One leg of a carrier, to the buyer or back. A provider's reference makes one shipment, however often it is sent."),
		Errors("FULFILLMENT_TYPE_NOT_ALLOWED", "FULFILLMENT_COMPLETED", "FULFILLMENT_TERMINAL", "INVALID_SHIPMENT_DIRECTION", "RETURN_SHIPMENT_INVALID",
			"RETURN_SHIPMENT_LINE_ITEMS_REQUIRED", "RETURN_SHIPMENT_QUANTITY_INVALID", "RETURN_NOT_FOUND",
			"FULFILLMENT_SHIPMENT_PROVIDER_REFERENCE_CONFLICT", "FULFILLMENT_SHIPMENT_PROVIDER_REFERENCE_INCOMPLETE"))

	Get(a, "listShipments", func(_ context.Context, tx db.Tx, c *Caller, in *ListShipmentsInput) (Page[*Shipment], error) {
		page, err := listShipments(tx, c, in.PageQuery, in.ShipmentFilter, "")
		return MapPage(page, wireShipment), err
	}, Doc("List shipments", "Newest first."), Errors("SHIPMENT_CREATED_RANGE_INVALID", "SHIPMENT_HANDOFF_RANGE_INVALID"))

	Get(a, "getShipment", func(ctx context.Context, tx db.Tx, c *Caller, in *GetShipmentInput) (*Shipment, error) {
		if err := mayExpand(c, in.Expand, orderScope); err != nil {
			return nil, err
		}
		sh, err := fulfillment.GetShipment(tx, c.Scope, in.ShipmentID)
		if err != nil {
			return nil, err
		}
		out := wireShipment(sh)
		return out, expandOrder(ctx, s, tx, c, in.Expand, sh.OrderID, &out.Order)
	}, Doc("Read a shipment", ""))

	Write(a, "updateShipment", func(_ context.Context, tx db.Tx, c *Caller, in *UpdateShipmentInput) (*UpdateShipmentResult, error) {
		b := &in.Body
		sh, unchanged, err := s.Fulfillments.UpdateShipment(tx, fulfillment.UpdateShipmentInput{
			Scope: c.Scope, ShipmentID: in.ShipmentID, ExpectedVersion: b.ExpectedVersion, ExternalSystem: b.ExternalSystem.Ptr(),
			ExternalReferenceID: b.ExternalReferenceID.Ptr(), Metadata: metadataIf(b.Metadata), Cause: c.Cause(),
		})
		if err != nil {
			return nil, err
		}
		return &UpdateShipmentResult{wireShipment(sh), unchanged}, nil
	}, Doc("Change a shipment", "Its references and metadata. The status follows its packages."),
		Errors("SHIPMENT_CHANGED", "FULFILLMENT_SHIPMENT_TERMINAL", "NO_FIELDS_TO_UPDATE", "FULFILLMENT_SHIPMENT_PROVIDER_REFERENCE_CONFLICT",
			"FULFILLMENT_SHIPMENT_PROVIDER_REFERENCE_INCOMPLETE"))

	Write(a, "voidShipment", func(_ context.Context, tx db.Tx, c *Caller, in *VoidShipmentInput) (*VoidShipmentResult, error) {
		done, err := s.Fulfillments.VoidShipment(tx, in.Body.domain(c, in.ShipmentID))
		if err != nil {
			return nil, err
		}
		return &VoidShipmentResult{
			Shipment: wireShipment(done.Shipment), Packages: wireAll(done.Packages, wirePackage), Events: wireAll(done.Events, wireFulfillmentEvent),
			Notifications: wireAll(done.Notices, wireFulfillmentNotification), Unchanged: done.Unchanged,
		}, nil
	}, Doc("Void a shipment", "With its packages, before a carrier has any of them. The body may be left out."),
		Errors("SHIPMENT_CHANGED", "FULFILLMENT_SHIPMENT_NOT_VOIDABLE"))
}
