package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// A mailed code: how long it works, and how often one may be wrong.
const (
	CodeLife  = 10 * time.Minute
	CodeTries = 5
)

const pendingPrefix = "flint_si_"

// ErrCodeWrong is the answer to a code that is not the mailed one; another try is left.
var ErrCodeWrong = errors.New("auth: the code is wrong")

// ErrCodeEnded is the answer to a code that has expired, was used, or was tried too often.
var ErrCodeEnded = errors.New("auth: the code has ended")

// CodeMail is a mail with a sign-in code.
type CodeMail struct {
	Scope tenant.Scope // one of the person's merchants, under which the mail is kept
	To    string       // the address on file, never the one that was typed
	Code  secret.Text  // six digits
	Life  time.Duration
}

// BeginCodeInput asks for a mailed code.
type BeginCodeInput struct {
	Email  string
	Return string // page to come back to, kept with the code
	From   Browser
}

// BeginCode mails a code when somebody has the address, and returns what the same browser shows to use
// it; a code is worth nothing in another browser. Nothing tells whether a mail went out. Error: *Wait.
func (s *Service) BeginCode(ctx context.Context, in BeginCodeInput) (secret.Text, error) {
	if s.SendCode == nil {
		return secret.Text{}, errors.New("auth: this installation sends no mail")
	}
	if err := errors.Join(s.throttled("code:"+in.From.Address, codeRate), s.throttled("mail:"+accountKey(ByCode, in.Email), mailRate)); err != nil {
		return secret.Text{}, err
	}
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return secret.Text{}, fmt.Errorf("draw a code: %w", err)
	}
	code, pending, now := fmt.Sprintf("%06d", n), secret.NewToken(pendingPrefix), s.clock.Now()
	err = s.db.Write(ctx, func(tx db.Tx) error {
		users, err := usersOf(tx, person{EmailKey: emailKey(in.Email)})
		if err != nil {
			return err
		}
		if err := insertPending(tx, pendingSignIn{Token: pending, Kind: ByCode, EmailKey: emailKey(in.Email), CodeHash: codeHash(pending, code),
			Detail: in.Return, ExpiresAt: now.Add(CodeLife)}); err != nil || len(users) == 0 {
			return err
		}
		var environmentID string
		if err := tx.QueryRow([]any{&environmentID}, `SELECT environment_id FROM environments WHERE merchant_id = $1 AND mode = 'live' AND is_default = 1`,
			users[0].MerchantID); err != nil {
			return fmt.Errorf("find where a mail belongs: %w", err)
		}
		return s.SendCode(tx, CodeMail{Scope: tenant.Scope{MerchantID: users[0].MerchantID, EnvironmentID: environmentID}, To: users[0].Email,
			Code: secret.NewText(code), Life: CodeLife})
	})
	if err != nil {
		return secret.Text{}, err
	}
	return secret.NewText(pending), nil
}

// codeHash ties a code to the browser's token, without which six digits could be tried out on a copy of
// the table.
func codeHash(pending, code string) string { return secret.Hash(pending + ":" + code) }

// PendingCode is where a sign-in by code that has begun comes from: the address as it was typed and the
// page to come back to. Error: ErrCodeEnded.
func (s *Service) PendingCode(ctx context.Context, pending string) (email, back string, err error) {
	err = s.db.Read(ctx, func(tx db.Tx) error {
		p, err := findPending(tx, pending, ByCode, "")
		email, back = p.EmailKey, p.Detail
		if err == nil && (!p.ExpiresAt.After(s.clock.Now()) || p.Tries >= CodeTries) {
			return ErrCodeEnded
		}
		return err
	})
	return email, back, err
}

// SignInWithCode begins a session over every user of the address that the code was mailed to, and
// returns the cookie's value and the page to come back to. Errors: ErrCodeWrong, ErrCodeEnded, *Wait.
func (s *Service) SignInWithCode(ctx context.Context, pending, code string, from Browser) (token secret.Text, back string, err error) {
	if err := s.throttled("try:"+from.Address, tryRate); err != nil {
		return secret.Text{}, "", err
	}
	var refused error // decided inside, and the try is counted all the same
	err = s.db.Write(ctx, func(tx db.Tx) error {
		refused = nil
		now := s.clock.Now()
		p, err := findPending(tx, pending, ByCode, tx.ForUpdate())
		switch {
		case errors.Is(err, ErrCodeEnded):
			refused = err
			return nil
		case err != nil:
			return err
		case !p.ExpiresAt.After(now) || p.Tries >= CodeTries:
			refused = ErrCodeEnded
			return nil
		}
		var wait *Wait
		if err := try(tx, ByCode, p.EmailKey, now); errors.As(err, &wait) {
			refused = wait
			return nil
		} else if err != nil {
			return err
		}
		users, err := usersOf(tx, person{EmailKey: p.EmailKey})
		if err != nil {
			return err
		}
		right := secret.Equal(p.CodeHash, codeHash(pending, digits(code)))
		if !right || len(users) == 0 {
			refused = ErrCodeWrong
			if p.Tries+1 >= CodeTries {
				refused = ErrCodeEnded
			}
			return tx.Send(`UPDATE platform_sign_in_codes SET tries = tries + 1 WHERE pending_hash = $1`, secret.Hash(pending))
		}
		if err := errors.Join(endPending(tx, pending), forgive(tx, ByCode, p.EmailKey)); err != nil {
			return err
		}
		back = p.Detail
		token, err = s.begin(tx, person{EmailKey: p.EmailKey}, ByCode, from, now)
		return err
	})
	if err = errors.Join(err, refused); err != nil {
		return secret.Text{}, "", err
	}
	return token, back, nil
}

// digits is what of a typed code counts: people copy spaces along.
func digits(code string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, cut(code, 40))
}

// pendingSignIn is a row of platform_sign_in_codes.
type pendingSignIn struct {
	Token, Kind, EmailKey, CodeHash, Detail string
	Tries                                   int64
	ExpiresAt                               time.Time
}

func insertPending(tx db.Tx, p pendingSignIn) error {
	err := tx.Send(`INSERT INTO platform_sign_in_codes (pending_hash, kind, email_key, code_hash, detail, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		secret.Hash(p.Token), p.Kind, p.EmailKey, p.CodeHash, p.Detail, p.ExpiresAt)
	if err != nil {
		return fmt.Errorf("begin a sign-in: %w", err)
	}
	return nil
}

func findPending(tx db.Tx, token, kind, lock string) (pendingSignIn, error) {
	p := pendingSignIn{Token: token, Kind: kind}
	err := tx.QueryRow([]any{&p.EmailKey, &p.CodeHash, &p.Detail, &p.Tries, &p.ExpiresAt}, `SELECT email_key, code_hash, detail, tries, expires_at
		FROM platform_sign_in_codes WHERE pending_hash = $1 AND kind = $2`+lock, secret.Hash(token), kind)
	if errors.Is(err, db.ErrNoRows) {
		return p, ErrCodeEnded
	}
	if err != nil {
		return p, fmt.Errorf("read a sign-in that has begun: %w", err)
	}
	return p, nil
}

func endPending(tx db.Tx, token string) error {
	if err := tx.Send(`DELETE FROM platform_sign_in_codes WHERE pending_hash = $1`, secret.Hash(token)); err != nil {
		return fmt.Errorf("end a sign-in that has begun: %w", err)
	}
	return nil
}
