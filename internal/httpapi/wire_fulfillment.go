package httpapi

import (
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/fulfillment"
)

// FulfillmentLine is units of a line that a fulfilment hands over.
type FulfillmentLine struct {
	LineID    string `json:"order_line_item_id"`
	Quantity  int64  `json:"quantity"`
	Modifiers []any  `json:"modifiers,omitempty" doc:"Absent: modifiers are not available yet."`
}

// FulfillmentCharge is a fee that belongs to a fulfilment.
type FulfillmentCharge struct {
	ChargeID string `json:"order_charge_id"`
}

// FulfillmentHold stops the work on a fulfilment.
type FulfillmentHold struct {
	Reason        string    `json:"reason" enum:"payment_review,inventory_issue,address_issue,customer_request,provider_issue,scheduling_issue,fraud_review,other"`
	CreatedAt     time.Time `json:"created_at"`
	DisplayReason string    `json:"display_reason,omitzero"`
	Notes         string    `json:"reason_notes,omitzero"`
	HeldBy        string    `json:"held_by,omitzero"`
}

// FulfillmentOutcome tells why a fulfilment came to nothing.
type FulfillmentOutcome struct {
	Type       string    `json:"outcome_type" enum:"no_show"`
	Reason     string    `json:"reason" enum:"customer_no_show,provider_no_show,location_unavailable,scheduling_error,other"`
	OccurredAt time.Time `json:"occurred_at"`
	Notes      string    `json:"notes,omitzero"`
}

// FulfillmentRecipient receives the goods or the service.
type FulfillmentRecipient struct {
	Name         string   `json:"name,omitzero"`
	Email        string   `json:"email,omitzero"`
	Phone        string   `json:"phone,omitzero"`
	Address      *Address `json:"address,omitzero"`
	Instructions string   `json:"instructions,omitzero"`
}

// PickupDetails is a fulfilment that the buyer fetches.
type PickupDetails struct {
	Mode                 string     `json:"pickup_mode,omitzero" enum:"in_store,curbside,locker,other"`
	LocationName         string     `json:"location_name,omitzero"`
	Address              *Address   `json:"address,omitzero"`
	Instructions         string     `json:"instructions,omitzero"`
	CurbsideInstructions string     `json:"curbside_instructions,omitzero"`
	Vehicle              string     `json:"vehicle_description,omitzero"`
	WindowStartAt        *time.Time `json:"window_start_at,omitzero"`
	WindowEndAt          *time.Time `json:"window_end_at,omitzero"`
	WindowSeconds        int64      `json:"pickup_window_duration_seconds,omitzero"`
	PrepSeconds          int64      `json:"prep_time_duration_seconds,omitzero"`
	Timezone             string     `json:"timezone,omitzero"`
	ReadyAt              *time.Time `json:"ready_at,omitzero"`
	ArrivedAt            *time.Time `json:"customer_arrived_at,omitzero"`
	PickedUpAt           *time.Time `json:"picked_up_at,omitzero"`
	ExpiresAt            *time.Time `json:"expires_at,omitzero"`
}

// LocalDeliveryDetails is a fulfilment that a courier brings.
type LocalDeliveryDetails struct {
	Carrier         string     `json:"carrier,omitzero"`
	CourierName     string     `json:"courier_provider_name,omitzero"`
	CourierPhone    string     `json:"courier_support_phone,omitzero"`
	ExternalID      string     `json:"external_delivery_id,omitzero"`
	TrackingURL     string     `json:"tracking_url,omitzero"`
	ServiceAreaID   string     `json:"service_area_id,omitzero"`
	Instructions    string     `json:"instructions,omitzero"`
	DropoffNotes    string     `json:"dropoff_notes,omitzero"`
	NoContact       bool       `json:"no_contact,omitzero"`
	WindowStartAt   *time.Time `json:"window_start_at,omitzero"`
	WindowEndAt     *time.Time `json:"window_end_at,omitzero"`
	Timezone        string     `json:"timezone,omitzero"`
	WindowSeconds   int64      `json:"courier_pickup_window_duration_seconds,omitzero"`
	PrepSeconds     int64      `json:"prep_time_duration_seconds,omitzero"`
	ReadyAt         *time.Time `json:"ready_at,omitzero"`
	CourierPickupAt *time.Time `json:"courier_pickup_at,omitzero"`
	DispatchedAt    *time.Time `json:"dispatched_at,omitzero"`
	DeliveredAt     *time.Time `json:"delivered_at,omitzero"`
	ExpiresAt       *time.Time `json:"expires_at,omitzero"`
}

// DigitalDetails is a fulfilment by download.
type DigitalDetails struct {
	URL         string     `json:"delivery_url,omitzero"`
	DeliveredAt *time.Time `json:"delivered_at,omitzero"`
}

// ServiceDetails is a fulfilment by work at a time.
type ServiceDetails struct {
	StartAt     *time.Time `json:"scheduled_start_at,omitzero"`
	EndAt       *time.Time `json:"scheduled_end_at,omitzero"`
	Timezone    string     `json:"timezone,omitzero"`
	Notes       string     `json:"notes,omitzero"`
	CompletedAt *time.Time `json:"completed_at,omitzero"`
}

// ShipmentSummary is a shipment inside a fulfilment.
type ShipmentSummary struct {
	ID            string     `json:"shipment_id"`
	FulfillmentID string     `json:"fulfillment_id"`
	Direction     string     `json:"direction" enum:"outbound,return"`
	Status        string     `json:"status" enum:"created,packed,shipped,in_transit,out_for_delivery,delivered,delivery_attempted,exception,returned,voided"`
	PackageCount  int64      `json:"package_count"`
	HandedOffAt   *time.Time `json:"handed_off_at,omitzero"`
	ShippedAt     *time.Time `json:"shipped_at,omitzero"`
	DeliveredAt   *time.Time `json:"delivered_at,omitzero"`
	CreatedAt     time.Time  `json:"created_at"`
	UpdatedAt     time.Time  `json:"updated_at"`
}

// PackageSummary is a package inside a fulfilment.
type PackageSummary struct {
	ID               string     `json:"package_id"`
	ShipmentID       string     `json:"shipment_id"`
	FulfillmentID    string     `json:"fulfillment_id"`
	Status           string     `json:"status" enum:"created,packed,shipped,in_transit,out_for_delivery,delivered,delivery_attempted,exception,returned,voided"`
	SupportedActions []string   `json:"supported_actions" enum:"mark_packed,mark_shipped,mark_in_transit,mark_out_for_delivery,mark_delivery_attempted,mark_delivered,mark_exception,mark_returned"`
	Version          int64      `json:"version"`
	Carrier          string     `json:"carrier,omitzero"`
	ServiceCode      string     `json:"service_code,omitzero"`
	TrackingNumber   string     `json:"tracking_number,omitzero"`
	TrackingURL      string     `json:"tracking_url,omitzero"`
	ShippedAt        *time.Time `json:"shipped_at,omitzero"`
	DeliveredAt      *time.Time `json:"delivered_at,omitzero"`
	CreatedAt        time.Time  `json:"created_at"`
	UpdatedAt        time.Time  `json:"updated_at"`
}

// Fulfillment is how part of an order reaches the buyer.
type Fulfillment struct {
	ID                  string                `json:"fulfillment_id"`
	OrderID             string                `json:"order_id"`
	Order               *OrderSummary         `json:"order,omitzero" flint:"nullable" doc:"With expand=order."`
	Type                string                `json:"type" enum:"shipment,pickup,local_delivery,digital,service"`
	Status              string                `json:"status" enum:"pending,in_progress,ready,completed,canceled,failed,scheduled,preparing,picked,packed,dispatched"`
	RequestStatus       string                `json:"request_status" enum:"pending,accepted"`
	ActiveHold          *FulfillmentHold      `json:"active_hold,omitzero"`
	Outcome             *FulfillmentOutcome   `json:"outcome,omitzero"`
	QuantityEffect      string                `json:"quantity_effect,omitzero" enum:"preserve,fulfill,release"`
	SupportedActions    []string              `json:"supported_actions" enum:"complete,cancel,hold,start,mark_ready,fail,schedule,accept,mark_preparing,mark_picked,mark_packed,dispatch,mark_no_show"`
	Lines               []FulfillmentLine     `json:"line_items"`
	Charges             []FulfillmentCharge   `json:"charges,omitempty"`
	Recipient           *FulfillmentRecipient `json:"recipient,omitzero"`
	Pickup              *PickupDetails        `json:"pickup_details,omitzero"`
	LocalDelivery       *LocalDeliveryDetails `json:"local_delivery_details,omitzero"`
	Digital             *DigitalDetails       `json:"digital_details,omitzero"`
	Service             *ServiceDetails       `json:"service_details,omitzero"`
	Shipments           []ShipmentSummary     `json:"shipments,omitempty"`
	Packages            []PackageSummary      `json:"packages,omitempty"`
	CustomerID          string                `json:"customer_id,omitzero"`
	LocationID          string                `json:"location_id,omitzero"`
	DeviceID            string                `json:"device_id,omitzero"`
	ExternalReferenceID string                `json:"external_reference_id,omitzero"`
	Metadata            map[string]string     `json:"metadata,omitempty"`
	PickedAt            *time.Time            `json:"picked_at,omitzero"`
	PackedAt            *time.Time            `json:"packed_at,omitzero"`
	DispatchedAt        *time.Time            `json:"dispatched_at,omitzero"`
	CompletedAt         *time.Time            `json:"completed_at,omitzero"`
	TerminalAt          *time.Time            `json:"terminal_at,omitzero"`
	Version             int64                 `json:"version"`
	CreatedAt           time.Time             `json:"created_at"`
	UpdatedAt           time.Time             `json:"updated_at"`
}

// ReturnShipmentLine is units of a return's line that travel back.
type ReturnShipmentLine struct {
	LineID   string `json:"return_line_item_id"`
	Quantity int64  `json:"quantity"`
}

// Shipment is a handover of packages to a carrier.
type Shipment struct {
	ID                  string               `json:"shipment_id"`
	FulfillmentID       string               `json:"fulfillment_id"`
	OrderID             string               `json:"order_id"`
	Order               *OrderSummary        `json:"order,omitzero" flint:"nullable" doc:"With expand=order."`
	Direction           string               `json:"direction" enum:"outbound,return"`
	Status              string               `json:"status" enum:"created,packed,shipped,in_transit,out_for_delivery,delivered,delivery_attempted,exception,returned,voided"`
	PackageCount        int64                `json:"package_count"`
	ReturnID            string               `json:"return_id,omitzero"`
	ReturnLines         []ReturnShipmentLine `json:"return_line_items,omitempty"`
	HandedOffAt         *time.Time           `json:"handed_off_at,omitzero"`
	ShippedAt           *time.Time           `json:"shipped_at,omitzero"`
	DeliveredAt         *time.Time           `json:"delivered_at,omitzero"`
	ExternalSystem      string               `json:"external_system,omitzero"`
	ExternalReferenceID string               `json:"external_reference_id,omitzero"`
	Metadata            map[string]string    `json:"metadata,omitempty"`
	Version             int64                `json:"version"`
	CreatedAt           time.Time            `json:"created_at"`
	UpdatedAt           time.Time            `json:"updated_at"`
}

// Package is one parcel of a shipment.
type Package struct {
	ID                  string               `json:"package_id"`
	ShipmentID          string               `json:"shipment_id"`
	FulfillmentID       string               `json:"fulfillment_id"`
	OrderID             string               `json:"order_id"`
	Order               *OrderSummary        `json:"order,omitzero" flint:"nullable" doc:"With expand=order."`
	Status              string               `json:"status" enum:"created,packed,shipped,in_transit,out_for_delivery,delivered,delivery_attempted,exception,returned,voided"`
	StatusReason        string               `json:"status_reason,omitzero"`
	SupportedActions    []string             `json:"supported_actions" enum:"mark_packed,mark_shipped,mark_in_transit,mark_out_for_delivery,mark_delivery_attempted,mark_delivered,mark_exception,mark_returned"`
	Carrier             string               `json:"carrier,omitzero"`
	ServiceCode         string               `json:"service_code,omitzero"`
	TrackingNumber      string               `json:"tracking_number,omitzero"`
	TrackingURL         string               `json:"tracking_url,omitzero"`
	LabelURL            string               `json:"label_url,omitzero" doc:"Never shown to buyers."`
	Dimensions          *ShippingDimensions  `json:"dimensions,omitzero"`
	Weight              *ShippingWeight      `json:"weight,omitzero"`
	ReturnID            string               `json:"return_id,omitzero"`
	ReturnLines         []ReturnShipmentLine `json:"return_line_items,omitempty"`
	ShippedAt           *time.Time           `json:"shipped_at,omitzero"`
	DeliveredAt         *time.Time           `json:"delivered_at,omitzero"`
	ExternalSystem      string               `json:"external_system,omitzero"`
	ExternalReferenceID string               `json:"external_reference_id,omitzero"`
	Metadata            map[string]string    `json:"metadata,omitempty"`
	Version             int64                `json:"version"`
	CreatedAt           time.Time            `json:"created_at"`
	UpdatedAt           time.Time            `json:"updated_at"`
}

// Measure is a length or weight, with at most three decimals.
type Measure int64

// MarshalJSONTo writes a JSON number.
func (m Measure) MarshalJSONTo(enc *jsontext.Encoder) error {
	return fulfillment.Measure(m).MarshalJSONTo(enc)
}

// UnmarshalJSONFrom reads a JSON number.
func (m *Measure) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	return (*fulfillment.Measure)(m).UnmarshalJSONFrom(dec)
}

// Schema implements huma.SchemaProvider.
func (Measure) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeNumber, Format: measureFormat}
}

// ShippingDimensions are the measures of a parcel.
type ShippingDimensions struct {
	Length Measure `json:"length" fault:"invalid=INVALID_SHIPMENT_DIMENSIONS"`
	Width  Measure `json:"width" fault:"invalid=INVALID_SHIPMENT_DIMENSIONS"`
	Height Measure `json:"height" fault:"invalid=INVALID_SHIPMENT_DIMENSIONS"`
	Unit   string  `json:"unit" enum:"millimeter,centimeter,meter,inch,foot" fault:"invalid=INVALID_SHIPMENT_DIMENSIONS"`
}

// ShippingWeight is the weight of a parcel.
type ShippingWeight struct {
	Value Measure `json:"value" fault:"invalid=INVALID_SHIPMENT_WEIGHT"`
	Unit  string  `json:"unit" enum:"gram,kilogram,ounce,pound" fault:"invalid=INVALID_SHIPMENT_WEIGHT"`
}

// PackageItem is units of an order line in a package.
type PackageItem struct {
	ID            string            `json:"package_item_id"`
	PackageID     string            `json:"package_id"`
	ShipmentID    string            `json:"shipment_id"`
	FulfillmentID string            `json:"fulfillment_id"`
	OrderID       string            `json:"order_id"`
	Order         *OrderSummary     `json:"order,omitzero" flint:"nullable" doc:"Reserved."`
	LineID        string            `json:"order_line_item_id"`
	Quantity      int64             `json:"quantity"`
	Metadata      map[string]string `json:"metadata,omitempty"`
	CreatedAt     time.Time         `json:"created_at"`
	UpdatedAt     time.Time         `json:"updated_at"`
}

// FulfillmentEvent is a row of the timeline: a change of status or an observation.
type FulfillmentEvent struct {
	ID              string            `json:"fulfillment_event_id"`
	FulfillmentID   string            `json:"fulfillment_id"`
	OrderID         string            `json:"order_id"`
	Order           *OrderSummary     `json:"order,omitzero" flint:"nullable" doc:"With expand=order."`
	SubjectType     string            `json:"subject_type" enum:"fulfillment,shipment,package"`
	ShipmentID      string            `json:"shipment_id,omitzero"`
	PackageID       string            `json:"package_id,omitzero"`
	Type            string            `json:"event_type" enum:"status_changed,shipped,in_transit,out_for_delivery,delivered,delivery_attempted,tracking_updated,exception,returned,custom"`
	PreviousStatus  string            `json:"previous_status,omitzero" enum:"pending,on_hold,in_progress,ready,completed,canceled,failed,scheduled,accepted,preparing,picked,packed,dispatched,no_show,created,shipped,in_transit,out_for_delivery,delivered,delivery_attempted,exception,returned,voided"`
	CurrentStatus   string            `json:"current_status,omitzero" enum:"pending,on_hold,in_progress,ready,completed,canceled,failed,scheduled,accepted,preparing,picked,packed,dispatched,no_show,created,shipped,in_transit,out_for_delivery,delivered,delivery_attempted,exception,returned,voided"`
	QuantityEffect  string            `json:"quantity_effect,omitzero" enum:"preserve,fulfill,release"`
	Reason          string            `json:"reason,omitzero" enum:"address_issue,customer_no_show,customer_request,fraud_review,inventory_issue,location_unavailable,other,payment_review,provider_issue,provider_no_show,scheduling_error,scheduling_issue"`
	ReasonMessage   string            `json:"reason_message,omitzero"`
	Message         string            `json:"message,omitzero"`
	Location        string            `json:"location_description,omitzero"`
	ExternalSystem  string            `json:"external_system,omitzero"`
	ExternalEventID string            `json:"external_event_id,omitzero"`
	ExternalStatus  string            `json:"external_status,omitzero"`
	Details         map[string]string `json:"custom_details,omitempty"`
	Notify          string            `json:"buyer_notification_behavior" enum:"send,suppress"`
	OccurredAt      time.Time         `json:"occurred_at,omitzero"`
	ReceivedAt      time.Time         `json:"received_at,omitzero"`
	CreatedAt       time.Time         `json:"created_at,omitzero"`
}

// FulfillmentNotification is the decision to tell a buyer, or not to.
type FulfillmentNotification struct {
	ID                  string            `json:"fulfillment_notification_id"`
	FulfillmentID       string            `json:"fulfillment_id"`
	OrderID             string            `json:"order_id"`
	Order               *OrderSummary     `json:"order,omitzero" flint:"nullable" doc:"With expand=order."`
	Channel             string            `json:"channel" enum:"email"`
	Status              string            `json:"status" enum:"pending,sent,failed,suppressed"`
	Trigger             string            `json:"trigger_type" enum:"fulfillment_status_updated,fulfillment_event_created"`
	Type                string            `json:"notification_type" enum:"fulfillment_ready,fulfillment_dispatched,fulfillment_completed,fulfillment_canceled,fulfillment_failed,fulfillment_no_show,fulfillment_shipped,fulfillment_in_transit,fulfillment_out_for_delivery,fulfillment_delivered,fulfillment_delivery_attempted,fulfillment_exception,fulfillment_returned,tracking_updated,shipment_shipped,shipment_in_transit,shipment_out_for_delivery,shipment_delivered,shipment_delivery_attempted,shipment_exception,shipment_returned"`
	SuppressionReason   string            `json:"suppression_reason,omitzero" enum:"source_suppressed,default_suppressed,recipient_missing,template_not_configured,merchant_managed_email,recipient_unsubscribed"`
	EventID             string            `json:"fulfillment_event_id,omitzero"`
	ShipmentID          string            `json:"shipment_id,omitzero"`
	PackageID           string            `json:"package_id,omitzero"`
	CustomerID          string            `json:"recipient_customer_id,omitzero"`
	Email               string            `json:"recipient_email,omitzero"`
	ExternalReferenceID string            `json:"external_reference_id,omitzero" doc:"Reserved."`
	Metadata            map[string]string `json:"metadata,omitempty" doc:"Reserved."`
	SentAt              *time.Time        `json:"sent_at,omitzero"`
	FailedAt            *time.Time        `json:"failed_at,omitzero"`
	CreatedAt           time.Time         `json:"created_at,omitzero"`
	UpdatedAt           time.Time         `json:"updated_at,omitzero"`
}

// PackageStatusUpdate is a package's change of status.
type PackageStatusUpdate struct {
	ID             string    `json:"package_status_update_id"`
	OrderID        string    `json:"order_id"`
	FulfillmentID  string    `json:"fulfillment_id"`
	ShipmentID     string    `json:"shipment_id"`
	PackageID      string    `json:"package_id"`
	PreviousStatus string    `json:"previous_status" enum:"created,packed,shipped,in_transit,out_for_delivery,delivered,delivery_attempted,exception,returned,voided"`
	CurrentStatus  string    `json:"current_status" enum:"created,packed,shipped,in_transit,out_for_delivery,delivered,delivery_attempted,exception,returned,voided"`
	Notify         string    `json:"buyer_notification_behavior"`
	Reason         string    `json:"reason,omitzero"`
	OccurredAt     time.Time `json:"occurred_at"`
	CreatedAt      time.Time `json:"created_at"`
}

// BuyerFulfillmentEvent is a step on the way of an order, as its buyer sees it.
type BuyerFulfillmentEvent struct {
	ID             string    `json:"fulfillment_event_id"`
	FulfillmentID  string    `json:"fulfillment_id"`
	OrderID        string    `json:"order_id"`
	Type           string    `json:"event_type" enum:"status_changed,shipped,in_transit,out_for_delivery,delivered,delivery_attempted,tracking_updated,exception,returned,custom"`
	Status         string    `json:"current_status,omitzero"`
	PreviousStatus string    `json:"previous_status,omitzero"`
	ShipmentID     string    `json:"shipment_id,omitzero"`
	PackageID      string    `json:"package_id,omitzero"`
	Location       string    `json:"location_description,omitzero"`
	OccurredAt     time.Time `json:"occurred_at"`
	CreatedAt      time.Time `json:"created_at"`
}
