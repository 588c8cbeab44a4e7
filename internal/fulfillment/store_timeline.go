package fulfillment

import (
	"fmt"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/tenant"
)

const eventColumns = `event_id, order_id, fulfillment_id, shipment_id, package_id, event_type, kind, external_system, external_event_id, doc,
	occurred_at, received_at`

func scanEvent(row db.Row, scope tenant.Scope) (*Event, error) {
	e := &Event{Scope: scope}
	var doc string
	if err := row.Scan(&e.ID, &e.OrderID, &e.FulfillmentID, &e.ShipmentID, &e.PackageID, &e.Type, &e.Kind, &e.ExternalSystem,
		&e.ExternalEventID, &doc, &e.OccurredAt, &e.ReceivedAt); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(doc), e); err != nil {
		return nil, fmt.Errorf("decode fulfillment event %s: %w", e.ID, err)
	}
	return e, nil
}

// GetEvent reads a row of the timeline; RESOURCE_NOT_FOUND when the environment has none with the id.
func GetEvent(tx db.Tx, scope tenant.Scope, eventID string) (*Event, error) {
	return oneEvent(tx, scope, "fulfillment event", `event_id = $3`, eventID)
}

func oneEvent(tx db.Tx, scope tenant.Scope, what, where string, args ...any) (*Event, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	var e *Event
	err := tx.Query(func(row db.Row) (err error) {
		e, err = scanEvent(row, scope)
		return err
	}, `SELECT `+eventColumns+` FROM fulfillment_events WHERE merchant_id = $1 AND environment_id = $2 AND `+where,
		append([]any{scope.MerchantID, scope.EnvironmentID}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("read a %s: %w", what, err)
	}
	if e == nil {
		return nil, fault.NotFound(what)
	}
	return e, nil
}

// record gives an event its ids and writes it.
func (s *Service) record(tx db.Tx, scope tenant.Scope, e *Event) error {
	e.Scope, e.ID = scope, s.IDs.New(id.FulfillmentEvent)
	if e.Type == EventStatusChanged {
		prefix := map[string]string{"fulfillment": id.FulfillmentStatusUpdate, "shipment": id.ShipmentStatusUpdate, "package": id.PackageStatusUpdate}
		e.UpdateID = s.IDs.New(prefix[e.Subject()])
	}
	doc, err := json.Marshal(e, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("encode a fulfillment event: %w", err)
	}
	n, err := tx.Exec(`INSERT INTO fulfillment_events (merchant_id, environment_id, event_id, order_id, fulfillment_id, shipment_id, package_id,
		event_type, kind, external_system, external_event_id, doc, occurred_at, received_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING`,
		scope.MerchantID, scope.EnvironmentID, e.ID, e.OrderID, e.FulfillmentID, e.ShipmentID, e.PackageID, e.Type, e.Kind, e.ExternalSystem,
		e.ExternalEventID, string(doc), e.OccurredAt, e.ReceivedAt)
	if err != nil {
		return fmt.Errorf("write a fulfillment event: %w", err)
	}
	if n == 0 { // the same event of the provider, under another order at the same time
		return dedupeConflict()
	}
	return nil
}

func dedupeConflict() error {
	return fault.Conflict("FULFILLMENT_EVENT_DEDUPE_CONFLICT", "The provider's event was recorded with other content.").
		Then("Send a new external_event_id for a new event.")
}

const noticeColumns = `notification_id, order_id, fulfillment_id, event_id, notification_type, status, mail_id, doc, created_at, updated_at`

func scanNotice(row db.Row, scope tenant.Scope) (*Notice, error) {
	n := &Notice{Scope: scope}
	var doc string
	if err := row.Scan(&n.ID, &n.OrderID, &n.FulfillmentID, &n.EventID, &n.Type, &n.Status, &n.MailID, &doc, &n.CreatedAt, &n.UpdatedAt); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(doc), n); err != nil {
		return nil, fmt.Errorf("decode fulfillment notification %s: %w", n.ID, err)
	}
	return n, nil
}

// GetNotice reads a decision to tell a buyer; RESOURCE_NOT_FOUND when the environment has none with the id.
func GetNotice(tx db.Tx, scope tenant.Scope, noticeID string) (*Notice, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	n, err := oneNotice(tx, scope, `notification_id = $3`, noticeID)
	if err == nil && n == nil {
		err = fault.NotFound("fulfillment notification")
	}
	return n, err
}

func noticeOfMail(tx db.Tx, scope tenant.Scope, mailID string) (*Notice, error) {
	return oneNotice(tx, scope, `mail_id = $3`, mailID)
}

func oneNotice(tx db.Tx, scope tenant.Scope, where, v string) (*Notice, error) {
	var n *Notice
	err := tx.Query(func(row db.Row) (err error) {
		n, err = scanNotice(row, scope)
		return err
	}, `SELECT `+noticeColumns+` FROM fulfillment_notifications WHERE merchant_id = $1 AND environment_id = $2 AND `+where,
		scope.MerchantID, scope.EnvironmentID, v)
	if err != nil {
		return nil, fmt.Errorf("read a fulfillment notification: %w", err)
	}
	return n, nil
}

func insertNotice(tx db.Tx, n *Notice) error {
	doc, err := json.Marshal(n, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("encode a fulfillment notification: %w", err)
	}
	err = tx.Send(`INSERT INTO fulfillment_notifications (merchant_id, environment_id, notification_id, order_id, fulfillment_id, event_id,
		notification_type, status, mail_id, doc, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		n.Scope.MerchantID, n.Scope.EnvironmentID, n.ID, n.OrderID, n.FulfillmentID, n.EventID, n.Type, n.Status, n.MailID, string(doc),
		n.CreatedAt, n.UpdatedAt)
	if err != nil {
		return fmt.Errorf("write a fulfillment notification: %w", err)
	}
	return nil
}

func updateNotice(tx db.Tx, n *Notice) error {
	doc, err := json.Marshal(n, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("encode a fulfillment notification: %w", err)
	}
	err = tx.Send(`UPDATE fulfillment_notifications SET status = $4, doc = $5, updated_at = $6
		WHERE merchant_id = $1 AND environment_id = $2 AND notification_id = $3`,
		n.Scope.MerchantID, n.Scope.EnvironmentID, n.ID, n.Status, string(doc), n.UpdatedAt)
	if err != nil {
		return fmt.Errorf("update a fulfillment notification: %w", err)
	}
	return nil
}
