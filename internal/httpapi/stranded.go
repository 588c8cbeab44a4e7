package httpapi

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/stranded"
)

// StrandedPayment is money that came in where nothing was due any more.
type StrandedPayment struct {
	ID                string     `json:"stranded_payment_id"`
	OrderID           string     `json:"order_id"`
	PaymentIntentID   string     `json:"payment_intent_id"`
	AttemptID         string     `json:"order_payment_attempt_id,omitzero"`
	SessionID         string     `json:"checkout_session_id,omitzero"`
	Reason            string     `json:"reason" enum:"attempt_ended,order_already_paid,order_closed"`
	Status            string     `json:"status" enum:"open,refunding,resolved"`
	Amount            Money      `json:"amount_money" doc:"What came too much."`
	Remaining         Money      `json:"remaining_money" doc:"What of it is still undecided; it lies on the order as credit."`
	Resolution        string     `json:"resolution,omitzero" enum:"applied,refunded,assigned"`
	RefundID          string     `json:"refund_id,omitzero"`
	AssignedOrderID   string     `json:"assigned_order_id,omitzero"`
	AssignedPaymentID string     `json:"assigned_payment_intent_id,omitzero"`
	Note              string     `json:"note,omitzero"`
	ResolvedByType    string     `json:"resolved_by_type,omitzero" doc:"Kind of actor, as activities name it."`
	ResolvedByID      string     `json:"resolved_by_id,omitzero"`
	ResolvedAt        *time.Time `json:"resolved_at,omitzero"`
	CreatedAt         time.Time  `json:"created_at"`
	UpdatedAt         time.Time  `json:"updated_at"`
}

// ListStrandedPaymentsInput is the request of listStrandedPayments.
type ListStrandedPaymentsInput struct {
	PageQuery
	Status        string    `query:"status" enum:"open,refunding,resolved"`
	OrderID       string    `query:"order_id"`
	Reason        string    `query:"reason" enum:"attempt_ended,order_already_paid,order_closed"`
	SortDirection string    `query:"sort_direction" enum:"asc,desc"`
	CreatedAfter  time.Time `query:"created_after"`
	CreatedBefore time.Time `query:"created_before"`
}

// StrandedPaymentInput names one.
type StrandedPaymentInput struct {
	ID string `path:"stranded_payment_id" id:"strp"`
}

// ResolveStrandedPaymentRequest decides about all that remains.
type ResolveStrandedPaymentRequest struct {
	Action   string `json:"action" enum:"apply,refund,assign" fault:"invalid=INVALID_ACTION" doc:"apply: the order keeps it. refund: the buyer gets it back. assign: another order takes it."`
	OrderID  string `json:"order_id,omitzero" maxLength:"64" doc:"For assign: an open order of the same currency."`
	Expected *Money `json:"expected_remaining_money,omitzero" doc:"What the caller saw; when it differs, nothing happens."`
	Note     string `json:"note,omitzero" maxLength:"500"`
}

// ResolveStrandedPaymentInput is the request of resolveStrandedPayment.
type ResolveStrandedPaymentInput struct {
	ID   string `path:"stranded_payment_id" id:"strp"`
	Body ResolveStrandedPaymentRequest

	operations []payment.Operation
}

func wireStranded(p *stranded.Payment) *StrandedPayment {
	out := &StrandedPayment{
		ID: p.ID, OrderID: p.OrderID, PaymentIntentID: p.PaymentIntentID, AttemptID: p.AttemptID, SessionID: p.CheckoutSessionID,
		Reason: p.Reason, Status: p.Status, Amount: wireMoney(p.Amount, p.Currency), Remaining: wireMoney(p.Remaining, p.Currency),
		Resolution: p.Resolution, RefundID: p.RefundID, AssignedOrderID: p.AssignedOrderID, AssignedPaymentID: p.AssignedPaymentIntentID,
		Note: p.Note, ResolvedAt: timeIf(p.ResolvedAt), CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}
	if p.Status == stranded.StatusResolved {
		out.ResolvedByType, out.ResolvedByID = p.ResolvedByType, p.ResolvedByID
	}
	return out
}

func registerStranded(a *API, s *Services) {
	Get(a, "listStrandedPayments", func(ctx context.Context, tx db.Tx, c *Caller, in *ListStrandedPaymentsInput) (Page[*StrandedPayment], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*stranded.Payment, *listing.Cursor, error) {
			return stranded.List(tx, stranded.ListInput{
				Scope: c.Scope, Status: in.Status, OrderID: in.OrderID, Reason: in.Reason, CreatedAfter: in.CreatedAfter,
				CreatedBefore: in.CreatedBefore, Ascending: in.SortDirection == "asc", After: after, Limit: limit,
			})
		})
		return MapPage(page, wireStranded), err
	}, Doc("List stranded payments", "Money that came in where nothing was due any more, newest first."))

	Get(a, "getStrandedPayment", func(ctx context.Context, tx db.Tx, c *Caller, in *StrandedPaymentInput) (*StrandedPayment, error) {
		p, err := stranded.Get(tx, c.Scope, in.ID)
		if err != nil {
			return nil, err
		}
		return wireStranded(p), nil
	}, Doc("Read a stranded payment", "It lies on its order as credit until somebody decides about it."))

	Staged(a, "resolveStrandedPayment", Steps[ResolveStrandedPaymentInput, *StrandedPayment]{
		Start: func(ctx context.Context, tx db.Tx, c *Caller, in *ResolveStrandedPaymentInput) (string, error) {
			p, ops, err := s.Stranded.Resolve(tx, stranded.ResolveInput{
				Scope: c.Scope, ID: in.ID, Action: in.Body.Action, OrderID: in.Body.OrderID, Expected: in.Body.Expected.amount(),
				Note: in.Body.Note, Cause: c.Cause(),
			})
			if err != nil {
				return "", err
			}
			in.operations = ops
			return p.ID, nil
		},
		Finish: func(ctx context.Context, c *Caller, in *ResolveStrandedPaymentInput, subject string, settle func(db.Tx, *StrandedPayment) error) (*StrandedPayment, error) {
			return s.finishResolve(ctx, a, c, in, subject, settle)
		},
	}, Doc("Resolve a stranded payment", "Decides about all that remains: the order keeps it, the buyer gets it back, or another order takes it. The same decision once more changes nothing."),
		Errors("STRANDED_PAYMENT_ALREADY_RESOLVED", "STRANDED_PAYMENT_REFUND_IN_PROGRESS", "STRANDED_PAYMENT_ASSIGNMENT_INVALID", "CURRENCY_MISMATCH",
			"ORDER_NOT_OPEN", "ORDER_COLLECTION_ALREADY_ACTIVE", "ORDER_PAYMENT_ATTEMPT_ACTIVE", "ORDER_CHANGED_REFRESH_REQUIRED", "AMOUNT_EXCEEDS_REFUNDABLE"))
}

// finishResolve sends the refund that was planned, also when the call that planned it broke off.
func (s *Services) finishResolve(ctx context.Context, a *API, c *Caller, in *ResolveStrandedPaymentInput, subject string, settle func(db.Tx, *StrandedPayment) error) (*StrandedPayment, error) {
	var out *StrandedPayment
	ops := in.operations
	answer := func(tx db.Tx) error {
		p, err := stranded.Get(tx, c.Scope, subject)
		if err != nil {
			return err
		}
		out = wireStranded(p)
		if ops == nil && p.Status == stranded.StatusRefunding {
			ops, err = payment.PlannedOfRefund(tx, c.Scope, p.RefundID)
		}
		return err
	}
	if ops == nil {
		if err := a.DB.Read(ctx, answer); err != nil || len(ops) == 0 {
			return out, err
		}
	}
	err := s.Payments.Execute(ctx, ops, c.Cause(), func(tx db.Tx, _ *order.Order) error {
		if err := answer(tx); err != nil {
			return err
		}
		return settle(tx, out)
	})
	return out, err
}
