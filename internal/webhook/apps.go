package webhook

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// Apps answers what webhooks have to know of partner apps.
type Apps struct {
	// Owns tells whether the merchant has an app of this id that is not being deleted.
	Owns func(tx db.Tx, merchantID, appID string) (bool, error)
	// Grant reads what an app may do in an environment that installed it; RESOURCE_NOT_FOUND.
	Grant func(tx db.Tx, scope tenant.Scope, grantID string) (Grant, error)
	// Open gives the members that an event keeps sealed for its app's own endpoint, as far as they are of use
	// at the time. Nil opens nothing.
	Open func(e event.Event, sealed string, now time.Time) (map[string]jsontext.Value, error)
}

// Grant is what an app may do in one environment of a merchant that installed it.
type Grant struct {
	Scope     tenant.Scope // of the merchant that installed
	ID        string       // egrt_…
	InstallID string       // pinst_…
	AppID     string
	OwnerID   string // merchant of the app
	Usable    bool   // active, and the install is not paused
	// Allows tells whether the grant holds a scope.
	Allows func(scope string) bool
}

// lets reports whether the grant is that of the app of this owner and lets the app read the event.
func (g Grant) lets(ownerID, appID string, e event.Event) bool {
	scope := event.PayloadScope(e.ResourceType)
	return g.OwnerID == ownerID && g.AppID == appID && g.Scope == e.Scope && g.Usable && scope != "" && g.Allows(scope)
}

// grant reads a grant; one that does not exist lets nothing through.
func (s *Service) grant(tx db.Tx, scope tenant.Scope, grantID string) (Grant, error) {
	if s.Apps.Grant == nil || grantID == "" {
		return Grant{}, nil
	}
	g, err := s.Apps.Grant(tx, scope, grantID)
	if fault.Is(err, "RESOURCE_NOT_FOUND") {
		return Grant{}, nil
	}
	if err != nil {
		return Grant{}, fmt.Errorf("read the grant of a delivery: %w", err)
	}
	return g, nil
}

// grantHere reads the active grant of an app in an environment.
func (s *Service) grantHere(tx db.Tx, scope tenant.Scope, appID string) (Grant, error) {
	var grantID string
	err := tx.QueryRow([]any{&grantID}, `SELECT grant_id FROM app_grants
		WHERE merchant_id = $1 AND environment_id = $2 AND app_id = $3 AND status = 'active'`, scope.MerchantID, scope.EnvironmentID, appID)
	if errors.Is(err, db.ErrNoRows) {
		return Grant{}, nil
	}
	if err != nil {
		return Grant{}, fmt.Errorf("look for the grant of app %s: %w", appID, err)
	}
	return s.grant(tx, scope, grantID)
}

// mayHear reports whether the app behind an endpoint may be told of the event now: always for the
// merchant's own endpoints and for the life of the app's installs, otherwise as far as the grant goes.
// known keeps the grants that were read already.
func (s *Service) mayHear(tx db.Tx, to Endpoint, e event.Event, via *forward, known map[string]Grant) (bool, error) {
	if e.Test {
		return true, nil
	}
	var key string
	var read func() (Grant, error)
	owner := to.Scope.MerchantID
	switch {
	case via != nil && via.Source == event.SourceInstalledMerchants:
		key, read = via.GrantID, func() (Grant, error) { return s.grant(tx, e.Scope, via.GrantID) }
	case to.OfInstall():
		owner = "" // the app's owner is whoever the grant names
		key, read = "here", func() (Grant, error) { return s.grantHere(tx, to.Scope, to.PartnerAppID) }
	default:
		return true, nil
	}
	g, ok := known[key]
	if !ok {
		var err error
		if g, err = read(); err != nil {
			return false, err
		}
		known[key] = g
	}
	if owner == "" {
		owner = g.OwnerID
	}
	return g.lets(owner, to.PartnerAppID, e), nil
}

// Ended counts what ended with a grant.
type Ended struct{ Endpoints, Deliveries int64 }

// GrantEnded ends, in the transaction that removes a grant for good, the endpoints that the app made in
// the environment, and what waits for the app's own endpoints because of the grant. Nothing of the
// merchant reaches the app after the commit, but for an attempt that is under way at that moment.
func (s *Service) GrantEnded(tx db.Tx, g Grant, now time.Time) (Ended, error) {
	if err := g.Scope.Check(); err != nil {
		return Ended{}, err
	}
	var ended Ended
	made, err := queryEndpoints(tx, `merchant_id = $1 AND environment_id = $2 AND partner_app_id = $3 AND event_sources LIKE $4 AND deleted_at IS NULL`,
		g.Scope.MerchantID, g.Scope.EnvironmentID, g.AppID, hasSource(event.SourceMerchant))
	if err != nil {
		return Ended{}, fmt.Errorf("find the endpoints of a removed app: %w", err)
	}
	for _, e := range made {
		waiting, err := countPending(tx, e)
		if err != nil {
			return Ended{}, err
		}
		if err := end(tx, e, now); err != nil {
			return Ended{}, fmt.Errorf("end an endpoint of a removed app: %w", err)
		}
		ended.Endpoints++
		ended.Deliveries += waiting
	}
	theirs, err := queryEndpoints(tx, `merchant_id = $1 AND partner_app_id = $2 AND event_sources LIKE $3`,
		g.OwnerID, g.AppID, hasSource(event.SourceInstalledMerchants))
	if err != nil {
		return Ended{}, fmt.Errorf("find the endpoints of a removed app: %w", err)
	}
	for _, e := range theirs {
		n, err := tx.Exec(`UPDATE webhook_deliveries SET status = 'suppressed', due_at = NULL, lease = '', updated_at = $4
			WHERE merchant_id = $1 AND environment_id = $2 AND endpoint_id = $3 AND status = 'pending'
			AND event_id IN (SELECT f.event_id FROM webhook_forwards f
				WHERE f.merchant_id = $1 AND f.environment_id = $2 AND f.grant_id = $5 AND f.partner_app_id = $6)`,
			e.Scope.MerchantID, e.Scope.EnvironmentID, e.ID, now, g.ID, g.AppID)
		if err != nil {
			return Ended{}, fmt.Errorf("end what waits because of a removed grant: %w", err)
		}
		ended.Deliveries += n
	}
	return ended, nil
}

// AppDeleted ends, in the transaction in which an app is gone, the endpoints that its owner has for it. Until
// then they heard of its last removals.
func (s *Service) AppDeleted(tx db.Tx, ownerID, appID string, now time.Time) error {
	all, err := queryEndpoints(tx, `merchant_id = $1 AND partner_app_id = $2 AND partner_app_id <> '' AND deleted_at IS NULL`, ownerID, appID)
	if err != nil {
		return fmt.Errorf("find the endpoints of a deleted app: %w", err)
	}
	for _, e := range all {
		if err := end(tx, e, now); err != nil {
			return fmt.Errorf("end an endpoint of a deleted app: %w", err)
		}
	}
	return nil
}

func countPending(tx db.Tx, e Endpoint) (n int64, err error) {
	err = tx.QueryRow([]any{&n}, `SELECT COUNT(*) FROM webhook_deliveries
		WHERE merchant_id = $1 AND environment_id = $2 AND endpoint_id = $3 AND status = 'pending'`,
		e.Scope.MerchantID, e.Scope.EnvironmentID, e.ID)
	return n, err
}
