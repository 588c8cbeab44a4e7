package webhook

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"time"

	"flint/internal/egress"
	"flint/internal/tenant"
)

// Status is where a delivery stands; see the package comment.
type Status string

// Statuses of a delivery.
const (
	StatusPending    Status = "pending"
	StatusDelivered  Status = "delivered"
	StatusFailed     Status = "failed"
	StatusSuppressed Status = "suppressed"
)

// Trigger says why an attempt was made.
type Trigger string

// Triggers of the contract.
const (
	TriggerFirst  Trigger = "automatic_delivery"
	TriggerRetry  Trigger = "automatic_retry"
	TriggerResend Trigger = "manual_resend"
	TriggerTest   Trigger = "test_event"
)

// Category groups the reasons of a failed attempt.
type Category string

// Categories of the contract.
const (
	CategoryTimeout    Category = "webhook_timeout"
	CategoryDNS        Category = "webhook_dns"
	CategoryTLS        Category = "webhook_tls"
	CategoryConnection Category = "webhook_connection"
	CategoryBlocked    Category = "webhook_blocked_target"
	CategoryRequest    Category = "webhook_request"
	Category5xx        Category = "webhook_http_5xx"
	Category4xx        Category = "webhook_http_4xx"
	CategoryOther      Category = "webhook_delivery"
	// CategoryAuthorization is an event that was not sent because the app may not hear of it.
	CategoryAuthorization Category = "authorization"
)

// MaxAttempts is how often a delivery is tried by itself.
const MaxAttempts = 9

const (
	attemptTimeout = 10 * time.Second
	// leaseTime is how long an attempt may be under way before another is made in its place. It leaves
	// room for recording after attemptTimeout.
	leaseTime = 30 * time.Second
)

// waits are those before attempts 2 to 9, about 71 hours in all.
var waits = [MaxAttempts - 1]time.Duration{
	30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour, 4 * time.Hour, 12 * time.Hour, 24 * time.Hour, 30 * time.Hour,
}

// wait is the time to let pass after automatic attempt n, up to a fifth longer than the ladder says:
// deliveries that failed together must not come back together. The share is drawn from the delivery's
// id, so it can be told in advance.
func wait(deliveryID string, n int) time.Duration {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%s/%d", deliveryID, n) // a hash takes everything
	base := waits[n-1]
	return base + time.Duration(int64(base/5)*int64(h.Sum64()%1000)/1000)
}

// Delivery is one event on its way to one endpoint.
type Delivery struct {
	Scope                 tenant.Scope
	ID                    string // wdel_…
	EventID               string
	EndpointID            string
	Test                  bool
	Status                Status
	AttemptCount          int // of every trigger
	AutomaticAttemptCount int
	DeliveredAt           time.Time
	LastResponseCode      int // 0 when the last attempt had no answer
	LastError             string
	ErrorCategory         Category
	CreatedAt             time.Time
	UpdatedAt             time.Time

	dueAt time.Time
	lease string
}

// NextRetryAt is when a failed attempt is repeated; zero when none is planned or one is under way.
func (d Delivery) NextRetryAt() time.Time {
	if d.Status == StatusPending && d.AutomaticAttemptCount > 0 && d.lease == "" {
		return d.dueAt
	}
	return time.Time{}
}

// busy reports whether an attempt is under way.
func (d Delivery) busy(now time.Time) bool { return d.lease != "" && now.Before(d.dueAt) }

// Attempt is one entry of the log of a delivery.
type Attempt struct {
	Scope           tenant.Scope
	ID              string // watt_…
	DeliveryID      string
	EventID         string
	EndpointID      string
	Number          int
	Status          Status // StatusDelivered or StatusFailed
	Trigger         Trigger
	Diagnostic      string // egress.Kind or http_error, empty when delivered
	ErrorCategory   Category
	StatusCode      int
	Duration        time.Duration // whole milliseconds
	ResponseHeaders string        // JSON object, values that may be secret masked
	ContentType     string
	BodyExcerpt     string // at most 1 kB
	ReasonMessage   string // of a manual resend
	APIVersion      string
	StartedAt       time.Time
	CompletedAt     time.Time
}

// Advice explains a failure to the endpoint's developers. Empty for the empty category.
type Advice struct {
	Message   string
	Summary   string
	Action    string
	Retryable bool // the same delivery may succeed later without a change
}

// Advise returns the texts for a category and the status code, 0 when there was no answer.
func Advise(c Category, code int) Advice {
	switch c {
	case CategoryTimeout:
		return Advice{"The endpoint did not answer within 10 seconds.", "Timeout", "Answer first and do the work afterwards.", true}
	case CategoryDNS:
		return Advice{"The endpoint's host name could not be resolved.", "Name not found", "Check the host name and its DNS records.", true}
	case CategoryTLS:
		return Advice{"No secure connection to the endpoint could be made.", "TLS failed", "Check the certificate, its names and chain; TLS 1.2 or later is needed.", true}
	case CategoryConnection:
		return Advice{"The connection to the endpoint failed or was closed.", "Connection failed", "Check that the server runs and can be reached from the internet.", true}
	case CategoryBlocked:
		return Advice{"The endpoint's address may not be called.", "Target blocked", "Use a host with a public address and a permitted port.", false}
	case CategoryRequest:
		return Advice{"The request to the endpoint could not be made.", "Bad request", "Check the endpoint's URL.", false}
	case Category5xx:
		return Advice{fmt.Sprintf("The endpoint answered with status %d.", code), "Server error", "Look at the log of the endpoint's server.", true}
	case Category4xx:
		a := Advice{fmt.Sprintf("The endpoint answered with status %d.", code), "Request refused", "Check the route, its authentication and the signature check.", true}
		if code == http.StatusGone {
			a.Action, a.Retryable = "The endpoint asked for no more of this event. Delete the endpoint if it is no longer used.", false
		}
		return a
	case CategoryAuthorization:
		return Advice{"The app may not be told of this event.", "Not allowed", "The merchant's grant must be active, not paused, and hold the scope to read the event's resource.", false}
	case CategoryOther:
		if code == 0 {
			return Advice{"The attempt was interrupted.", "Interrupted", "Send it again.", true}
		}
		return Advice{fmt.Sprintf("The endpoint answered with status %d instead of 2xx.", code), "Unexpected answer", "Register the final URL; redirects are not followed.", true}
	}
	return Advice{}
}

var kinds = map[egress.Kind]Category{
	egress.KindTimeout: CategoryTimeout, egress.KindDNS: CategoryDNS, egress.KindTLS: CategoryTLS,
	egress.KindConnection: CategoryConnection, egress.KindBlocked: CategoryBlocked, egress.KindRequest: CategoryRequest,
}
