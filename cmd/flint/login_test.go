package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"
)

// signInServer lets a device in at its second question, or declines it.
type signInServer struct {
	*httptest.Server
	polls, refreshes, revoked int
	decline                   bool
}

func newSignInServer(t *testing.T) *signInServer {
	t.Helper()
	s := &signInServer{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/oauth/device_authorization", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("client_id") != "flint-cli" {
			t.Errorf("the client is %q", r.FormValue("client_id"))
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, `{"device_code":"fdev_1","user_code":"BCDF-GHJK","verification_uri":"http://flint/device","expires_in":600,"interval":1}`)
	})
	mux.HandleFunc("POST /v1/oauth/token", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.FormValue("refresh_token") == fmt.Sprintf("clir_%d", s.refreshes):
			s.refreshes++
		case r.FormValue("device_code") != "fdev_1":
			t.Errorf("asked with %v", r.Form)
		case s.decline:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprint(w, `{"error":"access_denied"}`)
			return
		case s.polls == 0:
			s.polls++
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprint(w, `{"error":"authorization_pending"}`)
			return
		}
		_, _ = fmt.Fprintf(w, `{"access_token":"clia_%d","token_type":"Bearer","expires_in":900,"refresh_token":"clir_%d","scope":"customers.read"}`, s.refreshes, s.refreshes)
	})
	mux.HandleFunc("POST /v1/oauth/revoke", func(_ http.ResponseWriter, r *http.Request) {
		if r.FormValue("token") == fmt.Sprintf("clir_%d", s.refreshes) {
			s.revoked++
		}
	})
	mux.HandleFunc("GET /v1/developer/auth-context", func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != fmt.Sprintf("Bearer clia_%d", s.refreshes) {
			t.Errorf("asked who it is with %s", got)
		}
		_, _ = fmt.Fprint(w, `{"data":{"auth_type":"oauth","environment":"sandbox","merchant_id":"mer_1","sandbox_id":"test_1","scopes":["customers.read"]}}`)
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func TestSignInRefreshSignOut(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	s := newSignInServer(t)
	if err := (&whoamiCmd{}).Run(t.Context()); !errors.Is(err, errSignedOut) {
		t.Errorf("before the sign-in: %v", err)
	}
	if err := (&loginCmd{BaseURL: s.URL + "/"}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	path, err := credentialsFile()
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the credentials: %v, %v", info, err)
	}
	c, err := readCredentials()
	if err != nil {
		t.Fatal(err)
	}
	c.ExpiresAt = time.Now()
	if err := c.write(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := (&whoamiCmd{JSON: true}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if s.refreshes != 1 {
		t.Errorf("%d refreshes, want 1", s.refreshes)
	}
	if err := (logoutCmd{}).Run(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); s.revoked != 1 || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%d revoked, the file: %v", s.revoked, err)
	}
	if err := (logoutCmd{}).Run(t.Context()); err != nil {
		t.Errorf("signing out twice: %v", err)
	}
}

func TestADeclinedSignInSaysSo(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	s := newSignInServer(t)
	s.decline = true
	err := (&loginCmd{BaseURL: s.URL}).Run(t.Context())
	if err == nil || err.Error() != "sign in: it was declined in the browser" {
		t.Errorf("it says %v", err)
	}
	if _, err := readCredentials(); !errors.Is(err, errSignedOut) {
		t.Errorf("credentials were kept: %v", err)
	}
}
