package fulfillment

import (
	"time"

	"flint/internal/clock"
	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/failpoint"
	"flint/internal/id"
	"flint/internal/order"
	"flint/internal/settings"
	"flint/internal/tenant"
)

// Service carries fulfillments through their life. Operations run in the caller's transaction, lock the order
// first, and either do everything they say or return an error, upon which the caller rolls back.
type Service struct {
	Clock     clock.Clock
	IDs       *id.Source
	Events    *event.Log
	Orders    *order.Service
	Customers *customer.Service
	Settings  func(tx db.Tx, scope tenant.Scope) (*settings.Settings, error)
	// Admit are asked before an order is fulfilled, beside the rules of this package; a fault of one refuses.
	// The order is locked.
	Admit []func(tx db.Tx, o *order.Order) error
	// Returns tells what of a return may travel back. RESOURCE_NOT_FOUND for an unknown one, and a fault for one
	// that nothing travels back for. nil: there are no returns, and return shipments are refused.
	Returns func(tx db.Tx, scope tenant.Scope, returnID string) ([]ReturnLine, error)
	// Announced is told that a return has one shipment more, or one less because it was voided. The order is locked.
	Announced func(tx db.Tx, scope tenant.Scope, returnID string, cause event.Cause) error
	// HandedOff is told once of every parcel of a return that a carrier took: units by return line, and when. The
	// order is locked.
	HandedOff func(tx db.Tx, scope tenant.Scope, returnID, shipmentID string, lines map[string]int64, at time.Time, cause event.Cause) error
	// Mail writes to buyers; nil where nothing is mailed.
	Mail func(tx db.Tx, l Letter) (Mailed, error)
	// Failpoints end the process at named places in tests; nil in production.
	Failpoints *failpoint.Points
}

// ReturnLine is what of a return's line may travel back: units of a line of one fulfilment.
type ReturnLine struct {
	ReturnLineItemID string
	OrderLineItemID  string
	FulfillmentID    string
	ApprovedQuantity int64
}
