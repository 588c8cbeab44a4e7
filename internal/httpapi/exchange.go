package httpapi

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/idempotency"
	"flint/internal/tenant"
)

// exchange is one request and its answer.
type exchange struct {
	api     *API
	w       http.ResponseWriter
	r       *http.Request
	op      *operation // nil when no route matched
	caller  *Caller
	start   time.Time
	status  int
	code    string
	replay  bool
	version string          // where the version came from
	key     idempotency.Key // zero where none is used
	written bool
}

func (a *API) exchange(w http.ResponseWriter, r *http.Request, op *operation) *exchange {
	x := &exchange{api: a, w: w, r: r, op: op, start: time.Now(), version: "current"}
	x.caller = &Caller{RequestID: requestID(r.Header.Get("X-Request-Id")), LogID: a.IDs.New(id.RequestLog),
		APIVersion: Version, Address: a.Address(r), Now: a.Clock.Now(), cursors: a.cursors}
	if op != nil {
		x.caller.route = op.route
	}
	h := w.Header()
	h["X-Request-Id"] = []string{x.caller.RequestID}
	h["Flint-Version"] = []string{Version}
	h["Cache-Control"] = []string{"no-store"}
	h["X-Content-Type-Options"] = []string{"nosniff"}
	return x
}

// requestID takes the caller's trace id when it is short and harmless.
func requestID(given string) string {
	if given == "" || len(given) > 128 {
		return uuid.NewString()
	}
	for i := range len(given) {
		ch := given[i]
		if (ch < '0' || ch > '9') && (ch < 'a' || ch > 'z') && (ch < 'A' || ch > 'Z') && !strings.ContainsRune("-_.:", rune(ch)) {
			return uuid.NewString()
		}
	}
	return given
}

// end catches a panic, writes the log line and tells the observer.
func (x *exchange) end() {
	if v := recover(); v != nil {
		if v == http.ErrAbortHandler { //nolint:errorlint // what net/http itself compares with
			panic(v)
		}
		x.api.Log.Error("a handler panicked", "request_id", x.caller.RequestID, "panic", v, "stack", string(debug.Stack()))
		x.fail(fault.Internal("INTERNAL_ERROR", "Something went wrong on our side."))
	}
	took := time.Since(x.start)
	c := x.caller
	if x.api.Log.Enabled(x.r.Context(), slog.LevelInfo) {
		name := "none"
		if x.op != nil {
			name = x.op.route.ID
		}
		x.api.Log.LogAttrs(x.r.Context(), slog.LevelInfo, "request", slog.String("request_id", c.RequestID),
			slog.String("operation", name), slog.String("method", x.r.Method), slog.Int("status", x.status),
			slog.String("code", x.code), slog.Duration("took", took), slog.String("merchant_id", c.Scope.MerchantID),
			slog.String("environment_id", c.Scope.EnvironmentID), slog.String("credential_id", c.ID), slog.String("app_id", c.AppID), slog.String("grant_id", c.GrantID),
			slog.String("user_id", c.UserID), slog.Bool("replayed", x.replay))
	}
	if x.api.Observe != nil {
		x.api.Observe(Record{Caller: c, Route: c.route, Method: x.r.Method, Path: x.r.URL.Path, Status: x.status,
			Duration: took, ErrorCode: x.code, Replayed: x.replay, VersionSource: x.version})
	}
}

// identify writes who was recognized into the headers.
func (x *exchange) identify() {
	s := x.caller.Scope
	if s.MerchantID == "" {
		return
	}
	h := x.w.Header()
	h["Flint-Merchant-Id"] = []string{s.MerchantID}
	h["Flint-Merchant-Environment-Id"] = []string{s.EnvironmentID}
	h["Flint-Mode"] = []string{string(s.Mode())}
	if s.Mode() == tenant.ModeTest {
		h["Flint-Sandbox-Id"] = []string{s.EnvironmentID}
	}
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// meta is the contract's ResponseMeta.
type meta struct {
	APIVersion string    `json:"api_version"`
	Replayed   bool      `json:"idempotency_replayed,omitzero"`
	RequestID  string    `json:"request_id"`
	Warnings   []Warning `json:"warnings,omitempty"`
}

// succeed writes the envelope around encoded data.
func (x *exchange) succeed(status int, data []byte, list bool, next string) {
	b := buffers.Get().(*bytes.Buffer) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	defer buffers.Put(b)
	b.Reset()
	b.WriteString(`{"data":`)
	b.Write(data)
	if list && next != "" {
		b.WriteString(`,"next_page_token":"`) // base64url needs no escapes
		b.WriteString(next)
		b.WriteByte('"')
	}
	b.WriteString(`,"request_id":"`) // requestID lets only harmless characters through
	b.WriteString(x.caller.RequestID)
	b.WriteString(`","meta":`)
	m, err := json.Marshal(meta{x.caller.APIVersion, x.replay, x.caller.RequestID, x.caller.warnings})
	if err != nil {
		x.fail(err)
		return
	}
	b.Write(m)
	b.WriteByte('}')
	x.write(status, b.Bytes())
}

func (x *exchange) write(status int, body []byte) {
	h := x.w.Header()
	h["Content-Type"] = []string{"application/json"}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	x.status, x.written = status, true
	x.w.WriteHeader(status)
	_, _ = x.w.Write(body) // a caller who has gone cannot be told
}

// fail writes the error envelope. What is not a fault is logged and shown as an internal error.
func (x *exchange) fail(err error) {
	if x.op != nil && x.op.oauth != nil && x.failOAuth(err) {
		return
	}
	f := x.public(err)
	x.code = f.Code
	if x.written {
		return
	}
	h := x.w.Header()
	if f.RetryAfter > 0 {
		h["Retry-After"] = []string{strconv.FormatInt(int64((f.RetryAfter+time.Second-1)/time.Second), 10)}
	}
	if f.Class == fault.ClassAuthentication {
		h["Www-Authenticate"] = []string{"Bearer"}
	}
	b := buffers.Get().(*bytes.Buffer) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	defer buffers.Put(b)
	b.Reset()
	if err := writeFault(jsontext.NewEncoder(b), f, x.caller.RequestID, x.api.BaseURL); err != nil {
		x.api.Log.Error("an error could not be encoded", "request_id", x.caller.RequestID, "error", err)
		b.Reset()
		b.WriteString(`{"error":{"type":"internal_error","code":"INTERNAL_ERROR","message":"Something went wrong on our side.","doc_url":"","error_source":"flint"}}`)
	}
	x.write(f.Class.Status(), b.Bytes())
}

// public is the fault that a caller sees for err.
func (x *exchange) public(err error) *fault.Error {
	f := fault.Of(err)
	switch {
	case f != nil && f.Class != fault.ClassInternal:
		if f.Class.Status() > 500 || f.Cause != nil {
			x.api.Log.Warn("a request failed", "request_id", x.caller.RequestID, "error", err)
		}
		return f
	case errors.Is(err, errNoSuchPath):
		return fault.NotFound("resource")
	case errors.Is(err, context.DeadlineExceeded):
		return &fault.Error{Class: fault.ClassTimeout, Code: "REQUEST_TIMEOUT", Message: "The request took too long and was given up.",
			Retryable: true, NextSteps: "Repeat it with the same Idempotency-Key, which tells whether it had an effect."}
	case errors.Is(err, db.ErrCommitUnknown):
		x.api.Log.Error("the outcome of a commit is unknown", "request_id", x.caller.RequestID, "error", err)
		return fault.Unavailable("SERVICE_UNAVAILABLE", "The database was lost while the request was stored.").
			Then("Repeat the request with the same Idempotency-Key, which tells whether it had an effect.")
	}
	if !errors.Is(err, context.Canceled) {
		x.api.Log.Error("a request failed on our side", "request_id", x.caller.RequestID, "error", err)
	}
	code := "INTERNAL_ERROR"
	if f != nil {
		code = f.Code
	}
	return &fault.Error{Class: fault.ClassInternal, Code: code, Message: "Something went wrong on our side."}
}
