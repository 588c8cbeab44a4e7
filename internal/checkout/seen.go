package checkout

import (
	"flint/internal/db"
	"flint/internal/order"
	"flint/internal/tenant"
)

// What the buyer of a session may be seen doing.
const (
	SeenOpened  = "opened"        // looked at its page
	SeenContact = "contact_saved" // left contact details, new ones or the same again
)

// NoteOpened notes that a buyer looks at the page of a session; of one that has ended nothing is noted.
func (s *Service) NoteOpened(tx db.Tx, scope tenant.Scope, sessionID string) error {
	o, session, err := s.lock(tx, scope, sessionID)
	if err != nil || !session.Open(s.Clock.Now()) {
		return err
	}
	return s.seen(tx, o, session, SeenOpened)
}

func (s *Service) seen(tx db.Tx, o *order.Order, session *Session, what string) error {
	for _, f := range s.Seen {
		if err := f(tx, o, session, what); err != nil {
			return err
		}
	}
	return nil
}
