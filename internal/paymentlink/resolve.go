package paymentlink

import (
	"context"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/text"
)

// ResolveInput is what a buyer chose. Choices are named by the keys of lines and fields.
type ResolveInput struct {
	LinkID     string
	Context    string
	Answers    map[string]string
	Quantities map[string]int64
	Prices     map[string]money.Amount // of a donation under DonationKey
	Once       bool                    // a second resolve with the same context finds the session of the first
	Cause      event.Cause
}

// Resolve makes an order of the buyer's choices and opens a checkout session for it. Nothing is claimed yet:
// places are taken when a payment starts. Of a bound link it opens or replaces the order's session.
//
// Faults: PAYMENT_LINK_INACTIVE, PAYMENT_LINK_MAX_COMPLETIONS_REACHED, EVENT_SOLD_OUT, PAYMENT_LINK_CHANGED,
// PAYMENT_LINK_LINE_ITEM_UNAVAILABLE, PAYMENT_LINK_RESOLUTION_CONTEXT_*, those of the choices, and for a
// bound link ORDER_NOT_OPEN, ORDER_ALREADY_PAID and CHECKOUT_PAYMENT_RESOLVING.
func (s *Service) Resolve(ctx context.Context, tx db.Tx, in ResolveInput) (checkout.Launch, error) {
	var out checkout.Launch
	c, err := s.openContext(in.LinkID, in.Context)
	if err != nil {
		return out, err
	}
	l, err := Find(tx, in.LinkID)
	if err != nil {
		return out, err
	}
	if in.Once {
		if again, err := s.openedBefore(tx, l, c.Nonce); err != nil || again != nil {
			return checkout.Launch{Session: again}, err
		}
	}
	if err := s.checkOpen(l, c); err != nil {
		return out, err
	}
	opening := checkout.CreateInput{Scope: l.Scope, PaymentLinkID: l.ID, Origin: "payment_link", Detail: l.Session, Choices: l.Choices, Cause: in.Cause}
	if l.OrderID != "" {
		o, err := s.Orders.Load(tx, l.Scope, l.OrderID)
		if err != nil {
			return out, err
		}
		if err := checkPayable(o, l); err != nil {
			return out, err
		}
		open, err := s.Checkouts.Current(tx, o, in.Cause)
		if err != nil {
			return out, err
		}
		if opening.OrderID = o.ID; open != nil {
			opening.ReplaceID = open.ID
		}
		return s.Checkouts.Create(ctx, tx, opening)
	}
	made, err := s.order(l, in)
	if err != nil {
		return out, err
	}
	o, err := s.Orders.Create(ctx, tx, made)
	if err != nil {
		return out, unavailable(err)
	}
	nonce := ""
	if in.Once {
		nonce = c.Nonce
	}
	if err := insertClaim(tx, &claim{scope: l.Scope, orderID: o.ID, linkID: l.ID, state: claimOpen, nonce: nonce, quantity: units(o)}, s.Clock.Now()); err != nil {
		return out, err
	}
	s.Failpoints.Hit("paymentlink.resolved")
	opening.OrderID = o.ID
	return s.Checkouts.Create(ctx, tx, opening)
}

// openedBefore is the session that the page with the nonce has opened already, nil without one.
func (s *Service) openedBefore(tx db.Tx, l *Link, nonce string) (*checkout.Session, error) {
	orderID, err := orderOfNonce(tx, l, nonce)
	if err != nil || orderID == "" {
		return nil, err
	}
	o, err := s.Orders.Load(tx, l.Scope, orderID)
	if err != nil || len(o.CheckoutSessionIDs) == 0 {
		return nil, err
	}
	return checkout.Get(tx, l.Scope, o.CheckoutSessionIDs[len(o.CheckoutSessionIDs)-1])
}

func (s *Service) checkOpen(l *Link, c Context) error {
	if l.Status != StatusActive {
		return fault.Conflict("PAYMENT_LINK_INACTIVE", "The link is not active.")
	}
	if err := c.checkStart(l, s.Clock.Now()); err != nil {
		return err
	}
	completions, tickets := l.Remaining()
	switch {
	case tickets != nil && *tickets == 0:
		return fault.Conflict("EVENT_SOLD_OUT", "The event is sold out.")
	case completions != nil && *completions == 0:
		return fault.Conflict("PAYMENT_LINK_MAX_COMPLETIONS_REACHED", "The link was paid as often as it may be.")
	}
	return nil
}

// unavailable says of a variant that cannot be sold what it means to a buyer.
func unavailable(err error) error {
	e := fault.Of(err)
	if e == nil || !strings.HasSuffix(e.Param, ".variant_id") {
		return err
	}
	out := fault.Conflict("PAYMENT_LINK_LINE_ITEM_UNAVAILABLE", "Something that the link sells is not available any more.")
	out.Param = strings.TrimSuffix(e.Param, ".variant_id")
	return out
}

// order is the order of the buyer's choices; every fault of them is reported.
func (s *Service) order(l *Link, in ResolveInput) (order.CreateInput, error) {
	var f fault.List
	out := order.CreateInput{Scope: l.Scope, Cause: in.Cause, Origin: "payment_link", Metadata: l.answers(&f, in.Answers)}
	if l.Session.TaxEnabled != nil {
		out.Tax = &order.TaxInput{Enabled: l.Session.TaxEnabled}
	}
	for _, key := range slices.Sorted(maps.Keys(in.Quantities)) {
		if !l.hasKey(key) {
			f.Add("UNKNOWN_LINE_ITEM_KEY", "quantity_overrides", "The link has no line of this key.")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(in.Prices)) {
		if !l.hasKey(key) && (l.Type != TypeDonation || key != DonationKey) {
			f.Add("UNKNOWN_LINE_ITEM_KEY", "unit_price_overrides", "The link has no line of this key.")
		}
	}
	if l.Type == TypeDonation {
		out.Lines = []order.LineInput{l.donation(&f, in.Prices)}
	}
	total := int64(0)
	for i := range l.Lines {
		line := l.Lines[i].chosen(&f, in)
		if i == 0 && l.Image != nil && line.VariantID == "" {
			line.Image = &order.Image{URL: l.Image.URL, Alt: l.Image.Alt}
		}
		total += *line.Quantity
		out.Lines = append(out.Lines, line)
	}
	if _, left := l.Remaining(); left != nil && total > *left {
		f.Add("QUANTITY_ABOVE_MAX", "quantity_overrides", "So many tickets are not left.")
	}
	return out, f.Err()
}

func (l *Link) hasKey(key string) bool {
	return slices.ContainsFunc(l.Lines, func(line Line) bool { return line.Key == key })
}

func (l *Link) donation(f *fault.List, prices map[string]money.Amount) order.LineInput {
	a, sent := prices[DonationKey]
	switch {
	case !sent:
		f.Add("DONATION_AMOUNT_REQUIRED", "unit_price_overrides."+DonationKey, "Choose the amount to give.")
	case a.Currency != l.Currency() || a.Minor < 1 || a.Minor > MaxAmount ||
		l.DonationMin != nil && a.Minor < l.DonationMin.Minor || l.DonationMax != nil && a.Minor > l.DonationMax.Minor:
		f.Add("INVALID_DONATION_AMOUNT", "unit_price_overrides."+DonationKey, "The amount is not within what this donation takes.")
	}
	out := order.LineInput{Name: l.Name, UnitPrice: &a, Tax: &order.ItemTaxInput{Taxable: new(false)}}
	if l.Image != nil {
		out.Image = &order.Image{URL: l.Image.URL, Alt: l.Image.Alt}
	}
	return out
}

// chosen is the order's line with the buyer's quantity and price.
func (l *Line) chosen(f *fault.List, in ResolveInput) order.LineInput {
	quantity := l.Quantity
	if q, sent := in.Quantities[l.Key]; sent {
		at := "quantity_overrides." + l.Key
		low, high := l.bounds()
		switch {
		case !l.AdjustQuantity && q != l.Quantity:
			f.Add("QUANTITY_NOT_ADJUSTABLE", at, "The quantity of this line is fixed.")
		case l.AdjustQuantity && q < low:
			f.Add("QUANTITY_BELOW_MIN", at, "The quantity is at least %d.", low)
		case l.AdjustQuantity && q > high:
			f.Add("QUANTITY_ABOVE_MAX", at, "The quantity is at most %d.", high)
		}
		quantity = q
	}
	out := order.LineInput{VariantID: l.VariantID, Quantity: &quantity, Tax: l.Tax}
	if l.VariantID != "" {
		if _, sent := in.Prices[l.Key]; sent {
			f.Add("AMOUNT_NOT_ADJUSTABLE", "unit_price_overrides."+l.Key, "The price of this line is fixed.")
		}
		return out
	}
	out.Name, out.Description, out.UnitPrice = l.Name, l.Description, l.UnitPrice
	at := "unit_price_overrides." + l.Key
	p, sent := in.Prices[l.Key]
	switch {
	case !sent:
	case !l.AdjustPrice && (l.UnitPrice == nil || p != *l.UnitPrice):
		f.Add("AMOUNT_NOT_ADJUSTABLE", at, "The price of this line is fixed.")
	case p.Currency != l.currency():
		f.Add("CURRENCY_MISMATCH", at+".currency", "The price is not in the currency of the link.")
	case p.Minor < 0 || l.MinPrice != nil && p.Minor < l.MinPrice.Minor:
		f.Add("AMOUNT_BELOW_MIN", at, "The price is less than the least one.")
	case p.Minor > MaxAmount || l.MaxPrice != nil && p.Minor > l.MaxPrice.Minor:
		f.Add("AMOUNT_ABOVE_MAX", at, "The price is more than the greatest one.")
	default:
		out.UnitPrice = &p
	}
	if out.UnitPrice == nil {
		if !sent {
			f.Add("LINE_ITEM_UNIT_PRICE_REQUIRED", at, "Name a price.")
		}
		out.UnitPrice = &money.Amount{Currency: l.currency()}
	}
	return out
}

// answers are the metadata of the order: the link's own, and what the buyer answered.
func (l *Link) answers(f *fault.List, given map[string]string) map[string]string {
	out := maps.Clone(l.Metadata)
	if out == nil {
		out = map[string]string{}
	}
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if !slices.ContainsFunc(l.Fields, func(x Field) bool { return x.Key == key }) {
			f.Add("UNKNOWN_CUSTOM_FIELD_KEY", "custom_field_values", "The link has no field of this key.")
		}
	}
	for i := range l.Fields {
		field := &l.Fields[i]
		at := "custom_field_values." + field.Key
		v := strings.TrimSpace(given[field.Key])
		switch {
		case field.Required && (v == "" || field.Type == FieldCheckbox && v != "true"):
			f.Add("REQUIRED_CUSTOM_FIELD_MISSING", at, "This field is required.")
			continue
		case v == "":
			continue
		}
		switch field.Type {
		case FieldDropdown:
			if !slices.Contains(field.Options, v) {
				f.Add("INVALID_DROPDOWN_VALUE", at, "Choose one of the options.")
				continue
			}
		case FieldCheckbox:
			if v != "true" && v != "false" {
				f.Add("INVALID_FIELD_VALUE", at, "A box is true or false.")
				continue
			}
		default:
			if utf8.RuneCountInString(v) > int(field.MaxLength) {
				f.Add("VALUE_TOO_LONG", at, "The text is longer than %d characters.", field.MaxLength)
				continue
			}
			text.Rule{Max: maxAnswer, Lines: field.Type == FieldTextarea}.Check(f, at, v)
		}
		out[FieldPrefix+field.Key] = v
	}
	return out
}

// units is what an order takes of an event's tickets.
func units(o *order.Order) int64 {
	n := int64(0)
	for i := range o.Lines {
		n += o.Lines[i].Quantity
	}
	return n
}

// Valid tells whether v looks like the id of a link.
func Valid(v string) bool { return id.Valid(id.PaymentLink, v) }
