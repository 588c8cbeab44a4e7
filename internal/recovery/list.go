package recovery

import (
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/tenant"
)

// ListInput filters recoveries; empty fields do not filter.
type ListInput struct {
	Scope         tenant.Scope
	State         string
	OrderID       string
	SessionID     string // any session that the buyer was seen at
	CreatedAfter  time.Time
	CreatedBefore time.Time
	After         *listing.Cursor
	Limit         int
}

// List reads one page of recoveries, newest first, and the cursor of the next.
func List(tx db.Tx, in ListInput) ([]*Recovery, *listing.Cursor, error) {
	if err := in.Scope.Check(); err != nil {
		return nil, nil, err
	}
	q := listing.From("recoveries", columns, "recovery_id", in.Scope).Equal("state", in.State).Equal("order_id", in.OrderID).
		Range("created_at", in.CreatedAfter, in.CreatedBefore)
	if in.SessionID != "" {
		q.And(`recovery_id IN (SELECT recovery_id FROM recovery_visits v WHERE v.merchant_id = ? AND v.environment_id = ? AND v.checkout_session_id = ?)`,
			in.Scope.MerchantID, in.Scope.EnvironmentID, in.SessionID)
	}
	if err := q.Sort("created_at", false, true, in.After); err != nil {
		return nil, nil, err
	}
	found, next, err := listing.Page(tx, q, in.Limit, func(r db.Row) (*Recovery, error) { return scan(r, in.Scope) },
		func(r *Recovery) listing.Cursor { return listing.At(r.CreatedAt, r.ID) })
	if err != nil {
		return nil, nil, fmt.Errorf("list recoveries: %w", err)
	}
	return found, next, nil
}

// ListActions reads one page of the actions on an order, newest first.
func ListActions(tx db.Tx, scope tenant.Scope, orderID string, after *listing.Cursor, limit int) ([]*Action, *listing.Cursor, error) {
	if err := scope.Check(); err != nil {
		return nil, nil, err
	}
	q := listing.From("recovery_actions", actionColumns, "action_id", scope).Equal("order_id", orderID)
	if err := q.Sort("created_at", false, true, after); err != nil {
		return nil, nil, err
	}
	found, next, err := listing.Page(tx, q, limit, func(r db.Row) (*Action, error) { return scanAction(r, scope) },
		func(a *Action) listing.Cursor { return listing.At(a.CreatedAt, a.ID) })
	if err != nil {
		return nil, nil, fmt.Errorf("list recovery actions: %w", err)
	}
	return found, next, nil
}
