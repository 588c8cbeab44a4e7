package event

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/tenant"
)

// columns is what scan reads of the table events, called e.
const columns = `e.merchant_id, e.environment_id, e.event_id, e.type, e.root_type, e.root_id, e.sequence,
	COALESCE(e.position, 0), e.resource_type, e.resource_id, e.data, e.request_id, e.request_log_id, e.idempotency_key,
	e.actor_type, e.actor_id, e.order_id, e.test, e.created_at`

func (e *Event) targets() []any {
	return []any{&e.Scope.MerchantID, &e.Scope.EnvironmentID, &e.ID, &e.Type, &e.RootType, &e.RootID, &e.Sequence,
		&e.Position, &e.ResourceType, &e.ResourceID, &e.Data, &e.RequestID, &e.RequestLogID, &e.IdempotencyKey,
		&e.ActorType, &e.ActorID, &e.OrderID, &e.Test, &e.CreatedAt}
}

func collect(tx db.Tx, sql string, args ...any) ([]Event, error) {
	var events []Event
	err := tx.Query(func(r db.Row) error {
		var e Event
		if err := r.Scan(e.targets()...); err != nil {
			return err
		}
		events = append(events, e)
		return nil
	}, sql, args...)
	return events, err
}

// Get reads one event; RESOURCE_NOT_FOUND when the environment has none of this id.
func Get(tx db.Tx, scope tenant.Scope, eventID string) (Event, error) {
	if err := scope.Check(); err != nil {
		return Event{}, err
	}
	var e Event
	err := tx.QueryRow(e.targets(), `SELECT `+columns+` FROM events e
		WHERE merchant_id = $1 AND environment_id = $2 AND event_id = $3`, scope.MerchantID, scope.EnvironmentID, eventID)
	if errors.Is(err, db.ErrNoRows) {
		return Event{}, fault.NotFound("webhook event")
	}
	return e, err
}

// Some reads the events of the ids, in no order; an id that the environment has none of is left out.
func Some(tx db.Tx, scope tenant.Scope, eventIDs []string) ([]Event, error) {
	if err := scope.Check(); err != nil || len(eventIDs) == 0 {
		return nil, err
	}
	args, list := []any{scope.MerchantID, scope.EnvironmentID}, make([]string, len(eventIDs))
	for n, eventID := range eventIDs {
		args = append(args, eventID)
		list[n] = fmt.Sprintf("$%d", len(args))
	}
	return collect(tx, `SELECT `+columns+` FROM events e
		WHERE merchant_id = $1 AND environment_id = $2 AND event_id IN (`+strings.Join(list, ", ")+`)`, args...)
}

// Filter narrows a list of events; zero fields do not.
type Filter struct {
	Type          string
	ResourceType  string
	ResourceID    string
	RequestID     string
	RequestLogID  string
	CreatedAfter  time.Time // exclusive
	CreatedBefore time.Time // exclusive
	Tests         bool      // include synthetic events
	// Where is a further condition of the caller's own tables on the event e, in which each ? stands
	// for the next of Args.
	Where string
	Args  []any
}

// List reads one page of events, newest first, and the cursor of the next page, nil on the last one.
func List(tx db.Tx, scope tenant.Scope, f Filter, after *listing.Cursor, limit int) ([]Event, *listing.Cursor, error) {
	if err := scope.Check(); err != nil {
		return nil, nil, err
	}
	q := listing.From("events e", columns, "event_id", scope).
		Equal("type", f.Type).Equal("resource_type", f.ResourceType).Equal("resource_id", f.ResourceID).Equal("request_id", f.RequestID).Equal("request_log_id", f.RequestLogID).
		Range("created_at", f.CreatedAfter, f.CreatedBefore)
	if !f.Tests {
		q.And("test = 0")
	}
	if at, ok := id.Time(f.RequestLogID); ok { // a request comes before what it causes, which spares a look at all that is older
		q.And("created_at >= ?", at.Add(-time.Second))
	}
	if f.Where != "" {
		q.And(f.Where, f.Args...)
	}
	if err := q.Sort("created_at", false, true, after); err != nil {
		return nil, nil, err
	}
	found, next, err := listing.Page(tx, q, limit, func(r db.Row) (e Event, err error) {
		err = r.Scan(e.targets()...)
		return e, err
	}, func(e Event) listing.Cursor { return listing.At(e.CreatedAt, e.ID) })
	if err != nil {
		return nil, nil, fmt.Errorf("list events: %w", err)
	}
	return found, next, nil
}

// After reads up to limit events of the feed behind a position, in the feed's order.
func After(tx db.Tx, scope tenant.Scope, position int64, limit int) ([]Event, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	return collect(tx, `SELECT `+columns+` FROM events e
		WHERE merchant_id = $1 AND environment_id = $2 AND position > $3 ORDER BY position LIMIT $4`,
		scope.MerchantID, scope.EnvironmentID, position, limit)
}

// Head is the last event of the feed: its position and id, zero and empty while there is none.
func Head(tx db.Tx, scope tenant.Scope) (position int64, eventID string, err error) {
	if err := scope.Check(); err != nil {
		return 0, "", err
	}
	err = tx.QueryRow([]any{&position, &eventID}, `SELECT position, event_id FROM events
		WHERE merchant_id = $1 AND environment_id = $2 AND position IS NOT NULL ORDER BY position DESC LIMIT 1`,
		scope.MerchantID, scope.EnvironmentID)
	if errors.Is(err, db.ErrNoRows) {
		return 0, "", nil
	}
	return position, eventID, err
}
