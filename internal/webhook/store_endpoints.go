package webhook

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

const endpointColumns = `merchant_id, environment_id, endpoint_id, url, description, enabled, enabled_events, event_sources,
	mode, partner_app_id, api_version, api_version_previous, api_version_changed_at, secret, previous_secret,
	previous_secret_until, failing_since, disabled_reason, created_at, updated_at, deleted_at`

// qualified is endpointColumns of the table called w.
const qualified = `w.merchant_id, w.environment_id, w.endpoint_id, w.url, w.description, w.enabled, w.enabled_events, w.event_sources,
	w.mode, w.partner_app_id, w.api_version, w.api_version_previous, w.api_version_changed_at, w.secret, w.previous_secret,
	w.previous_secret_until, w.failing_since, w.disabled_reason, w.created_at, w.updated_at, w.deleted_at`

// endpointRow scans an endpoint, whose lists are kept as JSON.
type endpointRow struct {
	Endpoint
	events, sources []byte
}

func (r *endpointRow) targets() []any {
	e := &r.Endpoint
	return []any{&e.Scope.MerchantID, &e.Scope.EnvironmentID, &e.ID, &e.URL, &e.Description, &e.Enabled, &r.events, &r.sources,
		&e.Mode, &e.PartnerAppID, &e.APIVersion, &e.APIVersionPrevious, &e.APIVersionChangedAt, &e.secret, &e.previousSecret,
		&e.previousUntil, &e.FailingSince, &e.DisabledReason, &e.CreatedAt, &e.UpdatedAt, &e.DeletedAt}
}

func (r *endpointRow) endpoint() (Endpoint, error) {
	err := errors.Join(json.Unmarshal(r.events, &r.EnabledEvents), json.Unmarshal(r.sources, &r.EventSources))
	if err != nil {
		return Endpoint{}, fmt.Errorf("read the lists of endpoint %s: %w", r.ID, err)
	}
	return r.Endpoint, nil
}

// findEndpoint reads an endpoint, deleted or not; lock is tx.ForUpdate() or empty.
func findEndpoint(tx db.Tx, scope tenant.Scope, endpointID, lock string) (Endpoint, error) {
	if err := scope.Check(); err != nil {
		return Endpoint{}, err
	}
	var row endpointRow
	err := tx.QueryRow(row.targets(), `SELECT `+endpointColumns+` FROM webhook_endpoints
		WHERE merchant_id = $1 AND environment_id = $2 AND endpoint_id = $3`+lock, scope.MerchantID, scope.EnvironmentID, endpointID)
	if errors.Is(err, db.ErrNoRows) {
		return Endpoint{}, fault.NotFound("webhook endpoint")
	}
	if err != nil {
		return Endpoint{}, err
	}
	return row.endpoint()
}

// currentEndpoint is findEndpoint for callers to whom a deleted endpoint, or one that is not theirs,
// does not exist.
func currentEndpoint(tx db.Tx, scope tenant.Scope, by Holder, endpointID, lock string) (Endpoint, error) {
	e, err := findEndpoint(tx, scope, endpointID, lock)
	if err == nil && (!e.DeletedAt.IsZero() || !by.sees(e)) {
		return Endpoint{}, fault.NotFound("webhook endpoint")
	}
	return e, err
}

func queryEndpoints(tx db.Tx, where string, args ...any) ([]Endpoint, error) {
	var out []Endpoint
	err := tx.Query(func(r db.Row) error {
		e, err := scanEndpoint(r)
		out = append(out, e)
		return err
	}, `SELECT `+endpointColumns+` FROM webhook_endpoints WHERE `+where, args...)
	return out, err
}

func scanEndpoint(r db.Row) (Endpoint, error) {
	var row endpointRow
	if err := r.Scan(row.targets()...); err != nil {
		return Endpoint{}, err
	}
	return row.endpoint()
}

func insertEndpoint(tx db.Tx, e Endpoint) error {
	events, sources, err := lists(e)
	if err != nil {
		return err
	}
	return tx.Send(`INSERT INTO webhook_endpoints (`+endpointColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`,
		e.Scope.MerchantID, e.Scope.EnvironmentID, e.ID, e.URL, e.Description, e.Enabled, events, sources,
		e.Mode, e.PartnerAppID, e.APIVersion, e.APIVersionPrevious, e.APIVersionChangedAt, e.secret, e.previousSecret,
		e.previousUntil, e.FailingSince, e.DisabledReason, e.CreatedAt, e.UpdatedAt, e.DeletedAt)
}

func updateEndpoint(tx db.Tx, e Endpoint) error {
	events, sources, err := lists(e)
	if err != nil {
		return err
	}
	return tx.Send(`UPDATE webhook_endpoints SET url = $4, description = $5, enabled = $6, enabled_events = $7, event_sources = $8,
		mode = $9, api_version = $10, api_version_previous = $11, api_version_changed_at = $12, secret = $13,
		previous_secret = $14, previous_secret_until = $15, failing_since = $16, disabled_reason = $17, updated_at = $18, deleted_at = $19,
		partner_app_id = $20
		WHERE merchant_id = $1 AND environment_id = $2 AND endpoint_id = $3`,
		e.Scope.MerchantID, e.Scope.EnvironmentID, e.ID, e.URL, e.Description, e.Enabled, events, sources,
		e.Mode, e.APIVersion, e.APIVersionPrevious, e.APIVersionChangedAt, e.secret, e.previousSecret,
		e.previousUntil, e.FailingSince, e.DisabledReason, e.UpdatedAt, e.DeletedAt, e.PartnerAppID)
}

func lists(e Endpoint) (events, sources string, err error) {
	if e.EnabledEvents == nil {
		e.EnabledEvents = []string{}
	}
	ev, err1 := json.Marshal(e.EnabledEvents)
	so, err2 := json.Marshal(e.EventSources)
	return string(ev), string(so), errors.Join(err1, err2)
}

// admit refuses one more enabled endpoint than an environment, or an app in it, may have. It locks the
// environment's feed, so two callers cannot both take the last place, and no event is fanned out
// meanwhile.
func admit(tx db.Tx, e Endpoint) error {
	if _, err := event.LockFeed(tx, e.Scope); err != nil {
		return err
	}
	all, err := queryEndpoints(tx, `merchant_id = $1 AND environment_id = $2 AND enabled = 1 AND deleted_at IS NULL`,
		e.Scope.MerchantID, e.Scope.EnvironmentID)
	if err != nil {
		return err
	}
	n, limit := 0, MaxEnabled
	if e.OfInstall() {
		limit = MaxEnabledOfApp
	}
	for _, other := range all {
		if other.OfInstall() == e.OfInstall() && (!e.OfInstall() || other.PartnerAppID == e.PartnerAppID) {
			n++
		}
	}
	if n < limit {
		return nil
	}
	refusal := fault.Conflict("RESOURCE_LIMIT_EXCEEDED", "An environment can have %d enabled webhook endpoints.", limit)
	if e.OfInstall() {
		refusal = fault.Conflict("RESOURCE_LIMIT_EXCEEDED", "An app can have %d enabled webhook endpoints in an environment that installed it.", limit)
	}
	return refusal.With("limit", limit).Then("Disable or delete an endpoint first.")
}

// suppress ends all that waits for an endpoint which takes no more deliveries.
func suppress(tx db.Tx, e Endpoint, now time.Time) error {
	return tx.Send(`UPDATE webhook_deliveries SET status = 'suppressed', due_at = NULL, lease = '', updated_at = $4
		WHERE merchant_id = $1 AND environment_id = $2 AND endpoint_id = $3 AND status = 'pending'`,
		e.Scope.MerchantID, e.Scope.EnvironmentID, e.ID, now)
}
