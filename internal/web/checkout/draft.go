package checkout

import (
	"errors"
	"net/http"
	"strings"
	"time"

	domain "flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/fault"
)

// draft keeps the e-mail address of a buyer who has not paid yet, so that they can be reminded: only for
// merchants who do that, and only from buyers who agreed when they were asked. It answers with nothing.
func (h *Handler) draft(w http.ResponseWriter, r *http.Request, v *visit) {
	if !v.remind.On || v.state() != statePay {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	err := h.DB.Write(r.Context(), func(tx db.Tx) error {
		_, session, err := h.lock(tx, v)
		if err != nil {
			return err
		}
		return h.keepDraft(tx, r, v, session)
	})
	if err != nil && !errors.Is(err, errMoved) && fault.Of(err) == nil {
		h.Log.ErrorContext(r.Context(), "a buyer's address was not kept", "session", v.session.ID, "error", err)
	}
	w.WriteHeader(http.StatusNoContent)
}

func (h *Handler) keepDraft(tx db.Tx, r *http.Request, v *visit, session *domain.Session) error {
	agreed := r.PostFormValue("reminders") == "yes"
	if agreed || !v.remind.Ask {
		in := domain.UpdateInput{Scope: session.Scope, SessionID: session.ID, Cause: h.cause(session)}
		var bad fault.List
		email := strings.TrimSpace(r.PostFormValue("email"))
		domain.CheckEmail(&bad, "email", email)
		if saved := session.Detail.Contact; bad.Err() == nil && (saved == nil || saved.Email != email) {
			in.Contact = &domain.ContactInput{Email: &email}
		}
		zone := r.PostFormValue("timezone")
		if _, err := time.LoadLocation(zone); err == nil && zone != "" && zone != "Local" && zone != session.Detail.Timezone {
			in.Timezone = &zone
		}
		if in.Contact != nil || in.Timezone != nil {
			if _, err := h.Checkouts.Update(tx, in); err != nil {
				return err
			}
		}
	}
	if !v.remind.Ask {
		return nil
	}
	return h.Agree(tx, session.Scope, session.OrderID, agreed)
}
