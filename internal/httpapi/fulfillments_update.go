package httpapi

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/fulfillment"
	"flint/internal/order"
)

// PickupPatch changes a pickup; null clears a field.
type PickupPatch struct {
	LocationName         Opt[string]    `json:"location_name,omitzero"`
	Address              Opt[Address]   `json:"address,omitzero"`
	Instructions         Opt[string]    `json:"instructions,omitzero"`
	CurbsideInstructions Opt[string]    `json:"curbside_instructions,omitzero"`
	Vehicle              Opt[string]    `json:"vehicle_description,omitzero"`
	WindowStartAt        Opt[time.Time] `json:"window_start_at,omitzero"`
	WindowEndAt          Opt[time.Time] `json:"window_end_at,omitzero"`
	WindowSeconds        Opt[int64]     `json:"pickup_window_duration_seconds,omitzero"`
	PrepSeconds          Opt[int64]     `json:"prep_time_duration_seconds,omitzero"`
	Timezone             *string        `json:"timezone,omitzero"`
	ReadyAt              Opt[time.Time] `json:"ready_at,omitzero"`
	ArrivedAt            Opt[time.Time] `json:"customer_arrived_at,omitzero"`
	PickedUpAt           Opt[time.Time] `json:"picked_up_at,omitzero"`
	ExpiresAt            Opt[time.Time] `json:"expires_at,omitzero"`
}

func (r *PickupPatch) apply(p *fulfillment.Pickup) {
	into(&p.LocationName, r.LocationName)
	address(&p.Address, r.Address)
	into(&p.Instructions, r.Instructions)
	into(&p.CurbsideInstructions, r.CurbsideInstructions)
	into(&p.Vehicle, r.Vehicle)
	into(&p.WindowStartAt, r.WindowStartAt)
	into(&p.WindowEndAt, r.WindowEndAt)
	into(&p.WindowSeconds, r.WindowSeconds)
	into(&p.PrepSeconds, r.PrepSeconds)
	intoPtr(&p.Timezone, r.Timezone)
	into(&p.ReadyAt, r.ReadyAt)
	into(&p.ArrivedAt, r.ArrivedAt)
	into(&p.PickedUpAt, r.PickedUpAt)
	into(&p.ExpiresAt, r.ExpiresAt)
}

// LocalDeliveryPatch changes a delivery by courier; null clears a field.
type LocalDeliveryPatch struct {
	Carrier         Opt[string]    `json:"carrier,omitzero"`
	CourierPickupAt Opt[time.Time] `json:"courier_pickup_at,omitzero"`
	WindowSeconds   Opt[int64]     `json:"courier_pickup_window_duration_seconds,omitzero"`
	CourierName     Opt[string]    `json:"courier_provider_name,omitzero"`
	CourierPhone    Opt[string]    `json:"courier_support_phone,omitzero"`
	DeliveredAt     Opt[time.Time] `json:"delivered_at,omitzero"`
	DispatchedAt    Opt[time.Time] `json:"dispatched_at,omitzero"`
	DropoffNotes    Opt[string]    `json:"dropoff_notes,omitzero"`
	ExpiresAt       Opt[time.Time] `json:"expires_at,omitzero"`
	ExternalID      Opt[string]    `json:"external_delivery_id,omitzero"`
	Instructions    Opt[string]    `json:"instructions,omitzero"`
	NoContact       Opt[bool]      `json:"no_contact,omitzero"`
	PrepSeconds     Opt[int64]     `json:"prep_time_duration_seconds,omitzero"`
	ReadyAt         Opt[time.Time] `json:"ready_at,omitzero"`
	ServiceAreaID   Opt[string]    `json:"service_area_id,omitzero"`
	TrackingURL     Opt[string]    `json:"tracking_url,omitzero"`
	WindowEndAt     Opt[time.Time] `json:"window_end_at,omitzero"`
	WindowStartAt   Opt[time.Time] `json:"window_start_at,omitzero"`
	Timezone        *string        `json:"timezone,omitzero"`
}

func (r *LocalDeliveryPatch) apply(d *fulfillment.LocalDelivery) {
	into(&d.Carrier, r.Carrier)
	into(&d.CourierPickupAt, r.CourierPickupAt)
	into(&d.WindowSeconds, r.WindowSeconds)
	into(&d.CourierName, r.CourierName)
	into(&d.CourierPhone, r.CourierPhone)
	into(&d.DeliveredAt, r.DeliveredAt)
	into(&d.DispatchedAt, r.DispatchedAt)
	into(&d.DropoffNotes, r.DropoffNotes)
	into(&d.ExpiresAt, r.ExpiresAt)
	into(&d.ExternalID, r.ExternalID)
	into(&d.Instructions, r.Instructions)
	into(&d.NoContact, r.NoContact)
	into(&d.PrepSeconds, r.PrepSeconds)
	into(&d.ReadyAt, r.ReadyAt)
	into(&d.ServiceAreaID, r.ServiceAreaID)
	into(&d.TrackingURL, r.TrackingURL)
	into(&d.WindowEndAt, r.WindowEndAt)
	into(&d.WindowStartAt, r.WindowStartAt)
	intoPtr(&d.Timezone, r.Timezone)
}

// DigitalPatch changes a download; null clears a field.
type DigitalPatch struct {
	URL         Opt[string]    `json:"delivery_url,omitzero"`
	DeliveredAt Opt[time.Time] `json:"delivered_at,omitzero"`
}

func (r *DigitalPatch) apply(d *fulfillment.Digital) {
	into(&d.URL, r.URL)
	into(&d.DeliveredAt, r.DeliveredAt)
}

// ServicePatch changes work at a time; null clears a field.
type ServicePatch struct {
	StartAt     Opt[time.Time] `json:"scheduled_start_at,omitzero"`
	EndAt       Opt[time.Time] `json:"scheduled_end_at,omitzero"`
	Notes       Opt[string]    `json:"notes,omitzero"`
	CompletedAt Opt[time.Time] `json:"completed_at,omitzero"`
	Timezone    *string        `json:"timezone,omitzero"`
}

func (r *ServicePatch) apply(v *fulfillment.Appointment) {
	into(&v.StartAt, r.StartAt)
	into(&v.EndAt, r.EndAt)
	into(&v.Notes, r.Notes)
	into(&v.CompletedAt, r.CompletedAt)
	intoPtr(&v.Timezone, r.Timezone)
}

// into puts a field that was sent; null is the zero value.
func into[T any](field *T, o Opt[T]) {
	if o.Sent {
		*field = o.Value
	}
}

// whole is an object that was sent to replace the one there is: nil when it was not, and null takes it away.
func whole[T, D any](o Opt[T], domain func(*T) *D) **D {
	if !o.Sent {
		return nil
	}
	var d *D
	if o.Set() {
		d = domain(&o.Value)
	}
	return &d
}

func intoPtr[T any](field *T, v *T) {
	if v != nil {
		*field = *v
	}
}

func address(field **order.Address, o Opt[Address]) {
	switch {
	case o.Null:
		*field = nil
	case o.Sent:
		*field = o.Value.domainIf()
	}
}

// UpdateFulfillmentRequest changes the fields that are sent. Null takes a field or a details object away.
type UpdateFulfillmentRequest struct {
	ExpectedVersion     *int64                    `json:"expected_version,omitzero" minimum:"1" fault:"invalid=INVALID_EXPECTED_VERSION"`
	CustomerID          Opt[string]               `json:"customer_id,omitzero" maxLength:"64"`
	LocationID          Opt[string]               `json:"location_id,omitzero" doc:"Reserved."`
	DeviceID            Opt[string]               `json:"device_id,omitzero" doc:"Reserved."`
	ExternalReferenceID *string                   `json:"external_reference_id,omitzero"`
	Metadata            MetadataPatch             `json:"metadata,omitzero" doc:"Merged by key; a null value removes its key, null as a whole removes all."`
	CompletedAt         Opt[time.Time]            `json:"completed_at,omitzero" doc:"When a completed fulfillment was, if nobody said so when it was completed."`
	Recipient           Opt[FulfillmentRecipient] `json:"recipient,omitzero" doc:"Replaces the whole recipient."`
	Pickup              Opt[PickupPatch]          `json:"pickup_details,omitzero"`
	LocalDelivery       Opt[LocalDeliveryPatch]   `json:"local_delivery_details,omitzero"`
	Digital             Opt[DigitalPatch]         `json:"digital_details,omitzero"`
	Service             Opt[ServicePatch]         `json:"service_details,omitzero"`
}

// UpdateFulfillmentInput is the request of updateFulfillment.
type UpdateFulfillmentInput struct {
	FulfillmentPath
	Body UpdateFulfillmentRequest
}

// Validate implements Validator.
func (in *UpdateFulfillmentInput) Validate() error {
	var f fault.List
	refuseReserved(&f, in.Body.LocationID.Sent, "location_id")
	refuseReserved(&f, in.Body.DeviceID.Sent, "device_id")
	return f.Err()
}

func (in *UpdateFulfillmentInput) domain(c *Caller) fulfillment.UpdateInput {
	b := &in.Body
	u := fulfillment.UpdateInput{
		Scope: c.Scope, FulfillmentID: in.FulfillmentID, ExpectedVersion: b.ExpectedVersion, CustomerID: b.CustomerID.Ptr(),
		ExternalReferenceID: b.ExternalReferenceID, Metadata: metadataIf(b.Metadata), CompletedAt: b.CompletedAt.Ptr(),
		Recipient: whole(b.Recipient, (*FulfillmentRecipient).domain), Cause: c.Cause(),
	}
	if b.Pickup.Set() {
		u.Pickup = b.Pickup.Value.apply
	}
	if b.LocalDelivery.Set() {
		u.LocalDelivery = b.LocalDelivery.Value.apply
	}
	if b.Digital.Set() {
		u.Digital = b.Digital.Value.apply
	}
	if b.Service.Set() {
		u.Service = b.Service.Value.apply
	}
	for kind, null := range map[string]bool{
		fulfillment.TypePickup: b.Pickup.Null, fulfillment.TypeLocalDelivery: b.LocalDelivery.Null, fulfillment.TypeDigital: b.Digital.Null,
		fulfillment.TypeService: b.Service.Null,
	} {
		if null {
			u.Clear = kind
		}
	}
	return u
}

func registerUpdateFulfillment(a *API, s *Services) {
	Write(a, "updateFulfillment", func(_ context.Context, tx db.Tx, c *Caller, in *UpdateFulfillmentInput) (*Order, error) {
		o, _, err := s.Fulfillments.Update(tx, in.domain(c))
		if err != nil {
			return nil, err
		}
		return s.wireOrderNow(a, tx, c, o)
	}, Doc("Change details of a fulfillment", "Never its lines, type or status. The answer is the order with all its fulfillments."),
		Errors("FULFILLMENT_CHANGED", "NO_FIELDS_TO_UPDATE", "FULFILLMENT_INACTIVE", "FULFILLMENT_COMPLETED_DETAILS_REPLACEMENT",
			"FULFILLMENT_DETAILS_TYPE_MISMATCH", "FULFILLMENT_COMPLETION_TIMESTAMP_REQUIRES_COMPLETE", "FULFILLMENT_COMPLETION_TIMESTAMP_CONFLICT",
			"FULFILLMENT_SCHEDULE_INVALID", "FULFILLMENT_WINDOW_INVALID", "FULFILLMENT_FIELD_TOO_LONG", "FULFILLMENT_TRACKING_URL_INVALID"))
}
