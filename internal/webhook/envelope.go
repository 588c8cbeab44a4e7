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

// partnerEnvelope is the contract's PartnerWebhookEnvelope, with the same additions and the mark of a
// synthetic event.
type partnerEnvelope struct {
	WebhookEventID string         `json:"webhook_event_id"`
	EventType      string         `json:"event_type"`
	APIVersion     string         `json:"api_version"`
	PartnerAppID   string         `json:"partner_app_id"`
	CreatedAt      time.Time      `json:"created_at"`
	Sequence       int64          `json:"sequence"`
	RootType       string         `json:"root_type"`
	RootID         string         `json:"root_id"`
	Test           bool           `json:"test,omitzero"`
	Data           jsontext.Value `json:"data"`
}

// partnerBody is what is sent of an event to an endpoint of an app. It depends on the event, the way it
// came and the version alone. What happened to a merchant names the merchant, its environment and the
// grant in its data; via is nil for the life of installs and for synthetic events.
func partnerBody(e event.Event, version, appID string, via *forward) ([]byte, error) {
	v := partnerEnvelope{
		WebhookEventID: e.ID, EventType: e.Type, APIVersion: version, PartnerAppID: appID, CreatedAt: e.CreatedAt.UTC(),
		Sequence: e.Sequence, RootType: e.RootType, RootID: e.RootID, Test: e.Test, Data: jsontext.Value(e.Data),
	}
	if via != nil && via.Source == event.SourceInstalledMerchants {
		var err error
		if v.Data, err = forwardedData(e, *via); err != nil {
			return nil, err
		}
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode the body of event %s: %w", e.ID, err)
	}
	return b, nil
}

// forwardedData is the data of what happened to a merchant as an app gets it: the merchant's data and
// the contract's InstalledMerchantDataExtra.
func forwardedData(e event.Event, via forward) (jsontext.Value, error) {
	data := map[string]jsontext.Value{}
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return nil, fmt.Errorf("read the data of event %s: %w", e.ID, err)
	}
	for name, text := range map[string]string{
		"merchant_id": e.Scope.MerchantID, "environment_id": e.Scope.EnvironmentID, "mode": string(e.Scope.Mode()),
		"partner_app_install_id": via.InstallID, "environment_grant_id": via.GrantID, "source_type": string(event.SourceInstalledMerchants),
	} {
		value, err := jsontext.AppendQuote(nil, text)
		if err != nil {
			return nil, fmt.Errorf("encode %s of event %s: %w", name, e.ID, err)
		}
		data[name] = value
	}
	b, err := json.Marshal(data, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode the data of event %s: %w", e.ID, err)
	}
	return b, nil
}

// Body is what is sent of an event to a merchant's endpoint. It depends on the event and the version
// alone, so each try sends the same bytes.
func Body(e event.Event, version string) ([]byte, error) {
	v := envelope{
		WebhookEventID: e.ID, EventType: e.Type, APIVersion: version, PayloadVersion: payloadVersion,
		Mode: e.Scope.Mode(), MerchantID: e.Scope.MerchantID, CreatedAt: e.CreatedAt.UTC(),
		Sequence: e.Sequence, RootType: e.RootType, RootID: e.RootID, Test: e.Test, Data: public(e),
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
