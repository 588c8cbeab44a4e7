package account

import (
	"flint/internal/db"
	"flint/internal/fulfillment"
	"flint/internal/order"
)

// way is how some of an order reaches its buyer.
type way struct {
	State   string // a key
	Mark    string // good, warn or empty
	How     string // a key
	Items   []wayItem
	When    string
	Where   string // of a pickup
	Parcels []parcel
}

// wayItem is units of a line.
type wayItem struct {
	Name  string
	Units string // empty for one
}

// parcel is one package with what is known of it.
type parcel struct {
	State   string // a key
	Carrier string
	Number  string
	URL     string // of its tracking
	Label   string // address of what is stuck on a parcel that is still with the buyer
}

// ways are an order's fulfillments as its buyer sees them: none that was canceled, no parcel that was voided, and
// none that comes back.
func (h *Handler) ways(tx db.Tx, v *visit, o *order.Order) ([]way, error) {
	if !o.Fulfilling {
		return nil, nil
	}
	all, err := fulfillment.OfOrder(tx, v.scope, o.ID)
	if err != nil {
		return nil, err
	}
	parcels, err := fulfillment.PackagesOfOrder(tx, v.scope, o.ID)
	if err != nil {
		return nil, err
	}
	var out []way
	for _, f := range all {
		if f.Status == fulfillment.StatusCanceled {
			continue
		}
		w := way{State: "buyer.way." + wayState(f.State()), How: "buyer.way.type." + f.Type}
		switch f.Status {
		case fulfillment.StatusCompleted:
			w.Mark, w.When = "good", v.date(f.CompletedAt)
		case fulfillment.StatusFailed:
			w.Mark = "warn"
		}
		for _, l := range f.Lines {
			if line := o.Line(l.OrderLineItemID); line != nil {
				item := wayItem{Name: line.Name}
				if l.Quantity > 1 {
					item.Units = h.text("buyer.times", l.Quantity)
				}
				w.Items = append(w.Items, item)
			}
		}
		if f.Pickup != nil {
			w.Where = f.Pickup.LocationName
		}
		if d := f.LocalDelivery; d != nil && d.TrackingURL != "" {
			w.Parcels = append(w.Parcels, parcel{State: w.State, Carrier: d.CourierName, URL: d.TrackingURL})
		}
		for _, p := range parcels {
			if p.FulfillmentID == f.ID && p.Open() && p.ReturnID == "" && (p.Left() || p.TrackingNumber != "" || p.TrackingURL != "") {
				state := "buyer.parcel." + p.Status
				if f.Status == fulfillment.StatusCompleted && !p.Left() { // handed over without word from the carrier
					state = "buyer.parcel"
				}
				w.Parcels = append(w.Parcels, parcel{State: state, Carrier: p.Carrier, Number: p.TrackingNumber, URL: p.TrackingURL})
			}
		}
		out = append(out, w)
	}
	return out, nil
}

// wayState is how a state is called on the page: the steps in a warehouse are one to a buyer.
func wayState(state string) string {
	switch state {
	case fulfillment.StateAccepted:
		return fulfillment.StatusPending
	case fulfillment.StatusPicked, fulfillment.StatusPacked, fulfillment.StatusInProgress:
		return fulfillment.StatusPreparing
	}
	return state
}
