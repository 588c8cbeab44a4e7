package order

import (
	"context"

	"flint/internal/db"
	"flint/internal/event"
)

// AutomaticOff keeps promotions from coming to an order by themselves, takes those off that did, and
// saves it. The caller has loaded the order in this transaction and found that it may change.
func (s *Service) AutomaticOff(ctx context.Context, tx db.Tx, o *Order, cause event.Cause) error {
	if o.AutomaticOff || o.promotionsFixed() {
		return nil
	}
	o.AutomaticOff = true
	if err := s.reprice(ctx, tx, o); err != nil {
		return err
	}
	return s.Save(tx, o, cause, Change{Activities: []NewActivity{{Type: ActivityUpdated, Description: "Automatic promotions switched off."}}})
}
