package webhook

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/fault"
)

type frame struct{ event, id, data string }

// listener reads the stream over real HTTP.
type listener struct {
	t      *testing.T
	frames chan frame
	beats  atomic.Int32
}

func listen(t *testing.T, s *Stream, in StreamInput) *listener {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var f *fault.Error
		if err := s.Serve(r.Context(), w, in); errors.As(err, &f) {
			http.Error(w, f.Code, f.Class.Status())
		}
	}))
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(func() { cancel(); server.Close() })
	req, err := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatal(resp.StatusCode, resp.Header)
	}
	l := &listener{t: t, frames: make(chan frame, 100)}
	go func() {
		defer resp.Body.Close()
		defer close(l.frames)
		var f frame
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "event":
				f.event = value
			case "id":
				f.id = value
			case "data":
				f.data = value
			case "":
				if value == "heartbeat" {
					l.beats.Add(1)
				} else if f.event != "" {
					l.frames <- f
					f = frame{}
				}
			}
		}
	}()
	return l
}

func (l *listener) next() frame {
	l.t.Helper()
	select {
	case f, ok := <-l.frames:
		if !ok {
			return frame{event: "closed"}
		}
		return f
	case <-time.After(5 * time.Second):
		l.t.Fatal("nothing came")
		return frame{}
	}
}

func (r *rig) stream() *Stream {
	return &Stream{Service: r.s, DB: r.d, Notifier: r.disp.notifier, Stopping: make(chan struct{}),
		Heartbeat: 20 * time.Millisecond, Poll: time.Hour, TTL: time.Hour, WriteTimeout: time.Second}
}

func (r *rig) input(after string) StreamInput {
	return StreamInput{Scope: r.scope, After: after, Allows: func(string) bool { return true }, Authorized: func(context.Context) bool { return true }}
}

func TestTheStreamShowsNewEventsAndResumes(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		r.record("ord_old", "order.created")
		r.drain()
		l := listen(t, r.stream(), r.input(""))
		first := l.next()
		if first.event != "ready" || !strings.Contains(first.data, "whev_") {
			t.Fatal(first)
		}
		r.record("ord_1", "order.created")
		r.record("ord_1", "order.paid")
		r.drain()
		created, paid := l.next(), l.next()
		if created.event != "webhook.event" || created.id == "" || !strings.Contains(created.data, `"webhook_event_id":"`+created.id+`"`) || !strings.Contains(created.data, `"payload":{"order_id":"ord_1"}`) || !strings.Contains(paid.data, "order.paid") {
			t.Errorf("%v %v", created, paid)
		}
		eventually(t, 2*time.Second, "a heartbeat", func() bool { return l.beats.Load() > 0 })
		again := listen(t, r.stream(), r.input(created.id))
		if f := again.next(); f.event != "ready" || !strings.Contains(f.data, created.id) {
			t.Error(f)
		}
		if f := again.next(); f != paid {
			t.Error(f)
		}
	})
}

func TestTheStreamPollsForEventsOfOtherProcesses(t *testing.T) {
	t.Parallel()
	r := newRig(t, dbtest.Open(t, db.SQLite))
	s := r.stream()
	s.Notifier, s.Poll = &Notifier{}, 10*time.Millisecond
	in := r.input("")
	in.EventType = "order.paid"
	l := listen(t, s, in)
	l.next()
	r.record("ord_1", "order.created")
	r.record("ord_1", "order.paid")
	r.drain()
	if f := l.next(); !strings.Contains(f.data, "order.paid") {
		t.Error(f)
	}
}

func TestTheStreamTellsGapsAndWhatItWithholds(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		r.record("ord_0", "order.created")
		r.record("ord_1", "order.created")
		r.drain()
		old := r.feed()
		l := listen(t, r.stream(), r.input("whev_unknown"))
		l.next()
		if f := l.next(); f.event != "gap" || f.id != old[1] || !strings.Contains(f.data, `"reason":"cursor_unavailable","requested_cursor":"whev_unknown","resume_cursor":"`+old[1]) {
			t.Error(f)
		}
		r.advance(PayloadRetention + time.Hour)
		r.record("ord_2", "order.created")
		r.drain()
		in := r.input(old[0])
		in.Allows = func(scope string) bool { return scope == "customers.read" }
		l = listen(t, r.stream(), in)
		l.next()
		if f := l.next(); f.event != "gap" || f.id != old[1] || !strings.Contains(f.data, "payload_expired") {
			t.Error(f)
		}
		if f := l.next(); f.event != "withheld" || f.id != r.feed()[2] || !strings.Contains(f.data, `"required_scopes":["commerce.orders.read"]`) {
			t.Error(f)
		}
	})
}

func (r *rig) feed() (ids []string) {
	r.must(r.d.Read(r.t.Context(), func(tx db.Tx) error {
		return tx.Query(func(row db.Row) error {
			var v string
			err := row.Scan(&v)
			ids = append(ids, v)
			return err
		}, `SELECT event_id FROM events WHERE merchant_id = $1 ORDER BY position`, r.scope.MerchantID)
	}))
	return ids
}

func TestTheStreamEnds(t *testing.T) {
	t.Parallel()
	r := newRig(t, dbtest.Open(t, db.SQLite))
	for reason, prepare := range map[string]func(s *Stream, in *StreamInput){
		"ttl":                   func(s *Stream, _ *StreamInput) { s.TTL = 30 * time.Millisecond },
		"authorization_changed": func(_ *Stream, in *StreamInput) { in.Authorized = func(context.Context) bool { return false } },
		"server_error": func(s *Stream, _ *StreamInput) {
			stopping := make(chan struct{})
			s.Stopping = stopping
			time.AfterFunc(30*time.Millisecond, func() { close(stopping) })
		},
	} {
		s, in := r.stream(), r.input("")
		prepare(s, &in)
		l := listen(t, s, in)
		if f := l.next(); f.event != "ready" || f.data != "{}" {
			t.Error(f)
		}
		if f := l.next(); f.event != "disconnect" || f.data != `{"reason":"`+reason+`"}` {
			t.Error(reason, f)
		}
		if f := l.next(); f.event != "closed" {
			t.Error(f)
		}
	}
}

func TestStreamsAreLimited(t *testing.T) {
	t.Parallel()
	r := newRig(t, dbtest.Open(t, db.SQLite))
	s := r.stream()
	for range maxStreams {
		_, stop := s.Notifier.subscribe(r.scope)
		defer stop()
	}
	if err := s.Serve(t.Context(), httptest.NewRecorder(), r.input("")); !fault.Is(err, "WEBHOOK_STREAM_CONNECTION_LIMIT") {
		t.Error(err)
	}
	if n := s.Notifier.count(r.scope); n != maxStreams {
		t.Errorf("%d readers are counted", n)
	}
	in := r.input("")
	in.EventType = "nothing"
	if err := s.Serve(t.Context(), httptest.NewRecorder(), in); !fault.Is(err, "INVALID_EVENT_TYPE") {
		t.Error(err)
	}
}
