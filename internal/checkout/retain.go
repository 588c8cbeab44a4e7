package checkout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/tenant"
)

// EraseContacts forgets what buyers typed into sessions that ended thirty days ago, and tells how many it
// worked on. What was prefilled by the merchant, and what the order keeps, is not touched.
func (s *Service) EraseContacts(ctx context.Context, d db.DB, limit int) (int, error) {
	now := s.Clock.Now()
	var due []*Session
	err := d.Read(ctx, func(tx db.Tx) error {
		due = nil
		return tx.Query(func(r db.Row) error {
			session := &Session{}
			err := r.Scan(&session.Scope.MerchantID, &session.Scope.EnvironmentID, &session.ID)
			due = append(due, session)
			return err
		}, `SELECT merchant_id, environment_id, checkout_session_id FROM checkout_sessions
			WHERE contact_until IS NOT NULL AND contact_until <= $1 ORDER BY contact_until LIMIT $2`, now, limit)
	})
	if err != nil {
		return 0, fmt.Errorf("find contacts to erase: %w", err)
	}
	var failed []error
	for _, found := range due {
		s.Failpoints.Hit("checkout.erasing")
		err := d.Write(ctx, func(tx db.Tx) error {
			session, err := load(tx, found.Scope, found.ID)
			if err != nil || session.ContactUntil.IsZero() || session.ContactUntil.After(now) {
				return err
			}
			return s.erase(tx, session)
		})
		if err != nil {
			failed = append(failed, fmt.Errorf("erase the contact of checkout session %s: %w", found.ID, err)) // the others have their turn
		}
	}
	return len(due) - len(failed), errors.Join(failed...)
}

// EraseCustomer forgets what the sessions of a customer hold of the person: what was typed, what the
// merchant prefilled, and every credential that acts for them. Whoever deletes the customer calls it in the
// same transaction.
func (s *Service) EraseCustomer(tx db.Tx, scope tenant.Scope, customerID string) error {
	sessions, err := query(tx, scope, `customer_id = $3`, customerID)
	if err != nil {
		return fmt.Errorf("find the checkout sessions of a customer: %w", err)
	}
	for _, session := range sessions {
		c := &session.Detail.Collection
		c.Email, c.Phone, c.Billing, c.Shipping = "", "", nil, nil
		if err := s.erase(tx, session); err != nil {
			return err
		}
	}
	return tx.Send(`UPDATE checkout_credentials SET customer_id = '', email = ''
		WHERE merchant_id = $1 AND environment_id = $2 AND customer_id = $3`, scope.MerchantID, scope.EnvironmentID, customerID)
}

// erase forgets the contact, the address and time zone that go with it, and the codes that were sent. It
// is no change of the session that anybody has to hear of, so updated_at stays.
func (s *Service) erase(tx db.Tx, session *Session) error {
	session.Detail.Contact, session.Detail.Timezone, session.ContactUntil = nil, "", time.Time{}
	if err := tx.Send(`DELETE FROM checkout_verifications WHERE merchant_id = $1 AND environment_id = $2 AND checkout_session_id = $3`,
		session.Scope.MerchantID, session.Scope.EnvironmentID, session.ID); err != nil {
		return err
	}
	return save(tx, session, session.UpdatedAt)
}
