package recovery

import (
	"flint/internal/db"
	"flint/internal/tenant"
)

// Asking is what a checkout page has to know about reminders.
type Asking struct {
	On     bool // the merchant reminds, so an address that is typed in is worth keeping
	Ask    bool // and only those who agree
	Agreed bool
}

// Asks tells what the page of an order's checkout asks its buyer.
func (s *Service) Asks(tx db.Tx, scope tenant.Scope, orderID string) (Asking, error) {
	p, err := s.plan(tx, scope)
	if err != nil || s.Queue == nil || len(p.Steps) == 0 || p.MerchantSends {
		return Asking{}, err
	}
	out := Asking{On: true, Ask: p.OptIn}
	found, err := query(tx, scope, `order_id = $3 AND ended_at IS NULL`, orderID)
	if err == nil && len(found) > 0 && found[0].Detail.Consent != nil {
		out.Agreed = *found[0].Detail.Consent
	}
	return out, err
}

// Agree notes whether the buyer of an order wants to be reminded of it. It locks the order.
func (s *Service) Agree(tx db.Tx, scope tenant.Scope, orderID string, yes bool) error {
	o, err := s.Orders.Load(tx, scope, orderID)
	if err != nil {
		return err
	}
	r, err := live(tx, scope, o.ID)
	if err != nil || r == nil {
		return err
	}
	r.Detail.Consent = &yes
	return save(tx, r, s.Clock.Now())
}
