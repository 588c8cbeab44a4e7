package recovery

import (
	"errors"
	"fmt"

	"flint/internal/db"
	"flint/internal/order"
	"flint/internal/payment"
)

// attribute says what brought the money of an order whose buyer had left: the session it was paid through,
// the link that was opened last, or else the newest action since the buyer left.
func (s *Service) attribute(tx db.Tx, o *order.Order, r *Recovery) (*Attribution, error) {
	a := &Attribution{}
	newest, err := payment.NewestAttempt(tx, o.Scope, o.ID, "")
	if err != nil {
		return nil, err
	}
	if newest != nil {
		a.SessionID = newest.CheckoutSessionID
	}
	link, err := openedLast(tx, r)
	if err != nil {
		return nil, err
	}
	if link != nil {
		a.LinkID, a.Source, a.Step, a.ActionID, a.AppID = link.ID, link.Source, link.Step, link.ActionID, link.AppID
		return a, nil
	}
	var actor, actorID string
	err = tx.QueryRow([]any{&a.ActionID, &actor, &actorID}, `SELECT action_id, actor_type, actor_id FROM recovery_actions
		WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3 AND state = 'done' AND type <> 'recovery_link' AND created_at >= $4
		ORDER BY created_at DESC, action_id DESC LIMIT 1`, o.Scope.MerchantID, o.Scope.EnvironmentID, o.ID, r.AbandonedAt)
	if errors.Is(err, db.ErrNoRows) {
		return a, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find the action that brought a buyer back: %w", err)
	}
	if actor == "app" {
		a.AppID = actorID
	}
	return a, nil
}
