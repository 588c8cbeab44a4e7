package checkout

import (
	"cmp"
	"net/url"
	"strconv"
	"strings"
	"time"

	domain "flint/internal/checkout"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/web/ui"
)

// summary is the order as the buyer sees it.
func (h *Handler) summary(v *visit) Summary {
	o := v.order
	s := Summary{Message: v.session.Detail.Text.Summary, Total: v.money(o.Pricing.Total)}
	for i := range o.Lines {
		l := &o.Lines[i]
		line := Line{Name: l.Name, Description: l.Description, Quantity: l.Quantity, UnitPrice: v.money(l.UnitPrice), Subtotal: v.money(l.Subtotal)}
		if l.Image != nil {
			line.ImageURL, line.ImageAlt = l.Image.URL, l.Image.Alt
		}
		s.Lines = append(s.Lines, line)
	}
	for i := range o.Discounts {
		if d := &o.Discounts[i]; d.Status != order.DiscountCanceled && d.Applied > 0 {
			s.Discounts = append(s.Discounts, Row{Name: d.Name, Amount: v.money(-d.Applied)})
		}
	}
	for i := range o.Charges {
		s.Charges = append(s.Charges, Row{Name: o.Charges[i].Name, Amount: v.money(o.Charges[i].Applied)})
	}
	if o.Pricing.Tax != 0 {
		s.Taxes = append(s.Taxes, Row{Name: h.Pages.text("", "pay.tax"), Amount: v.money(o.Pricing.Tax)})
	}
	if o.Pricing.TaxIncluded != 0 {
		s.Taxes = append(s.Taxes, Row{Name: h.Pages.text("", "pay.tax"), Amount: v.money(o.Pricing.TaxIncluded), Included: true})
	}
	if o.Pricing.Tip != 0 {
		s.Tip = v.money(o.Pricing.Tip)
	}
	if len(s.Discounts)+len(s.Charges)+len(s.Taxes) > 0 || s.Tip != "" {
		s.Subtotal = v.money(o.Pricing.Subtotal)
	}
	return s
}

// due is the summary of what this checkout collects.
func (h *Handler) due(v *visit) Summary {
	s := h.summary(v)
	if v.due != v.order.Pricing.Total {
		s.Due = v.money(v.due)
		if paid := v.order.Settlement.Paid; paid > 0 || v.part == nil {
			s.Paid = v.money(paid)
		}
	}
	if p := v.part; p != nil {
		s.Part = h.Pages.text("", "pay.part."+cmp.Or(p.Kind, "whole"), p.Number)
		if p.Later > 0 {
			s.Later = v.money(p.Later)
		}
	}
	return s
}

func (v *visit) amount() Amount {
	return Amount{Text: v.money(v.due), Minor: v.due, Currency: string(v.order.Currency)}
}

// payment is the page to pay on. form is what was sent last and had faults, nil on a fresh page.
func (h *Handler) payment(v *visit, form url.Values, faults ...FieldError) Payment {
	d := &v.session.Detail
	out := Payment{
		Common: v.common(), Reminders: v.remind, Summary: h.due(v), Pay: v.amount(), Contact: v.contact(form), Tip: v.tip(), Promotions: v.promotions(), Seen: v.newestID,
		Saved: v.saved(form), FieldsURL: fieldsPath + v.session.ID, Stored: v.source.stored(), RequireTerms: d.Legal.RequireTerms,
		CancelURL: d.CancelURL, Errors: faults, Accepted: form.Get("accept_terms") != "",
	}
	for _, o := range d.Options {
		if o := Option(o); o == OptionCard || o == OptionBank {
			out.Options = append(out.Options, o)
		}
	}
	if len(out.Options) == 0 {
		out.Options = []Option{OptionCard}
	}
	out.Option = out.Options[0]
	if out.Saved != nil && len(out.Saved.Cards) > 0 {
		out.Option = Option(out.Saved.Cards[0].ID)
		for _, c := range out.Saved.Cards {
			if c.ID == form.Get("payment_option") {
				out.Option = Option(c.ID)
			}
		}
	}
	for _, o := range out.Options {
		if string(o) == form.Get("payment_option") {
			out.Option = o
		}
	}
	if a := v.last; len(faults) == 0 && a != nil && (v.source == nil || v.source.Since.Before(a.UpdatedAt)) {
		switch a.Status {
		case payment.AttemptFailed:
			out.DeclineCode = a.FailureCode
			if out.DeclineCode == "" {
				out.DeclineCode = "payment_failed"
			}
		case payment.AttemptExpired:
			out.DeclineCode = "payment_action_expired"
		}
	}
	return out
}

// contact is what is known of the buyer, best first: what was sent last, what was saved, what the
// merchant filled in.
func (v *visit) contact(form url.Values) Contact {
	c := &v.session.Detail.Collection
	out := Contact{
		Email: c.Email, Phone: c.Phone, RequireEmail: c.RequireEmail, RequirePhone: c.RequirePhone,
		AskPhone: c.Phone != "",
	}
	address := domain.Address{}
	if c.Billing != nil {
		address = *c.Billing
	}
	if saved := v.session.Detail.Contact; saved != nil {
		if saved.Email != "" || saved.EmailCleared {
			out.Email = saved.Email
		}
		if saved.Phone != "" || saved.PhoneCleared {
			out.Phone = saved.Phone
		}
		if saved.Billing != nil {
			address = *saved.Billing
		}
	}
	if out.Email == "" && v.actsFor != "" {
		out.Email = v.proof.Email
	}
	if form != nil {
		out.Email, out.Phone = form.Get("email"), form.Get("phone")
		address = addressIn(form)
	}
	if v.needsAddress() {
		a := Address{
			Line1: address.Line1, Line2: address.Line2, City: address.City, State: address.State, PostalCode: address.PostalCode,
			Country: address.Country,
		}
		if a.Country == "" {
			a.Country = v.homeCountry()
		}
		a.Countries = ui.Countries()
		out.Address = &a
	}
	return out
}

// needsAddress reports whether the buyer has to say where they live: because the merchant asks, or
// because the tax depends on it.
func (v *visit) needsAddress() bool {
	return v.session.Detail.Collection.RequireBilling || v.needsLocation()
}

func (v *visit) needsLocation() bool { return v.order.Tax.Status == "requires_location" }

// homeCountry is the first choice of the country list.
func (v *visit) homeCountry() string {
	if v.merchant.Address != nil && v.merchant.Address.Country != "" {
		return v.merchant.Address.Country
	}
	return "US"
}

func addressIn(form url.Values) domain.Address {
	get := func(name string) string { return strings.TrimSpace(form.Get("billing_" + name)) }
	return domain.Address{
		Line1: get("line1"), Line2: get("line2"), City: get("city"), State: get("state"), PostalCode: get("postal_code"), Country: get("country"),
	}
}

// tip is the tip section; nil when the session offers none, or when money has moved already.
func (v *visit) tip() *Tip {
	offer := v.session.Detail.Tip
	if !offer.Enabled || v.order.Settlement.Paid > 0 {
		return nil
	}
	merchandise := int64(0)
	for i := range v.order.Lines {
		merchandise += v.order.Lines[i].Subtotal - v.order.Lines[i].Discount
	}
	chosen := requestedTip(v.order)
	out := &Tip{None: chosen == nil, Custom: offer.Custom, Symbol: symbol(v.order.Currency)}
	preset := false
	for _, a := range offer.SmartOptions {
		if !offer.Smart {
			break
		}
		current := chosen != nil && chosen.Percent == nil && chosen.Effective == a.Minor
		preset = preset || current
		out.Presets = append(out.Presets, TipPreset{Value: "amount:" + strconv.FormatInt(a.Minor, 10), Label: v.money(a.Minor), Current: current})
	}
	for _, p := range tipOptions(offer) {
		if offer.Smart {
			break
		}
		current := chosen != nil && chosen.Percent != nil && *chosen.Percent == p
		preset = preset || current
		label := TipPreset{Value: "percent:" + p.String(), Label: p.String() + "%", Current: current}
		if amount, err := p.Of(merchandise); err == nil {
			label.Amount = v.money(amount)
		}
		out.Presets = append(out.Presets, label)
	}
	if chosen != nil && !preset {
		out.Value = plainAmount(chosen.Effective, v.order.Currency.Digits())
	}
	return out
}

// success is the receipt of the newest attempt.
func (h *Handler) success(v *visit) Success {
	a := v.last
	if v.open != nil {
		a = v.open
	}
	total, method := int64(0), ""
	for _, l := range v.legs {
		total += max(l.Captured, l.Authorized)
		if method == "" {
			method = h.describe(l.Detail.Source)
		}
	}
	at := a.CompletedAt
	if at.IsZero() {
		at = a.UpdatedAt
	}
	at = at.In(v.zone())
	return Success{
		Common: v.common(), Summary: h.summary(v), OrderNumber: v.order.Number, Amount: v.money(total), Method: method,
		Date: at.Format("2 Jan 2006, 15:04 MST"), DateTime: at.Format(time.RFC3339), Held: v.open != nil,
		ReturnURL: v.session.Detail.SuccessURL, Email: h.mailedTo(v),
	}
}

// mailedTo is where the receipt goes, "" when there is none: the money is only held so far, the buyer
// left no address, or this installation sends no mail.
func (h *Handler) mailedTo(v *visit) string {
	if !h.Mails || v.open != nil || v.order.Outstanding() > 0 || v.order.BuyerContact == nil {
		return ""
	}
	return v.order.BuyerContact.Email
}

func (v *visit) zone() *time.Location {
	for _, name := range []string{v.session.Detail.Timezone, v.merchant.ReportingTimezone} {
		if name == "" {
			continue
		}
		if zone, err := time.LoadLocation(name); err == nil {
			return zone
		}
	}
	return time.UTC
}

// symbol is the currency's sign, or its code, as it stands at an input.
func symbol(c money.Currency) string {
	return strings.TrimRight(money.Format(money.Amount{Currency: c}, "en"), "0., ")
}

// parseMinor reads an amount as people type it, "5", "5.00" or "5,00", into minor units.
func parseMinor(typed string, digits int) (int64, bool) {
	whole, fraction, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(typed), ",", "."), ".")
	if len(fraction) > digits || whole+fraction == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return 0, false
	}
	minor, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", digits-len(fraction)), 10, 64)
	return minor, err == nil
}

// plainAmount writes minor units as people type them: "5.00".
func plainAmount(minor int64, digits int) string {
	s := strconv.FormatInt(minor, 10)
	if digits == 0 {
		return s
	}
	if pad := digits + 1 - len(s); pad > 0 {
		s = strings.Repeat("0", pad) + s
	}
	return s[:len(s)-digits] + "." + s[len(s)-digits:]
}
