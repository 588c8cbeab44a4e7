package returns

import (
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/order"
)

// advanceGoods takes one step that goods take by themselves. None does so far.
func (s *Service) advanceGoods(tx db.Tx, o *order.Order, r *Return, cause event.Cause, c *change) (bool, error) {
	return false, nil
}
