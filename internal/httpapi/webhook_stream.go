package httpapi

import (
	"context"
	"net/http"

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

func registerWebhookStream(a *API, s *Services) {
	Handle(a, "streamWebhookEvents", func(ctx context.Context, c *Caller, in *StreamWebhookEventsInput) (*Raw, error) {
		return &Raw{Stream: func(ctx context.Context, w http.ResponseWriter) error {
			return s.Stream.Serve(ctx, w, webhook.StreamInput{
				Scope: c.Scope, EventType: in.Type, After: or(in.LastEvent, in.After), Lines: in.Format == "ndjson", Allows: c.Scopes.Has,
				Authorized: func(ctx context.Context) bool { return c.again(ctx) == nil },
			})
		}}, nil
	}, Timeout(0), Produces([]string{"text/event-stream", "application/x-ndjson"}, WebhookStreamReady{}, WebhookEvent{}, WebhookStreamWithheld{}, WebhookStreamGap{}, WebhookStreamDisconnect{}),
		Doc("Stream events", "Server-sent events: ready, webhook.event, withheld, gap and disconnect. Reconnect with Last-Event-ID."),
		Errors("INVALID_EVENT_TYPE", "WEBHOOK_STREAM_CONNECTION_LIMIT", "SERVICE_UNAVAILABLE"))
}
