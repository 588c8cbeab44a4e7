package webhook

import (
	"errors"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/tenant"
)

const deliveryColumns = `d.merchant_id, d.environment_id, d.delivery_id, d.event_id, d.endpoint_id, d.test, d.status, d.attempt_count,
	d.automatic_attempt_count, d.due_at, d.lease, d.delivered_at, d.last_response_code, d.last_error, d.error_category,
	d.created_at, d.updated_at`

func (d *Delivery) targets() []any {
	return []any{&d.Scope.MerchantID, &d.Scope.EnvironmentID, &d.ID, &d.EventID, &d.EndpointID, &d.Test, &d.Status, &d.AttemptCount,
		&d.AutomaticAttemptCount, &d.dueAt, &d.lease, &d.DeliveredAt, &d.LastResponseCode, &d.LastError, &d.ErrorCategory,
		&d.CreatedAt, &d.UpdatedAt}
}

func queryDeliveries(tx db.Tx, rest string, args ...any) ([]Delivery, error) {
	var out []Delivery
	err := tx.Query(func(r db.Row) error {
		out = append(out, Delivery{})
		return r.Scan(out[len(out)-1].targets()...)
	}, `SELECT `+deliveryColumns+` FROM webhook_deliveries d WHERE `+rest, args...)
	return out, err
}

func findDelivery(tx db.Tx, scope tenant.Scope, deliveryID, lock string) (Delivery, error) {
	if err := scope.Check(); err != nil {
		return Delivery{}, err
	}
	var d Delivery
	err := tx.QueryRow(d.targets(), `SELECT `+deliveryColumns+` FROM webhook_deliveries d
		WHERE d.merchant_id = $1 AND d.environment_id = $2 AND d.delivery_id = $3`+lock, scope.MerchantID, scope.EnvironmentID, deliveryID)
	if errors.Is(err, db.ErrNoRows) {
		return Delivery{}, fault.NotFound("webhook delivery")
	}
	return d, err
}

// insertDelivery does nothing when the endpoint has a delivery of the event already.
func insertDelivery(tx db.Tx, d Delivery) error { return tx.Send(insertDeliverySQL, d.inserted()...) }

// insertLeased is insertDelivery for one that is about to be sent; false when there was one already.
func insertLeased(tx db.Tx, d Delivery) (bool, error) {
	n, err := tx.Exec(insertDeliverySQL, d.inserted()...)
	return n == 1, err
}

const insertDeliverySQL = `INSERT INTO webhook_deliveries (merchant_id, environment_id, delivery_id, event_id, endpoint_id, test,
	status, due_at, lease, created_at, updated_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
	ON CONFLICT (merchant_id, environment_id, event_id, endpoint_id) DO NOTHING`

func (d *Delivery) inserted() []any {
	return []any{d.Scope.MerchantID, d.Scope.EnvironmentID, d.ID, d.EventID, d.EndpointID, d.Test, d.Status, d.dueAt, d.lease, d.CreatedAt}
}

func updateDelivery(tx db.Tx, d Delivery) error { return tx.Send(updateDeliverySQL, d.updated()...) }

// updateLeased is updateDelivery while the delivery has the lease; false when it has not.
func updateLeased(tx db.Tx, d Delivery, lease string) (held bool, err error) {
	n, err := tx.Exec(updateDeliverySQL+` AND lease = $14`, append(d.updated(), lease)...)
	return n == 1, err
}

const updateDeliverySQL = `UPDATE webhook_deliveries SET status = $4, attempt_count = $5, automatic_attempt_count = $6, due_at = $7,
	lease = $8, delivered_at = $9, last_response_code = $10, last_error = $11, error_category = $12, updated_at = $13
	WHERE merchant_id = $1 AND environment_id = $2 AND delivery_id = $3`

func (d *Delivery) updated() []any {
	return []any{d.Scope.MerchantID, d.Scope.EnvironmentID, d.ID, d.Status, d.AttemptCount, d.AutomaticAttemptCount, d.dueAt, d.lease,
		d.DeliveredAt, d.LastResponseCode, d.LastError, d.ErrorCategory, d.UpdatedAt}
}

// giveBack makes a leased delivery due at once, unless somebody took it over.
func giveBack(tx db.Tx, d Delivery, now time.Time) error {
	return tx.Send(`UPDATE webhook_deliveries SET lease = '', due_at = $5
		WHERE merchant_id = $1 AND environment_id = $2 AND delivery_id = $3 AND lease = $4 AND status = 'pending'`,
		d.Scope.MerchantID, d.Scope.EnvironmentID, d.ID, d.lease, now)
}

// takeLease marks the delivery as being worked on.
func (d *Delivery) takeLease(tx db.Tx, now time.Time) error {
	d.lease, d.dueAt = newLease(), now.Add(leaseTime)
	return tx.Send(`UPDATE webhook_deliveries SET lease = $4, due_at = $5
		WHERE merchant_id = $1 AND environment_id = $2 AND delivery_id = $3`,
		d.Scope.MerchantID, d.Scope.EnvironmentID, d.ID, d.lease, d.dueAt)
}

const attemptColumns = `merchant_id, environment_id, attempt_id, delivery_id, event_id, endpoint_id, attempt_number, status,
	delivery_trigger, diagnostic, error_category, status_code, duration_ms, response_headers, content_type, body_excerpt,
	reason_message, api_version, started_at, completed_at`

func insertAttempt(tx db.Tx, a Attempt) error {
	return tx.Send(`INSERT INTO webhook_attempts (`+attemptColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`,
		a.Scope.MerchantID, a.Scope.EnvironmentID, a.ID, a.DeliveryID, a.EventID, a.EndpointID, a.Number, a.Status,
		a.Trigger, a.Diagnostic, a.ErrorCategory, a.StatusCode, a.Duration.Milliseconds(), a.ResponseHeaders, a.ContentType,
		a.BodyExcerpt, a.ReasonMessage, a.APIVersion, a.StartedAt, a.CompletedAt)
}

func scanAttempt(r db.Row) (Attempt, error) {
	var (
		a  Attempt
		ms int64
	)
	err := r.Scan(&a.Scope.MerchantID, &a.Scope.EnvironmentID, &a.ID, &a.DeliveryID, &a.EventID, &a.EndpointID, &a.Number, &a.Status,
		&a.Trigger, &a.Diagnostic, &a.ErrorCategory, &a.StatusCode, &ms, &a.ResponseHeaders, &a.ContentType, &a.BodyExcerpt,
		&a.ReasonMessage, &a.APIVersion, &a.StartedAt, &a.CompletedAt)
	a.Duration = time.Duration(ms) * time.Millisecond
	return a, err
}
