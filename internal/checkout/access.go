package checkout

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/secret"
)

// Authenticate finds the session of a credential pair (X-Checkout-Session-ID and -Secret). It answers
// the same for a session that does not exist and for a wrong secret.
func (s *Service) Authenticate(tx db.Tx, sessionID, sessionSecret string) (*Session, error) {
	refused := fault.Unauthenticated("CHECKOUT_SESSION_AUTH_REQUIRED", "The checkout session's credential is not valid.")
	if sessionID == "" || sessionSecret == "" {
		return nil, refused
	}
	session, err := Find(tx, sessionID)
	if fault.Is(err, "RESOURCE_NOT_FOUND") {
		return nil, refused
	}
	if err != nil {
		return nil, err
	}
	if !secret.Equal(session.SecretHash, secret.Hash(sessionSecret)) {
		return nil, refused
	}
	now := s.Clock.Now()
	if session.Status != StatusOpen && !session.Recovering(now) && now.After(session.UpdatedAt.Add(recoveryWindow)) {
		return nil, refused
	}
	return session, nil
}

// OpenPage trades a launch token for the value of the page's cookie. The token stays good for as long
// as the session's page is worth looking at, so a buyer can open the link again or on another device.
func (s *Service) OpenPage(session *Session, token string) (cookie string, ok bool) {
	if token == "" || !secret.Equal(session.LaunchHash, secret.Hash(token)) {
		return "", false
	}
	return s.cookie(session), true
}

// PageCookie is the name of the cookie that opens the hosted page of a session; its path is the page's.
const PageCookie = "flint_checkout"

// LetIn is the value of the page's cookie for a browser that has proven to another page of ours that the
// order is its buyer's.
func (s *Service) LetIn(session *Session) (cookie string) { return s.cookie(session) }

// PageAllowed tells whether a cookie belongs to the session.
func (s *Service) PageAllowed(session *Session, cookie string) bool {
	return cookie != "" && secret.Equal(cookie, s.cookie(session))
}

// cookie is derived from the session and the installation's key, so nothing has to be stored.
func (s *Service) cookie(session *Session) string {
	m := hmac.New(sha256.New, s.Key)
	m.Write([]byte("checkout page\x00" + session.ID + "\x00" + session.LaunchHash))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}
