package main

import (
	"crypto/rand"
	"crypto/subtle"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// Cookies. The attempt holds what ties the answer of Flint to the browser that asked: without it
// somebody could make another person's browser finish an installation of theirs.
const (
	attemptCookie = "flint_install"
	sessionCookie = "app_session"
)

func (a *app) oauth() *oauth2.Config {
	return &oauth2.Config{
		ClientID: a.config.ClientID, ClientSecret: a.config.ClientSecret, RedirectURL: a.config.RedirectURI,
		Endpoint: oauth2.Endpoint{
			AuthURL:   a.config.BaseURL + "/v1/oauth/authorize",
			TokenURL:  a.config.BaseURL + "/v1/oauth/token",
			AuthStyle: oauth2.AuthStyleInParams,
		},
	}
}

// install sends the merchant to Flint, where they sign in and see what the app asks for.
func (a *app) install(w http.ResponseWriter, r *http.Request) {
	state, verifier := rand.Text(), oauth2.GenerateVerifier()
	http.SetCookie(w, a.cookie(attemptCookie, state+"."+verifier, 15*time.Minute))
	http.Redirect(w, r, a.oauth().AuthCodeURL(state, oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("mode", a.config.Mode)), http.StatusSeeOther)
}

// callback is where Flint sends the merchant back. The code becomes tokens, which stay here.
func (a *app) callback(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	attempt, err := r.Cookie(attemptCookie)
	if err != nil {
		a.problem(w, http.StatusBadRequest, "This installation was started in another browser, or too long ago. Start again.")
		return
	}
	http.SetCookie(w, a.cookie(attemptCookie, "", -time.Second))
	state, verifier, _ := strings.Cut(attempt.Value, ".")
	issuer := query.Get("iss")
	if subtle.ConstantTimeCompare([]byte(state), []byte(query.Get("state"))) != 1 || (issuer != "" && issuer != a.config.BaseURL) {
		a.problem(w, http.StatusBadRequest, "This answer belongs to another installation. Start again.")
		return
	}
	if refusal := query.Get("error"); refusal != "" {
		a.problem(w, http.StatusOK, "The app was not installed ("+refusal+"). "+query.Get("error_description"))
		return
	}
	token, err := a.oauth().Exchange(a.withClient(r.Context()), query.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		slog.Error("the code was not exchanged", "error", err)
		a.problem(w, http.StatusBadGateway, "Flint did not take the code. Start again.")
		return
	}
	extra := func(name string) string { v, _ := token.Extra(name).(string); return v }
	in := installation{
		Grant: extra("environment_grant_id"), Install: extra("partner_app_install_id"), Merchant: extra("merchant_id"), Mode: extra("mode"),
		AccessToken: token.AccessToken, RefreshToken: token.RefreshToken, ExpiresAt: token.Expiry,
	}
	session := rand.Text()
	err = a.store.update(func(s *contents) error {
		s.Installations[in.Grant] = in
		s.Sessions[hash(session)] = in.Grant
		return nil
	})
	if err != nil {
		slog.Error("the installation was not kept", "error", err)
		a.problem(w, http.StatusInternalServerError, "The installation could not be kept. Start again.")
		return
	}
	slog.Info("installed", "merchant", in.Merchant, "mode", in.Mode, "scope", extra("scope"))
	http.SetCookie(w, a.cookie(sessionCookie, session, 12*time.Hour))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (a *app) cookie(name, value string, lives time.Duration) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(lives / time.Second), HttpOnly: true,
		Secure: strings.HasPrefix(a.config.RedirectURI, "https://"), SameSite: http.SameSiteLaxMode,
	}
}

// visitor is the installation whose merchant uses this browser.
func (a *app) visitor(r *http.Request) (in installation, known bool) {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return in, false
	}
	a.store.read(func(s *contents) { in, known = s.Installations[s.Sessions[hash(c.Value)]] })
	return in, known
}
