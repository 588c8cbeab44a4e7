package webhook

import (
	"fmt"
	"net/http"
	"time"

	"flint/internal/db"
	"flint/internal/id"
)

// record writes what came of an attempt: an entry in the log and the delivery's next state, together.
// An attempt whose lease was taken over or ended meanwhile is logged all the same, and its success
// counts; its failure is left to the attempt that took over.
func (s *Service) record(tx db.Tx, j Sending, o outcome) (Delivery, Attempt, error) {
	now := s.Clock.Now()
	disabled, err := s.recordHealth(tx, j, o, now)
	if err != nil {
		return Delivery{}, Attempt{}, fmt.Errorf("record the health of endpoint %s: %w", j.endpoint.ID, err)
	}
	if d := j.delivery; o.success() && j.automatic() {
		d.attempted(o, now)
		d.AutomaticAttemptCount++
		d.Status, d.DeliveredAt, d.dueAt, d.lease = StatusDelivered, now, time.Time{}, ""
		held, err := updateLeased(tx, d, j.delivery.lease)
		if err != nil {
			return Delivery{}, Attempt{}, fmt.Errorf("record the success of delivery %s: %w", d.ID, err)
		}
		if held { // nobody changes a delivery under another's lease, so the row was the one that was claimed
			a := s.newAttempt(j, d, o)
			return d, a, insertAttempt(tx, a)
		}
	}
	d, err := findDelivery(tx, j.delivery.Scope, j.delivery.ID, tx.ForUpdate())
	if err != nil {
		return Delivery{}, Attempt{}, fmt.Errorf("lock delivery %s: %w", j.delivery.ID, err)
	}
	held := disabled || d.lease == j.delivery.lease // disabling ended the lease itself
	d.attempted(o, now)
	if held && j.automatic() {
		d.AutomaticAttemptCount++
	}
	switch {
	case o.success():
		if d.Status != StatusDelivered {
			d.Status, d.DeliveredAt = StatusDelivered, now
		}
		d.dueAt, d.lease = time.Time{}, ""
	case !held:
	case !j.automatic():
		if d.Status != StatusDelivered {
			d.Status = StatusFailed
		}
		d.dueAt, d.lease = time.Time{}, ""
	case disabled:
		d.Status, d.dueAt, d.lease = StatusSuppressed, time.Time{}, ""
	case d.AutomaticAttemptCount >= MaxAttempts || o.code == http.StatusGone:
		d.Status, d.dueAt, d.lease = StatusFailed, time.Time{}, ""
	default:
		d.dueAt, d.lease = now.Add(wait(d.ID, d.AutomaticAttemptCount)), ""
	}
	a := s.newAttempt(j, d, o)
	if err := insertAttempt(tx, a); err != nil {
		return Delivery{}, Attempt{}, err
	}
	return d, a, updateDelivery(tx, d)
}

// attempted counts an attempt of any trigger and keeps what it ended with.
func (d *Delivery) attempted(o outcome, now time.Time) {
	category := o.category()
	d.AttemptCount++
	d.LastResponseCode, d.ErrorCategory, d.LastError, d.UpdatedAt = o.code, category, Advise(category, o.code).Message, now
}

// newAttempt is the entry in the log about an attempt of d, which counts it already.
func (s *Service) newAttempt(j Sending, d Delivery, o outcome) Attempt {
	a := Attempt{
		Scope: d.Scope, ID: s.IDs.New(id.WebhookAttempt), DeliveryID: d.ID, EventID: d.EventID, EndpointID: d.EndpointID,
		Number: d.AttemptCount, Status: StatusFailed, Trigger: j.trigger, Diagnostic: o.diagnostic(), ErrorCategory: o.category(),
		StatusCode: o.code, Duration: o.took, ResponseHeaders: o.headers, ContentType: o.contentType, BodyExcerpt: o.excerpt,
		ReasonMessage: j.reason, APIVersion: j.endpoint.render(), StartedAt: o.started, CompletedAt: o.completed,
	}
	if o.success() {
		a.Status = StatusDelivered
	}
	return a
}

func (j Sending) automatic() bool { return j.trigger == TriggerFirst || j.trigger == TriggerRetry }

// recordHealth keeps failing_since and disables an endpoint that did nothing but fail for
// DisableAfter. The endpoint's row is touched only when that changes, so attempts to one endpoint do
// not wait for each other; it comes before the delivery's row in every transaction that locks both.
func (s *Service) recordHealth(tx db.Tx, j Sending, o outcome, now time.Time) (disabled bool, err error) {
	const row = ` WHERE merchant_id = $1 AND environment_id = $2 AND endpoint_id = $3`
	e := j.endpoint
	switch {
	case o.success():
		if e.FailingSince.IsZero() {
			return false, nil
		}
		_, err := tx.Exec(`UPDATE webhook_endpoints SET failing_since = NULL`+row+` AND failing_since IS NOT NULL`,
			e.Scope.MerchantID, e.Scope.EnvironmentID, e.ID)
		return false, err
	case !j.automatic():
		return false, nil
	case e.FailingSince.IsZero():
		_, err := tx.Exec(`UPDATE webhook_endpoints SET failing_since = $4`+row+` AND failing_since IS NULL`,
			e.Scope.MerchantID, e.Scope.EnvironmentID, e.ID, now)
		return false, err
	case now.Sub(e.FailingSince) < DisableAfter:
		return false, nil
	}
	// A success since the claim shows in the row and stops this.
	n, err := tx.Exec(`UPDATE webhook_endpoints SET enabled = 0, disabled_reason = $4, updated_at = $5`+row+`
		AND enabled = 1 AND failing_since <= $6`,
		e.Scope.MerchantID, e.Scope.EnvironmentID, e.ID, ReasonFailing, now, now.Add(-DisableAfter))
	if err != nil || n == 0 {
		return false, err
	}
	if err := suppress(tx, e, now); err != nil {
		return false, err
	}
	if s.Notice == nil {
		return true, nil
	}
	e.Enabled, e.DisabledReason, e.UpdatedAt = false, ReasonFailing, now
	return true, s.Notice(tx, e)
}
