package checkout

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/order"
	"flint/internal/secret"
)

// Access is what a credential of a session opens.
type Access struct {
	Session *Session
	// Launch marks the launch token of the hosted page, which reads the session and does nothing else.
	Launch bool
	// CustomerID is whom the credential acts for, empty for nobody.
	CustomerID string
}

// Authenticate finds the session of a credential pair (X-Checkout-Session-ID and -Secret). It answers
// the same for a session that does not exist and for a wrong secret.
func (s *Service) Authenticate(tx db.Tx, sessionID, sessionSecret string) (*Access, error) {
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
	a := &Access{Session: session}
	switch hash := secret.Hash(sessionSecret); {
	case secret.Equal(session.SecretHash, hash):
	case secret.Equal(session.LaunchHash, hash):
		a.Launch = true
	default:
		var known bool
		if a.CustomerID, known, err = s.credential(tx, session, hash); err != nil {
			return nil, err
		}
		if !known {
			return nil, refused
		}
	}
	now := s.Clock.Now()
	if session.Status != StatusOpen && !session.Recovering(now) && now.After(session.UpdatedAt.Add(recoveryWindow)) {
		return nil, refused
	}
	return a, nil
}

// credential finds one of a session's further credentials and whom it acts for: nobody once the customer is
// gone or has another address than the one that was proven.
func (s *Service) credential(tx db.Tx, session *Session, hash string) (customerID string, known bool, err error) {
	var email string
	err = tx.QueryRow([]any{&customerID, &email}, `SELECT customer_id, email FROM checkout_credentials
		WHERE merchant_id = $1 AND environment_id = $2 AND checkout_session_id = $3 AND secret_hash = $4`,
		session.Scope.MerchantID, session.Scope.EnvironmentID, session.ID, hash)
	switch {
	case errors.Is(err, db.ErrNoRows):
		return "", false, nil
	case err != nil:
		return "", false, fmt.Errorf("read a credential of checkout session %s: %w", session.ID, err)
	case customerID == "":
		return "", true, nil
	}
	who, err := s.Orders.Customers.Get(tx.Context(), tx, session.Scope, customerID)
	switch {
	case fault.Is(err, "RESOURCE_NOT_FOUND"):
		return "", true, nil
	case err != nil:
		return "", false, err
	case !strings.EqualFold(who.Email, email):
		return "", true, nil
	}
	return customerID, true, nil
}

// grant makes a further credential of a session, for a customer whose address was proven or for nobody.
func (s *Service) grant(tx db.Tx, session *Session, customerID, email string) (secret.Text, error) {
	plain := secret.NewToken(secretPrefix)
	err := tx.Send(`INSERT INTO checkout_credentials (merchant_id, environment_id, checkout_session_id, secret_hash, customer_id, email, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		session.Scope.MerchantID, session.Scope.EnvironmentID, session.ID, secret.Hash(plain), customerID, email, s.Clock.Now())
	if err != nil {
		return secret.Text{}, fmt.Errorf("make a credential of checkout session %s: %w", session.ID, err)
	}
	return secret.NewText(plain), nil
}

// Relaunch hands an open session out once more, with a credential of its own: what was given out before
// keeps working. Links and invoices that are opened twice lead to one session by it.
//
// Faults: CHECKOUT_SESSION_EXPIRED, CHECKOUT_SESSION_NOT_OPEN.
func (s *Service) Relaunch(tx db.Tx, o *order.Order, session *Session) (Launch, error) {
	if err := s.checkOpen(session, s.Clock.Now()); err != nil {
		return Launch{}, err
	}
	plain, err := s.grant(tx, session, "", "")
	return Launch{Session: session, Order: o, Secret: plain, Token: s.LaunchToken(session)}, err
}

const (
	secretPrefix = "csauth_"
	launchPrefix = "cslaunch_"
)

// LaunchToken is what opens the session's hosted page; empty for an embedded session and for one that was
// made with another key. It is derived, so that the page's address can be told again to whoever manages the
// session without keeping it.
func (s *Service) LaunchToken(session *Session) secret.Text {
	token := launchPrefix + s.mac("checkout launch", session.ID)
	if session.Surface == SurfaceEmbedded || !secret.Equal(session.LaunchHash, secret.Hash(token)) {
		return secret.Text{}
	}
	return secret.NewText(token)
}

// PageLink is the address of a session's hosted page with its launch token, given where such pages are
// (settings.Service.Address); empty for a session without a token.
func (s *Service) PageLink(address string, session *Session) string {
	token := s.LaunchToken(session).Reveal()
	if token == "" {
		return ""
	}
	return address + "/checkout/" + session.ID + "#checkout_token=" + token
}

// OpenPage trades a launch token for the value of the page's cookie. The token stays good for as long
// as the session's page is worth looking at, so a buyer can open the link again or on another device.
// An embedded session has no link; its page opens with the credential that the merchant's page holds.
func (s *Service) OpenPage(session *Session, token string) (cookie string, ok bool) {
	if token == "" {
		return "", false
	}
	hash := secret.Hash(token)
	good := secret.Equal(session.LaunchHash, hash)
	if session.Surface == SurfaceEmbedded {
		good = secret.Equal(session.SecretHash, hash) || good
	}
	if !good {
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
	return s.mac("checkout page", session.ID, session.LaunchHash)
}

// mac ties parts to the installation's key, for one use.
func (s *Service) mac(use string, parts ...string) string {
	m := hmac.New(sha256.New, s.Key)
	m.Write([]byte(use + "\x00" + strings.Join(parts, "")))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// contactFor is how long a session keeps what its buyer typed after its end.
const contactFor = 30 * 24 * time.Hour
