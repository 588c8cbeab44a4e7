package customer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/tenant"
)

// Statuses of a deletion request.
const (
	DeletionPending    = "pending_review"
	DeletionProcessing = "processing"
	DeletionCompleted  = "completed"
	DeletionRejected   = "rejected"
	DeletionFailed     = "failed"
)

// RetentionPolicy is what a deletion leaves: orders, payments, refunds and what the law wants kept of them.
const RetentionPolicy = "retain_required_commerce_records"

// DeletionRequest is a wish to have a customer's data deleted, and what became of it.
type DeletionRequest struct {
	Scope       tenant.Scope
	ID          string // cdr_…
	CustomerID  string
	Status      string
	RequestedAt time.Time
	ResolvedAt  time.Time // zero while undecided
}

// RequestDeletionInput asks for the deletion of a customer's data.
type RequestDeletionInput struct {
	Scope      tenant.Scope
	Cause      event.Cause
	CustomerID string
}

// RequestDeletion asks for a deletion, or returns the request that is pending. Faults:
// CUSTOMER_DELETION_PROCESSING while one is carried out, RESOURCE_NOT_FOUND.
func (s *Service) RequestDeletion(_ context.Context, tx db.Tx, in RequestDeletionInput) (*DeletionRequest, error) {
	c, err := load(tx, in.Scope, in.CustomerID, tx.ForUpdate())
	if err != nil {
		return nil, err
	}
	open, err := deletions(tx, in.Scope, `customer_id = $3 AND status IN ('pending_review', 'processing')`, in.CustomerID)
	switch {
	case err != nil:
		return nil, err
	case len(open) > 0 && open[0].Status == DeletionProcessing:
		return nil, fault.Conflict("CUSTOMER_DELETION_PROCESSING", "The deletion of this customer's data is under way.")
	case len(open) > 0:
		return open[0], nil
	case !c.ErasedAt.IsZero():
		return nil, fault.Conflict("CUSTOMER_DELETION_BLOCKED", "This customer's data was deleted before.")
	}
	d := &DeletionRequest{Scope: in.Scope, ID: s.IDs.New(id.CustomerDeletionRequest), CustomerID: c.ID, Status: DeletionPending, RequestedAt: s.Clock.Now()}
	if err := tx.Send(`INSERT INTO customer_deletion_requests (merchant_id, environment_id, customer_deletion_request_id, customer_id, status, requested_at)
		VALUES ($1, $2, $3, $4, $5, $6)`, d.Scope.MerchantID, d.Scope.EnvironmentID, d.ID, d.CustomerID, d.Status, d.RequestedAt); err != nil {
		return nil, fmt.Errorf("write a deletion request: %w", err)
	}
	return d, s.recordDeletion(tx, d, in.Cause, "customer.deletion_requested")
}

// ResolveDeletionInput decides about a request.
type ResolveDeletionInput struct {
	Scope   tenant.Scope
	Cause   event.Cause
	ID      string
	Approve bool
}

// ResolveDeletion rejects a request, or approves it and erases the customer in the same transaction. A
// request that was decided the same way is returned as it is. Faults: RESOURCE_NOT_FOUND,
// CUSTOMER_DELETION_BLOCKED for one that was decided the other way, or while something of the customer's is
// under way.
func (s *Service) ResolveDeletion(ctx context.Context, tx db.Tx, in ResolveDeletionInput) (*DeletionRequest, error) {
	d, err := s.GetDeletion(ctx, tx, in.Scope, in.ID)
	if err != nil {
		return nil, err
	}
	c, err := load(tx, in.Scope, d.CustomerID, tx.ForUpdate())
	if err != nil {
		return nil, err
	}
	if d, err = s.GetDeletion(ctx, tx, in.Scope, in.ID); err != nil { // again, behind the lock
		return nil, err
	}
	decided := map[bool]string{true: DeletionCompleted, false: DeletionRejected}[in.Approve]
	switch {
	case d.Status == decided:
		return d, nil
	case d.Status == DeletionProcessing:
		return nil, fault.Conflict("CUSTOMER_DELETION_PROCESSING", "The deletion of this customer's data is under way.")
	case d.Status != DeletionPending:
		return nil, fault.Conflict("CUSTOMER_DELETION_BLOCKED", "This request was decided before.").With("status", d.Status)
	}
	if in.Approve {
		for _, f := range s.Blocks {
			if err := f(tx, in.Scope, c.ID); err != nil {
				return nil, err
			}
		}
		if err := s.erase(ctx, tx, c, in.Cause); err != nil {
			return nil, err
		}
	}
	d.Status, d.ResolvedAt = decided, s.Clock.Now()
	if err := tx.Send(`UPDATE customer_deletion_requests SET status = $4, resolved_at = $5 WHERE merchant_id = $1 AND environment_id = $2
		AND customer_deletion_request_id = $3`, d.Scope.MerchantID, d.Scope.EnvironmentID, d.ID, d.Status, d.ResolvedAt); err != nil {
		return nil, fmt.Errorf("decide a deletion request: %w", err)
	}
	return d, s.recordDeletion(tx, d, in.Cause, "customer.deletion_"+d.Status)
}

// erase removes what identifies a person from the customer and tells Erased, so that others remove theirs.
// The row stays, because orders and payments name it; it keeps nobody's address.
func (s *Service) erase(ctx context.Context, tx db.Tx, c *Customer, cause event.Cause) error {
	before := *c
	*c = Customer{Scope: c.Scope, ID: c.ID, Email: c.Email, Version: c.Version, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt, TaxExempt: c.TaxExempt,
		ErasedAt: s.Clock.Now()}
	if err := tx.Send(`DELETE FROM customer_addresses WHERE merchant_id = $1 AND environment_id = $2 AND customer_id = $3`,
		c.Scope.MerchantID, c.Scope.EnvironmentID, c.ID); err != nil {
		return fmt.Errorf("erase the addresses of a customer: %w", err)
	}
	if err := s.rename(tx, c, "erased-"+c.ID+"@erased.invalid", cause); err != nil {
		return err
	}
	for _, f := range s.Erased {
		if err := f(ctx, tx, &before, cause); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) recordDeletion(tx db.Tx, d *DeletionRequest, cause event.Cause, kind string) error {
	at := d.RequestedAt
	if !d.ResolvedAt.IsZero() {
		at = d.ResolvedAt
	}
	return s.Events.Record(tx, d.Scope, at, cause, event.New{
		Type: kind, RootType: "customer", RootID: d.CustomerID, ResourceType: "customer", ResourceID: d.CustomerID,
		Data: struct {
			ID          string    `json:"customer_deletion_request_id"`
			CustomerID  string    `json:"customer_id"`
			Status      string    `json:"status"`
			Policy      string    `json:"retention_policy"`
			RequestedAt time.Time `json:"requested_at"`
			ResolvedAt  time.Time `json:"resolved_at,omitzero"`
		}{d.ID, d.CustomerID, d.Status, RetentionPolicy, d.RequestedAt, d.ResolvedAt},
	})
}

// GetDeletion reads a request; RESOURCE_NOT_FOUND when the scope has none with the id.
func (s *Service) GetDeletion(_ context.Context, tx db.Tx, scope tenant.Scope, requestID string) (*DeletionRequest, error) {
	if !id.Valid(id.CustomerDeletionRequest, requestID) {
		return nil, fault.NotFound("deletion request")
	}
	found, err := deletions(tx, scope, `customer_deletion_request_id = $3`, requestID)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.NotFound("deletion request")
	}
	return found[0], nil
}

// ListDeletionsInput filters requests; empty fields do not filter.
type ListDeletionsInput struct {
	Scope      tenant.Scope
	CustomerID string
	Status     string
	After      *listing.Cursor
	Limit      int
}

// ListDeletions reads a page of requests, the newest first.
func (s *Service) ListDeletions(_ context.Context, tx db.Tx, in ListDeletionsInput) ([]*DeletionRequest, *listing.Cursor, error) {
	if err := in.Scope.Check(); err != nil {
		return nil, nil, err
	}
	q := listing.From("customer_deletion_requests", deletionColumns, "customer_deletion_request_id", in.Scope).
		Equal("customer_id", in.CustomerID).Equal("status", in.Status)
	if err := q.Sort("requested_at", false, true, in.After); err != nil {
		return nil, nil, err
	}
	out, next, err := listing.Page(tx, q, in.Limit, func(r db.Row) (*DeletionRequest, error) { return scanDeletion(r, in.Scope) },
		func(d *DeletionRequest) listing.Cursor {
			return listing.Cursor{Key: listing.Time(d.RequestedAt), ID: d.ID}
		})
	if err != nil {
		return nil, nil, fmt.Errorf("list deletion requests: %w", err)
	}
	return out, next, nil
}

const deletionColumns = `customer_deletion_request_id, customer_id, status, requested_at, resolved_at`

func scanDeletion(r db.Row, scope tenant.Scope) (*DeletionRequest, error) {
	d := &DeletionRequest{Scope: scope}
	return d, r.Scan(&d.ID, &d.CustomerID, &d.Status, &d.RequestedAt, &d.ResolvedAt)
}

func deletions(tx db.Tx, scope tenant.Scope, condition, arg string) ([]*DeletionRequest, error) {
	var out []*DeletionRequest
	err := tx.Query(func(r db.Row) error {
		d, err := scanDeletion(r, scope)
		out = append(out, d)
		return err
	}, `SELECT `+deletionColumns+` FROM customer_deletion_requests WHERE merchant_id = $1 AND environment_id = $2 AND `+condition,
		scope.MerchantID, scope.EnvironmentID, arg)
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return nil, fmt.Errorf("read deletion requests: %w", err)
	}
	return out, nil
}
