package checkout

import (
	"context"
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/order"
	"flint/internal/tenant"
)

// endData is the data object of closed, expired and invalidated events.
type endData struct {
	CheckoutSessionID string    `json:"checkout_session_id"`
	Status            string    `json:"status"`
	Reason            string    `json:"reason"`
	UpdatedAt         time.Time `json:"resource_updated_at"`
	OrderID           string    `json:"order_id"`
	InvoiceID         string    `json:"invoice_id,omitempty"`
	PaymentLinkID     string    `json:"payment_link_id,omitempty"`
	ExpiredAt         time.Time `json:"expired_at,omitzero"`
	SupersedingID     string    `json:"superseding_checkout_session_id,omitempty"`
}

// completedData is the data object of checkout_session.completed; open beyond the id.
type completedData struct {
	CheckoutSessionID string    `json:"checkout_session_id"`
	Status            string    `json:"status"`
	OrderID           string    `json:"order_id"`
	InvoiceID         string    `json:"invoice_id,omitempty"`
	PaymentLinkID     string    `json:"payment_link_id,omitempty"`
	UpdatedAt         time.Time `json:"resource_updated_at"`
}

// end moves an open session to a final status, with its event. The order is locked.
func (s *Service) end(tx db.Tx, o *order.Order, session *Session, status, reason string, cause event.Cause) error {
	now := s.Clock.Now()
	s.Failpoints.Hit("checkout.ended")
	session.Status, session.TerminalReason = status, reason
	session.ContactUntil = now.Add(contactFor)
	if o.ActiveAttemptID != "" && status != StatusPaid && status != StatusPartiallyPaid {
		session.Detail.RecoveryID, session.Detail.RecoveryUntil = o.ActiveAttemptID, now.Add(recoveryWindow)
	}
	if err := save(tx, session, now); err != nil {
		return err
	}
	n := event.New{RootType: "checkout_session", RootID: session.ID, ResourceType: "checkout_session", ResourceID: session.ID}
	switch status {
	case StatusPaid, StatusPartiallyPaid:
		n.Type = "checkout_session.completed"
		n.Data = completedData{CheckoutSessionID: session.ID, Status: status, OrderID: o.ID, InvoiceID: session.InvoiceID, PaymentLinkID: session.PaymentLinkID, UpdatedAt: now}
	default:
		n.Type = "checkout_session." + status
		d := endData{
			CheckoutSessionID: session.ID, Status: status, Reason: reason, UpdatedAt: now, OrderID: o.ID, InvoiceID: session.InvoiceID,
			PaymentLinkID: session.PaymentLinkID, SupersedingID: session.SupersedingID,
		}
		if status == StatusExpired {
			d.ExpiredAt = session.ExpiresAt
		}
		n.Data = d
	}
	if err := s.Events.Record(tx, session.Scope, now, cause, n); err != nil {
		return err
	}
	for _, f := range s.Ended {
		if err := f(tx, o, session, cause); err != nil {
			return err
		}
	}
	return nil
}

// CloseInput ends an open session on purpose.
type CloseInput struct {
	Scope     tenant.Scope
	SessionID string
	Reason    string // for the merchant, never shown to the buyer
	Cause     event.Cause
}

// Close ends an open session.
//
// Faults: RESOURCE_NOT_FOUND, CHECKOUT_SESSION_NOT_OPEN, CHECKOUT_PAYMENT_RESOLVING.
func (s *Service) Close(tx db.Tx, in CloseInput) (*Session, error) {
	o, session, err := s.lock(tx, in.Scope, in.SessionID)
	if err != nil {
		return nil, err
	}
	if !session.Open(s.Clock.Now()) {
		return nil, fault.Conflict("CHECKOUT_SESSION_NOT_OPEN", "The checkout session has ended.").With("current_status", session.statusNow(s.Clock.Now()))
	}
	if o.ActiveAttemptID != "" {
		return nil, resolving(o)
	}
	session.Detail.ClosedReason = in.Reason
	if err := s.end(tx, o, session, StatusClosed, ReasonAPI, in.Cause); err != nil {
		return nil, err
	}
	dropped, err := s.Orders.DropSessionCodes(tx.Context(), tx, o, session.ID)
	if err == nil && dropped {
		err = s.Orders.Save(tx, o, in.Cause, order.Change{Activities: []order.NewActivity{{
			Type: order.ActivityDiscountRemoved, Description: "Codes of a closed checkout removed.",
		}}})
	}
	return session, err
}

// lock reads a session and locks first its order, then the session.
func (s *Service) lock(tx db.Tx, scope tenant.Scope, sessionID string) (*order.Order, *Session, error) {
	peek, err := Get(tx, scope, sessionID)
	if err != nil {
		return nil, nil, err
	}
	o, err := s.Orders.Load(tx, scope, peek.OrderID)
	if err != nil {
		return nil, nil, err
	}
	session, err := load(tx, scope, sessionID)
	return o, session, err
}

// OrderSettled ends the order's open session once the order is paid, in the payment's transaction.
func (s *Service) OrderSettled(tx db.Tx, o *order.Order, cause event.Cause) error {
	if len(o.CheckoutSessionIDs) == 0 {
		return nil
	}
	session, err := openOf(tx, o.Scope, o.ID)
	if err != nil {
		return err
	}
	// The only session there was, without a payer, can have brought none.
	if session == nil || len(o.CheckoutSessionIDs) > 1 || session.Detail.PayerID != "" {
		if err := s.takePayer(tx, o, cause); err != nil {
			return err
		}
		if session, err = openOf(tx, o.Scope, o.ID); err != nil || session == nil {
			return err
		}
	}
	if o.Outstanding() > 0 {
		return s.end(tx, o, session, StatusPartiallyPaid, ReasonPartiallyPaid, cause)
	}
	return s.end(tx, o, session, StatusPaid, ReasonPaid, cause)
}

// OrderRepriced ends the order's open session when somebody other than its buyer changed what the
// order costs: the page would show another amount than it charges.
func (s *Service) OrderRepriced(tx db.Tx, o *order.Order, cause event.Cause) error {
	if len(o.CheckoutSessionIDs) == 0 {
		return nil
	}
	session, err := openOf(tx, o.Scope, o.ID)
	if err != nil || session == nil || session.ID == cause.CheckoutSessionID {
		return err
	}
	return s.end(tx, o, session, StatusInvalidated, ReasonOrderMutated, cause)
}

// Expire ends the sessions whose time has run out and tells how many it worked on.
func (s *Service) Expire(ctx context.Context, d db.DB, limit int) (int, error) {
	now := s.Clock.Now()
	var due []*Session
	err := d.Read(ctx, func(tx db.Tx) error {
		return tx.Query(func(r db.Row) error {
			session := &Session{}
			err := r.Scan(&session.Scope.MerchantID, &session.Scope.EnvironmentID, &session.ID)
			due = append(due, session)
			return err
		}, `SELECT merchant_id, environment_id, checkout_session_id FROM checkout_sessions
			WHERE status = 'open' AND expires_at <= $1 ORDER BY expires_at LIMIT $2`, now, limit)
	})
	if err != nil {
		return 0, err
	}
	cause := event.Cause{ActorType: "system"}
	for _, found := range due {
		s.Failpoints.Hit("checkout.expiring")
		err := d.Write(ctx, func(tx db.Tx) error {
			o, session, err := s.lock(tx, found.Scope, found.ID)
			if err != nil || session.Status != StatusOpen || session.Open(s.Clock.Now()) {
				return err
			}
			if err := s.end(tx, o, session, StatusExpired, ReasonExpired, cause); err != nil {
				return err
			}
			dropped, err := s.Orders.DropSessionCodes(ctx, tx, o, session.ID)
			if err != nil {
				return err
			}
			events := order.Quiet
			if dropped {
				events = nil
			}
			return s.Orders.Save(tx, o, cause, order.Change{
				Activities: []order.NewActivity{{
					Type: order.ActivitySessionExpired, Description: "Checkout session expired.", RefType: order.RefCheckoutSession, RefID: session.ID,
				}},
				Events: events,
			})
		})
		if err != nil {
			return 0, fmt.Errorf("expire checkout session %s: %w", found.ID, err)
		}
	}
	return len(due), nil
}
