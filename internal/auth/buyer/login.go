package buyer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/secret"
	"flint/internal/tenant"
	"flint/internal/throttle"
)

// How long a browser stays signed in to the hosted account: without a visit, and at most.
const (
	LoginIdle = 24 * time.Hour
	LoginLife = 14 * 24 * time.Hour
)

// seenEvery is how often the last visit of a login is written at most.
const seenEvery = 5 * time.Minute

// codeRate is how often one network address asks for codes, over all customers.
var codeRate = throttle.Rate{PerSecond: 1.0 / 30, Burst: 20}

// Errors of the hosted account.
var (
	// ErrNoLogin is the answer to a cookie that opens nothing (any more).
	ErrNoLogin = errors.New("buyer: no such login")
	// ErrEntry is the answer to an account_url that was used, has expired, or is none.
	ErrEntry = errors.New("buyer: the way in is closed")
	// ErrCodeWrong is the answer to a code that is not the mailed one; another try is left.
	ErrCodeWrong = errors.New("buyer: the code is wrong")
	// ErrCodeEnded is the answer to a code that has expired, was used, or was tried too often.
	ErrCodeEnded = errors.New("buyer: the code has ended")
	// ErrBusy is the answer to a network address that asks for too many codes.
	ErrBusy = errors.New("buyer: too many codes were asked for")
)

// Login is a browser that is signed in to the hosted account.
type Login struct {
	Scope      tenant.Scope
	CustomerID string
	CreatedAt  time.Time
	ExpiresAt  time.Time

	hash       string
	lastSeenAt time.Time
}

// Key names the login in signatures of forms. It cannot be turned into the cookie.
func (l *Login) Key() string { return l.hash }

// entry writes a one-time way in and returns its address.
func (s *Service) entry(tx db.Tx, scope tenant.Scope, customerID string, lasts time.Duration, now time.Time) (string, time.Time, error) {
	token, expires := secret.NewToken(PrefixEntry), now.Add(lasts)
	if err := tx.Send(`INSERT INTO customer_account_entries (merchant_id, environment_id, entry_hash, customer_id, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6)`, scope.MerchantID, scope.EnvironmentID, secret.Hash(token), customerID, now, expires); err != nil {
		return "", time.Time{}, fmt.Errorf("write a way into the account: %w", err)
	}
	return s.Address(scope) + "/account/" + scope.EnvironmentID + "/enter/" + token, expires, nil
}

// Enter trades the token of an account_url, once, for the cookie of a login. Error: ErrEntry.
func (s *Service) Enter(ctx context.Context, token string) (cookie secret.Text, login *Login, err error) {
	if !wellFormed(PrefixEntry, token) {
		return secret.Text{}, nil, ErrEntry
	}
	now := s.Clock.Now()
	err = s.DB.Write(ctx, func(tx db.Tx) error {
		l := Login{CreatedAt: now}
		var expires, used time.Time
		err := tx.QueryRow([]any{&l.Scope.MerchantID, &l.Scope.EnvironmentID, &l.CustomerID, &expires, &used}, `SELECT merchant_id, environment_id,
			customer_id, expires_at, used_at FROM customer_account_entries WHERE entry_hash = $1`+tx.ForUpdate(), secret.Hash(token))
		switch {
		case errors.Is(err, db.ErrNoRows), err == nil && (!used.IsZero() || !now.Before(expires)):
			return ErrEntry
		case err != nil:
			return fmt.Errorf("read a way into the account: %w", err)
		}
		if err := tx.Send(`UPDATE customer_account_entries SET used_at = $4 WHERE merchant_id = $1 AND environment_id = $2 AND entry_hash = $3`,
			l.Scope.MerchantID, l.Scope.EnvironmentID, secret.Hash(token), now); err != nil {
			return fmt.Errorf("use a way into the account: %w", err)
		}
		cookie, err = s.letIn(tx, &l, "account_url")
		login = &l
		return err
	})
	return cookie, login, err
}

// letIn begins a login.
func (s *Service) letIn(tx db.Tx, l *Login, method string) (secret.Text, error) {
	cookie := secret.NewToken(PrefixLogin)
	l.hash, l.ExpiresAt, l.lastSeenAt = secret.Hash(cookie), l.CreatedAt.Add(LoginLife), l.CreatedAt
	if err := tx.Send(`INSERT INTO customer_account_logins (merchant_id, environment_id, login_hash, customer_id, method, created_at, last_seen_at,
		expires_at) VALUES ($1, $2, $3, $4, $5, $6, $6, $7)`, l.Scope.MerchantID, l.Scope.EnvironmentID, l.hash, l.CustomerID, method, l.CreatedAt,
		l.ExpiresAt); err != nil {
		return secret.Text{}, fmt.Errorf("begin a login: %w", err)
	}
	return secret.NewText(cookie), nil
}

// Login is what a cookie stands for at an environment. Error: ErrNoLogin.
func (s *Service) Login(ctx context.Context, environmentID, cookie string) (*Login, error) {
	if !wellFormed(PrefixLogin, cookie) {
		return nil, ErrNoLogin
	}
	l, now := Login{hash: secret.Hash(cookie)}, s.Clock.Now()
	err := s.DB.Read(ctx, func(tx db.Tx) error {
		return tx.QueryRow([]any{&l.Scope.MerchantID, &l.Scope.EnvironmentID, &l.CustomerID, &l.CreatedAt, &l.lastSeenAt, &l.ExpiresAt},
			`SELECT merchant_id, environment_id, customer_id, created_at, last_seen_at, expires_at FROM customer_account_logins WHERE login_hash = $1`, l.hash)
	})
	switch {
	case errors.Is(err, db.ErrNoRows):
		return nil, ErrNoLogin
	case err != nil:
		return nil, fmt.Errorf("read a login: %w", err)
	case l.Scope.EnvironmentID != environmentID || !now.Before(l.ExpiresAt) || !now.Before(l.lastSeenAt.Add(LoginIdle)):
		return nil, ErrNoLogin
	}
	if now.Sub(l.lastSeenAt) >= seenEvery {
		if err := s.DB.Write(ctx, func(tx db.Tx) error {
			return tx.Send(`UPDATE customer_account_logins SET last_seen_at = $4 WHERE merchant_id = $1 AND environment_id = $2 AND login_hash = $3
				AND last_seen_at < $4`, l.Scope.MerchantID, l.Scope.EnvironmentID, l.hash, now)
		}); err != nil {
			return nil, fmt.Errorf("note a visit: %w", err)
		}
	}
	return &l, nil
}

// SignOut ends a login. One that has ended already is no error.
func (s *Service) SignOut(ctx context.Context, l *Login) error {
	return s.DB.Write(ctx, func(tx db.Tx) error {
		return tx.Send(`DELETE FROM customer_account_logins WHERE merchant_id = $1 AND environment_id = $2 AND login_hash = $3`,
			l.Scope.MerchantID, l.Scope.EnvironmentID, l.hash)
	})
}

// SignInInput asks for a mailed code.
type SignInInput struct {
	Scope   tenant.Scope
	Email   string
	Address string // network address, for the limit
}

// BeginSignIn mails a code when a customer of the scope has the address, and returns what the same browser
// shows to use it. Nothing tells whether a mail went out; more than five an hour to one address do not.
// Error: ErrBusy.
func (s *Service) BeginSignIn(ctx context.Context, in SignInInput) (secret.Text, error) {
	now := s.Clock.Now()
	if s.Addresses != nil && s.Addresses.Take(in.Address, codeRate, now) > 0 {
		return secret.Text{}, ErrBusy
	}
	pending := secret.NewToken(PrefixPending)
	err := s.DB.Write(ctx, func(tx db.Tx) error {
		if err := s.account(tx, in.Scope); err != nil {
			return err
		}
		wait, _, err := crowded(tx, in.Scope, in.Email, "", now)
		if err != nil {
			return err
		}
		found, err := s.ByEmail(tx, in.Scope, in.Email)
		if err != nil {
			return err
		}
		c := code{Scope: in.Scope, ID: secret.Hash(pending), Purpose: PurposeSignIn, CustomerID: found.CustomerID, Address: in.Email, CreatedAt: now}
		if found.CustomerID != "" {
			c.Address = found.Email // the one on file, never the one that was typed
		}
		return s.send(tx, c, found.CustomerID != "" && wait == 0)
	})
	if err != nil {
		return secret.Text{}, err
	}
	return secret.NewText(pending), nil
}

// SignIn trades a mailed code for the cookie of a login. Errors: ErrCodeWrong, ErrCodeEnded.
func (s *Service) SignIn(ctx context.Context, scope tenant.Scope, pending, typed string) (cookie secret.Text, login *Login, err error) {
	if !wellFormed(PrefixPending, pending) {
		return secret.Text{}, nil, ErrCodeEnded
	}
	now := s.Clock.Now()
	var refused error // decided inside, and the try is counted all the same
	err = s.DB.Write(ctx, func(tx db.Tx) error {
		refused = nil
		c, err := findCode(tx, scope, secret.Hash(pending), tx.ForUpdate())
		if err != nil {
			return err
		}
		if c == nil || c.Purpose != PurposeSignIn {
			refused = ErrCodeEnded
			return nil
		}
		switch s.judge(c, typed, now) {
		case codeUsed, codeEnded:
			refused = ErrCodeEnded
			return nil
		case codeWrong:
			refused = ErrCodeWrong
			if c.Tries+1 >= CodeTries {
				refused = ErrCodeEnded
			}
			return missed(tx, c)
		}
		if c.CustomerID == "" { // nobody was mailed the code, so nobody can have it but by luck
			refused = ErrCodeWrong
			return missed(tx, c)
		}
		if _, err := s.Find(tx, scope, c.CustomerID); fault.Is(err, "RESOURCE_NOT_FOUND") {
			refused = ErrCodeEnded
			return nil
		} else if err != nil {
			return err
		}
		if err := confirm(tx, c, now, c.ExpiresAt); err != nil {
			return err
		}
		login = &Login{Scope: scope, CustomerID: c.CustomerID, CreatedAt: now}
		cookie, err = s.letIn(tx, login, "code")
		return err
	})
	if err = errors.Join(err, refused); err != nil {
		return secret.Text{}, nil, err
	}
	return cookie, login, nil
}

// AccountURL makes a one-time way into the hosted account for a mail or another page of ours.
func (s *Service) AccountURL(tx db.Tx, scope tenant.Scope, customerID string) (string, time.Time, error) {
	if !id.Valid(id.Customer, customerID) {
		return "", time.Time{}, fault.NotFound("customer")
	}
	return s.entry(tx, scope, customerID, DefaultEntry*time.Second, s.Clock.Now())
}
