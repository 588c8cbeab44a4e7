package returns

import (
	"fmt"
	"maps"

	"github.com/go-json-experiment/json"

	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/refund"
	"flint/internal/secret"
)

// terms are what a resolution is about, before its amounts are known.
type terms struct {
	kind         string
	basis        string
	lines        []LineQuantity
	replacements []ReplacementLine // priced
	adjustments  []Adjustment
	// room is what the payments of the order can still give back, in minor units, less what other resolutions
	// were promised.
	room int64
	// corrected is the resolution that is corrected, nil for the other types.
	corrected *Resolution
}

// Quote is the money of a resolution. A preview, a proposal and a confirmation are all made by the same function;
// two quotes with the same hash are about the same units and come to the same amounts. Amounts are minor units.
type Quote struct {
	Type         string
	PricingBasis string
	Lines        []ResolutionLine
	Replacements []ReplacementLine
	Adjustments  []Adjustment
	Returned     Value
	Deduction    int64
	Credit       int64
	Replacement  int64
	BuyerRefund  int64
	BuyerPayment int64
	Warnings     []Warning
	Hash         string
}

// Warning is something about a quote that the merchant should know.
type Warning struct {
	Code    string
	Message string
	LineIDs []string
}

// value computes the money of a resolution: net = returned + credits - deductions - replacement. What is positive is
// given back, what is negative is owed by the buyer. taken is what refunds and claims hold of the lines of the
// order; the units of the terms are those after it.
//
// Faults: RETURN_VALUE_EXCEEDED, INVALID_QUANTITY, RESOURCE_NOT_FOUND.
func value(o *order.Order, r *Return, taken map[string]refund.Taken, t terms) (*Quote, error) {
	q := &Quote{Type: t.kind, PricingBasis: t.basis, Replacements: t.replacements, Adjustments: t.adjustments}
	after := make(map[string]refund.Taken, len(taken))
	maps.Copy(after, taken)
	ofLine := map[string]int64{}
	for n, ask := range t.lines {
		line, err := q.addLine(o, r, after, t.kind, ask)
		if err != nil {
			return nil, fault.Below(lineAt(n), err)
		}
		ofLine[line.LineID] += line.Value.Total
		q.Lines = append(q.Lines, line)
	}
	if err := q.adjust(r, ofLine, t); err != nil {
		return nil, err
	}
	var c money.Calc
	for _, l := range t.replacements {
		q.Replacement = c.Add(q.Replacement, l.Value.Total)
	}
	leaves := c.Sub(c.Add(q.Returned.Total, q.Credit), q.Deduction)
	net := c.Sub(leaves, q.Replacement)
	if err := c.Err(); err != nil {
		return nil, fault.Invalid("AMOUNT_TOO_LARGE", "line_items", "The amounts are too large to add up.")
	}
	q.BuyerRefund, q.BuyerPayment = max(net, 0), max(-net, 0)
	if leaves > t.room {
		return nil, fault.Invalid("RETURN_VALUE_EXCEEDED", "line_items", "More would be given back than the payments of the order still hold.").
			Then("Take fewer units or a smaller credit, at most maximum_money in all.").With("maximum_money", r.Money(max(t.room, 0)))
	}
	q.warn(r)
	return q, q.hash(r)
}

// addLine freezes what the next units of a line carry.
func (q *Quote) addLine(o *order.Order, r *Return, after map[string]refund.Taken, kind string, ask LineQuantity) (ResolutionLine, error) {
	line := r.Line(ask.LineID)
	if line == nil {
		return ResolutionLine{}, fault.Invalid("RESOURCE_NOT_FOUND", "return_line_item_id", "The return has no such line.")
	}
	out := ResolutionLine{LineID: line.ID, Quantity: ask.Quantity, RefundTiming: line.RefundTiming}
	sold := o.Line(line.OrderLineID)
	if sold == nil {
		return out, fmt.Errorf("line %s of return %s: the order has lost its line", line.ID, r.ID)
	}
	held := after[sold.ID]
	if kind == ResolutionNoMoney {
		if out.ForgoneUnits = min(ask.Quantity, max(sold.Quantity-held.Quantity, 0)); out.ForgoneUnits > 0 {
			out.Forgone = Value(refund.Next(sold, held, out.ForgoneUnits))
			after[sold.ID] = held.Plus(out.Forgone.taken(out.ForgoneUnits))
		}
		return out, nil
	}
	if left := sold.Quantity - held.Quantity; ask.Quantity > left {
		return out, fault.Invalid("RETURN_VALUE_EXCEEDED", "quantity", "Some of these units were given back already: the value of %d is left.", max(left, 0)).
			With("maximum_quantity", max(left, 0))
	}
	out.Value = Value(refund.Next(sold, held, ask.Quantity))
	after[sold.ID] = held.Plus(out.Value.taken(ask.Quantity))
	q.Returned = q.Returned.Plus(out.Value)
	return out, nil
}

// taken is what units with the value take of their line.
func (v Value) taken(units int64) refund.Taken {
	return refund.Taken{Quantity: units, Amount: v.Total, Subtotal: v.Subtotal, Discount: v.Discount, Tax: v.Tax}
}

// adjust sums fees and credits, and keeps fees within what they are taken off.
func (q *Quote) adjust(r *Return, ofLine map[string]int64, t terms) error {
	bounds := map[string]int64{}
	for n, a := range t.adjustments {
		at := fmt.Sprintf("adjustments[%d].", n)
		if a.LineID != "" {
			if _, ok := ofLine[a.LineID]; !ok {
				return fault.Invalid("RESOURCE_NOT_FOUND", at+"return_line_item_id", "The resolution has no such line.")
			}
		}
		if a.Status == AdjustmentWaived {
			continue
		}
		if a.Effect == EffectCredit {
			q.Credit += a.Applied
			continue
		}
		q.Deduction += a.Applied
		if a.LineID != "" {
			if bounds[a.LineID] += a.Applied; bounds[a.LineID] > ofLine[a.LineID] {
				return exceeds(r, at+"applied_amount_money", ofLine[a.LineID])
			}
		}
	}
	limit := q.Returned.Total
	if t.kind == ResolutionCorrection {
		limit = q.Credit + correctable(r, t.corrected)
	}
	if q.Deduction > limit {
		return exceeds(r, "adjustments", limit)
	}
	if t.kind == ResolutionCorrection && q.Credit > q.Deduction {
		return nil
	}
	if t.kind == ResolutionCorrection && q.Credit == q.Deduction {
		return fault.Invalid("INVALID_REQUEST", "adjustments", "A correction moves something: its credits and deductions must differ.")
	}
	return nil
}

func exceeds(r *Return, param string, limit int64) error {
	return fault.Invalid("RETURN_VALUE_EXCEEDED", param, "The fees come to more than what they are taken off.").
		Then("Take off at most maximum_money; waive the rest.").With("maximum_money", r.Money(limit))
}

// correctable is what a corrected resolution has given the buyer, less what corrections of it have claimed back.
func correctable(r *Return, corrected *Resolution) int64 {
	left := corrected.leaves()
	for k := range r.Resolutions {
		x := &r.Resolutions[k]
		if x.Corrects == corrected.ID && x.Status != ResolutionCanceled && x.Status != ResolutionProposed {
			left -= x.BuyerPayment
		}
	}
	return max(left, 0)
}

// warn tells what is unusual about the quote and allowed.
func (q *Quote) warn(r *Return) {
	var unmet []string
	for _, l := range q.Lines {
		line := r.Line(l.LineID)
		if q.Type != ResolutionNoMoney && !gateOpen(line, l.RefundTiming, reach(r, l.LineID, "")+l.Quantity) {
			unmet = append(unmet, l.LineID)
		}
	}
	if len(unmet) > 0 {
		q.Warnings = append(q.Warnings, Warning{"execution_waits", "Nothing moves before the goods of these lines come as far as their refund timing says.", unmet})
	}
	if q.BuyerPayment > 0 {
		q.Warnings = append(q.Warnings, Warning{"buyer_owes_difference", "The buyer has to pay the difference before the replacement is handed over.", nil})
	}
}

// hash names the economic facts of the quote.
func (q *Quote) hash(r *Return) error {
	type unit struct {
		Line     string
		Quantity int64
		Value    Value
	}
	facts := struct {
		Return, Type, Basis, Currency              string
		Lines, Replacements                        []unit
		Adjustments                                []Adjustment
		Deduction, Credit, Replacement, Give, Take int64
	}{Return: r.ID, Type: q.Type, Basis: q.PricingBasis, Currency: string(r.Currency), Deduction: q.Deduction, Credit: q.Credit,
		Replacement: q.Replacement, Give: q.BuyerRefund, Take: q.BuyerPayment}
	for _, l := range q.Lines {
		facts.Lines = append(facts.Lines, unit{l.LineID, l.Quantity, l.Value})
	}
	for _, l := range q.Replacements {
		facts.Replacements = append(facts.Replacements, unit{l.VariantID + "\x00" + l.Name, l.Quantity, l.Value})
	}
	for _, a := range q.Adjustments {
		facts.Adjustments = append(facts.Adjustments, Adjustment{Type: a.Type, Effect: a.Effect, Assessed: a.Assessed, Applied: a.Applied, Status: a.Status, LineID: a.LineID})
	}
	text, err := json.Marshal(&facts, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("hash a quote of return %s: %w", r.ID, err)
	}
	q.Hash = secret.Hash(string(text))[:32]
	return nil
}

// leaves is what leaves the order by the resolution: as credit for the replacement, or back to the buyer.
func (x *Resolution) leaves() int64 { return max(x.Returned+x.Credit-x.Deduction, 0) }

// asks is what the order of the resolution comes to: goods that replace others, or what a correction claims.
func (x *Resolution) asks() int64 {
	if x.Type == ResolutionCorrection {
		return x.BuyerPayment
	}
	return x.Replacement
}

// moves is the part of what leaves that becomes credit on the order of the resolution.
func (x *Resolution) moves() int64 {
	if x.Type == ResolutionCorrection {
		return 0
	}
	return min(x.leaves(), x.Replacement)
}
