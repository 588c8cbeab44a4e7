package webhook

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// forward is an event of another environment as an app's endpoint knows it. It lies in the environment
// of the endpoint; the event stays in Of.
type forward struct {
	Scope     tenant.Scope // of the endpoint, the app's owner
	EventID   string
	AppID     string
	Of        tenant.Scope // where the event is
	EventType string
	Source    event.Source
	InstallID string
	GrantID   string
	CreatedAt time.Time // of the event
}

const forwardColumns = `f.merchant_id, f.environment_id, f.event_id, f.partner_app_id, f.event_merchant_id, f.event_environment_id, f.event_type,
	f.source, f.install_id, f.grant_id, f.created_at`

func (f *forward) targets() []any {
	return []any{&f.Scope.MerchantID, &f.Scope.EnvironmentID, &f.EventID, &f.AppID, &f.Of.MerchantID, &f.Of.EnvironmentID, &f.EventType,
		&f.Source, &f.InstallID, &f.GrantID, &f.CreatedAt}
}

// insertForward does nothing when the environment knows the event through the app already.
func insertForward(tx db.Tx, f forward) error {
	return tx.Send(`INSERT INTO webhook_forwards (merchant_id, environment_id, event_id, partner_app_id, event_merchant_id,
		event_environment_id, event_type, source, install_id, grant_id, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (merchant_id, environment_id, event_id, partner_app_id) DO NOTHING`,
		f.Scope.MerchantID, f.Scope.EnvironmentID, f.EventID, f.AppID, f.Of.MerchantID, f.Of.EnvironmentID, f.EventType,
		f.Source, f.InstallID, f.GrantID, f.CreatedAt)
}

func queryForwards(tx db.Tx, where string, args ...any) ([]forward, error) {
	var out []forward
	err := tx.Query(func(r db.Row) error {
		out = append(out, forward{})
		return r.Scan(out[len(out)-1].targets()...)
	}, `SELECT `+forwardColumns+` FROM webhook_forwards f WHERE `+where, args...)
	return out, err
}

// told is an event with the way it came, nil when it is of the endpoint's own environment.
type told struct {
	event event.Event
	via   *forward
}

// tell reads the events of the ids as an endpoint knows them, by id. One that the endpoint's app does
// not know, or no longer, is left out.
func tell(tx db.Tx, to Endpoint, eventIDs []string) (map[string]told, error) {
	out := make(map[string]told, len(eventIDs))
	if to.ofApp() {
		if err := tellForwarded(tx, to, eventIDs, out); err != nil {
			return nil, err
		}
	}
	var rest []string
	for _, eventID := range eventIDs {
		if _, known := out[eventID]; !known {
			rest = append(rest, eventID)
		}
	}
	own, err := event.Some(tx, to.Scope, rest)
	if err != nil {
		return nil, err
	}
	for _, e := range own {
		// To an app's endpoint nothing of the owner's own business goes: only synthetic events and the
		// life of installs lie beside it.
		if t, ok := event.TypeOf(e.Type); !to.ofApp() || e.Test || ok && t.From(event.SourcePartnerApp) {
			out[e.ID] = told{event: e}
		}
	}
	return out, nil
}

func tellForwarded(tx db.Tx, to Endpoint, eventIDs []string, out map[string]told) error {
	args, list := []any{to.Scope.MerchantID, to.Scope.EnvironmentID, to.PartnerAppID}, ""
	for _, eventID := range eventIDs {
		args = append(args, eventID)
		list += fmt.Sprintf(", $%d", len(args))
	}
	forwards, err := queryForwards(tx, `f.merchant_id = $1 AND f.environment_id = $2 AND f.partner_app_id = $3
		AND f.event_id IN (`+list[2:]+`)`, args...)
	if err != nil {
		return err
	}
	all, err := withEvents(tx, forwards)
	for _, t := range all {
		out[t.event.ID] = t
	}
	return err
}

// withEvents reads the events of forwards, in the order of the forwards.
func withEvents(tx db.Tx, forwards []forward) ([]told, error) {
	places := map[tenant.Scope][]string{}
	for _, f := range forwards {
		places[f.Of] = append(places[f.Of], f.EventID)
	}
	events := map[string]event.Event{}
	for place, ids := range places {
		found, err := event.Some(tx, place, ids)
		if err != nil {
			return nil, err
		}
		for _, e := range found {
			events[e.ID] = e
		}
	}
	var out []told
	for i := range forwards {
		if e, ok := events[forwards[i].EventID]; ok {
			out = append(out, told{e, &forwards[i]})
		}
	}
	return out, nil
}

// appOf is the app that an event of the source partner_app is about.
func appOf(e event.Event) string {
	var about struct {
		AppID string `json:"partner_app_id"`
	}
	if err := json.Unmarshal(e.Data, &about); err != nil {
		return ""
	}
	return about.AppID
}

// eventOf reads an event of the environment, or one that was forwarded to it; RESOURCE_NOT_FOUND when
// the holder knows none. An app knows what happened to the merchant, not what the merchant's own apps
// are told.
func (s *Service) eventOf(tx db.Tx, scope tenant.Scope, by Holder, eventID string) (told, error) {
	e, err := event.Get(tx, scope, eventID)
	switch {
	case err == nil:
		if t, ok := event.TypeOf(e.Type); by.AppID != "" && ok && t.From(event.SourcePartnerApp) {
			return told{}, fault.NotFound("webhook event")
		}
		return told{event: e}, nil
	case !fault.Is(err, "RESOURCE_NOT_FOUND") || by.AppID != "":
		return told{}, err
	}
	forwards, err := queryForwards(tx, `f.merchant_id = $1 AND f.environment_id = $2 AND f.event_id = $3 ORDER BY f.partner_app_id`,
		scope.MerchantID, scope.EnvironmentID, eventID)
	if err != nil {
		return told{}, err
	}
	if len(forwards) == 0 {
		return told{}, fault.NotFound("webhook event")
	}
	e, err = event.Get(tx, forwards[0].Of, eventID)
	return told{e, &forwards[0]}, err
}
