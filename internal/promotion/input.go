package promotion

import (
	"strconv"
	"strings"
	"time"

	"flint/internal/fault"
	"flint/internal/metadata"
	"flint/internal/money"
	"flint/internal/text"
)

// Limits of what callers send.
const (
	maxName      = 255
	maxDesc      = 5000
	maxReference = 255
	maxCode      = 100
	maxGroup     = 100
	maxCodes     = 100 // of one request
	maxQuantity  = 1_000_000
	maxPriority  = 1_000_000
	maxUses      = 1_000_000_000
)

// Schedule is when a promotion applies; the end is exclusive.
type Schedule struct {
	StartsAt time.Time
	EndsAt   time.Time
	Timezone string // IANA name, for people; times carry their own offset
}

// NewCode is a code to be made.
type NewCode struct {
	Text      string
	MaxUses   *int64
	ExpiresAt time.Time
	Timezone  string
	Metadata  map[string]string
}

func (c NewCode) check(l *fault.List, param string) {
	if param != "" {
		param += "."
	}
	text.Rule{Max: maxCode, Required: true, Missing: "CODE_EMPTY", TooLong: "CODE_TOO_LONG"}.Check(l, param+"code", strings.TrimSpace(c.Text))
	checkLimit(l, param+"max_uses", c.MaxUses)
	checkZone(l, param+"timezone", c.Timezone)
	l.AddError(param+"metadata", metadata.Check(c.Metadata))
}

func checkLimit(l *fault.List, param string, v *int64) {
	if v != nil && (*v < 1 || *v > maxUses) {
		l.Add("INVALID_MAX_USES", param, "A limit is between 1 and %d.", maxUses)
	}
}

func checkZone(l *fault.List, param, v string) {
	if v == "" {
		return
	}
	if _, err := time.LoadLocation(v); err != nil || v == "Local" {
		l.Add("INVALID_TIMEZONE", param, "The time zone is an IANA name such as Europe/Berlin.")
	}
}

func (s Schedule) check(l *fault.List) {
	if !s.EndsAt.IsZero() && !s.StartsAt.Before(s.EndsAt) {
		l.Add("INVALID_SCHEDULE", "schedule.ends_at", "A promotion ends after it starts.")
	}
	checkZone(l, "schedule.timezone", s.Timezone)
}

// check notes every fault of a whole promotion, as it is created or as it is after a change.
func (p *Promotion) check(l *fault.List) {
	text.Rule{Max: maxName, Required: true, Missing: "NAME_REQUIRED", TooLong: "NAME_TOO_LONG"}.Check(l, "name", p.Name)
	text.Rule{Max: maxName, TooLong: "NAME_TOO_LONG"}.Check(l, "display_name", p.DisplayName)
	text.Rule{Max: maxDesc, Lines: true, TooLong: "DESCRIPTION_TOO_LONG"}.Check(l, "description", p.Description)
	text.Rule{Max: maxReference, TooLong: "INVALID_EXTERNAL_REFERENCE_ID"}.Check(l, "external_reference_id", p.ExternalReferenceID)
	l.AddError("metadata", metadata.Check(p.Metadata))
	checkLimit(l, "max_uses", p.MaxUses)
	checkLimit(l, "max_uses_per_customer", p.PerCustomer)
	Schedule{p.StartsAt, p.EndsAt, p.Timezone}.check(l)
	if x := p.Exclusivity; x != nil {
		text.Rule{Max: maxGroup, Required: true, Missing: "INVALID_EXCLUSIVITY", TooLong: "INVALID_EXCLUSIVITY"}.Check(l, "exclusivity.group", x.Group)
		if x.Selection != BestOf && x.Selection != HighestPriority {
			l.Add("INVALID_EXCLUSIVITY", "exclusivity.selection", "One of a group is chosen by best_of or highest_priority.")
		}
		if x.Priority < 0 || x.Priority > maxPriority {
			l.Add("INVALID_EXCLUSIVITY", "exclusivity.priority", "A priority is between 0 and %d.", maxPriority)
		}
	}
	p.Method.check(l, p)
}

func (m *Method) check(l *fault.List, p *Promotion) {
	const at = "application_method."
	bad := func(field, format string, args ...any) {
		l.Add("INVALID_APPLICATION_METHOD", at+field, format, args...)
	}
	if m.Type != PercentOff && m.Percent != 0 {
		bad("percent_off", "Only percent_off has a percentage.")
	}
	if m.Type != AmountOff && (m.Amount != nil || len(m.CurrencyOptions) > 0) {
		bad("amount_off_money", "Only amount_off has an amount.")
	}
	if m.Type != BuyXGetY && (m.Qualifying != nil || m.BuyQuantity != 0 || m.GetQuantity != 0 || m.GetPercent != 0) {
		bad("buy_min_quantity", "Only buy_x_get_y has quantities to buy and to get.")
	}
	switch m.Type {
	case PercentOff:
		checkPercent(l, at+"percent_off", m.Percent)
	case AmountOff:
		m.checkAmounts(l)
	case BuyXGetY:
		if p.Class != ClassLineItem {
			l.Add("INVALID_DISCOUNT_CLASS", "discount_class", "A buy_x_get_y promotion is of class line_item.")
		}
		if m.Qualifying == nil {
			l.Add("QUALIFYING_ITEM_RULES_REQUIRED", at+"qualifying_item_rules", "The promotion has to say what must be bought.")
		}
		if m.BuyQuantity < 1 || m.BuyQuantity > maxQuantity {
			bad("buy_min_quantity", "Between 1 and %d units have to be bought.", maxQuantity)
		}
		if m.GetQuantity < 1 || m.GetQuantity > maxQuantity {
			bad("get_quantity", "Between 1 and %d units are given.", maxQuantity)
		}
		checkPercent(l, at+"get_percent_off", m.GetPercent)
	default:
		bad("type", "A promotion is percent_off, amount_off or buy_x_get_y.")
	}
	needs := p.Class == ClassServiceCharge || m.Type == BuyXGetY || (p.Class == ClassLineItem && !p.Eligibility.aboutLinesOnly())
	switch {
	case needs && m.Discounted == nil:
		l.Add("DISCOUNTED_ITEM_RULES_REQUIRED", at+"discounted_item_rules", "The promotion has to say what gets cheaper.")
	case p.Class == ClassOrder && m.Discounted != nil:
		bad("discounted_item_rules", "A promotion of the whole order names no items.")
	}
	m.checkLimits(l, p)
}

func (m *Method) checkLimits(l *fault.List, p *Promotion) {
	const at = "application_method."
	bad := func(field, format string, args ...any) {
		l.Add("INVALID_APPLICATION_METHOD", at+field, format, args...)
	}
	if (m.Allocation != Each && m.Allocation != Across) || (p.Class == ClassOrder && m.Allocation == Each) {
		l.Add("INVALID_ALLOCATION", at+"allocation", "Lines and charges are discounted each or across, an order across.")
	}
	if m.MaxUnits != 0 && m.Allocation != Each {
		l.Add("INVALID_ALLOCATION", at+"max_discounted_quantity", "A limit of units needs the allocation each.")
	}
	if m.MaxUnits < 0 || m.MaxUnits > maxQuantity {
		bad("max_discounted_quantity", "Between 1 and %d units get cheaper.", maxQuantity)
	}
	if m.MaxApplications < 0 || m.MaxApplications > maxQuantity {
		bad("max_applications_per_order", "A promotion applies between 1 and %d times.", maxQuantity)
	}
	if m.Basis != "" && p.Class == ClassServiceCharge {
		l.Add("CALCULATION_BASIS_FORBIDDEN", at+"calculation_basis", "Promotions of charges have no basis.")
	}
}

func checkPercent(l *fault.List, param string, v money.Percent) {
	if v < 1_0000 || v > 100_0000 {
		l.Add("INVALID_PERCENT_OFF", param, "The percentage is between 1 and 100.")
	}
}

func (m *Method) checkAmounts(l *fault.List) {
	const at = "application_method."
	ok := func(v Money) bool { return v.Currency.Known() && v.Amount >= 1 && v.Amount <= maxAmount }
	if m.Amount == nil || !ok(*m.Amount) {
		l.Add("INVALID_AMOUNT_OFF", at+"amount_off_money", "The amount is at least 1 minor unit of a known currency.")
	}
	for c, v := range m.CurrencyOptions {
		if c != v.Currency || !ok(v) || (m.Amount != nil && c == m.Amount.Currency) {
			l.Add("INVALID_AMOUNT_OFF", at+"currency_options", "Each other currency stands for an amount in it.")
			return
		}
	}
}

// defaults fills what callers may leave out.
func (p *Promotion) defaults() {
	if p.DisplayName == "" {
		p.DisplayName = p.Name
	}
	if p.Class == "" {
		p.Class = ClassOrder
		if p.Method.Type == BuyXGetY {
			p.Class = ClassLineItem
		}
	}
	if p.Stacking == "" {
		p.Stacking = Continue
	}
	if p.Exclusivity != nil && p.Exclusivity.Selection == "" {
		p.Exclusivity.Selection = BestOf
	}
	if m := &p.Method; m.Allocation == "" {
		m.Allocation = Each
		if p.Class == ClassOrder {
			m.Allocation = Across
		}
	}
	if p.Method.Selection == "" && p.Method.Type == BuyXGetY {
		p.Method.Selection = Cheapest
	}
	if p.Method.Basis == "" && p.Class != ClassServiceCharge {
		p.Method.Basis = PreTax
	}
}

func at(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }
