package webhook

import (
	"encoding/base64"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/egress"
	"flint/internal/event"
	"flint/internal/failpoint"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/secret"
	"flint/internal/tenant"
)

const (
	// CurrentVersion is the version of the API whose payloads are sent.
	CurrentVersion = "2026-09-07"
	// DefaultVersion makes an endpoint follow the merchant's version.
	DefaultVersion = "default"
	// MaxEnabled is how many endpoints of one environment may be enabled at a time.
	MaxEnabled = 16
	// RotationOverlap is how long a replaced secret goes on signing.
	RotationOverlap = 24 * time.Hour
	// DisableAfter is how long an endpoint may do nothing but fail before it is disabled.
	DisableAfter = 5 * 24 * time.Hour
	// PayloadRetention is how long the payload of an event can be read and sent.
	PayloadRetention = 30 * 24 * time.Hour

	maxDescription = 500 // characters
)

// ReasonFailing is the DisabledReason of an endpoint that failed for DisableAfter.
const ReasonFailing = "failing"

// Service does what a merchant asks of its webhooks. All fields but Notice are needed.
type Service struct {
	IDs    *id.Source
	Clock  clock.Clock
	Box    *secret.Box
	Client *egress.Client
	Events *event.Log
	// Notice, when set, is called in the transaction that disables an endpoint which only failed, so
	// that somebody is told.
	Notice func(tx db.Tx, e Endpoint) error
	// Observe is told of every attempt and its status; nil for nobody.
	Observe func(outcome string, took time.Duration)
	// Failpoints end the process at named places in tests; nil in production.
	Failpoints *failpoint.Points
}

// Endpoint is a URL that wants events of its merchant environment.
type Endpoint struct {
	Scope               tenant.Scope
	ID                  string // whep_…
	URL                 string
	Description         string
	Enabled             bool
	EnabledEvents       []string // empty: all of its sources
	EventSources        []event.Source
	Mode                tenant.Mode
	PartnerAppID        string
	APIVersion          string // DefaultVersion or a date
	APIVersionPrevious  string
	APIVersionChangedAt time.Time
	FailingSince        time.Time // first failure since the last success, zero while well
	DisabledReason      string    // ReasonFailing, or empty
	CreatedAt           time.Time
	UpdatedAt           time.Time
	DeletedAt           time.Time

	secret         string // sealed
	previousSecret string // sealed, signs until previousUntil
	previousUntil  time.Time
}

// Live reports whether the endpoint takes deliveries.
func (e Endpoint) Live() bool { return e.Enabled && e.DeletedAt.IsZero() }

// Wants reports whether an event of this type is for the endpoint.
func (e Endpoint) Wants(typ string) bool {
	t, ok := event.TypeOf(typ)
	return ok && slices.ContainsFunc(e.EventSources, t.From) &&
		(len(e.EnabledEvents) == 0 || slices.Contains(e.EnabledEvents, typ))
}

// sealedFor is the identity that the endpoint's secrets are sealed to.
func (e Endpoint) sealedFor() string {
	return "webhook_endpoint/" + e.Scope.MerchantID + "/" + e.Scope.EnvironmentID + "/" + e.ID
}

// newSecret makes a signing secret of 256 bits in the form receivers are given.
func newSecret() secret.Text {
	return secret.NewText(secretPrefix + base64.StdEncoding.EncodeToString(secret.NewBytes(32)))
}

// keys opens the secrets that sign at the given time, the newest first.
func (s *Service) keys(e Endpoint, now time.Time) ([][]byte, error) {
	sealed := []string{e.secret}
	if e.previousSecret != "" && now.Before(e.previousUntil) {
		sealed = append(sealed, e.previousSecret)
	}
	var keys [][]byte
	for _, v := range sealed {
		plain, err := s.Box.Open(e.sealedFor(), v)
		if err != nil {
			return nil, fmt.Errorf("open the secret of endpoint %s: %w", e.ID, err)
		}
		key, err := Key(string(plain))
		if err != nil {
			return nil, fmt.Errorf("read the secret of endpoint %s: %w", e.ID, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func checkDescription(faults *fault.List, v string) {
	if utf8.RuneCountInString(v) > maxDescription {
		faults.Add("DESCRIPTION_TOO_LONG", "description", "The description may have at most %d characters.", maxDescription)
	}
}

// checkSources returns the sources, merchant by default. Apps' events come with apps.
func checkSources(faults *fault.List, names []string) []event.Source {
	for i, n := range names {
		param := fmt.Sprintf("event_sources[%d]", i)
		switch event.Source(n) {
		case event.SourceMerchant:
		case event.SourcePartnerApp, event.SourceInstalledMerchants:
			faults.Add("INVALID_WEBHOOK_ENDPOINT_SOURCE", param, "This source needs a partner app, and this merchant has none.")
		default:
			faults.Add("INVALID_EVENT_SOURCE", param, "The source must be merchant, partner_app or installed_merchants.")
		}
	}
	return []event.Source{event.SourceMerchant}
}

// checkEvents returns the types without repeats.
func checkEvents(faults *fault.List, names []string) []string {
	out := []string{}
	for i, n := range names {
		if t, ok := event.TypeOf(n); !ok || !t.From(event.SourceMerchant) {
			faults.Add("INVALID_EVENT_TYPE", fmt.Sprintf("enabled_events[%d]", i), "This is not a type of event that a merchant's endpoint can receive.")
		} else if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// checkMode: an endpoint belongs to one environment, so it can only have that environment's mode.
func checkMode(faults *fault.List, scope tenant.Scope, mode string) tenant.Mode {
	if mode != "" && tenant.Mode(mode) != scope.Mode() {
		faults.Add("INVALID_MODE", "mode", "A key of mode %s makes endpoints of mode %s; leave mode out or send that.", scope.Mode(), scope.Mode())
	}
	return scope.Mode()
}

func checkVersion(faults *fault.List, v string) string {
	switch v {
	case "":
		return DefaultVersion
	case DefaultVersion, CurrentVersion:
	default:
		faults.Add("INVALID_API_VERSION", "api_version", "The version must be %q or %s.", DefaultVersion, CurrentVersion)
	}
	return v
}

// errNoApp answers every partner_app_id: an unknown one and somebody else's look alike.
func errNoApp() error {
	err := fault.NotFound("partner app")
	err.Code, err.Param = "PARTNER_APP_NOT_FOUND", "partner_app_id"
	return err
}
