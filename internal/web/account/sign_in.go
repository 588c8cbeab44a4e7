package account

import (
	"errors"
	"net/http"
	"net/mail"
	"strings"

	"flint/internal/auth/buyer"
	"flint/internal/fault"
	"flint/internal/secret"
	"flint/internal/web/ui"
)

// signIn is what the way in shows.
type signIn struct {
	shown
	Typed string // the address
	Error string
	Mails bool
}

// codePage asks for a mailed code.
type codePage struct {
	shown
	Typed   string
	Minutes int
	Error   string
}

// front is the way in, or leads who is in to their orders.
func (h *Handler) front(w http.ResponseWriter, r *http.Request, v *visit) {
	switch err := h.identify(r, v); {
	case err == nil:
		see(w, r, v.home()+"/orders")
	case errors.Is(err, buyer.ErrNoLogin):
		v.login = nil
		h.signIn(w, r, v, signIn{})
	default:
		h.failed(w, r, v, err)
	}
}

func (h *Handler) signIn(w http.ResponseWriter, r *http.Request, v *visit, p signIn) {
	v.login = nil
	p.shown, p.Mails = h.shown(r, v, ""), h.Buyers.SendCode != nil
	page := ui.Page{Name: "account/sign_in", Title: h.text("buyer.signin.title"), View: p}
	if p.Error != "" {
		page.Status = http.StatusUnprocessableEntity
	}
	h.render(w, r, v, page)
}

// sendCode mails a code; the answer is the same whoever has the address.
func (h *Handler) sendCode(w http.ResponseWriter, r *http.Request, v *visit) {
	email := strings.TrimSpace(r.PostFormValue("email"))
	if a, err := mail.ParseAddress(email); err != nil || a.Address != email || len(email) > 254 {
		h.signIn(w, r, v, signIn{Typed: email, Error: "buyer.signin.email.bad"})
		return
	}
	if h.Buyers.SendCode == nil {
		h.signIn(w, r, v, signIn{Typed: email, Error: "buyer.signin.nomail"})
		return
	}
	pending, err := h.Buyers.BeginSignIn(r.Context(), buyer.SignInInput{Scope: v.scope, Email: email, Address: h.Address(r).String()})
	switch {
	case errors.Is(err, buyer.ErrBusy):
		h.problem(w, r, v, http.StatusTooManyRequests, "busy")
	case fault.Is(err, "CUSTOMER_ACCOUNTS_UNAVAILABLE"):
		h.problem(w, r, v, http.StatusNotFound, "elsewhere")
	case err != nil:
		h.failed(w, r, v, err)
	default:
		h.setCookie(w, pendingCookie, v.home(), pending.Reveal(), buyer.CodeLife)
		h.code(w, r, v, codePage{Typed: email})
	}
}

func (h *Handler) code(w http.ResponseWriter, r *http.Request, v *visit, p codePage) {
	p.shown, p.Minutes = h.shown(r, v, ""), int(buyer.CodeLife.Minutes())
	page := ui.Page{Name: "account/code", Title: h.text("buyer.code.title"), View: p}
	if p.Error != "" {
		page.Status = http.StatusUnprocessableEntity
	}
	h.render(w, r, v, page)
}

func (h *Handler) checkCode(w http.ResponseWriter, r *http.Request, v *visit) {
	if h.busy(w, r, v, "open") {
		return
	}
	typed := strings.TrimSpace(r.PostFormValue("email"))
	login, _, err := h.Buyers.SignIn(r.Context(), v.scope, cookie(r, pendingCookie), r.PostFormValue("code"))
	switch {
	case errors.Is(err, buyer.ErrCodeWrong):
		h.code(w, r, v, codePage{Typed: typed, Error: "buyer.code.wrong"})
	case errors.Is(err, buyer.ErrCodeEnded):
		h.signIn(w, r, v, signIn{Typed: typed, Error: "buyer.code.ended"})
	case err != nil:
		h.failed(w, r, v, err)
	default:
		h.letIn(w, r, v, login)
	}
}

// letIn gives the browser its login.
func (h *Handler) letIn(w http.ResponseWriter, r *http.Request, v *visit, login secret.Text) {
	h.setCookie(w, loginCookie, v.home(), login.Reveal(), buyer.LoginLife)
	h.setCookie(w, pendingCookie, v.home(), "", 0)
	see(w, r, v.home()+"/orders")
}

// doorPage sends a token on: by its script, or by its button.
type doorPage struct {
	shown
	Action, Token, Title, Text, Go string
	Return                         string // id of the return behind the door; empty for none
}

func (h *Handler) door(w http.ResponseWriter, r *http.Request, v *visit) {
	h.render(w, r, v, ui.Page{Name: "account/door", Title: h.text("buyer.door.title"), Script: "door.js", View: doorPage{
		shown: h.shown(r, v, ""), Action: v.home() + "/enter", Token: r.PathValue("token"), Title: "buyer.door.title", Text: "buyer.door.text", Go: "buyer.door.go",
	}})
}

func (h *Handler) enter(w http.ResponseWriter, r *http.Request, v *visit) {
	if h.busy(w, r, v, "open") {
		return
	}
	token, login, err := h.Buyers.Enter(r.Context(), r.PostFormValue("token"))
	switch {
	case errors.Is(err, buyer.ErrEntry):
		h.signIn(w, r, v, signIn{Error: "buyer.door.closed"})
	case err != nil:
		h.failed(w, r, v, err)
	case login.Scope != v.scope: // of another shop: its own pages get the cookie
		see(w, r, v.home())
	default:
		h.letIn(w, r, v, token)
	}
}

func (h *Handler) signOut(w http.ResponseWriter, r *http.Request, v *visit) {
	if err := h.Buyers.SignOut(r.Context(), v.login); err != nil {
		h.failed(w, r, v, err)
		return
	}
	h.setCookie(w, loginCookie, v.home(), "", 0)
	see(w, r, v.home())
}
