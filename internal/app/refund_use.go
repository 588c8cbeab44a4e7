package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/merchant"
	"flint/internal/money"
	"flint/internal/tenant"
)

// RefundUse is a refund that an install is about to make.
type RefundUse struct {
	Scope    tenant.Scope
	GrantID  string
	RefundID string
	OrderID  string
	OrderApp string // whose token created the order, empty for none
	Amount   money.Amount
	Approved bool // by the merchant: only the approval is skipped, never a limit
	Probe    bool // nothing is counted: the refund is made later, or counted when it is
	Now      time.Time
}

// ApprovalNeeded is the answer to a refund within the limits that the merchant wants to see first.
type ApprovalNeeded struct {
	Install Install
	GrantID string
	OrderID string
	Amount  money.Amount
}

// Error implements error.
func (e *ApprovalNeeded) Error() string { return "the merchant has to approve this refund first" }

// Unwrap is the fault that an app gets where nobody keeps its request for an approval.
func (e *ApprovalNeeded) Unwrap() error {
	return fault.Conflict("APP_REFUND_APPROVAL_REQUIRED", "The merchant has to approve this refund; nothing was refunded yet.")
}

// span is a row of what was used.
type span struct{ kind, subject string }

// BookRefund counts a refund of an install in the transaction that reserves its money, or refuses it.
// The caller holds the lock of the order; the grant and the day's use are locked here, so a removal
// either comes before and refuses the refund, or after and finds it booked. Faults:
// APP_INSTALL_NOT_ACTIVE, APP_OWN_ORDERS_ONLY, APP_REFUND_LIMIT_EXCEEDED; *ApprovalNeeded.
func (s *Service) BookRefund(tx db.Tx, in RefundUse) error {
	g, err := lockGrantRow(tx, in.Scope, in.GrantID)
	if err != nil {
		return err
	}
	i, err := installByID(tx, in.Scope.MerchantID, g.InstallID, "")
	if err != nil {
		return err
	}
	if !i.Usable(g) {
		return fault.Forbidden("APP_INSTALL_NOT_ACTIVE", "The app is paused, removed or not installed in this environment.")
	}
	day, err := dayOf(tx.Context(), tx, in.Scope.MerchantID, in.Now)
	if err != nil {
		return err
	}
	spans := []span{{"order", in.OrderID}, {"day", day}}
	var used [2]int64
	for n, v := range spans {
		if used[n], err = lockUse(tx, in.Scope, i.ID, v, in.Amount.Currency); err != nil {
			return err
		}
	}
	if err := i.Limits.Check(in.Amount, Use{Order: used[0], Day: used[1]}, in.OrderApp == g.AppID); err != nil {
		return err
	}
	if i.Limits.NeedsApproval(in.Amount) && !in.Approved {
		return &ApprovalNeeded{Install: *i, GrantID: g.ID, OrderID: in.OrderID, Amount: in.Amount}
	}
	if in.Probe {
		return nil
	}
	for _, v := range spans {
		if err := addUse(tx, in.Scope, i.ID, v, in.Amount.Currency, in.Amount.Minor); err != nil {
			return err
		}
	}
	err = tx.Send(`INSERT INTO app_refunds (merchant_id, environment_id, refund_id, install_id, order_id, day, currency, amount, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		in.Scope.MerchantID, in.Scope.EnvironmentID, in.RefundID, i.ID, in.OrderID, day, in.Amount.Currency, in.Amount.Minor, in.Now)
	if err != nil {
		return fmt.Errorf("note the refund of an app: %w", err)
	}
	return nil
}

// RecountRefund notes what a refund of an install really gives back, once parts of it failed or went
// through after all. What did not go back can be refunded again, on the day it was counted for. The
// caller holds the lock of the order. A refund that no app made is left alone.
func (s *Service) RecountRefund(tx db.Tx, scope tenant.Scope, refundID string, minor int64) error {
	var installID, orderID, day string
	var currency money.Currency
	var counted int64
	err := tx.QueryRow([]any{&installID, &orderID, &day, &currency, &counted}, `SELECT install_id, order_id, day, currency, amount FROM app_refunds
		WHERE merchant_id = $1 AND environment_id = $2 AND refund_id = $3`+tx.ForUpdate(), scope.MerchantID, scope.EnvironmentID, refundID)
	if errors.Is(err, db.ErrNoRows) || err == nil && counted == minor {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the refund of an app: %w", err)
	}
	for _, v := range []span{{"order", orderID}, {"day", day}} {
		if err := addUse(tx, scope, installID, v, currency, minor-counted); err != nil {
			return err
		}
	}
	err = tx.Send(`UPDATE app_refunds SET amount = $4 WHERE merchant_id = $1 AND environment_id = $2 AND refund_id = $3`,
		scope.MerchantID, scope.EnvironmentID, refundID, minor)
	if err != nil {
		return fmt.Errorf("recount the refund of an app: %w", err)
	}
	return nil
}

// UsedToday is what an install refunded today in each currency of an environment.
func (s *Service) UsedToday(ctx context.Context, tx db.Tx, scope tenant.Scope, installID string, now time.Time) ([]money.Amount, error) {
	day, err := dayOf(ctx, tx, scope.MerchantID, now)
	if err != nil {
		return nil, err
	}
	var out []money.Amount
	err = tx.Query(func(r db.Row) error {
		var a money.Amount
		err := r.Scan(&a.Currency, &a.Minor)
		out = append(out, a)
		return err
	}, `SELECT currency, amount FROM app_refund_use WHERE merchant_id = $1 AND environment_id = $2 AND install_id = $3 AND span = 'day' AND subject = $4
		AND amount > 0 ORDER BY currency`, scope.MerchantID, scope.EnvironmentID, installID, day)
	if err != nil {
		return nil, fmt.Errorf("read what an app refunded today: %w", err)
	}
	return out, nil
}

// dayOf is the day of a moment in the merchant's reporting time zone, YYYY-MM-DD.
func dayOf(ctx context.Context, tx db.Tx, merchantID string, now time.Time) (string, error) {
	name, err := merchant.ReportingTimezone(ctx, tx, merchantID)
	if err != nil {
		return "", err
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return "", fmt.Errorf("load the reporting time zone: %w", err)
	}
	return now.In(zone).Format(time.DateOnly), nil
}

func lockGrantRow(tx db.Tx, scope tenant.Scope, grantID string) (*Grant, error) {
	var one int
	err := tx.QueryRow([]any{&one}, `SELECT 1 FROM app_grants WHERE merchant_id = $1 AND environment_id = $2 AND grant_id = $3`+tx.ForUpdate(),
		scope.MerchantID, scope.EnvironmentID, grantID)
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return nil, fmt.Errorf("lock an environment grant: %w", err)
	}
	return grantByID(tx, scope, grantID)
}

// lockUse reads what was used in a span and keeps others from using it until the end of tx.
func lockUse(tx db.Tx, scope tenant.Scope, installID string, v span, c money.Currency) (used int64, err error) {
	err = tx.QueryRow([]any{&used}, `INSERT INTO app_refund_use (merchant_id, environment_id, install_id, span, subject, currency, amount)
		VALUES ($1, $2, $3, $4, $5, $6, 0)
		ON CONFLICT (merchant_id, environment_id, install_id, span, subject, currency) DO UPDATE SET amount = app_refund_use.amount RETURNING amount`,
		scope.MerchantID, scope.EnvironmentID, installID, v.kind, v.subject, c)
	if err != nil {
		return 0, fmt.Errorf("lock what an app used: %w", err)
	}
	return used, nil
}

func addUse(tx db.Tx, scope tenant.Scope, installID string, v span, c money.Currency, minor int64) error {
	err := tx.Send(`UPDATE app_refund_use SET amount = amount + $7
		WHERE merchant_id = $1 AND environment_id = $2 AND install_id = $3 AND span = $4 AND subject = $5 AND currency = $6`,
		scope.MerchantID, scope.EnvironmentID, installID, v.kind, v.subject, c, minor)
	if err != nil {
		return fmt.Errorf("count a refund of an app: %w", err)
	}
	return nil
}
