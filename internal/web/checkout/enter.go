package checkout

import (
	"net/http"

	domain "flint/internal/checkout"
)

// Enter lets the browser that gets w into a session which another page of ours has just opened for it, and
// sends it there. It needs no JavaScript.
func (h *Handler) Enter(w http.ResponseWriter, r *http.Request, session *domain.Session) {
	h.setCookie(w, session, accessCookie, h.Checkouts.LetIn(session), accessFor)
	see(w, r, page(session.ID))
}
