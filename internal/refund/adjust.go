package refund

import (
	"fmt"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/money"
	"flint/internal/order"
)

// Types of adjustments. Each withholds part of a line's share; they differ in what the merchant calls it, and
// a tax adjustment withholds no more than tax.
const (
	AdjustRestocking = "restocking_fee"
	AdjustWithheld   = "withheld_amount"
	AdjustRefund     = "refund_adjustment"
	AdjustTax        = "tax_adjustment"
)

// AdjustmentTypes are all of them.
var AdjustmentTypes = []string{AdjustRestocking, AdjustWithheld, AdjustRefund, AdjustTax}

// adjust withholds from a line's share.
func (s *Service) adjust(o *order.Order, part *LineAllocation, in []AdjustmentInput) error {
	var withheld, taxWithheld int64
	for n, a := range in {
		at := fmt.Sprintf("refund_adjustments[%d]", n)
		switch {
		case !slices.Contains(AdjustmentTypes, a.Type):
			return fault.Invalid("INVALID_REQUEST", at+".adjustment_type", "There is no such type of adjustment.")
		case a.Amount == nil:
			return fault.Invalid("REFUND_ADJUSTMENT_AMOUNT_MONEY_REQUIRED", at+".amount_money", "An adjustment needs its amount.")
		case a.Amount.Currency != o.Currency:
			return fault.Invalid("CURRENCY_MISMATCH", at+".amount_money.currency", "The order is in another currency.")
		case a.Amount.Minor < 1:
			return fault.Invalid("INVALID_AMOUNT", at+".amount_money.amount", "An adjustment withholds at least one minor unit.")
		case a.ReasonCode == "":
			return fault.Invalid("REFUND_ADJUSTMENT_REASON_REQUIRED", at+".reason", "An adjustment needs a reason with a code.")
		}
		if a.Type == AdjustTax && a.Amount.Minor > part.Tax-taxWithheld {
			return fault.Invalid("REFUND_ADJUSTMENTS_EXCEED_AUTOMATIC", at+".amount_money", "The adjustments withhold more tax than the line gives back.").
				With("maximum_money", money.Amount{Minor: part.Tax, Currency: o.Currency})
		}
		if a.Amount.Minor > part.Total-withheld {
			return fault.Invalid("REFUND_ADJUSTMENTS_EXCEED_AUTOMATIC", at+".amount_money", "The adjustments withhold more than the line gives back.").
				With("maximum_money", money.Amount{Minor: part.Total, Currency: o.Currency})
		}
		withheld += a.Amount.Minor
		if a.Type == AdjustTax {
			taxWithheld += a.Amount.Minor
		}
		part.Adjustments = append(part.Adjustments, Adjustment{
			ID: s.IDs.New(id.RefundAdjustment), Type: a.Type, AppliesTo: a.AppliesTo, Amount: a.Amount.Minor,
			ReasonCode: a.ReasonCode, Description: a.Description,
		})
	}
	part.Refunded = part.Total - withheld
	return nil
}

// giveBack adds what earlier refunds of the line withheld: all that is left of each adjustment, or the amount named.
func (s *Service) giveBack(o *order.Order, past history, part *LineAllocation, in []AdjustmentRefundInput) error {
	for n, g := range in {
		at := fmt.Sprintf("adjustment_refunds[%d]", n)
		from, adj := past.adjustment(part.LineID, g.AdjustmentID)
		if adj == nil {
			return fault.Invalid("REFUND_ADJUSTMENT_NOT_FOUND", at+".refund_line_item_adjustment_id", "No refund of this line has withheld anything under this id.")
		}
		left := adj.Amount - adj.Returned
		for _, other := range part.AdjustmentRefunds {
			if other.AdjustmentID == adj.ID {
				left -= other.Amount
			}
		}
		amount := left
		if g.Amount != nil {
			switch amount = g.Amount.Minor; {
			case g.Amount.Currency != o.Currency:
				return fault.Invalid("CURRENCY_MISMATCH", at+".amount_money.currency", "The order is in another currency.")
			case amount < 1:
				return fault.Invalid("INVALID_AMOUNT", at+".amount_money.amount", "A refund gives back at least one minor unit.")
			}
		}
		if amount > left || left == 0 {
			return fault.Invalid("REFUND_ADJUSTMENT_REFUND_EXCEEDS_REMAINING", at+".amount_money", "Less of the adjustment is still withheld.").
				With("maximum_money", money.Amount{Minor: left, Currency: o.Currency})
		}
		part.Refunded += amount
		part.AdjustmentRefunds = append(part.AdjustmentRefunds, AdjustmentRefund{
			ID: s.IDs.New(id.RefundAdjustment), AdjustmentID: adj.ID, RefundID: from.ID, Amount: amount,
		})
	}
	return nil
}

// markGivenBack notes on the refunds that withheld it what r gives back (sign 1), or does not after all (-1). The
// order is locked, so nobody else changes them.
func markGivenBack(tx db.Tx, r *Refund, sign int64, now time.Time) error {
	for _, l := range r.Detail.Lines {
		for _, g := range l.AdjustmentRefunds {
			from, err := Load(tx, r.Scope, g.RefundID)
			if err != nil {
				return err
			}
			for n := range from.Detail.Lines {
				for k := range from.Detail.Lines[n].Adjustments {
					if adj := &from.Detail.Lines[n].Adjustments[k]; adj.ID == g.AdjustmentID {
						adj.Returned += sign * g.Amount
					}
				}
			}
			if err := save(tx, from, nil, now); err != nil {
				return err
			}
		}
	}
	return nil
}
