package paymentlink

import (
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/order"
	"flint/internal/payment"
)

// ClaimFailed is the failure code of an attempt that found no place left.
const ClaimFailed = "payment_link_capacity_claim_failed"

// Register makes the payments ask for places.
func (s *Service) Register(p *payment.Service) {
	p.Admit = append(p.Admit, s.admit)
	p.Ended = append(p.Ended, s.ended)
	p.Settled = append(p.Settled, s.settled)
}

// admit claims a place for the order, in the transaction that starts its payment. Once part of the money is
// in, the place is the buyer's: the rest is taken even when the link has sold out meanwhile.
func (s *Service) admit(tx db.Tx, o *order.Order, _ string) (string, error) {
	c, err := claimOf(tx, o)
	if err != nil || c == nil || c.state == claimCounted {
		return "", err
	}
	places, quantity := int64(1), units(o)
	if c.state == claimHeld {
		places = 0
		if quantity -= c.quantity; quantity == 0 {
			return "", nil
		}
	}
	taken, err := hold(tx, c, places, quantity, o.Settlement.Paid > 0 || quantity < 0)
	if err != nil {
		return "", err
	}
	if !taken {
		return ClaimFailed, nil
	}
	s.Failpoints.Hit("paymentlink.claimed")
	c.state, c.quantity = claimHeld, units(o)
	return "", saveClaim(tx, c, s.Clock.Now())
}

// ended gives the place of an attempt back that brought no money.
func (s *Service) ended(tx db.Tx, o *order.Order, _ string, _ event.Cause) error {
	if o.Settlement.Paid > 0 {
		return nil
	}
	c, err := claimOf(tx, o)
	if err != nil || c == nil || c.state != claimHeld {
		return err
	}
	if _, err := hold(tx, c, -1, -c.quantity, true); err != nil {
		return err
	}
	s.Failpoints.Hit("paymentlink.released")
	c.state = claimReleased
	return saveClaim(tx, c, s.Clock.Now())
}

// settled counts a paid order. Money that came for a place that was given back is counted as well: the
// buyer has paid, and the claim says that it was late.
func (s *Service) settled(tx db.Tx, o *order.Order, cause event.Cause) error {
	c, err := claimOf(tx, o)
	if err != nil || c == nil || c.state == claimCounted {
		return err
	}
	now := s.Clock.Now()
	if o.DerivePaymentStatus() != order.PaymentPaid {
		if c.state == claimHeld {
			return nil
		}
		if _, err := hold(tx, c, 1, units(o), true); err != nil {
			return err
		}
		c.state, c.quantity, c.late = claimHeld, units(o), true
		return saveClaim(tx, c, now)
	}
	held, quantity := int64(1), c.quantity
	if c.state != claimHeld {
		held, quantity, c.late = 0, 0, true
	}
	if err := count(tx, c, held, quantity, units(o), now); err != nil {
		return err
	}
	s.Failpoints.Hit("paymentlink.counted")
	c.state, c.quantity = claimCounted, units(o)
	if err := saveClaim(tx, c, now); err != nil {
		return err
	}
	return s.sendTickets(tx, c, o, cause)
}

// hold takes places and units, negative to give back; false when the link has not as many left. With force
// it takes them in any case.
func hold(tx db.Tx, c *claim, places, quantity int64, force bool) (bool, error) {
	limit := ` AND (max_completions = 0 OR completed + held + $4 <= max_completions) AND (max_quantity = 0 OR sold + held_quantity + $5 <= max_quantity)`
	if force {
		limit = ""
	}
	n, err := tx.Exec(`UPDATE payment_links SET held = held + $4, held_quantity = held_quantity + $5
		WHERE merchant_id = $1 AND environment_id = $2 AND payment_link_id = $3`+limit,
		c.scope.MerchantID, c.scope.EnvironmentID, c.linkID, places, quantity)
	if err != nil {
		return false, fmt.Errorf("claim a place of the payment link: %w", err)
	}
	return n == 1, nil
}

// count turns what was held into a completion.
func count(tx db.Tx, c *claim, held, heldQuantity, sold int64, now time.Time) error {
	_, err := tx.Exec(`UPDATE payment_links SET held = held - $4, held_quantity = held_quantity - $5, completed = completed + 1, sold = sold + $6, updated_at = $7
		WHERE merchant_id = $1 AND environment_id = $2 AND payment_link_id = $3`,
		c.scope.MerchantID, c.scope.EnvironmentID, c.linkID, held, heldQuantity, sold, now)
	if err != nil {
		return fmt.Errorf("count a completion of the payment link: %w", err)
	}
	return nil
}
