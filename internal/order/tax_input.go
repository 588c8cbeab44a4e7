package order

import (
	"slices"
	"strconv"
	"strings"

	"flint/internal/customer"
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/text"
)

// Sources of a tax location, and limits.
const (
	locationProvided    = "provided"
	locationFulfillment = "fulfillment"
	locationCustomer    = "customer"

	maxTaxPercent    = money.Percent(100 * 10000)
	maxTaxComponents = 20
)

var (
	lineCategories = []string{"general", "physical_goods", "digital_goods", "software", "saas", "services", "professional_services",
		"food", "prepared_food", "clothing", "medical_goods", "admission"}
	chargeCategories = []string{"service_fee", "shipping", "delivery", "handling", "surcharge"}
	taxTypes         = []string{"sales_tax", "use_tax", "vat", "gst"}
	taxLevels        = []string{"state", "county", "city", "district", "country"}
)

// ItemTaxInput is a caller's wish about the tax of one line or charge. Taxable is true when nil.
type ItemTaxInput struct {
	Taxable     *bool
	Category    string
	Calculation *ItemTaxMethod // nil: by the order's mode
}

func (in *ItemTaxInput) check(l *fault.List, param string, categories []string) {
	if in.Category != "" && !slices.Contains(categories, in.Category) {
		l.Add("INVALID_TAX_CATEGORY", param, "The tax category is not one of: %s.", strings.Join(categories, ", "))
	}
	if in.Calculation == nil {
		return
	}
	c, param := in.Calculation, param+".calculation"
	checkTaxModes(l, param, c.Mode, c.PriceMode)
	switch {
	case c.Mode == TaxAutomatic && len(c.Components) > 0:
		l.Add("AUTOMATIC_TAX_COMPONENTS_FORBIDDEN", param+".components", "Automatic tax finds its components itself.")
	case c.Mode == TaxExternal && len(c.Components) == 0:
		l.Add("EXTERNAL_TAX_COMPONENTS_REQUIRED", param+".components", "External tax needs its components.")
	case len(c.Components) > maxTaxComponents:
		l.Add("INVALID_REQUEST", param+".components", "There are more than %d components.", maxTaxComponents)
	}
	for i, k := range c.Components {
		at := param + ".components[" + strconv.Itoa(i) + "]"
		if !slices.Contains(taxTypes, k.TaxType) {
			l.Add("INVALID_TAX_TYPE", at+".tax_type", "The tax type is not one of: %s.", strings.Join(taxTypes, ", "))
		}
		if k.Percent < 0 || k.Percent > maxTaxPercent {
			l.Add("INVALID_TAX_PERCENTAGE", at+".percent", "A tax percentage is between 0 and 100.")
		}
		checkJurisdiction(l, at+".jurisdiction", k.Jurisdiction)
		if slices.ContainsFunc(c.Components[:i], func(o TaxComponent) bool { return o.TaxType == k.TaxType && o.Jurisdiction == k.Jurisdiction }) {
			l.Add("DUPLICATE_TAX_COMPONENT", at, "The same tax of the same authority is listed twice.")
		}
	}
}

func (in *ItemTaxInput) apply(t *ItemTax) {
	t.Taxable = in.Taxable == nil || *in.Taxable
	t.Category, t.Calculation = in.Category, in.Calculation
}

// TaxInput changes the order's tax setting; nil fields stay. At creation a tax setting without
// Enabled is an enabled one.
type TaxInput struct {
	Enabled     *bool
	Location    *TaxLocationInput
	Calculation *TaxCalculationInput
}

// TaxLocationInput is where the caller says the order is taxed: an address, or a country and postal code.
type TaxLocationInput struct {
	Address     Address
	AddressType string // tax_address, billing_address, shipping_address, postal_code; derived when empty
}

// TaxCalculationInput is how the order is taxed, with flat components of the order as a whole.
type TaxCalculationInput struct {
	Mode       string
	PriceMode  string
	Components []FlatTaxInput
}

// FlatTaxInput is one flat component.
type FlatTaxInput struct {
	TaxType      string
	Amount       money.Amount
	Jurisdiction Jurisdiction
}

func (in *TaxInput) check(l *fault.List, param string) {
	if loc := in.Location; loc != nil {
		a := loc.Address
		complete := a.Line1 != "" && a.City != ""
		if !isCountry(a.Country) || (!complete && a.PostalCode == "") {
			l.Add("ORDER_TAX_LOCATION_INVALID", param+".location.address", "A tax location is a full address, or a country and a postal code.")
		}
		checkAddressParts(l, param+".location.address", a, "VALUE_TOO_LONG")
		checkOneOf(l, "ORDER_TAX_LOCATION_INVALID", param+".location.address_type", given(loc.AddressType),
			[]string{"tax_address", "billing_address", "shipping_address", "postal_code"})
	}
	c := in.Calculation
	if c == nil {
		return
	}
	param += ".calculation"
	checkTaxModes(l, param, c.Mode, c.PriceMode)
	if in.Enabled != nil && !*in.Enabled {
		l.Add("TAX_INPUT_CONFLICT", param, "A calculation cannot be set while tax is switched off.")
	}
	if c.Mode == TaxAutomatic && len(c.Components) > 0 {
		l.Add("AUTOMATIC_TAX_COMPONENTS_FORBIDDEN", param+".components", "Automatic tax finds its components itself.")
	}
	if len(c.Components) > 0 && c.PriceMode == PriceInclusive {
		l.Add("FLAT_TAX_PRICE_MODE_INVALID", param+".price_mode", "A flat tax is on top of the price, so the price mode must be additive.")
	}
	if len(c.Components) > maxTaxComponents {
		l.Add("INVALID_REQUEST", param+".components", "There are more than %d components.", maxTaxComponents)
		return
	}
	for i, k := range c.Components {
		at := param + ".components[" + strconv.Itoa(i) + "]"
		if k.TaxType != "retail_delivery_fee" {
			l.Add("INVALID_TAX_TYPE", at+".tax_type", "The only flat tax of an order is retail_delivery_fee.")
		}
		if k.Amount.Minor < 1 || k.Amount.Minor > MaxAmount {
			l.Add("INVALID_FLAT_TAX", at+".flat_money.amount", "A flat tax is at least 1 and at most %d minor units.", int64(MaxAmount))
		}
		checkJurisdiction(l, at+".jurisdiction", k.Jurisdiction)
		if slices.ContainsFunc(c.Components[:i], func(o FlatTaxInput) bool { return o.Jurisdiction == k.Jurisdiction }) {
			l.Add("DUPLICATE_TAX_COMPONENT", at, "The same tax of the same authority is listed twice.")
		}
	}
}

// checkTaxCurrency wants flat taxes in the order's currency.
func (in *TaxInput) checkCurrency(c money.Currency) error {
	if in == nil || in.Calculation == nil {
		return nil
	}
	for i, k := range in.Calculation.Components {
		if k.Amount.Currency != c {
			return fault.Invalid("CURRENCY_MISMATCH", "tax.calculation.components["+strconv.Itoa(i)+"].flat_money.currency",
				"The amount is not in the currency of the order.")
		}
	}
	return nil
}

// apply writes the setting into t.
func (in *TaxInput) apply(t *Tax) {
	if in.Enabled != nil {
		t.Enabled = *in.Enabled
	}
	if loc := in.Location; loc != nil {
		kind := loc.AddressType
		switch {
		case kind != "":
		case loc.Address.Line1 == "":
			kind = "postal_code"
		default:
			kind = "tax_address"
		}
		t.Location = &TaxLocation{Address: loc.Address, Source: locationProvided, AddressType: kind}
	}
	if c := in.Calculation; c != nil {
		t.Mode, t.PriceMode, t.Flat = c.Mode, c.PriceMode, nil
		for _, k := range c.Components {
			t.Flat = append(t.Flat, FlatTax{TaxType: k.TaxType, Amount: k.Amount.Minor, Jurisdiction: k.Jurisdiction})
		}
	}
}

// locate derives where an order is taxed when the caller did not say: where the goods go, or else the
// customer's address. c may be nil.
func locate(o *Order, c *customer.Customer) {
	t := &o.Tax
	if t.Location != nil && t.Location.Source == locationProvided {
		return
	}
	t.Location = nil
	switch {
	case o.Delivery != nil:
		t.Location = &TaxLocation{Address: o.Delivery.Address, Source: locationFulfillment, AddressType: "shipping_address"}
	case c != nil && c.ShippingAddress != nil:
		t.Location = &TaxLocation{Address: Address(*c.ShippingAddress), Source: locationCustomer, AddressType: "shipping_address"}
	case c != nil && c.BillingAddress != nil:
		t.Location = &TaxLocation{Address: Address(*c.BillingAddress), Source: locationCustomer, AddressType: "billing_address"}
	}
}

// exempt notes whether the customer is free of tax.
func exempt(o *Order, c *customer.Customer) {
	o.Tax.ExemptBy = ""
	if c != nil && c.TaxExempt {
		o.Tax.ExemptBy = c.ID
	}
}

// checkTaxInputs wants every taxable line and charge of a taxed order to go with the order's mode:
// external ones state their components, and nobody mixes the modes.
func checkTaxInputs(o *Order) error {
	if !o.Tax.Enabled {
		return nil
	}
	check := func(t *ItemTax, missing, param string) error {
		switch {
		case !t.Taxable:
			return nil
		case t.Calculation == nil && o.Tax.Mode == TaxExternal:
			return fault.Invalid(missing, param, "The order states its taxes itself, so everything taxable needs its tax components.")
		case t.Calculation != nil && t.Calculation.Mode != o.Tax.Mode:
			return fault.Invalid("TAX_MODE_MISMATCH", param+".calculation.mode", "The mode differs from that of the order.")
		}
		return nil
	}
	for i := range o.Lines {
		if err := check(&o.Lines[i].Tax, "ORDER_LINE_ITEM_TAX_INPUT_REQUIRED", at("line_items", i, "tax")); err != nil {
			return err
		}
	}
	for i := range o.Charges {
		if err := check(&o.Charges[i].Tax, "ORDER_CHARGE_TAX_INPUT_REQUIRED", at("charges", i, "tax")); err != nil {
			return err
		}
	}
	return nil
}

func checkTaxModes(l *fault.List, param, mode, price string) {
	if mode != TaxAutomatic && mode != TaxExternal {
		l.Add("INVALID_TAX_MODE", param+".mode", "The mode is automatic or external.")
	}
	if price != PriceAdditive && price != PriceInclusive {
		l.Add("INVALID_TAX_PRICE_MODE", param+".price_mode", "The price mode is additive or inclusive.")
	}
}

func checkJurisdiction(l *fault.List, param string, j Jurisdiction) {
	if j.Code == "" || j.Name == "" || !isCountry(j.Country) || !slices.Contains(taxLevels, j.Level) {
		l.Add("INVALID_TAX_JURISDICTION", param, "A jurisdiction has a code, a name, a country of two capital letters and a level.")
		return
	}
	rule := text.Rule{Max: 100}
	rule.Check(l, param+".code", j.Code)
	rule.Check(l, param+".name", j.Name)
	rule.Check(l, param+".state", j.State)
}

func isCountry(v string) bool {
	return len(v) == 2 && v[0] >= 'A' && v[0] <= 'Z' && v[1] >= 'A' && v[1] <= 'Z'
}
