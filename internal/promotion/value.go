package promotion

import (
	"cmp"
	"slices"

	"flint/internal/money"
)

// row is a line or charge that a promotion can take from.
type row struct {
	at       int
	units    int64 // of the line; a charge is one
	unit     int64 // price of a unit, to choose by
	left     int64
	chosen   int64 // units that get cheaper
	selected bool  // may be discounted at all
}

// base is what is left of the chosen units.
func (r *row) base() int64 {
	if r.chosen == r.units {
		return r.left
	}
	return money.Share(r.left, r.chosen, r.units)
}

// promotion takes what the promotion gives and notes it in its outcome.
func (t *table) promotion(o *Outcome) {
	o.Amount, o.Applied, o.Parts = 0, 0, nil
	p := o.Offer.Promotion
	rows := t.rows(p)
	switch m := &p.Method; m.Type {
	case BuyXGetY:
		t.choose(rows, t.rewards(rows, m), m.Selection, t.free(rows, m))
		t.take(o, rows, m.GetPercent, 0)
	case PercentOff:
		t.choose(rows, unitLimit(m), m.Selection, nil)
		t.take(o, rows, m.Percent, 0)
	default:
		t.choose(rows, unitLimit(m), m.Selection, nil)
		amount, _ := m.amountIn(t.b.Currency)
		t.take(o, rows, 0, amount)
	}
}

// rows are the lines or charges with what is left of them; selected are those the promotion is about.
func (t *table) rows(p *Promotion) []row {
	var picked []bool
	if p.Class == ClassServiceCharge {
		picked = t.b.pickCharges(p.Method.Discounted)
		rows := make([]row, len(picked))
		for i := range rows {
			rows[i] = row{at: i, units: 1, unit: t.charges[i], left: t.charges[i], selected: picked[i]}
		}
		return rows
	}
	switch {
	case p.Class == ClassOrder:
		picked = t.b.pick(nil)
	case p.Method.Discounted != nil:
		picked = t.b.pick(p.Method.Discounted)
	default:
		picked = t.b.pick(p.Eligibility)
	}
	rows := make([]row, len(picked))
	for i := range rows {
		l := &t.b.Lines[i]
		rows[i] = row{at: i, units: l.Quantity, unit: l.UnitPrice, left: t.lines[i], selected: picked[i]}
	}
	return rows
}

// unitLimit is how many units may get cheaper, 0 for all.
func unitLimit(m *Method) int64 {
	if m.Allocation != Each {
		return 0
	}
	limit := m.MaxUnits
	if m.MaxApplications > 0 && (limit == 0 || m.MaxApplications < limit) {
		limit = m.MaxApplications
	}
	return limit
}

// choose sets how many units of each row get cheaper: all of the selected rows when limit is 0, else
// limit of them in the order of the selection. With a budget, rows it names share it.
func (t *table) choose(rows []row, limit int64, selection string, budget *shared) {
	if limit == 0 {
		if budget == nil {
			for i := range rows {
				if rows[i].selected {
					rows[i].chosen = rows[i].units
				}
			}
		}
		return
	}
	order := make([]*row, 0, len(rows))
	for i := range rows {
		if rows[i].selected && rows[i].left > 0 {
			order = append(order, &rows[i])
		}
	}
	slices.SortStableFunc(order, func(a, b *row) int {
		switch selection {
		case HighestPrice:
			return cmp.Compare(b.unit, a.unit)
		case FirstAdded:
			return 0
		default:
			return cmp.Compare(a.unit, b.unit)
		}
	})
	for _, r := range order {
		n := min(limit, r.units)
		if budget != nil && budget.rows[r.at] {
			n = min(n, budget.left)
			budget.left -= n
		}
		r.chosen = n
		limit -= n
	}
}

// shared bounds the rewards among lines that also count as bought: what was bought is not given away.
type shared struct {
	rows []bool
	left int64
}

// counts are the units of buy_x_get_y: bought only, given only, either.
func (t *table) counts(rows []row, m *Method) (bought, given, either int64, qualifies []bool) {
	qualifies = t.b.pick(m.Qualifying)
	for i := range rows {
		gives := rows[i].selected && rows[i].left > 0
		switch n := rows[i].units; {
		case qualifies[i] && gives:
			either = t.Add(either, n)
		case qualifies[i]:
			bought = t.Add(bought, n)
		case gives:
			given = t.Add(given, n)
		}
	}
	return bought, given, either, qualifies
}

// times finds how often the promotion applies, the most times for which enough is bought and at least one unit is
// there for the last, and tells the units that are rewarded then, and those that could be bought or given and are left.
func (t *table) times(rows []row, m *Method) (rewards, ofEither int64, qualifies []bool) {
	bought, given, either, qualifies := t.counts(rows, m)
	rest := func(n int64) int64 { return either - max(0, n*m.BuyQuantity-bought) } // of either, once n are bought
	low, high := int64(0), (bought+either)/m.BuyQuantity
	for low < high {
		mid := (low + high + 1) / 2
		if given+rest(mid) > (mid-1)*m.GetQuantity {
			low = mid
		} else {
			high = mid - 1
		}
	}
	n := low
	if m.MaxApplications > 0 {
		n = min(n, m.MaxApplications)
	}
	if n == 0 {
		return 0, 0, qualifies
	}
	rewards = min(n*m.GetQuantity, given+rest(n))
	if m.MaxUnits > 0 {
		rewards = min(rewards, m.MaxUnits)
	}
	return rewards, rest(n), qualifies
}

func (t *table) rewards(rows []row, m *Method) int64 {
	rewards, _, _ := t.times(rows, m)
	return rewards
}

func (t *table) free(rows []row, m *Method) *shared {
	_, left, qualifies := t.times(rows, m)
	return &shared{qualifies, left}
}

// take takes a percentage of the chosen units, or an amount: each on its own, or once across all.
func (t *table) take(o *Outcome, rows []row, percent money.Percent, amount int64) {
	p := o.Offer.Promotion
	bases := make([]int64, len(rows))
	for i := range rows {
		if rows[i].chosen > 0 {
			bases[i] = rows[i].base()
		}
	}
	parts := make([]int64, len(rows))
	if p.Method.Allocation == Each {
		for i := range rows {
			asked := t.Percent(bases[i], percent)
			if percent == 0 && bases[i] > 0 {
				asked = t.Mul(amount, rows[i].chosen)
			}
			o.Amount = t.Add(o.Amount, asked)
			parts[i] = min(asked, bases[i])
		}
	} else {
		sum := t.Sum(bases...)
		o.Amount = amount
		if percent != 0 {
			o.Amount = t.Percent(sum, percent)
		}
		parts = t.spread(min(o.Amount, sum), bases)
	}
	if t.Err() != nil {
		return
	}
	left, id := t.lines, func(i int) string { return t.b.Lines[i].ID }
	if p.Class == ClassServiceCharge {
		left, id = t.charges, func(i int) string { return t.b.Charges[i].ID }
	}
	for i, part := range parts {
		if part > 0 {
			left[i] -= part
			o.Applied = t.Add(o.Applied, part)
			o.Parts = append(o.Parts, Part{ID: id(i), Amount: part})
		}
	}
}
