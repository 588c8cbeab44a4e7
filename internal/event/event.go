// Package event writes what happened, in the transaction that made it happen.
//
// An event belongs to a root object (an order, a refund's order, a customer) and carries that
// object's next sequence number, so a reader sees gaps. After the commit a sequencer gives each event
// its position in the feed of its merchant environment (see Sequence): positions rise by one in
// commit order and never have holes, which readers of the feed rely on.
package event

import (
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/failpoint"
	"flint/internal/id"
	"flint/internal/tenant"
)

// Event is one fact in the past.
type Event struct {
	ID           string // whev_…
	Scope        tenant.Scope
	Type         string // order.paid
	RootType     string // the object whose history this belongs to: order, customer, checkout_session
	RootID       string
	Sequence     int64  // 1, 2, 3 … per root object
	Position     int64  // place in the environment's feed, 0 until sequenced
	ResourceType string // what the payload is about: order, refund, payment_intent
	ResourceID   string
	Data         []byte // JSON of the contract's data object
	RequestID    string // of the API call that caused it, may be empty
	RequestLogID string // rlog_… of that call, may be empty
	// IdempotencyKey is that of the causing call, may be empty.
	IdempotencyKey string
	// ActorType and ActorID are those of the cause; empty on events from before they were kept.
	ActorType string
	ActorID   string
	// OrderID is the order that an event of another root belongs to; empty on events of an order itself,
	// whose root it is.
	OrderID   string
	Test      bool // made by the test-event call, not by business
	CreatedAt time.Time
}

// Cause is who and what made a change; it is stamped on events and activities.
type Cause struct {
	RequestID      string
	RequestLogID   string // rlog_…, of a logged API call
	IdempotencyKey string
	ActorType      string // api_key, app, buyer, system, user, processor
	ActorID        string
	// Person is who stands behind the actor, where two people have to be told apart: all keys of one holder are one.
	// Empty: the actor itself. It is not kept.
	Person string
	// CheckoutSessionID is that of the session through which a buyer acts, empty otherwise.
	CheckoutSessionID string
}

// New describes an event to record.
type New struct {
	Type         string
	RootType     string
	RootID       string
	ResourceType string
	ResourceID   string
	// OrderID is the order whose history this belongs to too. Empty takes what Data says under order_id, so
	// it is needed where the payload names no order; an event whose root is an order needs neither.
	OrderID string
	Data    any // encoded to JSON
}

// Log records events. Wake, when set, is called after a commit that recorded something.
type Log struct {
	IDs  *id.Source
	Wake func()
	// Failpoints end the process at named places in tests; nil in production.
	Failpoints *failpoint.Points
}

// Record writes one event in tx with the next sequence number of its root object. The caller holds
// the root's lock; a UNIQUE constraint stands behind that.
func (l *Log) Record(tx db.Tx, scope tenant.Scope, now time.Time, cause Cause, n New) error {
	data, err := json.Marshal(n.Data, json.Deterministic(true))
	if err != nil {
		return err
	}
	err = tx.Send(`INSERT INTO events (merchant_id, environment_id, event_id, type, root_type, root_id, sequence,
		resource_type, resource_id, data, request_id, request_log_id, idempotency_key, actor_type, actor_id, test, created_at, order_id)
		VALUES ($1, $2, $3, $4, $5, $6,
			COALESCE((SELECT MAX(sequence) FROM events WHERE merchant_id = $1 AND environment_id = $2 AND root_id = $6), 0) + 1,
			$7, $8, $9, $10, $11, $12, $13, $14, 0, $15, $16)`,
		scope.MerchantID, scope.EnvironmentID, l.IDs.New(id.WebhookEvent), n.Type, n.RootType, n.RootID,
		n.ResourceType, n.ResourceID, string(data), cause.RequestID, cause.RequestLogID, cause.IdempotencyKey,
		cause.ActorType, cause.ActorID, now, orderOf(n, data))
	if err != nil {
		return err
	}
	l.Failpoints.Hit("event.recorded")
	if l.Wake != nil {
		tx.AfterCommit(l.Wake)
	}
	return nil
}
