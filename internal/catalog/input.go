package catalog

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"flint/internal/fault"
	"flint/internal/metadata"
	"flint/internal/money"
	"flint/internal/text"
)

var (
	types         = []string{TypePhysical, TypeService, TypeFee, TypeDigital}
	settable      = []string{StatusActive, StatusInactive}
	taxCategories = []string{"general", "physical_goods", "digital_goods", "software", "saas", "services", "professional_services",
		"food", "prepared_food", "clothing", "medical_goods", "admission"}
)

// OptionInput is an option as it shall be. An id keeps what exists; a key names a new one within the request.
type OptionInput struct {
	ID       string
	Key      string
	Name     string
	Position *int64
	Values   []ValueInput
	Metadata map[string]string
}

// ValueInput is a value as it shall be.
type ValueInput struct {
	ID       string
	Key      string
	Value    string
	Position *int64
	Metadata map[string]string
}

// SelectionInput chooses a value by its id, or by the keys of a request that makes it.
type SelectionInput struct {
	ValueID   string
	OptionKey string
	ValueKey  string
}

// VariantInput describes a new variant.
type VariantInput struct {
	UnitPrice           *money.Amount
	Name                string
	SKU                 string
	Barcode             string
	Status              string // active when empty
	Position            *int64 // behind the others when nil
	Selected            []SelectionInput
	Taxable             *bool // true when nil
	TaxCategory         string
	Images              []Image
	ExternalReferenceID string
	Metadata            map[string]string
}

func (in *VariantInput) check(l *fault.List, at string) {
	if in.UnitPrice == nil {
		l.Add("FIELD_REQUIRED", at+"unit_price_money", "A variant needs a unit price.")
	} else {
		checkPrice(l, at+"unit_price_money", *in.UnitPrice)
	}
	checkName(l, at+"name", in.Name, false)
	checkCode(l, at+"sku", in.SKU)
	checkCode(l, at+"barcode", in.Barcode)
	checkOneOf(l, "INVALID_STATUS", at+"status", in.Status, settable)
	checkPosition(l, at+"position", in.Position)
	checkOneOf(l, "INVALID_TAX_CATEGORY", at+"line_item_tax_category", in.TaxCategory, taxCategories)
	checkImages(l, at+"images", in.Images)
	checkReference(l, at+"external_reference_id", in.ExternalReferenceID)
	l.AddError(at+"metadata", metadata.Check(in.Metadata))
}

func checkOptions(l *fault.List, options []OptionInput) {
	if len(options) > MaxOptions {
		l.Add("INVALID_PRODUCT_OPTIONS", "options", "A product has at most %d options.", MaxOptions)
		return
	}
	names, keys := map[string]bool{}, map[string]bool{}
	for i, o := range options {
		at := "options[" + strconv.Itoa(i) + "]"
		checkName(l, at+".name", o.Name, true)
		checkPosition(l, at+".position", o.Position)
		l.AddError(at+".metadata", metadata.Check(o.Metadata))
		if n := strings.ToLower(o.Name); names[n] || (o.Key != "" && keys[o.Key]) {
			l.Add("INVALID_PRODUCT_OPTIONS", at, "Two options have the same name or key.")
		}
		names[strings.ToLower(o.Name)], keys[o.Key] = true, true
		if len(o.Values) == 0 || len(o.Values) > MaxValues {
			l.Add("INVALID_PRODUCT_OPTIONS", at+".values", "An option has 1 to %d values.", MaxValues)
			continue
		}
		values, valueKeys := map[string]bool{}, map[string]bool{}
		for k, v := range o.Values {
			vat := at + ".values[" + strconv.Itoa(k) + "]"
			checkName(l, vat+".value", v.Value, true)
			checkPosition(l, vat+".position", v.Position)
			l.AddError(vat+".metadata", metadata.Check(v.Metadata))
			if n := strings.ToLower(v.Value); values[n] || (v.Key != "" && valueKeys[v.Key]) {
				l.Add("INVALID_PRODUCT_OPTIONS", vat, "Two values of an option are the same or have the same key.")
			}
			values[strings.ToLower(v.Value)], valueKeys[v.Key] = true, true
		}
	}
}

func checkCategories(l *fault.List, names []string) {
	if len(names) > MaxCategories {
		l.Add("RESOURCE_LIMIT_EXCEEDED", "categories", "A product has at most %d categories.", MaxCategories)
		return
	}
	for i, n := range names {
		at := "categories[" + strconv.Itoa(i) + "]"
		if checkName(l, at, n, true); handleOf(n) == "" {
			l.Add("INVALID_CATEGORY", at, "A category is named by letters or digits.")
		}
	}
}

func checkImages(l *fault.List, param string, images []Image) {
	if len(images) > MaxImages {
		l.Add("RESOURCE_LIMIT_EXCEEDED", param, "There are at most %d images.", MaxImages)
		return
	}
	for i, im := range images {
		at := param + "[" + strconv.Itoa(i) + "]"
		u, err := url.Parse(im.URL)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || len(im.URL) > 2048 {
			l.Add("IMAGE_URL_INVALID", at+".url", "An image is named by an https address of at most 2048 characters.")
		}
		text.Rule{Max: 255, TooLong: "INVALID_IMAGE_ALT"}.Check(l, at+".alt", im.Alt)
	}
}

func checkPrice(l *fault.List, param string, a money.Amount) {
	switch {
	case len(a.Currency) != 3:
		l.Add("INVALID_CURRENCY", param+".currency", "A currency is an ISO 4217 code of three capital letters.")
	case !a.Currency.Known():
		l.Add("UNSUPPORTED_CURRENCY", param+".currency", "This currency is not supported.")
	}
	if a.Minor < 0 || a.Minor > MaxPrice {
		l.Add("INVALID_AMOUNT", param+".amount", "A price lies between 0 and %d minor units.", int64(MaxPrice))
	}
}

func checkPosition(l *fault.List, param string, p *int64) {
	if p != nil && (*p < 0 || *p > 1_000_000) {
		l.Add("INVALID_POSITION", param, "A position lies between 0 and 1000000.")
	}
}

func checkName(l *fault.List, param, v string, required bool) {
	text.Rule{Max: maxName, Required: required, Missing: "NAME_REQUIRED", TooLong: "NAME_TOO_LONG"}.Check(l, param, v)
}

func checkCode(l *fault.List, param, v string) {
	text.Rule{Max: maxCode}.Check(l, param, v)
	if v != strings.TrimSpace(v) {
		l.Add("INVALID_TEXT", param, "The text starts or ends with a space.")
	}
}

func checkDescription(l *fault.List, param, v string) {
	text.Rule{Max: maxDescription, Lines: true, TooLong: "DESCRIPTION_TOO_LONG"}.Check(l, param, v)
}

func checkReference(l *fault.List, param, v string) {
	text.Rule{Max: maxReference, TooLong: "INVALID_EXTERNAL_REFERENCE_ID"}.Check(l, param, v)
}

func checkOneOf(l *fault.List, code, param, v string, allowed []string) {
	if v != "" && !slices.Contains(allowed, v) {
		l.Add(code, param, "Allowed are: %s.", strings.Join(allowed, ", "))
	}
}
