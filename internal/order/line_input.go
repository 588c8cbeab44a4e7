package order

import (
	"net/url"
	"strconv"

	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/metadata"
	"flint/internal/money"
	"flint/internal/text"
)

// LineInput describes a new line item: of a variant, whose name, price, picture and tax category are copied,
// or ad hoc with a name and a unit price.
type LineInput struct {
	VariantID   string
	Name        string
	Description string
	Quantity    *int64 // nil: 1
	UnitPrice   *money.Amount
	Tax         *ItemTaxInput // nil: taxable, by the order's mode
	Image       *Image
	Metadata    map[string]string

	// Agreed is the price of a line of a variant in place of the catalogue's; set by the returns domain only.
	Agreed *money.Amount
	// TaxFree keeps all tax off the line, whatever its variant says; set by the returns domain only.
	TaxFree bool

	source *LineSource // of a variant that was read
	sku    string
}

func (in LineInput) check(l *fault.List, param string) {
	if in.VariantID != "" {
		in.checkVariant(l, param)
		return
	}
	checkLineName(l, param+".name", in.Name)
	checkDescription(l, param+".description", in.Description)
	if in.Quantity != nil {
		checkQuantity(l, param+".quantity", *in.Quantity)
	}
	if in.UnitPrice == nil {
		l.Add("LINE_ITEM_UNIT_PRICE_REQUIRED", param+".unit_price_money", "A line item needs a unit price.")
	} else {
		checkUnitPrice(l, param+".unit_price_money", *in.UnitPrice)
	}
	if in.Tax != nil {
		in.Tax.check(l, param+".tax", lineCategories)
	}
	checkImage(l, param+".image", in.Image)
	l.AddError(param+".metadata", metadata.Check(in.Metadata))
}

// checkLines checks 1 to MaxLines lines of one currency.
func checkLines(l *fault.List, lines []LineInput) {
	switch {
	case len(lines) == 0:
		l.Add("MISSING_LINE_ITEMS", "line_items", "At least one line item is required.")
		return
	case len(lines) > MaxLines:
		l.Add("TOO_MANY_LINE_ITEMS", "line_items", "An order has at most %d line items.", MaxLines)
		return
	}
	var first money.Currency
	for i, in := range lines {
		param := "line_items[" + strconv.Itoa(i) + "]"
		in.check(l, param)
		if in.UnitPrice == nil {
			continue
		}
		if first == "" { // prices of variants are not known yet; oneCurrency looks again
			first = in.UnitPrice.Currency
		}
		if in.UnitPrice.Currency != first {
			l.Add("CURRENCY_MISMATCH", param+".unit_price_money.currency", "All line items of an order have one currency.")
		}
	}
}

func (in LineInput) newLine(ids *id.Source) Line {
	line := Line{
		ID: ids.New(id.OrderLineItem), Version: 1, SKU: in.sku, Source: in.source, Name: in.Name, Description: in.Description, Image: in.Image, Quantity: 1,
		UnitPrice: in.UnitPrice.Minor, Tax: ItemTax{Taxable: true}, Metadata: in.Metadata,
	}
	if in.Quantity != nil {
		line.Quantity = *in.Quantity
	}
	if in.Tax != nil {
		in.Tax.apply(&line.Tax)
	}
	if in.TaxFree {
		line.Tax.Taxable = false
	}
	return line
}

func checkLineName(l *fault.List, param, v string) {
	text.Rule{Max: maxName, Required: true, Missing: "LINE_ITEM_NAME_REQUIRED", TooLong: "LINE_ITEM_NAME_TOO_LONG"}.Check(l, param, v)
}

func checkDescription(l *fault.List, param, v string) {
	text.Rule{Max: maxDescription, Lines: true, TooLong: "DESCRIPTION_TOO_LONG"}.Check(l, param, v)
}

func checkNote(l *fault.List, param, v string) {
	text.Rule{Max: maxNote, Lines: true, TooLong: "NOTE_TOO_LONG"}.Check(l, param, v)
}

func checkReference(l *fault.List, param, v string) {
	text.Rule{Max: maxReference, TooLong: "INVALID_EXTERNAL_REFERENCE_ID"}.Check(l, param, v)
}

func checkQuantity(l *fault.List, param string, q int64) {
	switch {
	case q < 1:
		l.Add("LINE_ITEM_INVALID_QUANTITY", param, "A quantity is a whole number of at least 1.")
	case q > MaxQuantity:
		l.Add("LINE_ITEM_QUANTITY_TOO_LARGE", param, "A quantity is at most %d.", int64(MaxQuantity))
	}
}

func checkUnitPrice(l *fault.List, param string, a money.Amount) {
	checkCurrency(l, param+".currency", a.Currency)
	switch {
	case a.Minor < 0:
		l.Add("LINE_ITEM_NEGATIVE_PRICE", param+".amount", "A unit price is not negative.")
	case a.Minor > MaxAmount:
		l.Add("AMOUNT_TOO_LARGE", param+".amount", "A unit price is at most %d minor units.", int64(MaxAmount))
	}
}

func checkCurrency(l *fault.List, param string, c money.Currency) {
	switch {
	case len(c) != 3:
		l.Add("INVALID_CURRENCY", param, "A currency is an ISO 4217 code of three capital letters.")
	case !c.Known():
		l.Add("UNSUPPORTED_CURRENCY", param, "This currency is not supported.")
	}
}

func checkImage(l *fault.List, param string, im *Image) {
	if im == nil {
		return
	}
	u, err := url.Parse(im.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || len(im.URL) > 2048 {
		l.Add("IMAGE_URL_INVALID", param+".url", "An image is named by an https address of at most 2048 characters.")
	}
	text.Rule{Max: 255, TooLong: "INVALID_IMAGE_ALT"}.Check(l, param+".alt", im.Alt)
}
