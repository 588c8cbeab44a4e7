package app

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/money"
	"flint/internal/tenant"
)

// Statuses of an approval. docs/states/app-approval.md draws them.
const (
	ApprovalPending  = "pending"
	ApprovalApproved = "approved"
	ApprovalRefused  = "refused"
	ApprovalExpired  = "expired" // pending when its time came; kept as pending
)

// ApprovalTime is how long an approval can be given.
const ApprovalTime = 7 * 24 * time.Hour

const maxReason = 500 // characters

// Approval is a refund of an app that waits for the merchant, or was decided.
type Approval struct {
	Scope     tenant.Scope
	ID        string // apprv_…
	InstallID string
	GrantID   string
	AppID     string
	OrderID   string
	Amount    money.Amount // when the app asked
	Status    string
	Request   []byte // JSON of the request, which the surface that took it makes again
	RefundID  string // once approved
	Reason    string // of a refusal
	DecidedBy string // key_… or usr_…
	DecidedAt time.Time
	ExpiresAt time.Time
	CreatedAt time.Time
	UpdatedAt time.Time
}

// EventApprovalCreated and EventApprovalDecided tell the merchant and the app.
const (
	EventApprovalCreated = "app_approval.created"
	EventApprovalDecided = "app_approval.decided"
)

type approvalPayload struct {
	ApprovalID string       `json:"app_approval_id"`
	AppID      string       `json:"partner_app_id"`
	InstallID  string       `json:"partner_app_install_id"`
	OrderID    string       `json:"order_id"`
	Amount     money.Amount `json:"amount_money"`
	Status     string       `json:"status"`
	RefundID   string       `json:"refund_id,omitzero"`
	ExpiresAt  time.Time    `json:"expires_at"`
}

// RequestApproval writes down a refund that needs one. It runs in the transaction of the refund that
// ended with need, which wrote nothing else.
func (s *Service) RequestApproval(tx db.Tx, need *ApprovalNeeded, scope tenant.Scope, request []byte, now time.Time, cause event.Cause) (*Approval, error) {
	a := &Approval{Scope: scope, ID: s.IDs.New(id.AppApproval), InstallID: need.Install.ID, GrantID: need.GrantID, AppID: need.Install.AppID,
		OrderID: need.OrderID, Amount: need.Amount, Status: ApprovalPending, Request: request, ExpiresAt: now.Add(ApprovalTime), CreatedAt: now, UpdatedAt: now}
	err := tx.Send(`INSERT INTO app_approvals (merchant_id, environment_id, approval_id, install_id, grant_id, app_id, order_id, currency, amount, status,
		request, expires_at, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)`,
		scope.MerchantID, scope.EnvironmentID, a.ID, a.InstallID, a.GrantID, a.AppID, a.OrderID, a.Amount.Currency, a.Amount.Minor, a.Status,
		string(a.Request), a.ExpiresAt, now)
	if err != nil {
		return nil, fmt.Errorf("insert an approval: %w", err)
	}
	return a, s.recordApproval(tx, EventApprovalCreated, a, cause, now)
}

func (s *Service) recordApproval(tx db.Tx, typ string, a *Approval, cause event.Cause, now time.Time) error {
	err := s.Events.Record(tx, a.Scope, now, cause, event.New{Type: typ, RootType: "app_approval", RootID: a.ID, ResourceType: "app_approval",
		ResourceID: a.ID, Data: approvalPayload{ApprovalID: a.ID, AppID: a.AppID, InstallID: a.InstallID, OrderID: a.OrderID, Amount: a.Amount,
			Status: a.Status, RefundID: a.RefundID, ExpiresAt: a.ExpiresAt}})
	if err != nil {
		return fmt.Errorf("record %s: %w", typ, err)
	}
	return nil
}

// LockApproval reads an approval that can still be decided and keeps others from deciding it. Faults:
// RESOURCE_NOT_FOUND, APP_APPROVAL_ALREADY_DECIDED, APP_APPROVAL_EXPIRED.
func LockApproval(tx db.Tx, scope tenant.Scope, approvalID string, now time.Time) (*Approval, error) {
	a, err := getApproval(tx, scope, approvalID, now, tx.ForUpdate())
	if err != nil {
		return nil, err
	}
	switch a.Status {
	case ApprovalPending:
		return a, nil
	case ApprovalExpired:
		return nil, fault.Conflict("APP_APPROVAL_EXPIRED", "This approval can no longer be given.").Then("Let the app ask again.")
	}
	return nil, fault.Conflict("APP_APPROVAL_ALREADY_DECIDED", "This approval was decided.").With("current_status", a.Status)
}

// Approve notes the refund that an approval led to, in the refund's transaction. The caller has locked
// the approval.
func (s *Service) Approve(tx db.Tx, a *Approval, refundID, decidedBy string, now time.Time, cause event.Cause) error {
	a.Status, a.RefundID, a.DecidedBy, a.DecidedAt, a.UpdatedAt = ApprovalApproved, refundID, decidedBy, now, now
	return s.decide(tx, a, cause, now)
}

// Refuse ends an approval without a refund. Faults: those of LockApproval, VALUE_TOO_LONG.
func (s *Service) Refuse(tx db.Tx, scope tenant.Scope, approvalID, reason, decidedBy string, now time.Time, cause event.Cause) (*Approval, error) {
	if utf8.RuneCountInString(reason) > maxReason {
		return nil, fault.Invalid("VALUE_TOO_LONG", "reason", "A reason has at most %d characters.", maxReason)
	}
	a, err := LockApproval(tx, scope, approvalID, now)
	if err != nil {
		return nil, err
	}
	a.Status, a.Reason, a.DecidedBy, a.DecidedAt, a.UpdatedAt = ApprovalRefused, reason, decidedBy, now, now
	return a, s.decide(tx, a, cause, now)
}

func (s *Service) decide(tx db.Tx, a *Approval, cause event.Cause, now time.Time) error {
	err := tx.Send(`UPDATE app_approvals SET status = $4, refund_id = $5, reason = $6, decided_by = $7, decided_at = $8, updated_at = $9
		WHERE merchant_id = $1 AND environment_id = $2 AND approval_id = $3`,
		a.Scope.MerchantID, a.Scope.EnvironmentID, a.ID, a.Status, a.RefundID, a.Reason, a.DecidedBy, a.DecidedAt, a.UpdatedAt)
	if err != nil {
		return fmt.Errorf("decide an approval: %w", err)
	}
	return s.recordApproval(tx, EventApprovalDecided, a, cause, now)
}

const approvalColumns = `merchant_id, environment_id, approval_id, install_id, grant_id, app_id, order_id, currency, amount, status, request, refund_id,
	reason, decided_by, decided_at, expires_at, created_at, updated_at`

func scanApproval(row func(dest ...any) error, now time.Time) (*Approval, error) {
	a := &Approval{}
	err := row(&a.Scope.MerchantID, &a.Scope.EnvironmentID, &a.ID, &a.InstallID, &a.GrantID, &a.AppID, &a.OrderID, &a.Amount.Currency, &a.Amount.Minor,
		&a.Status, &a.Request, &a.RefundID, &a.Reason, &a.DecidedBy, &a.DecidedAt, &a.ExpiresAt, &a.CreatedAt, &a.UpdatedAt)
	if a.Status == ApprovalPending && !now.Before(a.ExpiresAt) {
		a.Status = ApprovalExpired
	}
	return a, err
}

// GetApproval reads an approval. appID narrows it to one app; empty is any. Fault: RESOURCE_NOT_FOUND.
func GetApproval(tx db.Tx, scope tenant.Scope, appID, approvalID string, now time.Time) (*Approval, error) {
	a, err := getApproval(tx, scope, approvalID, now, "")
	if err == nil && appID != "" && a.AppID != appID {
		return nil, fault.NotFound("approval")
	}
	return a, err
}

func getApproval(tx db.Tx, scope tenant.Scope, approvalID string, now time.Time, lock string) (*Approval, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	a, err := scanApproval(func(dest ...any) error {
		return tx.QueryRow(dest, `SELECT `+approvalColumns+` FROM app_approvals WHERE merchant_id = $1 AND environment_id = $2 AND approval_id = $3`+lock,
			scope.MerchantID, scope.EnvironmentID, approvalID)
	}, now)
	if errors.Is(err, db.ErrNoRows) {
		return nil, fault.NotFound("approval")
	}
	if err != nil {
		return nil, fmt.Errorf("read an approval: %w", err)
	}
	return a, nil
}

// ListApprovalsInput selects approvals of an environment.
type ListApprovalsInput struct {
	Scope  tenant.Scope
	AppID  string // empty: any
	Status string // empty: any
	Now    time.Time
	After  *listing.Cursor
	Limit  int
}

// ListApprovals reads one page of approvals, newest first.
func ListApprovals(tx db.Tx, in ListApprovalsInput) ([]*Approval, *listing.Cursor, error) {
	if err := in.Scope.Check(); err != nil {
		return nil, nil, err
	}
	q := listing.From("app_approvals", approvalColumns, "approval_id", in.Scope).Equal("app_id", in.AppID)
	switch in.Status {
	case ApprovalPending:
		q.Equal("status", in.Status).And("expires_at > ?", in.Now)
	case ApprovalExpired:
		q.Equal("status", ApprovalPending).And("expires_at <= ?", in.Now)
	default:
		q.Equal("status", in.Status)
	}
	if err := q.Sort("created_at", false, true, in.After); err != nil {
		return nil, nil, err
	}
	found, next, err := listing.Page(tx, q, in.Limit, func(r db.Row) (*Approval, error) { return scanApproval(r.Scan, in.Now) },
		func(a *Approval) listing.Cursor { return listing.At(a.CreatedAt, a.ID) })
	if err != nil {
		return nil, nil, fmt.Errorf("list approvals: %w", err)
	}
	return found, next, nil
}
