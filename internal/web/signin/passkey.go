package signin

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"flint/internal/auth"
	"flint/internal/db"
)

// sent is what the script of a page sends.
type sent struct {
	To     string          `json:"to"`     // sealed; for signing in
	CSRF   string          `json:"csrf"`   // for the account
	Name   string          `json:"name"`   // of a new passkey
	Answer json.RawMessage `json:"answer"` // of the browser
}

func read(r *http.Request) (sent, bool) {
	var in sent
	if !isJSON(r) { // a form of another site cannot have this type
		return in, false
	}
	body, err := io.ReadAll(r.Body)
	return in, err == nil && json.Unmarshal(body, &in) == nil
}

func answer(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a script that has gone cannot be told
}

// refusePasskey tells the script which text to show.
func (g *Gate) refusePasskey(w http.ResponseWriter, r *http.Request, err error) {
	status, key := http.StatusUnprocessableEntity, "passkey.refused"
	var wait *auth.Wait
	switch {
	case errors.As(err, &wait):
		status, key = http.StatusTooManyRequests, "passkey.wait"
	case errors.Is(err, auth.ErrTooManyPasskeys):
		key = "passkey.many"
	case !errors.Is(err, auth.ErrPasskey):
		g.Log.ErrorContext(r.Context(), "a passkey failed", "page", r.Pattern, "error", err)
		status, key = http.StatusInternalServerError, "problem.broken.text"
	}
	body, _ := json.Marshal(map[string]string{"problem": g.text(key)}) // strings always marshal
	answer(w, status, body)
}

func (g *Gate) beginPasskey(w http.ResponseWriter, r *http.Request) {
	in, ok := read(r)
	if !ok {
		http.Error(w, "Send JSON.", http.StatusUnsupportedMediaType)
		return
	}
	options, pending, err := g.Auth.BeginPasskey(r.Context(), g.passkeys, g.opened(in.To), g.from(r))
	if err != nil {
		g.refusePasskey(w, r, err)
		return
	}
	g.setCookie(w, pendingCookie, pending.Reveal(), 300)
	answer(w, http.StatusOK, options)
}

func (g *Gate) passkey(w http.ResponseWriter, r *http.Request) {
	in, ok := read(r)
	if !ok {
		http.Error(w, "Send JSON.", http.StatusUnsupportedMediaType)
		return
	}
	token, back, err := g.Auth.SignInWithPasskey(r.Context(), g.passkeys, g.cookie(r, pendingCookie), in.Answer, g.from(r))
	if err != nil {
		g.refusePasskey(w, r, err)
		return
	}
	g.letIn(w, token)
	body, _ := json.Marshal(map[string]string{"to": orHome(back)}) // strings always marshal
	answer(w, http.StatusOK, body)
}

// mayAdd lets the script of the account page through: recently signed in, and with the page's token.
func (g *Gate) mayAdd(w http.ResponseWriter, r *http.Request, v *Visitor) (sent, bool) {
	in, ok := read(r)
	switch {
	case !ok:
		http.Error(w, "Send JSON.", http.StatusUnsupportedMediaType)
		return in, false
	case !v.Sent(in.CSRF, "/account/passkeys") || !v.Session.Recent(g.Clock.Now()):
		body, _ := json.Marshal(map[string]string{"problem": g.text("problem.stale.text")}) // strings always marshal
		answer(w, http.StatusForbidden, body)
		return in, false
	}
	return in, true
}

func (g *Gate) beginAddPasskey(w http.ResponseWriter, r *http.Request, v *Visitor) {
	if _, ok := g.mayAdd(w, r, v); !ok {
		return
	}
	options, pending, err := g.Auth.BeginAddPasskey(r.Context(), g.passkeys, v.Session)
	if err != nil {
		g.refusePasskey(w, r, err)
		return
	}
	g.setCookie(w, pendingCookie, pending.Reveal(), 300)
	answer(w, http.StatusOK, options)
}

func (g *Gate) addPasskey(w http.ResponseWriter, r *http.Request, v *Visitor) {
	in, ok := g.mayAdd(w, r, v)
	if !ok {
		return
	}
	if in.Name == "" {
		in.Name = agent(r.UserAgent())
	}
	if err := g.Auth.AddPasskey(r.Context(), g.passkeys, v.Session, g.cookie(r, pendingCookie), in.Name, in.Answer); err != nil {
		g.refusePasskey(w, r, err)
		return
	}
	g.setCookie(w, pendingCookie, "", 0)
	answer(w, http.StatusOK, []byte(`{"to":"/account"}`))
}

func (g *Gate) removePasskey(w http.ResponseWriter, r *http.Request, v *Visitor) {
	if !v.Session.Recent(g.Clock.Now()) {
		g.SignIn(w, r, Ask{Return: home, Email: v.Users[0].Email, Again: true})
		return
	}
	err := g.DB.Write(r.Context(), func(tx db.Tx) error { return g.Auth.RemovePasskey(tx, v.Session, r.PostFormValue("passkey_id")) })
	if err != nil {
		g.Broken(w, r, err)
		return
	}
	see(w, r, home)
}
