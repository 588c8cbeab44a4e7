package event

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"flint/internal/db"
	"flint/internal/tenant"
)

// Sequence places events that have no position yet in the feed of their environment, at most limit of
// each environment, and hands them, with their positions, to fanOut in the same transaction. So every
// event is fanned out exactly once, in the order of the feed. n events were placed; more tells that
// some environment may have further ones. An environment that fails leaves the others alone: its error
// is among those joined in err.
//
// Any number of processes may run it at once; the row of the feed keeps them apart.
func Sequence(ctx context.Context, d db.DB, limit int, fanOut func(tx db.Tx, events []Event) error) (n int, more bool, err error) {
	var (
		after tenant.Scope
		errs  []error
	)
	for {
		scope, found, err := nextUnsequenced(ctx, d, after)
		if err != nil {
			return n, more, errors.Join(append(errs, fmt.Errorf("look for new events: %w", err))...)
		}
		if !found {
			return n, more, errors.Join(errs...)
		}
		placed := 0
		err = d.Write(ctx, func(tx db.Tx) error {
			events, err := place(tx, scope, limit)
			if err != nil {
				return err
			}
			if placed = len(events); placed == 0 {
				return nil
			}
			return fanOut(tx, events)
		})
		if err != nil {
			errs = append(errs, fmt.Errorf("sequence the events of environment %s: %w", scope.EnvironmentID, err))
		} else {
			n += placed
			more = more || placed >= limit
		}
		after = scope
	}
}

// nextUnsequenced finds the first environment after the given one that has unplaced events. Going
// through them in turn gives each its share, however many one of them has.
func nextUnsequenced(ctx context.Context, d db.DB, after tenant.Scope) (scope tenant.Scope, found bool, err error) {
	err = d.Read(ctx, func(tx db.Tx) error {
		err := tx.QueryRow([]any{&scope.MerchantID, &scope.EnvironmentID},
			`SELECT merchant_id, environment_id FROM events
			WHERE position IS NULL AND (merchant_id, environment_id) > ($1, $2)
			ORDER BY merchant_id, environment_id LIMIT 1`, after.MerchantID, after.EnvironmentID)
		found = err == nil
		if errors.Is(err, db.ErrNoRows) {
			return nil
		}
		return err
	})
	return scope, found, err
}

// place gives positions to the oldest unplaced events of one environment.
func place(tx db.Tx, scope tenant.Scope, limit int) ([]Event, error) {
	next, err := LockFeed(tx, scope)
	if err != nil {
		return nil, err
	}
	events, err := collect(tx, `SELECT `+columns+` FROM events e
		WHERE merchant_id = $1 AND environment_id = $2 AND position IS NULL ORDER BY created_at, event_id LIMIT $3`,
		scope.MerchantID, scope.EnvironmentID, limit)
	if err != nil || len(events) == 0 {
		return nil, err
	}
	if len(events) == limit {
		earlier, err := predecessors(tx, scope, events)
		if err != nil {
			return nil, err
		}
		events = append(events, earlier...)
	}
	order(events)
	for i := range events {
		events[i].Position = next + int64(i)
		if err := tx.Send(`UPDATE events SET position = $4 WHERE merchant_id = $1 AND environment_id = $2 AND event_id = $3`,
			scope.MerchantID, scope.EnvironmentID, events[i].ID, events[i].Position); err != nil {
			return nil, err
		}
	}
	return events, tx.Send(`UPDATE event_feeds SET next_position = $3 WHERE merchant_id = $1 AND environment_id = $2`,
		scope.MerchantID, scope.EnvironmentID, next+int64(len(events)))
}

// predecessors finds the unplaced events that the order of their root puts before one of the batch. An
// event's time is read before its root is locked, so of two events of one root the later may carry the
// earlier time and be cut off from the other by the limit. All of a root's events before a visible one
// are visible, because they commit in the order of their sequence.
func predecessors(tx db.Tx, scope tenant.Scope, batch []Event) ([]Event, error) {
	top, count := map[string]int64{}, map[string]int64{}
	have := map[string]bool{}
	for _, e := range batch {
		top[e.RootID] = max(top[e.RootID], e.Sequence)
		count[e.RootID]++
		have[e.ID] = true
	}
	args, list := []any{scope.MerchantID, scope.EnvironmentID}, ""
	for root, n := range count {
		if n < top[root] { // some are placed already, or missing here
			args = append(args, root)
			list += fmt.Sprintf(", $%d", len(args))
		}
	}
	if list == "" {
		return nil, nil
	}
	found, err := collect(tx, `SELECT `+columns+` FROM events e
		WHERE merchant_id = $1 AND environment_id = $2 AND position IS NULL AND root_id IN (`+list[2:]+`)`, args...)
	return slices.DeleteFunc(found, func(e Event) bool { return have[e.ID] || e.Sequence > top[e.RootID] }), err
}

// LockFeed locks the feed of an environment until tx ends and returns its next free position. No event
// of the environment is fanned out meanwhile.
func LockFeed(tx db.Tx, scope tenant.Scope) (next int64, err error) {
	if err := scope.Check(); err != nil {
		return 0, err
	}
	read := func() error {
		return tx.QueryRow([]any{&next}, `SELECT next_position FROM event_feeds WHERE merchant_id = $1 AND environment_id = $2`+tx.ForUpdate(),
			scope.MerchantID, scope.EnvironmentID)
	}
	if err = read(); !errors.Is(err, db.ErrNoRows) {
		return next, err
	}
	if err := tx.Send(`INSERT INTO event_feeds (merchant_id, environment_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
		scope.MerchantID, scope.EnvironmentID); err != nil {
		return 0, err
	}
	return next, read()
}

// order sorts events by time and id, and the events of one root among their places by sequence.
func order(events []Event) {
	slices.SortFunc(events, func(a, b Event) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	places := map[string][]int{}
	for i, e := range events {
		places[e.RootID] = append(places[e.RootID], i)
	}
	for _, at := range places {
		own := make([]Event, len(at))
		for i, p := range at {
			own[i] = events[p]
		}
		slices.SortFunc(own, func(a, b Event) int { return cmp.Compare(a.Sequence, b.Sequence) })
		for i, p := range at {
			events[p] = own[i]
		}
	}
}
