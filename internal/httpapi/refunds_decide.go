package httpapi

import (
	"context"

	"flint/internal/db"
	"flint/internal/payment"
	"flint/internal/refund"
)

// DecideRefundRequest may say why.
type DecideRefundRequest struct {
	Note string `json:"note,omitzero" maxLength:"500"`
}

// DecideRefundInput is the request of approveRefund and rejectRefund.
type DecideRefundInput struct {
	RefundID string `path:"refund_id" id:"ref"`
	Body     DecideRefundRequest

	operations []payment.Operation
}

// CompleteRefundRequest says how the money was given back.
type CompleteRefundRequest struct {
	Reference string `json:"reference,omitzero" maxLength:"255" doc:"Of the transfer or the receipt."`
	Note      string `json:"note" minLength:"1" maxLength:"500" doc:"How the buyer got the money."`
}

// CompleteRefundInput is the request of completeRefundManually.
type CompleteRefundInput struct {
	RefundID string `path:"refund_id" id:"ref"`
	Body     CompleteRefundRequest
}

// registerRefundsPart adds what people decide about refunds, and disputes.
func registerRefundsPart(a *API, s *Services) {
	registerDisputes(a, s)
	Staged(a, "approveRefund", Steps[DecideRefundInput, *Refund]{
		Start: func(ctx context.Context, tx db.Tx, c *Caller, in *DecideRefundInput) (string, error) {
			r, ops, err := s.Refunds.Decide(tx, refund.DecideInput{Scope: c.Scope, RefundID: in.RefundID, Approve: true, Note: in.Body.Note, Cause: c.Cause()})
			if err != nil {
				return "", err
			}
			in.operations = ops
			return r.ID, nil
		},
		Finish: func(ctx context.Context, c *Caller, in *DecideRefundInput, subject string, settle func(db.Tx, *Refund) error) (*Refund, error) {
			return finishRefund(ctx, a, s, c, subject, in.operations, wireRefund, settle)
		},
	}, Doc("Approve a refund above the limit", "Somebody else than who asked for it. The money is on its way then."),
		Errors("REFUND_NOT_AWAITING_APPROVAL", "REFUND_APPROVAL_NEEDS_SECOND_PERSON", "PAYMENT_INTENT_DISPUTED"))

	Write(a, "rejectRefund", func(ctx context.Context, tx db.Tx, c *Caller, in *DecideRefundInput) (*Refund, error) {
		r, _, err := s.Refunds.Decide(tx, refund.DecideInput{Scope: c.Scope, RefundID: in.RefundID, Note: in.Body.Note, Cause: c.Cause()})
		if err != nil {
			return nil, err
		}
		return wireRefund(r), nil
	}, Doc("Reject a refund above the limit", "It is canceled, and what it had reserved is free again."), Errors("REFUND_NOT_AWAITING_APPROVAL"))

	Write(a, "completeRefundManually", func(ctx context.Context, tx db.Tx, c *Caller, in *CompleteRefundInput) (*Refund, error) {
		return wired(wireRefund)(s.Refunds.CompleteManually(tx, refund.CompleteInput{
			Scope: c.Scope, RefundID: in.RefundID, Reference: in.Body.Reference, Note: in.Body.Note, Cause: c.Cause(),
		}))
	}, Doc("Record that a failed refund was paid otherwise", "Makes a second refund, with method manual, that is booked at once; the failed one stays as it is."),
		Errors("REFUND_NOT_FAILED", "REFUND_ALREADY_COMPLETED", "AMOUNT_EXCEEDS_REFUNDABLE"))
}
