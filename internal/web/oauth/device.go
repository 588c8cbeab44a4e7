package oauth

import (
	"net/http"
	"slices"
	"strings"

	"flint/internal/auth"
	"flint/internal/auth/oauth"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/tenant"
	"flint/internal/web/signin"
	"flint/internal/web/ui"
)

type devicePage struct {
	Code, CSRF, Error string
	Done              string // approved or denied
	Email             string
}

func (h *Handler) device(w http.ResponseWriter, r *http.Request, v *signin.Visitor) {
	p := devicePage{CSRF: v.Token("/device"), Email: v.Users[0].Email}
	switch r.URL.Query().Get("done") { // words only; nothing is decided by this address
	case "approved":
		p.Done = "approved"
	case "denied":
		p.Done = "denied"
	}
	// A link may carry the code. It is shown for comparison and never taken without a click.
	if code := r.URL.Query().Get("user_code"); len(code) <= 16 {
		p.Code = code
	}
	h.render(w, r, ui.Page{Name: "device", Title: h.text("device.title"), View: p})
}

type deviceDecision struct {
	Code, CSRF, Email string
	Places            []choice
	Reads, Changes    []string
	Everything        bool // it asks for whatever the visitor may do
	Money             bool
	Started           string
}

// deviceCode shows what the program with the typed code asks for.
func (h *Handler) deviceCode(w http.ResponseWriter, r *http.Request, v *signin.Visitor) {
	code := strings.ToUpper(strings.TrimSpace(r.PostFormValue("user_code")))
	var d *oauth.Device
	var all []place
	err := h.DB.Read(r.Context(), func(tx db.Tx) (err error) {
		if d, err = h.OAuth.DeviceByUserCode(tx, v.Session.EmailKey, code, h.Clock.Now()); err != nil {
			return err
		}
		all, err = h.places(r.Context(), tx, v, tenant.ModeTest, tenant.ModeLive)
		return err
	})
	switch {
	case fault.Is(err, "RESOURCE_NOT_FOUND"), fault.Is(err, "RATE_LIMIT_EXCEEDED"):
		p := devicePage{CSRF: v.Token("/device"), Email: v.Users[0].Email, Error: "device.unknown"}
		status := http.StatusUnprocessableEntity
		if fault.Is(err, "RATE_LIMIT_EXCEEDED") {
			p.Error, status = "device.many", http.StatusTooManyRequests
		}
		h.render(w, r, ui.Page{Name: "device", Title: h.text("device.title"), View: p, Status: status})
		return
	case err != nil:
		h.Gate.Broken(w, r, err)
		return
	}
	p := deviceDecision{Code: code, CSRF: v.Token("device", code), Email: v.Users[0].Email, Started: d.CreatedAt.Format("15:04 UTC")}
	// Sandboxes first: a program is tried out before it is let near money.
	slices.SortStableFunc(all, func(a, b place) int { return boolOrder(a.Live) - boolOrder(b.Live) })
	for i, at := range all {
		p.Places = append(p.Places, choice{at, i == 0})
	}
	p.Reads, p.Changes = topics(d.Requested, h.allows())
	p.Everything = d.Requested.Len() == 0
	p.Money = p.Everything || slices.ContainsFunc(d.Requested.Names(), auth.MovesMoney)
	h.render(w, r, ui.Page{Name: "device_review", Title: h.text("device.review.title"), View: p})
}

func (h *Handler) decideDevice(w http.ResponseWriter, r *http.Request, v *signin.Visitor) {
	code := r.PostFormValue("user_code")
	if !v.Sent(r.PostFormValue("csrf"), "device", code) {
		h.Gate.Stale(w, r, "/device")
		return
	}
	approved := r.PostFormValue("decision") == "approve"
	err := h.DB.Write(r.Context(), func(tx db.Tx) error {
		if !approved {
			return h.OAuth.DenyDevice(r.Context(), tx, code, h.Clock.Now())
		}
		all, err := h.places(r.Context(), tx, v, tenant.ModeTest, tenant.ModeLive)
		if err != nil {
			return err
		}
		n := slices.IndexFunc(all, func(p place) bool { return p.Value() == r.PostFormValue("place") })
		if n < 0 {
			return fault.NotFound("environment")
		}
		held, err := h.OAuth.Holder(tx, all[n].Scope.MerchantID, all[n].User.ID)
		if err != nil {
			return err
		}
		return h.OAuth.ApproveDevice(r.Context(), tx, oauth.ApproveInput{UserCode: code, UserID: all[n].User.ID, Scope: all[n].Scope, Scopes: held, Now: h.Clock.Now()})
	})
	switch {
	case fault.Is(err, "RESOURCE_NOT_FOUND"):
		h.Gate.Stale(w, r, "/device")
	case err != nil:
		h.refuse(w, r, err, "/device")
	case approved:
		see(w, r, "/device?done=approved")
	default:
		see(w, r, "/device?done=denied")
	}
}
