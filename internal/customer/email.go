package customer

import (
	"context"
	"fmt"
	"strings"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// CheckEmail notes what is wrong with an e-mail address at param.
func CheckEmail(l *fault.List, param, v string) { checkEmail(l, param, v) }

// CheckPhone notes what is wrong with a phone number at param; an empty one is right.
func CheckPhone(l *fault.List, param, v string) { checkPhone(l, param, v) }

// ByEmail finds the customer who has an address, in whatever letter case; nil when nobody has.
func (s *Service) ByEmail(_ context.Context, tx db.Tx, scope tenant.Scope, email string) (*Customer, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	var c *Customer
	err := tx.Query(func(r db.Row) (err error) {
		c, err = scan(r, scope)
		return err
	}, `SELECT `+columns+` FROM customers WHERE merchant_id = $1 AND environment_id = $2 AND email_key = $3`, scope.MerchantID, scope.EnvironmentID,
		strings.ToLower(strings.TrimSpace(email)))
	if err != nil {
		return nil, fmt.Errorf("find a customer by address: %w", err)
	}
	return c, nil
}

// SetEmailInput gives a customer another address, which the caller has proven to be theirs.
type SetEmailInput struct {
	Scope tenant.Scope
	Cause event.Cause
	ID    string
	Email string
	Param string // of the fault
}

// SetEmail changes a customer's address. CUSTOMER_EMAIL_ALREADY_USED when another customer has it.
func (s *Service) SetEmail(_ context.Context, tx db.Tx, in SetEmailInput) (*Customer, error) {
	var l fault.List
	if checkEmail(&l, in.Param, in.Email); l.Err() != nil {
		return nil, l.Err()
	}
	c, err := load(tx, in.Scope, in.ID, tx.ForUpdate())
	if err != nil {
		return nil, err
	}
	other, err := s.ByEmail(tx.Context(), tx, in.Scope, in.Email)
	if err != nil {
		return nil, err
	}
	if other != nil && other.ID != c.ID {
		used := fault.Conflict("CUSTOMER_EMAIL_ALREADY_USED", "Another customer has this e-mail address.")
		used.Param = in.Param
		return nil, used
	}
	return c, s.rename(tx, c, in.Email, in.Cause)
}

// rename writes a customer with another address.
func (s *Service) rename(tx db.Tx, c *Customer, email string, cause event.Cause) error {
	c.Email = email
	if err := tx.Send(`UPDATE customers SET email = $4, email_key = $5 WHERE merchant_id = $1 AND environment_id = $2 AND customer_id = $3`,
		c.Scope.MerchantID, c.Scope.EnvironmentID, c.ID, email, strings.ToLower(email)); err != nil {
		return fmt.Errorf("change the address of a customer: %w", err)
	}
	return s.touched(tx, c, true, cause)
}
