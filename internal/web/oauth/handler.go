package oauth

import (
	"crypto/rand"
	"embed"
	"errors"
	"log/slog"
	"net/http"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/auth/oauth"
	"flint/internal/clock"
	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/merchant"
	"flint/internal/order"
	"flint/internal/tenant"
	"flint/internal/web/signin"
	"flint/internal/web/ui"
)

//go:embed *.html
var files embed.FS

// Part is this package's templates, for ui.New.
func Part() ui.Part { return ui.Part{Name: "oauth", Files: files} }

// Handler serves the pages; every field is required.
type Handler struct {
	DB        db.DB
	Clock     clock.Clock
	Log       *slog.Logger
	Gate      *signin.Gate
	OAuth     *oauth.Service
	Apps      *app.Service
	Merchants *merchant.Service
	Orders    *order.Service
	Customers *customer.Service
	Approve   Approve
	UI        *ui.Renderer
	// TakesPayments tells whether a merchant can be paid in an environment.
	TakesPayments func(scope tenant.Scope) bool
}

// Routes adds the pages to mux.
func (h *Handler) Routes(mux *http.ServeMux) {
	g := h.Gate
	mux.Handle("GET /v1/oauth/authorize", g.Page(h.authorize))
	mux.Handle("POST /v1/oauth/authorize", g.Page(h.decide))
	mux.Handle("GET /apps/place", g.Page(h.chosen))
	mux.Handle("GET /device", g.Person("/device", h.device))
	mux.Handle("POST /device", g.Post("/device", h.deviceCode))
	mux.Handle("POST /device/decide", g.Person("/device", h.decideDevice))
	mux.Handle("GET /apps", g.Person("/apps", h.list))
	mux.Handle("GET /approvals", g.Person("/approvals", h.approvals))
	mux.Handle("GET /approvals/{id}", g.Person("/approvals", h.asked(h.approval)))
	mux.Handle("POST /approvals/{id}", g.Post("/approvals", h.asked(h.decideApproval)))
	mux.Handle("GET /data-requests", g.Person("/data-requests", h.requests))
	mux.Handle("POST /data-requests/{id}", g.Post("/data-requests", h.acknowledge))
	mux.Handle("GET /apps/{id}", g.Person("/apps", h.one(h.show)))
	mux.Handle("GET /apps/{id}/remove", g.Person("/apps", h.one(h.askRemove)))
	mux.Handle("GET /apps/{id}/review", g.Person("/apps", h.one(h.review)))
	mux.Handle("POST /apps/{id}/pause", g.Post("/apps", h.one(h.pause)))
	mux.Handle("POST /apps/{id}/resume", g.Post("/apps", h.one(h.resume)))
	mux.Handle("POST /apps/{id}/limits", g.Post("/apps", h.one(h.limit)))
	mux.Handle("POST /apps/{id}/remove", g.Post("/apps", h.one(h.remove)))
	mux.Handle("GET /apps/{id}/places/{grant}/end", g.Person("/apps", h.one(h.grant(h.askEnd))))
	mux.Handle("POST /apps/{id}/places/{grant}/end", g.Post("/apps", h.one(h.grant(h.end))))
	mux.Handle("POST /apps/{id}/review", g.Person("/apps", h.one(h.accept)))
}

func (h *Handler) text(key string, values ...any) string { return h.UI.Language("").T(key, values...) }

func (h *Handler) render(w http.ResponseWriter, r *http.Request, p ui.Page) {
	p.Name = "oauth/" + p.Name
	h.UI.Render(w, r, p)
}

// see answers a form. It is never a 307 or 308, which would send what was typed on to the app.
func see(w http.ResponseWriter, r *http.Request, to string) {
	http.Redirect(w, r, to, http.StatusSeeOther) // a page of ours, or a redirect URI that is proven to be the app's
}

// cause names the user as the one who acts.
func cause(u auth.User) event.Cause {
	return event.Cause{RequestID: "req_" + rand.Text(), ActorType: "user", ActorID: u.ID}
}

// refuse explains an error on a page: what the visitor can do something about by its code, anything else
// as a failure of ours.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, err error, back string) {
	f := fault.Of(err)
	switch {
	case f == nil || f.Class.Status() >= 500:
		h.Gate.Broken(w, r, err)
	case f.Code == "APP_CHANGED":
		h.Gate.Stale(w, r, back)
	case f.Code == "RESOURCE_NOT_FOUND":
		h.Gate.Missing(w, r, back)
	default:
		h.Gate.Problem(w, r, f.Class.Status(), signin.Problem{Title: "problem.refused", Text: f.Message, Back: back})
	}
}

// signedIn is the visitor, or nil after the sign-in form or an error was shown.
func (h *Handler) signedIn(w http.ResponseWriter, r *http.Request, ask signin.Ask) *signin.Visitor {
	v, err := h.Gate.Visitor(r)
	switch {
	case errors.Is(err, auth.ErrNoSession):
		if r.Method != http.MethodGet {
			ask.Status = http.StatusUnauthorized
		}
		h.Gate.SignIn(w, r, ask)
		return nil
	case err != nil:
		h.Gate.Broken(w, r, err)
		return nil
	}
	return v
}
