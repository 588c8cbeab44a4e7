package event

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/id"
	"flint/internal/tenant"
)

// RecordTest writes a synthetic event that somebody asked for, and returns it. It takes its place in
// the feed like any other, but is fanned out to nobody: whoever asked sends it. The caller holds the
// lock of the root.
func (l *Log) RecordTest(tx db.Tx, scope tenant.Scope, now time.Time, cause Cause, n New) (Event, error) {
	if err := scope.Check(); err != nil {
		return Event{}, err
	}
	data, err := json.Marshal(n.Data, json.Deterministic(true))
	if err != nil {
		return Event{}, fmt.Errorf("encode the test event's data: %w", err)
	}
	e := Event{
		ID: l.IDs.New(id.WebhookEvent), Scope: scope, Type: n.Type, RootType: n.RootType, RootID: n.RootID,
		ResourceType: n.ResourceType, ResourceID: n.ResourceID, Data: data,
		RequestID: cause.RequestID, RequestLogID: cause.RequestLogID, IdempotencyKey: cause.IdempotencyKey,
		ActorType: cause.ActorType, ActorID: cause.ActorID, Test: true, CreatedAt: now,
	}
	err = tx.QueryRow([]any{&e.Sequence}, `SELECT COALESCE(MAX(sequence), 0) + 1 FROM events
		WHERE merchant_id = $1 AND environment_id = $2 AND root_id = $3`, scope.MerchantID, scope.EnvironmentID, n.RootID)
	if err != nil {
		return Event{}, err
	}
	err = tx.Send(`INSERT INTO events (merchant_id, environment_id, event_id, type, root_type, root_id, sequence,
		resource_type, resource_id, data, request_id, request_log_id, idempotency_key, actor_type, actor_id, test, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 1, $16)`,
		scope.MerchantID, scope.EnvironmentID, e.ID, e.Type, e.RootType, e.RootID, e.Sequence,
		e.ResourceType, e.ResourceID, string(e.Data), e.RequestID, e.RequestLogID, e.IdempotencyKey,
		e.ActorType, e.ActorID, now)
	if err != nil {
		return Event{}, err
	}
	if l.Wake != nil {
		tx.AfterCommit(l.Wake)
	}
	return e, nil
}
