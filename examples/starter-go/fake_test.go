package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"golang.org/x/oauth2"
)

var webhookSecret = "whsec_" + base64.StdEncoding.EncodeToString([]byte("for the tests of this app alone"))

// fakeFlint answers what the app asks of Flint, so that the tests need no network.
type fakeFlint struct {
	*httptest.Server
	mu         sync.Mutex
	challenge  string // of the last visit to the consent page
	refreshes  int
	access     string // the token that works
	refresh    string // the refresh token that works
	order      string // JSON of every order
	refuseNext bool   // the next call gets 401
	status     int    // of the answers about orders
}

func newFake(t *testing.T) *fakeFlint {
	t.Helper()
	f := &fakeFlint{status: http.StatusOK, order: `{"order_id":"ord_1","payment_status":"paid","pricing_amounts":{"total_money":{"amount":1400,"currency":"USD"}}}`}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/oauth/authorize", f.authorize)
	mux.HandleFunc("POST /v1/oauth/token", f.token)
	mux.HandleFunc("GET /v1/orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.refuseNext || r.Header.Get("Authorization") != "Bearer "+f.access {
			f.refuseNext = false
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":{"code":"INVALID_API_KEY","message":"no","request_id":"r1"}}`)
			return
		}
		w.WriteHeader(f.status)
		if f.status != http.StatusOK {
			fmt.Fprint(w, f.order)
			return
		}
		fmt.Fprintf(w, `{"data":%s}`, f.order)
	})
	f.Server = httptest.NewServer(mux)
	t.Cleanup(f.Close)
	return f
}

// authorize is the consent page of a merchant who agrees at once.
func (f *fakeFlint) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	f.mu.Lock()
	defer f.mu.Unlock()
	if q.Get("code_challenge_method") != "S256" || q.Get("mode") != "test" || q.Get("response_type") != "code" {
		http.Error(w, "bad link", http.StatusBadRequest)
		return
	}
	f.challenge = q.Get("code_challenge")
	back := url.Values{"code": {"fpac_1"}, "state": {q.Get("state")}, "iss": {f.URL}}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

func (f *fakeFlint) token(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	first := r.FormValue("grant_type") == "authorization_code" && r.FormValue("code") == "fpac_1" &&
		oauth2.S256ChallengeFromVerifier(r.FormValue("code_verifier")) == f.challenge
	again := r.FormValue("grant_type") == "refresh_token" && r.FormValue("refresh_token") == f.refresh
	if r.FormValue("client_secret") != "fps_secret" || !first && !again {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"invalid_grant"}`)
		return
	}
	if again {
		f.refreshes++
	}
	f.access, f.refresh = fmt.Sprintf("fpat_v1.%d", f.refreshes), fmt.Sprintf("fprt_%d", f.refreshes)
	fmt.Fprintf(w, `{"access_token":%q,"refresh_token":%q,"token_type":"bearer","expires_in":3600,"scope":"commerce.orders.read",
		"environment_grant_id":"egrt_1","partner_app_install_id":"pinst_1","merchant_id":"mer_1","mode":"test"}`, f.access, f.refresh)
}

// start returns the app, its address and a browser for it.
func start(t *testing.T, f *fakeFlint) (*app, string, *http.Client) {
	t.Helper()
	s, err := openStore(filepath.Join(t.TempDir(), "store.json"))
	if err != nil {
		t.Fatal(err)
	}
	a := newApp(config{BaseURL: f.URL, ClientID: "fpc_1", ClientSecret: "fps_secret", WebhookSecrets: []string{webhookSecret}, Mode: "test"}, s)
	server := httptest.NewServer(a.routes())
	t.Cleanup(server.Close)
	a.config.RedirectURI = server.URL + "/callback"
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return a, server.URL, &http.Client{Jar: jar}
}

// deliver posts a signed webhook as Flint does and returns the status.
func deliver(t *testing.T, address, secret, id, body string, at time.Time) int {
	t.Helper()
	hook, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := hook.Sign(id, at, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return post(t, address+"/webhooks", body, map[string]string{
		"webhook-id": id, "webhook-timestamp": strconv.FormatInt(at.Unix(), 10), "webhook-signature": signature,
	})
}
