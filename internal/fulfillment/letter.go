package fulfillment

import (
	"flint/internal/event"
	"flint/internal/order"
)

// Letter is what a buyer is to be told: Type is the notification's type, Shipment and Package name the parcel it
// is about, nil for the fulfilment itself.
type Letter struct {
	Key         string // one mail for each, ever
	Type        string
	To          string
	Order       *order.Order
	Fulfillment *Fulfillment
	Package     *Package
	Event       *Event
	Cause       event.Cause
}

// Mailed is what became of a letter when it was queued. Suppressed is the reason of the contract, empty for a
// letter that is on its way.
type Mailed struct {
	MailID     string
	Suppressed string
}
