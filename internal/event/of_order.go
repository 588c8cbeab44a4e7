package event

import (
	"bytes"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/id"
	"flint/internal/tenant"
)

// orderOf is the order that an event of another root belongs to: the one it was given, or the one that its
// payload names. It is empty for events of orders themselves.
func orderOf(n New, data []byte) string {
	if n.RootType == "order" {
		return ""
	}
	if n.OrderID != "" {
		return n.OrderID
	}
	dec := jsontext.NewDecoder(bytes.NewReader(data))
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '{' {
		return ""
	}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return ""
		}
		if name.String() != "order_id" {
			if dec.SkipValue() != nil {
				return ""
			}
			continue
		}
		if v, err := dec.ReadToken(); err == nil && v.Kind() == '"' && id.Valid(id.Order, v.String()) {
			return v.String()
		}
		return ""
	}
	return ""
}

// OrderFilter narrows the history of an order; zero fields do not.
type OrderFilter struct {
	// Where is a condition of the caller's on the event e, in which each ? stands for the next of Args.
	Where string
	Args  []any
	// AlsoRootID is an object of another order whose events belong to this one's history too; empty for none.
	AlsoRootID    string
	CreatedAfter  time.Time // exclusive
	CreatedBefore time.Time // exclusive
	Ascending     bool      // newest first otherwise
}

// OfOrder reads up to limit events of an order's history behind a place: those whose root is the order and
// those of other roots that belong to it, by time. Synthetic events are left out.
func OfOrder(tx db.Tx, scope tenant.Scope, orderID string, f OrderFilter, after *listing.Cursor, limit int) ([]Event, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	// All parts are read along their own index before anything is sorted: an order has few events, and an
	// environment has many, which a planner might otherwise walk through by time. The first condition added to the
	// query is its $3, the second, where there is another root, its $4.
	from := `(WITH own AS MATERIALIZED (SELECT * FROM events WHERE merchant_id = $1 AND environment_id = $2 AND root_id = $3
		UNION ALL SELECT * FROM events WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3 AND order_id <> ''`
	if f.AlsoRootID != "" {
		from += `
		UNION ALL SELECT * FROM events WHERE merchant_id = $1 AND environment_id = $2 AND root_id = $4 AND order_id <> $3`
	}
	q := listing.From(from+`)
		SELECT * FROM own) e`, columns, "event_id", scope).And("? <> ''", orderID)
	if f.AlsoRootID != "" {
		q.And("? <> ''", f.AlsoRootID)
	}
	q.And("test = 0").Range("created_at", f.CreatedAfter, f.CreatedBefore)
	if f.Where != "" {
		q.And(f.Where, f.Args...)
	}
	if err := q.Sort("created_at", f.Ascending, true, after); err != nil {
		return nil, err
	}
	found, _, err := listing.Page(tx, q, limit, func(r db.Row) (e Event, err error) {
		err = r.Scan(e.targets()...)
		return e, err
	}, func(e Event) listing.Cursor { return listing.At(e.CreatedAt, e.ID) })
	if err != nil {
		return nil, fmt.Errorf("read the events of order %s: %w", orderID, err)
	}
	return found, nil
}
