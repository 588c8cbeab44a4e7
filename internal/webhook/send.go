package webhook

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/clock"
	"flint/internal/egress"
	"flint/internal/event"
	"flint/internal/secret"
)

// maxExcerpt is how much of an answer's body is kept, in bytes.
const maxExcerpt = 1024

// Sending is one attempt that is about to be made. Its delivery is leased to it.
type Sending struct {
	delivery Delivery
	event    event.Event
	via      *forward // how the event came to the endpoint's environment, nil when it is of it
	endpoint Endpoint
	trigger  Trigger
	reason   string
}

// Attempt names the delivery that the attempt belongs to, and the least number that its entry in the
// log will have.
func (j Sending) Attempt() (deliveryID string, number int) {
	return j.delivery.ID, j.delivery.AttemptCount + 1
}

// body is what the attempt sends. It is the same at each try, but for what an event keeps sealed for its
// app: that is there as long as it is of use.
func (s *Service) body(j Sending, now time.Time) ([]byte, error) {
	if !j.endpoint.ofApp() {
		return Body(j.event, j.endpoint.render())
	}
	e, err := s.opened(j.event, j.endpoint, now)
	if err != nil {
		return nil, err
	}
	return partnerBody(e, j.endpoint.render(), j.endpoint.PartnerAppID, j.via)
}

// outcome is what came of an attempt.
type outcome struct {
	code        int
	kind        egress.Kind // set when no answer came
	headers     string
	contentType string
	excerpt     string
	started     time.Time
	completed   time.Time
	took        time.Duration
}

func (o outcome) success() bool { return o.kind == "" && o.code >= 200 && o.code < 300 }

func (o outcome) category() Category {
	switch {
	case o.success():
		return ""
	case o.kind != "":
		return kinds[o.kind]
	case o.code >= 500:
		return Category5xx
	case o.code >= 400:
		return Category4xx
	default:
		return CategoryOther
	}
}

func (o outcome) diagnostic() string {
	switch {
	case o.success():
		return ""
	case o.kind != "":
		return string(o.kind)
	default:
		return "http_error"
	}
}

// send makes one attempt. An error is ours, not the endpoint's: nothing was sent.
func (s *Service) send(ctx context.Context, j Sending) (outcome, error) {
	o := outcome{started: s.Clock.Now()}
	keys, err := s.keys(j.endpoint, o.started)
	if err != nil {
		return o, err
	}
	body, err := s.body(j, o.started)
	if err != nil {
		return o, err
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, j.endpoint.URL, bytes.NewReader(body))
	if err != nil {
		o.kind, o.completed = egress.KindRequest, o.started
		return o, nil
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", userAgent)
	Sign(req.Header, keys, j.event.ID, s.wall().Now(), body)
	req.Header.Set(HeaderLegacyID, j.event.ID)
	req.Header.Set(HeaderLegacyType, j.event.Type)
	req.Header.Set(HeaderLegacyEndpoint, j.endpoint.ID)
	begun := time.Now() // a duration is measured, not read off a clock that may be moved
	s.Failpoints.Hit("webhook.before_send")
	resp, err := s.Client.Do(req)
	s.Failpoints.Hit("webhook.after_send")
	o.took, o.completed = time.Since(begun).Truncate(time.Millisecond), s.Clock.Now()
	if s.Observe != nil {
		defer func() { s.Observe(map[bool]string{true: "delivered", false: "failed"}[o.success()], o.took) }()
	}
	if err != nil {
		o.kind = egress.KindConnection
		if failed, ok := errors.AsType[*egress.Error](err); ok {
			o.kind = failed.Kind
		}
		return o, nil
	}
	o.code = resp.Status
	o.headers = redactHeaders(resp.Header)
	o.contentType = clean(resp.Header.Get("Content-Type"), 200)
	o.excerpt = redact(clean(string(resp.Body), maxExcerpt))
	return o, nil
}

// wall is the clock of whoever checks a signature.
func (s *Service) wall() clock.Clock {
	if s.Wall != nil {
		return s.Wall
	}
	return s.Clock
}

// shown are headers whose values help to find a fault and hold no secrets.
var shown = []string{
	"Allow", "Cache-Control", "Cf-Ray", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Date", "Retry-After",
	"Server", "Transfer-Encoding", "Via", "X-Request-Id",
}

// redactHeaders is the answer's head as a JSON object of at most 4 kB; other values than those shown
// are masked.
func redactHeaders(h http.Header) string {
	out := map[string]string{}
	size := 0
	for name := range h {
		if size += len(name); size > 2048 {
			break
		}
		out[clean(name, 100)] = "[redacted]"
	}
	for _, name := range shown {
		if v := h.Get(name); v != "" && out[name] != "" {
			out[name] = redact(clean(v, 150))
		}
	}
	b, err := json.Marshal(out, json.Deterministic(true))
	if err != nil {
		return "{}"
	}
	return string(b)
}

// credentials match what must not be kept when an endpoint echoes it: our secrets, keys and tokens,
// bearer credentials, and signatures.
var credentials = regexp.MustCompile(`whsec_[A-Za-z0-9+/=_-]+|(?:flint|fpat)_[A-Za-z0-9._-]+|(?i:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}|v1[,=][A-Za-z0-9+/=]{40,}|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9._-]+|\b(?:\d[ -]?){13,19}\b`)

func redact(v string) string { return credentials.ReplaceAllString(v, "[redacted]") }

// clean makes foreign text fit for a column: valid UTF-8 without control characters, at most n bytes.
func clean(v string, n int) string {
	v = v[:min(len(v), n)]
	v = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(v, ""))
	return v
}

// newLease marks who works on a delivery.
func newLease() string { return secret.NewToken("")[:22] }
