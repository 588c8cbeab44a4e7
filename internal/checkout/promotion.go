package checkout

import (
	"flint/internal/db"
)

// CodesEnabled tells whether the buyer of a session may enter codes: as the session says itself, else
// as its merchant's settings say, else not.
func (s *Service) CodesEnabled(tx db.Tx, session *Session) (bool, error) {
	switch own := session.Detail.CodesEnabled; {
	case own != nil:
		return *own, nil
	case s.CodeEntry != nil:
		return s.CodeEntry(tx, session.Scope)
	}
	return false, nil
}
