package order

import (
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/tenant"
)

// HistoryInput narrows what History reads; zero fields do not.
type HistoryInput struct {
	Scope         tenant.Scope
	OrderID       string
	Types         []string
	CreatedAfter  time.Time // exclusive
	CreatedBefore time.Time // exclusive
	Ascending     bool      // newest first otherwise
	After         *listing.Cursor
	Limit         int
}

// History reads up to Limit activities of an order by their time, for those who lay them beside what is
// known of the order elsewhere. It does not look whether the order exists.
func History(tx db.Tx, in HistoryInput) ([]Activity, error) {
	if err := in.Scope.Check(); err != nil {
		return nil, err
	}
	q := listing.From("order_activities", activityColumns, "activity_id", in.Scope).Equal("order_id", in.OrderID).In("type", in.Types).
		Range("created_at", in.CreatedAfter, in.CreatedBefore)
	if err := q.Sort("created_at", in.Ascending, true, in.After); err != nil {
		return nil, err
	}
	found, _, err := listing.Page(tx, q, in.Limit, scanActivity, func(a Activity) listing.Cursor { return listing.At(a.CreatedAt, a.ID) })
	if err != nil {
		return nil, fmt.Errorf("read the history of order %s: %w", in.OrderID, err)
	}
	return found, nil
}
