package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestAnAppIsWrittenAndBuilds: the modules of the starter are those of this repository, in versions and
// checksums, so that it builds where Flint was built, without network.
func TestAnAppIsWrittenAndBuilds(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "loyalty")
	if err := (&appInitCmd{Dir: dir, Lang: "go", Name: "Loyalty No. 1"}).Run(); err != nil {
		t.Fatal(err)
	}
	vet := exec.CommandContext(t.Context(), "go", "vet", "./...")
	vet.Dir = dir
	vet.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly")
	if out, err := vet.CombinedOutput(); err != nil {
		t.Errorf("the app does not build: %v\n%s", err, out)
	}
	for name, want := range map[string]string{
		"app.go": `const appName = "Loyalty No. 1"`, "go.mod": "module loyalty-no-1\n", "README.md": "# Loyalty No. 1\n", ".gitignore": ".env\n",
	} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !strings.Contains(string(got), want) {
			t.Errorf("%s says %.200s, %v, want %q", name, got, err, want)
		}
	}
}

func TestAnAppIsWrittenIntoAnEmptyFolderOnly(t *testing.T) {
	t.Parallel()
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "notes"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []appInitCmd{
		{Dir: full, Lang: "go", Name: "Loyalty"},
		{Dir: t.TempDir(), Lang: "go", Name: `"; os.Exit(1)`},
		{Dir: t.TempDir(), Lang: "go", Name: "<script>"},
	} {
		if err := c.Run(); err == nil {
			t.Errorf("%+v was written", c)
		}
	}
}

// partnerAPI takes registrations; refuse names a path that it refuses.
func partnerAPI(t *testing.T, refuse string) (*httptest.Server, map[string]map[string]any) {
	t.Helper()
	got := map[string]map[string]any{}
	answers := map[string]string{
		"/v1/developer/partner/apps": `{"partner_app_id":"papp_1","client_id":"fpc_1","client_secret":"fps_1","name":"Loyalty"}`,
		"/v1/webhook-endpoints":      `{"webhook_endpoint_id":"whep_1","secret":"whsec_1"}`,
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in := map[string]any{}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.Header.Get("Authorization") != "Bearer flint_live_k" {
			t.Errorf("%s: %v, %s", r.URL.Path, err, r.Header.Get("Authorization"))
		}
		got[r.URL.Path] = in
		if r.URL.Path == refuse {
			w.WriteHeader(http.StatusConflict)
			_, _ = fmt.Fprint(w, `{"error":{"code":"RESOURCE_LIMIT_EXCEEDED","message":"There are enough.","remediation":{"next_steps":"Delete one."}}}`)
			return
		}
		_, _ = fmt.Fprintf(w, `{"data":%s}`, answers[r.URL.Path])
	}))
	t.Cleanup(s.Close)
	return s, got
}

func register(t *testing.T, base, env string) error {
	t.Helper()
	permissions := filepath.Join(t.TempDir(), "permissions.json")
	if err := os.WriteFile(permissions, []byte(`[{"permission_id":"orders"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	return (&appRegisterCmd{
		BaseURL: base + "/", APIKey: "flint_live_k", Name: "Loyalty", RedirectURI: "http://127.0.0.1:3000/callback",
		WebhookURL: "http://127.0.0.1:3000/webhooks", Permissions: permissions, Events: []string{"order.paid"}, Mode: "test", Env: env,
	}).Run(t.Context())
}

func TestAnAppIsRegistered(t *testing.T) {
	t.Parallel()
	api, got := partnerAPI(t, "")
	env := filepath.Join(t.TempDir(), ".env")
	if err := register(t, api.URL, env); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(env)
	if err != nil {
		t.Fatal(err)
	}
	want := "FLINT_BASE_URL=" + api.URL + "\nFLINT_PARTNER_APP_ID=papp_1\nFLINT_CLIENT_ID=fpc_1\nFLINT_CLIENT_SECRET=fps_1\n" +
		"FLINT_REDIRECT_URI=http://127.0.0.1:3000/callback\nFLINT_MODE=test\nAPP_ADDR=127.0.0.1:3000\nFLINT_WEBHOOK_SECRETS=whsec_1\n"
	if _, lines, _ := strings.Cut(string(raw), "\n"); lines != want {
		t.Errorf("the file says\n%s\nwant\n%s", lines, want)
	}
	if info, err := os.Stat(env); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info.Mode(), err)
	}
	hook := got["/v1/webhook-endpoints"]
	events, _ := hook["enabled_events"].([]any)
	if hook["partner_app_id"] != "papp_1" || !slices.Contains(events, any("order.paid")) || !slices.Contains(events, any("partner_app.install.revoked")) {
		t.Errorf("the endpoint was asked for as %v", hook)
	}
	if err := register(t, api.URL, env); err == nil || !strings.Contains(err.Error(), "move it away") {
		t.Errorf("a second registration over the first one's secrets: %v", err)
	}
}

// TestTheSecretSurvivesAHalfRegistration: it is shown once.
func TestTheSecretSurvivesAHalfRegistration(t *testing.T) {
	t.Parallel()
	api, _ := partnerAPI(t, "/v1/webhook-endpoints")
	env := filepath.Join(t.TempDir(), ".env")
	err := register(t, api.URL, env)
	if err == nil || !strings.Contains(err.Error(), "papp_1") || !strings.Contains(err.Error(), "There are enough. Delete one. (RESOURCE_LIMIT_EXCEEDED)") {
		t.Errorf("it says %v", err)
	}
	if raw, err := os.ReadFile(env); err != nil || !strings.Contains(string(raw), "FLINT_CLIENT_SECRET=fps_1\n") {
		t.Errorf("%s, %v", raw, err)
	}
}
