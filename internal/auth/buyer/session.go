package buyer

import (
	"context"
	"fmt"
	"time"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// Lifetimes in seconds, with what a create that names none gets.
const (
	MinSecret, MaxSecret, DefaultSecret    = 300, 86400, 3600
	MinRefresh, MaxRefresh, DefaultRefresh = 3600, 2592000, 2592000
	MinEntry, MaxEntry, DefaultEntry       = 60, 3600, 300
)

// Lifetime is when a session ends however often it was refreshed.
const Lifetime = 180 * 24 * time.Hour

// Reasons why a session ended.
const (
	EndRevoked = "revoked"
	EndReuse   = "reuse"   // a spent refresh token came again
	EndErased  = "erased"  // the customer's data was deleted
	EndEmail   = "address" // the customer's address changed
)

// Session is a family of credentials of one customer.
type Session struct {
	Scope      tenant.Scope
	ID         string // csess_…
	CustomerID string
	Revoked    bool
	Reason     string
	CreatedAt  time.Time
	ExpiresAt  time.Time // when it cannot be refreshed any more
	EndsAt     time.Time // the absolute end

	secretHash      string
	secretExpiresAt time.Time
	secretFor       time.Duration
	refreshFor      time.Duration
}

// Issued is a session with its credentials, which are shown once.
type Issued struct {
	Session          *Session
	Secret           secret.Text
	SecretExpiresAt  time.Time
	Refresh          secret.Text
	RefreshExpiresAt time.Time
	AccountURL       string // empty when the merchant hosts its accounts itself, and after a refresh
	AccountExpiresAt time.Time
}

// CreateInput opens a session for a customer whom the merchant has signed in. Seconds of 0 are the
// default.
type CreateInput struct {
	Scope          tenant.Scope
	CustomerID     string
	Seconds        int64
	RefreshSeconds int64
	EntrySeconds   int64
}

// Validate reports every fault of the input.
func (in CreateInput) Validate() error {
	var l fault.List
	for _, c := range []struct {
		param     string
		v, lo, hi int64
	}{
		{"expires_in_seconds", in.Seconds, MinSecret, MaxSecret},
		{"refresh_expires_in_seconds", in.RefreshSeconds, MinRefresh, MaxRefresh},
		{"account_url_expires_in_seconds", in.EntrySeconds, MinEntry, MaxEntry},
	} {
		if c.v != 0 && (c.v < c.lo || c.v > c.hi) {
			l.Add("INVALID_EXPIRATION", c.param, "It lasts between %d and %d seconds.", c.lo, c.hi)
		}
	}
	return l.Err()
}

func seconds(v, otherwise int64) time.Duration {
	if v == 0 {
		v = otherwise
	}
	return time.Duration(v) * time.Second
}

// Create opens a session. RESOURCE_NOT_FOUND when the scope has no such customer.
func (s *Service) Create(_ context.Context, tx db.Tx, in CreateInput) (*Issued, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	if err := in.Scope.Check(); err != nil {
		return nil, err
	}
	if _, err := s.Find(tx, in.Scope, in.CustomerID); err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	f := &Session{
		Scope: in.Scope, ID: s.IDs.New(id.CustomerSession), CustomerID: in.CustomerID, CreatedAt: now, EndsAt: now.Add(Lifetime),
		secretFor: seconds(in.Seconds, DefaultSecret), refreshFor: seconds(in.RefreshSeconds, DefaultRefresh),
	}
	out := f.mint(now)
	if err := insertSession(tx, f); err != nil {
		return nil, err
	}
	if err := insertRefresh(tx, f, out, now); err != nil {
		return nil, err
	}
	hosted, err := s.Hosted(tx, in.Scope)
	if err != nil || !hosted {
		return out, err
	}
	out.AccountURL, out.AccountExpiresAt, err = s.entry(tx, f.Scope, f.CustomerID, seconds(in.EntrySeconds, DefaultEntry), now)
	return out, err
}

// mint gives the session its next pair and sets its times.
func (f *Session) mint(now time.Time) *Issued {
	out := &Issued{Session: f, Secret: secret.NewText(secret.NewToken(auth.PrefixCustomerSession)), Refresh: secret.NewText(secret.NewToken(PrefixRefresh))}
	out.SecretExpiresAt, out.RefreshExpiresAt = earlier(now.Add(f.secretFor), f.EndsAt), earlier(now.Add(f.refreshFor), f.EndsAt)
	f.secretHash, f.secretExpiresAt = secret.Hash(out.Secret.Reveal()), out.SecretExpiresAt
	f.ExpiresAt = later(out.SecretExpiresAt, out.RefreshExpiresAt)
	return out
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Authenticate turns a session's secret into a principal whose SubjectID is the customer. Faults of class
// Authentication: CUSTOMER_SESSION_EXPIRED, and INVALID_CUSTOMER_SESSION for what is unknown, replaced or
// revoked.
func (s *Service) Authenticate(ctx context.Context, _, token string) (auth.Principal, error) {
	unknown := fault.Unauthenticated("INVALID_CUSTOMER_SESSION", "This customer session is unknown, replaced or revoked.").
		Then("Refresh it, or open a new one.")
	if !wellFormed(auth.PrefixCustomerSession, token) {
		return auth.Principal{}, unknown
	}
	var f *Session
	if err := s.DB.Read(ctx, func(tx db.Tx) (err error) {
		f, err = sessionBySecret(tx, secret.Hash(token))
		return err
	}); err != nil {
		return auth.Principal{}, err
	}
	switch {
	case f == nil || f.Revoked:
		return auth.Principal{}, unknown
	case !s.Clock.Now().Before(f.secretExpiresAt):
		return auth.Principal{}, fault.Unauthenticated("CUSTOMER_SESSION_EXPIRED", "This customer session has expired.").
			Then("Refresh it with its refresh token, or open a new one.")
	}
	return auth.Principal{Kind: auth.CustomerSession, ID: f.ID, SubjectID: f.CustomerID, Scope: f.Scope, ExpiresAt: f.secretExpiresAt}, nil
}

// Revoke ends one session and reports whether it was alive. CUSTOMER_SESSION_NOT_FOUND when the scope has
// no such session.
func (s *Service) Revoke(_ context.Context, tx db.Tx, scope tenant.Scope, sessionID string) (bool, error) {
	f, err := sessionByID(tx, scope, sessionID, tx.ForUpdate())
	if err != nil {
		return false, err
	}
	if f == nil {
		return false, &fault.Error{Class: fault.ClassNotFound, Code: "CUSTOMER_SESSION_NOT_FOUND", Message: "There is no such customer session."}
	}
	n, err := endSessions(tx, scope, `customer_session_id = $5`, sessionID, EndRevoked, s.Clock.Now())
	return n > 0, err
}

// RevokeAll ends every live session of a customer and counts them. RESOURCE_NOT_FOUND when the scope has
// no such customer.
func (s *Service) RevokeAll(_ context.Context, tx db.Tx, scope tenant.Scope, customerID string) (int64, error) {
	if _, err := s.Find(tx, scope, customerID); err != nil {
		return 0, err
	}
	return endSessions(tx, scope, `customer_id = $5`, customerID, EndRevoked, s.Clock.Now())
}

// EndCustomer ends everything that a customer can come in with: sessions, logins, entries, codes and links.
func (s *Service) EndCustomer(tx db.Tx, scope tenant.Scope, customerID, reason string) error {
	now := s.Clock.Now()
	if _, err := endSessions(tx, scope, `customer_id = $5`, customerID, reason, now); err != nil {
		return err
	}
	for _, sql := range []string{
		`DELETE FROM customer_account_logins WHERE merchant_id = $1 AND environment_id = $2 AND customer_id = $3`,
		`DELETE FROM customer_account_entries WHERE merchant_id = $1 AND environment_id = $2 AND customer_id = $3`,
		`DELETE FROM customer_codes WHERE merchant_id = $1 AND environment_id = $2 AND customer_id = $3`,
		`DELETE FROM customer_email_changes WHERE merchant_id = $1 AND environment_id = $2 AND customer_id = $3`,
	} {
		if err := tx.Send(sql, scope.MerchantID, scope.EnvironmentID, customerID); err != nil {
			return fmt.Errorf("end the ways in of a customer: %w", err)
		}
	}
	return endLinks(tx, scope, customerID, now)
}
