// Package support answers what people ask who help buyers and close books: what happened to this order, and
// why does it say that this is owed.
//
// It writes nothing. The timeline is read from the events and activities that every domain writes with its changes,
// the explanation of the balance from the journal; so what a new domain does shows up without a line here. What ties
// two orders together is the one thing that it asks payments and returns for.
package support

import (
	"flint/internal/db"
	"flint/internal/order"
	"flint/internal/tenant"
)

// Service answers questions about orders. Orders is required.
type Service struct {
	Orders *order.Service
	// Name is how people call an actor: an app, a key, a user. Empty where nothing is known; nil names nobody.
	Name func(tx db.Tx, scope tenant.Scope, actorType, actorID string) (string, error)
	// Reason is why somebody asked for what an event is about, where the event itself does not say it: that of
	// a refund. Empty where nothing is known; nil knows nothing.
	Reason func(tx db.Tx, scope tenant.Scope, resourceType, resourceID string) (string, error)
}
