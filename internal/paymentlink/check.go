package paymentlink

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/metadata"
	"flint/internal/money"
	"flint/internal/text"
)

// Limits of one link.
const (
	MaxLines     = 50
	MaxFields    = 20
	MaxOptions   = 100
	MaxSuggested = 6
	MaxQuantity  = 1_000_000
	MaxAmount    = 10_000_000_000_000

	maxName      = 255
	maxLong      = 5000
	maxFieldKey  = 243 // with FieldPrefix as long as a key of metadata may be
	maxPairs     = 44  // metadata and custom fields together
	maxPrefix    = 20
	maxReference = 255
	maxAnswer    = 4096
)

// check reports every fault of the link as it would be; now is when it would be so.
func (l *Link) check(now time.Time, created bool) error {
	var f fault.List
	text.Rule{Max: maxName, Required: true, Missing: "NAME_REQUIRED", TooLong: "NAME_TOO_LONG"}.Check(&f, "name", l.Name)
	text.Rule{Max: maxLong, Lines: true, TooLong: "DESCRIPTION_TOO_LONG"}.Check(&f, "description", l.Description)
	text.Rule{Max: 1000, Lines: true}.Check(&f, "inactive_message", l.InactiveMessage)
	text.Rule{Max: maxReference, TooLong: "INVALID_EXTERNAL_REFERENCE_ID"}.Check(&f, "external_reference_id", l.ExternalReferenceID)
	if l.Image != nil {
		u, err := url.Parse(l.Image.URL)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || len(l.Image.URL) > 2048 {
			f.Add("IMAGE_URL_INVALID", "image.source_url", "An image is named by an https address of at most 2048 characters.")
		}
		text.Rule{Max: 255, TooLong: "INVALID_IMAGE_ALT"}.Check(&f, "image.alt", l.Image.Alt)
	}
	if !slices.Contains([]string{TypeStandard, TypeDonation, TypeEvent}, l.Type) {
		f.Add("INVALID_PAYMENT_LINK_TYPE", "payment_link_type", "A link is standard, donation or event.")
	}
	if l.MaxCompletions < 0 || l.MaxCompletions > MaxQuantity {
		f.Add("INVALID_MAX_COMPLETIONS", "max_completions", "A cap lies between 1 and %d.", int64(MaxQuantity))
	}
	l.checkKind(&f, now, created)
	l.checkLines(&f)
	l.checkFields(&f)
	f.AddError("metadata", metadata.Check(l.Metadata))
	l.checkAnswers(&f)
	return f.Err()
}

func (l *Link) checkKind(f *fault.List, now time.Time, created bool) {
	if l.Type == TypeDonation {
		l.checkDonation(f)
	} else if l.DonationMin != nil || l.DonationMax != nil || len(l.Suggested) > 0 {
		f.Add("DONATION_AMOUNTS_NOT_APPLICABLE", "payment_link_type", "Amounts of donations belong to donation links.")
	}
	switch {
	case l.OrderID != "" && (l.Type != TypeStandard || len(l.Lines) > 0 || len(l.Fields) > 0 || l.MaxCompletions > 0):
		f.Add("PAYMENT_LINK_BOUND_TO_ORDER", "order_id", "A link of an order sells that order: it has no lines, fields or caps of its own.")
	case l.OrderID == "" && l.Type != TypeDonation && len(l.Lines) == 0:
		f.Add("MISSING_LINE_ITEMS", "line_items", "A link that sells something has at least one line.")
	}
	e := l.Event
	if l.Type != TypeEvent {
		if e != nil {
			f.Add("EVENT_CONFIG_NOT_APPLICABLE", "event_config", "An event belongs to an event link.")
		}
		return
	}
	if e == nil {
		f.Add("FIELD_REQUIRED", "event_config", "An event link needs its event.")
		return
	}
	if _, err := time.LoadLocation(e.Timezone); err != nil || e.Timezone == "" || e.Timezone == "Local" {
		f.Add("INVALID_TIMEZONE", "event_config.timezone", "A time zone is named as in the IANA data base, such as Europe/Berlin.")
	}
	if created && !e.At.IsZero() && !e.At.After(now) {
		f.Add("INVALID_EVENT_AT", "event_config.event_at", "The event lies in the past.")
	}
	text.Rule{Max: maxName}.Check(f, "event_config.venue", e.Venue)
	text.Rule{Max: maxPrefix, TooLong: "TICKET_PREFIX_TOO_LONG"}.Check(f, "event_config.ticket_prefix", e.TicketPrefix)
	if l.MaxQuantity < 0 || l.MaxQuantity > MaxQuantity {
		f.Add("INVALID_MAX_TOTAL_QUANTITY", "event_config.max_total_quantity", "A number of tickets lies between 1 and %d.", int64(MaxQuantity))
	}
}

func (l *Link) checkDonation(f *fault.List) {
	if len(l.Lines) > 0 {
		f.Add("DONATION_LINE_ITEMS_NOT_ALLOWED", "line_items", "A donation has no lines.")
	}
	if l.Session.Tip.Enabled {
		f.Add("DONATION_TIP_NOT_ALLOWED", "tip", "A donation takes no tip.")
	}
	if l.Session.TaxEnabled != nil && *l.Session.TaxEnabled {
		f.Add("DONATION_TAX_NOT_ALLOWED", "tax", "A donation is not taxed.")
	}
	if v := l.Session.AutoPromotions; v != nil && *v || l.Session.CodesEnabled != nil && *l.Session.CodesEnabled {
		f.Add("DONATION_PROMOTIONS_NOT_ALLOWED", "promotion_config", "A donation takes no promotions.")
	}
	c := l.Currency()
	if c == "" {
		f.Add("FIELD_REQUIRED", "donation_min_amount_money", "A donation needs a least amount, a greatest one or suggestions, which tell its currency.")
		return
	}
	checkRange(f, "INVALID_DONATION_AMOUNT_RANGE", "donation_min_amount_money", l.DonationMin, l.DonationMax)
	if len(l.Suggested) > MaxSuggested {
		f.Add("TOO_MANY_SUGGESTED_AMOUNTS", "donation_suggested_amount_money_options", "There are at most %d suggestions.", MaxSuggested)
	}
	for i, a := range l.Suggested {
		at := "donation_suggested_amount_money_options[" + strconv.Itoa(i) + "]"
		switch {
		case a.Minor < 1 || a.Minor > MaxAmount || a.Currency != c || !a.Currency.Known():
			f.Add("INVALID_SUGGESTED_AMOUNT", at, "A suggestion is at least one minor unit, in the currency of the donation.")
		case l.DonationMin != nil && a.Minor < l.DonationMin.Minor:
			f.Add("SUGGESTED_AMOUNT_BELOW_MIN", at, "The suggestion is less than the least amount.")
		case l.DonationMax != nil && a.Minor > l.DonationMax.Minor:
			f.Add("SUGGESTED_AMOUNT_ABOVE_MAX", at, "The suggestion is more than the greatest amount.")
		}
	}
}

// checkRange notes a fault unless both bounds are amounts of one known currency, the lower first.
func checkRange(f *fault.List, code, param string, low, high *money.Amount) {
	for _, a := range []*money.Amount{low, high} {
		if a != nil && (a.Minor < 1 || a.Minor > MaxAmount || !a.Currency.Known()) {
			f.Add(code, param, "A bound is an amount of at least one minor unit in a currency that is supported.")
			return
		}
	}
	if low != nil && high != nil && (low.Currency != high.Currency || low.Minor > high.Minor) {
		f.Add(code, param, "The least amount is not more than the greatest, in the same currency.")
	}
}

func (l *Link) checkLines(f *fault.List) {
	if len(l.Lines) > MaxLines {
		f.Add("TOO_MANY_LINE_ITEMS", "line_items", "A link has at most %d lines.", MaxLines)
		return
	}
	keys := map[string]bool{}
	var currency money.Currency
	for i := range l.Lines {
		at := "line_items[" + strconv.Itoa(i) + "]"
		line := &l.Lines[i]
		line.check(f, at)
		if keys[line.Key] {
			f.Add("DUPLICATE_LINE_ITEM_KEY", at+".key", "Two lines have the same key.")
		}
		keys[line.Key] = true
		for _, a := range []*money.Amount{line.UnitPrice, line.MinPrice, line.MaxPrice} {
			if a == nil {
				continue
			}
			if currency == "" {
				currency = a.Currency
			}
			if a.Currency != currency {
				f.Add("CURRENCY_MISMATCH", at+".unit_price_money.currency", "All lines of a link have one currency.")
			}
		}
	}
}

func (l *Line) check(f *fault.List, at string) {
	if l.Key != strings.TrimSpace(l.Key) {
		f.Add("LINE_ITEM_KEY_WHITESPACE", at+".key", "A key does not start or end with a space.")
	}
	text.Rule{Max: maxName, Required: true}.Check(f, at+".key", l.Key)
	switch {
	case l.VariantID != "" && (l.Name != "" || l.Description != "" || l.UnitPrice != nil || l.AdjustPrice):
		f.Add("LINE_ITEM_SOURCE_CONFLICT", at, "A line has one source: a variant, which has its price, or a name and a price.")
	case l.VariantID != "" && !id.Valid(id.ProductVariant, l.VariantID):
		f.Add("INVALID_ID", at+".variant_id", "This is not the id of a variant.")
	case l.VariantID != "":
		if l.Tax != nil && (l.Tax.Taxable != nil || l.Tax.Category != "") {
			f.Add("CATALOG_LINE_ITEM_FIELDS_READ_ONLY", at+".tax", "Taxability and tax category come from the variant.")
		}
	default:
		text.Rule{Max: maxName, Required: true, Missing: "LINE_ITEM_NAME_REQUIRED", TooLong: "LINE_ITEM_NAME_TOO_LONG"}.Check(f, at+".name", l.Name)
		text.Rule{Max: maxLong, Lines: true, TooLong: "DESCRIPTION_TOO_LONG"}.Check(f, at+".description", l.Description)
		l.checkPrice(f, at)
	}
	switch {
	case l.Quantity < 1:
		f.Add("LINE_ITEM_INVALID_QUANTITY", at+".quantity", "A quantity is a whole number of at least 1.")
	case l.Quantity > MaxQuantity:
		f.Add("LINE_ITEM_QUANTITY_TOO_LARGE", at+".quantity", "A quantity is at most %d.", int64(MaxQuantity))
	}
	low, high := l.bounds()
	if !l.AdjustQuantity && (l.MinQuantity != nil || l.MaxQuantity != nil) ||
		l.AdjustQuantity && (low < 1 || high > MaxQuantity || low > high || l.Quantity < low || l.Quantity > high) {
		f.Add("INVALID_QUANTITY_RANGE", at+".min_quantity", "The bounds of an adjustable quantity lie between 1 and %d, the lower first, and the quantity between them.", int64(MaxQuantity))
	}
}

func (l *Line) checkPrice(f *fault.List, at string) {
	if l.UnitPrice == nil && !l.AdjustPrice {
		f.Add("LINE_ITEM_UNIT_PRICE_REQUIRED", at+".unit_price_money", "A line needs a price, unless the buyer names it.")
	}
	if a := l.UnitPrice; a != nil && (a.Minor < 0 || a.Minor > MaxAmount || !a.Currency.Known()) {
		f.Add("INVALID_AMOUNT", at+".unit_price_money", "A price is not negative and in a currency that is supported.")
	}
	if !l.AdjustPrice {
		if l.MinPrice != nil || l.MaxPrice != nil || len(l.SuggestedPrices) > 0 {
			f.Add("INVALID_AMOUNT_RANGE", at+".min_unit_price_money", "Bounds and suggestions belong to a price that the buyer names.")
		}
		return
	}
	if l.currency() == "" {
		f.Add("LINE_ITEM_UNIT_PRICE_REQUIRED", at+".unit_price_money", "A price that the buyer names needs a proposal, a bound or suggestions, which tell its currency.")
		return
	}
	checkRange(f, "INVALID_AMOUNT_RANGE", at+".min_unit_price_money", l.MinPrice, l.MaxPrice)
	if a := l.UnitPrice; a != nil && (l.MinPrice != nil && a.Minor < l.MinPrice.Minor || l.MaxPrice != nil && a.Minor > l.MaxPrice.Minor) {
		f.Add("INVALID_AMOUNT_RANGE", at+".unit_price_money", "The proposed price lies outside of the bounds.")
	}
	if len(l.SuggestedPrices) > MaxSuggested {
		f.Add("TOO_MANY_SUGGESTED_AMOUNTS", at+".suggested_unit_price_money_options", "There are at most %d suggestions.", MaxSuggested)
	}
	for i, a := range l.SuggestedPrices {
		if a.Currency != l.currency() || a.Minor < 1 || a.Minor > MaxAmount || l.MinPrice != nil && a.Minor < l.MinPrice.Minor || l.MaxPrice != nil && a.Minor > l.MaxPrice.Minor {
			f.Add("SUGGESTED_AMOUNT_OUT_OF_RANGE", at+".suggested_unit_price_money_options["+strconv.Itoa(i)+"]", "The suggestion lies outside of the bounds, or is in another currency.")
		}
	}
}

// currency is that of an ad-hoc line's price.
func (l *Line) currency() money.Currency {
	for _, a := range []*money.Amount{l.UnitPrice, l.MinPrice, l.MaxPrice} {
		if a != nil {
			return a.Currency
		}
	}
	if len(l.SuggestedPrices) > 0 {
		return l.SuggestedPrices[0].Currency
	}
	return ""
}

// bounds are those of an adjustable quantity.
func (l *Line) bounds() (low, high int64) {
	low, high = 1, MaxQuantity
	if l.MinQuantity != nil {
		low = *l.MinQuantity
	}
	if l.MaxQuantity != nil {
		high = *l.MaxQuantity
	}
	return low, high
}

func (l *Link) checkFields(f *fault.List) {
	if len(l.Fields) > MaxFields {
		f.Add("TOO_MANY_CUSTOM_FIELDS", "custom_fields", "A link has at most %d custom fields.", MaxFields)
		return
	}
	keys := map[string]bool{}
	for i, field := range l.Fields {
		at := "custom_fields[" + strconv.Itoa(i) + "]"
		if keys[field.Key] {
			f.Add("DUPLICATE_CUSTOM_FIELD_KEY", at+".key", "Two fields have the same key.")
		}
		keys[field.Key] = true
		if field.Key != strings.TrimSpace(field.Key) {
			f.Add("CUSTOM_FIELD_KEY_WHITESPACE", at+".key", "A key does not start or end with a space.")
		}
		text.Rule{Max: maxFieldKey, Required: true, Missing: "CUSTOM_FIELD_KEY_REQUIRED", TooLong: "CUSTOM_FIELD_KEY_TOO_LONG"}.Check(f, at+".key", field.Key)
		text.Rule{Max: maxName, Required: true, Missing: "CUSTOM_FIELD_LABEL_REQUIRED"}.Check(f, at+".label", field.Label)
		text.Rule{Max: maxName}.Check(f, at+".placeholder", field.Placeholder)
		field.check(f, at)
	}
}

func (field *Field) check(f *fault.List, at string) {
	switch field.Type {
	case FieldText, FieldTextarea:
		if field.MaxLength < 1 || field.MaxLength > maxAnswer {
			f.Add("INVALID_MAX_LENGTH", at+".max_length", "A length lies between 1 and %d characters.", maxAnswer)
		}
	case FieldDropdown, FieldCheckbox:
		if field.MaxLength != 0 {
			f.Add("MAX_LENGTH_NOT_APPLICABLE", at+".max_length", "Only text has a length.")
		}
	default:
		f.Add("INVALID_PAYMENT_LINK_CUSTOM_FIELD_TYPE", at+".custom_field_type", "A field is text, textarea, dropdown or checkbox.")
	}
	if field.Type != FieldDropdown {
		if len(field.Options) > 0 {
			f.Add("OPTIONS_NOT_APPLICABLE", at+".options", "Only a dropdown has options.")
		}
		return
	}
	if len(field.Options) == 0 || len(field.Options) > MaxOptions {
		f.Add("OPTIONS_REQUIRED", at+".options", "A dropdown has 1 to %d options.", MaxOptions)
	}
	for k, o := range field.Options {
		oat := at + ".options[" + strconv.Itoa(k) + "]"
		if o != strings.TrimSpace(o) {
			f.Add("CUSTOM_FIELD_OPTION_WHITESPACE", oat, "An option does not start or end with a space.")
		}
		text.Rule{Max: maxName, Required: true, TooLong: "CUSTOM_FIELD_OPTION_TOO_LONG"}.Check(f, oat, o)
	}
}

// checkAnswers makes sure that metadata and all possible answers fit into the metadata of an order.
func (l *Link) checkAnswers(f *fault.List) {
	size := 0
	for k, v := range l.Metadata {
		size += len(k) + len(v)
		if strings.HasPrefix(k, FieldPrefix) {
			f.Add("RESERVED_METADATA_KEY", "metadata", "Keys that start with %s hold the answers of buyers.", FieldPrefix)
		}
	}
	for _, field := range l.Fields {
		size += len(FieldPrefix) + len(field.Key)
		switch field.Type {
		case FieldDropdown:
			longest := 0
			for _, o := range field.Options {
				longest = max(longest, len(o))
			}
			size += longest
		case FieldCheckbox:
			size += len("false")
		default:
			size += utf8.UTFMax * int(field.MaxLength)
		}
	}
	if len(l.Metadata)+len(l.Fields) > maxPairs {
		f.Add("PAYMENT_LINK_METADATA_TOO_MANY_KEYS", "metadata", "Metadata and custom fields are at most %d together.", maxPairs)
	}
	if size > metadata.MaxBytes {
		f.Add("PAYMENT_LINK_METADATA_TOO_LARGE", "metadata", "Metadata and the longest answers are at most %d bytes together.", metadata.MaxBytes)
	}
}
