package oauth

import (
	"net/http"

	"flint/internal/app"
	"flint/internal/db"
	"flint/internal/tenant"
	"flint/internal/web/signin"
	"flint/internal/web/ui"
)

type endPage struct {
	ID, Merchant, CSRF, Grant, Place string
	App                              appView
	Live, Last                       bool
}

// grant finds the place of the path among those where the install works. One that has ended leads back.
func (h *Handler) grant(next func(http.ResponseWriter, *http.Request, *signin.Visitor, *installed, app.Grant)) func(http.ResponseWriter, *http.Request, *signin.Visitor, *installed) {
	return func(w http.ResponseWriter, r *http.Request, v *signin.Visitor, i *installed) {
		for _, g := range i.Grants {
			if g.ID != r.PathValue("grant") {
				continue
			}
			if g.Status == app.GrantRevoked {
				see(w, r, "/apps/"+i.ID)
				return
			}
			next(w, r, v, i, g)
			return
		}
		h.Gate.Missing(w, r, "/apps/"+i.ID)
	}
}

// askEnd asks whether the app is to stop working in one environment.
func (h *Handler) askEnd(w http.ResponseWriter, r *http.Request, v *signin.Visitor, i *installed, g app.Grant) {
	if !h.managed(w, r, i) {
		return
	}
	p := endPage{ID: i.ID, Merchant: i.Merchant, Grant: g.ID, App: viewApp(i.App), Live: g.Scope.Mode() == tenant.ModeLive, Last: true,
		CSRF: v.Token("/apps/" + i.ID + "/places/" + g.ID + "/end")}
	for _, other := range i.Grants {
		p.Last = p.Last && (other.ID == g.ID || other.Status == app.GrantRevoked)
	}
	err := h.DB.Read(r.Context(), func(tx db.Tx) (err error) {
		p.Place, err = h.environmentName(tx, g)
		return err
	})
	if err != nil {
		h.Gate.Broken(w, r, err)
		return
	}
	h.render(w, r, ui.Page{Name: "end", Title: h.text("end.title", i.App.Name), View: p, Policy: ui.Policy{ImgSrc: images(i.App)}})
}

// end takes the app's access to one environment.
func (h *Handler) end(w http.ResponseWriter, r *http.Request, _ *signin.Visitor, i *installed, g app.Grant) {
	h.change(w, r, i, func(tx db.Tx) error {
		_, _, err := h.Apps.RevokeGrant(r.Context(), tx, g.Scope, g.ID, i.User.ID, h.Clock.Now(), cause(i.User))
		return err
	})
}
