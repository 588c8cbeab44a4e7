package returns

import (
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/order"
)

// advanceValue takes one step that value takes by itself. None does so far.
func (s *Service) advanceValue(tx db.Tx, o *order.Order, r *Return, cause event.Cause, c *change) (bool, error) {
	return false, nil
}
