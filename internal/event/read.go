package event

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// columns names what scan reads, of the table alias t.
func columns(t string) string {
	return strings.ReplaceAll(`#.merchant_id, #.environment_id, #.event_id, #.type, #.root_type, #.root_id, #.sequence,
		COALESCE(#.position, 0), #.resource_type, #.resource_id, #.data, #.request_id, #.idempotency_key, #.test, #.created_at`, "#", t)
}

func (e *Event) targets() []any {
	return []any{&e.Scope.MerchantID, &e.Scope.EnvironmentID, &e.ID, &e.Type, &e.RootType, &e.RootID, &e.Sequence,
		&e.Position, &e.ResourceType, &e.ResourceID, &e.Data, &e.RequestID, &e.IdempotencyKey, &e.Test, &e.CreatedAt}
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
	err := tx.QueryRow(e.targets(), `SELECT `+columns("e")+` FROM events e
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
	args := []any{scope.MerchantID, scope.EnvironmentID}
	list := ""
	for _, eventID := range eventIDs {
		args = append(args, eventID)
		list += fmt.Sprintf(", $%d", len(args))
	}
	return collect(tx, `SELECT `+columns("e")+` FROM events e
		WHERE merchant_id = $1 AND environment_id = $2 AND event_id IN (`+list[2:]+`)`, args...)
}

// Filter narrows a list of events; zero fields do not.
type Filter struct {
	Type          string
	ResourceType  string
	ResourceID    string
	RequestID     string
	CreatedAfter  time.Time // exclusive
	CreatedBefore time.Time // exclusive
	Tests         bool      // include synthetic events
	// Where is a further condition of the caller's own tables on the event e, in which each ? stands
	// for the next of Args.
	Where string
	Args  []any
}

// Cursor is a place in a list that runs from the newest to the oldest. The zero Cursor is its start.
type Cursor struct {
	At time.Time
	ID string
}

// CursorAt is the place of this event.
func (e Event) CursorAt() Cursor { return Cursor{e.CreatedAt, e.ID} }

// List reads up to limit events older than the cursor, newest first.
func List(tx db.Tx, scope tenant.Scope, f Filter, after Cursor, limit int) ([]Event, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	sql := `SELECT ` + columns("e") + ` FROM events e WHERE e.merchant_id = $1 AND e.environment_id = $2`
	args := []any{scope.MerchantID, scope.EnvironmentID}
	and := func(condition string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		sql += " AND " + condition
	}
	for _, c := range []struct{ column, value string }{
		{"type", f.Type}, {"resource_type", f.ResourceType}, {"resource_id", f.ResourceID}, {"request_id", f.RequestID},
	} {
		if c.value != "" {
			and("e."+c.column+" = ?", c.value)
		}
	}
	if !f.CreatedAfter.IsZero() {
		and("e.created_at > ?", f.CreatedAfter)
	}
	if !f.CreatedBefore.IsZero() {
		and("e.created_at < ?", f.CreatedBefore)
	}
	if !f.Tests {
		and("e.test = 0")
	}
	if f.Where != "" {
		and(f.Where, f.Args...)
	}
	if after != (Cursor{}) {
		and("(e.created_at, e.event_id) < (?, ?)", after.At, after.ID)
	}
	args = append(args, limit)
	return collect(tx, sql+fmt.Sprintf(" ORDER BY e.created_at DESC, e.event_id DESC LIMIT $%d", len(args)), args...)
}

// After reads up to limit events of the feed behind a position, in the feed's order.
func After(tx db.Tx, scope tenant.Scope, position int64, limit int) ([]Event, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	return collect(tx, `SELECT `+columns("e")+` FROM events e
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
