package returns

import (
	"fmt"
	"time"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/failpoint"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/order"
	"flint/internal/refund"
	"flint/internal/returnpolicy"
	"flint/internal/tenant"
)

// Service carries returns through their life. Operations run in the caller's transaction and either do
// everything they say or return an error, upon which the caller rolls back.
type Service struct {
	Clock   clock.Clock
	IDs     *id.Source
	Events  *event.Log
	Orders  *order.Service
	Refunds *refund.Service

	// Policies judge requests and know the reasons.
	Policies *returnpolicy.Service
	// Fulfilled tells which units of an order were handed over, by fulfilment; what returns hold of them is not
	// counted in it. Handed does.
	Fulfilled func(tx db.Tx, o *order.Order) ([]returnpolicy.FulfilledLine, error)
	// Home is where goods go back to when neither the decision nor a policy says it; nil answers when the
	// merchant has no address.
	Home func(tx db.Tx, scope tenant.Scope) (*returnpolicy.Destination, error)
	// PaymentDays is how long buyers have to pay the difference of an exchange; nil for DefaultPaymentDays.
	PaymentDays func(tx db.Tx, scope tenant.Scope) (int64, error)
	// ShipsUnpaid tells whether the goods of an exchange may be handed over before the difference is paid; nil: no.
	ShipsUnpaid func(tx db.Tx, scope tenant.Scope) (bool, error)
	// Grants finds the grant by which an app acts in an environment; nil where apps give nothing back.
	Grants func(tx db.Tx, scope tenant.Scope, appID string) (grantID string, err error)
	// Doors are how the difference of an exchange is collected; its functions are nil where nobody collects.
	Doors Doors
	// Shapes are how events show returns and their parts: as the API does.
	Shapes Shapes
	// Letters write to buyers; nil where nobody does.
	Letters func(tx db.Tx, o *order.Order, r *Return, kind string, now time.Time) error
	// Changed runs at the end of every save, in its transaction.
	Changed []func(tx db.Tx, o *order.Order, r *Return, cause event.Cause) error
	// Failpoints end the process at named places in tests; nil in production.
	Failpoints *failpoint.Points
}

// Shapes turn a return and its parts into what an event of the kind carries.
type Shapes struct {
	Return      func(kind string, r *Return) any
	Receipt     func(kind string, r *Return, x *Receipt) any
	Inspection  func(kind string, r *Return, x *Inspection) any
	Disposition func(kind string, r *Return, x *Disposition) any
	Resolution  func(kind string, r *Return, x *Resolution) any
}

// actorOf is who stands behind a cause.
func actorOf(cause event.Cause) Actor {
	switch cause.ActorType {
	case "api_key", "user":
		return Actor{ActorMerchant, cause.ActorID}
	case "app":
		return Actor{ActorIntegration, cause.ActorID}
	case "buyer", "customer":
		return Actor{ActorBuyer, cause.ActorID}
	}
	return Actor{Type: ActorSystem}
}

// lineAt is the path of a line of a request.
func lineAt(k int) string { return fmt.Sprintf("line_items[%d]", k) }

// notAllowed refuses an act that the state of what does not allow; next says what would help.
func notAllowed(status, next, format string, args ...any) error {
	return fault.Conflict("RETURN_ACTION_NOT_ALLOWED", format, args...).Then("%s", next).With("current_status", status)
}
