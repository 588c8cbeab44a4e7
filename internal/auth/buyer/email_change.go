package buyer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/idempotency"
	"flint/internal/tenant"
)

// EmailChange is a customer's wish for another address.
type EmailChange struct {
	Scope        tenant.Scope
	ID           string // ecr_…
	CustomerID   string
	NewEmail     string
	CurrentEmail string
	Confirmed    bool
	CreatedAt    time.Time
	ExpiresAt    time.Time
}

// NeedsCurrent reports whether the current address has to be proven too.
func (e *EmailChange) NeedsCurrent() bool { return e.CurrentEmail != "" }

const (
	newSuffix     = "/new"
	currentSuffix = "/current"
)

// ChangeEmailInput asks for codes to both addresses.
type ChangeEmailInput struct {
	Scope      tenant.Scope
	CustomerID string
	NewEmail   string // checked by the caller
}

// RequestEmailChange mails a code to the new address and one to the current one. A request that was open
// before is of no use any more. Whether the new address is another customer's is not told here but by the
// confirmation, when the caller has proven that it is theirs: then only the holder of the address learns it.
// Faults: CUSTOMER_EMAIL_ALREADY_USED for the customer's own address, CUSTOMER_VERIFICATION_RATE_LIMITED,
// CUSTOMER_VERIFICATION_LIMIT_REACHED, CUSTOMER_VERIFICATION_UNAVAILABLE.
func (s *Service) RequestEmailChange(_ context.Context, tx db.Tx, in ChangeEmailInput) (*EmailChange, error) {
	if s.SendCode == nil {
		return nil, fault.Conflict("CUSTOMER_VERIFICATION_UNAVAILABLE", "This installation sends no mail.").Then("The operator connects a mail server.")
	}
	c, err := s.Find(tx, in.Scope, in.CustomerID)
	if err != nil {
		return nil, err
	}
	if addressKey(c.Email) == addressKey(in.NewEmail) {
		used := fault.Conflict("CUSTOMER_EMAIL_ALREADY_USED", "This is the customer's address already.")
		used.Param = "new_email"
		return nil, used
	}
	now := s.Clock.Now()
	switch wait, full, err := crowded(tx, in.Scope, in.NewEmail, in.CustomerID, now); {
	case err != nil:
		return nil, err
	case full:
		return nil, errLimit()
	case wait > 0:
		return nil, errRateLimited(wait)
	}
	e := &EmailChange{Scope: in.Scope, ID: s.IDs.New(id.EmailChangeRequest), CustomerID: in.CustomerID, NewEmail: in.NewEmail, CurrentEmail: c.Email,
		CreatedAt: now, ExpiresAt: now.Add(CodeLife)}
	if err := errors.Join(
		tx.Send(`UPDATE customer_email_changes SET status = 'superseded' WHERE merchant_id = $1 AND environment_id = $2 AND customer_id = $3
			AND status = 'pending'`, e.Scope.MerchantID, e.Scope.EnvironmentID, e.CustomerID),
		tx.Send(`INSERT INTO customer_email_changes (merchant_id, environment_id, email_change_request_id, customer_id, new_email, current_email, status,
			created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, 'pending', $7, $8)`, e.Scope.MerchantID, e.Scope.EnvironmentID, e.ID, e.CustomerID,
			e.NewEmail, e.CurrentEmail, e.CreatedAt, e.ExpiresAt),
	); err != nil {
		return nil, fmt.Errorf("write an e-mail change: %w", err)
	}
	base := code{Scope: in.Scope, CustomerID: in.CustomerID, CreatedAt: now}
	fresh := base
	fresh.ID, fresh.Purpose, fresh.Address = e.ID+newSuffix, PurposeEmailNew, e.NewEmail
	if err := s.send(tx, fresh, true); err != nil || !e.NeedsCurrent() {
		return e, err
	}
	current := base
	current.ID, current.Purpose, current.Address = e.ID+currentSuffix, PurposeEmailCurrent, e.CurrentEmail
	return e, s.send(tx, current, true)
}

// ConfirmEmailInput is what the customer read in both mails.
type ConfirmEmailInput struct {
	Scope       tenant.Scope
	CustomerID  string
	RequestID   string
	NewCode     string
	CurrentCode string
}

// ConfirmEmailChange proves both addresses; the caller switches the customer's in the same transaction. A
// wrong code is counted and both must be right at once: CUSTOMER_VERIFICATION_CODE_INVALID is a kept fault.
// Others: RESOURCE_NOT_FOUND, CUSTOMER_VERIFICATION_EXPIRED, CUSTOMER_VERIFICATION_USED.
func (s *Service) ConfirmEmailChange(_ context.Context, tx db.Tx, in ConfirmEmailInput) (*EmailChange, error) {
	e, status, err := emailChange(tx, in.Scope, in.RequestID, tx.ForUpdate())
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	switch {
	case e == nil || e.CustomerID != in.CustomerID:
		return nil, fault.NotFound("e-mail change request")
	case status == "confirmed":
		return nil, errCodeUsed()
	case status != "pending" || !now.Before(e.ExpiresAt):
		return nil, errCodeExpired()
	}
	type proof struct{ suffix, param, typed string }
	proofs := []proof{{newSuffix, "new_email_code", in.NewCode}}
	if e.NeedsCurrent() {
		proofs = append(proofs, proof{currentSuffix, "current_email_code", in.CurrentCode})
	}
	var wrong *fault.Error
	for _, p := range proofs {
		c, err := findCode(tx, in.Scope, e.ID+p.suffix, tx.ForUpdate())
		switch {
		case err != nil:
			return nil, err
		case c == nil:
			return nil, errCodeExpired()
		}
		switch s.judge(c, p.typed, now) {
		case codeEnded, codeUsed:
			return nil, errCodeExpired()
		case codeWrong:
			if err := missed(tx, c); err != nil {
				return nil, err
			}
			if wrong == nil {
				wrong = errCode()
				wrong.Param = p.param
			}
		}
	}
	if wrong != nil {
		return nil, idempotency.Keep(wrong)
	}
	e.Confirmed = true
	if err := tx.Send(`UPDATE customer_email_changes SET status = 'confirmed', confirmed_at = $4 WHERE merchant_id = $1 AND environment_id = $2
		AND email_change_request_id = $3`, e.Scope.MerchantID, e.Scope.EnvironmentID, e.ID, now); err != nil {
		return nil, fmt.Errorf("confirm an e-mail change: %w", err)
	}
	return e, nil
}

func emailChange(tx db.Tx, scope tenant.Scope, requestID, lock string) (*EmailChange, string, error) {
	if !id.Valid(id.EmailChangeRequest, requestID) {
		return nil, "", nil
	}
	e := EmailChange{Scope: scope, ID: requestID}
	var status string
	err := tx.QueryRow([]any{&e.CustomerID, &e.NewEmail, &e.CurrentEmail, &status, &e.CreatedAt, &e.ExpiresAt}, `SELECT customer_id, new_email, current_email,
		status, created_at, expires_at FROM customer_email_changes WHERE merchant_id = $1 AND environment_id = $2 AND email_change_request_id = $3`+lock,
		scope.MerchantID, scope.EnvironmentID, requestID)
	if errors.Is(err, db.ErrNoRows) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("read an e-mail change: %w", err)
	}
	e.Confirmed = status == "confirmed"
	return &e, status, nil
}

// EmailChangeOf reads a change that a customer asked for; nil when there is none with the id.
func (s *Service) EmailChangeOf(tx db.Tx, scope tenant.Scope, customerID, requestID string) (*EmailChange, error) {
	e, _, err := emailChange(tx, scope, requestID, "")
	if err != nil || e == nil || e.CustomerID != customerID {
		return nil, err
	}
	return e, nil
}
