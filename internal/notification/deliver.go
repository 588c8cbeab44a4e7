package notification

import (
	"context"
	"errors"
	"fmt"

	"flint/internal/db"
	"flint/internal/tenant"
)

// receiptPayload is what the job of a receipt carries: names, nothing personal.
type receiptPayload struct {
	OrderID string `json:"order_id"`
	MailID  string `json:"mail_id"`
}

// deliver sends a queued receipt and writes down how that ended. A mail that is refused for good ends
// the job; another error lets the queue try again.
func (s *Service) deliver(ctx context.Context, scope tenant.Scope, p receiptPayload) error {
	var m Message
	due := false
	err := s.DB.Write(ctx, func(tx db.Tx) error {
		r, err := findReceipt(tx, scope, p.OrderID, p.MailID)
		if due = err == nil && r.State == StateQueued; !due {
			return err
		}
		o, err := s.Orders(ctx, tx, scope, p.OrderID)
		if err != nil {
			return fmt.Errorf("read the order of a receipt: %w", err)
		}
		brand := Brand{}
		if s.Brand != nil {
			if brand, err = s.Brand(tx, scope); err != nil {
				return fmt.Errorf("read the look of a receipt: %w", err)
			}
		}
		brand.Merchant = o.Merchant
		c := o.receipt()
		c.To = r.Address
		m, err = s.compose(letterRow{Scope: scope, MailID: r.MailID, CreatedAt: r.CreatedAt}, c, brand)
		return err
	})
	if err != nil || !due {
		return err
	}
	state := StateSent
	if err := s.Sender.Send(ctx, m); err != nil {
		if !errors.Is(err, ErrRejected) {
			return fmt.Errorf("send a receipt: %w", err)
		}
		state = StateRejected
	}
	// Sent is sent: a server that is told to stop still writes it down.
	return s.DB.Write(context.WithoutCancel(ctx), func(tx db.Tx) error {
		return endReceipt(tx, scope, p.OrderID, p.MailID, state, s.Clock.Now())
	})
}
