package fulfillment

import (
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/order"
	"flint/internal/tenant"
	"flint/internal/text"
)

// VoidInput gives a shipment or a package up before a carrier has it.
type VoidInput struct {
	Scope           tenant.Scope
	ID              string // shp_… or pkg_…
	ExpectedVersion *int64
	OccurredAt      time.Time // zero: now
	ReasonMessage   string
	Notify          string
	Cause           event.Cause
}

// Validate reports every fault of the input.
func (in VoidInput) Validate() error {
	var l fault.List
	text.Rule{Max: maxReason, Lines: true, TooLong: "FULFILLMENT_STATUS_REASON_TOO_LONG"}.Check(&l, "reason_message", in.ReasonMessage)
	checkNotify(&l, in.Notify)
	return l.Err()
}

// Voided is what voiding a shipment did.
type Voided struct {
	Shipment  *Shipment
	Packages  []*Package // those that were voided with it
	Events    []*Event
	Notices   []*Notice
	Unchanged bool
}

// VoidShipment gives a shipment up, with its packages.
//
// Faults: those of Validate, RESOURCE_NOT_FOUND, SHIPMENT_CHANGED, INVALID_TIMESTAMP, FULFILLMENT_SHIPMENT_NOT_VOIDABLE.
func (s *Service) VoidShipment(tx db.Tx, in VoidInput) (Voided, error) {
	if err := in.Validate(); err != nil {
		return Voided{}, err
	}
	o, f, sh, err := s.openShipment(tx, in.Scope, in.ID)
	if err != nil {
		return Voided{}, err
	}
	if err := checkVersion("SHIPMENT_CHANGED", in.ExpectedVersion, sh.Version); err != nil {
		return Voided{}, err
	}
	if sh.Status == ParcelVoided {
		return Voided{Shipment: sh, Unchanged: true}, nil
	}
	of, err := packagesOfShipment(tx, in.Scope, sh.ID)
	if err != nil {
		return Voided{}, err
	}
	for _, p := range of {
		if p.Left() {
			return Voided{}, fault.Conflict("FULFILLMENT_SHIPMENT_NOT_VOIDABLE", "A carrier has a parcel of the shipment.").With("current_status", sh.Status)
		}
	}
	return s.voidShipment(tx, o, f, sh, of, in)
}

func (s *Service) voidShipment(tx db.Tx, o *order.Order, f *Fulfillment, sh *Shipment, of []*Package, in VoidInput) (Voided, error) {
	now := s.Clock.Now()
	var l fault.List
	checkPast(&l, "occurred_at", in.OccurredAt, now)
	if err := l.Err(); err != nil {
		return Voided{}, err
	}
	at := happened(in.OccurredAt, now)
	out := Voided{Shipment: sh}
	for _, p := range of {
		if !p.Open() {
			continue
		}
		done, err := s.move(tx, o, f, sh, p, ParcelVoided, in.event(f, at, now), in.Cause)
		if err != nil {
			return Voided{}, err
		}
		out.Packages, out.Events = append(out.Packages, p), append(out.Events, done.Event)
	}
	was := sh.Status
	sh.VoidedAt, sh.Status = now, ParcelVoided
	if err := updateShipment(tx, sh, now); err != nil {
		return Voided{}, err
	}
	e := in.event(f, at, now)
	e.Type, e.Kind, e.ShipmentID, e.From, e.To = EventStatusChanged, ParcelVoided, sh.ID, was, ParcelVoided
	if err := s.record(tx, f.Scope, e); err != nil {
		return Voided{}, err
	}
	out.Events = append(out.Events, e)
	if err := s.tellShipment(tx, o, f, sh, was, e, in.Cause, now); err != nil {
		return Voided{}, err
	}
	return out, s.announce(tx, sh, in.Cause)
}

func (in *VoidInput) event(f *Fulfillment, at, now time.Time) *Event {
	return &Event{OrderID: f.OrderID, FulfillmentID: f.ID, ReasonMessage: in.ReasonMessage, Notify: in.Notify, OccurredAt: at, ReceivedAt: now}
}

// VoidPackage gives a parcel up. What lay in it can be packed again.
//
// Faults: those of Validate, RESOURCE_NOT_FOUND, VERSION_CONFLICT, INVALID_TIMESTAMP, SHIPMENT_PACKAGE_NOT_VOIDABLE.
func (s *Service) VoidPackage(tx db.Tx, in VoidInput) (Packed, error) {
	if err := in.Validate(); err != nil {
		return Packed{}, err
	}
	o, f, sh, p, err := s.openPackage(tx, in.Scope, in.ID)
	if err != nil {
		return Packed{}, err
	}
	if err := checkVersion("VERSION_CONFLICT", in.ExpectedVersion, p.Version); err != nil {
		return Packed{}, err
	}
	now := s.Clock.Now()
	var l fault.List
	checkPast(&l, "occurred_at", in.OccurredAt, now)
	switch {
	case l.Err() != nil:
		return Packed{}, l.Err()
	case !p.Open():
		return Packed{Package: p, Shipment: sh, Unchanged: true}, nil
	case p.Left():
		return Packed{}, fault.Conflict("SHIPMENT_PACKAGE_NOT_VOIDABLE", "A carrier has the package, or had it.").With("current_status", p.Status)
	}
	return s.move(tx, o, f, sh, p, ParcelVoided, in.event(f, happened(in.OccurredAt, now), now), in.Cause)
}

// stopParcels gives up what no carrier has taken of a fulfilment that comes to nothing, and refuses when a
// parcel is on its way to the buyer or has arrived. One that came back or is lost stops nothing.
func (s *Service) stopParcels(tx db.Tx, o *order.Order, f *Fulfillment, t *TransitionInput) error {
	if f.Type != TypeShipment {
		return nil
	}
	all, err := PackagesOf(tx, f.Scope, f.ID)
	if err != nil {
		return err
	}
	of := map[string][]*Package{}
	for _, p := range all {
		if p.Left() && p.Status != ParcelReturned && p.Status != ParcelException {
			return f.refuses("FULFILLMENT_ACTIVE_SHIPMENT_EXECUTION", "A parcel is on its way to the buyer or has arrived.")
		}
		of[p.ShipmentID] = append(of[p.ShipmentID], p)
	}
	legs, err := ShipmentsOf(tx, f.Scope, f.ID)
	if err != nil {
		return err
	}
	for _, sh := range legs {
		if sh.Status == ParcelVoided || anyLeft(of[sh.ID]) {
			continue
		}
		in := VoidInput{Scope: f.Scope, ID: sh.ID, ReasonMessage: t.ReasonMessage, Notify: NotifySuppress, Cause: t.Cause}
		if _, err := s.voidShipment(tx, o, f, sh, of[sh.ID], in); err != nil {
			return err
		}
	}
	return nil
}

func anyLeft(of []*Package) bool {
	for _, p := range of {
		if p.Left() {
			return true
		}
	}
	return false
}
