package httpapi

import (
	"context"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/dispute"
	"flint/internal/payment"
)

// ListDisputesInput is the request of listDisputes.
type ListDisputesInput struct {
	PageQuery
	PaymentIntentID   string    `query:"payment_intent_id"`
	OrderID           string    `query:"order_id"`
	CustomerID        string    `query:"customer_id"`
	Status            string    `query:"status" enum:"warning_needs_response,warning_under_review,warning_closed,needs_response,under_review,won,lost,prevented"`
	Reason            string    `query:"reason" enum:"bank_cannot_process,check_returned,credit_not_processed,customer_initiated,debit_not_authorized,duplicate,fraudulent,general,incorrect_account_details,insufficient_funds,noncompliant,product_not_received,product_unacceptable,subscription_canceled,unrecognized,bank_account_closed,bank_account_not_found,bank_debit_not_authorized,bank_account_restricted,other"`
	CaseType          string    `query:"case_type" enum:"inquiry,chargeback,compliance,resolution,block,other,bank_return" fault:"invalid=INVALID_CASE_TYPE"`
	CreatedAfter      time.Time `query:"created_after"`
	CreatedBefore     time.Time `query:"created_before"`
	EvidenceDueAfter  time.Time `query:"evidence_due_after"`
	EvidenceDueBefore time.Time `query:"evidence_due_before"`
}

// GetDisputeInput is the request of getDispute.
type GetDisputeInput struct {
	DisputeID string   `path:"dispute_id" id:"dp"`
	Expand    []string `query:"expand" enum:"customer,order,payment_intent"`
}

// Dispute is a buyer's claim on a payment, as the buyer's bank tells it.
type Dispute struct {
	ID                  string                `json:"dispute_id"`
	Status              string                `json:"status" enum:"warning_needs_response,warning_under_review,warning_closed,needs_response,under_review,won,lost,prevented"`
	CaseType            string                `json:"case_type" enum:"inquiry,chargeback,compliance,resolution,block,other,bank_return"`
	Reason              string                `json:"reason" enum:"bank_cannot_process,check_returned,credit_not_processed,customer_initiated,debit_not_authorized,duplicate,fraudulent,general,incorrect_account_details,insufficient_funds,noncompliant,product_not_received,product_unacceptable,subscription_canceled,unrecognized,bank_account_closed,bank_account_not_found,bank_debit_not_authorized,bank_account_restricted,other"`
	Amount              Money                 `json:"amount_money"`
	Withdrawn           Money                 `json:"withdrawn_money" flint:"extension" doc:"What the bank holds now: until it decides, or for good once lost."`
	PaymentIntentID     string                `json:"payment_intent_id"`
	PaymentIntent       *PaymentIntentSummary `json:"payment_intent,omitzero" flint:"nullable" doc:"With expand=payment_intent."`
	OrderID             string                `json:"order_id"`
	Order               *OrderSummary         `json:"order,omitzero" flint:"nullable" doc:"With expand=order."`
	CustomerID          string                `json:"customer_id,omitzero"`
	Customer            *CustomerSummary      `json:"customer,omitzero" flint:"nullable" doc:"With expand=customer."`
	PaymentOption       *string               `json:"payment_option" nullable:"true" enum:"card,apple_pay,google_pay,affirm,ach_debit"`
	ActionRequired      bool                  `json:"action_required" doc:"The bank waits for an answer, and one can still be given at the processor."`
	EvidenceDueAt       *time.Time            `json:"evidence_due_at" nullable:"true"`
	DeadlinePassed      bool                  `json:"evidence_deadline_passed"`
	ResponseAllowed     bool                  `json:"evidence_response_allowed"`
	ResponseUnavailable string                `json:"response_unavailable_reason,omitzero" enum:"bank_return_not_contestable,provider_response_unavailable"`
	Submissions         int64                 `json:"evidence_submission_count"`
	SubmissionPastDue   bool                  `json:"evidence_submission_past_due" doc:"The deadline went by without an answer."`
	HasEvidence         bool                  `json:"has_evidence"`
	FraudWarningID      string                `json:"fraud_warning_id,omitzero" doc:"Reserved."`
	StatusChangedAt     time.Time             `json:"status_changed_at"`
	Metadata            map[string]string     `json:"metadata"`
	MerchantID          string                `json:"merchant_id"`
	CreatedAt           time.Time             `json:"created_at"`
	UpdatedAt           time.Time             `json:"updated_at"`
}

func registerDisputes(a *API, s *Services) {
	Get(a, "listDisputes", func(ctx context.Context, tx db.Tx, c *Caller, in *ListDisputesInput) (Page[*Dispute], error) {
		found, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*dispute.Dispute, *listing.Cursor, error) {
			return dispute.List(tx, dispute.ListInput{
				Scope: c.Scope, PaymentIntentID: in.PaymentIntentID, OrderID: in.OrderID, CustomerID: in.CustomerID, Status: in.Status,
				Reason: in.Reason, CaseType: in.CaseType, CreatedAfter: in.CreatedAfter, CreatedBefore: in.CreatedBefore,
				DueAfter: in.EvidenceDueAfter, DueBefore: in.EvidenceDueBefore, After: after, Limit: limit,
			})
		})
		if err != nil {
			return Page[*Dispute]{}, err
		}
		out := Page[*Dispute]{Data: make([]*Dispute, 0, len(found.Data)), Next: found.Next}
		for _, d := range found.Data {
			i, err := payment.Get(tx, c.Scope, d.PaymentIntentID)
			if err != nil {
				return Page[*Dispute]{}, err
			}
			out.Data = append(out.Data, wireDispute(d, i, c.Now))
		}
		return out, nil
	}, Doc("List disputes", "Newest first. Answers are given at the processor; the API reads."), Errors("INVALID_CASE_TYPE"))

	scopes := map[string]string{"customer": "customers.read", "order": "commerce.orders.read", "payment_intent": "payments.payment_intents.read"}
	Get(a, "getDispute", func(ctx context.Context, tx db.Tx, c *Caller, in *GetDisputeInput) (*Dispute, error) {
		if err := mayExpand(c, in.Expand, scopes); err != nil {
			return nil, err
		}
		d, err := dispute.Get(tx, c.Scope, in.DisputeID)
		if err != nil {
			return nil, err
		}
		i, err := payment.Get(tx, c.Scope, d.PaymentIntentID)
		if err != nil {
			return nil, err
		}
		out := wireDispute(d, i, c.Now)
		if slices.Contains(in.Expand, "payment_intent") {
			summary := wireIntentSummary(i)
			out.PaymentIntent = &summary
		}
		return out, s.expandParties(ctx, tx, c, in.Expand, d.OrderID, d.CustomerID, &out.Order, &out.Customer)
	}, Doc("Read a dispute", "What the buyer's bank says of a payment, and until when it takes an answer."))
}

func wireDispute(d *dispute.Dispute, i *payment.Intent, now time.Time) *Dispute {
	out := &Dispute{
		ID: d.ID, Status: d.Status, CaseType: d.CaseType, Reason: d.Reason, Amount: wireMoney(d.Amount, d.Currency),
		Withdrawn: wireMoney(d.Open+d.Lost, d.Currency), PaymentIntentID: d.PaymentIntentID, OrderID: d.OrderID, CustomerID: d.CustomerID,
		ActionRequired: d.ResponseAllowed(now), EvidenceDueAt: timeIf(d.EvidenceDueAt), DeadlinePassed: d.DeadlinePassed(now),
		ResponseAllowed: d.ResponseAllowed(now), ResponseUnavailable: d.ResponseUnavailable(), Submissions: d.Submissions,
		SubmissionPastDue: d.PastDue(now), HasEvidence: d.Submissions > 0, StatusChangedAt: d.StatusChangedAt, Metadata: map[string]string{},
		MerchantID: d.Scope.MerchantID, CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt,
	}
	if i.Detail.Source != nil {
		out.PaymentOption = &i.Detail.Source.Type
	}
	return out
}
