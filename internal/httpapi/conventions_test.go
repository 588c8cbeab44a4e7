package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/fault"
	"flint/internal/httpapi"
	"flint/internal/idempotency"
	"flint/internal/tenant"
)

// Probe is a body with every kind of field.
type Probe struct {
	Name     string                 `json:"name" minLength:"2" maxLength:"10" fault:"required=NAME_REQUIRED,long=NAME_TOO_LONG"`
	Amount   int64                  `json:"amount" minimum:"0" maximum:"1000" fault:"invalid=INVALID_AMOUNT"`
	Kind     string                 `json:"kind,omitzero" enum:"red,blue"`
	Code     string                 `json:"code,omitzero" pattern:"^[A-Z]+$"`
	On       bool                   `json:"on,omitzero"`
	At       *time.Time             `json:"at,omitzero"`
	Note     httpapi.Opt[string]    `json:"note,omitzero"`
	Item     *ProbeItem             `json:"item,omitzero"`
	Items    []ProbeItem            `json:"line_items,omitzero" maxItems:"3"`
	Metadata map[string]string      `json:"metadata,omitzero"`
	Child    httpapi.Opt[ProbeItem] `json:"child,omitzero"`
	Effect   string                 `json:"effect,omitzero"`
}

// ProbeItem is one line.
type ProbeItem struct {
	Name     string `json:"name"`
	Quantity int64  `json:"quantity" minimum:"1"`
}

type probeInput struct{ Body Probe }

// probes borrows rows of the table for operations that do what the body says.
func probes(effects *[]string) func(*httpapi.API) {
	return func(a *httpapi.API) {
		httpapi.Write(a, "createOrder", func(_ context.Context, _ db.Tx, c *httpapi.Caller, in *probeInput) (Probe, error) {
			*effects = append(*effects, c.Scope.MerchantID)
			switch in.Body.Effect {
			case "panic":
				panic("secret text of a panic")
			case "internal":
				return Probe{}, errors.New("secret text of an error")
			case "deadline":
				return Probe{}, fmt.Errorf("wait: %w", context.DeadlineExceeded)
			case "unknown":
				return Probe{}, db.ErrCommitUnknown
			case "kept":
				return Probe{}, idempotency.Keep(&fault.Error{Class: fault.ClassPayment, Code: "CARD_DECLINED", Message: "The card was declined."})
			case "warn":
				c.Warn(httpapi.Warning{Code: "LOOK_HERE"})
			}
			return in.Body, nil
		})
	}
}

const okBody = `{"name":"abc","amount":5}`

// TestBadRequests has one row for each way to be refused: nothing of it may reach the operation.
func TestBadRequests(t *testing.T) {
	t.Parallel()
	var effects []string
	r := newRig(t, dbtest.Open(t, db.SQLite), probes(&effects))
	deep := strings.Repeat(`[`, 40) + strings.Repeat(`]`, 40)
	for name, c := range map[string]struct {
		body   string
		header []string
		status int
		code   string
		param  string
	}{
		"no body":               {"", nil, 400, "INVALID_REQUEST", "name"},
		"not JSON":              {`{"name"`, nil, 400, "INVALID_JSON", ""},
		"not an object":         {`[]`, nil, 400, "INVALID_FIELD_TYPE", ""},
		"null body":             {`null`, nil, 400, "NULL_NOT_ALLOWED", ""},
		"trailing data":         {okBody + `{}`, nil, 400, "INVALID_JSON", ""},
		"trailing garbage":      {okBody + `x`, nil, 400, "INVALID_JSON", ""},
		"duplicate field":       {`{"name":"abc","amount":5,"name":"abd"}`, nil, 400, "DUPLICATE_FIELD", "name"},
		"duplicate below":       {`{"name":"abc","amount":5,"line_items":[{"name":"a","quantity":1,"name":"b"}]}`, nil, 400, "DUPLICATE_FIELD", "line_items[0].name"},
		"unknown field":         {`{"name":"abc","amount":5,"color":"red"}`, nil, 400, "UNKNOWN_FIELD", "color"},
		"unknown field below":   {`{"name":"abc","amount":5,"line_items":[{"name":"a","quantity":1},{"name":"a","quantity":1,"x":1}]}`, nil, 400, "UNKNOWN_FIELD", "line_items[1].x"},
		"wrong casing":          {`{"Name":"abc","name":"abc","amount":5}`, nil, 400, "UNKNOWN_FIELD", "Name"},
		"camel case":            {`{"name":"abc","amount":5,"lineItems":[]}`, nil, 400, "UNKNOWN_FIELD", "lineItems"},
		"invalid UTF-8":         {"{\"name\":\"a\xffc\",\"amount\":5}", nil, 400, "INVALID_JSON", ""},
		"lone surrogate":        {`{"name":"a\ud800c","amount":5}`, nil, 400, "INVALID_JSON", ""},
		"control character":     {`{"name":"a\u0000c","amount":5}`, nil, 400, "INVALID_FIELD_VALUE", "name"},
		"control in metadata":   {`{"name":"abc","amount":5,"metadata":{"a\u0007":"x"}}`, nil, 400, "INVALID_FIELD_VALUE", "metadata.a?"},
		"card number":           {`{"name":"abc","amount":5,"note":"4111 1111-1111 1111 12/29"}`, nil, 400, "CARD_NUMBER_NOT_ALLOWED", "note"},
		"card in metadata":      {`{"name":"abc","amount":5,"metadata":{"order_id":"5555555555554444"}}`, nil, 400, "CARD_NUMBER_NOT_ALLOWED", "metadata.order_id"},
		"card as a name":        {`{"name":"abc","amount":5,"metadata":{"378282246310005":"x"}}`, nil, 400, "CARD_NUMBER_NOT_ALLOWED", "metadata"},
		"too deep":              {`{"name":"abc","amount":5,"zzz":` + deep + `}`, nil, 400, "INVALID_REQUEST", "zzz"},
		"null":                  {`{"name":null,"amount":5}`, nil, 400, "NULL_NOT_ALLOWED", "name"},
		"null in a list":        {`{"name":"abc","amount":5,"line_items":[null]}`, nil, 400, "NULL_NOT_ALLOWED", "line_items[0]"},
		"null pointer":          {`{"name":"abc","amount":5,"item":null}`, nil, 400, "NULL_NOT_ALLOWED", "item"},
		"missing field":         {`{"amount":5}`, nil, 400, "NAME_REQUIRED", "name"},
		"missing below":         {`{"name":"abc","amount":5,"item":{"name":"x"}}`, nil, 400, "FIELD_REQUIRED", "item.quantity"},
		"empty text":            {`{"name":"","amount":5}`, nil, 400, "NAME_REQUIRED", "name"},
		"short text":            {`{"name":"a","amount":5}`, nil, 400, "VALUE_TOO_SHORT", "name"},
		"long text":             {`{"name":"` + strings.Repeat("é", 11) + `","amount":5}`, nil, 400, "NAME_TOO_LONG", "name"},
		"text for a number":     {`{"name":"abc","amount":"5"}`, nil, 400, "INVALID_AMOUNT", "amount"},
		"fraction":              {`{"name":"abc","amount":5.0}`, nil, 400, "INVALID_AMOUNT", "amount"},
		"exponent":              {`{"name":"abc","amount":1e2}`, nil, 400, "INVALID_AMOUNT", "amount"},
		"below the least":       {`{"name":"abc","amount":-1}`, nil, 400, "INVALID_AMOUNT", "amount"},
		"above the greatest":    {`{"name":"abc","amount":1001}`, nil, 400, "INVALID_AMOUNT", "amount"},
		"more than 64 bits":     {`{"name":"abc","amount":9223372036854775808}`, nil, 400, "INVALID_AMOUNT", "amount"},
		"no such value":         {`{"name":"abc","amount":5,"kind":"green"}`, nil, 400, "INVALID_FIELD_VALUE", "kind"},
		"wrong form":            {`{"name":"abc","amount":5,"code":"x1"}`, nil, 400, "INVALID_FIELD_VALUE", "code"},
		"wrong kind":            {`{"name":"abc","amount":5,"on":1}`, nil, 400, "INVALID_FIELD_TYPE", "on"},
		"time without zone":     {`{"name":"abc","amount":5,"at":"2026-01-01T00:00:00"}`, nil, 400, "INVALID_TIMESTAMP", "at"},
		"object for a list":     {`{"name":"abc","amount":5,"line_items":{}}`, nil, 400, "INVALID_FIELD_TYPE", "line_items"},
		"too many items":        {`{"name":"abc","amount":5,"line_items":[{"name":"a","quantity":1},{"name":"a","quantity":1},{"name":"a","quantity":1},{"name":"a","quantity":1}]}`, nil, 400, "TOO_MANY_ITEMS", "line_items"},
		"wrong value of a map":  {`{"name":"abc","amount":5,"metadata":{"a":1}}`, nil, 400, "INVALID_FIELD_TYPE", "metadata.a"},
		"wrong kind of an Opt":  {`{"name":"abc","amount":5,"note":1}`, nil, 400, "INVALID_FIELD_TYPE", "note"},
		"fault inside an Opt":   {`{"name":"abc","amount":5,"child":{"name":"a","quantity":0}}`, nil, 400, "VALUE_OUT_OF_RANGE", "child.quantity"},
		"too large":             {`{"name":"` + strings.Repeat("a", httpapi.MaxBody) + `"}`, nil, 413, "REQUEST_BODY_TOO_LARGE", ""},
		"content type":          {okBody, []string{"Content-Type: text/plain"}, 415, "UNSUPPORTED_CONTENT_TYPE", ""},
		"charset":               {okBody, []string{"Content-Type: application/json; charset=latin1"}, 415, "UNSUPPORTED_CONTENT_TYPE", ""},
		"compressed":            {okBody, []string{"Content-Encoding: gzip"}, 415, "UNSUPPORTED_CONTENT_TYPE", ""},
		"long key":              {okBody, []string{"Idempotency-Key: " + strings.Repeat("k", 256)}, 400, "IDEMPOTENCY_KEY_TOO_LONG", "Idempotency-Key"},
		"key with a space":      {okBody, []string{"Idempotency-Key: a b"}, 400, "INVALID_IDEMPOTENCY_KEY", "Idempotency-Key"},
		"version":               {okBody, []string{"Flint-Version: 2020-01-01"}, 400, "INVALID_API_VERSION", "Flint-Version"},
		"two credentials":       {okBody, []string{"X-API-Key: " + auth.PrefixTestKey + strings.Repeat("a", 43)}, 400, "AMBIGUOUS_AUTH", ""},
		"key and checkout":      {okBody, []string{"X-Checkout-Session-ID: cs_1", "X-Checkout-Session-Secret: s"}, 400, "AMBIGUOUS_AUTH", ""},
		"half a checkout":       {okBody, []string{"X-Checkout-Session-ID: cs_1"}, 401, "CHECKOUT_SESSION_SECRET_REQUIRED", ""},
		"strange authorization": {okBody, []string{"Authorization: Basic abc"}, 401, "INVALID_AUTHORIZATION_HEADER", ""},
		"unknown key":           {okBody, []string{"Authorization: Bearer " + auth.PrefixTestKey + strings.Repeat("a", 43)}, 401, "INVALID_API_KEY", ""},
		"some other token":      {okBody, []string{"Authorization: Bearer abc"}, 401, "INVALID_API_KEY", ""},
		"an app's token":        {okBody, []string{"Authorization: Bearer fpat_v1.x"}, 401, "AUTHENTICATION_FAILED", ""},
	} {
		a := r.call(t, "POST", "/v1/orders", r.a.test, c.body, c.header...)
		if a.status != c.status || a.code() != c.code || a.param() != c.param {
			t.Errorf("%s: %d %s at %q, want %d %s at %q\n%s", name, a.status, a.code(), a.param(), c.status, c.code, c.param, a.body)
		}
		for _, field := range []string{"type", "message", "doc_url", "error_source", "request_id", "request_log_url"} {
			if v, _ := a.fault()[field].(string); v == "" {
				t.Errorf("%s: the error has no %s", name, field)
			}
		}
		if a.header.Get("X-Request-Id") == "" || a.header.Get("Flint-Version") != httpapi.Version || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: headers %v", name, a.header)
		}
	}
	if len(effects) > 0 {
		t.Errorf("%d refused requests reached the operation", len(effects))
	}
}

func TestEveryFaultAtOnce(t *testing.T) {
	t.Parallel()
	var effects []string
	r := newRig(t, dbtest.Open(t, db.SQLite), probes(&effects))
	a := r.want(t, 400, r.call(t, "POST", "/v1/orders?page=2", r.a.test,
		`{"amount":-5,"kind":"private","line_items":[{"name":"a","quantity":1},{"quantity":0,"name":null}],"Extra":{"deep":"\u0001"}}`))
	var got []string
	for _, d := range a.fault()["details"].([]any) {
		m := d.(map[string]any)
		got = append(got, fmt.Sprint(m["param"], " ", m["code"]))
	}
	want := []string{"page UNSUPPORTED_QUERY_PARAM", "amount INVALID_AMOUNT", "kind INVALID_FIELD_VALUE", "line_items[1].quantity VALUE_OUT_OF_RANGE",
		"line_items[1].name NULL_NOT_ALLOWED", "Extra UNKNOWN_FIELD", "Extra.deep INVALID_FIELD_VALUE", "name NAME_REQUIRED"}
	if !slices.Equal(got, want) {
		t.Errorf("faults:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if strings.Contains(string(a.body), "private") {
		t.Error("the answer echoes a value")
	}
}

func TestGoodBodies(t *testing.T) {
	t.Parallel()
	var effects []string
	r := newRig(t, dbtest.Open(t, db.SQLite), probes(&effects))
	for _, body := range []string{okBody, `{"name":"a\nb","amount":0,"note":null}`, `{"name":"😀😀","amount":1000,"note":"x","child":null}`,
		`{"name":"abc","amount":5,"at":"2026-01-01T00:00:00+02:00","metadata":{"a":"b"},"line_items":[]}`, ` {"name":"\u00e9a","amount":5,"item":{"name":"","quantity":1}} `} {
		a := r.want(t, 201, r.call(t, "POST", "/v1/orders", r.a.test, body, "Content-Type: application/json; charset=UTF-8"))
		if strings.Contains(body, `"note":null`) && !strings.Contains(string(a.body), `"note":null`) {
			t.Errorf("null was lost: %s", a.body)
		}
	}
	a := r.want(t, 201, r.call(t, "POST", "/v1/orders", "", okBody, "X-API-Key: "+r.a.test, "X-Request-Id: mine-1", "Flint-Version: "+httpapi.Version))
	if a.json["request_id"] != "mine-1" || a.header.Get("X-Request-Id") != "mine-1" {
		t.Errorf("the caller's request id: %s", a.body)
	}
	a = r.want(t, 201, r.call(t, "POST", "/v1/orders", r.a.test, okBody, "X-API-Key: "+r.a.test, "X-Request-Id: <script>"))
	if id := a.header.Get("X-Request-Id"); len(id) != 36 {
		t.Errorf("a strange request id is replaced: %q", id)
	}
	if a.header.Get("Idempotency-Key") == "" {
		t.Error("no key was generated")
	}
	if len(effects) != 7 {
		t.Errorf("%d effects, want 7", len(effects))
	}
}

func TestRoutesAndMethods(t *testing.T) {
	t.Parallel()
	r := newRig(t, dbtest.Open(t, db.SQLite))
	for _, c := range []struct {
		method, path string
		status       int
		code         string
	}{
		{"GET", "/v1/nothing", 404, "ROUTE_NOT_FOUND"}, {"GET", "/v1//merchant", 404, "ROUTE_NOT_FOUND"}, {"GET", "/v1/api-keys/", 404, "ROUTE_NOT_FOUND"},
		{"DELETE", "/v1/merchant", 405, "METHOD_NOT_ALLOWED"}, {"POST", "/v1/openapi.json", 405, "METHOD_NOT_ALLOWED"},
		{"GET", "/v1/api-keys/nonsense", 404, "RESOURCE_NOT_FOUND"}, {"GET", "/v1/api-keys/key_01J00000000000000000000000", 404, "RESOURCE_NOT_FOUND"},
		{"GET", "/v1/merchant?expand=orders", 400, "INVALID_EXPAND"}, {"GET", "/v1/merchant?x=%zz", 400, "INVALID_QUERY"},
	} {
		a := r.want(t, c.status, r.call(t, c.method, c.path, r.a.live, ""))
		if a.code() != c.code {
			t.Errorf("%s %s: %s, want %s", c.method, c.path, a.code(), c.code)
		}
	}
	if a := r.call(t, "PUT", "/v1/merchant", r.a.live, ""); a.header.Get("Allow") != "GET, PATCH" {
		t.Errorf("Allow: %q", a.header.Get("Allow"))
	}
	for _, path := range []string{"/v1/api-keys/" + r.a.testKey.ID + "/revoke", "/v1/merchant"} {
		method := "POST"
		if path == "/v1/merchant" {
			method = "GET"
		}
		if a := r.want(t, 400, r.call(t, method, path, r.a.live, `{}`)); a.code() != "REQUEST_BODY_NOT_ALLOWED" {
			t.Errorf("%s %s with a body: %s", method, path, a.body)
		}
	}
}

func TestFailuresShowNothing(t *testing.T) {
	t.Parallel()
	var effects []string
	r := newRig(t, dbtest.Open(t, db.SQLite), probes(&effects))
	for effect, want := range map[string]struct {
		status int
		code   string
	}{"panic": {500, "INTERNAL_ERROR"}, "internal": {500, "INTERNAL_ERROR"}, "deadline": {504, "REQUEST_TIMEOUT"}, "unknown": {503, "SERVICE_UNAVAILABLE"}} {
		a := r.want(t, want.status, r.call(t, "POST", "/v1/orders", r.a.test, `{"name":"abc","amount":5,"effect":"`+effect+`"}`))
		if a.code() != want.code || strings.Contains(string(a.body), "secret text") || a.fault()["error_source"] != "flint" {
			t.Errorf("%s: %s", effect, a.body)
		}
	}
	if log := r.logs.String(); !strings.Contains(log, "secret text of a panic") || !strings.Contains(log, "conventions_test.go") {
		t.Error("the panic and where it came from are not in the log")
	}
	if strings.Contains(r.logs.String(), r.a.test) {
		t.Error("the key is in the log")
	}
}

func TestKeptFaultIsRepeated(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		var effects []string
		r := newRig(t, d, probes(&effects))
		body := `{"name":"abc","amount":5,"effect":"kept"}`
		first := r.want(t, 402, r.call(t, "POST", "/v1/orders", r.a.test, body, "Idempotency-Key: k"))
		again := r.want(t, 402, r.call(t, "POST", "/v1/orders", r.a.test, body, "Idempotency-Key: k"))
		if first.code() != "CARD_DECLINED" || again.code() != "CARD_DECLINED" || again.header.Get("Idempotency-Replayed") != "true" || len(effects) != 1 {
			t.Errorf("%d effects, %s, %s", len(effects), first.body, again.body)
		}
		if a := r.want(t, 409, r.call(t, "POST", "/v1/orders", r.a.test, okBody, "Idempotency-Key: k")); a.code() != "IDEMPOTENCY_KEY_REUSED" {
			t.Errorf("another body: %s", a.body)
		}
		r.want(t, 201, r.call(t, "POST", "/v1/orders", r.b.test, okBody, "Idempotency-Key: k"))
	})
}

func TestScopes(t *testing.T) {
	t.Parallel()
	r := newRig(t, dbtest.Open(t, db.SQLite))
	mint := func(scopes string) string {
		a := r.want(t, 201, r.call(t, "POST", "/v1/api-keys", r.a.live, `{"name":"x","scopes":[`+scopes+`]}`))
		return a.data()["secret_key"].(string)
	}
	reader, writer := mint(`"accounts.api_keys.read"`), mint(`"accounts.api_keys.write"`)
	r.want(t, 200, r.call(t, "GET", "/v1/api-keys", reader, ""))
	r.want(t, 200, r.call(t, "GET", "/v1/api-keys", writer, ""))
	a := r.want(t, 403, r.call(t, "POST", "/v1/api-keys", reader, `{"name":"x","scopes":["customers.read"]}`))
	need, _ := a.fault()["scope_requirement"].(map[string]any)
	if a.code() != "INSUFFICIENT_SCOPE" || need["mode"] != "all" || fmt.Sprint(a.fault()["missing_scopes"]) != "[accounts.api_keys.write]" {
		t.Errorf("%s", a.body)
	}
	a = r.want(t, 400, r.call(t, "POST", "/v1/api-keys", writer, `{"name":"x","scopes":["customers.read","nope","nope","accounts.api_keys.read"]}`))
	var codes []string
	for _, d := range a.fault()["details"].([]any) {
		codes = append(codes, d.(map[string]any)["code"].(string))
	}
	if !slices.Equal(codes, []string{"SCOPE_NOT_ALLOWED", "UNKNOWN_SCOPE", "UNKNOWN_SCOPE", "SCOPE_NOT_ALLOWED"}) {
		t.Errorf("handing scopes on: %v", codes)
	}
	if a := r.want(t, 403, r.call(t, "PATCH", "/v1/api-keys/"+r.a.liveKey.ID, writer, `{"name":"mine"}`)); a.code() != "API_KEY_MANAGEMENT_FORBIDDEN" {
		t.Errorf("changing a stronger key: %s", a.body)
	}
}

func TestEveryRowIsSound(t *testing.T) {
	t.Parallel()
	paths := map[string]bool{}
	for _, r := range httpapi.Routes() {
		if paths[r.Method+r.Path] || !strings.HasPrefix(r.Path, "/v1/") && !strings.HasPrefix(r.Path, "/.well-known/") || r.By == 0 || r.Status == 0 {
			t.Errorf("row %s is not sound", r.ID)
		}
		paths[r.Method+r.Path] = true
		if r.By&auth.InstallToken != 0 && r.AppNeed.Empty() {
			t.Errorf("%s lets apps in and asks them for no scope", r.ID)
		}
		if r.By&^(auth.InstallToken|auth.APIKey) == 0 && r.By&auth.APIKey != 0 && r.Need.Empty() && r.ID != "getDeveloperAuthContext" {
			t.Errorf("%s asks API keys for no scope", r.ID)
		}
		if (r.Method == "GET") != (r.Tier == httpapi.TierRead) && r.Tier == httpapi.TierRead && r.Key != httpapi.KeyNone {
			t.Errorf("%s changes something in the read tier", r.ID)
		}
	}
}

func TestRateLimits(t *testing.T) {
	t.Parallel()
	limits := httpapi.DefaultLimits()
	limits.Key[httpapi.TierRead] = httpapi.Rate{PerSecond: 1, Burst: 3}
	r := newRigWith(t, dbtest.Open(t, db.SQLite), func(c *httpapi.Config) { c.Limits = limits })
	for range 3 {
		r.want(t, 200, r.call(t, "GET", "/v1/developer/auth-context", r.a.test, ""))
	}
	a := r.want(t, 429, r.call(t, "GET", "/v1/developer/auth-context", r.a.test, ""))
	if a.code() != "RATE_LIMIT_EXCEEDED" || a.header.Get("Retry-After") != "1" || a.header.Get("Flint-Rate-Limited-Reason") != "api-key" {
		t.Errorf("%s %v", a.body, a.header)
	}
	r.want(t, 200, r.call(t, "GET", "/v1/developer/auth-context", r.b.test, ""))
	r.clock.Set(start.Add(1500 * time.Millisecond))
	r.want(t, 200, r.call(t, "GET", "/v1/developer/auth-context", r.a.test, ""))
}

func TestStagedOperationIsResumed(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		starts, finishes, fail := 0, 0, true
		r := newRig(t, d, func(a *httpapi.API) {
			httpapi.Staged(a, "createRefund", httpapi.Steps[probeInput, Probe]{
				Start: func(context.Context, db.Tx, *httpapi.Caller, *probeInput) (string, error) {
					starts++
					return "prop_1", nil
				},
				Finish: func(ctx context.Context, c *httpapi.Caller, in *probeInput, subject string, settle func(db.Tx, Probe) error) (Probe, error) {
					finishes++
					if fail {
						fail = false
						return Probe{}, fault.Unavailable("PAYMENT_PROCESSOR_ERROR", "The processor did not answer.")
					}
					out := Probe{Name: subject, Amount: in.Body.Amount}
					return out, d.Write(ctx, func(tx db.Tx) error { return settle(tx, out) })
				},
			})
		})
		r.want(t, 503, r.call(t, "POST", "/v1/refunds", r.a.test, okBody, "Idempotency-Key: k"))
		done := r.want(t, 201, r.call(t, "POST", "/v1/refunds", r.a.test, okBody, "Idempotency-Key: k"))
		again := r.want(t, 201, r.call(t, "POST", "/v1/refunds", r.a.test, okBody, "Idempotency-Key: k"))
		if starts != 1 || finishes != 2 || done.data()["name"] != "prop_1" || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("%d starts, %d finishes: %s, %s", starts, finishes, done.body, again.body)
		}
	})
}

func TestScopeOfNobodyIsRefused(t *testing.T) {
	t.Parallel()
	r := newRigWith(t, dbtest.Open(t, db.SQLite), func(c *httpapi.Config) {
		c.Verify = map[auth.Kind]httpapi.Verify{auth.APIKey: func(context.Context, string, string) (auth.Principal, error) {
			return auth.Principal{Kind: auth.APIKey, ID: "key_1", Scope: tenant.Scope{MerchantID: "mer_1"}, Scopes: auth.AllScopes()}, nil
		}}
	})
	if a := r.call(t, "GET", "/v1/merchant", auth.PrefixTestKey+"x", ""); a.status != 500 {
		t.Errorf("a principal without an environment got through: %s", a.body)
	}
}
