package httpapi

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"flint/internal/auth"
	"flint/internal/event"
)

// Caller is who calls and with which request. Handlers get it as an argument; nothing about the
// tenant travels in a context.
type Caller struct {
	auth.Principal
	RequestID      string     // the caller's own or a UUID of ours
	LogID          string     // rlog_…, the correlation id of events this request causes
	IdempotencyKey string     // the effective key of a write, generated when the caller sent none
	KeyGenerated   bool       // the caller sent none
	APIVersion     string     // version that encodes the answer
	Address        netip.Addr // of the client, invalid when unknown
	Now            time.Time  // when the request was received

	header   http.Header // of the answer
	route    *Route
	binding  []byte // what page tokens of this request are bound to
	cursors  *cursors
	warnings []Warning
	again    func(context.Context) error // verifies the credential once more, for what lasts
}

// Warning is a notice beside a successful answer.
type Warning struct {
	Code       string `json:"code"`
	Message    string `json:"message,omitzero"`
	Reason     string `json:"reason,omitzero"`
	Resource   string `json:"resource,omitzero"`
	ResourceID string `json:"resource_id,omitzero"`

	PromotionCode string `json:"promotion_code,omitzero"`
}

// Warn adds a notice to meta.warnings of the answer.
func (c *Caller) Warn(w Warning) { c.warnings = append(c.warnings, w) }

// Cause describes the request to the event log.
func (c *Caller) Cause() event.Cause {
	return event.Cause{RequestID: c.RequestID, RequestLogID: c.loggedAs(), IdempotencyKey: c.IdempotencyKey, ActorType: c.ActorType(), ActorID: c.ActorID(), Person: c.Person()}
}

// Operation is the id of the operation that was called.
func (c *Caller) Operation() string { return c.route.ID }

// loggedAs is the id under which the request is going to be logged, empty when it will not be.
func (c *Caller) loggedAs() string {
	if !logged(c.Kind) {
		return ""
	}
	return c.LogID
}

// logged tells whether requests of such a credential are logged for their developers. Buyers' are not.
func logged(k auth.Kind) bool {
	switch k {
	case 0, auth.Nobody, auth.CheckoutCredential, auth.InvoiceToken, auth.CustomerSession, auth.OnboardingSession:
		return false
	}
	return true
}
