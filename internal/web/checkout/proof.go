package checkout

import (
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	domain "flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/fault"
)

const (
	askedCookie = "flint_code"     // which code was asked for
	proofCookie = "flint_customer" // the credential that a right code brought

	// askedFor is longer than a code works, so that the page can say that it has expired.
	askedFor = time.Hour
	// proofFor is how long a browser acts for a customer before it has to prove the address again.
	proofFor = 2 * time.Hour
)

// asked is a code that was mailed from the page and waits to be typed.
type asked struct {
	VerificationID string    `json:"id"`
	Purpose        string    `json:"purpose"`
	Email          string    `json:"email"`
	Since          time.Time `json:"since"`
}

// proof is the session's credential that acts for a customer. It lies sealed in a cookie of the session's
// pages; their own cookie acts for nobody.
type proof struct {
	Secret  string    `json:"secret"`
	Purpose string    `json:"purpose"`
	Email   string    `json:"email"`
	Since   time.Time `json:"since"`
}

// seal keeps a value in a cookie of one session, which cannot be moved to another one's.
func (h *Handler) seal(w http.ResponseWriter, session *domain.Session, name string, value any, lasts time.Duration) error {
	plain, err := json.Marshal(value)
	if err != nil {
		return err
	}
	h.setCookie(w, session, name, h.Box.Seal(name+" "+session.ID, plain), lasts)
	return nil
}

// unseal reports whether the cookie was there and good.
func (h *Handler) unseal(r *http.Request, sessionID, name string, into any) bool {
	plain, err := h.Box.Open(name+" "+sessionID, cookie(r, name))
	return err == nil && json.Unmarshal(plain, into) == nil
}

// proofs reads what the browser has of codes: one that waits, or the credential that one has brought.
func (h *Handler) proofs(r *http.Request, v *visit) {
	var a asked
	if h.unseal(r, v.session.ID, askedCookie, &a) && v.now.Before(a.Since.Add(askedFor)) {
		v.asked = &a
	}
	var p proof
	if h.unseal(r, v.session.ID, proofCookie, &p) && v.now.Before(p.Since.Add(proofFor)) {
		v.proof = &p
	}
}

// actsFor is the customer that the browser's credential acts for now, nobody without one.
func (h *Handler) actsFor(tx db.Tx, v *visit) (string, error) {
	if v.proof == nil || !v.saves {
		return "", nil
	}
	access, err := h.Checkouts.Authenticate(tx, v.session.ID, v.proof.Secret)
	if fault.Of(err) != nil { // the session is over
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return access.CustomerID, nil
}

// forget makes the browser act for nobody again.
func (h *Handler) forget(w http.ResponseWriter, session *domain.Session) {
	h.setCookie(w, session, askedCookie, "", 0)
	h.setCookie(w, session, proofCookie, "", 0)
}
