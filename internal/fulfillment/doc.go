// Package fulfillment carries what was ordered to the buyer: which units go in which way, the parcels they lie
// in, and what was heard of them.
//
// An order has fulfillments, a fulfilment shipments (one leg of a carrier each, outbound or back), a shipment
// packages, a package items. docs/states/fulfillment.md and package.md draw the states.
//
// # Quantities
//
// A fulfilment holds its units from its creation on (preserve), has delivered them when it is completed
// (fulfill) and gives them back when it is canceled (release); one that failed keeps or releases them as it
// is told. Lines are fixed at creation.
//
// # Invariants
//
//   - units of a line in fulfillments that preserve or fulfill are never more than the line has
//   - units of a line in packages that are not voided are never more than their fulfilment has of it
//   - units of a return's line in return shipments that are not voided are never more than were approved
//   - Order.FulfillmentStatus is OrderStatus of the order's lines and fulfillments
//   - the status of a shipment is ShipmentStatus of its packages; nothing else sets it
//   - the order is locked first; everything below it changes under that lock
package fulfillment
