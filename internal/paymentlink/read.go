package paymentlink

import (
	"context"

	"flint/internal/catalog"
	"flint/internal/db"
	"flint/internal/order"
	"flint/internal/tenant"
)

// Public is what a buyer may see of a link.
type Public struct {
	Link    *Link
	Offers  map[string]*catalog.Offer // variants of the link's lines, by id
	Order   *order.Order              // of a bound link
	Context Context
}

// Available tells whether the line can be sold now.
func (p *Public) Available(l *Line) bool {
	o := p.Offers[l.VariantID]
	return l.VariantID == "" || o != nil && o.Sellable()
}

// ReadPublic reads a link as buyers see it, with a context to resolve it.
func (s *Service) ReadPublic(ctx context.Context, tx db.Tx, linkID string) (*Public, error) {
	l, err := Find(tx, linkID)
	if err != nil {
		return nil, err
	}
	p := &Public{Link: l, Context: s.NewContext(l)}
	if p.Offers, err = s.Offers(tx, l.Scope, []*Link{l}); err != nil {
		return nil, err
	}
	if p.Order, err = s.Bound(ctx, tx, l); err != nil {
		return nil, err
	}
	return p, nil
}

// Bound reads the order of a bound link, nil for others, and makes the link say what its order says: it is
// completed once the order is paid, and inactive once the order is closed.
func (s *Service) Bound(ctx context.Context, tx db.Tx, l *Link) (*order.Order, error) {
	if l.OrderID == "" {
		return nil, nil
	}
	o, err := s.Orders.Get(ctx, tx, l.Scope, l.OrderID)
	if err != nil {
		return nil, err
	}
	l.MaxCompletions = 1
	if o.DerivePaymentStatus() == order.PaymentPaid {
		l.Completed = 1
	} else if o.Status != order.StatusOpen {
		l.Status = StatusInactive
	}
	return o, nil
}

// Offers reads the variants that links sell, as they are in the catalogue now.
func (s *Service) Offers(tx db.Tx, scope tenant.Scope, links []*Link) (map[string]*catalog.Offer, error) {
	var ids []string
	for _, l := range links {
		for i := range l.Lines {
			if v := l.Lines[i].VariantID; v != "" {
				ids = append(ids, v)
			}
		}
	}
	return s.Catalog.Offers(tx, scope, ids)
}
