package mailing

import (
	"embed"
	"log/slog"
	"net/http"
	"net/url"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/notification"
	"flint/internal/settings"
	"flint/internal/tenant"
	"flint/internal/web/ui"
)

//go:embed *.html
var files embed.FS

// Part is this package's templates, for ui.New.
func Part() ui.Part { return ui.Part{Name: "mailing", Files: files} }

// maxForm is the largest form that is read, in bytes.
const maxForm = 4 << 10

// Handler serves the pages.
type Handler struct {
	DB       db.DB
	Log      *slog.Logger
	Mails    *notification.Service
	Settings func(tx db.Tx, scope tenant.Scope) (*settings.Settings, error)
	// Merchant reads the name and the logo's address of a merchant, which may be empty.
	Merchant func(tx db.Tx, merchantID string) (name, logo string, err error)
	UI       *ui.Renderer
}

// Routes adds the pages. A mail program posts from nowhere, so there is no check of the origin; the token
// is the authority.
func (h *Handler) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+notification.UnsubscribePath+"{token}", h.show)
	mux.HandleFunc("POST "+notification.UnsubscribePath+"{token}", h.change)
}

// view is what the page shows.
type view struct {
	Merchant, Initial, LogoURL, Email string
	Test, Saved, Left                 bool
	Shipping                          bool // the link was of a mail about shipping
	Choices                           notification.Choices
}

func (h *Handler) show(w http.ResponseWriter, r *http.Request) {
	h.answer(w, r, view{}, nil)
}

// change does what the form says: action=leave or the POST of a mail program switches off the family of
// the link, action=save writes both choices.
func (h *Handler) change(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
		return
	}
	save := r.PostForm.Get("action") == "save"
	if !save && r.PostForm.Get("action") != "leave" && r.PostForm.Get("List-Unsubscribe") != "One-Click" {
		http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
		return
	}
	h.answer(w, r, view{Saved: save, Left: !save}, func(tx db.Tx, l notification.Leave) error {
		if save {
			return h.Mails.SetPreferences(tx, l.Scope, l.Email, notification.Choices{
				CheckoutReminders: r.PostForm.Has("checkout_reminders"), ShippingUpdates: r.PostForm.Has("shipping_updates")})
		}
		return h.Mails.Unsubscribe(tx, l)
	})
}

// answer changes what is to be changed and shows how things then are.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, v view, change func(tx db.Tx, l notification.Leave) error) {
	leave, err := h.Mails.ReadUnsubscribe(r.PathValue("token"))
	var look *settings.Settings
	if err == nil {
		if change != nil {
			err = h.DB.Write(r.Context(), func(tx db.Tx) error { return change(tx, leave) })
		}
		if err == nil {
			err = h.DB.Read(r.Context(), func(tx db.Tx) (err error) {
				if look, err = h.Settings(tx, leave.Scope); err != nil {
					return err
				}
				if v.Merchant, v.LogoURL, err = h.Merchant(tx, leave.Scope.MerchantID); err != nil {
					return err
				}
				v.Choices, err = h.Mails.Preferences(tx, leave.Scope, leave.Email)
				return err
			})
		}
	}
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	v.Email, v.Test, v.Shipping = leave.Email, leave.Scope.Mode() == tenant.ModeTest, leave.Family == notification.FamilyFulfillment
	for _, c := range v.Merchant {
		v.Initial = string(c)
		break
	}
	radius := int(look.Branding.CornerRadius)
	p := ui.Page{Name: "mailing/preferences", Title: h.UI.Language("").T("mailing.title"), View: v,
		Brand: ui.Brand{Accent: look.Branding.PrimaryColor, Radius: &radius, Font: look.Branding.FontFamily}}
	if u, err := url.Parse(v.LogoURL); err == nil && u.Host != "" {
		p.Policy.ImgSrc = []string{u.Scheme + "://" + u.Host}
	}
	h.UI.Render(w, r, p)
}

// refuse says that a link leads nowhere, or that something broke.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status, name := http.StatusInternalServerError, "mailing.broken"
	if f := fault.Of(err); f != nil {
		status = f.Class.Status()
	}
	if status == http.StatusNotFound {
		name = "mailing.unknown"
	} else {
		h.Log.ErrorContext(r.Context(), "e-mail preferences were not answered", "error", err)
	}
	h.UI.Render(w, r, ui.Page{Name: "mailing/problem", Status: status, Title: h.UI.Language("").T(name), View: name})
}
