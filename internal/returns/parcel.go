package returns

import (
	"fmt"
	"slices"

	"flint/internal/money"
	"flint/internal/refund"
)

// portion is units and money of one line of the order that a refund carries.
type portion struct {
	orderLineID string
	quantity    int64
	value       Value
	fees        []refund.AdjustmentInput
	refunded    int64 // value less fees
}

// parcel is what one refund carries: portions of lines, and money that belongs to none.
type parcel struct {
	portions []portion
	extra    int64
}

func (p *parcel) money() int64 {
	sum := p.extra
	for _, part := range p.portions {
		sum += part.refunded
	}
	return sum
}

// portionMoney is what the portions alone give back.
func (p *parcel) portionMoney() int64 { return p.money() - p.extra }

// split divides what leaves the order into what becomes credit and what is given back. Lines fill the credit first;
// a line that lies across both keeps its units with the first part, and the rest is money of that line alone.
func (x *Resolution) split(r *Return) (credit, back parcel, err error) {
	all, err := x.portions(r)
	if err != nil {
		return credit, back, err
	}
	room := x.moves()
	for _, p := range all {
		switch {
		case room > 0 && p.refunded <= room:
			credit.portions, room = append(credit.portions, p), room-p.refunded
		case room == 0:
			back.portions = append(back.portions, p)
		default:
			first, rest := p.cut(room)
			credit.portions, back.portions, room = append(credit.portions, first), append(back.portions, rest), 0
		}
	}
	credit.extra = room // credits of the resolution beyond its lines
	back.extra = x.leaves() - credit.money() - back.money()
	if credit.extra < 0 || back.extra < 0 || credit.money() != x.moves() || back.money() != x.leaves()-x.moves() {
		return credit, back, fmt.Errorf("the money of resolution %s does not divide", x.ID)
	}
	return credit, back, nil
}

// portions sums the lines of the resolution by line of the order and takes the fees off them: those of a line off
// that line, the others in proportion to what is left.
func (x *Resolution) portions(r *Return) ([]portion, error) {
	var out []portion
	if x.Type == ResolutionCorrection {
		return nil, nil // its fees and credits are money of no line
	}
	at := func(lineID string) *portion {
		line := r.Line(lineID)
		k := slices.IndexFunc(out, func(p portion) bool { return p.orderLineID == line.OrderLineID })
		if k < 0 {
			out = append(out, portion{orderLineID: line.OrderLineID})
			k = len(out) - 1
		}
		return &out[k]
	}
	for _, l := range x.Lines {
		p := at(l.LineID)
		if x.Type == ResolutionNoMoney {
			p.quantity, p.value = p.quantity+l.ForgoneUnits, p.value.Plus(l.Forgone)
			continue
		}
		p.quantity, p.value, p.refunded = p.quantity+l.Quantity, p.value.Plus(l.Value), p.refunded+l.Value.Total
	}
	for _, lines := range []bool{true, false} { // those of a line first
		for _, a := range x.Adjustments {
			if a.Effect != EffectDeduction || a.Status == AdjustmentWaived || a.Applied == 0 || (a.LineID != "") != lines {
				continue
			}
			if lines {
				at(a.LineID).take(r, a, a.Applied)
				continue
			}
			weights := make([]int64, len(out))
			for n, p := range out {
				weights[n] = p.refunded
			}
			parts, err := money.Allocate(a.Applied, weights)
			if err != nil {
				return nil, fmt.Errorf("spread a fee of resolution %s: %w", x.ID, err)
			}
			for n, part := range parts {
				out[n].take(r, a, part)
			}
		}
	}
	return out, nil
}

// cut takes money of a portion apart; fees and units stay with the first part.
func (p portion) cut(refunded int64) (first, rest portion) {
	total := refunded + p.value.Total - p.refunded
	first, rest = p, portion{orderLineID: p.orderLineID}
	additive := p.value.Total - p.value.Subtotal + p.value.Discount
	first.value = Value{Discount: money.Share(p.value.Discount, total, p.value.Total), Tax: money.Share(p.value.Tax, total, p.value.Total), Total: total}
	first.value.Subtotal = total - money.Share(additive, total, p.value.Total) + first.value.Discount
	first.refunded = refunded
	rest.value = Value{p.value.Subtotal - first.value.Subtotal, p.value.Discount - first.value.Discount, p.value.Tax - first.value.Tax, p.value.Total - total}
	rest.refunded = p.refunded - refunded
	return first, rest
}

// take takes a fee off a portion.
func (p *portion) take(r *Return, a Adjustment, minor int64) {
	if minor == 0 {
		return
	}
	kind := "withheld_amount"
	if a.Type == "restocking_fee" {
		kind = a.Type
	}
	amount := r.Money(minor)
	p.fees = append(p.fees, refund.AdjustmentInput{Type: kind, AppliesTo: "merchandise", Amount: &amount, ReasonCode: a.Reason, Description: a.Message})
	p.refunded -= minor
}

// lines are the portions as a refund takes them.
func (p *parcel) lines() []refund.LineInput {
	var out []refund.LineInput
	for _, part := range p.portions {
		share := refund.Share(part.value)
		out = append(out, refund.LineInput{LineID: part.orderLineID, Quantity: &part.quantity, Share: &share, Adjustments: part.fees})
	}
	return out
}

// without lowers a parcel by what was given back already: first money of no line, then lines as if withheld.
func (p *parcel) without(r *Return, minor int64) parcel {
	out := parcel{portions: slices.Clone(p.portions), extra: p.extra - min(p.extra, minor)}
	minor -= p.extra - out.extra
	for n := range out.portions {
		part := min(minor, out.portions[n].refunded)
		out.portions[n].fees = slices.Clone(out.portions[n].fees)
		out.portions[n].take(r, Adjustment{Reason: "already_refunded", Message: "Given back by an earlier attempt."}, part)
		minor -= part
	}
	return out
}
