package onboarding

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"net/netip"
	"strings"
	"time"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/idempotency"
	"flint/internal/merchant"
	"flint/internal/secret"
	"flint/internal/tenant"
	"flint/internal/text"
)

// StartInput is who wants to begin.
type StartInput struct {
	Email     string
	FirstName string
	LastName  string
	Address   netip.Addr // of the client; invalid when unknown
	Now       time.Time
}

// Validate reports every fault of the input.
func (in StartInput) Validate() error {
	var faults fault.List
	if a, err := mail.ParseAddress(in.Email); err != nil || a.Address != in.Email || len(in.Email) > 254 {
		faults.Add("INVALID_EMAIL_FORMAT", "email", "This is not an e-mail address.")
	}
	text.Rule{Max: 100, Required: true, Missing: "FIRST_NAME_REQUIRED"}.Check(&faults, "first_name", in.FirstName)
	text.Rule{Max: 100, Required: true, Missing: "LAST_NAME_REQUIRED"}.Check(&faults, "last_name", in.LastName)
	return faults.Err()
}

// Started is the answer to Start, the same whether the address is known or not.
type Started struct {
	Token     secret.Text
	ExpiresAt time.Time
}

// Start mails a code to an address. It opens a transaction of its own, because the mail goes out after it.
// Faults: RATE_LIMIT_EXCEEDED, ONBOARDING_UNAVAILABLE, VERIFICATION_EMAIL_FAILED.
func (s *Service) Start(ctx context.Context, in StartInput) (Started, error) {
	if err := in.Validate(); err != nil {
		return Started{}, err
	}
	if s.Send == nil {
		return Started{}, fault.Unavailable("ONBOARDING_UNAVAILABLE", "This installation sends no mail.").Then("The operator connects a mail server.")
	}
	if err := s.take(s.addresses, network(in.Address), addressRate, in.Now); err != nil {
		return Started{}, err
	}
	if err := s.take(s.emails, emailKey(in.Email), emailRate, in.Now); err != nil {
		return Started{}, err
	}
	code, err := newCode()
	if err != nil {
		return Started{}, err
	}
	token := secret.NewToken("flint_onbv_")
	out := Started{Token: secret.NewText(token), ExpiresAt: in.Now.Add(VerificationLife)}
	err = s.DB.Write(ctx, func(tx db.Tx) error {
		return tx.Send(`INSERT INTO platform_onboarding_verifications (token_hash, email, first_name, last_name, code_hash, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`, secret.Hash(token), in.Email, strings.TrimSpace(in.FirstName), strings.TrimSpace(in.LastName),
			s.mac(token, code), in.Now, out.ExpiresAt)
	})
	if err != nil {
		return Started{}, fmt.Errorf("keep a verification: %w", err)
	}
	err = s.Send(ctx, Mail{ID: s.IDs.New(id.Mail), To: in.Email, Subject: "Your verification code", CreatedAt: in.Now,
		Text: fmt.Sprintf("Your code to set up Flint is %s.\n\nIt can be used for %d minutes. If you did not ask for it, ignore this mail.\n", code, int(VerificationLife/time.Minute))})
	if err != nil {
		return Started{}, fault.Internal("VERIFICATION_EMAIL_FAILED", "The mail could not be sent.").Because(err)
	}
	return out, nil
}

func emailKey(v string) string { return strings.ToLower(v) }

// VerifyInput is a code and the verification it belongs to.
type VerifyInput struct {
	Token      string
	Code       string
	MerchantID string // picks one, when the address works for several
	Address    netip.Addr
	Now        time.Time
}

// Verified is an open session.
type Verified struct {
	Token     secret.Text // flint_onbs_…
	ExpiresAt time.Time
	User      auth.User
	Merchant  merchant.Merchant
	Created   bool // the merchant is new
	Scope     tenant.Scope
}

// Verify checks a code and opens a session for the merchant that the address works for, which it makes when
// there is none. A wrong code counts although the call fails. Faults: INVALID_VERIFICATION,
// VERIFICATION_ALREADY_USED, VERIFICATION_ATTEMPTS_EXCEEDED, RATE_LIMIT_EXCEEDED; MERCHANT_SELECTION_REQUIRED
// with selectable_merchants and INVALID_MERCHANT_SELECTION, after which the same code may be sent again.
func (s *Service) Verify(ctx context.Context, tx db.Tx, in VerifyInput) (Verified, error) {
	var v struct {
		email, first, last, code string
		tries                    int
		used                     *time.Time
		expires                  time.Time
	}
	err := tx.QueryRow([]any{&v.email, &v.first, &v.last, &v.code, &v.tries, &v.used, &v.expires}, `SELECT email, first_name, last_name, code_hash,
		tries, used_at, expires_at FROM platform_onboarding_verifications WHERE token_hash = $1`+tx.ForUpdate(), secret.Hash(in.Token))
	switch {
	case errors.Is(err, db.ErrNoRows):
		return Verified{}, errVerification()
	case err != nil:
		return Verified{}, fmt.Errorf("read a verification: %w", err)
	case !in.Now.Before(v.expires):
		return Verified{}, errVerification()
	case v.used != nil:
		return Verified{}, fault.Conflict("VERIFICATION_ALREADY_USED", "This verification was used.").Then("Start again.")
	case v.tries >= MaxTries:
		return Verified{}, &fault.Error{Class: fault.ClassRateLimited, Code: "VERIFICATION_ATTEMPTS_EXCEEDED", Message: "Too many wrong codes.", NextSteps: "Start again."}
	}
	if !secret.Equal(v.code, s.mac(in.Token, in.Code)) {
		if err := tx.Send(`UPDATE platform_onboarding_verifications SET tries = tries + 1 WHERE token_hash = $1`, secret.Hash(in.Token)); err != nil {
			return Verified{}, fmt.Errorf("count a wrong code: %w", err)
		}
		return Verified{}, idempotency.Keep(errVerification())
	}
	out, err := s.identify(ctx, tx, in, v.email, v.first, v.last)
	if err != nil {
		return Verified{}, err
	}
	if err := tx.Send(`UPDATE platform_onboarding_verifications SET used_at = $2 WHERE token_hash = $1`, secret.Hash(in.Token), in.Now); err != nil {
		return Verified{}, fmt.Errorf("end a verification: %w", err)
	}
	err = s.open(tx, &out, in.Now)
	return out, err
}

func errVerification() *fault.Error {
	return fault.Invalid("INVALID_VERIFICATION", "verification_code", "The code is wrong, or its time is over.").Then("Send the code of the newest mail, or start again.")
}

// identify finds the user and the merchant of a proven address, or makes both.
func (s *Service) identify(ctx context.Context, tx db.Tx, in VerifyInput, email, first, last string) (out Verified, err error) {
	users, err := auth.UsersOf(tx, email)
	if err != nil {
		return out, err
	}
	if len(users) == 0 {
		if in.MerchantID != "" {
			return out, errSelection()
		}
		name := strings.TrimSpace(first + " " + last)
		if r := []rune(name); len(r) > 100 {
			name = string(r[:100])
		}
		made, err := s.Merchants.Create(ctx, tx, merchant.CreateInput{Email: email, BusinessName: name, APIVersion: s.APIVersion, Now: in.Now})
		if err != nil {
			return out, err
		}
		// Nobody knows this password: the person signs in with a mailed code, or sets one of their own.
		user, err := s.Keys.CreateUser(ctx, tx, auth.CreateUserInput{MerchantID: made.Merchant.ID, Email: email, Password: secret.NewText(secret.NewToken("")),
			FirstName: first, LastName: last, Now: in.Now})
		return Verified{User: user, Merchant: made.Merchant, Created: true, Scope: made.Sandbox.Scope}, err
	}
	user := users[0]
	switch i := indexOf(users, in.MerchantID); {
	case in.MerchantID == "" && len(users) > 1:
		return out, s.errChoose(ctx, tx, users)
	case in.MerchantID != "" && i < 0:
		return out, errSelection()
	case i >= 0:
		user = users[i]
	}
	m, err := s.Merchants.Get(ctx, tx, user.MerchantID)
	if err != nil {
		return out, err
	}
	sandbox, err := merchant.DefaultEnvironment(ctx, tx, m.ID, tenant.ModeTest)
	return Verified{User: user, Merchant: m, Scope: sandbox.Scope}, err
}

func indexOf(users []auth.User, merchantID string) int {
	for i, u := range users {
		if u.MerchantID == merchantID {
			return i
		}
	}
	return -1
}

func errSelection() error {
	return fault.Invalid("INVALID_MERCHANT_SELECTION", "merchant_id", "This address does not work for such a merchant.")
}

// Selectable is a merchant to choose.
type Selectable struct {
	MerchantID   string `json:"merchant_id"`
	BusinessName string `json:"business_name"`
}

func (s *Service) errChoose(ctx context.Context, tx db.Tx, users []auth.User) error {
	var choice []Selectable
	for _, u := range users {
		m, err := s.Merchants.Get(ctx, tx, u.MerchantID)
		if err != nil {
			return err
		}
		choice = append(choice, Selectable{m.ID, m.BusinessName})
	}
	return fault.Invalid("MERCHANT_SELECTION_REQUIRED", "merchant_id", "This address works for several merchants.").
		With("selectable_merchants", choice).Then("Repeat the call with one of their ids as merchant_id.")
}
