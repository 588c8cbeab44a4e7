package webhook

import (
	"fmt"
	"time"

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

// party is who answers for what a queue holds up: an app, or else a merchant.
type party struct{ merchantID, appID string }

func (e Endpoint) lane() lane { return lane{e.Scope, e.ID} }

func (e Endpoint) party() party { return party{e.Scope.MerchantID, e.PartnerAppID} }

// audience is an endpoint that hears of what happens in an environment, and for an app's endpoint the
// grant that lets it.
type audience struct {
	Endpoint
	grantID, installID string
	since              time.Time // of the consent: what happened before is not the app's
}

// listeners are the live endpoints that hear of what happens in an environment: its own, and those of
// the apps that it granted something, which lie in environments of the apps' owners. One statement asks
// for both, so an environment without apps pays for a look into an index and nothing more; this is why
// the grants are joined here instead of asked for.
func listeners(tx db.Tx, scope tenant.Scope) ([]audience, error) {
	var out []audience
	err := tx.Query(func(r db.Row) error {
		var (
			row endpointRow
			a   audience
		)
		if err := r.Scan(append(row.targets(), &a.grantID, &a.installID, &a.since)...); err != nil {
			return err
		}
		var err error
		a.Endpoint, err = row.endpoint()
		out = append(out, a)
		return err
	}, `SELECT `+qualified+`, '' AS grant_id, '' AS install_id, CAST(NULL AS BIGINT) AS since FROM webhook_endpoints w
		WHERE w.merchant_id = $1 AND w.environment_id = $2 AND w.enabled = 1 AND w.deleted_at IS NULL AND w.event_sources LIKE $3
		UNION ALL
		SELECT `+qualified+`, g.grant_id, g.install_id, g.created_at FROM app_grants g
		JOIN webhook_endpoints w ON w.merchant_id = g.owner_id AND w.partner_app_id = g.app_id AND w.partner_app_id <> ''
		WHERE g.merchant_id = $1 AND g.environment_id = $2 AND g.status = 'active' AND w.enabled = 1 AND w.deleted_at IS NULL
			AND w.event_sources LIKE $4 AND (w.mode = 'both' OR w.mode = $5)
		ORDER BY created_at, endpoint_id`,
		scope.MerchantID, scope.EnvironmentID, hasSource(event.SourceMerchant), hasSource(event.SourceInstalledMerchants), string(scope.Mode()))
	if err != nil {
		return nil, fmt.Errorf("find who hears of an environment: %w", err)
	}
	return out, nil
}

// fannedOut is what fanOut made: the queues that got a delivery, and the deliveries that were handed over
// instead of being queued.
type fannedOut struct {
	queued map[lane]party
	handed []Sending
	mark   string       // of the leases of what is handed over
	free   map[lane]int // how many more may be
}

// fanOut makes a delivery of each event for every live endpoint that wants it. As many as room tells of
// an endpoint's are handed over: they are born with a lease, so nobody has to claim them. All events are
// of one environment, as event.Sequence hands them over. Synthetic events are left out: who asked for one
// sends it.
func (s *Service) fanOut(tx db.Tx, events []event.Event, room func(lane, party) int) (fannedOut, error) {
	out := fannedOut{queued: map[lane]party{}, mark: newLease(), free: map[lane]int{}}
	to, err := listeners(tx, events[0].Scope)
	if err != nil {
		return out, err
	}
	for _, a := range to {
		out.free[a.lane()] = room(a.lane(), a.party())
	}
	for _, e := range events {
		if e.Test {
			continue
		}
		if t, ok := event.TypeOf(e.Type); ok && t.From(event.SourcePartnerApp) {
			if err := s.fanOutLife(tx, e, &out); err != nil {
				return out, err
			}
			continue
		}
		for _, a := range to {
			source := event.SourceMerchant
			if a.grantID != "" {
				source = event.SourceInstalledMerchants
			}
			if !a.Wants(e.Type, source) || e.CreatedAt.Before(a.since) {
				continue
			}
			if err := s.queue(tx, a, e, source, &out); err != nil {
				return out, err
			}
		}
	}
	return out, nil
}

// fanOutLife queues an event of the life of an install for the app's endpoints in all environments of
// the app's owner, who is the event's merchant.
func (s *Service) fanOutLife(tx db.Tx, e event.Event, out *fannedOut) error {
	appID := appOf(e)
	if appID == "" {
		return nil // nobody can have asked for it
	}
	to, err := queryEndpoints(tx, `merchant_id = $1 AND partner_app_id = $2 AND partner_app_id <> '' AND event_sources LIKE $3
		AND enabled = 1 AND deleted_at IS NULL ORDER BY created_at, endpoint_id`,
		e.Scope.MerchantID, appID, hasSource(event.SourcePartnerApp))
	if err != nil {
		return fmt.Errorf("find the endpoints of app %s: %w", appID, err)
	}
	for _, endpoint := range to {
		if endpoint.Wants(e.Type, event.SourcePartnerApp) {
			if err := s.queue(tx, audience{Endpoint: endpoint}, e, event.SourcePartnerApp, out); err != nil {
				return err
			}
		}
	}
	return nil
}

// queue makes the delivery, in the endpoint's environment, and what leads from there to an event of
// another one.
func (s *Service) queue(tx db.Tx, a audience, e event.Event, source event.Source, out *fannedOut) error {
	if source == event.SourceInstalledMerchants || a.Scope != e.Scope {
		err := insertForward(tx, forward{Scope: a.Scope, EventID: e.ID, AppID: a.PartnerAppID, Of: e.Scope, EventType: e.Type, Source: source,
			InstallID: a.installID, GrantID: a.grantID, CreatedAt: e.CreatedAt})
		if err != nil {
			return err
		}
	}
	now := s.Clock.Now()
	d := Delivery{Scope: a.Scope, ID: s.IDs.New(id.WebhookDelivery), EventID: e.ID, EndpointID: a.ID, Status: StatusPending, dueAt: now, CreatedAt: now}
	if a.PartnerAppID != "" || out.free[a.lane()] <= 0 { // an app's grant is asked at the claim
		out.queued[a.lane()] = a.party()
		return insertDelivery(tx, d)
	}
	d.lease, d.dueAt = out.mark, now.Add(leaseTime)
	fresh, err := insertLeased(tx, d)
	if err == nil && fresh {
		out.free[a.lane()]--
		out.handed = append(out.handed, Sending{delivery: d, event: e, endpoint: a.Endpoint, trigger: TriggerFirst})
	}
	return err
}
