package returns

import (
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/fulfillment"
	"flint/internal/tenant"
)

// Ship lets fulfillments carry goods of returns back, and has them ask before the goods of an exchange are handed over.
func Ship(s *Service, f *fulfillment.Service) {
	f.Returns, f.Announced, f.HandedOff = s.Shippable, s.Announce, s.HandOff
	f.Admit = append(f.Admit, s.Admit)
}

// Shippable tells which units of a return may travel back; it fills fulfillment.Service.Returns. It reads the return
// without locking it: the caller holds the lock of the order.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_ACTION_NOT_ALLOWED for a return that is not open.
func (s *Service) Shippable(tx db.Tx, scope tenant.Scope, returnID string) ([]fulfillment.ReturnLine, error) {
	r, err := Get(tx, scope, returnID)
	if err != nil {
		return nil, err
	}
	if r.Status != StatusOpen {
		return nil, notAllowed(r.Status, "Read the return: supported_actions says what can be done.", "Goods are sent back while the return is open.")
	}
	var out []fulfillment.ReturnLine
	for k := range r.Lines {
		if l := &r.Lines[k]; l.Live() > 0 {
			out = append(out, fulfillment.ReturnLine{
				ReturnLineItemID: l.ID, OrderLineItemID: l.OrderLineID, FulfillmentID: l.FulfillmentID, ApprovedQuantity: l.Live(),
			})
		}
	}
	return out, nil
}

// Announce notes which parcels bring the goods of a return back; it fills fulfillment.Service.Announced. Like a
// handoff it is noted whatever the return's status.
func (s *Service) Announce(tx db.Tx, scope tenant.Scope, returnID string, cause event.Cause) error {
	r, o, err := s.Load(tx, scope, returnID)
	if err != nil {
		return err
	}
	all, err := fulfillment.ShipmentsOfReturn(tx, scope, returnID)
	if err != nil {
		return err
	}
	r.Shipments = nil
	for _, sh := range all {
		if sh.Status == fulfillment.ParcelVoided {
			continue
		}
		announced := Announced{ShipmentID: sh.ID}
		for _, a := range sh.ReturnLines {
			announced.Lines = append(announced.Lines, LineQuantity{a.ReturnLineItemID, a.Quantity})
		}
		r.Shipments = append(r.Shipments, announced)
	}
	return s.save(tx, o, r, cause, change{})
}

// HandOff notes that a carrier took a parcel over; it fills fulfillment.Service.HandedOff and is told once of every
// parcel. It is noted whatever the return's status, since it happened.
func (s *Service) HandOff(tx db.Tx, scope tenant.Scope, returnID, shipmentID string, lines map[string]int64, at time.Time, cause event.Cause) error {
	r, o, err := s.Load(tx, scope, returnID)
	if err != nil {
		return err
	}
	for lineID, quantity := range lines {
		l := r.Line(lineID)
		if l == nil {
			return fault.Invalid("RETURN_INVALID", "return_line_items", "The return has no such line.")
		}
		l.handOff(Handoff{ShipmentID: shipmentID, Quantity: quantity, At: at})
	}
	return s.save(tx, o, r, cause, change{})
}

// handOff notes units that a shipment carries, beside those of its other parcels.
func (l *Line) handOff(h Handoff) {
	k := slices.IndexFunc(l.Handoffs, func(old Handoff) bool { return old.ShipmentID == h.ShipmentID })
	if k < 0 {
		l.Handoffs = append(l.Handoffs, h)
		return
	}
	l.Handoffs[k].Quantity += h.Quantity
}

// cameBy refuses a shipment that is none of the return's.
func cameBy(tx db.Tx, r *Return, shipmentID string) error {
	sh, err := fulfillment.GetShipment(tx, r.Scope, shipmentID)
	if f := fault.Of(err); err != nil && (f == nil || f.Class != fault.ClassNotFound) {
		return err
	}
	if err != nil || sh.ReturnID != r.ID {
		return fault.Invalid("RETURN_INVALID", "shipment_id", "The return has no such shipment.")
	}
	return nil
}
