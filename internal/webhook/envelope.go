package webhook

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/event"
	"flint/internal/tenant"
)

// payloadVersion counts changes to the form of data within one API version.
const payloadVersion = 1

// envelope is the contract's MerchantWebhookEnvelope, and sequence, root_type and root_id of ours:
// the sequence rises by one with each event of the root object, so a receiver can order and see gaps.
type envelope struct {
	WebhookEventID string         `json:"webhook_event_id"`
	EventType      string         `json:"event_type"`
	APIVersion     string         `json:"api_version"`
	PayloadVersion int            `json:"payload_version"`
	Mode           tenant.Mode    `json:"mode"`
	MerchantID     string         `json:"merchant_id"`
	CreatedAt      time.Time      `json:"created_at"`
	Sequence       int64          `json:"sequence"`
	RootType       string         `json:"root_type"`
	RootID         string         `json:"root_id"`
	Request        *requestRef    `json:"request"`
	Test           bool           `json:"test,omitzero"`
	Data           jsontext.Value `json:"data"`
}

type requestRef struct {
	ID             string `json:"id,omitzero"`
	IdempotencyKey string `json:"idempotency_key,omitzero"`
}

// Body is what is sent of an event to a merchant's endpoint. It depends on the event and the version
// alone, so each try sends the same bytes.
func Body(e event.Event, version string) ([]byte, error) {
	v := envelope{
		WebhookEventID: e.ID, EventType: e.Type, APIVersion: version, PayloadVersion: payloadVersion,
		Mode: e.Scope.Mode(), MerchantID: e.Scope.MerchantID, CreatedAt: e.CreatedAt.UTC(),
		Sequence: e.Sequence, RootType: e.RootType, RootID: e.RootID, Test: e.Test, Data: jsontext.Value(e.Data),
	}
	if e.RequestID != "" || e.IdempotencyKey != "" {
		v.Request = &requestRef{ID: e.RequestID, IdempotencyKey: e.IdempotencyKey}
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode the body of event %s: %w", e.ID, err)
	}
	return b, nil
}

// render is the version an endpoint's deliveries are written in. There is one version so far, which
// every event was recorded under.
func (e Endpoint) render() string {
	if e.APIVersion == DefaultVersion {
		return CurrentVersion
	}
	return e.APIVersion
}
