package checkout

import (
	"errors"
	"net/http"

	domain "flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/payment"
	"flint/internal/web/ui"
)

// inFrame reports whether the answer goes into a frame of another page, as the browser tells.
func inFrame(r *http.Request) bool { return r.Header.Get("Sec-Fetch-Dest") == "iframe" }

// Loader is what the frame of an embedded checkout shows before its page has the credential. It knows
// nothing of the order.
type Loader struct {
	Common
	Refused bool // a credential came and was not good
}

// loader greets the page around the frame, which answers with the session's credential; the policy of
// the answer lets no other page frame it. A session that is not embedded has no loader.
func (h *Handler) loader(w http.ResponseWriter, r *http.Request, sessionID string, refused bool) {
	var session *domain.Session
	err := h.DB.Read(r.Context(), func(tx db.Tx) error {
		var err error
		session, err = domain.Find(tx, sessionID)
		return err
	})
	switch {
	case fault.Is(err, "RESOURCE_NOT_FOUND"), err == nil && session.Surface != domain.SurfaceEmbedded:
		h.Pages.RenderEnd(w, r, End{Kind: EndNotFound})
	case err != nil:
		h.broken(w, r, err)
	default:
		h.Pages.RenderLoader(w, r, Loader{
			Common: Common{SessionID: sessionID, Around: session.Detail.PageOrigin, Framed: true}, Refused: refused,
		})
	}
}

// RenderLoader writes the loader; 403 when the credential was refused.
func (p *Pages) RenderLoader(w http.ResponseWriter, r *http.Request, v Loader) {
	page := p.page(v.Common, "loader", v)
	page.Title = p.text(v.Lang, "entry.title")
	if v.Refused {
		page.Status, page.Frame.Kind = http.StatusForbidden, "refused"
	}
	p.ui.Render(w, r, page)
}

// pageAround is the origin that frames the checkout which began an operation; empty when its session
// is not embedded, or when there is none.
func (h *Handler) pageAround(r *http.Request, op payment.Operation) (string, error) {
	origin := ""
	err := h.DB.Read(r.Context(), func(tx db.Tx) error {
		i, err := payment.Get(tx, op.Scope, op.PaymentID)
		if err != nil || i.AttemptID == "" {
			return err
		}
		a, err := payment.GetAttempt(tx, op.Scope, i.OrderID, i.AttemptID)
		if err != nil || a.CheckoutSessionID == "" {
			return err
		}
		session, err := domain.Get(tx, op.Scope, a.CheckoutSessionID)
		if err == nil && session.Surface == domain.SurfaceEmbedded {
			origin = ui.Origin(session.Detail.PageOrigin)
		}
		return err
	})
	if fault.Is(err, "RESOURCE_NOT_FOUND") || errors.Is(err, db.ErrNoRows) {
		return "", nil
	}
	return origin, err
}
