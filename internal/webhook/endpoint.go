package webhook

import (
	"encoding/base64"
	"fmt"
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

// Service does what a merchant asks of its webhooks. All fields but Apps, Notice, Observe and
// Failpoints are needed.
type Service struct {
	IDs   *id.Source
	Clock clock.Clock
	// Wall is the time of the machine, which signatures carry: receivers compare it with theirs, and know
	// nothing of a platform's clock that was moved. Nil for Clock.
	Wall   clock.Clock
	Box    *secret.Box
	Client *egress.Client
	Events *event.Log
	// Apps is asked about partner apps; the zero Apps means that there are none.
	Apps Apps
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
	Mode                tenant.Mode // ModeBoth only with the sources of apps
	PartnerAppID        string      // the app whose events these are, or that made the endpoint; see OfInstall
	APIVersion          string      // DefaultVersion or a date
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
