package returns

import (
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// Shippable is units of a line that may travel back.
type Shippable struct {
	LineID        string
	OrderLineID   string
	FulfillmentID string
	Quantity      int64 // approved and not canceled
}

// Shippable tells which units of a return may travel back. It reads the return without locking it: the caller
// holds the lock of the order.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_ACTION_NOT_ALLOWED for a return that is not open.
func (s *Service) Shippable(tx db.Tx, scope tenant.Scope, returnID string) ([]Shippable, error) {
	r, err := Get(tx, scope, returnID)
	if err != nil {
		return nil, err
	}
	if r.Status != StatusOpen {
		return nil, notAllowed(r.Status, "Read the return: supported_actions says what can be done.", "Goods are sent back while the return is open.")
	}
	var out []Shippable
	for k := range r.Lines {
		if l := &r.Lines[k]; l.Live() > 0 {
			out = append(out, Shippable{l.ID, l.OrderLineID, l.FulfillmentID, l.Live()})
		}
	}
	return out, nil
}

// HandOff notes that a carrier took goods over. Telling it again of the same shipment changes nothing. It is noted
// whatever the return's status, since it happened.
func (s *Service) HandOff(tx db.Tx, scope tenant.Scope, returnID, shipmentID string, lines map[string]int64, at time.Time, cause event.Cause) error {
	r, o, err := s.Load(tx, scope, returnID)
	if err != nil {
		return err
	}
	changed := false
	for lineID, quantity := range lines {
		l := r.Line(lineID)
		if l == nil {
			return fault.Invalid("RETURN_INVALID", "return_line_items", "The return has no such line.")
		}
		changed = l.handOff(Handoff{ShipmentID: shipmentID, Quantity: quantity, At: at}) || changed
	}
	if !changed {
		return nil
	}
	return s.save(tx, o, r, cause, change{})
}

// handOff notes units that a shipment carries and tells whether that is news.
func (l *Line) handOff(h Handoff) bool {
	k := slices.IndexFunc(l.Handoffs, func(old Handoff) bool { return old.ShipmentID == h.ShipmentID })
	switch {
	case k < 0:
		l.Handoffs = append(l.Handoffs, h)
	case l.Handoffs[k].Quantity == h.Quantity:
		return false
	default:
		l.Handoffs[k].Quantity = h.Quantity
	}
	return true
}
