package webhook

import (
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/tenant"
)

// wanted asks for up to n due deliveries of a queue, other than those in skip, which this process is
// already working on.
type wanted struct {
	lane
	party party
	n     int
	skip  map[string]bool
}

// due lists the queues with something to do, and whose they are.
func due(tx db.Tx, now time.Time) (map[lane]party, error) {
	out := map[lane]party{}
	err := tx.Query(func(r db.Row) error {
		var (
			l     lane
			appID string
		)
		err := r.Scan(&l.scope.MerchantID, &l.scope.EnvironmentID, &l.endpointID, &appID)
		out[l] = party{l.scope.MerchantID, appID}
		return err
	}, `SELECT e.merchant_id, e.environment_id, e.endpoint_id, e.partner_app_id FROM webhook_endpoints e
		WHERE EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.merchant_id = e.merchant_id AND d.environment_id = e.environment_id
			AND d.endpoint_id = e.endpoint_id AND d.status = 'pending' AND d.due_at <= $1)`, now)
	return out, err
}

// claim leases due deliveries of one queue. full tells that there may be more of them. What waits for
// an endpoint that takes no more, or an app that may not hear of it now, is suppressed, and a synthetic
// event whose sender died has failed: whoever asked for it no longer waits.
func (s *Service) claim(tx db.Tx, w wanted, now time.Time) (out []Sending, full bool, err error) {
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
	if len(found) == 0 {
		return nil, false, nil
	}
	ids := make([]string, len(found))
	for i, d := range found {
		ids[i] = d.EventID
	}
	events, err := tell(tx, endpoint, ids)
	if err != nil {
		return nil, false, err
	}
	grants := map[string]Grant{}
	for _, d := range found {
		if w.skip[d.ID] || len(out) == w.n {
			continue
		}
		if d.Test {
			if err := give(tx, d, StatusFailed, CategoryOther, now); err != nil {
				return nil, false, err
			}
			continue
		}
		e, known := events[d.EventID]
		if known {
			if known, err = s.mayHear(tx, endpoint, e.event, e.via, grants); err != nil {
				return nil, false, err
			}
		}
		if !known {
			if err := give(tx, d, StatusSuppressed, CategoryAuthorization, now); err != nil {
				return nil, false, err
			}
			continue
		}
		trigger := TriggerRetry
		if d.AutomaticAttemptCount == 0 {
			trigger = TriggerFirst
		}
		out = append(out, Sending{delivery: d, event: e.event, via: e.via, endpoint: endpoint, trigger: trigger})
	}
	if err := lease(tx, w.scope, out, now); err != nil {
		return nil, false, err
	}
	return out, len(found) == limit, nil
}

// give ends a delivery without an attempt.
func give(tx db.Tx, d Delivery, end Status, why Category, now time.Time) error {
	d.Status, d.ErrorCategory, d.LastError = end, why, Advise(why, 0).Message
	d.dueAt, d.lease, d.UpdatedAt = time.Time{}, "", now
	return updateDelivery(tx, d)
}

// lease marks all deliveries as being worked on, in one statement.
func lease(tx db.Tx, scope tenant.Scope, out []Sending, now time.Time) error {
	if len(out) == 0 {
		return nil
	}
	mark, until := newLease(), now.Add(leaseTime)
	args, list := []any{scope.MerchantID, scope.EnvironmentID, mark, until}, ""
	for n := range out {
		d := &out[n].delivery
		d.lease, d.dueAt = mark, until
		args = append(args, d.ID)
		list += fmt.Sprintf(", $%d", len(args))
	}
	return tx.Send(`UPDATE webhook_deliveries SET lease = $3, due_at = $4
		WHERE merchant_id = $1 AND environment_id = $2 AND delivery_id IN (`+list[2:]+`)`, args...)
}
