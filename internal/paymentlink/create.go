package paymentlink

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"unicode"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/order"
	"flint/internal/tenant"
)

// CreateInput describes a new link. Of Link the domain sets id, status, version and counts itself; ids of
// lines and fields are given by it too.
type CreateInput struct {
	Scope tenant.Scope
	Cause event.Cause
	Link  Link
}

// Create writes an active link. With Link.OrderID it is bound to an open order that is not paid.
//
// Faults: those of the rules of a link and of a session, RESOURCE_NOT_FOUND, PAYMENT_LINK_LINE_ITEM_UNAVAILABLE,
// CURRENCY_MISMATCH, ORDER_NOT_OPEN, ORDER_ALREADY_PAID, ORDER_COLLECTION_ALREADY_ACTIVE.
func (s *Service) Create(ctx context.Context, tx db.Tx, in CreateInput) (*Link, error) {
	if err := in.Scope.Check(); err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	l := in.Link
	l.Scope, l.ID, l.Status, l.Version, l.CreatedAt, l.UpdatedAt = in.Scope, s.IDs.New(id.PaymentLink), StatusActive, 1, now, now
	l.Type = cmp.Or(l.Type, TypeStandard)
	s.complete(&l)
	if err := l.check(now, true); err != nil {
		return nil, err
	}
	if err := s.checkSources(tx, &l); err != nil {
		return nil, err
	}
	if l.OrderID != "" {
		o, err := s.Orders.Load(tx, in.Scope, l.OrderID)
		if err != nil {
			return nil, err
		}
		if err := checkPayable(o, &l); err != nil {
			return nil, err
		}
	}
	return &l, insert(tx, &l)
}

func checkPayable(o *order.Order, l *Link) error {
	switch {
	case o.Status != order.StatusOpen:
		return fault.Conflict("ORDER_NOT_OPEN", "The order is closed and cannot be checked out.")
	case o.DerivePaymentStatus() == order.PaymentPaid:
		return fault.Conflict("ORDER_ALREADY_PAID", "The order is paid; nothing is outstanding.")
	}
	return o.CheckCollectable(l.Session.ReturnResolutionID)
}

// complete gives lines and fields their ids, keys and defaults.
func (s *Service) complete(l *Link) {
	taken := map[string]bool{}
	for i := range l.Lines {
		taken[l.Lines[i].Key] = true
	}
	for i := range l.Lines {
		line := &l.Lines[i]
		if line.ID == "" {
			line.ID = s.IDs.New(id.PaymentLinkLine)
		}
		if line.Quantity == 0 {
			line.Quantity = 1
			if line.MinQuantity != nil {
				line.Quantity = *line.MinQuantity
			}
		}
		for n := 1; line.Key == ""; n++ {
			key := keyOf(cmp.Or(line.Name, "item"))
			if n > 1 {
				key += "-" + strconv.Itoa(n)
			}
			if !taken[key] {
				line.Key, taken[key] = key, true
			}
		}
	}
	for i := range l.Fields {
		f := &l.Fields[i]
		if f.ID == "" {
			f.ID = s.IDs.New(id.PaymentLinkField)
		}
		switch {
		case f.MaxLength != 0:
		case f.Type == FieldText:
			f.MaxLength = 255
		case f.Type == FieldTextarea:
			f.MaxLength = 1000
		}
	}
}

// keyOf makes a key of a line's name: its letters and digits, joined by hyphens.
func keyOf(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	key := []rune(cmp.Or(strings.Join(words, "-"), "item"))
	return string(key[:min(len(key), 100)])
}

// checkSources refuses variants that cannot be sold, and lines of several currencies.
func (s *Service) checkSources(tx db.Tx, l *Link) error {
	var ids []string
	for i := range l.Lines {
		if v := l.Lines[i].VariantID; v != "" {
			ids = append(ids, v)
		}
	}
	offers, err := s.Catalog.Offers(tx, l.Scope, ids)
	if err != nil {
		return err
	}
	var f fault.List
	first := ""
	for i := range l.Lines {
		line, at := &l.Lines[i], "line_items["+strconv.Itoa(i)+"]"
		currency := string(line.currency())
		if line.VariantID != "" {
			o := offers[line.VariantID]
			if o == nil || !o.Sellable() {
				e := fault.Conflict("PAYMENT_LINK_LINE_ITEM_UNAVAILABLE", "There is no such variant that is active.")
				e.Param = at + ".variant_id"
				return e
			}
			currency = string(o.Variant.Currency)
		}
		if first = cmp.Or(first, currency); currency != first {
			f.Add("CURRENCY_MISMATCH", at+".unit_price_money.currency", "All lines of a link have one currency.")
		}
	}
	return f.Err()
}
