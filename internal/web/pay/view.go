package pay

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/paymentlink"
	"flint/internal/tenant"
)

// view is everything that the page shows.
type view struct {
	Kind    string // open, inactive, soldout, missing, busy, broken
	ID      string
	Context string
	Shop    Shop
	Accent  string
	Test    bool

	Name, Description, Message, ImageURL, ImageAlt string
	When, Venue                                    string
	Left                                           *int
	Alert                                          string // key of what happened to the whole form
	Donation                                       *donation
	Lines                                          []line
	Fields                                         []input
	Due                                            string

	pictures []string
}

type donation struct {
	Suggested              []choice
	Other, Symbol, Error   string
	Least, Greatest, Value string
	OtherChosen            bool
}

type choice struct {
	Value, Label string
	Checked      bool
}

type line struct {
	Name, Description, Price, ImageURL, ImageAlt string
	Quantity                                     int64
	Choose                                       *input // how many
	Amount                                       *input // for how much
}

type input struct {
	Name, Label, Type, Value, Placeholder, Error, Min, Max string
	Required, Checked                                      bool
	Options                                                []choice
	MaxLength                                              int64
}

var faultTexts = map[string]string{
	"REQUIRED_CUSTOM_FIELD_MISSING": "link.fault.required", "VALUE_TOO_LONG": "link.fault.long", "INVALID_DROPDOWN_VALUE": "link.fault.option",
	"QUANTITY_BELOW_MIN": "link.fault.low", "QUANTITY_ABOVE_MAX": "link.fault.many", "AMOUNT_BELOW_MIN": "link.fault.small",
	"AMOUNT_ABOVE_MAX": "link.fault.large", "LINE_ITEM_UNIT_PRICE_REQUIRED": "link.fault.amount", "DONATION_AMOUNT_REQUIRED": "link.fault.amount",
	"INVALID_DONATION_AMOUNT": "link.fault.range",
}

// view is the link as it is, with what was typed and what was wrong with it.
func (h *Handler) view(p *paymentlink.Public, shop Shop, form url.Values, f *fault.Error) view {
	l := p.Link
	v := view{Kind: "open", ID: l.ID, Context: p.Context.Text, Shop: shop, Accent: shop.Accent, Test: l.Scope.Mode() == tenant.ModeTest, Name: l.Name,
		Description: l.Description, Message: l.InactiveMessage}
	if l.Session.Theme.Primary != "" {
		v.Accent = l.Session.Theme.Primary
	}
	faults := map[string]string{}
	if f != nil {
		v.Alert = "link.check"
		details := f.Details
		if len(details) == 0 {
			details = []fault.Detail{{Code: f.Code, Param: f.Param}}
		}
		for _, d := range details {
			text := faultTexts[d.Code]
			if text == "" {
				text = "link.fault.other"
			}
			faults[d.Param] = text
		}
		switch f.Code {
		case "PAYMENT_LINK_CHANGED", "PAYMENT_LINK_RESOLUTION_CONTEXT_REFRESH_REQUIRED", "PAYMENT_LINK_CHANGED_RETRY":
			v.Alert = "link.changed"
		case "CHECKOUT_PAYMENT_RESOLVING":
			v.Alert = "link.resolving"
		case "PAYMENT_LINK_LINE_ITEM_UNAVAILABLE":
			v.Alert = "link.unavailable"
		}
	}
	switch {
	case l.SoldOut():
		v.Kind = "soldout"
	case l.Status != paymentlink.StatusActive:
		v.Kind = "inactive"
	}
	if l.Image != nil {
		v.ImageURL, v.ImageAlt = l.Image.URL, l.Image.Alt
		v.pictures = append(v.pictures, v.ImageURL)
	}
	if _, units := l.Remaining(); units != nil {
		v.Left = new(int(*units))
	}
	if e := l.Event; e != nil {
		v.Venue = e.Venue
		if place, err := time.LoadLocation(e.Timezone); err == nil && !e.At.IsZero() {
			v.When = e.At.In(place).Format("Monday, 2 January 2006, 15:04 MST")
		}
	}
	if o := p.Order; o != nil {
		v.Due = money.Format(money.Amount{Minor: o.Outstanding(), Currency: o.Currency}, "en")
		for i := range o.Lines {
			v.Lines = append(v.Lines, line{Name: o.Lines[i].Name, Quantity: o.Lines[i].Quantity, Price: money.Format(money.Amount{Minor: o.Lines[i].Subtotal, Currency: o.Currency}, "en")})
		}
	}
	if l.Type == paymentlink.TypeDonation {
		v.Donation = donationOf(l, form, faults)
	}
	for i := range l.Lines {
		made := lineOf(p, i, form, faults)
		if made.ImageURL != "" {
			v.pictures = append(v.pictures, made.ImageURL)
		}
		v.Lines = append(v.Lines, made)
	}
	for i, field := range l.Fields {
		v.Fields = append(v.Fields, fieldOf(field, "f"+strconv.Itoa(i), form, faults["custom_field_values."+field.Key]))
	}
	return v
}

func donationOf(l *paymentlink.Link, form url.Values, faults map[string]string) *donation {
	d := &donation{Symbol: string(l.Currency()), Error: faults["unit_price_overrides."+paymentlink.DonationKey], Value: form.Get("amount_other")}
	for i, a := range l.Suggested {
		value := decimal(a)
		d.Suggested = append(d.Suggested, choice{Value: value, Label: money.Format(a, "en"), Checked: form.Get("amount") == value || form == nil && i == 0})
	}
	d.OtherChosen = form.Get("amount") == "other"
	if l.DonationMin != nil {
		d.Least = money.Format(*l.DonationMin, "en")
	}
	if l.DonationMax != nil {
		d.Greatest = money.Format(*l.DonationMax, "en")
	}
	return d
}

func lineOf(p *paymentlink.Public, i int, form url.Values, faults map[string]string) line {
	x, n := &p.Link.Lines[i], strconv.Itoa(i)
	out := line{Name: x.Name, Description: x.Description, Quantity: x.Quantity}
	if x.UnitPrice != nil {
		out.Price = money.Format(*x.UnitPrice, "en")
	}
	if o := p.Offers[x.VariantID]; o != nil {
		out.Name, out.Description = o.Product.Label(o.Variant), o.Product.Description
		out.Price = money.Format(money.Amount{Minor: o.Variant.UnitPrice, Currency: o.Variant.Currency}, "en")
		if pictures := o.Product.PicturesOf(o.Variant); len(pictures) > 0 {
			out.ImageURL, out.ImageAlt = pictures[0].URL, pictures[0].Alt
		}
	}
	if x.AdjustQuantity {
		out.Choose = &input{Name: "q" + n, Label: out.Name, Value: strconv.FormatInt(x.Quantity, 10), Min: "1", Error: faults["quantity_overrides."+x.Key]}
		if x.MinQuantity != nil {
			out.Choose.Min = strconv.FormatInt(*x.MinQuantity, 10)
		}
		if x.MaxQuantity != nil {
			out.Choose.Max = strconv.FormatInt(*x.MaxQuantity, 10)
		}
		if form != nil {
			out.Choose.Value = form.Get("q" + n)
		}
	}
	if x.AdjustPrice {
		out.Amount = &input{Name: "p" + n, Label: out.Name, Placeholder: string(lineCurrency(x)), Error: faults["unit_price_overrides."+x.Key]}
		if x.UnitPrice != nil {
			out.Amount.Value = decimal(*x.UnitPrice)
		}
		if form != nil {
			out.Amount.Value = form.Get("p" + n)
		}
		out.Price = ""
	}
	return out
}

func fieldOf(f paymentlink.Field, name string, form url.Values, problem string) input {
	out := input{Name: name, Label: f.Label, Type: f.Type, Value: form.Get(name), Placeholder: f.Placeholder, Required: f.Required, Error: problem, MaxLength: f.MaxLength}
	out.Checked = out.Value == "true"
	for _, o := range f.Options {
		out.Options = append(out.Options, choice{Value: o, Label: o, Checked: o == out.Value})
	}
	return out
}

// decimal writes an amount as people type it.
func decimal(a money.Amount) string {
	digits := a.Currency.Digits()
	s := strconv.FormatInt(a.Minor, 10)
	if digits == 0 {
		return s
	}
	s = strings.Repeat("0", max(digits+1-len(s), 0)) + s
	return s[:len(s)-digits] + "." + s[len(s)-digits:]
}
