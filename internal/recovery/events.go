package recovery

import (
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/id"
	"flint/internal/order"
)

const (
	eventAbandoned = "checkout_session.abandoned"
	eventRecovered = "checkout_session.recovered"
)

// abandonedData is the data object of checkout_session.abandoned. The address of the link is a secret of the
// buyer's; it goes to those who may read checkout sessions.
type abandonedData struct {
	CheckoutSessionID string    `json:"checkout_session_id"`
	OrderID           string    `json:"order_id"`
	RecoveryID        string    `json:"recovery_id"`
	Reason            string    `json:"reason"`
	LastActivityAt    time.Time `json:"last_activity_at"`
	ContactKnown      bool      `json:"is_contact_known"`
	RecoveryURL       string    `json:"recovery_url"`
	UpdatedAt         time.Time `json:"resource_updated_at"`
}

// recoveredData is the data object of checkout_session.recovered.
type recoveredData struct {
	CheckoutSessionID string       `json:"checkout_session_id"`
	OrderID           string       `json:"order_id"`
	RecoveryID        string       `json:"recovery_id"`
	Attribution       *Attribution `json:"attribution"`
	UpdatedAt         time.Time    `json:"resource_updated_at"`
}

func (s *Service) newID() string { return s.IDs.New(id.Recovery) }

func (s *Service) recordAbandoned(tx db.Tx, r *Recovery, now time.Time) error {
	o, err := s.Orders.Get(tx.Context(), tx, r.Scope, r.OrderID)
	if err != nil {
		return err
	}
	email, _, err := contactOf(tx, r.Scope, o)
	if err != nil {
		return err
	}
	link, err := s.mint(tx, &Link{Scope: r.Scope, OrderID: r.OrderID, RecoveryID: r.ID, Source: SourceEvent}, now)
	if err != nil {
		return err
	}
	return s.record(tx, r, eventAbandoned, system, now, abandonedData{
		CheckoutSessionID: r.SessionID, OrderID: r.OrderID, RecoveryID: r.ID, Reason: r.Reason, LastActivityAt: r.LastActivityAt,
		ContactKnown: email != "", RecoveryURL: s.URL(r.Scope, link.ID), UpdatedAt: now,
	})
}

func (s *Service) recordRecovered(tx db.Tx, o *order.Order, r *Recovery, cause event.Cause, now time.Time) error {
	return s.record(tx, r, eventRecovered, cause, now, recoveredData{
		CheckoutSessionID: r.SessionID, OrderID: o.ID, RecoveryID: r.ID, Attribution: r.Detail.Attribution, UpdatedAt: now,
	})
}

func (s *Service) record(tx db.Tx, r *Recovery, kind string, cause event.Cause, now time.Time, data any) error {
	return s.Events.Record(tx, r.Scope, now, cause, event.New{
		Type: kind, RootType: "checkout_session", RootID: r.SessionID, ResourceType: "checkout_session", ResourceID: r.SessionID, Data: data,
	})
}
