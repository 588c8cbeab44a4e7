package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// maxStreams is how many streams of one environment a process serves at a time.
const maxStreams = 16

// Stream serves the feed of an environment as server-sent events.
type Stream struct {
	Service  *Service
	DB       db.DB
	Notifier *Notifier
	// Stopping, when closed, ends every stream with a notice, so that clients come back elsewhere.
	Stopping  <-chan struct{}
	Heartbeat time.Duration // 15 s outside tests
	Poll      time.Duration // 1 s outside tests; events of other processes are seen by it
	TTL       time.Duration // when a stream is closed so that the client connects anew
	// WriteTimeout is how long a client may be unable to take a frame before it is dropped; it
	// resumes where it was.
	WriteTimeout time.Duration
}

// StreamInput says what a client wants to see and may see.
type StreamInput struct {
	Scope     tenant.Scope
	EventType string // empty: all
	// After is the id of the last event the client has seen, from Last-Event-ID or after_event_id;
	// empty for only what comes from now on.
	After string
	// Lines asks for one JSON object a line instead of server-sent events: the frame's data with its
	// name as record. An empty line is the heartbeat.
	Lines bool
	// Allows tells whether the key holds a read scope.
	Allows func(scope string) bool
	// Authorized is asked at each heartbeat whether the key may still read the stream.
	Authorized func(ctx context.Context) bool
}

// Validate reports every fault of the input.
func (in StreamInput) Validate() error {
	if t, ok := event.TypeOf(in.EventType); in.EventType != "" && (!ok || !t.From(event.SourceMerchant)) {
		return fault.Invalid("INVALID_EVENT_TYPE", "event_type", "This is not a type of event of a merchant.")
	}
	return nil
}

// Serve writes the stream to w until the client leaves, the time is over, or the server stops. An error
// that is a fault came before anything was written; any other only means the client is gone.
// WEBHOOK_STREAM_CONNECTION_LIMIT when the environment has too many streams.
func (s *Stream) Serve(ctx context.Context, w http.ResponseWriter, in StreamInput) error {
	if err := in.Validate(); err != nil {
		return err
	}
	if err := in.Scope.Check(); err != nil {
		return err
	}
	grew, stop := s.Notifier.subscribe(in.Scope)
	defer stop()
	if s.Notifier.count(in.Scope) > maxStreams {
		return &fault.Error{Class: fault.ClassRateLimited, Code: "WEBHOOK_STREAM_CONNECTION_LIMIT", Retryable: true,
			Message: fmt.Sprintf("An environment can have %d open streams.", maxStreams)}
	}
	position, cursor, gap, err := s.start(ctx, in)
	if err != nil {
		return err
	}
	media := "text/event-stream"
	if in.Lines {
		media = "application/x-ndjson"
	}
	w.Header().Set("Content-Type", media)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // proxies must pass frames on at once
	f := frames{w: w, lines: in.Lines, control: http.NewResponseController(w), timeout: s.WriteTimeout}
	w.WriteHeader(http.StatusOK)
	if err := f.event("ready", "", ready{cursor}); err != nil {
		return err
	}
	if gap != nil {
		if err := f.event("gap", gap.ResumeCursor, gap); err != nil {
			return err
		}
	}
	return s.follow(ctx, &f, in, position, grew)
}

type (
	ready struct {
		Cursor string `json:"cursor,omitzero"`
	}
	gapNotice struct {
		Reason          string `json:"reason"`
		RequestedCursor string `json:"requested_cursor,omitzero"`
		ResumeCursor    string `json:"resume_cursor,omitzero"`
	}
	withheld struct {
		WebhookEventID string   `json:"webhook_event_id"`
		EventType      string   `json:"event_type"`
		Reason         string   `json:"reason"`
		ResourceType   string   `json:"resource_type,omitzero"`
		RequiredScopes []string `json:"required_scopes,omitzero"`
	}
	disconnect struct {
		Reason string `json:"reason"`
	}
)

// start finds the place in the feed to go on from, and the gap when it is not the one asked for.
func (s *Stream) start(ctx context.Context, in StreamInput) (position int64, cursor string, gap *gapNotice, err error) {
	err = s.DB.Read(ctx, func(tx db.Tx) error {
		position, cursor, err = event.Head(tx, in.Scope)
		if err != nil || in.After == "" {
			return err
		}
		e, err := event.Get(tx, in.Scope, in.After)
		switch {
		case fault.Is(err, "RESOURCE_NOT_FOUND") || err == nil && e.Position == 0:
			gap = &gapNotice{Reason: "cursor_unavailable", RequestedCursor: in.After, ResumeCursor: cursor}
			return nil
		case err != nil:
			return err
		}
		position, cursor = e.Position, e.ID
		return nil
	})
	if err != nil {
		err = fault.Unavailable("SERVICE_UNAVAILABLE", "The event stream cannot be read now.").Because(err)
	}
	return position, cursor, gap, err
}

func (s *Stream) follow(ctx context.Context, f *frames, in StreamInput, position int64, grew <-chan struct{}) error {
	heartbeat, poll, ttl := time.NewTicker(s.Heartbeat), time.NewTicker(s.Poll), time.NewTimer(s.TTL)
	defer heartbeat.Stop()
	defer poll.Stop()
	defer ttl.Stop()
	atOnce := make(chan struct{})
	close(atOnce)
	for {
		next, err := s.send(ctx, f, in, position)
		if err != nil {
			return err
		}
		var again <-chan struct{} // ready while there may be more to read
		if next > position {
			position, again = next, atOnce
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.Stopping:
			return f.event("disconnect", "", disconnect{"server_error"})
		case <-ttl.C:
			return f.event("disconnect", "", disconnect{"ttl"})
		case <-heartbeat.C:
			if !in.Authorized(ctx) {
				return f.event("disconnect", "", disconnect{"authorization_changed"})
			}
			if err := f.heartbeat(); err != nil {
				return err
			}
		case <-again:
		case <-grew:
		case <-poll.C:
		}
	}
}

// send writes the next events behind position and returns the position it reached.
func (s *Stream) send(ctx context.Context, f *frames, in StreamInput, position int64) (int64, error) {
	const atOnce = 100
	var events []event.Event
	err := s.DB.Read(ctx, func(tx db.Tx) (err error) {
		events, err = event.After(tx, in.Scope, position, atOnce)
		return err
	})
	if err != nil {
		if ctx.Err() != nil {
			return position, ctx.Err()
		}
		_ = f.event("disconnect", "", disconnect{"server_error"}) // the client resumes by its last id
		return position, fmt.Errorf("read the feed: %w", err)
	}
	now := s.Service.Clock.Now()
	lost := ""
	flushGap := func() error {
		if lost == "" {
			return nil
		}
		gap := gapNotice{Reason: "payload_expired", RequestedCursor: in.After, ResumeCursor: lost}
		lost = ""
		return f.event("gap", gap.ResumeCursor, gap)
	}
	for _, e := range events {
		if expired(e, now) {
			lost = e.ID
		} else if err := errors.Join(flushGap(), s.one(f, in, e)); err != nil {
			return position, err
		}
		position = e.Position
	}
	return position, flushGap()
}

// one writes one event, or that it is withheld. Synthetic events go to the endpoint they were made for.
func (s *Stream) one(f *frames, in StreamInput, e event.Event) error {
	if e.Test || in.EventType != "" && e.Type != in.EventType {
		return nil
	}
	if visible(e, in.Allows) {
		return f.event("webhook.event", e.ID, s.Service.withPayload(told{event: e}, in.Allows))
	}
	hidden := withheld{WebhookEventID: e.ID, EventType: e.Type, Reason: "resource_unattributed"}
	if scope := event.ReadScope(e.ResourceType); scope != "" {
		hidden.Reason, hidden.ResourceType, hidden.RequiredScopes = "missing_resource_scope", e.ResourceType, []string{scope}
	}
	return f.event("withheld", e.ID, hidden)
}

// frames writes server-sent events, or lines of JSON.
type frames struct {
	w       http.ResponseWriter
	lines   bool
	control *http.ResponseController
	timeout time.Duration
}

func (f *frames) event(name, eventID string, data any) error {
	b, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encode a frame of the stream: %w", err)
	}
	if f.lines {
		line := `{"record":"` + name + `"`
		if len(b) > 2 { // more than {}
			line += "," + string(b[1:len(b)-1])
		}
		return f.write(line + "}\n")
	}
	var out strings.Builder
	out.WriteString("event: " + name + "\n")
	if eventID != "" {
		out.WriteString("id: " + eventID + "\n")
	}
	out.WriteString("data: ")
	out.Write(b) // JSON on one line
	out.WriteString("\n\n")
	return f.write(out.String())
}

func (f *frames) heartbeat() error {
	if f.lines {
		return f.write("\n")
	}
	return f.write(": heartbeat\n\n")
}

func (f *frames) write(text string) error {
	// Not every writer has deadlines; without one the server's own write time-out is the bound.
	_ = f.control.SetWriteDeadline(time.Now().Add(f.timeout))
	if _, err := f.w.Write([]byte(text)); err != nil {
		return err
	}
	return f.control.Flush()
}
