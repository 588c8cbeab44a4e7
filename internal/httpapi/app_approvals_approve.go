package httpapi

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"

	"flint/internal/app"
	"flint/internal/db"
	"flint/internal/payment"
	"flint/internal/refund"
)

// ApproveAppApprovalInput is the request of approveAppApproval.
type ApproveAppApprovalInput struct {
	AppApprovalInput

	operations []payment.Operation
}

func registerApproveAppApproval(a *API, s *Services) {
	Staged(a, "approveAppApproval", Steps[ApproveAppApprovalInput, *AppApproval]{
		Start: func(ctx context.Context, tx db.Tx, c *Caller, in *ApproveAppApprovalInput) (string, error) {
			approval, err := app.LockApproval(tx, c.Scope, in.ApprovalID, c.Now)
			if err != nil {
				return "", err
			}
			var request CreateRefundRequest
			if err := json.Unmarshal(approval.Request, &request); err != nil {
				return "", fmt.Errorf("read the request of an approval: %w", err)
			}
			asked := request.domain(c)
			asked.GrantID, asked.Approved = approval.GrantID, true
			asked.Cause.ActorType, asked.Cause.ActorID = "app", approval.AppID
			r, ops, err := s.Refunds.Create(tx, asked)
			if err != nil {
				return "", err
			}
			in.operations = ops
			return r.ID, s.Apps.Approve(tx, approval, r.ID, c.ID, c.Now, c.Cause())
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
