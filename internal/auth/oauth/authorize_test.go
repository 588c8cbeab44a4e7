package oauth_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"flint/internal/app"
	"flint/internal/auth/oauth"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/fault"
	"flint/internal/secret"
)

func (r *rig) link() oauth.AuthorizeInput {
	return oauth.AuthorizeInput{ResponseType: "code", ClientID: r.app.ClientID, RedirectURI: callback, Mode: "test", State: "s-1"}
}

func (r *rig) check(in oauth.AuthorizeInput) (req *oauth.AuthorizeRequest, err error) {
	err = r.try(func(tx db.Tx) (err error) { req, err = r.oauth.CheckAuthorize(tx, in); return err })
	return req, err
}

// variants are addresses that somebody could take for the registered https://app.example/cb.
var variants = []string{
	"", " ", "https://app.example/cb/", "https://app.example/cb//", "https://app.example/CB", "https://APP.example/cb", "HTTPS://app.example/cb",
	"http://app.example/cb", "https://app.example:443/cb", "https://app.example:8443/cb", "https://app.example/cb/evil", "https://app.example/cb/../evil",
	"https://app.example/./cb", "https://app.example//cb", "https://app.example/", "https://app.example", "https://app.example/cb?", "https://app.example/cb?x=1",
	"https://app.example/cb#", "https://app.example/cb#frag", "https://app.example/cb%2f", "https://app.example/%63b", "https://app.example/cb%00", "https://app.example/cb%20",
	" https://app.example/cb", "https://app.example/cb ", "https://app.example/cb\n", "https://app.example/cb\r\nLocation: https://evil.example",
	"https://app.example@evil.example/cb", "https://user:pw@app.example/cb", "https://evil.example/cb", "https://app.example.evil.example/cb",
	"https://evil.example/https://app.example/cb", "https://evil.example?https://app.example/cb", "https://evil.example#https://app.example/cb", "https://evil.example\\@app.example/cb",
	"https:\\\\app.example\\cb", "https:/app.example/cb", "https:app.example/cb", "//app.example/cb", "/cb", "cb", "javascript:alert(1)//https://app.example/cb",
	"data:text/html,https://app.example/cb", "https://app.example;evil.example/cb", "https://app.example./cb", "https://xn--pp-xka.example/cb", "https://аpp.example/cb",
	"https://app.example\u3002evil/cb", "https://app\u2024example/cb", "https://app.example/cb\u200b", "https://*.example/cb", "https://app.example/*",
	"https://app.example/cb?shop=2", "https://app.example/cb?shop=1&shop=1", "https://app.example/cb&code=1", "http://localhost:3001/cb", "http://127.0.0.1:3000/cb",
	"http://localhost:3000/cb/", "http://localhost/cb", "http://LOCALHOST:3000/cb", callback + "," + callback,
}

func TestRedirectVariantsNeverPass(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		for _, v := range variants {
			in := r.link()
			in.RedirectURI = v
			_, err := r.check(in)
			if f := fault.Of(err); f == nil || f.Code != "INVALID_REQUEST" || f.Param != "redirect_uri" {
				t.Errorf("%q: %v", v, err)
			}
			if _, redirects := errors.AsType[*oauth.RedirectError](err); redirects {
				t.Errorf("%q: the error is sent to an address that is not proven", v)
			}
		}
		for _, v := range r.app.RedirectURIs {
			in := r.link()
			in.RedirectURI, in.Challenge, in.ChallengeMethod = v, challenge, "S256"
			if _, err := r.check(in); err != nil {
				t.Errorf("%q: %v", v, err)
			}
		}
	})
}

func TestErrorsBeforeTheRedirectIsProvenStayHere(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		for name, change := range map[string]func(*oauth.AuthorizeInput){
			"no client":      func(in *oauth.AuthorizeInput) { in.ClientID = "" },
			"unknown client": func(in *oauth.AuthorizeInput) { in.ClientID = "fpc_" + strings.Repeat("a", 43) },
			"command line":   func(in *oauth.AuthorizeInput) { in.ClientID = oauth.ClientCLI },
			"foreign client": func(in *oauth.AuthorizeInput) { in.RedirectURI = "https://evil.example/cb"; in.State = "" },
		} {
			in := r.link()
			change(&in)
			_, err := r.check(in)
			if fault.Of(err) == nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		in := r.link()
		in.RedirectURI = callback
		in.ClientID = r.other.ID // registered the same URI, so its link is its own
		if req, err := r.check(in); err != nil || req.App.ID == r.app.ID {
			t.Error("one client's link shows another's app")
		}
	})
}

func TestWrongLinksGoBackToTheAppWithStateAndIssuer(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		for name, c := range map[string]struct {
			change func(*oauth.AuthorizeInput)
			code   string
			state  string
		}{
			"no state":           {func(in *oauth.AuthorizeInput) { in.State = "" }, "invalid_request", ""},
			"state of two lines": {func(in *oauth.AuthorizeInput) { in.State = "a\r\nSet-Cookie: x" }, "invalid_request", ""},
			"endless state":      {func(in *oauth.AuthorizeInput) { in.State = strings.Repeat("s", 1025) }, "invalid_request", ""},
			"implicit":           {func(in *oauth.AuthorizeInput) { in.ResponseType = "token" }, "unsupported_response_type", "s-1"},
			"hybrid":             {func(in *oauth.AuthorizeInput) { in.ResponseType = "code token" }, "unsupported_response_type", "s-1"},
			"no response type":   {func(in *oauth.AuthorizeInput) { in.ResponseType = "" }, "unsupported_response_type", "s-1"},
			"mode":               {func(in *oauth.AuthorizeInput) { in.Mode = "prod" }, "invalid_request", "s-1"},
			"unknown permission": {func(in *oauth.AuthorizeInput) { in.PermissionIDs = []string{"orders", "payouts"} }, "invalid_scope", "s-1"},
			"raw scope":          {func(in *oauth.AuthorizeInput) { in.PermissionIDs = []string{"commerce.orders.read"} }, "invalid_scope", "s-1"},
			"plain PKCE":         {func(in *oauth.AuthorizeInput) { in.Challenge, in.ChallengeMethod = verifier, "plain" }, "invalid_request", "s-1"},
			"PKCE by default":    {func(in *oauth.AuthorizeInput) { in.Challenge = verifier }, "invalid_request", "s-1"},
			"method alone":       {func(in *oauth.AuthorizeInput) { in.ChallengeMethod = "S256" }, "invalid_request", "s-1"},
			"short challenge":    {func(in *oauth.AuthorizeInput) { in.Challenge, in.ChallengeMethod = "abc", "S256" }, "invalid_request", "s-1"},
			"padded challenge":   {func(in *oauth.AuthorizeInput) { in.Challenge, in.ChallengeMethod = challenge+"=", "S256" }, "invalid_request", "s-1"},
			"loopback, no PKCE":  {func(in *oauth.AuthorizeInput) { in.RedirectURI = "http://localhost:3000/cb" }, "invalid_request", "s-1"},
		} {
			in := r.link()
			c.change(&in)
			_, err := r.check(in)
			back, ok := errors.AsType[*oauth.RedirectError](err)
			if !ok || back.Code != c.code {
				t.Errorf("%s: %v", name, err)
				continue
			}
			at, err := url.Parse(back.Location())
			if err != nil || !strings.HasPrefix(back.Location(), in.RedirectURI+"?") || at.Query().Get("error") != c.code ||
				at.Query().Get("state") != c.state || at.Query().Get("iss") != "https://flint.test" || at.Query().Has("code") {
				t.Errorf("%s: %s", name, back.Location())
			}
		}
	})
}

func TestPluginNeedsPKCE(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d, func(in *app.CreateInput) { in.Type = app.TypePlugin })
		in := r.link()
		if back, ok := errors.AsType[*oauth.RedirectError](errOf(r.check(in))); !ok || back.Code != "invalid_request" {
			t.Error("a plug-in may do without")
		}
		in.Challenge, in.ChallengeMethod = challenge, "S256"
		if _, err := r.check(in); err != nil {
			t.Error(err)
		}
	})
}

func errOf[T any](_ T, err error) error { return err }

func TestALinkAsksForTheAppsDefaultsOrWhatItNames(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		in := r.link()
		in.MerchantID, in.EnvironmentID = "mer_x", "test_x"
		req, err := r.check(in)
		if err != nil || strings.Join(req.PermissionIDs, " ") != "orders customers" || len(req.Permissions) != 2 || req.MerchantID != "mer_x" || req.EnvironmentID != "test_x" {
			t.Fatalf("%+v, %v", req, err)
		}
		in.PermissionIDs = oauth.SplitPermissions("hooks,orders, hooks,")
		if req, err = r.check(in); err != nil || strings.Join(req.PermissionIDs, " ") != "orders hooks" {
			t.Fatalf("%+v, %v", req, err)
		}
		if got := req.Approved(secret.NewText("fpac_x")); got != callback+"?code=fpac_x&iss=https%3A%2F%2Fflint.test&state=s-1" {
			t.Error(got)
		}
		if got := req.Denied().Location(); !strings.HasPrefix(got, callback+"?error=access_denied&") || !strings.HasSuffix(got, "state=s-1") || !strings.Contains(got, "iss=") {
			t.Error(got)
		}
		in.RedirectURI = callback + "?shop=1"
		if req, err = r.check(in); err != nil || !strings.HasPrefix(req.Denied().Location(), callback+"?shop=1&error=") {
			t.Errorf("%+v, %v", req, err)
		}
	})
}

func TestParameterGivenTwiceIsRefusedHere(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"client_id", "redirect_uri", "state", "mode", "response_type", "permission_ids", "code_challenge", "merchant_id"} {
		query := url.Values{name: {"a", "b"}}
		if _, err := oauth.ReadAuthorize(query); fault.Of(err) == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	in, err := oauth.ReadAuthorize(url.Values{"client_id": {"c"}, "scope": {"a", "b"}, "permission_ids": {"x,y"}, "access_type": {"offline"}})
	if err != nil || in.ClientID != "c" || len(in.PermissionIDs) != 2 {
		t.Errorf("%+v, %v", in, err)
	}
}

func TestDeletedAppCannotBeInstalled(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		r.write(t, func(tx db.Tx) error {
			return tx.Send(`UPDATE apps SET status = 'deleting' WHERE app_id = $1`, r.app.ID)
		})
		if _, err := r.check(r.link()); !fault.Is(err, "RESOURCE_NOT_FOUND") {
			t.Error(err)
		}
	})
}
