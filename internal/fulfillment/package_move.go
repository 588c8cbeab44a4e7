package fulfillment

import (
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/order"
	"flint/internal/tenant"
	"flint/internal/text"
)

// MovePackageInput moves a parcel.
type MovePackageInput struct {
	Scope           tenant.Scope
	PackageID       string
	Action          string
	OccurredAt      time.Time // zero: now
	ReasonMessage   string
	ExpectedVersion *int64
	Notify          string
	Cause           event.Cause
}

// Validate reports every fault of the input that shows without the package.
func (in MovePackageInput) Validate() error {
	var l fault.List
	if !slices.Contains(ParcelActions, in.Action) {
		l.Add("INVALID_ACTION", "action", "The action is not one of those that exist.")
	}
	text.Rule{Max: maxReason, Lines: true, TooLong: "FULFILLMENT_STATUS_REASON_TOO_LONG"}.Check(&l, "reason_message", in.ReasonMessage)
	checkNotify(&l, in.Notify)
	return l.Err()
}

// MovePackage moves a parcel to a status that it supports, and its shipment with it. Moving to where it is changes
// nothing. The fulfilment and the order stay as they are.
//
// Faults: those of Validate, RESOURCE_NOT_FOUND, VERSION_CONFLICT, SHIPMENT_PACKAGE_TERMINAL,
// FULFILLMENT_ACTION_NOT_ALLOWED, SHIPMENT_TIMESTAMP_ORDER_INVALID, INVALID_TIMESTAMP.
func (s *Service) MovePackage(tx db.Tx, in MovePackageInput) (Packed, error) {
	if err := in.Validate(); err != nil {
		return Packed{}, err
	}
	o, f, sh, p, err := s.openPackage(tx, in.Scope, in.PackageID)
	if err != nil {
		return Packed{}, err
	}
	if err := checkVersion("VERSION_CONFLICT", in.ExpectedVersion, p.Version); err != nil {
		return Packed{}, err
	}
	now := s.Clock.Now()
	at, to := happened(in.OccurredAt, now), parcelStatus(in.Action)
	if p.Status == to {
		return Packed{Package: p, Shipment: sh, Unchanged: true}, nil
	}
	if err := p.allows(to, in.OccurredAt, now); err != nil {
		return Packed{}, err
	}
	e := &Event{OrderID: o.ID, FulfillmentID: f.ID, ReasonMessage: in.ReasonMessage, Notify: in.Notify, OccurredAt: at, ReceivedAt: now}
	return s.move(tx, o, f, sh, p, to, e, in.Cause)
}

// allows refuses what the package does not support, and times that run backwards.
func (p *Package) allows(to string, told, now time.Time) error {
	var l fault.List
	checkPast(&l, "occurred_at", told, now)
	if err := l.Err(); err != nil {
		return err
	}
	switch {
	case len(parcelMoves[p.Status]) == 0:
		return p.ended()
	case !slices.Contains(parcelMoves[p.Status], to):
		const code, message = "FULFILLMENT_ACTION_NOT_ALLOWED", "The action is not possible now; supported_actions lists those that are."
		e := fault.Conflict(code, message)
		e.Param = "action"
		e.Details = []fault.Detail{{Code: code, Message: message, Param: "action", Extra: map[string]any{
			"current_status": p.Status, "current_version": p.Version, "supported_actions": p.Supported(),
		}}}
		return e
	case !told.IsZero() && told.Before(p.ShippedAt):
		return fault.Invalid("SHIPMENT_TIMESTAMP_ORDER_INVALID", "occurred_at", "Nothing happens on the way before the carrier has the parcel.")
	case to == ParcelReturned && !told.IsZero() && told.Before(p.DeliveredAt):
		return fault.Invalid("SHIPMENT_TIMESTAMP_ORDER_INVALID", "occurred_at", "What was delivered goes back afterwards.")
	}
	return nil
}

// move writes a parcel in its new status, its shipment, the row of the timeline (e has all but the subject and the
// statuses), and tells everybody.
func (s *Service) move(tx db.Tx, o *order.Order, f *Fulfillment, sh *Shipment, p *Package, to string, e *Event, cause event.Cause) (Packed, error) {
	now, left := e.ReceivedAt, p.Left()
	e.Type, e.Kind, e.ShipmentID, e.PackageID, e.From, e.To = EventStatusChanged, to, sh.ID, p.ID, p.Status, to
	p.enter(to, e.OccurredAt)
	if e.ReasonMessage != "" {
		p.StatusReason = e.ReasonMessage
	}
	if err := updatePackage(tx, p, now); err != nil {
		return Packed{}, err
	}
	of, err := packagesOfShipment(tx, f.Scope, sh.ID)
	if err != nil {
		return Packed{}, err
	}
	was, changed := sh.derive(of)
	if err := updateShipment(tx, sh, now); err != nil {
		return Packed{}, err
	}
	s.Failpoints.Hit("fulfillment.parcel")
	if err := s.record(tx, f.Scope, e); err != nil {
		return Packed{}, err
	}
	d := dataOf(o, f).withShipment(sh).withPackage(p).withEvent(e)
	d.From, d.To, d.PackageUpdateID, d.PackageUpdate = e.From, e.To, e.UpdateID, updateOf(e)
	d.PackageUpdate.PackageUpdateID, d.PackageUpdate.Reason = e.UpdateID, e.ReasonMessage
	if err := s.publish(tx, o, EventPackageUpdated, d, cause, now); err != nil {
		return Packed{}, err
	}
	if changed {
		if err := s.tellShipment(tx, o, f, sh, was, e, cause, now); err != nil {
			return Packed{}, err
		}
	}
	if err := s.tellTimeline(tx, o, e, cause, now); err != nil {
		return Packed{}, err
	}
	if !left && p.Left() && sh.Direction == DirectionReturn && s.HandedOff != nil {
		lines := map[string]int64{}
		for _, a := range p.ReturnLines {
			lines[a.ReturnLineItemID] += a.Quantity
		}
		if err := s.HandedOff(tx, f.Scope, sh.ReturnID, sh.ID, lines, p.ShippedAt, cause); err != nil {
			return Packed{}, err
		}
	}
	out := Packed{Package: p, Shipment: sh, Event: e}
	out.Notices, err = s.notify(tx, o, f, sh, p, e, cause, now)
	return out, err
}
