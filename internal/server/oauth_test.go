package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/auth/oauth"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/httpapi"
	"flint/internal/mail"
	"flint/internal/merchant"
	"flint/internal/notification"
	"flint/internal/secret"
	"flint/internal/server"
)

// partner is a running server with a partner's app and a merchant who may install it.
type partner struct {
	*server.Server
	url    string
	http   *httptest.Server
	app    *app.App
	secret string
	owner  merchant.Created // of the app
	shop   merchant.Created
	user   string
	log    *lines
}

// lines is a log that can be read while it is written.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

const appCallback = "https://app.example/cb"

func eachPartner(t *testing.T, test func(t *testing.T, p *partner)) {
	for _, engine := range dbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(t, newPartner(t, server.Config{Database: dbtest.OpenURL(t, engine)}))
		})
	}
}

func newPartner(t *testing.T, c server.Config) *partner {
	t.Helper()
	p := &partner{log: &lines{}, http: httptest.NewUnstartedServer(nil)}
	p.url = "http://" + p.http.Listener.Addr().String()
	c.DataDir, c.BaseURL, c.Log = t.TempDir(), p.url, slog.New(slog.NewJSONHandler(p.log, nil))
	var err error
	if p.Server, err = server.Open(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	p.http.Config.Handler = p.Handler()
	p.http.Start()
	t.Cleanup(func() {
		p.http.Close()
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	p.write(t, func(tx db.Tx) error {
		create := func(email string) (merchant.Created, error) {
			return p.Merchants.Create(tx.Context(), tx, merchant.CreateInput{Email: email, BusinessName: "Shop", APIVersion: httpapi.Version, Now: p.Clock.Now()})
		}
		owner, err := create("owner@app.test")
		if err != nil {
			return err
		}
		p.owner = owner
		if p.shop, err = create("ann@shop.test"); err != nil {
			return err
		}
		user, err := p.Keys.CreateUser(tx.Context(), tx, auth.CreateUserInput{MerchantID: p.shop.Merchant.ID, Email: "ann@shop.test",
			Password: secret.NewText("correct horse battery"), Now: p.Clock.Now()})
		if err != nil {
			return err
		}
		p.user = user.ID
		a, text, err := p.Apps.Create(tx.Context(), tx, app.CreateInput{Scope: owner.Live.Scope, Name: "Loyalty", RedirectURIs: []string{appCallback},
			Manifest: []app.Permission{{ID: "orders", Title: "Orders", Description: "Read and change orders.",
				Scopes: []string{"commerce.orders.read", "commerce.orders.write", "merchants.profile.read"}}}, Versions: []string{httpapi.Version}, Now: p.Clock.Now()})
		p.app, p.secret = a, text.Reveal()
		return err
	})
	return p
}

func (p *partner) write(t *testing.T, f func(tx db.Tx) error) {
	t.Helper()
	if err := p.DB.Write(context.WithoutCancel(t.Context()), f); err != nil {
		t.Fatal(err)
	}
}

// approve is what the consent page does with an install link; it returns where the browser is sent.
func (p *partner) approve(t *testing.T, link string) *url.URL {
	t.Helper()
	at, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	in, err := oauth.ReadAuthorize(at.Query())
	if err != nil {
		t.Fatal(err)
	}
	var location string
	p.write(t, func(tx db.Tx) error {
		req, err := p.OAuth.CheckAuthorize(tx, in)
		if err != nil {
			return err
		}
		_, g, err := p.Apps.Consent(tx.Context(), tx, app.ConsentInput{App: req.App, Scope: p.shop.Sandbox.Scope, UserID: p.user, Holder: auth.AllScopes(),
			PermissionIDs: req.PermissionIDs, Now: p.Clock.Now()})
		if err != nil {
			return err
		}
		code, err := p.OAuth.IssueCode(tx.Context(), tx, oauth.CodeInput{App: req.App, Grant: g, UserID: p.user, RedirectURI: req.RedirectURI,
			Challenge: req.Challenge, Now: p.Clock.Now()})
		location = req.Approved(code)
		return err
	})
	back, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	return back
}

func (p *partner) config(style oauth2.AuthStyle) *oauth2.Config {
	return &oauth2.Config{ClientID: p.app.ClientID, ClientSecret: p.secret, RedirectURL: appCallback,
		Endpoint: oauth2.Endpoint{AuthURL: p.url + "/v1/oauth/authorize", TokenURL: p.url + "/v1/oauth/token", AuthStyle: style,
			DeviceAuthURL: p.url + "/v1/oauth/device_authorization"}}
}

func TestGoOAuth2Client(t *testing.T) {
	t.Parallel()
	eachPartner(t, func(t *testing.T, p *partner) {
		for name, style := range map[string]oauth2.AuthStyle{"detected": oauth2.AuthStyleAutoDetect, "header": oauth2.AuthStyleInHeader, "body": oauth2.AuthStyleInParams} {
			config, verifier := p.config(style), oauth2.GenerateVerifier()
			back := p.approve(t, config.AuthCodeURL("state-1", oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("mode", "test")))
			if q := back.Query(); q.Get("state") != "state-1" || q.Get("iss") != p.url {
				t.Fatalf("%s: %v", name, q)
			}
			token, err := config.Exchange(t.Context(), back.Query().Get("code"), oauth2.VerifierOption(verifier))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if token.Type() != "Bearer" || token.RefreshToken == "" || token.Extra("partner_app_id") != p.app.ID || token.Extra("mode") != "test" ||
				token.Extra("merchant_id") != p.shop.Merchant.ID || token.Extra("scope") != "commerce.orders.read commerce.orders.write merchants.profile.read" {
				t.Fatalf("%s: %+v", name, token)
			}
			old := token.RefreshToken
			token.Expiry = time.Now().Add(-time.Hour) // so that the client refreshes before it calls
			source := config.TokenSource(t.Context(), token)
			res, err := oauth2.NewClient(t.Context(), source).Get(p.url + "/v1/merchant")
			if err != nil || res.StatusCode != 200 || res.Header.Get("Flint-Sandbox-Id") != p.shop.Sandbox.Scope.EnvironmentID {
				t.Fatalf("%s: %v, %v", name, res, err)
			}
			res.Body.Close()
			if next, err := source.Token(); err != nil || next.RefreshToken == old {
				t.Errorf("%s: the refresh token did not rotate: %v", name, err)
			}
			if _, err := config.Exchange(t.Context(), back.Query().Get("code"), oauth2.VerifierOption(verifier)); err == nil {
				t.Errorf("%s: the code works twice", name)
			} else if re := new(oauth2.RetrieveError); !asRetrieve(err, &re) || re.ErrorCode != "invalid_grant" {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := source.Token(); err != nil { // a live access token is not asked for again
				t.Error(err)
			}
			res, err = oauth2.NewClient(t.Context(), source).Get(p.url + "/v1/merchant")
			if err != nil || res.StatusCode != 401 {
				t.Errorf("%s: after the code came again: %v, %v", name, res, err)
			}
			res.Body.Close()
		}
	})
}

func asRetrieve(err error, into **oauth2.RetrieveError) bool {
	re, ok := err.(*oauth2.RetrieveError) //nolint:errorlint // what the library documents
	*into = re
	return ok
}

// post sends a body and returns status, header and members of the answer.
func (p *partner) post(t *testing.T, path, media, body string, header ...string) (int, http.Header, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", p.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if media != "" {
		req.Header.Set("Content-Type", media)
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Add(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	var out map[string]any
	if err != nil || json.Unmarshal(raw, &out) != nil {
		t.Fatalf("%s answered %q, %v", path, raw, err)
	}
	return res.StatusCode, res.Header, out
}

const (
	formMedia = "application/x-www-form-urlencoded"
	jsonMedia = "application/json"
)

func (p *partner) form(more ...string) string {
	v := url.Values{"client_id": {p.app.ClientID}, "client_secret": {p.secret}}
	for i := 0; i < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return v.Encode()
}

// tokens installs the app and returns an access and a refresh token.
func (p *partner) tokens(t *testing.T) (access, refresh string) {
	t.Helper()
	code := p.approve(t, p.config(0).AuthCodeURL("s", oauth2.SetAuthURLParam("mode", "test"))).Query().Get("code")
	status, _, got := p.post(t, "/v1/oauth/token", formMedia, p.form("grant_type", "authorization_code", "code", code, "redirect_uri", appCallback))
	if status != 200 {
		t.Fatal(got)
	}
	return got["access_token"].(string), got["refresh_token"].(string)
}

func TestTokenEndpointSpeaksOAuth(t *testing.T) {
	t.Parallel()
	eachPartner(t, func(t *testing.T, p *partner) {
		id, password := p.app.ClientID, p.secret
		quoted := func(v any) string { b, _ := json.Marshal(v); return string(b) }
		basic := func(id, password string) string {
			r := http.Request{Header: http.Header{}}
			r.SetBasicAuth(id, password)
			return "Authorization: " + r.Header.Get("Authorization")
		}
		cases := map[string]struct {
			media, body string
			header      []string
			status      int
			code        string
		}{
			"no grant type":         {formMedia, p.form(), nil, 400, "invalid_request"},
			"unknown grant type":    {formMedia, p.form("grant_type", "password"), nil, 400, "unsupported_grant_type"},
			"client credentials":    {formMedia, p.form("grant_type", "client_credentials"), nil, 400, "unsupported_grant_type"},
			"no code":               {formMedia, p.form("grant_type", "authorization_code", "redirect_uri", appCallback), nil, 400, "invalid_request"},
			"no redirect URI":       {formMedia, p.form("grant_type", "authorization_code", "code", "fpac_x"), nil, 400, "invalid_request"},
			"unknown code":          {formMedia, p.form("grant_type", "authorization_code", "code", "fpac_x", "redirect_uri", appCallback), nil, 400, "invalid_grant"},
			"unknown refresh token": {formMedia, p.form("grant_type", "refresh_token", "refresh_token", "fprt_x"), nil, 400, "invalid_grant"},
			"no client":             {formMedia, "grant_type=refresh_token&refresh_token=fprt_x", nil, 400, "invalid_request"},
			"wrong secret":          {formMedia, p.form("client_secret", "fps_wrong"), nil, 401, "invalid_client"},
			"no secret":             {formMedia, "client_id=" + id, nil, 401, "invalid_client"},
			"unknown client":        {formMedia, p.form("client_id", "fpc_nobody"), nil, 401, "invalid_client"},
			"given twice":           {formMedia, p.form("grant_type", "refresh_token") + "&client_id=" + id, nil, 400, "invalid_request"},
			"wrong in Basic":        {formMedia, "grant_type=refresh_token&refresh_token=fprt_x", []string{basic(id, "fps_wrong")}, 401, "invalid_client"},
			"Bearer":                {formMedia, "grant_type=refresh_token&refresh_token=fprt_x", []string{"Authorization: Bearer x"}, 401, "invalid_client"},
			"Basic and body":        {formMedia, p.form("grant_type", "refresh_token"), []string{basic(id, password)}, 400, "invalid_request"},
			"Basic of another":      {formMedia, "client_id=fpc_other&grant_type=refresh_token&refresh_token=x", []string{basic(id, password)}, 400, "invalid_request"},
			"good Basic":            {formMedia, "grant_type=refresh_token&refresh_token=fprt_x", []string{basic(url.QueryEscape(id), url.QueryEscape(password))}, 400, "invalid_grant"},
			"JSON":                  {jsonMedia, `{"grant_type":"refresh_token","refresh_token":"fprt_x","client_id":` + quoted(id) + `,"client_secret":` + quoted(password) + `}`, nil, 400, "invalid_grant"},
			"JSON, unknown member":  {jsonMedia, `{"grant_type":"refresh_token","refresh_token":"x","resource":["y"],"client_id":` + quoted(id) + `,"client_secret":` + quoted(password) + `}`, nil, 400, "invalid_grant"},
			"JSON twice":            {jsonMedia, `{"client_id":"a","client_id":"b"}`, nil, 400, "invalid_request"},
			"JSON array":            {jsonMedia, `["a"]`, nil, 400, "invalid_request"},
			"no JSON":               {jsonMedia, `{`, nil, 400, "invalid_request"},
			"text":                  {"text/plain", p.form("grant_type", "refresh_token"), nil, 400, "invalid_request"},
			"no media type":         {"", p.form("grant_type", "refresh_token"), nil, 400, "invalid_request"},
			"large":                 {formMedia, p.form("grant_type", "refresh_token", "x", strings.Repeat("a", 20<<10)), nil, 400, "invalid_request"},
			"huge":                  {formMedia, p.form("x", strings.Repeat("a", 2<<20)), nil, 400, "invalid_request"},
			"foreign version":       {formMedia, p.form("grant_type", "refresh_token", "refresh_token", "x"), []string{"Flint-Version: 1999-01-01"}, 400, "invalid_request"},
			"the command line":      {formMedia, "client_id=flint-cli&grant_type=authorization_code&code=x&redirect_uri=y", nil, 400, "unauthorized_client"},
		}
		for name, c := range cases {
			status, header, got := p.post(t, "/v1/oauth/token", c.media, c.body, c.header...)
			if status != c.status || got["error"] != c.code || got["error_description"] == "" || got["data"] != nil || got["request_id"] != nil {
				t.Errorf("%s: %d %v", name, status, got)
			}
			if header.Get("Cache-Control") != "no-store" || header.Get("Pragma") != "no-cache" || header.Get("Content-Type") != jsonMedia {
				t.Errorf("%s: %v", name, header)
			}
			if (header.Get("WWW-Authenticate") != "") != (status == 401) {
				t.Errorf("%s: WWW-Authenticate is %q", name, header.Get("WWW-Authenticate"))
			}
		}
		status, _, got := p.post(t, "/v1/oauth/token?client_secret="+password, formMedia, p.form("grant_type", "refresh_token"))
		if status != 400 || got["error"] != "invalid_request" {
			t.Errorf("a secret in the URL: %d %v", status, got)
		}
		for _, hidden := range []string{password, "fps_"} {
			if strings.Contains(p.log.String(), hidden) {
				t.Errorf("the log holds %s…", hidden[:4])
			}
		}
	})
}

func TestTokenInTheURLIsNoCredential(t *testing.T) {
	t.Parallel()
	eachPartner(t, func(t *testing.T, p *partner) {
		access, _ := p.tokens(t)
		for _, path := range []string{"/v1/merchant?access_token=", "/v1/merchant?token=", "/v1/merchant?api_key="} {
			res, err := http.Get(p.url + path + access)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != 401 {
				t.Errorf("%s: %d", path, res.StatusCode)
			}
		}
		status, _, got := p.post(t, "/v1/orders", formMedia, "access_token="+access)
		if status != 401 {
			t.Errorf("in a form: %d %v", status, got)
		}
	})
}

func TestTheAppIsTheActor(t *testing.T) {
	t.Parallel()
	eachPartner(t, func(t *testing.T, p *partner) {
		access, _ := p.tokens(t)
		bearer := "Authorization: Bearer " + access
		status, _, got := p.post(t, "/v1/orders", jsonMedia, `{"line_items":[{"name":"Mug","unit_price_money":{"amount":3499,"currency":"USD"}}]}`, bearer)
		if status != 201 {
			t.Fatalf("%d %v", status, got)
		}
		orderID := got["data"].(map[string]any)["order_id"].(string)
		req, _ := http.NewRequest("GET", p.url+"/v1/orders/"+orderID+"/activities", nil)
		req.Header.Set("Authorization", "Bearer "+access)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		raw, _ := io.ReadAll(res.Body)
		if res.StatusCode != 200 || !strings.Contains(string(raw), `"actor_type":"app","actor_id":"`+p.app.ID+`"`) {
			t.Errorf("the activities do not name the app: %s", raw)
		}
		if !strings.Contains(p.log.String(), `"app_id":"`+p.app.ID+`","grant_id":"egrt_`) {
			t.Error("the log line does not name app and grant")
		}
		for _, path := range []string{"/v1/api-keys", "/v1/developer/sandboxes"} {
			status, _, got := p.post(t, path, jsonMedia, `{}`, bearer)
			if e, _ := got["error"].(map[string]any); status != 403 || e["code"] != "PARTNER_AUTH_UNSUPPORTED" {
				t.Errorf("%s: %d %v", path, status, got)
			}
		}
	})
}

func TestRevokeAndIntrospectOverHTTP(t *testing.T) {
	t.Parallel()
	eachPartner(t, func(t *testing.T, p *partner) {
		access, refresh := p.tokens(t)
		status, _, got := p.post(t, "/v1/oauth/introspect", formMedia, p.form("token", access))
		if status != 200 || got["active"] != true || got["client_id"] != p.app.ClientID || got["iss"] != p.url || got["token_type"] != "bearer" || got["merchant_id"] != p.shop.Merchant.ID {
			t.Errorf("%d %v", status, got)
		}
		if status, _, got = p.post(t, "/v1/oauth/introspect", formMedia, "token="+access); status != 400 {
			t.Errorf("without a client: %d %v", status, got)
		}
		if status, _, got = p.post(t, "/v1/oauth/introspect", formMedia, "client_id=flint-cli&token="+access); status != 401 {
			t.Errorf("by a public client: %d %v", status, got)
		}
		if status, _, got = p.post(t, "/v1/oauth/revoke", formMedia, p.form("token", refresh, "token_type_hint", "refresh_token")); status != 200 || len(got) != 0 {
			t.Errorf("%d %v", status, got)
		}
		status, _, got = p.post(t, "/v1/oauth/introspect", formMedia, p.form("token", access))
		if status != 200 || got["active"] != false || len(got) != 1 {
			t.Errorf("after the revocation: %d %v", status, got)
		}
		if status, _, _ = p.post(t, "/v1/orders", jsonMedia, `{}`, "Authorization: Bearer "+access); status != 401 {
			t.Errorf("the revoked token: %d", status)
		}
	})
}

func TestMetadataAndPreview(t *testing.T) {
	t.Parallel()
	eachPartner(t, func(t *testing.T, p *partner) {
		get := func(path string) (int, map[string]any) {
			res, err := http.Get(p.url + path)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			var out map[string]any
			if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
				t.Fatal(err)
			}
			return res.StatusCode, out
		}
		status, m := get("/.well-known/oauth-authorization-server")
		if status != 200 || m["issuer"] != p.url || m["token_endpoint"] != p.url+"/v1/oauth/token" || m["authorization_response_iss_parameter_supported"] != true {
			t.Errorf("%d %v", status, m)
		}
		link := "/v1/oauth/authorize/preview?mode=test&client_id=" + p.app.ClientID + "&redirect_uri="
		status, got := get(link + url.QueryEscape(appCallback))
		data, _ := got["data"].(map[string]any)
		if status != 200 || data["partner_app_id"] != p.app.ID || len(data["requested_permissions"].([]any)) != 1 {
			t.Errorf("%d %v", status, got)
		}
		for path, want := range map[string]int{
			link + "https://evil.example": 400, strings.Replace(link, "test", "prod", 1) + url.QueryEscape(appCallback): 400,
			"/v1/oauth/authorize/preview?mode=test&client_id=fpc_nobody&redirect_uri=x": 404,
			link + url.QueryEscape(appCallback) + "&permission_ids=payouts":             400,
		} {
			if status, got := get(path); status != want {
				t.Errorf("%s: %d %v", path, status, got)
			}
		}
	})
}

func TestCommandLineSignsIn(t *testing.T) {
	t.Parallel()
	eachPartner(t, func(t *testing.T, p *partner) {
		config := &oauth2.Config{ClientID: oauth.ClientCLI, Endpoint: p.config(oauth2.AuthStyleInParams).Endpoint}
		device, err := config.DeviceAuth(t.Context())
		if err != nil || device.VerificationURI != p.url+"/device" || device.Interval != 5 {
			t.Fatalf("%+v, %v", device, err)
		}
		poll := url.Values{"client_id": {oauth.ClientCLI}, "grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {device.DeviceCode}}
		status, _, got := p.post(t, "/v1/oauth/token", formMedia, poll.Encode())
		if status != 400 || got["error"] != "authorization_pending" {
			t.Errorf("%d %v", status, got)
		}
		if status, _, got = p.post(t, "/v1/oauth/token", formMedia, poll.Encode()); status != 400 || got["error"] != "slow_down" {
			t.Errorf("%d %v", status, got)
		}
		p.write(t, func(tx db.Tx) error {
			if err := tx.Send(`UPDATE oauth_devices SET polled_at = NULL`); err != nil {
				return err
			}
			return p.OAuth.ApproveDevice(tx.Context(), tx, oauth.ApproveInput{UserCode: device.UserCode, UserID: p.user, Scope: p.shop.Sandbox.Scope,
				Scopes: auth.AllScopes(), Now: p.Clock.Now()})
		})
		status, _, got = p.post(t, "/v1/oauth/token", formMedia, poll.Encode())
		if status != 200 || got["token_type"] != "Bearer" || got["expires_in"] != float64(900) || got["context_id"] != p.shop.Sandbox.Scope.EnvironmentID {
			t.Fatalf("%d %v", status, got)
		}
		req, _ := http.NewRequest("GET", p.url+"/v1/developer/auth-context", nil)
		req.Header.Set("Authorization", "Bearer "+got["access_token"].(string))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var who struct {
			Data httpapi.DeveloperAuthContext `json:"data"`
		}
		if err := json.NewDecoder(res.Body).Decode(&who); err != nil || who.Data.AuthType != "oauth" || who.Data.APIKeyID != "" ||
			who.Data.OAuthSessionID != got["oauth_session_id"] || who.Data.MerchantID != p.shop.Merchant.ID || len(who.Data.Scopes) != 95 {
			t.Errorf("%+v, %v", who.Data, err)
		}
		refresh := url.Values{"client_id": {oauth.ClientCLI}, "grant_type": {"refresh_token"}, "refresh_token": {got["refresh_token"].(string)}}
		if status, _, got = p.post(t, "/v1/oauth/token", formMedia, refresh.Encode()); status != 200 || got["token_type"] != "Bearer" {
			t.Errorf("%d %v", status, got)
		}
	})
}

func TestTooManyTokenRequestsKeepTheEnvelope(t *testing.T) {
	t.Parallel()
	limits := httpapi.DefaultLimits()
	limits.Key[httpapi.TierSensitive] = httpapi.Rate{PerSecond: 0.001, Burst: 2}
	p := newPartner(t, server.Config{Database: t.TempDir() + "/flint.db", Limits: limits})
	body := p.form("grant_type", "refresh_token", "refresh_token", "fprt_x")
	for range 3 {
		p.post(t, "/v1/oauth/token", formMedia, p.form("client_secret", "fps_wrong")) // a stranger uses nothing up
	}
	for range 2 {
		if status, _, got := p.post(t, "/v1/oauth/token", formMedia, body); status != 400 {
			t.Fatalf("%d %v", status, got)
		}
	}
	status, header, got := p.post(t, "/v1/oauth/token", formMedia, body)
	if e, _ := got["error"].(map[string]any); status != 429 || e["code"] != "RATE_LIMIT_EXCEEDED" || header.Get("Retry-After") == "" {
		t.Errorf("%d %v", status, got)
	}
}

func TestMerchantIsToldOfAReuse(t *testing.T) {
	t.Parallel()
	p := newPartner(t, server.Config{Database: t.TempDir() + "/flint.db", Development: true})
	work, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() { p.Jobs.Run(work); close(done) }()
	t.Cleanup(func() { stop(); <-done })
	code := p.approve(t, p.config(0).AuthCodeURL("s", oauth2.SetAuthURLParam("mode", "test"))).Query().Get("code")
	body := p.form("grant_type", "authorization_code", "code", code, "redirect_uri", appCallback)
	if status, _, got := p.post(t, "/v1/oauth/token", formMedia, body); status != 200 {
		t.Fatal(got)
	}
	if status, _, got := p.post(t, "/v1/oauth/token", formMedia, body); status != 400 || got["error"] != "invalid_grant" {
		t.Fatalf("%d %v", status, got)
	}
	var mails []notification.Message
	for deadline := time.Now().Add(10 * time.Second); len(mails) == 0 && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err := p.DB.Read(t.Context(), func(tx db.Tx) (err error) {
			mails, err = mail.Mailbox{DB: p.DB}.List(t.Context(), tx, mail.ListInput{To: "ann@shop.test"})
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	if len(mails) != 1 || !strings.Contains(mails[0].Subject, "Loyalty") {
		t.Errorf("%+v", mails)
	}
}
