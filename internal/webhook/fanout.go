package webhook

import (
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/id"
	"flint/internal/tenant"
)

// lane names the queue of one endpoint.
type lane struct {
	scope      tenant.Scope
	endpointID string
}

// fannedOut is what fanOut made: the queues that got a delivery, and the deliveries that were handed over
// instead of being queued.
type fannedOut struct {
	queued map[lane]bool
	handed []Sending
}

// fanOut makes a delivery of each event for every live endpoint that wants it. As many as room tells of
// an endpoint's are handed over: they are born with a lease, so nobody has to claim them. All events are
// of one environment, as event.Sequence hands them over. Synthetic events are left out: who asked for one
// sends it.
func (s *Service) fanOut(tx db.Tx, events []event.Event, room func(lane) int) (fannedOut, error) {
	scope := events[0].Scope
	out := fannedOut{queued: map[lane]bool{}}
	endpoints, err := queryEndpoints(tx, `merchant_id = $1 AND environment_id = $2 AND enabled = 1 AND deleted_at IS NULL
		ORDER BY created_at, endpoint_id`, scope.MerchantID, scope.EnvironmentID)
	if err != nil {
		return out, err
	}
	free := make([]int, len(endpoints))
	for n, to := range endpoints {
		free[n] = room(lane{scope, to.ID})
	}
	now, mark := s.Clock.Now(), newLease()
	for _, e := range events {
		for n, to := range endpoints {
			if e.Test || !to.Wants(e.Type) {
				continue
			}
			d := Delivery{Scope: scope, ID: s.IDs.New(id.WebhookDelivery), EventID: e.ID, EndpointID: to.ID,
				Status: StatusPending, dueAt: now, CreatedAt: now}
			if free[n] <= 0 {
				out.queued[lane{scope, to.ID}] = true
				if err := insertDelivery(tx, d); err != nil {
					return out, err
				}
				continue
			}
			d.lease, d.dueAt = mark, now.Add(leaseTime)
			fresh, err := insertLeased(tx, d)
			if err != nil {
				return out, err
			}
			if fresh {
				free[n]--
				out.handed = append(out.handed, Sending{delivery: d, event: e, endpoint: to, trigger: TriggerFirst})
			}
		}
	}
	return out, nil
}
