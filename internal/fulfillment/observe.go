package fulfillment

import (
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/metadata"
	"flint/internal/tenant"
	"flint/internal/text"
)

// Observations are what can be reported about a parcel or a fulfilment.
var Observations = []string{"shipped", "in_transit", "out_for_delivery", "delivered", "delivery_attempted", EventTrackingUpdated, "exception", "returned", "custom"}

// ObserveInput reports something that was seen. It moves nothing: transitions do.
type ObserveInput struct {
	Scope           tenant.Scope
	FulfillmentID   string
	Type            string
	ShipmentID      string
	PackageID       string
	ExternalSystem  string
	ExternalEventID string
	ExternalStatus  string
	Message         string
	Location        string
	Details         map[string]string
	OccurredAt      time.Time   // zero: now
	Notify          string      `json:"-"`
	Cause           event.Cause `json:"-"`
}

// Observed is what was written of an observation.
type Observed struct {
	Event       *Event
	Fulfillment *Fulfillment
	Shipment    *Shipment
	Package     *Package
	Notices     []*Notice
	Replayed    bool
}

// Validate reports every fault of the input that shows without the fulfilment.
func (in ObserveInput) Validate() error {
	var l fault.List
	if !slices.Contains(Observations, in.Type) {
		l.Add("INVALID_FULFILLMENT_EVENT_TYPE", "event_type", "The type is not one that can be reported.")
	}
	checkTexts(&l, "", []field{{"external_system", in.ExternalSystem, 255}, {"external_event_id", in.ExternalEventID, 255},
		{"external_status", in.ExternalStatus, 255}, {"location_description", in.Location, 255}})
	text.Rule{Max: maxText, Lines: true, TooLong: tooLong}.Check(&l, "message", in.Message)
	if in.ExternalEventID != "" && in.ExternalSystem == "" {
		l.Add("FULFILLMENT_EVENT_PROVIDER_IDENTITY_INCOMPLETE", "external_system", "An event's id belongs to a system; name both.")
	}
	l.AddError("custom_details", metadata.Check(in.Details))
	checkNotify(&l, in.Notify)
	return l.Err()
}

// Observe writes an observation into the timeline, once for an id of the provider, and tells the buyer unless that
// is suppressed.
//
// Faults: those of Validate, RESOURCE_NOT_FOUND, FULFILLMENT_EVENT_SUBJECT_INVALID, FULFILLMENT_EVENT_DEDUPE_CONFLICT,
// FULFILLMENT_INACTIVE, INVALID_TIMESTAMP.
func (s *Service) Observe(tx db.Tx, in ObserveInput) (Observed, error) {
	if err := in.Validate(); err != nil {
		return Observed{}, err
	}
	asked, err := fingerprint(in)
	if err != nil {
		return Observed{}, err
	}
	o, f, err := s.open(tx, in.Scope, in.FulfillmentID)
	if err != nil {
		return Observed{}, err
	}
	out := Observed{Fulfillment: f}
	if out.Shipment, out.Package, err = subject(tx, f, in.ShipmentID, in.PackageID); err != nil {
		return Observed{}, err
	}
	if in.ExternalEventID != "" {
		known, err := oneEvent(tx, in.Scope, "fulfillment event", `external_system = $3 AND external_event_id = $4`, in.ExternalSystem, in.ExternalEventID)
		switch {
		case err == nil && known.Asked == asked:
			out.Event, out.Replayed = known, true
			return out, nil
		case err == nil:
			return Observed{}, dedupeConflict()
		case !fault.Is(err, "RESOURCE_NOT_FOUND"):
			return Observed{}, err
		}
	}
	now := s.Clock.Now()
	var l fault.List
	checkPast(&l, "occurred_at", in.OccurredAt, now)
	if err := l.Err(); err != nil {
		return Observed{}, err
	}
	if out.Shipment == nil && f.Terminal() && f.Status != StatusCompleted {
		return Observed{}, inactive(f)
	}
	out.Event = &Event{
		OrderID: o.ID, FulfillmentID: f.ID, Type: in.Type, Kind: in.Type, ExternalSystem: in.ExternalSystem, ExternalEventID: in.ExternalEventID,
		ExternalStatus: in.ExternalStatus, Message: in.Message, Location: in.Location, Details: in.Details, Notify: in.Notify, Asked: asked,
		OccurredAt: happened(in.OccurredAt, now), ReceivedAt: now,
	}
	if out.Shipment != nil {
		out.Event.ShipmentID = out.Shipment.ID
	}
	if out.Package != nil {
		out.Event.PackageID = out.Package.ID
	}
	if err := s.record(tx, in.Scope, out.Event); err != nil {
		return Observed{}, err
	}
	if err := s.tellTimeline(tx, o, out.Event, in.Cause, now); err != nil {
		return Observed{}, err
	}
	out.Notices, err = s.notify(tx, o, f, out.Shipment, out.Package, out.Event, in.Cause, now)
	return out, err
}

// subject finds the parcel that an observation is about. A package stands for its shipment too.
func subject(tx db.Tx, f *Fulfillment, shipmentID, packageID string) (*Shipment, *Package, error) {
	wrong := func(param string) error {
		return fault.Invalid("FULFILLMENT_EVENT_SUBJECT_INVALID", param, "The fulfillment has no such parcel.")
	}
	var p *Package
	if packageID != "" {
		found, err := GetPackage(tx, f.Scope, packageID)
		if fault.Is(err, "RESOURCE_NOT_FOUND") || err == nil && (found.FulfillmentID != f.ID || shipmentID != "" && found.ShipmentID != shipmentID) {
			err = wrong("package_id")
		}
		if err != nil {
			return nil, nil, err
		}
		p, shipmentID = found, found.ShipmentID
	}
	if shipmentID == "" {
		return nil, nil, nil
	}
	sh, err := GetShipment(tx, f.Scope, shipmentID)
	if fault.Is(err, "RESOURCE_NOT_FOUND") || err == nil && sh.FulfillmentID != f.ID {
		err = wrong("shipment_id")
	}
	if err != nil {
		return nil, nil, err
	}
	return sh, p, nil
}

func inactive(f *Fulfillment) error {
	return fault.Conflict("FULFILLMENT_INACTIVE", "The fulfillment was canceled or failed and stands still.").With("current_status", f.Status)
}
