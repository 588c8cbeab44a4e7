package signin

import (
	"errors"
	"net/http"
	"strings"

	"flint/internal/auth"
	"flint/internal/fault"
	"flint/internal/secret"
	"flint/internal/web/ui"
)

// Routes adds the sign-in and account pages to mux.
func (g *Gate) Routes(mux *http.ServeMux) {
	for pattern, f := range map[string]http.HandlerFunc{
		"GET /sign-in":                g.show,
		"POST /sign-in":               g.password,
		"POST /sign-in/code":          g.beginCode,
		"GET /sign-in/code":           g.askCode,
		"POST /sign-in/code/check":    g.checkCode,
		"POST /sign-in/passkey/begin": g.beginPasskey,
		"POST /sign-in/passkey":       g.passkey,
	} {
		mux.Handle(pattern, g.Page(f))
	}
	mux.Handle("GET /account", g.Person(home, g.account))
	mux.Handle("POST /account/sign-out", g.Post(home, g.signOut))
	mux.Handle("POST /account/sessions/end", g.Post(home, g.endSession))
	mux.Handle("POST /account/passkeys/begin", g.Person(home, g.beginAddPasskey))
	mux.Handle("POST /account/passkeys", g.Person(home, g.addPasskey))
	mux.Handle("POST /account/passkeys/remove", g.Post(home, g.removePasskey))
}

func (g *Gate) show(w http.ResponseWriter, r *http.Request) {
	if _, err := g.Visitor(r); err == nil {
		see(w, r, home)
		return
	}
	g.SignIn(w, r, Ask{Return: home})
}

// again is the form once more after a refusal.
func (g *Gate) again(w http.ResponseWriter, r *http.Request, err error, text string) {
	a := Ask{Return: g.opened(r.PostFormValue("to")), For: r.PostFormValue("for"), Email: typed(r), Error: text, Status: http.StatusUnprocessableEntity}
	if wait, ok := errors.AsType[*auth.Wait](err); ok {
		a.Wait, a.Error = wait.For, ""
	}
	g.SignIn(w, r, a)
}

// typed is the address of the form, no longer than one can be.
func typed(r *http.Request) string {
	email := strings.TrimSpace(r.PostFormValue("email"))
	if len(email) > 254 {
		return ""
	}
	return email
}

func (g *Gate) password(w http.ResponseWriter, r *http.Request) {
	token, err := g.Auth.SignInWithPassword(r.Context(), auth.PasswordInput{Email: typed(r), Password: secret.NewText(r.PostFormValue("password")), From: g.from(r)})
	var wait *auth.Wait
	switch {
	case errors.As(err, &wait), fault.Is(err, "AUTHENTICATION_FAILED"):
		g.again(w, r, err, "signin.wrong")
	case err != nil:
		g.Broken(w, r, err)
	default:
		g.letIn(w, token)
		see(w, r, g.opened(r.PostFormValue("to")))
	}
}

func (g *Gate) beginCode(w http.ResponseWriter, r *http.Request) {
	email := typed(r)
	if !strings.Contains(email, "@") || g.Auth.SendCode == nil {
		g.again(w, r, nil, "signin.email.needed")
		return
	}
	pending, err := g.Auth.BeginCode(r.Context(), auth.BeginCodeInput{Email: email, Return: g.opened(r.PostFormValue("to")), From: g.from(r)})
	var wait *auth.Wait
	switch {
	case errors.As(err, &wait):
		g.again(w, r, err, "")
	case err != nil:
		g.Broken(w, r, err)
	default:
		g.setCookie(w, pendingCookie, pending.Reveal(), int(auth.CodeLife.Seconds()))
		see(w, r, "/sign-in/code")
	}
}

type codePage struct {
	Email, To, Error, WaitText string
	Minutes                    int
}

func (g *Gate) askCode(w http.ResponseWriter, r *http.Request) {
	g.codeForm(w, r, codePage{}, 0)
}

func (g *Gate) codeForm(w http.ResponseWriter, r *http.Request, p codePage, status int) {
	email, back, err := g.Auth.PendingCode(r.Context(), g.cookie(r, pendingCookie))
	switch {
	case errors.Is(err, auth.ErrCodeEnded):
		g.SignIn(w, r, Ask{Return: orHome(back), Email: email, Error: "signin.code.ended", Status: http.StatusUnprocessableEntity})
	case err != nil:
		g.Broken(w, r, err)
	default:
		p.Email, p.To, p.Minutes = email, g.seal(orHome(back)), int(auth.CodeLife.Minutes())
		g.render(w, r, ui.Page{Name: "signin/code", Title: g.text("signin.code.title"), View: p, Status: status})
	}
}

func orHome(path string) string {
	if !local(path) {
		return home
	}
	return path
}

func (g *Gate) checkCode(w http.ResponseWriter, r *http.Request) {
	token, back, err := g.Auth.SignInWithCode(r.Context(), g.cookie(r, pendingCookie), r.PostFormValue("code"), g.from(r))
	var wait *auth.Wait
	switch {
	case errors.As(err, &wait):
		g.codeForm(w, r, codePage{WaitText: waiting(wait.For)}, http.StatusTooManyRequests)
	case errors.Is(err, auth.ErrCodeWrong):
		g.codeForm(w, r, codePage{Error: "signin.code.wrong"}, http.StatusUnprocessableEntity)
	case errors.Is(err, auth.ErrCodeEnded):
		g.codeForm(w, r, codePage{}, 0) // which tells that it has ended
	case err != nil:
		g.Broken(w, r, err)
	default:
		g.letIn(w, token)
		see(w, r, orHome(back))
	}
}
