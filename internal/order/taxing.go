package order

import (
	"errors"
	"strconv"

	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/tax"
)

// Modes of tax: rates asked of a RateFunc, or stated by the caller per line and charge.
const (
	TaxAutomatic = "automatic"
	TaxExternal  = "external"
)

// Price modes: tax on top of the price, or inside it.
const (
	PriceAdditive  = "additive"
	PriceInclusive = "inclusive"
)

// Tax statuses.
const (
	TaxNotRequired      = "not_required"
	TaxRequiresLocation = "requires_location"
	TaxCalculated       = "calculated"
	TaxExempt           = "exempt"
	TaxIncomplete       = "incomplete"
)

// Taxability reasons of the contract.
const (
	ReasonStandardRated    = "standard_rated"
	ReasonNotTaxable       = "not_taxable"
	ReasonCustomerExempt   = "customer_exempt"
	ReasonTaxDisabled      = "tax_disabled"
	ReasonNoJurisdiction   = "no_jurisdiction"
	ReasonLocationRequired = "location_required"
)

// Failure reasons of incomplete tax.
const (
	FailureCalculation = "calculation_unavailable"
	FailureLocation    = "location_unsupported"
	FailureRate        = "rate_unavailable"
)

// taxer taxes the discounted bases of lines and charges.
type taxer struct {
	money.Calc
	o     *Order
	rates RateFunc

	flat int64 // order-level tax, on top of the price

	breakdowns []TaxBreakdown
	percents   []money.Percent // what the breakdowns point to, in few allocations
	components []TaxComponent  // of the item at hand, when they come from the rates

	rated, nowhere, unplaced bool   // a rate applied; a place without tax; a place that is missing
	failure                  string // the first one
}

// tax sets the tax of every line and charge, the order's tax status and its breakdowns, and flat.
// Items that cannot be taxed for want of a place or rate carry no tax; the status says so.
func (t *taxer) tax() error {
	setting := &t.o.Tax
	on := setting.Enabled && setting.ExemptBy == ""
	for i := range t.o.Lines {
		l := &t.o.Lines[i]
		l.TaxAmount, l.TaxAdditive = 0, 0
		if on && l.Tax.Taxable {
			owner := TaxBreakdown{LineID: l.ID}
			if err := t.item(&l.Tax, owner, l.Subtotal-l.Discount, &l.TaxAmount, &l.TaxAdditive); err != nil {
				return below("line_items", i, err)
			}
		}
	}
	for i := range t.o.Charges {
		c := &t.o.Charges[i]
		c.TaxAmount, c.TaxAdditive = 0, 0
		if on && c.Tax.Taxable {
			owner := TaxBreakdown{ChargeID: c.ID}
			if err := t.item(&c.Tax, owner, c.Applied-c.Discount, &c.TaxAmount, &c.TaxAdditive); err != nil {
				return below("charges", i, err)
			}
		}
	}
	if on {
		if err := t.flatTaxes(); err != nil {
			return err
		}
	}
	setting.Breakdowns = t.breakdowns
	setting.Status, setting.Reason, setting.Failure = t.status()
	return t.Err()
}

// status is the outcome in the contract's words. What is missing outweighs what was calculated.
func (t *taxer) status() (status, reason, failure string) {
	switch {
	case !t.o.Tax.Enabled:
		return TaxNotRequired, ReasonTaxDisabled, ""
	case t.o.Tax.ExemptBy != "":
		return TaxExempt, ReasonCustomerExempt, ""
	case t.unplaced:
		return TaxRequiresLocation, ReasonLocationRequired, ""
	case t.failure != "":
		return TaxIncomplete, ReasonNoJurisdiction, t.failure
	case t.rated:
		return TaxCalculated, ReasonStandardRated, ""
	case t.nowhere:
		return TaxCalculated, ReasonNoJurisdiction, ""
	default:
		return TaxCalculated, ReasonNotTaxable, ""
	}
}

// item taxes one base. Its faults have paths below the item.
func (t *taxer) item(setting *ItemTax, owner TaxBreakdown, base int64, amount, additive *int64) error {
	mode, priceMode := t.o.Tax.Mode, t.o.Tax.PriceMode
	var stated []TaxComponent
	if m := setting.Calculation; m != nil {
		stated = m.Components
		if m.Mode != "" {
			mode = m.Mode
		}
		if m.PriceMode != "" {
			priceMode = m.PriceMode
		}
	}
	components := stated
	if mode != TaxExternal {
		components = t.ask(setting.Category)
	}
	var sum money.Percent
	for k, c := range components {
		if c.Percent < 0 {
			return fault.Invalid("INVALID_TAX_PERCENTAGE", at("tax.calculation.components", k, "percent"), "A tax percentage must not be negative.")
		}
		sum = money.Percent(t.Add(int64(sum), int64(c.Percent)))
	}
	if len(components) == 0 {
		return nil
	}
	t.rated = true
	owner.Calculation, owner.Reason = "percentage", ReasonStandardRated
	switch priceMode {
	case PriceAdditive, "":
		owner.PriceMode, owner.Taxable = PriceAdditive, base
		for k := range components {
			part := t.Percent(base, components[k].Percent)
			*amount = t.Add(*amount, part)
			t.add(owner, k, &components[k], part)
		}
		*additive = *amount
		return nil
	case PriceInclusive:
		inside, err := sum.Inclusive(base)
		if err != nil {
			return err
		}
		*amount = inside
		owner.PriceMode, owner.Taxable = PriceInclusive, base-inside
		return t.split(owner, components, inside)
	default:
		return fault.Invalid("INVALID_TAX_PRICE_MODE", "tax.calculation.price_mode", "The price mode is additive or inclusive.")
	}
}

// split gives each component its part of a tax that was rounded once for all of them.
func (t *taxer) split(owner TaxBreakdown, components []TaxComponent, inside int64) error {
	var buf [16]int64
	weights := buf[:0]
	for _, c := range components {
		weights = append(weights, int64(c.Percent))
	}
	parts, err := money.Allocate(inside, weights)
	if err != nil {
		return err
	}
	for k := range components {
		t.add(owner, k, &components[k], parts[k])
	}
	return nil
}

// ask gets the components of an item in automatic mode; none when the place is missing or the rates
// fail, which is noted. The result lives until the next call.
func (t *taxer) ask(category string) []TaxComponent {
	place := t.o.Tax.Location
	if place == nil {
		t.unplaced = true
		return nil
	}
	if t.rates == nil {
		t.failed(FailureCalculation)
		return nil
	}
	a := &place.Address
	r, err := t.rates(tax.Query{Country: a.Country, State: a.State, PostalCode: a.PostalCode, Category: category})
	switch {
	case errors.Is(err, tax.ErrLocation):
		t.unplaced = true
		return nil
	case errors.Is(err, tax.ErrUnsupported):
		t.failed(FailureLocation)
		return nil
	case errors.Is(err, tax.ErrRateUnavailable):
		t.failed(FailureRate)
		return nil
	case err != nil:
		t.failed(FailureCalculation)
		return nil
	}
	t.nowhere = t.nowhere || r.Reason == tax.NoJurisdiction
	t.components = t.components[:0]
	for _, c := range r.Components {
		t.components = append(t.components, TaxComponent{TaxType: c.TaxType, Percent: c.Percent, Jurisdiction: Jurisdiction(c.Jurisdiction)})
	}
	return t.components
}

func (t *taxer) failed(reason string) {
	if t.failure == "" {
		t.failure = reason
	}
}

// flatTaxes adds the order-level components.
func (t *taxer) flatTaxes() error {
	for k := range t.o.Tax.Flat {
		f := &t.o.Tax.Flat[k]
		if f.Amount < 0 {
			return fault.Invalid("INVALID_FLAT_TAX", at("tax.calculation.components", k, "flat_money"), "A flat tax must not be negative.")
		}
		t.rated = true
		t.flat = t.Add(t.flat, f.Amount)
		t.breakdowns = append(t.breakdowns, TaxBreakdown{
			ID: breakdownID(t.o.ID, k), Calculation: "flat_amount", Amount: f.Amount, PriceMode: PriceAdditive,
			TaxType: f.TaxType, Reason: ReasonStandardRated, Jurisdiction: f.Jurisdiction,
		})
	}
	return nil
}

// add notes the k-th component of an item; b comes with everything the components share.
func (t *taxer) add(b TaxBreakdown, k int, c *TaxComponent, amount int64) {
	if t.breakdowns == nil {
		// Never the previous slice: callers compare an order before and after.
		n := max(len(t.o.Tax.Breakdowns), len(t.o.Lines)+len(t.o.Charges)+len(t.o.Tax.Flat))
		t.breakdowns, t.percents = make([]TaxBreakdown, 0, n), make([]money.Percent, 0, n)
	}
	t.percents = append(t.percents, c.Percent)
	b.ID = breakdownID(b.LineID+b.ChargeID, k)
	b.Percent = &t.percents[len(t.percents)-1]
	b.Amount, b.TaxType, b.Jurisdiction = amount, c.TaxType, c.Jurisdiction
	t.breakdowns = append(t.breakdowns, b)
}

// breakdownID follows from the owner, so that pricing again keeps it.
func breakdownID(owner string, k int) string {
	return "txb_" + owner + "_" + strconv.Itoa(k+1)
}

// below puts the path of a row before the path of a fault inside it.
func below(list string, i int, err error) error {
	f := fault.Of(err)
	if f == nil {
		return err
	}
	c := *f
	c.Param = at(list, i, f.Param)
	return &c
}
