package httpapi

import (
	"cmp"
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fulfillment"
)

// PackagePath names a package.
type PackagePath struct {
	PackageID string `path:"package_id" id:"pkg"`
}

// PackageFilter filters a list of packages.
type PackageFilter struct {
	OrderID             string `query:"order_id" maxLength:"64"`
	FulfillmentID       string `query:"fulfillment_id" maxLength:"64"`
	ShipmentID          string `query:"shipment_id" maxLength:"64"`
	ExternalSystem      string `query:"external_system" maxLength:"255"`
	ExternalReferenceID string `query:"external_reference_id" maxLength:"255"`
	Query               string `query:"query" maxLength:"255" doc:"Part of the id, the external reference or the tracking number."`
}

type (
	// ListPackagesInput is the request of listPackages.
	ListPackagesInput struct {
		PageQuery
		PackageFilter
	}
	// GetPackageInput is the request of getPackage.
	GetPackageInput struct {
		PackagePath
		Expand []string `query:"expand" enum:"order"`
	}
	// CreatePackageRequest describes a parcel.
	CreatePackageRequest struct {
		Carrier             string               `json:"carrier,omitzero"`
		ServiceCode         string               `json:"service_code,omitzero"`
		TrackingNumber      string               `json:"tracking_number,omitzero"`
		TrackingURL         string               `json:"tracking_url,omitzero"`
		LabelURL            string               `json:"label_url,omitzero"`
		StatusReason        string               `json:"status_reason,omitzero"`
		Dimensions          *ShippingDimensions  `json:"dimensions,omitzero"`
		Weight              *ShippingWeight      `json:"weight,omitzero"`
		ReturnLines         []ReturnShipmentLine `json:"return_line_items,omitempty" maxItems:"250" doc:"Needed in a return shipment, refused in an outbound one."`
		ExternalSystem      string               `json:"external_system,omitzero"`
		ExternalReferenceID string               `json:"external_reference_id,omitzero"`
		Metadata            map[string]string    `json:"metadata,omitempty"`
		Notify              string               `json:"buyer_notification_behavior,omitzero" enum:"send,suppress" fault:"invalid=INVALID_FULFILLMENT_BUYER_NOTIFICATION_BEHAVIOR"`
	}
	// CreatePackageInput is the request of createPackage.
	CreatePackageInput struct {
		ShipmentPath
		Body CreatePackageRequest
	}
	// CreatePackageResult is a package that was made, or was there already.
	CreatePackageResult struct {
		Package       *Package                   `json:"package"`
		Event         *FulfillmentEvent          `json:"fulfillment_event,omitzero"`
		Notifications []*FulfillmentNotification `json:"fulfillment_notifications,omitempty"`
		Replayed      bool                       `json:"replayed,omitzero" doc:"The provider's reference made it before."`
	}
	// UpdatePackageRequest changes the fields that are sent; null clears one.
	UpdatePackageRequest struct {
		ExpectedVersion     *int64                  `json:"expected_version,omitzero" minimum:"1" fault:"invalid=INVALID_EXPECTED_VERSION"`
		Carrier             Opt[string]             `json:"carrier,omitzero"`
		ServiceCode         Opt[string]             `json:"service_code,omitzero"`
		TrackingNumber      Opt[string]             `json:"tracking_number,omitzero"`
		TrackingURL         Opt[string]             `json:"tracking_url,omitzero"`
		LabelURL            Opt[string]             `json:"label_url,omitzero"`
		StatusReason        Opt[string]             `json:"status_reason,omitzero"`
		Dimensions          Opt[ShippingDimensions] `json:"dimensions,omitzero"`
		Weight              Opt[ShippingWeight]     `json:"weight,omitzero"`
		ExternalSystem      Opt[string]             `json:"external_system,omitzero"`
		ExternalReferenceID Opt[string]             `json:"external_reference_id,omitzero"`
		Metadata            MetadataPatch           `json:"metadata,omitzero" doc:"Merged by key; a null value removes its key, null as a whole removes all."`
		Notify              string                  `json:"buyer_notification_behavior,omitzero" enum:"send,suppress" fault:"invalid=INVALID_FULFILLMENT_BUYER_NOTIFICATION_BEHAVIOR"`
	}
	// UpdatePackageInput is the request of updatePackage.
	UpdatePackageInput struct {
		PackagePath
		Body UpdatePackageRequest
	}
	// UpdatePackageResult is a package after a change.
	UpdatePackageResult struct {
		Package       *Package                   `json:"package"`
		Event         *FulfillmentEvent          `json:"fulfillment_event,omitzero"`
		Notifications []*FulfillmentNotification `json:"fulfillment_notifications,omitempty"`
		Unchanged     bool                       `json:"unchanged,omitzero"`
	}
	// PackageTransitionRequest moves a package.
	PackageTransitionRequest struct {
		Action          string    `json:"action" enum:"mark_packed,mark_shipped,mark_in_transit,mark_out_for_delivery,mark_delivery_attempted,mark_delivered,mark_exception,mark_returned" fault:"invalid=INVALID_ACTION"`
		OccurredAt      time.Time `json:"occurred_at,omitzero"`
		ReasonMessage   string    `json:"reason_message,omitzero" maxLength:"500" fault:"long=FULFILLMENT_STATUS_REASON_TOO_LONG"`
		ExpectedVersion *int64    `json:"expected_version,omitzero" minimum:"1" fault:"invalid=INVALID_EXPECTED_VERSION"`
		Notify          string    `json:"buyer_notification_behavior,omitzero" enum:"send,suppress" fault:"invalid=INVALID_FULFILLMENT_BUYER_NOTIFICATION_BEHAVIOR"`
	}
	// TransitionPackageInput is the request of transitionPackage.
	TransitionPackageInput struct {
		PackagePath
		Body PackageTransitionRequest
	}
	// PackageStatusUpdateResult is what moving did.
	PackageStatusUpdateResult struct {
		Package       *Package                   `json:"package"`
		StatusUpdate  *PackageStatusUpdate       `json:"package_status_update,omitzero"`
		Event         *FulfillmentEvent          `json:"event,omitzero"`
		Notifications []*FulfillmentNotification `json:"fulfillment_notifications,omitempty"`
		Unchanged     bool                       `json:"unchanged,omitzero"`
	}
	// VoidPackageInput is the request of voidPackage.
	VoidPackageInput struct {
		PackagePath
		Body *VoidRequest
	}
	// VoidPackageResult is what voiding did.
	VoidPackageResult struct {
		Package       *Package                   `json:"package"`
		Event         *FulfillmentEvent          `json:"event,omitzero"`
		Notifications []*FulfillmentNotification `json:"fulfillment_notifications,omitempty"`
		Unchanged     bool                       `json:"unchanged,omitzero"`
	}
)

// SuccessStatus is 200 for what was there already.
func (r *CreatePackageResult) SuccessStatus() int { return createdOr(r.Replayed) }

func (r *CreatePackageRequest) domain() fulfillment.PackageInput {
	return fulfillment.PackageInput{
		Carrier: r.Carrier, ServiceCode: r.ServiceCode, TrackingNumber: r.TrackingNumber, TrackingURL: r.TrackingURL, LabelURL: r.LabelURL,
		StatusReason: r.StatusReason, Dimensions: r.Dimensions.domain(), Weight: r.Weight.domain(), ReturnLines: allocations(r.ReturnLines),
		ExternalSystem: r.ExternalSystem, ExternalReferenceID: r.ExternalReferenceID, Metadata: r.Metadata, Notify: r.Notify,
	}
}

func (d *ShippingDimensions) domain() *fulfillment.Dimensions {
	if d == nil {
		return nil
	}
	return &fulfillment.Dimensions{Length: fulfillment.Measure(d.Length), Width: fulfillment.Measure(d.Width), Height: fulfillment.Measure(d.Height), Unit: d.Unit}
}

func (w *ShippingWeight) domain() *fulfillment.Weight {
	if w == nil {
		return nil
	}
	return &fulfillment.Weight{Value: fulfillment.Measure(w.Value), Unit: w.Unit}
}

// listPackages reads a page; with a buyer only of the buyer's orders.
func listPackages(tx db.Tx, c *Caller, q PageQuery, in PackageFilter, buyerID string) (Page[*fulfillment.Package], error) {
	return List(c, q, func(after *listing.Cursor, limit int) ([]*fulfillment.Package, *listing.Cursor, error) {
		return fulfillment.ListPackages(tx, fulfillment.ListPackagesInput{
			Page: fulfillment.Page{Scope: c.Scope, BuyerID: buyerID, After: after, Limit: limit}, OrderID: in.OrderID, FulfillmentID: in.FulfillmentID,
			ShipmentID: in.ShipmentID, ExternalSystem: in.ExternalSystem, ExternalReferenceID: in.ExternalReferenceID, Query: in.Query,
		})
	})
}

func (in *UpdatePackageInput) domain(c *Caller) fulfillment.UpdatePackageInput {
	b := &in.Body
	return fulfillment.UpdatePackageInput{
		Scope: c.Scope, PackageID: in.PackageID, ExpectedVersion: b.ExpectedVersion, Carrier: b.Carrier.Ptr(), ServiceCode: b.ServiceCode.Ptr(),
		TrackingNumber: b.TrackingNumber.Ptr(), TrackingURL: b.TrackingURL.Ptr(), LabelURL: b.LabelURL.Ptr(), StatusReason: b.StatusReason.Ptr(),
		ExternalSystem: b.ExternalSystem.Ptr(), ExternalReferenceID: b.ExternalReferenceID.Ptr(), Metadata: metadataIf(b.Metadata), Notify: b.Notify,
		Dimensions: whole(b.Dimensions, (*ShippingDimensions).domain), Weight: whole(b.Weight, (*ShippingWeight).domain), Cause: c.Cause(),
	}
}

func createdPackage(done fulfillment.Packed) *CreatePackageResult {
	return &CreatePackageResult{wirePackage(done.Package), wireFulfillmentEvent(done.Event), wireAll(done.Notices, wireFulfillmentNotification), done.Replayed}
}

func changedPackage(done fulfillment.Packed) *UpdatePackageResult {
	return &UpdatePackageResult{wirePackage(done.Package), wireFulfillmentEvent(done.Event), wireAll(done.Notices, wireFulfillmentNotification), done.Unchanged}
}

func voidedPackage(done fulfillment.Packed) *VoidPackageResult {
	return (*VoidPackageResult)(changedPackage(done))
}

func movedPackage(done fulfillment.Packed) *PackageStatusUpdateResult {
	return &PackageStatusUpdateResult{wirePackage(done.Package), wirePackageUpdate(done.Event), wireFulfillmentEvent(done.Event),
		wireAll(done.Notices, wireFulfillmentNotification), done.Unchanged}
}

func wirePackageUpdate(e *fulfillment.Event) *PackageStatusUpdate {
	if e == nil {
		return nil
	}
	return &PackageStatusUpdate{
		ID: e.UpdateID, OrderID: e.OrderID, FulfillmentID: e.FulfillmentID, ShipmentID: e.ShipmentID, PackageID: e.PackageID, PreviousStatus: e.From,
		CurrentStatus: e.To, Notify: cmp.Or(e.Notify, fulfillment.NotifySend), Reason: e.ReasonMessage, OccurredAt: e.OccurredAt, CreatedAt: e.ReceivedAt,
	}
}

func registerPackages(a *API, s *Services) {
	Write(a, "createPackage", func(_ context.Context, tx db.Tx, c *Caller, in *CreatePackageInput) (*CreatePackageResult, error) {
		return wired(createdPackage)(s.Fulfillments.CreatePackage(tx, fulfillment.CreatePackageInput{
			Scope: c.Scope, ShipmentID: in.ShipmentID, Package: in.Body.domain(), Cause: c.Cause(),
		}))
	}, Doc("Add a package", "One parcel of a shipment. Tracking is told to the buyer unless that is suppressed; it does not mean that a carrier has the parcel."),
		Errors("FULFILLMENT_SHIPMENT_TERMINAL", "FULFILLMENT_SHIPMENT_NOT_MUTABLE", "FULFILLMENT_COMPLETED", "FULFILLMENT_TERMINAL",
			"SHIPMENT_PACKAGE_PROVIDER_REFERENCE_CONFLICT", "SHIPMENT_PACKAGE_PROVIDER_REFERENCE_INCOMPLETE", "FULFILLMENT_TRACKING_URL_INVALID",
			"FULFILLMENT_LABEL_URL_INVALID", "FULFILLMENT_LABEL_URL_EXTERNAL_SYSTEM_REQUIRED", "INVALID_SHIPMENT_DIMENSIONS", "INVALID_SHIPMENT_WEIGHT",
			"RETURN_PACKAGE_LINE_ITEMS_REQUIRED", "RETURN_PACKAGE_LINE_DUPLICATED", "RETURN_PACKAGE_QUANTITY_INVALID", "RETURN_PACKAGE_ALLOCATION_EXCEEDS_SHIPMENT"))

	Get(a, "listPackages", func(_ context.Context, tx db.Tx, c *Caller, in *ListPackagesInput) (Page[*Package], error) {
		page, err := listPackages(tx, c, in.PageQuery, in.PackageFilter, "")
		return MapPage(page, wirePackage), err
	}, Doc("List packages", "Newest first."))

	Get(a, "getPackage", func(ctx context.Context, tx db.Tx, c *Caller, in *GetPackageInput) (*Package, error) {
		if err := mayExpand(c, in.Expand, orderScope); err != nil {
			return nil, err
		}
		p, err := fulfillment.GetPackage(tx, c.Scope, in.PackageID)
		if err != nil {
			return nil, err
		}
		out := wirePackage(p)
		return out, expandOrder(ctx, s, tx, c, in.Expand, p.OrderID, &out.Order)
	}, Doc("Read a package", ""))

	Write(a, "updatePackage", func(_ context.Context, tx db.Tx, c *Caller, in *UpdatePackageInput) (*UpdatePackageResult, error) {
		return wired(changedPackage)(s.Fulfillments.UpdatePackage(tx, in.domain(c)))
	}, Doc("Change a package", "Tracking, label, measures and references; never the status. Measures and label stand once a carrier has it."),
		Errors("VERSION_CONFLICT", "SHIPMENT_PACKAGE_TERMINAL", "SHIPMENT_PACKAGE_NOT_MUTABLE", "NO_FIELDS_TO_UPDATE",
			"SHIPMENT_PACKAGE_PROVIDER_REFERENCE_CONFLICT", "SHIPMENT_PACKAGE_PROVIDER_REFERENCE_INCOMPLETE", "FULFILLMENT_TRACKING_URL_INVALID",
			"FULFILLMENT_LABEL_URL_INVALID", "FULFILLMENT_LABEL_URL_EXTERNAL_SYSTEM_REQUIRED", "INVALID_SHIPMENT_DIMENSIONS", "INVALID_SHIPMENT_WEIGHT"))

	Write(a, "transitionPackage", func(_ context.Context, tx db.Tx, c *Caller, in *TransitionPackageInput) (*PackageStatusUpdateResult, error) {
		b := &in.Body
		return wired(movedPackage)(s.Fulfillments.MovePackage(tx, fulfillment.MovePackageInput{
			Scope: c.Scope, PackageID: in.PackageID, Action: b.Action, OccurredAt: b.OccurredAt, ReasonMessage: b.ReasonMessage,
			ExpectedVersion: b.ExpectedVersion, Notify: b.Notify, Cause: c.Cause(),
		}))
	}, Doc("Move a package", "Performs one of its supported_actions. The shipment's status follows; the fulfillment's does not."),
		Errors("VERSION_CONFLICT", "FULFILLMENT_ACTION_NOT_ALLOWED", "SHIPMENT_PACKAGE_TERMINAL", "SHIPMENT_TIMESTAMP_ORDER_INVALID", "INVALID_ACTION"))

	Write(a, "voidPackage", func(_ context.Context, tx db.Tx, c *Caller, in *VoidPackageInput) (*VoidPackageResult, error) {
		return wired(voidedPackage)(s.Fulfillments.VoidPackage(tx, in.Body.domain(c, in.PackageID)))
	}, Doc("Void a package", "Before a carrier has it. What lay in it can be packed again. The body may be left out."),
		Errors("VERSION_CONFLICT", "SHIPMENT_PACKAGE_NOT_VOIDABLE"))
}
