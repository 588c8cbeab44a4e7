package checkout

import (
	"fmt"
	"slices"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/settings"
)

// Choices are what a caller may leave open, so that the merchant's settings decide; nil leaves it open.
type Choices struct {
	RequireEmail   *bool
	RequirePhone   *bool
	RequireBilling *bool
	RequireTerms   *bool
	Tip            *bool // false: no tip, whatever the settings say
	CustomTip      *bool
}

// complete fills what the caller left open with the merchant's settings, as they are now: a session does
// not change when the settings do.
func (s *Service) complete(tx db.Tx, session *Session, in *CreateInput) error {
	d := &session.Detail
	defaults := settings.Defaults()
	e := &defaults
	if s.Settings != nil {
		var err error
		if e, err = s.Settings(tx, session.Scope); err != nil {
			return fmt.Errorf("read the settings of checkouts: %w", err)
		}
	}
	if d.ExpiresIn == 0 {
		d.ExpiresIn = e.Checkout.ExpiresIn
	}
	if len(d.Options) == 0 {
		d.Options = offeredOptions(e.Checkout.Options)
	}
	if d.CodesEnabled == nil {
		d.CodesEnabled = &e.Checkout.CodeEntry
	}
	c, choose := &d.Collection, &in.Choices
	c.RequireEmail = chosen(choose.RequireEmail, c.RequireEmail || e.Checkout.RequireEmail)
	c.RequirePhone = chosen(choose.RequirePhone, c.RequirePhone || e.Checkout.RequirePhone)
	c.RequireBilling = chosen(choose.RequireBilling, c.RequireBilling || e.Checkout.RequireBilling)
	if d.Legal.complete(e.Legal, choose.RequireTerms); d.Legal.RequireTerms && d.Legal.Terms == "" {
		return fault.Invalid("FIELD_REQUIRED", "legal.terms_of_service_url", "Terms that must be accepted need an address.")
	}
	d.Tip.complete(e.Tipping, *choose)
	return nil
}

func chosen(by *bool, otherwise bool) bool {
	if by != nil {
		return *by
	}
	return otherwise
}

// offeredOptions are those of the wanted ones that Flint can collect with; all that it can when the
// settings name none of them.
func offeredOptions(wanted []string) []string {
	can := payment.DefaultOptions()
	out := slices.DeleteFunc(slices.Clone(wanted), func(o string) bool { return !slices.Contains(can, o) })
	if len(out) == 0 {
		return can
	}
	return out
}

func (l *Legal) complete(e settings.Legal, require *bool) {
	for _, link := range []struct {
		of   *string
		from string
	}{{&l.Terms, e.TermsURL}, {&l.Refunds, e.RefundURL}, {&l.Shipping, e.ShippingURL}, {&l.Contract, e.ContractURL}} {
		if *link.of == "" {
			*link.of = link.from
		}
	}
	l.RequireTerms = chosen(require, l.RequireTerms || e.RequireTerms && l.Terms != "")
}

// complete fills an offer that says nothing of its choices, or makes the one that the settings say every
// checkout has.
func (t *Tip) complete(e settings.Tipping, c Choices) {
	t.Enabled = chosen(c.Tip, t.Enabled || e.Enabled)
	if !t.Enabled {
		*t = Tip{}
		return
	}
	t.Custom = chosen(c.CustomTip, t.Custom || e.CustomTip && len(t.Options)+len(t.SmartOptions) == 0)
	if len(t.Options) == 0 && len(t.SmartOptions) == 0 {
		t.Options, t.Default = e.Percents, e.DefaultPercent
	}
}

// checkTip notes what is wrong with an offer of tips.
func checkTip(f *fault.List, t Tip, c Choices) {
	if !chosen(c.Tip, t.Enabled) && (len(t.Options) > 0 || t.Default != nil || t.Smart || len(t.SmartOptions) > 0 || t.SmartDefault != nil) {
		f.Add("INVALID_TIP_PERCENTAGES_COUNT", "tip.enabled", "Tip options need tip.enabled.")
	}
	if n := len(t.Options); n != 0 && n != 3 {
		f.Add("INVALID_TIP_PERCENTAGES_COUNT", "tip.tip_percent_options", "A session offers exactly three tip percentages.")
	}
	for n, p := range t.Options {
		if p < money.Percent(10000) || p > money.Percent(1000000) {
			f.Add("INVALID_DEFAULT_TIP_PERCENTAGE", fmt.Sprintf("tip.tip_percent_options[%d]", n), "A tip percentage lies between 1 and 100.")
		}
	}
	if t.Default != nil && !slices.Contains(t.Options, *t.Default) {
		f.Add("INVALID_DEFAULT_TIP_PERCENTAGE", "tip.default_tip_percent", "The default tip is one of tip_percent_options.")
	}
	if n := len(t.SmartOptions); n != 3 && (n != 0 || t.Smart && len(t.Options) > 0) {
		f.Add("INVALID_SMART_TIP_AMOUNTS_COUNT", "tip.smart_tip_money_options", "Smart tips are exactly three amounts.")
	}
	for n, a := range t.SmartOptions {
		if a.Minor < 1 || a.Minor > order.MaxAmount {
			f.Add("INVALID_SMART_TIP_AMOUNT", fmt.Sprintf("tip.smart_tip_money_options[%d].amount", n), "A tip is at least 1 and at most %d minor units.", int64(order.MaxAmount))
		}
	}
	if t.SmartDefault != nil && !slices.Contains(t.SmartOptions, *t.SmartDefault) {
		f.Add("INVALID_DEFAULT_SMART_TIP_AMOUNT", "tip.default_smart_tip_money", "The default is one of smart_tip_money_options.")
	}
}

// checkTipCurrency refuses amounts of another currency than the order's.
func checkTipCurrency(t Tip, currency money.Currency) error {
	for n, a := range t.SmartOptions {
		if a.Currency != currency {
			return fault.Invalid("CURRENCY_MISMATCH", fmt.Sprintf("tip.smart_tip_money_options[%d].currency", n), "The order is in another currency.")
		}
	}
	return nil
}

// Takes tells whether the session takes a tip of that percentage or amount: one of those it offers, or any
// when the buyer may choose.
func (t Tip) Takes(percent *money.Percent, amount *money.Amount) bool {
	switch {
	case !t.Enabled:
		return false
	case t.Custom:
		return true
	case percent != nil:
		return slices.Contains(t.Options, *percent)
	default:
		return amount != nil && slices.Contains(t.SmartOptions, *amount)
	}
}
