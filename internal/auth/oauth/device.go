package oauth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"strings"
	"time"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/secret"
	"flint/internal/tenant"
	"flint/internal/throttle"
)

// Statuses of a device that asks to be let in.
const (
	DevicePending  = "pending"
	DeviceApproved = "approved"
	DeviceDenied   = "denied"
	DeviceUsed     = "used"
)

const (
	pollEvery = 5 * time.Second // that a device waits between two questions, and by how much slow_down raises it

	// A user code is typed by hand: consonants that are not mistaken for one another and spell no word. Eight
	// of twenty make 34 bits, for ten minutes, behind a limit on guesses.
	userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"
	userCodeLen     = 8
)

// Who starts sign-ins or types codes does so a few times; more is somebody trying.
var (
	startsPerAddress = throttle.Rate{PerSecond: 0.5, Burst: 20}
	guessesPerUser   = throttle.Rate{PerSecond: 0.1, Burst: 10}
)

// Device is a program that asks to be let in by a user.
type Device struct {
	Status    string
	ClientID  string
	Requested auth.ScopeSet // empty: whatever the user may do
	Code      secret.Text   // device code, only from StartDevice
	UserCode  string        // XXXX-XXXX, only from StartDevice
	Interval  time.Duration
	CreatedAt time.Time
	ExpiresAt time.Time

	hash     string
	scope    tenant.Scope
	userID   string
	scopes   auth.ScopeSet
	familyID string
	polledAt time.Time
}

// DeviceInput starts the device flow.
type DeviceInput struct {
	Client  *Client
	Scope   string // space-separated, may be empty
	Address netip.Addr
	Now     time.Time
}

// StartDevice makes a device code and the code its user types (RFC 8628, 3.2).
func (s *Service) StartDevice(_ context.Context, tx db.Tx, in DeviceInput) (*Device, error) {
	if !in.Client.Public() {
		return nil, refuse(CodeUnauthorizedClient, "The device flow is for the command line.")
	}
	var requested auth.ScopeSet
	if in.Scope != "" {
		var err error
		if requested, err = narrow(in.Scope, auth.AllScopes(), auth.AllScopes()); err != nil {
			return nil, err
		}
	}
	if in.Address.IsValid() {
		if wait := s.guesses.Take("start "+in.Address.String(), startsPerAddress, in.Now); wait > 0 {
			return nil, errTooMany(wait)
		}
	}
	d := &Device{Status: DevicePending, ClientID: in.Client.ID, Requested: requested, Code: secret.NewText(secret.NewToken(PrefixDevice)),
		UserCode: newUserCode(), Interval: pollEvery, CreatedAt: in.Now, ExpiresAt: in.Now.Add(DeviceLifetime)}
	err := tx.Send(`INSERT INTO oauth_devices (merchant_id, environment_id, device_hash, user_code_hash, client_id, requested, status,
		wait_seconds, created_at, expires_at, purge_at) VALUES ('', '', $1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		secret.Hash(d.Code.Reveal()), s.userCodeHash(d.UserCode), d.ClientID, names(requested), d.Status, int64(d.Interval/time.Second),
		d.CreatedAt, d.ExpiresAt, d.ExpiresAt.Add(keepSpent))
	if err != nil {
		return nil, fmt.Errorf("write a device: %w", err)
	}
	return d, nil
}

// DeviceByUserCode finds the device that waits for this code, for the page that asks its user. Faults:
// RESOURCE_NOT_FOUND for a code that is unknown, expired or settled; RATE_LIMIT_EXCEEDED for a user who
// tries many.
func (s *Service) DeviceByUserCode(tx db.Tx, userID, userCode string, now time.Time) (*Device, error) {
	if wait := s.guesses.Take("guess "+userID, guessesPerUser, now); wait > 0 {
		return nil, errTooMany(wait)
	}
	return s.pending(tx, userCode, now, "")
}

func (s *Service) pending(tx db.Tx, userCode string, now time.Time, lock string) (*Device, error) {
	d, err := deviceBy(tx, "user_code_hash", s.userCodeHash(userCode), lock)
	if err != nil {
		return nil, err
	}
	if d == nil || d.Status != DevicePending || !now.Before(d.ExpiresAt) {
		return nil, fault.NotFound("code")
	}
	return d, nil
}

// ApproveInput is a user's yes.
type ApproveInput struct {
	UserCode string
	UserID   string        // signed in, a user of Scope's merchant
	Scope    tenant.Scope  // the environment the session will act in
	Scopes   auth.ScopeSet // what the user lets it do
	Now      time.Time
}

// ApproveDevice lets a device act as the user in one environment. It never gets a scope that the user
// does not hold or that the device did not ask for. Faults: RESOURCE_NOT_FOUND, INSUFFICIENT_SCOPE when
// nothing is left.
func (s *Service) ApproveDevice(_ context.Context, tx db.Tx, in ApproveInput) error {
	if err := in.Scope.Check(); err != nil {
		return err
	}
	d, err := s.pending(tx, in.UserCode, in.Now, tx.ForUpdate())
	if err != nil {
		return err
	}
	held, err := s.Holder(tx, in.Scope.MerchantID, in.UserID)
	if err != nil {
		return err
	}
	scopes := common(in.Scopes, held)
	if d.Requested.Len() > 0 {
		scopes = common(scopes, d.Requested)
	}
	if scopes.Len() == 0 {
		return fault.Forbidden("INSUFFICIENT_SCOPE", "You hold none of the scopes that the program asks for.")
	}
	if err := tx.Send(`UPDATE oauth_devices SET status = $2, merchant_id = $3, environment_id = $4, user_id = $5, scopes = $6
		WHERE device_hash = $1 AND status = 'pending'`,
		d.hash, DeviceApproved, in.Scope.MerchantID, in.Scope.EnvironmentID, in.UserID, names(scopes)); err != nil {
		return fmt.Errorf("approve a device: %w", err)
	}
	return nil
}

// DenyDevice turns a device down. Fault: RESOURCE_NOT_FOUND.
func (s *Service) DenyDevice(_ context.Context, tx db.Tx, userCode string, now time.Time) error {
	d, err := s.pending(tx, userCode, now, tx.ForUpdate())
	if err != nil {
		return err
	}
	if err := tx.Send(`UPDATE oauth_devices SET status = $2 WHERE device_hash = $1 AND status = 'pending'`, d.hash, DeviceDenied); err != nil {
		return fmt.Errorf("deny a device: %w", err)
	}
	return nil
}

// PollInput is the device_code grant.
type PollInput struct {
	Client *Client
	Code   string
	Now    time.Time
}

// Poll answers a device that asks whether it is let in: with the first tokens of its session, once, or
// with authorization_pending, slow_down, access_denied, expired_token. A code that comes again after its
// tokens were given ends the session.
func (s *Service) Poll(_ context.Context, tx db.Tx, in PollInput) (*Tokens, error) {
	d, err := deviceBy(tx, "device_hash", secret.Hash(in.Code), tx.ForUpdate())
	if err != nil {
		return nil, err
	}
	switch {
	case d == nil, d.ClientID != in.Client.ID:
		return nil, errGrant()
	case d.Status == DeviceUsed:
		return nil, s.deviceReused(tx, d, in.Now)
	case !in.Now.Before(d.ExpiresAt):
		return nil, refuse(CodeExpiredToken, "The code has expired; start again.")
	case d.Status == DeviceDenied:
		return nil, refuse(CodeAccessDenied, "The user did not agree.")
	case !d.polledAt.IsZero() && in.Now.Sub(d.polledAt) < d.Interval:
		return nil, s.polled(tx, d, d.Interval+pollEvery, in.Now, refuse(CodeSlowDown, "Wait 5 seconds longer between two questions from now on."))
	case d.Status == DevicePending:
		return nil, s.polled(tx, d, d.Interval, in.Now, refuse(CodeAuthorizationPending, "The user has not decided yet."))
	}
	f := &Family{Kind: KindCLI, Scope: d.scope, ClientID: d.ClientID, UserID: d.userID, Scopes: d.scopes}
	if _, _, err := s.bounds(tx, f); err != nil {
		return nil, err
	}
	tokens, err := s.begin(tx, f, in.Now)
	if err != nil {
		return nil, err
	}
	if err := tx.Send(`UPDATE oauth_devices SET status = $2, family_id = $3 WHERE device_hash = $1`, d.hash, DeviceUsed, f.ID); err != nil {
		return nil, fmt.Errorf("spend a device code: %w", err)
	}
	return tokens, nil
}

// polled notes when the device asked last and gives the refusal.
func (s *Service) polled(tx db.Tx, d *Device, interval time.Duration, now time.Time, refusal error) error {
	if err := tx.Send(`UPDATE oauth_devices SET polled_at = $2, wait_seconds = $3 WHERE device_hash = $1`, d.hash, now, int64(interval/time.Second)); err != nil {
		return fmt.Errorf("note that a device asked: %w", err)
	}
	return refusal
}

func (s *Service) deviceReused(tx db.Tx, d *Device, now time.Time) error {
	f, err := familyByID(tx, d.scope, d.familyID, tx.ForUpdate())
	if err != nil {
		return err
	}
	if f != nil {
		if err := s.reused(tx, f, "device code", now); err != nil {
			return err
		}
	}
	return errGrant()
}

// deviceBy finds a device by one of its two hashes; nil when there is none.
func deviceBy(tx db.Tx, column, hash, lock string) (*Device, error) {
	var d Device
	var requested, scopes string
	var seconds int64
	err := tx.QueryRow([]any{&d.hash, &d.ClientID, &requested, &d.Status, &d.scope.MerchantID, &d.scope.EnvironmentID, &d.userID, &scopes,
		&d.familyID, &seconds, &d.polledAt, &d.CreatedAt, &d.ExpiresAt},
		`SELECT device_hash, client_id, requested, status, merchant_id, environment_id, user_id, scopes, family_id, wait_seconds, polled_at,
		created_at, expires_at FROM oauth_devices WHERE `+column+` = $1 ORDER BY created_at DESC LIMIT 1`+lock, hash)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look a device up: %w", err)
	}
	d.Requested, d.scopes = auth.ScopesOf(strings.Fields(requested)...), auth.ScopesOf(strings.Fields(scopes)...)
	d.Interval = time.Duration(seconds) * time.Second
	return &d, nil
}

func newUserCode() string {
	b := make([]byte, 0, userCodeLen+1)
	for i := range userCodeLen {
		if i == userCodeLen/2 {
			b = append(b, '-')
		}
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(userCodeLetters))))
		if err != nil {
			panic(err) // crypto/rand does not fail on supported systems
		}
		b = append(b, userCodeLetters[n.Int64()])
	}
	return string(b)
}

// userCodeHash is keyed, because all short codes can be tried. Case, spaces and dashes do not count: people
// type what they read.
func (s *Service) userCodeHash(code string) string {
	plain := strings.Map(func(r rune) rune {
		if strings.ContainsRune(userCodeLetters, r) {
			return r
		}
		return -1
	}, strings.ToUpper(code))
	mac := hmac.New(sha256.New, s.Key)
	mac.Write([]byte("user code\x00" + plain))
	return hex.EncodeToString(mac.Sum(nil))
}

func errTooMany(wait time.Duration) error {
	return (&fault.Error{Class: fault.ClassRateLimited, Code: "RATE_LIMIT_EXCEEDED", Message: "Too many tries."}).Retry(wait)
}
