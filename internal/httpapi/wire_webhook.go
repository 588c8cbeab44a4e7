package httpapi

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/webhook"
)

// WebhookEndpoint is a URL that wants events of its merchant environment.
type WebhookEndpoint struct {
	ID                  string     `json:"webhook_endpoint_id"`
	URL                 string     `json:"url"`
	Description         string     `json:"description,omitzero"`
	Enabled             bool       `json:"enabled"`
	DisabledReason      string     `json:"disabled_reason,omitzero" enum:"failing" flint:"extension" doc:"Why Flint disabled the endpoint by itself."`
	EnabledEvents       []string   `json:"enabled_events" doc:"Empty: all events of its sources."`
	EventSources        []string   `json:"event_sources" enum:"merchant,partner_app,installed_merchants"`
	Mode                string     `json:"mode" enum:"test,live,both"`
	PartnerAppID        string     `json:"partner_app_id,omitzero"`
	APIVersion          string     `json:"api_version" doc:"default, or a date."`
	APIVersionPrevious  string     `json:"api_version_previous,omitzero"`
	APIVersionChangedAt *time.Time `json:"api_version_changed_at,omitzero"`
	Secret              string     `json:"secret,omitzero" doc:"whsec_…; only in the answer that made the endpoint."`
	CreatedAt           time.Time  `json:"created_at"`
	UpdatedAt           time.Time  `json:"updated_at"`
}

func wireEndpoint(e webhook.Endpoint) *WebhookEndpoint {
	out := &WebhookEndpoint{
		ID: e.ID, URL: e.URL, Description: e.Description, Enabled: e.Enabled, DisabledReason: e.DisabledReason, EnabledEvents: e.EnabledEvents,
		EventSources: make([]string, len(e.EventSources)), Mode: string(e.Mode), PartnerAppID: e.PartnerAppID, APIVersion: e.APIVersion,
		APIVersionPrevious: e.APIVersionPrevious, APIVersionChangedAt: timeIf(e.APIVersionChangedAt), CreatedAt: e.CreatedAt, UpdatedAt: e.UpdatedAt,
	}
	for n, source := range e.EventSources {
		out.EventSources[n] = string(source)
	}
	if out.EnabledEvents == nil {
		out.EnabledEvents = []string{}
	}
	return out
}

// WebhookEvent is the record of an event. Lists show it without its payload.
type WebhookEvent struct {
	ID            string         `json:"webhook_event_id"`
	Type          string         `json:"event_type"`
	Origin        string         `json:"event_origin" enum:"business_event,test_api"`
	Source        string         `json:"event_source" enum:"merchant,partner_app,installed_merchants"`
	PartnerAppID  string         `json:"partner_app_id,omitzero"`
	Test          bool           `json:"test"`
	ResourceType  string         `json:"resource_type,omitzero"`
	ResourceID    string         `json:"resource_id,omitzero"`
	RequestID     string         `json:"request_id,omitzero"`
	RequestLogID  string         `json:"api_request_log_id,omitzero"`
	CorrelationID string         `json:"correlation_id,omitzero"`
	Sequence      int64          `json:"sequence" flint:"extension" doc:"Rises by one with each event of the root object."`
	RootType      string         `json:"root_type" flint:"extension" doc:"The object whose history the event belongs to."`
	RootID        string         `json:"root_id" flint:"extension"`
	Actor         *EventActor    `json:"actor,omitzero" flint:"extension" doc:"Who caused it. Of what another merchant did only the app itself is named."`
	Payload       jsontext.Value `json:"payload,omitzero" doc:"The event's data, when it is still kept and the caller may read its resource."`
	CreatedAt     time.Time      `json:"created_at"`
}

// EventActor is who caused an event.
type EventActor struct {
	Type string `json:"type" doc:"One of api_key, app, user, buyer, processor and system."`
	ID   string `json:"id,omitzero" doc:"Of the key, the app, the person or the checkout session; the name of the processor."`
}

func wireEvent(r webhook.EventRecord) *WebhookEvent {
	out := &WebhookEvent{
		ID: r.WebhookEventID, Type: r.EventType, Origin: r.EventOrigin, Source: string(r.EventSource), PartnerAppID: r.PartnerAppID, Test: r.Test,
		ResourceType: r.ResourceType, ResourceID: r.ResourceID, RequestID: r.RequestID, RequestLogID: r.RequestLogID, CorrelationID: r.CorrelationID, Sequence: r.Sequence,
		RootType: r.RootType, RootID: r.RootID, Payload: r.Payload, CreatedAt: r.CreatedAt,
	}
	if r.Actor != nil {
		out.Actor = &EventActor{Type: r.Actor.Type, ID: r.Actor.ID}
	}
	return out
}

// WebhookDelivery is one event on its way to one endpoint.
type WebhookDelivery struct {
	ID               string     `json:"webhook_delivery_id"`
	EventID          string     `json:"webhook_event_id"`
	EndpointID       string     `json:"webhook_endpoint_id"`
	Status           string     `json:"status" enum:"pending,delivered,failed,suppressed"`
	AutomaticCount   int        `json:"automatic_attempt_count"`
	MaxAttempts      int        `json:"max_attempts"`
	NextRetryAt      *time.Time `json:"next_retry_at,omitzero"`
	DeliveredAt      *time.Time `json:"delivered_at,omitzero"`
	LastResponseCode int        `json:"last_response_code,omitzero"`
	LastError        string     `json:"last_error,omitzero"`
	WebhookTrouble
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// WebhookTrouble explains a failure to the endpoint's developers.
type WebhookTrouble struct {
	Category  string `json:"error_category,omitzero" enum:"authentication,authorization,validation,server_error,rate_limit,idempotency,merchant_readiness,payment,request_error,webhook_timeout,webhook_dns,webhook_tls,webhook_connection,webhook_blocked_target,webhook_request,webhook_http_5xx,webhook_http_4xx,webhook_delivery"`
	Summary   string `json:"error_summary,omitzero"`
	Action    string `json:"recommended_action,omitzero"`
	Reference string `json:"reference_url,omitzero"`
	Retryable *bool  `json:"retryable,omitzero"`
}

// wireTrouble is empty for the empty category.
func wireTrouble(category webhook.Category, code int, baseURL string) WebhookTrouble {
	if category == "" {
		return WebhookTrouble{}
	}
	advice := webhook.Advise(category, code)
	return WebhookTrouble{
		Category: string(category), Summary: advice.Summary, Action: advice.Action, Retryable: &advice.Retryable,
		Reference: baseURL + "/docs/webhooks#" + string(category),
	}
}

func wireDelivery(d webhook.Delivery, baseURL string) *WebhookDelivery {
	return &WebhookDelivery{
		ID: d.ID, EventID: d.EventID, EndpointID: d.EndpointID, Status: string(d.Status), AutomaticCount: d.AutomaticAttemptCount,
		MaxAttempts: webhook.MaxAttempts, NextRetryAt: timeIf(d.NextRetryAt()), DeliveredAt: timeIf(d.DeliveredAt),
		LastResponseCode: d.LastResponseCode, LastError: d.LastError, WebhookTrouble: wireTrouble(d.ErrorCategory, d.LastResponseCode, baseURL),
		CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt,
	}
}

// WebhookAttemptFacts is what is known of an attempt, wherever it is shown.
type WebhookAttemptFacts struct {
	ID              string `json:"webhook_delivery_attempt_id"`
	DeliveryID      string `json:"webhook_delivery_id"`
	EventID         string `json:"webhook_event_id"`
	Number          int    `json:"attempt_number"`
	Trigger         string `json:"delivery_trigger" enum:"automatic_delivery,automatic_retry,manual_resend,test_event"`
	Diagnostic      string `json:"diagnostic_category,omitzero" enum:"timeout,dns_error,tls_error,connection_error,blocked_target,request_error,http_error"`
	StatusCode      int    `json:"status_code,omitzero"`
	Duration        int64  `json:"duration_milliseconds"`
	ResponseHeaders string `json:"response_headers,omitzero" doc:"A JSON object as text; values that may be secret are masked."`
	ContentType     string `json:"response_content_type,omitzero"`
	BodyExcerpt     string `json:"response_body_excerpt,omitzero"`
	ErrorMessage    string `json:"error_message,omitzero"`
	WebhookTrouble
	ReasonMessage string     `json:"reason_message,omitzero" doc:"Of a manual resend."`
	StartedAt     *time.Time `json:"started_at,omitzero"`
	CompletedAt   *time.Time `json:"completed_at,omitzero"`
}

// WebhookDeliveryAttempt is one entry of the log of a delivery.
type WebhookDeliveryAttempt struct {
	WebhookAttemptFacts
	Status     string `json:"status" enum:"queued,sending,delivered,failed"`
	APIVersion string `json:"api_version,omitzero" doc:"The version that was sent."`
}

// WebhookDeliveryAction is an attempt that a call made, with what became of its delivery.
type WebhookDeliveryAction struct {
	WebhookAttemptFacts
	AttemptStatus  string `json:"attempt_status" enum:"queued,sending,delivered,failed"`
	DeliveryStatus string `json:"delivery_status" enum:"pending,delivered,failed,suppressed"`
}

func attemptFacts(a webhook.Attempt, baseURL string) WebhookAttemptFacts {
	out := WebhookAttemptFacts{
		ID: a.ID, DeliveryID: a.DeliveryID, EventID: a.EventID, Number: a.Number, Trigger: string(a.Trigger), Diagnostic: a.Diagnostic,
		StatusCode: a.StatusCode, Duration: a.Duration.Milliseconds(), ResponseHeaders: a.ResponseHeaders, ContentType: a.ContentType,
		BodyExcerpt: a.BodyExcerpt, WebhookTrouble: wireTrouble(a.ErrorCategory, a.StatusCode, baseURL), ReasonMessage: a.ReasonMessage,
		StartedAt: timeIf(a.StartedAt), CompletedAt: timeIf(a.CompletedAt),
	}
	if a.ErrorCategory != "" {
		out.ErrorMessage = webhook.Advise(a.ErrorCategory, a.StatusCode).Message
	}
	return out
}

func wireWebhookAttempt(a webhook.Attempt, baseURL string) *WebhookDeliveryAttempt {
	return &WebhookDeliveryAttempt{WebhookAttemptFacts: attemptFacts(a, baseURL), Status: string(a.Status), APIVersion: a.APIVersion}
}

func wireAction(d webhook.Delivery, a webhook.Attempt, baseURL string) *WebhookDeliveryAction {
	return &WebhookDeliveryAction{WebhookAttemptFacts: attemptFacts(a, baseURL), AttemptStatus: string(a.Status), DeliveryStatus: string(d.Status)}
}
