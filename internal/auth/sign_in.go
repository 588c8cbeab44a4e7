package auth

import (
	"context"
	"errors"
	"fmt"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/secret"
)

// PasswordInput is a try to sign in with a password.
type PasswordInput struct {
	Email    string
	Password secret.Text
	From     Browser
}

// SignInWithPassword begins a session over the users whose password it is and returns the cookie's
// value. Fault AUTHENTICATION_FAILED, the same and after the same work for an address that nobody has;
// *Wait when too many tries came before, whether the password is right or not.
func (s *Service) SignInWithPassword(ctx context.Context, in PasswordInput) (secret.Text, error) {
	if err := s.throttled("try:"+in.From.Address, tryRate); err != nil {
		return secret.Text{}, err
	}
	var wait *Wait
	err := s.db.Write(ctx, func(tx db.Tx) error {
		wait = nil
		if err := try(tx, ByPassword, in.Email, s.clock.Now()); !errors.As(err, &wait) {
			return err
		}
		return nil
	})
	switch {
	case err != nil:
		return secret.Text{}, err
	case wait != nil:
		return secret.Text{}, wait
	case len(in.Password.Reveal()) > 4*maxPassword:
		return secret.Text{}, fault.Unauthenticated("AUTHENTICATION_FAILED", "The e-mail address or the password is wrong.")
	}
	select { // a hash costs memory on purpose: a crowd must not cost all of it
	case s.hashing <- struct{}{}:
		defer func() { <-s.hashing }()
	case <-ctx.Done():
		return secret.Text{}, fmt.Errorf("wait to check a password: %w", ctx.Err())
	}
	users, err := s.VerifyPassword(ctx, emailKey(in.Email), in.Password)
	if err != nil {
		return secret.Text{}, err
	}
	var token secret.Text
	err = s.db.Write(ctx, func(tx db.Tx) (err error) {
		if err := forgive(tx, ByPassword, in.Email); err != nil {
			return err
		}
		token, err = s.begin(tx, person{emailKey(in.Email), idsOf(users)}, ByPassword, in.From, s.clock.Now())
		return err
	})
	return token, err
}
