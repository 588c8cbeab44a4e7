package checkout

import (
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	domain "flint/internal/checkout"
	"flint/internal/payment"
)

const (
	sourceCookie = "flint_source"
	sourceFor    = 30 * time.Minute
)

// source is a tokenized way to pay that waits in the buyer's browser, sealed, until it is used: no
// table of ours holds it.
type source struct {
	Option Option    `json:"option"`
	Token  string    `json:"token"`
	Brand  string    `json:"brand,omitempty"`
	Last4  string    `json:"last4,omitempty"`
	Since  time.Time `json:"since"`
}

func sealedFor(sessionID string) string { return "checkout source " + sessionID }

// keepSource seals a source into the cookie of one session.
func (h *Handler) keepSource(w http.ResponseWriter, session *domain.Session, s source) error {
	plain, err := json.Marshal(&s)
	if err != nil {
		return err
	}
	h.setCookie(w, session, sourceCookie, h.Box.Seal(sealedFor(session.ID), plain), sourceFor)
	return nil
}

// sourceOf opens the cookie; nil when there is none, or one that is not good or too old.
func (h *Handler) sourceOf(r *http.Request, sessionID string) *source {
	plain, err := h.Box.Open(sealedFor(sessionID), cookie(r, sourceCookie))
	if err != nil {
		return nil
	}
	s := &source{}
	if err := json.Unmarshal(plain, s); err != nil || h.Clock.Now().After(s.Since.Add(sourceFor)) {
		return nil
	}
	return s
}

func (s *source) stored() *Stored {
	if s == nil {
		return nil
	}
	return &Stored{Option: s.Option, Token: s.Token, Brand: s.Brand, Last4: s.Last4}
}

// change forgets the source, so that another can be typed in.
func (h *Handler) change(w http.ResponseWriter, r *http.Request, v *visit) {
	h.setCookie(w, v.session, sourceCookie, "", 0)
	see(w, r, page(v.session.ID))
}

// describe is a source as a receipt names it.
func (h *Handler) describe(s *payment.Source) string {
	switch {
	case s == nil:
		return ""
	case s.Type == string(OptionBank):
		return h.Pages.text("", "pay.stored.bank", s.Last4)
	case s.Brand != "":
		return h.Pages.text("", "pay.stored.brand", brandName(s.Brand), s.Last4)
	default:
		return h.Pages.text("", "pay.stored.card", s.Last4)
	}
}

// brandName is how a card scheme writes itself.
func brandName(brand string) string {
	switch brand {
	case "amex":
		return "American Express"
	case "":
		return ""
	default:
		return strings.ToUpper(brand[:1]) + brand[1:]
	}
}
