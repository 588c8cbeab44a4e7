package fulfillment

import (
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/order"
)

// Types of events for subscribers. All belong to the order.
const (
	EventCreated         = "order.fulfillment.created"
	EventUpdated         = "order.fulfillment.updated"
	EventCompleted       = "order.fulfillment.completed"
	EventMoved           = "order.fulfillment.status_changed"
	EventObserved        = "order.fulfillment.event.created"
	EventShipmentCreated = "order.fulfillment.shipment.created"
	EventShipmentUpdated = "order.fulfillment.shipment.updated"
	EventPackageCreated  = "order.fulfillment.package.created"
	EventPackageUpdated  = "order.fulfillment.package.updated"
)

// data is what all events of the family carry; each leaves out what it is not about.
type data struct {
	OrderID       string           `json:"order_id"`
	FulfillmentID string           `json:"fulfillment_id"`
	Order         *orderData       `json:"order,omitempty"`
	Fulfillment   *fulfillmentData `json:"fulfillment,omitempty"`
	ShipmentID    string           `json:"shipment_id,omitempty"`
	Shipment      *shipmentData    `json:"shipment,omitempty"`
	PackageID     string           `json:"package_id,omitempty"`
	Package       *packageData     `json:"package,omitempty"`
	From          string           `json:"previous_status,omitempty"`
	To            string           `json:"current_status,omitempty"`

	FulfillmentUpdateID string      `json:"fulfillment_status_update_id,omitempty"`
	FulfillmentUpdate   *updateData `json:"fulfillment_status_update,omitempty"`
	ShipmentUpdateID    string      `json:"shipment_status_update_id,omitempty"`
	ShipmentUpdate      *updateData `json:"shipment_status_update,omitempty"`
	PackageUpdateID     string      `json:"package_status_update_id,omitempty"`
	PackageUpdate       *updateData `json:"package_status_update,omitempty"`

	EventID string     `json:"fulfillment_event_id,omitempty"`
	Event   *eventData `json:"fulfillment_event,omitempty"`
}

type orderData struct {
	OrderID           string `json:"order_id"`
	Status            string `json:"status"`
	FulfillmentStatus string `json:"fulfillment_status"`
}

type fulfillmentData struct {
	ID                  string            `json:"fulfillment_id"`
	ResourceURL         string            `json:"resource_url"`
	OrderID             string            `json:"order_id"`
	Type                string            `json:"type"`
	State               string            `json:"state"`
	CustomerID          string            `json:"customer_id,omitempty"`
	ExternalReferenceID string            `json:"external_reference_id,omitempty"`
	Metadata            map[string]string `json:"metadata,omitempty"`
	CreatedAt           time.Time         `json:"created_at"`
	UpdatedAt           time.Time         `json:"updated_at"`
}

type shipmentData struct {
	ID                  string            `json:"shipment_id"`
	OrderID             string            `json:"order_id"`
	FulfillmentID       string            `json:"fulfillment_id"`
	Status              string            `json:"status"`
	ShippedAt           time.Time         `json:"shipped_at,omitzero"`
	DeliveredAt         time.Time         `json:"delivered_at,omitzero"`
	ExternalSystem      string            `json:"external_system,omitempty"`
	ExternalReferenceID string            `json:"external_reference_id,omitempty"`
	Metadata            map[string]string `json:"metadata,omitempty"`
	CreatedAt           time.Time         `json:"created_at"`
	UpdatedAt           time.Time         `json:"updated_at"`
}

type packageData struct {
	ID                  string            `json:"package_id"`
	OrderID             string            `json:"order_id"`
	FulfillmentID       string            `json:"fulfillment_id"`
	ShipmentID          string            `json:"shipment_id"`
	Status              string            `json:"status"`
	StatusReason        string            `json:"status_reason,omitempty"`
	Carrier             string            `json:"carrier,omitempty"`
	ServiceCode         string            `json:"service_code,omitempty"`
	TrackingNumber      string            `json:"tracking_number,omitempty"`
	TrackingURL         string            `json:"tracking_url,omitempty"`
	LabelURL            string            `json:"label_url,omitempty"`
	ShippedAt           time.Time         `json:"shipped_at,omitzero"`
	DeliveredAt         time.Time         `json:"delivered_at,omitzero"`
	ExternalSystem      string            `json:"external_system,omitempty"`
	ExternalReferenceID string            `json:"external_reference_id,omitempty"`
	Dimensions          *Dimensions       `json:"dimensions,omitempty"`
	Weight              *Weight           `json:"weight,omitempty"`
	Metadata            map[string]string `json:"metadata,omitempty"`
	CreatedAt           time.Time         `json:"created_at"`
	UpdatedAt           time.Time         `json:"updated_at"`
}

// updateData is a change of status; the id that is set says of what.
type updateData struct {
	FulfillmentUpdateID string    `json:"fulfillment_status_update_id,omitempty"`
	ShipmentUpdateID    string    `json:"shipment_status_update_id,omitempty"`
	PackageUpdateID     string    `json:"package_status_update_id,omitempty"`
	OrderID             string    `json:"order_id"`
	FulfillmentID       string    `json:"fulfillment_id"`
	ShipmentID          string    `json:"shipment_id,omitempty"`
	PackageID           string    `json:"package_id,omitempty"`
	From                string    `json:"previous_status"`
	To                  string    `json:"current_status"`
	Effect              string    `json:"quantity_effect,omitempty"`
	Behavior            string    `json:"buyer_notification_behavior"`
	Reason              string    `json:"reason,omitempty"`
	OccurredAt          time.Time `json:"occurred_at"`
	CreatedAt           time.Time `json:"created_at"`
}

type eventData struct {
	ID                  string            `json:"fulfillment_event_id"`
	OrderID             string            `json:"order_id"`
	FulfillmentID       string            `json:"fulfillment_id"`
	Type                string            `json:"event_type"`
	Behavior            string            `json:"buyer_notification_behavior"`
	ShipmentID          string            `json:"shipment_id,omitempty"`
	PackageID           string            `json:"package_id,omitempty"`
	Message             string            `json:"message,omitempty"`
	Location            string            `json:"location,omitempty"`
	ExternalSystem      string            `json:"external_system,omitempty"`
	ExternalEventID     string            `json:"external_event_id,omitempty"`
	ExternalStatus      string            `json:"external_status,omitempty"`
	Details             map[string]string `json:"custom_details,omitempty"`
	TargetStatus        string            `json:"target_status,omitempty"`
	TargetPackageStatus string            `json:"target_package_status,omitempty"`
	TargetEffect        string            `json:"target_quantity_effect,omitempty"`
	FulfillmentUpdateID string            `json:"fulfillment_status_update_id,omitempty"`
	PackageUpdateID     string            `json:"package_status_update_id,omitempty"`
	OccurredAt          time.Time         `json:"occurred_at"`
	ReceivedAt          time.Time         `json:"received_at"`
}

// behavior is what subscribers call the caller's wish.
func behavior(notify string) string {
	switch notify {
	case NotifySend:
		return "request"
	case NotifySuppress:
		return "suppress"
	}
	return "default"
}

func dataOf(o *order.Order, f *Fulfillment) data {
	return data{
		OrderID: o.ID, FulfillmentID: f.ID, Order: &orderData{o.ID, o.Status, o.FulfillmentStatus},
		Fulfillment: &fulfillmentData{
			ID: f.ID, ResourceURL: "/v1/fulfillments/" + f.ID, OrderID: f.OrderID, Type: f.Type, State: f.State(), CustomerID: f.CustomerID,
			ExternalReferenceID: f.ExternalReferenceID, Metadata: f.Metadata, CreatedAt: f.CreatedAt, UpdatedAt: f.UpdatedAt,
		},
	}
}

func (d data) withShipment(sh *Shipment) data {
	d.ShipmentID = sh.ID
	d.Shipment = &shipmentData{
		ID: sh.ID, OrderID: sh.OrderID, FulfillmentID: sh.FulfillmentID, Status: sh.Status, ShippedAt: sh.HandedOffAt, DeliveredAt: sh.DeliveredAt,
		ExternalSystem: sh.ExternalSystem, ExternalReferenceID: sh.ExternalReferenceID, Metadata: sh.Metadata, CreatedAt: sh.CreatedAt, UpdatedAt: sh.UpdatedAt,
	}
	return d
}

func (d data) withPackage(p *Package) data {
	d.PackageID = p.ID
	d.Package = &packageData{
		ID: p.ID, OrderID: p.OrderID, FulfillmentID: p.FulfillmentID, ShipmentID: p.ShipmentID, Status: p.Status, StatusReason: p.StatusReason,
		Carrier: p.Carrier, ServiceCode: p.ServiceCode, TrackingNumber: p.TrackingNumber, TrackingURL: p.TrackingURL, LabelURL: p.LabelURL,
		ShippedAt: p.ShippedAt, DeliveredAt: p.DeliveredAt, ExternalSystem: p.ExternalSystem, ExternalReferenceID: p.ExternalReferenceID,
		Dimensions: p.Dimensions, Weight: p.Weight, Metadata: p.Metadata, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}
	return d
}

func (d data) withEvent(e *Event) data {
	if e == nil {
		return d
	}
	d.EventID = e.ID
	d.Event = &eventData{
		ID: e.ID, OrderID: e.OrderID, FulfillmentID: e.FulfillmentID, Type: e.Kind, Behavior: behavior(e.Notify), ShipmentID: e.ShipmentID,
		PackageID: e.PackageID, Message: e.Message, Location: e.Location, ExternalSystem: e.ExternalSystem, ExternalEventID: e.ExternalEventID,
		ExternalStatus: e.ExternalStatus, Details: e.Details, OccurredAt: e.OccurredAt, ReceivedAt: e.ReceivedAt,
	}
	switch {
	case e.Type != EventStatusChanged:
	case e.Subject() == "fulfillment":
		d.Event.TargetStatus, d.Event.TargetEffect, d.Event.FulfillmentUpdateID = e.To, e.Effect, e.UpdateID
	case e.Subject() == "package":
		d.Event.TargetPackageStatus, d.Event.PackageUpdateID = e.To, e.UpdateID
	}
	return d
}

// updateOf is the change of status that a row of the timeline tells of.
func updateOf(e *Event) *updateData {
	return &updateData{
		OrderID: e.OrderID, FulfillmentID: e.FulfillmentID, ShipmentID: e.ShipmentID, PackageID: e.PackageID, From: e.From, To: e.To,
		Effect: e.Effect, Behavior: behavior(e.Notify), Reason: e.Reason, OccurredAt: e.OccurredAt, CreatedAt: e.ReceivedAt,
	}
}

func (s *Service) publish(tx db.Tx, o *order.Order, kind string, d data, cause event.Cause, now time.Time) error {
	err := s.Events.Record(tx, o.Scope, now, cause, event.New{
		Type: kind, RootType: "order", RootID: o.ID, ResourceType: "order", ResourceID: o.ID, Data: d,
	})
	if err != nil {
		return fmt.Errorf("record %s: %w", kind, err)
	}
	return nil
}

// tell records an event about the fulfilment as it is.
func (s *Service) tell(tx db.Tx, o *order.Order, f *Fulfillment, kind string, cause event.Cause, now time.Time) error {
	return s.publish(tx, o, kind, dataOf(o, f), cause, now)
}

// tellMoved records that the fulfilment went to another state.
func (s *Service) tellMoved(tx db.Tx, o *order.Order, f *Fulfillment, e *Event, cause event.Cause, now time.Time) error {
	d := dataOf(o, f)
	d.From, d.To, d.FulfillmentUpdateID, d.FulfillmentUpdate = e.From, e.To, e.UpdateID, updateOf(e)
	d.FulfillmentUpdate.FulfillmentUpdateID = e.UpdateID
	if err := s.publish(tx, o, EventMoved, d, cause, now); err != nil {
		return err
	}
	if f.Status == StatusCompleted {
		if err := s.tell(tx, o, f, EventCompleted, cause, now); err != nil {
			return err
		}
	}
	return s.tellTimeline(tx, o, e, cause, now)
}

// reported are the kinds of timeline rows that subscribers hear of one by one.
var reported = map[string]bool{
	StateAccepted: true, StatusPreparing: true, StatusPicked: true, StatusPacked: true, StatusReady: true, StatusDispatched: true,
	StatusCompleted: true, StatusCanceled: true, StatusFailed: true, StateNoShow: true,
	ParcelShipped: true, ParcelInTransit: true, ParcelOutForDelivery: true, ParcelDelivered: true, ParcelAttempted: true, ParcelException: true,
	ParcelReturned: true, EventTrackingUpdated: true, "custom": true,
}

// tellTimeline records that the timeline has a new row, where subscribers know its kind.
func (s *Service) tellTimeline(tx db.Tx, o *order.Order, e *Event, cause event.Cause, now time.Time) error {
	if !reported[e.Kind] {
		return nil
	}
	return s.publish(tx, o, EventObserved, data{OrderID: e.OrderID, FulfillmentID: e.FulfillmentID}.withEvent(e), cause, now)
}
