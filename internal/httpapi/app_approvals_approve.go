package httpapi

import (
	"context"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/app"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/payment"
	"flint/internal/refund"
	"flint/internal/tenant"
)

// ApproveAppApprovalInput is the request of approveAppApproval.
type ApproveAppApprovalInput struct {
	AppApprovalInput

	operations []payment.Operation
}

// Approval is somebody's word that an app may make a refund it asked for. The caller has checked that they
// may refund.
type Approval struct {
	Scope      tenant.Scope
	ApprovalID string
	By         string // key_… or usr_…
	Now        time.Time
	Cause      event.Cause
}

// ApproveRefund makes a refund that an app asked for, for a person on a page. Faults: those of
// approveAppApproval.
func (s *Services) ApproveRefund(ctx context.Context, d db.DB, in Approval) error {
	var ops []payment.Operation
	err := d.Write(ctx, func(tx db.Tx) (err error) {
		_, ops, err = s.startApproved(tx, in)
		return err
	})
	if err != nil || len(ops) == 0 {
		return err
	}
	return s.Payments.Execute(ctx, ops, in.Cause, nil)
}

// startApproved reserves the refund of an approval and notes the decision in the same transaction.
func (s *Services) startApproved(tx db.Tx, in Approval) (refundID string, ops []payment.Operation, err error) {
	approval, err := app.LockApproval(tx, in.Scope, in.ApprovalID, in.Now)
	if err != nil {
		return "", nil, err
	}
	var request CreateRefundRequest
	if err := json.Unmarshal(approval.Request, &request); err != nil {
		return "", nil, fmt.Errorf("read the request of an approval: %w", err)
	}
	asked := request.domain(in.Scope, approval.GrantID, in.Cause)
	asked.Approved = true
	asked.Cause.ActorType, asked.Cause.ActorID = "app", approval.AppID
	r, ops, err := s.Refunds.Create(tx, asked)
	if err != nil {
		return "", nil, err
	}
	return r.ID, ops, s.Apps.Approve(tx, approval, r.ID, in.By, in.Now, in.Cause)
}

func registerApproveAppApproval(a *API, s *Services) {
	Staged(a, "approveAppApproval", Steps[ApproveAppApprovalInput, *AppApproval]{
		Start: func(ctx context.Context, tx db.Tx, c *Caller, in *ApproveAppApprovalInput) (refundID string, err error) {
			refundID, in.operations, err = s.startApproved(tx, Approval{Scope: c.Scope, ApprovalID: in.ApprovalID, By: c.ID, Now: c.Now, Cause: c.Cause()})
			return refundID, err
		},
		Finish: func(ctx context.Context, c *Caller, in *ApproveAppApprovalInput, refundID string, settle func(db.Tx, *AppApproval) error) (*AppApproval, error) {
			approval, err := read(ctx, a, func(tx db.Tx) (*app.Approval, error) { return app.GetApproval(tx, c.Scope, "", in.ApprovalID, c.Now) })
			if err != nil {
				return nil, err
			}
			return finishRefund(ctx, a, s, c, refundID, in.operations, func(r *refund.Refund) *AppApproval {
				out := wireApproval(approval)
				out.RefundStatus = r.Status
				return out
			}, settle)
		},
	}, Doc("Approve a refund of an app", "It is made once, as the app asked for it. What can no longer be refunded is refused and the approval stays open."),
		Errors("APP_APPROVAL_ALREADY_DECIDED", "APP_APPROVAL_EXPIRED", "APP_INSTALL_NOT_ACTIVE", "APP_REFUND_LIMIT_EXCEEDED", "APP_OWN_ORDERS_ONLY",
			"AMOUNT_EXCEEDS_REFUNDABLE"))
}
