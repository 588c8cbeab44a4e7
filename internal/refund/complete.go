package refund

import (
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/tenant"
)

// CompleteInput records that the money of a failed refund was given back elsewhere.
type CompleteInput struct {
	Scope     tenant.Scope
	RefundID  string
	Reference string // of the transfer or the receipt
	Note      string
	Cause     event.Cause
}

// CompleteManually records a refund that could not go back to its payment and was paid otherwise: in cash, by
// transfer. It makes a second refund with the parts of the first that failed, for the same lines where they are
// still free, and books it at once. The failed one stays as it is.
//
// Faults: RESOURCE_NOT_FOUND, REFUND_NOT_FAILED, REFUND_ALREADY_COMPLETED, and those of Create.
func (s *Service) CompleteManually(tx db.Tx, in CompleteInput) (*Refund, error) {
	peek, err := Get(tx, in.Scope, in.RefundID)
	if err != nil {
		return nil, err
	}
	o, err := s.Orders.Load(tx, in.Scope, peek.OrderID)
	if err != nil {
		return nil, err
	}
	failed, err := Load(tx, in.Scope, in.RefundID)
	if err != nil {
		return nil, err
	}
	if failed.Status != StatusFailed && failed.Status != StatusPartiallySucceeded {
		return nil, fault.Conflict("REFUND_NOT_FAILED", "Only a refund that failed can be completed by hand.")
	}
	others, err := ofOrder(tx, o)
	if err != nil {
		return nil, err
	}
	for _, r := range others {
		if r.Detail.CompletesID == failed.ID && r.Status == StatusSucceeded {
			return nil, fault.Conflict("REFUND_ALREADY_COMPLETED", "The money of this refund was recorded as given back.").With("refund_id", r.ID)
		}
	}
	create := CreateInput{
		Scope: in.Scope, OrderID: o.ID, Reason: failed.Reason, ReasonMessage: failed.Detail.ReasonMessage, Method: MethodManual,
		Reference: in.Reference, Note: in.Note, CompletesID: failed.ID, ReturnID: failed.ReturnID, ReturnResolutionID: failed.ReturnResolutionID,
		InvoiceID: failed.Detail.InvoiceID, CreditNoteID: failed.Detail.CreditNoteID, Cause: in.Cause, DespiteDispute: true,
	}
	var sum int64
	for _, a := range failed.Allocations {
		if a.Status == StatusFailed {
			create.Tenders = append(create.Tenders, TenderInput{a.PaymentIntentID, failed.Money(a.Amount)})
			sum += a.Amount
		}
	}
	amount := failed.Money(sum)
	create.Amount = &amount
	if failed.Status == StatusFailed {
		create.Lines, create.Charges = again(failed, o.Currency)
		create.Taxes, create.Goodwill = againRest(failed)
	}
	if s.Completing != nil {
		if err := s.Completing(tx, failed); err != nil {
			return nil, err
		}
	}
	r, _, err := s.Create(tx, create)
	if e := fault.Of(err); e != nil && len(create.Lines)+len(create.Charges)+len(create.Taxes) > 0 && e.Code != "AMOUNT_EXCEEDS_REFUNDABLE" {
		// Another refund has taken the lines meanwhile: the money is of the order and of nothing in particular.
		create.Lines, create.Charges, create.Taxes, create.Goodwill = nil, nil, nil, nil
		r, _, err = s.Create(tx, create)
	}
	return r, err
}

// again asks for the same shares of lines and charges.
func again(r *Refund, c money.Currency) ([]LineInput, []ChargeInput) {
	var lines []LineInput
	for _, l := range r.Detail.Lines {
		share, quantity := Share{Subtotal: l.Subtotal, Discount: l.Discount, Tax: l.Tax, Total: l.Total}, l.Quantity
		in := LineInput{LineID: l.LineID, Quantity: &quantity, Share: &share}
		for _, a := range l.Adjustments {
			in.Adjustments = append(in.Adjustments, AdjustmentInput{
				Type: a.Type, AppliesTo: a.AppliesTo, Amount: &money.Amount{Minor: a.Amount, Currency: c}, ReasonCode: a.ReasonCode, Description: a.Description,
			})
		}
		for _, g := range l.AdjustmentRefunds {
			in.AdjustmentRefunds = append(in.AdjustmentRefunds, AdjustmentRefundInput{g.AdjustmentID, &money.Amount{Minor: g.Amount, Currency: c}})
		}
		lines = append(lines, in)
	}
	var charges []ChargeInput
	for _, p := range r.Detail.Charges {
		charges = append(charges, ChargeInput{p.ChargeID, &money.Amount{Minor: p.Amount, Currency: c}})
	}
	return lines, charges
}

// againRest asks for the same taxes of the order and the same goodwill. What a refund without targets gave back
// besides its lines, a tip for one, counts as goodwill once lines are named.
func againRest(r *Refund) (taxes []TaxInput, goodwill *money.Amount) {
	rest := r.Amount
	for _, l := range r.Detail.Lines {
		rest -= l.Refunded
	}
	for _, c := range r.Detail.Charges {
		rest -= c.Amount
	}
	for _, t := range r.Detail.Taxes {
		taxes = append(taxes, TaxInput{BreakdownID: t.BreakdownID, Tax: &money.Amount{Minor: t.Amount, Currency: r.Currency}})
		rest -= t.Amount
	}
	if rest > 0 && len(r.Detail.Lines)+len(r.Detail.Charges)+len(r.Detail.Taxes) > 0 {
		goodwill = &money.Amount{Minor: rest, Currency: r.Currency}
	}
	return taxes, goodwill
}
