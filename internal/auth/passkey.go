package auth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"flint/internal/db"
	"flint/internal/secret"
)

// challengeLife is how long a browser may take to answer the challenge of a passkey.
const challengeLife = 5 * time.Minute

const (
	kindRegister    = "register"
	passkeyIDPrefix = "pkey"
	maxPasskeys     = 20
	maxPasskeyName  = 60
)

// ErrPasskey is the answer to a passkey that does not prove anybody: unknown, of another site, or an
// answer to a challenge that has ended.
var ErrPasskey = errors.New("auth: the passkey proves nobody")

// ErrTooManyPasskeys is the answer to one passkey too many.
var ErrTooManyPasskeys = errors.New("auth: the person has as many passkeys as there may be")

// Passkeys is what passkeys are bound to: the site that made them. The zero Passkeys refuses all.
type Passkeys struct{ site *webauthn.WebAuthn }

// NewPasskeys binds passkeys to the public address of the installation. A passkey cannot belong to a
// network address, so an installation on loopback has its passkeys on localhost, at the same port.
func NewPasskeys(baseURL string) (Passkeys, error) {
	u, err := url.Parse(baseURL)
	if err != nil || u.Host == "" {
		return Passkeys{}, fmt.Errorf("auth: %q is no public address", baseURL)
	}
	origin, name := u.Scheme+"://"+u.Host, u.Hostname()
	if ip := net.ParseIP(name); ip != nil {
		if !ip.IsLoopback() {
			return Passkeys{}, nil
		}
		name = "localhost"
		origin = u.Scheme + "://" + strings.TrimSuffix(net.JoinHostPort(name, u.Port()), ":")
	}
	site, err := webauthn.New(&webauthn.Config{RPID: name, RPDisplayName: "Flint", RPOrigins: []string{origin},
		AuthenticatorSelection: protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired,
			RequireResidentKey: protocol.ResidentKeyRequired(), UserVerification: protocol.VerificationRequired}})
	if err != nil {
		return Passkeys{}, fmt.Errorf("bind passkeys to %s: %w", origin, err)
	}
	return Passkeys{site}, nil
}

// Offered reports whether there can be passkeys here.
func (k Passkeys) Offered() bool { return k.site != nil }

// Passkey is one passkey of a person.
type Passkey struct {
	ID         string // pkey_…
	Name       string
	CreatedAt  time.Time
	LastUsedAt time.Time // zero: never
}

// BeginPasskey returns a challenge for the browser, as JSON, and what the same browser shows with the
// answer. Error: *Wait.
func (s *Service) BeginPasskey(ctx context.Context, k Passkeys, back string, from Browser) (options []byte, pending secret.Text, err error) {
	if !k.Offered() {
		return nil, secret.Text{}, ErrPasskey
	}
	if err := s.throttled("try:"+from.Address, tryRate); err != nil {
		return nil, secret.Text{}, err
	}
	assertion, session, err := k.site.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, secret.Text{}, fmt.Errorf("make the challenge of a passkey: %w", err)
	}
	return s.challenge(ctx, pendingSignIn{Kind: ByPasskey}, assertion, challengeDetail{Session: *session, Return: back})
}

// challengeDetail is what is kept of a challenge.
type challengeDetail struct {
	Session webauthn.SessionData `json:"session"`
	Return  string               `json:"return,omitempty"`
}

func (s *Service) challenge(ctx context.Context, p pendingSignIn, options any, d challengeDetail) ([]byte, secret.Text, error) {
	sent, err1 := json.Marshal(options)
	kept, err2 := json.Marshal(d)
	if err := errors.Join(err1, err2); err != nil {
		return nil, secret.Text{}, fmt.Errorf("write the challenge of a passkey: %w", err)
	}
	p.Token, p.Detail, p.ExpiresAt = secret.NewToken(pendingPrefix), string(kept), s.clock.Now().Add(challengeLife)
	err := s.db.Write(ctx, func(tx db.Tx) error { return insertPending(tx, p) })
	return sent, secret.NewText(p.Token), err
}

// answered takes a challenge that waits; each is taken once.
func (s *Service) answered(tx db.Tx, pending, kind string) (pendingSignIn, challengeDetail, error) {
	p, err := findPending(tx, pending, kind, tx.ForUpdate())
	if errors.Is(err, ErrCodeEnded) || err == nil && !p.ExpiresAt.After(s.clock.Now()) {
		return p, challengeDetail{}, ErrPasskey
	}
	if err != nil {
		return p, challengeDetail{}, err
	}
	var d challengeDetail
	if err := json.Unmarshal([]byte(p.Detail), &d); err != nil {
		return p, d, fmt.Errorf("read the challenge of a passkey: %w", err)
	}
	return p, d, endPending(tx, pending)
}

// SignInWithPasskey begins a session for the owner of the passkey that answered the challenge, and
// returns the cookie's value and the page to come back to. Error: ErrPasskey.
func (s *Service) SignInWithPasskey(ctx context.Context, k Passkeys, pending string, answer []byte, from Browser) (token secret.Text, back string, err error) {
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil || !k.Offered() {
		return secret.Text{}, "", ErrPasskey
	}
	refused := false
	err = s.db.Write(ctx, func(tx db.Tx) error {
		refused = false
		_, d, err := s.answered(tx, pending, ByPasskey)
		if errors.Is(err, ErrPasskey) {
			refused = true
			return nil
		}
		if err != nil {
			return err
		}
		var row passkeyRow
		_, credential, err := k.site.ValidatePasskeyLogin(func(rawID, handle []byte) (webauthn.User, error) {
			var err error
			row, err = passkeyByCredential(tx, rawID, tx.ForUpdate())
			if err == nil && !secret.Equal(row.handle, encode(handle)) {
				err = ErrPasskey
			}
			return passkeyUser{row.person.EmailKey, handle, []webauthn.Credential{row.credential}}, err
		}, d.Session, parsed)
		if err != nil || credential.Authenticator.CloneWarning {
			refused = true
			return nil
		}
		users, err := usersOf(tx, row.person)
		if err != nil {
			return err
		}
		if len(users) == 0 {
			refused = true
			return nil
		}
		kept, err := json.Marshal(credential)
		if err != nil {
			return fmt.Errorf("write a passkey: %w", err)
		}
		now := s.clock.Now()
		if err := tx.Send(`UPDATE platform_passkeys SET credential = $2, last_used_at = $3 WHERE credential_id = $1`,
			encode(credential.ID), string(kept), now); err != nil {
			return fmt.Errorf("note the use of a passkey: %w", err)
		}
		back = d.Return
		token, err = s.begin(tx, row.person, ByPasskey, from, now)
		return err
	})
	if err == nil && refused {
		err = ErrPasskey
	}
	return token, back, err
}

// BeginAddPasskey returns a challenge with which the browser makes a new passkey for the person.
// Error: ErrTooManyPasskeys.
func (s *Service) BeginAddPasskey(ctx context.Context, k Passkeys, of Session) (options []byte, pending secret.Text, err error) {
	if !k.Offered() {
		return nil, secret.Text{}, ErrPasskey
	}
	var rows []passkeyRow
	if err := s.db.Read(ctx, func(tx db.Tx) (err error) {
		rows, err = passkeysOf(tx, of.person())
		return err
	}); err != nil {
		return nil, secret.Text{}, err
	}
	if len(rows) >= maxPasskeys {
		return nil, secret.Text{}, ErrTooManyPasskeys
	}
	user := passkeyUser{name: of.EmailKey, handle: secret.NewBytes(32)}
	for _, r := range rows {
		user.credentials = append(user.credentials, r.credential)
	}
	creation, session, err := k.site.BeginRegistration(user, webauthn.WithExclusions(webauthn.Credentials(user.credentials).CredentialDescriptors()))
	if err != nil {
		return nil, secret.Text{}, fmt.Errorf("make the challenge of a new passkey: %w", err)
	}
	return s.challenge(ctx, pendingSignIn{Kind: kindRegister, EmailKey: of.EmailKey, CodeHash: of.hash}, creation, challengeDetail{Session: *session})
}

// AddPasskey keeps the passkey that the browser made. It proves what the session proved. Error:
// ErrPasskey.
func (s *Service) AddPasskey(ctx context.Context, k Passkeys, of Session, pending, name string, answer []byte) error {
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil || !k.Offered() {
		return ErrPasskey
	}
	if name = strings.TrimSpace(name); name == "" || utf8.RuneCountInString(name) > maxPasskeyName {
		name = "Passkey"
	}
	return s.db.Write(ctx, func(tx db.Tx) error {
		p, d, err := s.answered(tx, pending, kindRegister)
		if err != nil {
			return err
		}
		if p.CodeHash != of.hash {
			return ErrPasskey // begun in another session
		}
		credential, err := k.site.CreateCredential(passkeyUser{name: of.EmailKey, handle: d.Session.UserID}, d.Session, parsed)
		if err != nil {
			return ErrPasskey
		}
		kept, err := json.Marshal(credential)
		if err != nil {
			return fmt.Errorf("write a passkey: %w", err)
		}
		n, err := tx.Exec(`INSERT INTO platform_passkeys (credential_id, passkey_id, email_key, user_ids, handle, name, credential, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (credential_id) DO NOTHING`, encode(credential.ID), s.ids.New(passkeyIDPrefix),
			of.EmailKey, of.person().ids(), encode(d.Session.UserID), name, string(kept), s.clock.Now())
		if err != nil {
			return fmt.Errorf("keep a passkey: %w", err)
		}
		if n == 0 {
			return ErrPasskey
		}
		return nil
	})
}

// PasskeysOf lists the passkeys of the person, oldest first; those that prove more than the session are
// not shown.
func (s *Service) PasskeysOf(tx db.Tx, of Session) ([]Passkey, error) {
	rows, err := passkeysOf(tx, of.person())
	out := make([]Passkey, len(rows))
	for i, r := range rows {
		out[i] = r.Passkey
	}
	return out, err
}

// RemovePasskey removes one of the person's passkeys. One that is not theirs is not there.
func (s *Service) RemovePasskey(tx db.Tx, of Session, passkeyID string) error {
	rows, err := passkeysOf(tx, of.person())
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.ID == passkeyID {
			if err := tx.Send(`DELETE FROM platform_passkeys WHERE credential_id = $1`, encode(r.credential.ID)); err != nil {
				return fmt.Errorf("remove a passkey: %w", err)
			}
		}
	}
	return nil
}

type passkeyRow struct {
	Passkey
	person     person
	handle     string
	credential webauthn.Credential
}

const passkeyColumns = `passkey_id, email_key, user_ids, handle, name, credential, created_at, last_used_at`

func scanPasskey(scan func(dest ...any) error) (passkeyRow, error) {
	var r passkeyRow
	var ids, credential string
	var used *time.Time
	if err := scan(&r.ID, &r.person.EmailKey, &ids, &r.handle, &r.Name, &credential, &r.CreatedAt, &used); err != nil {
		return r, err
	}
	r.person.UserIDs = strings.Fields(ids)
	if used != nil {
		r.LastUsedAt = *used
	}
	if err := json.Unmarshal([]byte(credential), &r.credential); err != nil {
		return r, fmt.Errorf("read a passkey: %w", err)
	}
	return r, nil
}

func passkeysOf(tx db.Tx, p person) ([]passkeyRow, error) {
	var out []passkeyRow
	err := tx.Query(func(r db.Row) error {
		row, err := scanPasskey(r.Scan)
		if err == nil && p.covers(row.person) {
			out = append(out, row)
		}
		return err
	}, `SELECT `+passkeyColumns+` FROM platform_passkeys WHERE email_key = $1 ORDER BY passkey_id LIMIT 100`, p.EmailKey)
	if err != nil {
		return nil, fmt.Errorf("list the passkeys of a person: %w", err)
	}
	return out, nil
}

func passkeyByCredential(tx db.Tx, rawID []byte, lock string) (passkeyRow, error) {
	return scanPasskey(func(dest ...any) error {
		return tx.QueryRow(dest, `SELECT `+passkeyColumns+` FROM platform_passkeys WHERE credential_id = $1`+lock, encode(rawID))
	})
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// passkeyUser is the person as the library sees them.
type passkeyUser struct {
	name        string
	handle      []byte
	credentials []webauthn.Credential
}

func (u passkeyUser) WebAuthnID() []byte                         { return u.handle }
func (u passkeyUser) WebAuthnName() string                       { return u.name }
func (u passkeyUser) WebAuthnDisplayName() string                { return u.name }
func (u passkeyUser) WebAuthnCredentials() []webauthn.Credential { return u.credentials }
