package httpapi_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/auth"
	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/httpapi"
	"flint/internal/id"
	"flint/internal/idempotency"
	"flint/internal/merchant"
	"flint/internal/requestlog"
	"flint/internal/secret"
	"flint/internal/tenant"
)

var start = time.Date(2026, 9, 7, 12, 0, 0, 0, time.UTC)

// rig is a whole API over one database with two merchants.
type rig struct {
	db        db.DB
	clock     *clock.Fixed
	ids       *id.Source
	api       *httpapi.API
	keys      *auth.Service
	merchants *merchant.Service
	server    *httptest.Server
	logs      *lockedWriter
	a, b      party
}

// party is a merchant with an all-scopes key of each mode.
type party struct {
	merchant.Created
	test, live       string
	testKey, liveKey auth.Key
}

type config func(*httpapi.Config)

func newRig(t testing.TB, d db.DB, more ...func(*httpapi.API)) *rig {
	return newRigWith(t, d, nil, more...)
}

func newRigWith(t testing.TB, d db.DB, set config, more ...func(*httpapi.API)) *rig {
	t.Helper()
	r := &rig{db: d, clock: clock.NewFixed(start), logs: &lockedWriter{w: new(bytes.Buffer)}}
	r.ids = id.NewSource(r.clock)
	log := slog.New(slog.NewJSONHandler(r.logs, nil))
	r.keys = auth.NewService(d, r.clock, r.ids, log)
	r.merchants = merchant.NewService(r.ids, r.keys.RevokeEnvironment)
	box, err := secret.NewBox(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	c := httpapi.Config{DB: d, Clock: r.clock, IDs: r.ids, Log: log, Idempotency: &idempotency.Store{Box: box},
		CursorKey: bytes.Repeat([]byte{9}, 32), BaseURL: "https://flint.test",
		Processor: func(tenant.Scope) string { return "simulator" },
		Verify:    map[auth.Kind]httpapi.Verify{auth.APIKey: r.keys.Authenticate}}
	c.Requests = requestlog.New(requestlog.Options{DB: d, Clock: r.clock, Logger: log})
	if set != nil {
		set(&c)
	}
	r.api = httpapi.New(c)
	httpapi.Accounts(r.api, r.keys, r.merchants)
	for _, f := range more {
		f(r.api)
	}
	httpapi.RegisterOpenAPI(r.api)
	r.a, r.b = r.newParty(t, "a@shop.test"), r.newParty(t, "b@shop.test")
	return r
}

func (r *rig) newParty(t testing.TB, email string) (p party) {
	t.Helper()
	err := r.db.Write(context.Background(), func(tx db.Tx) error {
		var err error
		if p.Created, err = r.merchants.Create(tx.Context(), tx, merchant.CreateInput{Email: email, BusinessName: "Shop", APIVersion: httpapi.Version, Now: start}); err != nil {
			return err
		}
		var text secret.Text
		in := auth.CreateKeyInput{Scope: p.Sandbox.Scope, Name: "test", Scopes: auth.AllScopes().Names(), Now: start}
		if p.testKey, text, err = r.keys.CreateKey(tx.Context(), tx, in); err != nil {
			return err
		}
		p.test = text.Reveal()
		in.Scope, in.Name = p.Live.Scope, "live"
		p.liveKey, text, err = r.keys.CreateKey(tx.Context(), tx, in)
		p.live = text.Reveal()
		return err
	})
	if err != nil {
		t.Fatalf("make a merchant: %v", err)
	}
	return p
}

// answer is a decoded response.
type answer struct {
	status int
	header http.Header
	body   []byte
	json   map[string]any
}

func (a answer) data() map[string]any  { m, _ := a.json["data"].(map[string]any); return m }
func (a answer) list() []any           { m, _ := a.json["data"].([]any); return m }
func (a answer) fault() map[string]any { m, _ := a.json["error"].(map[string]any); return m }
func (a answer) code() string          { s, _ := a.fault()["code"].(string); return s }

func (a answer) param() string { s, _ := a.fault()["param"].(string); return s }

// call sends one request over a real connection. key goes into Authorization; headers are "Name: value".
func (r *rig) call(t testing.TB, method, path, key, body string, headers ...string) answer {
	t.Helper()
	if r.server == nil {
		r.server = httptest.NewServer(r.api)
		t.Cleanup(r.server.Close)
	}
	var rd io.Reader
	if body != "" {
		rd = strings.NewReader(body)
	}
	req, err := http.NewRequest(method, r.server.URL+path, rd)
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	res, err := r.server.Client().Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	out := answer{status: res.StatusCode, header: res.Header}
	if out.body, err = io.ReadAll(res.Body); err != nil {
		t.Fatal(err)
	}
	if kind := res.Header.Get("Content-Type"); kind == "application/pdf" || strings.HasPrefix(kind, "text/csv") || strings.HasPrefix(kind, "image/") {
		return out
	}
	if err := json.Unmarshal(out.body, &out.json); err != nil {
		t.Fatalf("%s %s answered %d with something that is not JSON: %q", method, path, out.status, out.body)
	}
	return out
}

func (r *rig) want(t testing.TB, status int, a answer) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	return a
}
