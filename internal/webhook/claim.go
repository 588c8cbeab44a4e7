package webhook

import (
	"fmt"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// wanted asks for up to n due deliveries of a queue, other than those in skip, which this process is
// already working on.
type wanted struct {
	lane
	n    int
	skip map[string]bool
}

// due lists the queues with something to do.
func due(tx db.Tx, now time.Time) ([]lane, error) {
	var out []lane
	err := tx.Query(func(r db.Row) error {
		var l lane
		err := r.Scan(&l.scope.MerchantID, &l.scope.EnvironmentID, &l.endpointID)
		out = append(out, l)
		return err
	}, `SELECT e.merchant_id, e.environment_id, e.endpoint_id FROM webhook_endpoints e
		WHERE EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.merchant_id = e.merchant_id AND d.environment_id = e.environment_id
			AND d.endpoint_id = e.endpoint_id AND d.status = 'pending' AND d.due_at <= $1)`, now)
	return out, err
}

// claim leases due deliveries of one queue. full tells that there may be more of them. What waits for
// an endpoint that takes no more is suppressed, and a synthetic event whose sender died has failed:
// whoever asked for it no longer waits.
func claim(tx db.Tx, w wanted, now time.Time) (out []Sending, full bool, err error) {
	endpoint, err := findEndpoint(tx, w.scope, w.endpointID, "")
	if err != nil {
		return nil, false, err
	}
	if !endpoint.Live() {
		return nil, false, suppress(tx, endpoint, now)
	}
	lock := ""
	if tx.Engine() == db.Postgres {
		lock = " FOR UPDATE SKIP LOCKED" // another process may be claiming from the same queue
	}
	limit := w.n + len(w.skip)
	found, err := queryDeliveries(tx, `d.merchant_id = $1 AND d.environment_id = $2 AND d.endpoint_id = $3
		AND d.status = 'pending' AND d.due_at <= $4 ORDER BY d.due_at, d.delivery_id LIMIT $5`+lock,
		w.scope.MerchantID, w.scope.EnvironmentID, w.endpointID, now, limit)
	if err != nil {
		return nil, false, err
	}
	for _, d := range found {
		if w.skip[d.ID] || len(out) == w.n {
			continue
		}
		if d.Test {
			d.Status, d.ErrorCategory, d.LastError = StatusFailed, CategoryOther, Advise(CategoryOther, 0).Message
			d.dueAt, d.lease, d.UpdatedAt = time.Time{}, "", now
			if err := updateDelivery(tx, d); err != nil {
				return nil, false, err
			}
			continue
		}
		trigger := TriggerRetry
		if d.AutomaticAttemptCount == 0 {
			trigger = TriggerFirst
		}
		out = append(out, Sending{delivery: d, endpoint: endpoint, trigger: trigger})
	}
	if err := lease(tx, w.scope, out, now); err != nil {
		return nil, false, err
	}
	return out, len(found) == limit, nil
}

// lease marks all deliveries as being worked on and reads their events, in one statement each.
func lease(tx db.Tx, scope tenant.Scope, out []Sending, now time.Time) error {
	if len(out) == 0 {
		return nil
	}
	mark, until := newLease(), now.Add(leaseTime)
	eventIDs := make([]string, len(out))
	args, list := []any{scope.MerchantID, scope.EnvironmentID, mark, until}, ""
	for n := range out {
		d := &out[n].delivery
		d.lease, d.dueAt = mark, until
		eventIDs[n] = d.EventID
		args = append(args, d.ID)
		list += fmt.Sprintf(", $%d", len(args))
	}
	if err := tx.Send(`UPDATE webhook_deliveries SET lease = $3, due_at = $4
		WHERE merchant_id = $1 AND environment_id = $2 AND delivery_id IN (`+list[2:]+`)`, args...); err != nil {
		return err
	}
	events, err := event.Some(tx, scope, eventIDs)
	if err != nil {
		return err
	}
	for n := range out {
		i := slices.IndexFunc(events, func(e event.Event) bool { return e.ID == out[n].delivery.EventID })
		if i < 0 {
			return fault.NotFound("webhook event")
		}
		out[n].event = events[i]
	}
	return nil
}
