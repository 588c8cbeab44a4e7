package httpapi

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/fulfillment"
	"flint/internal/order"
)

// FulfillmentLineRequest asks for units of a line.
type FulfillmentLineRequest struct {
	LineID   string `json:"order_line_item_id" maxLength:"64" fault:"required=FULFILLMENT_LINE_ITEM_ID_REQUIRED"`
	Quantity int64  `json:"quantity" fault:"invalid=FULFILLMENT_QUANTITY_INVALID,required=FULFILLMENT_QUANTITY_INVALID"`
}

// CreatePickupDetails describes a pickup.
type CreatePickupDetails struct {
	LocationName         string    `json:"location_name,omitzero"`
	Address              *Address  `json:"address,omitzero"`
	Instructions         string    `json:"instructions,omitzero"`
	CurbsideInstructions string    `json:"curbside_instructions,omitzero"`
	Vehicle              string    `json:"vehicle_description,omitzero"`
	WindowStartAt        time.Time `json:"window_start_at,omitzero"`
	WindowEndAt          time.Time `json:"window_end_at,omitzero"`
	WindowSeconds        int64     `json:"pickup_window_duration_seconds,omitzero" minimum:"0" maximum:"86400" fault:"invalid=INVALID_FULFILLMENT_DETAILS"`
	PrepSeconds          int64     `json:"prep_time_duration_seconds,omitzero" minimum:"0" maximum:"86400" fault:"invalid=INVALID_FULFILLMENT_DETAILS"`
	Timezone             string    `json:"timezone,omitzero"`
	ReadyAt              time.Time `json:"ready_at,omitzero"`
	ArrivedAt            time.Time `json:"customer_arrived_at,omitzero"`
	ExpiresAt            time.Time `json:"expires_at,omitzero"`
}

// CreateLocalDeliveryDetails describes a delivery by courier.
type CreateLocalDeliveryDetails struct {
	Carrier       string    `json:"carrier,omitzero"`
	CourierName   string    `json:"courier_provider_name,omitzero"`
	CourierPhone  string    `json:"courier_support_phone,omitzero"`
	ExternalID    string    `json:"external_delivery_id,omitzero"`
	TrackingURL   string    `json:"tracking_url,omitzero"`
	ServiceAreaID string    `json:"service_area_id,omitzero"`
	Instructions  string    `json:"instructions,omitzero"`
	DropoffNotes  string    `json:"dropoff_notes,omitzero"`
	NoContact     bool      `json:"no_contact,omitzero"`
	WindowStartAt time.Time `json:"window_start_at,omitzero"`
	WindowEndAt   time.Time `json:"window_end_at,omitzero"`
	Timezone      string    `json:"timezone,omitzero"`
	WindowSeconds int64     `json:"courier_pickup_window_duration_seconds,omitzero" minimum:"0" maximum:"86400" fault:"invalid=INVALID_FULFILLMENT_DETAILS"`
	PrepSeconds   int64     `json:"prep_time_duration_seconds,omitzero" minimum:"0" maximum:"86400" fault:"invalid=INVALID_FULFILLMENT_DETAILS"`
	ReadyAt       time.Time `json:"ready_at,omitzero"`
	ExpiresAt     time.Time `json:"expires_at,omitzero"`
}

// CreateDigitalDetails describes a download.
type CreateDigitalDetails struct {
	URL string `json:"delivery_url,omitzero"`
}

// CreateServiceDetails describes work at a time.
type CreateServiceDetails struct {
	StartAt  time.Time `json:"scheduled_start_at,omitzero"`
	EndAt    time.Time `json:"scheduled_end_at,omitzero"`
	Timezone string    `json:"timezone,omitzero"`
	Notes    string    `json:"notes,omitzero"`
}

// FulfillmentPackagingRequest asks for one shipment with one parcel that holds everything.
type FulfillmentPackagingRequest struct {
	Packaging           string               `json:"packaging" enum:"single_package" fault:"invalid=INVALID_PACKAGING"`
	Package             CreatePackageRequest `json:"package"`
	ExternalSystem      string               `json:"external_system,omitzero"`
	ExternalReferenceID string               `json:"external_reference_id,omitzero"`
	Metadata            map[string]string    `json:"metadata,omitempty"`
}

// CreateFulfillmentRequest asks for a fulfilment. At most one of the details may be sent, that of the type.
type CreateFulfillmentRequest struct {
	Type                string                       `json:"type" enum:"shipment,pickup,local_delivery,digital,service" fault:"invalid=INVALID_FULFILLMENT_TYPE,required=FULFILLMENT_TYPE_REQUIRED"`
	Lines               []FulfillmentLineRequest     `json:"line_items" minItems:"1" maxItems:"250" fault:"required=FULFILLMENT_LINE_ITEMS_REQUIRED"`
	Shipment            *FulfillmentPackagingRequest `json:"shipment,omitzero"`
	Pickup              *CreatePickupDetails         `json:"pickup_details,omitzero"`
	LocalDelivery       *CreateLocalDeliveryDetails  `json:"local_delivery_details,omitzero"`
	Digital             *CreateDigitalDetails        `json:"digital_details,omitzero"`
	Service             *CreateServiceDetails        `json:"service_details,omitzero"`
	Recipient           *FulfillmentRecipient        `json:"recipient,omitzero" doc:"Where the order goes when absent."`
	CustomerID          string                       `json:"customer_id,omitzero" maxLength:"64"`
	LocationID          *string                      `json:"location_id,omitzero" doc:"Reserved."`
	DeviceID            *string                      `json:"device_id,omitzero" doc:"Reserved."`
	ExternalReferenceID string                       `json:"external_reference_id,omitzero"`
	Metadata            map[string]string            `json:"metadata,omitempty"`
}

// CreateFulfillmentInput is the request of createFulfillment.
type CreateFulfillmentInput struct {
	OrderID string `path:"order_id" id:"ord"`
	Body    CreateFulfillmentRequest

	domain fulfillment.CreateInput
}

// Validate implements Validator.
func (in *CreateFulfillmentInput) Validate() error {
	var f fault.List
	b := &in.Body
	refuseReserved(&f, b.LocationID != nil, "location_id")
	refuseReserved(&f, b.DeviceID != nil, "device_id")
	d := fulfillment.CreateInput{
		OrderID: in.OrderID, Type: b.Type, Recipient: b.Recipient.domain(), CustomerID: b.CustomerID, ExternalReferenceID: b.ExternalReferenceID,
		Metadata: b.Metadata,
	}
	for _, l := range b.Lines {
		d.Lines = append(d.Lines, fulfillment.Line{OrderLineItemID: l.LineID, Quantity: l.Quantity})
	}
	if p := b.Shipment; p != nil {
		d.Packaging = &fulfillment.PackagingInput{Package: p.Package.domain(), ExternalSystem: p.ExternalSystem,
			ExternalReferenceID: p.ExternalReferenceID, Metadata: p.Metadata}
	}
	if p := b.Pickup; p != nil {
		d.Pickup = &fulfillment.Pickup{
			LocationName: p.LocationName, Address: p.Address.domainIf(), Instructions: p.Instructions, CurbsideInstructions: p.CurbsideInstructions,
			Vehicle: p.Vehicle, WindowStartAt: p.WindowStartAt, WindowEndAt: p.WindowEndAt, WindowSeconds: p.WindowSeconds, PrepSeconds: p.PrepSeconds,
			Timezone: p.Timezone, ReadyAt: p.ReadyAt, ArrivedAt: p.ArrivedAt, ExpiresAt: p.ExpiresAt,
		}
	}
	if v := b.LocalDelivery; v != nil {
		d.LocalDelivery = &fulfillment.LocalDelivery{
			Carrier: v.Carrier, CourierName: v.CourierName, CourierPhone: v.CourierPhone, ExternalID: v.ExternalID, TrackingURL: v.TrackingURL,
			ServiceAreaID: v.ServiceAreaID, Instructions: v.Instructions, DropoffNotes: v.DropoffNotes, NoContact: v.NoContact,
			WindowStartAt: v.WindowStartAt, WindowEndAt: v.WindowEndAt, Timezone: v.Timezone, WindowSeconds: v.WindowSeconds, PrepSeconds: v.PrepSeconds,
			ReadyAt: v.ReadyAt, ExpiresAt: v.ExpiresAt,
		}
	}
	if v := b.Digital; v != nil {
		d.Digital = &fulfillment.Digital{URL: v.URL}
	}
	if v := b.Service; v != nil {
		d.Service = &fulfillment.Appointment{StartAt: v.StartAt, EndAt: v.EndAt, Timezone: v.Timezone, Notes: v.Notes}
	}
	in.domain = d
	addRules(&f, d.Validate())
	return f.Err()
}

func (r *FulfillmentRecipient) domain() *fulfillment.Recipient {
	if r == nil {
		return nil
	}
	return &fulfillment.Recipient{Name: r.Name, Email: r.Email, Phone: r.Phone, Address: r.Address.domainIf(), Instructions: r.Instructions}
}

func (a *Address) domainIf() *order.Address {
	if a == nil {
		return nil
	}
	out := order.Address(*a)
	return &out
}

func registerCreateFulfillment(a *API, s *Services) {
	Write(a, "createFulfillment", func(_ context.Context, tx db.Tx, c *Caller, in *CreateFulfillmentInput) (*Fulfillment, error) {
		in.domain.Scope, in.domain.Cause = c.Scope, c.Cause()
		return wired(wireFulfillment)(s.Fulfillments.Create(tx, in.domain))
	}, Doc("Fulfill lines of an order", "Holds the units until they are handed over or given back. With shipment, one parcel holds all of them."),
		Errors("ORDER_NOT_FULFILLABLE", "ORDER_LINE_ITEM_NOT_FOUND", "FULFILLMENT_QUANTITY_EXCEEDS_LINE_ITEM", "FULFILLMENT_QUANTITY_EXCEEDS_AVAILABLE",
			"DUPLICATE_FULFILLMENT_LINE_ITEM", "FULFILLMENT_DETAILS_TYPE_MISMATCH", "FULFILLMENT_TYPE_NOT_ALLOWED", "FULFILLMENT_WINDOW_INVALID",
			"FULFILLMENT_SCHEDULE_INVALID", "SERVICE_TIMEZONE_REQUIRED", "INVALID_TIMEZONE", "FULFILLMENT_TRACKING_URL_INVALID",
			"FULFILLMENT_SHIPMENT_PROVIDER_REFERENCE_CONFLICT", "SHIPMENT_PACKAGE_PROVIDER_REFERENCE_CONFLICT"))
}
