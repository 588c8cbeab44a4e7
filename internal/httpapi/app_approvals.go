package httpapi

import (
	"context"
	"fmt"

	"flint/internal/app"
	"flint/internal/db"
	"flint/internal/db/listing"
)

// ListAppApprovalsInput is the request of listAppApprovals.
type ListAppApprovalsInput struct {
	PageQuery
	Status string `query:"status" enum:"pending,approved,refused,expired"`
}

// AppApprovalInput names an approval.
type AppApprovalInput struct {
	ApprovalID string `path:"app_approval_id" id:"apprv"`
}

// RefuseAppApprovalRequest may say why.
type RefuseAppApprovalRequest struct {
	Reason string `json:"reason,omitzero" maxLength:"500"`
}

// RefuseAppApprovalInput is the request of refuseAppApproval.
type RefuseAppApprovalInput struct {
	AppApprovalInput
	Body RefuseAppApprovalRequest
}

func registerAppApprovals(a *API, s *Services) {
	Get(a, "listAppApprovals", func(ctx context.Context, tx db.Tx, c *Caller, in *ListAppApprovalsInput) (Page[*AppApproval], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*app.Approval, *listing.Cursor, error) {
			return app.ListApprovals(tx, app.ListApprovalsInput{Scope: c.Scope, AppID: appOf(c), Status: in.Status, Now: c.Now, After: after, Limit: limit})
		})
		return MapPage(page, wireApproval), err
	}, Doc("List refunds that apps asked for", "Those above the amount that the merchant lets an app refund by itself. Newest first; an app sees its own."))

	Get(a, "getAppApproval", func(ctx context.Context, tx db.Tx, c *Caller, in *AppApprovalInput) (*AppApproval, error) {
		found, err := app.GetApproval(tx, c.Scope, appOf(c), in.ApprovalID, c.Now)
		if err != nil {
			return nil, err
		}
		return wireApproval(found), nil
	}, Doc("Read a refund that an app asked for", ""))

	Write(a, "refuseAppApproval", func(ctx context.Context, tx db.Tx, c *Caller, in *RefuseAppApprovalInput) (*AppApproval, error) {
		refused, err := s.Apps.Refuse(tx, c.Scope, in.ApprovalID, in.Body.Reason, c.ID, c.Now, c.Cause())
		if err != nil {
			return nil, err
		}
		return wireApproval(refused), nil
	}, Doc("Refuse a refund of an app", "Nothing is refunded. The app is told."), Errors("APP_APPROVAL_ALREADY_DECIDED", "APP_APPROVAL_EXPIRED"))
}

// requestApproval keeps a refund of an app for the merchant to decide, in the transaction in which it was
// found to need that, and returns the id of the approval.
func (s *Services) requestApproval(tx db.Tx, c *Caller, need *app.ApprovalNeeded, request *CreateRefundRequest) (string, error) {
	raw, err := encode(request)
	if err != nil {
		return "", fmt.Errorf("keep the request of an app: %w", err)
	}
	made, err := s.Apps.RequestApproval(tx, need, c.Scope, raw, c.Now, c.Cause())
	if err != nil {
		return "", err
	}
	return made.ID, nil
}
