package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/webhook"
)

// StreamWebhookEventsInput is the request of streamWebhookEvents.
type StreamWebhookEventsInput struct {
	Type      string `query:"event_type" maxLength:"128" fault:"invalid=INVALID_EVENT_TYPE"`
	After     string `query:"after_event_id" maxLength:"64" doc:"The last event that was seen; Last-Event-ID goes before it."`
	Format    string `query:"format" enum:"sse,ndjson" flint:"extension" doc:"sse: server-sent events, the default. ndjson: one JSON object a line, the frame's data with its name as record."`
	LastEvent string `header:"Last-Event-ID" maxLength:"64" doc:"The last event that was seen."`
}

// WebhookStreamReady is the data of the first frame, ready: where the stream starts.
type WebhookStreamReady struct {
	Cursor string `json:"cursor,omitzero"`
}

// WebhookStreamWithheld is the data of withheld: an event whose payload the key may not read.
type WebhookStreamWithheld struct {
	EventID        string   `json:"webhook_event_id"`
	Type           string   `json:"event_type"`
	Reason         string   `json:"reason" enum:"missing_resource_scope,resource_unattributed"`
	ResourceType   string   `json:"resource_type,omitzero"`
	RequiredScopes []string `json:"required_scopes,omitempty"`
}

// WebhookStreamGap is the data of gap: events that are lost to this stream.
type WebhookStreamGap struct {
	Reason    string `json:"reason" enum:"cursor_unavailable,payload_expired,backpressure"`
	Requested string `json:"requested_cursor,omitzero"`
	Resume    string `json:"resume_cursor,omitzero"`
}

// WebhookStreamDisconnect is the data of disconnect, the last frame.
type WebhookStreamDisconnect struct {
	Reason string `json:"reason" enum:"ttl,authorization_changed,server_error"`
}

// WebhookStreamRecord is one line of the stream as JSON lines: the data of a frame, with the frame's
// name as record. It documents the lines; the stream writes them itself.
type WebhookStreamRecord struct {
	Record         string         `json:"record" enum:"ready,webhook.event,withheld,gap,disconnect" flint:"extension" doc:"The frame's name."`
	Cursor         string         `json:"cursor,omitzero" doc:"Of ready: where the stream starts."`
	Requested      string         `json:"requested_cursor,omitzero" doc:"Of gap."`
	Resume         string         `json:"resume_cursor,omitzero" doc:"Of gap."`
	Reason         string         `json:"reason,omitzero" enum:"missing_resource_scope,resource_unattributed,cursor_unavailable,payload_expired,backpressure,ttl,authorization_changed,server_error" doc:"Of withheld, gap and disconnect."`
	RequiredScopes []string       `json:"required_scopes,omitempty" doc:"Of withheld."`
	EventID        string         `json:"webhook_event_id,omitzero" doc:"Of webhook.event and withheld, as what follows."`
	Type           string         `json:"event_type,omitzero"`
	Origin         string         `json:"event_origin,omitzero" enum:"business_event,test_api"`
	Source         string         `json:"event_source,omitzero" enum:"merchant,partner_app,installed_merchants"`
	PartnerAppID   string         `json:"partner_app_id,omitzero"`
	Test           bool           `json:"test,omitzero"`
	ResourceType   string         `json:"resource_type,omitzero"`
	ResourceID     string         `json:"resource_id,omitzero"`
	RequestID      string         `json:"request_id,omitzero"`
	RequestLogID   string         `json:"api_request_log_id,omitzero"`
	CorrelationID  string         `json:"correlation_id,omitzero"`
	Sequence       int64          `json:"sequence,omitzero" flint:"extension"`
	RootType       string         `json:"root_type,omitzero" flint:"extension"`
	RootID         string         `json:"root_id,omitzero" flint:"extension"`
	Payload        jsontext.Value `json:"payload,omitzero"`
	CreatedAt      time.Time      `json:"created_at,omitzero"`
}

func registerWebhookStream(a *API, s *Services) {
	Handle(a, "streamWebhookEvents", func(ctx context.Context, c *Caller, in *StreamWebhookEventsInput) (*Raw, error) {
		return &Raw{Stream: func(ctx context.Context, w http.ResponseWriter) error {
			return s.Stream.Serve(ctx, w, webhook.StreamInput{
				Scope: c.Scope, EventType: in.Type, After: or(in.LastEvent, in.After), Lines: in.Format == "ndjson", Allows: c.Scopes.Has,
				Authorized: func(ctx context.Context) bool { return c.again(ctx) == nil },
			})
		}}, nil
	}, Timeout(0), Produces([]string{"text/event-stream"}, WebhookStreamReady{}, WebhookEvent{}, WebhookStreamWithheld{}, WebhookStreamGap{}, WebhookStreamDisconnect{}),
		Lines(WebhookStreamRecord{}),
		Doc("Stream events", "Server-sent events: ready, webhook.event, withheld, gap and disconnect. Reconnect with Last-Event-ID."),
		Errors("INVALID_EVENT_TYPE", "WEBHOOK_STREAM_CONNECTION_LIMIT", "SERVICE_UNAVAILABLE"))
}
