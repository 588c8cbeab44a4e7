package order

import (
	"flint/internal/db"
	"flint/internal/event"
)

// Unclaimed is the money of the order that may stand in the inbox of stranded payments: its credit, or all
// that was collected and not given back once the order is closed, for a closed order delivers nothing more.
func (o *Order) Unclaimed() int64 {
	if o.Status == StatusClosed {
		return max(o.NetCollected(), 0)
	}
	return o.Credit()
}

// SetStranded notes whether money of the order waits in the inbox. Nothing is announced by it.
func (s *Service) SetStranded(tx db.Tx, o *Order, stranded bool, cause event.Cause) error {
	if o.Stranded == stranded {
		return nil
	}
	o.Stranded = stranded
	return s.Save(tx, o, cause, Change{Events: Quiet})
}
