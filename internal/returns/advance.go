package returns

import (
	"fmt"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/order"
)

// maxRounds bounds what may follow from one change by itself; a return comes to rest in a few.
const maxRounds = 64

// save writes a return that Load gave, or a new one, in the same transaction: it derives what follows from the
// facts, lets happen what happens by itself, and stores the rows that changed with their events under the next
// version.
func (s *Service) save(tx db.Tx, o *order.Order, r *Return, cause event.Cause, c change) error {
	now := s.Clock.Now()
	derive(r, now)
	for round := 0; ; round++ {
		moved, err := s.advance(tx, o, r, cause, &c)
		if err != nil {
			return err
		}
		if !moved {
			break
		}
		if round == maxRounds {
			return fmt.Errorf("return %s does not come to rest in %d steps", r.ID, round)
		}
		derive(r, now)
	}
	if err := c.noteRejected(r); err != nil {
		return err
	}
	r.Version, r.UpdatedAt = r.stored.version+1, now
	if err := write(tx, r); err != nil {
		return err
	}
	s.Failpoints.Hit("return.saved")
	if err := s.record(tx, r, now, cause, c); err != nil {
		return err
	}
	if s.Letters != nil {
		for _, kind := range c.mails() {
			if err := s.Letters(tx, o, r, kind, now); err != nil {
				return fmt.Errorf("write to the buyer of return %s: %w", r.ID, err)
			}
		}
	}
	for _, f := range s.Changed {
		if err := f(tx, o, r, cause); err != nil {
			return err
		}
	}
	return nil
}

// advance takes one step that follows from the facts by itself and tells whether it took one.
func (s *Service) advance(tx db.Tx, o *order.Order, r *Return, cause event.Cause, c *change) (bool, error) {
	if moved, err := s.advanceDecision(tx, r, c); moved || err != nil {
		return moved, err
	}
	if s.advanceGoods(r, c) {
		return true, nil
	}
	if moved, err := s.advanceValue(tx, o, r, cause, c); moved || err != nil {
		return moved, err
	}
	return s.advanceCompletion(r, c), nil
}
