package signin

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"flint/internal/auth"
	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/secret"
	"flint/internal/web/ui"
)

// Config is what a Gate needs; every field is required.
type Config struct {
	DB      db.DB
	Auth    *auth.Service
	Clock   clock.Clock
	Log     *slog.Logger
	Box     *secret.Box // seals where a visitor comes back to
	Key     []byte      // of the tokens in forms
	UI      *ui.Renderer
	BaseURL string                                            // public address of this installation, without a slash at its end
	Address func(r *http.Request) netip.Addr                  // who sent a request
	Name    func(tx db.Tx, merchantID string) (string, error) // of a merchant, for people
}

// Gate lets signed-in people through to pages, and shows others the way in.
type Gate struct {
	Config
	https    bool
	passkeys auth.Passkeys
	origin   *http.CrossOriginProtection
}

// NewGate returns a Gate. An error says that the public address is none.
func NewGate(c Config) (*Gate, error) {
	check, err := ui.OriginCheck(c.BaseURL)
	if err != nil {
		return nil, err
	}
	g := &Gate{Config: c, https: strings.HasPrefix(c.BaseURL, "https://"), origin: check}
	if u, err := url.Parse(c.BaseURL); err != nil || u.Host == "" {
		return g, nil // a command without a listener has no pages either
	}
	g.passkeys, err = auth.NewPasskeys(c.BaseURL)
	return g, err
}

// maxForm bounds the body of a form.
const maxForm = 64 << 10

// Page is a page or form for anybody: nothing of it is cached, framed or sent by another site.
func (g *Gate) Page(next http.HandlerFunc) http.Handler {
	return g.origin.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Frame-Options", "DENY")
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if r.Method == http.MethodPost && !isJSON(r) {
			if err := r.ParseForm(); err != nil {
				g.Problem(w, r, http.StatusBadRequest, Problem{Title: "problem.form", Text: "problem.form.text"})
				return
			}
		}
		next(w, r)
	}))
}

func isJSON(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "application/json")
}

// Person is a page or form for signed-in people. Others see the sign-in form at the page's own address;
// for a form, back is the page they come back to, because a form is not sent again.
func (g *Gate) Person(back string, next func(http.ResponseWriter, *http.Request, *Visitor)) http.Handler {
	return g.Page(func(w http.ResponseWriter, r *http.Request) {
		v, err := g.Visitor(r)
		switch {
		case errors.Is(err, auth.ErrNoSession):
			if r.Method != http.MethodGet {
				g.SignIn(w, r, Ask{Return: back, Status: http.StatusUnauthorized})
				return
			}
			g.SignIn(w, r, Ask{})
		case err != nil:
			g.Broken(w, r, err)
		default:
			next(w, r, v)
		}
	})
}

// Visitor is a signed-in person.
type Visitor struct {
	Session auth.Session
	Users   []auth.User // one for each merchant, never empty
	key     []byte
}

// Visitor finds who sent a request. Error: auth.ErrNoSession.
func (g *Gate) Visitor(r *http.Request) (*Visitor, error) {
	session, users, err := g.Auth.Session(r.Context(), g.cookie(r, sessionCookie))
	if err != nil {
		return nil, err
	}
	return &Visitor{session, users, g.Key}, nil
}

// User is the visitor's user of a merchant; false when they do not work there.
func (v *Visitor) User(merchantID string) (auth.User, bool) {
	for _, u := range v.Users {
		if u.MerchantID == merchantID {
			return u, true
		}
	}
	return auth.User{}, false
}

// Token goes into a form's field "csrf". It is worth something only in this session, for a form about
// the same things: what the form does, and all that was shown to the visitor for their decision.
func (v *Visitor) Token(about ...string) string {
	mac := hmac.New(sha256.New, v.key)
	for _, part := range append([]string{v.Session.Key()}, about...) {
		_, _ = fmt.Fprintf(mac, "%d:%s,", len(part), part) // a hash takes everything
	}
	return hex.EncodeToString(mac.Sum(nil))
}

// Sent reports whether a form carries the token about these things.
func (v *Visitor) Sent(token string, about ...string) bool {
	return secret.Equal(token, v.Token(about...))
}

// Post is a form of signed-in people that carries the token about its own path.
func (g *Gate) Post(back string, next func(http.ResponseWriter, *http.Request, *Visitor)) http.Handler {
	return g.Person(back, func(w http.ResponseWriter, r *http.Request, v *Visitor) {
		if !v.Sent(r.PostFormValue("csrf"), r.URL.Path) {
			g.Stale(w, r, back)
			return
		}
		next(w, r, v)
	})
}

// Names are the names of merchants, for people.
func (g *Gate) Names(ctx context.Context, users []auth.User) (map[string]string, error) {
	names := make(map[string]string, len(users))
	err := g.DB.Read(ctx, func(tx db.Tx) error {
		for _, u := range users {
			name, err := g.Name(tx, u.MerchantID)
			if err != nil {
				return err
			}
			names[u.MerchantID] = name
		}
		return nil
	})
	return names, err
}

// Cookies. Browsers keep a __Host- cookie only from an https page of this very host, so that no other
// host can plant one; plain http on loopback has to do without.
const (
	sessionCookie = "flint_session"
	pendingCookie = "flint_sign_in"
)

func (g *Gate) name(cookie string) string {
	if u, err := url.Parse(g.BaseURL); err == nil && u.Scheme == "http" && loopback(u.Hostname()) {
		return cookie
	}
	return "__Host-" + cookie
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (g *Gate) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(g.name(name))
	if err != nil {
		return ""
	}
	return c.Value
}

// setCookie sets a cookie for the whole host; an empty value removes it.
func (g *Gate) setCookie(w http.ResponseWriter, name, value string, seconds int) {
	if value == "" {
		seconds = -1
	}
	name = g.name(name)
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure unless a development server speaks plain http on loopback
		Name: name, Value: value, Path: "/", MaxAge: seconds, HttpOnly: true, Secure: strings.HasPrefix(name, "__Host-"), SameSite: http.SameSiteLaxMode,
	})
}

// letIn gives the browser its session.
func (g *Gate) letIn(w http.ResponseWriter, token secret.Text) {
	g.setCookie(w, sessionCookie, token.Reveal(), int(auth.SessionLife.Seconds()))
	g.setCookie(w, pendingCookie, "", 0)
}

// from describes the browser of a request.
func (g *Gate) from(r *http.Request) auth.Browser {
	return auth.Browser{Agent: agent(r.UserAgent()), Address: g.Address(r).String(), Session: secret.NewText(g.cookie(r, sessionCookie))}
}

// agent names a browser and its system in words.
func agent(ua string) string {
	first := func(of [][2]string) string {
		for _, p := range of {
			if strings.Contains(ua, p[0]) {
				return p[1]
			}
		}
		return ""
	}
	browser := first([][2]string{{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}})
	system := first([][2]string{{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"}})
	switch {
	case browser == "" && system == "":
		return "Unknown browser"
	case browser == "":
		return system
	case system == "":
		return browser
	}
	return browser + " on " + system
}

// sealedFor binds sealed values to their use.
const sealedFor = "return after sign-in"

func (g *Gate) seal(path string) string { return g.Box.Seal(sealedFor, []byte(path)) }

// home is where people go who came from nowhere.
const home = "/account"

// opened is the page that a form's field "to" names, home for anything that this server did not seal.
func (g *Gate) opened(sealed string) string {
	path, err := g.Box.Open(sealedFor, sealed)
	if err != nil || !local(string(path)) {
		return home
	}
	return string(path)
}

// local reports whether an address is a page of ours whatever a browser makes of it.
func local(path string) bool {
	return strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && !strings.ContainsAny(path, "\\\r\n\t")
}

// see answers a form: the browser fetches the page anew, and never sends the form's contents on.
func see(w http.ResponseWriter, r *http.Request, to string) {
	http.Redirect(w, r, to, http.StatusSeeOther) // a page of ours, see opened
}
