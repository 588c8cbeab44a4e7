package promotion

import (
	"cmp"
	"slices"
	"time"

	"flint/internal/money"
)

// Reasons why a promotion takes no part.
const (
	ReasonAlreadyApplied  = "already_applied"
	ReasonAutomaticOff    = "automatic_disabled"
	ReasonBuyMissing      = "buy_item_missing"
	ReasonCodeInvalid     = "code_invalid"
	ReasonCodeRequired    = "code_required"
	ReasonCodesOff        = "codes_disabled"
	ReasonCurrency        = "currency_mismatch"
	ReasonDisabled        = "disabled"
	ReasonExhausted       = "exhausted"
	ReasonExpired         = "expired"
	ReasonTooMany         = "max_promotions_reached"
	ReasonMinimum         = "minimum_not_met"
	ReasonNoBalance       = "no_discountable_balance"
	ReasonNotCombinable   = "not_combinable"
	ReasonNotEligible     = "not_eligible"
	ReasonNotYetStarted   = "not_yet_started"
	ReasonSuperseded      = "superseded"
	ReasonSupersededOffer = "superseded_by_better_offer"
	ReasonUnknownType     = "unknown_type"
)

// Rank is the place of a discount in its class: higher priority first, then the older one, then
// discounts of the merchant before promotions.
type Rank struct {
	Priority    int64
	Since       time.Time
	PromotionID string // empty for a manual discount
}

// Compare orders ranks.
func (r Rank) Compare(o Rank) int {
	return cmp.Or(cmp.Compare(o.Priority, r.Priority), r.Since.Compare(o.Since), cmp.Compare(r.PromotionID, o.PromotionID))
}

// Offer is a promotion that may take part.
type Offer struct {
	Promotion    *Promotion
	Code         *Code // by which it was asked for, nil otherwise
	Asked        bool  // by code or by id; the others are automatic
	Held         bool  // the order holds a use of the promotion already
	HeldCode     bool  // and one of the code
	CustomerUses int64 // of the basket's customer, without the one that is held
	Lost         bool  // the last use went to another order
	Refused      bool  // the merchant took it off this order
}

// Terms are the time and the merchant's limits.
type Terms struct {
	Now      time.Time
	Settings Settings
}

// Part is what one line or charge gives.
type Part struct {
	ID     string `json:"id"`
	Amount int64  `json:"amount"`
}

// Outcome is what became of one offer.
type Outcome struct {
	Offer   Offer
	Amount  int64  // before it was capped by what was left
	Applied int64  // taken; 0 when it takes no part
	Worth   int64  // what it would take if it were the only promotion
	Reason  string // why it takes no part, empty when it does
	Parts   []Part // what is taken from where; only positive ones
	// Threshold, Current and Gap are set on what is available: an automatic promotion that misses one amount.
	Threshold, Current, Gap int64
}

// Decision is what promotions do to a basket. Applied is in order of application, the others by age.
type Decision struct {
	Applied   []*Outcome
	Skipped   []*Outcome
	Available []*Outcome
}

// Decide says which offers take part and what each takes. It is pure, and the order of the offers does
// not matter. An amount beyond 64 bits is money.ErrOverflow.
//
// First each offer is held against its own terms. Of an exclusivity group one stays. Then, by
// priority, asked before automatic, class and age, offers are accepted as long as they combine with
// those accepted before. At last the accepted ones and the flat discounts are applied class by class.
func Decide(b Basket, offers []Offer, t Terms) (Decision, error) {
	all := make([]*Outcome, len(offers))
	for i, o := range offers {
		all[i] = &Outcome{Offer: o}
	}
	slices.SortFunc(all, func(a, b *Outcome) int {
		p, q := a.Offer.Promotion, b.Offer.Promotion
		return cmp.Or(p.CreatedAt.Compare(q.CreatedAt), cmp.Compare(p.ID, q.ID))
	})
	var open []*Outcome
	for _, o := range all {
		if o.gate(&b, t); o.Reason == ReasonUnknownType {
			continue
		}
		if err := o.weigh(&b); err != nil {
			return Decision{}, err
		}
		if o.Reason == "" {
			open = append(open, o)
		}
	}
	exclude(open)
	limit := cmp.Or(t.Settings.MaxPerOrder, MaxPerOrder)
	for {
		accepted := accept(open, limit)
		if err := apply(&b, accepted); err != nil {
			return Decision{}, err
		}
		empty := slices.DeleteFunc(slices.Clone(accepted), func(o *Outcome) bool { return o.Applied > 0 })
		for _, o := range empty {
			o.Reason = ReasonNoBalance
		}
		if len(empty) > 0 { // what they stood in the way of gets its turn
			for _, o := range open {
				if o.Reason == ReasonNotCombinable || o.Reason == ReasonTooMany {
					o.Reason = ""
				}
			}
			continue
		}
		return sort(all, accepted), nil
	}
}

func sort(all, accepted []*Outcome) Decision {
	d := Decision{Applied: slices.Clone(accepted)}
	slices.SortFunc(d.Applied, func(a, b *Outcome) int {
		p, q := a.Offer.Promotion, b.Offer.Promotion
		return cmp.Or(cmp.Compare(slices.Index(classes, p.Class), slices.Index(classes, q.Class)), p.Rank().Compare(q.Rank()))
	})
	for _, o := range all {
		switch {
		case o.Reason == "":
		case o.Gap > 0 && !o.Offer.Asked:
			d.Available = append(d.Available, o)
		default:
			d.Skipped = append(d.Skipped, o)
		}
		if o.Reason != "" {
			o.Parts, o.Amount, o.Applied = nil, o.Worth, 0
		}
	}
	return d
}

// gate holds an offer against its own terms.
func (o *Outcome) gate(b *Basket, t Terms) {
	p, c := o.Offer.Promotion, o.Offer.Code
	full := func(limit *int64, uses int64) bool { return limit != nil && uses >= *limit }
	switch {
	case p.Method.Type != PercentOff && p.Method.Type != AmountOff && p.Method.Type != BuyXGetY:
		o.Reason = ReasonUnknownType
	case o.Offer.Refused && !o.Offer.Asked, !o.Offer.Asked && !t.Settings.Automatic:
		o.Reason = ReasonAutomaticOff
	case c != nil && !t.Settings.Codes:
		o.Reason = ReasonCodesOff
	case p.Redemption == ByCode && c == nil:
		o.Reason = ReasonCodeRequired
	case p.State != StateActive, c != nil && c.State != StateActive:
		o.Reason = ReasonDisabled
	case t.Now.Before(p.StartsAt):
		o.Reason = ReasonNotYetStarted
	case !p.EndsAt.IsZero() && !t.Now.Before(p.EndsAt), c != nil && !c.ExpiresAt.IsZero() && !t.Now.Before(c.ExpiresAt):
		o.Reason = ReasonExpired
	case o.Offer.Lost, !o.Offer.Held && full(p.MaxUses, p.Uses), c != nil && !o.Offer.HeldCode && full(c.MaxUses, c.Uses):
		o.Reason = ReasonExhausted
	case p.PerCustomer != nil && b.Customer == nil:
		o.Reason = ReasonNotEligible
	case full(p.PerCustomer, o.Offer.CustomerUses):
		o.Reason = ReasonExhausted
	case p.Method.Basis == PostTax && b.TaxOnTop:
		o.Reason = ReasonNotEligible
	}
	if _, ok := p.Method.amountIn(b.Currency); o.Reason == "" && p.Method.Type == AmountOff && !ok {
		o.Reason = ReasonCurrency
	}
	if o.Reason != "" {
		return
	}
	reason, missing := b.eligible(p.Eligibility)
	if o.Reason = reason; missing != nil {
		o.Threshold, o.Current, o.Gap = missing.threshold, missing.current, missing.missing
	}
}

// weigh sets what the offer would take if it were the only promotion.
func (o *Outcome) weigh(b *Basket) error {
	if err := apply(b, []*Outcome{o}); err != nil {
		return err
	}
	if o.Worth = o.Applied; o.Worth == 0 && o.Reason == "" {
		o.Reason = ReasonNoBalance
		if o.Offer.Promotion.Method.Type == BuyXGetY {
			o.Reason = ReasonBuyMissing
		}
	}
	return nil
}

// exclude leaves one of each exclusivity group. Its highest-ranked member says how the one is chosen.
func exclude(open []*Outcome) {
	groups := map[string][]*Outcome{}
	var names []string
	for _, o := range open {
		if x := o.Offer.Promotion.Exclusivity; x != nil {
			if groups[x.Group] == nil {
				names = append(names, x.Group)
			}
			groups[x.Group] = append(groups[x.Group], o)
		}
	}
	for _, name := range names {
		members := groups[name]
		byRank := func(a, b *Outcome) int { return a.Offer.Promotion.Rank().Compare(b.Offer.Promotion.Rank()) }
		first := slices.MinFunc(members, byRank)
		reason := ReasonSuperseded
		if first.Offer.Promotion.Exclusivity.Selection == BestOf {
			reason = ReasonSupersededOffer
			first = slices.MinFunc(members, func(a, b *Outcome) int { return cmp.Or(cmp.Compare(b.Worth, a.Worth), byRank(a, b)) })
		}
		for _, o := range members {
			if o != first {
				o.Reason = reason
			}
		}
	}
}

// accept walks by precedence and leaves out what does not combine with what was accepted before.
func accept(open []*Outcome, limit int) []*Outcome {
	walk := slices.DeleteFunc(slices.Clone(open), func(o *Outcome) bool { return o.Reason != "" })
	slices.SortFunc(walk, func(a, b *Outcome) int {
		p, q := a.Offer.Promotion, b.Offer.Promotion
		return cmp.Or(cmp.Compare(q.Priority(), p.Priority()), cmp.Compare(truth(b.Offer.Asked), truth(a.Offer.Asked)),
			cmp.Compare(slices.Index(classes, p.Class), slices.Index(classes, q.Class)), p.Rank().Compare(q.Rank()))
	})
	var accepted []*Outcome
	for _, o := range walk {
		p := o.Offer.Promotion
		clashes := slices.ContainsFunc(accepted, func(other *Outcome) bool {
			q := other.Offer.Promotion
			return (q.Class == p.Class && q.Stacking == StopAfter) || !q.CombinesWith.with(p.Class) || !p.CombinesWith.with(q.Class)
		})
		switch {
		case clashes:
			o.Reason = ReasonNotCombinable
		case len(accepted) >= limit:
			o.Reason = ReasonTooMany
		default:
			accepted = append(accepted, o)
		}
	}
	return accepted
}

func truth(v bool) int {
	if v {
		return 1
	}
	return 0
}

// step is one discount in its place.
type step struct {
	rank    Rank
	flat    *Flat
	outcome *Outcome
}

// apply takes the flat discounts and the given promotions, class by class, and sets what each takes.
func apply(b *Basket, promotions []*Outcome) error {
	t := table{b: b, lines: make([]int64, len(b.Lines)), charges: make([]int64, len(b.Charges))}
	subtotal := int64(0)
	for i := range b.Lines {
		t.lines[i] = b.Lines[i].Subtotal
		subtotal = t.Add(subtotal, b.Lines[i].Subtotal)
	}
	for _, class := range classes {
		if class == ClassServiceCharge {
			t.charge(subtotal)
		}
		var steps []step
		for i := range b.Flats {
			if b.Flats[i].Class == class {
				steps = append(steps, step{rank: b.Flats[i].Rank, flat: &b.Flats[i]})
			}
		}
		for _, o := range promotions {
			if o.Offer.Promotion.Class == class {
				steps = append(steps, step{rank: o.Offer.Promotion.Rank(), outcome: o})
			}
		}
		slices.SortStableFunc(steps, func(a, b step) int { return a.rank.Compare(b.rank) })
		for _, s := range steps {
			if s.flat != nil {
				t.flat(s.flat)
			} else {
				t.promotion(s.outcome)
			}
			if err := t.Err(); err != nil {
				return err
			}
		}
	}
	return t.Err()
}

// table is what is left of every line and charge.
type table struct {
	money.Calc
	b       *Basket
	lines   []int64
	charges []int64
}

// charge sets what the charges come to once the merchandise has its discounts.
func (t *table) charge(subtotal int64) {
	after := t.Sum(t.lines...)
	for i := range t.b.Charges {
		switch c := &t.b.Charges[i]; {
		case c.Amount != nil:
			t.charges[i] = *c.Amount
		case c.After:
			t.charges[i] = t.Percent(after, c.Percent)
		default:
			t.charges[i] = t.Percent(subtotal, c.Percent)
		}
	}
}

// flat spreads a fixed amount over what is left of its bases.
func (t *table) flat(d *Flat) {
	rows := t.lines
	if d.Class == ClassServiceCharge {
		rows = t.charges
	}
	left := make([]int64, len(rows))
	for i := range rows {
		switch {
		case d.Class == ClassServiceCharge:
			if slices.Contains(d.ChargeIDs, t.b.Charges[i].ID) {
				left[i] = rows[i]
			}
		case d.Class == ClassOrder || slices.Contains(d.LineIDs, t.b.Lines[i].ID):
			left[i] = rows[i]
		}
	}
	for i, v := range t.spread(min(d.Amount, t.Sum(left...)), left) {
		rows[i] -= v
	}
}

// spread allocates an amount that is not above the sum of the weights.
func (t *table) spread(amount int64, weights []int64) []int64 {
	parts := make([]int64, len(weights))
	if t.Err() != nil || amount == 0 {
		return parts
	}
	if err := money.AllocateInto(parts, amount, weights); err != nil {
		return make([]int64, len(weights))
	}
	return parts
}
