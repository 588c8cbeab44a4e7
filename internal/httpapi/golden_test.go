package httpapi_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/httpapi"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file of testdata; go test -update writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; go test -update writes it", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; read the change and run go test -update\ngot:\n%s", path, got)
	}
}

func pretty(t *testing.T, body []byte) []byte {
	t.Helper()
	v := jsontext.Value(bytes.Clone(body))
	if err := v.Indent(jsontext.WithIndent("  ")); err != nil {
		t.Fatal(err)
	}
	return append(v, '\n')
}

func TestGoldenAnswers(t *testing.T) {
	t.Parallel()
	r := newRig(t, dbtest.Open(t, db.SQLite))
	hide := strings.NewReplacer(r.a.Merchant.ID, "mer_A", r.a.Merchant.OrganizationID, "org_A", r.a.Sandbox.Scope.EnvironmentID, "test_A", r.a.Live.Scope.EnvironmentID, "menv_A",
		r.a.testKey.ID, "key_TEST", r.a.liveKey.ID, "key_LIVE", r.a.testKey.Prefix, "flint_test_XXXXXXXX", r.a.liveKey.Prefix, "flint_live_XXXXXXXX")
	for name, c := range map[string]struct{ method, path, key, body string }{
		"merchant":      {"GET", "/v1/merchant", r.a.test, ""},
		"auth_context":  {"GET", "/v1/developer/auth-context", r.a.test, ""},
		"sandboxes":     {"GET", "/v1/developer/sandboxes", r.a.live, ""},
		"sandbox":       {"GET", "/v1/developer/sandboxes/" + r.a.Sandbox.Scope.EnvironmentID, r.a.live, ""},
		"api_key":       {"GET", "/v1/api-keys/" + r.a.liveKey.ID, r.a.live, ""},
		"error_faults":  {"POST", "/v1/api-keys", r.a.live, `{"scopes":[],"Name":"x","expires_at":1}`},
		"error_auth":    {"GET", "/v1/merchant", "", ""},
		"error_route":   {"GET", "/v1/nowhere", "", ""},
		"error_missing": {"GET", "/v1/api-keys/key_01J00000000000000000000000", r.a.live, ""},
	} {
		a := r.call(t, c.method, c.path, c.key, c.body, "X-Request-Id: golden")
		golden(t, "answers/"+name+".json", []byte(hide.Replace(string(pretty(t, a.body)))))
	}
}

func TestGoldenOpenAPI(t *testing.T) {
	t.Parallel()
	build := func() (*httpapi.API, []byte) {
		a := httpapi.New(httpapi.Config{})
		httpapi.Accounts(a, nil, nil)
		httpapi.Register(a, &httpapi.Services{})
		httpapi.RegisterOpenAPI(a)
		return a, a.EncodeDocument()
	}
	_, doc := build()
	_, again := build()
	if !bytes.Equal(doc, again) {
		t.Error("the document is not the same twice")
	}
	golden(t, "../../../docs/openapi.json", doc) // the committed document is the golden file
}

// TestRowsWithoutHandler holds the list of what the table promises and nobody serves yet. A new handler
// takes its line out of testdata/awaited.txt; a new row without handler fails here.
func TestRowsWithoutHandler(t *testing.T) {
	t.Parallel()
	a := httpapi.New(httpapi.Config{})
	httpapi.Accounts(a, nil, nil)
	httpapi.Register(a, &httpapi.Services{})
	httpapi.RegisterOpenAPI(a)
	missing := a.Missing()
	slices.Sort(missing)
	golden(t, "awaited.txt", []byte(strings.Join(missing, "\n")+"\n"))
}
