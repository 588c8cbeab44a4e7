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

// fanOut makes a delivery of each event for every live endpoint that wants it and returns the queues
// that got one. All events are of one environment, as event.Sequence hands them over. Synthetic
// events are left out: who asked for one sends it.
func (s *Service) fanOut(tx db.Tx, events []event.Event) (map[lane]bool, error) {
	scope := events[0].Scope
	endpoints, err := queryEndpoints(tx, `merchant_id = $1 AND environment_id = $2 AND enabled = 1 AND deleted_at IS NULL
		ORDER BY created_at, endpoint_id`, scope.MerchantID, scope.EnvironmentID)
	if err != nil {
		return nil, err
	}
	now, queued := s.Clock.Now(), map[lane]bool{}
	for _, e := range events {
		for _, to := range endpoints {
			if e.Test || !to.Wants(e.Type) {
				continue
			}
			err := insertDelivery(tx, Delivery{Scope: scope, ID: s.IDs.New(id.WebhookDelivery), EventID: e.ID, EndpointID: to.ID,
				Status: StatusPending, dueAt: now, CreatedAt: now})
			if err != nil {
				return nil, err
			}
			queued[lane{scope, to.ID}] = true
		}
	}
	return queued, nil
}
