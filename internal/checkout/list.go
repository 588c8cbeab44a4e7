package checkout

import (
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// ListInput filters and sorts sessions; empty fields do not filter.
type ListInput struct {
	Scope               tenant.Scope
	Status              string
	OrderID             string
	InvoiceID           string
	PaymentLinkID       string
	CustomerID          string
	Origin              string
	ExternalReferenceID string
	Query               string // part of an id, external reference, metadata or payment note
	CreatedAfter        time.Time
	CreatedBefore       time.Time
	UpdatedAfter        time.Time
	UpdatedBefore       time.Time
	ExpiresAfter        time.Time
	ExpiresBefore       time.Time
	SortBy              string // created_at (default), updated_at
	Ascending           bool
	After               *listing.Cursor
	Limit               int
}

// List reads one page of sessions and the cursor of the next, nil on the last page.
func (s *Service) List(tx db.Tx, in ListInput) ([]*Session, *listing.Cursor, error) {
	if err := in.Scope.Check(); err != nil {
		return nil, nil, err
	}
	sort := map[string]string{"": "created_at", "created_at": "created_at", "updated_at": "updated_at"}[in.SortBy]
	if sort == "" {
		return nil, nil, fault.Invalid("INVALID_SORT_BY", "sort_by", "The list sorts by created_at or updated_at.")
	}
	q := listing.From("checkout_sessions", columns, "checkout_session_id", in.Scope).
		Equal("order_id", in.OrderID).Equal("invoice_id", in.InvoiceID).Equal("payment_link_id", in.PaymentLinkID).
		Equal("customer_id", in.CustomerID).Equal("origin", in.Origin).
		Equal("external_reference_id", in.ExternalReferenceID).Search("search", in.Query).
		Range("created_at", in.CreatedAfter, in.CreatedBefore).Range("updated_at", in.UpdatedAfter, in.UpdatedBefore).
		Range("expires_at", in.ExpiresAfter, in.ExpiresBefore)
	// A session past its time reads as expired even before the job that writes it down.
	now := s.Clock.Now()
	switch in.Status {
	case StatusOpen:
		q.Equal("status", StatusOpen).And("expires_at > ?", now)
	case StatusExpired:
		q.And("(status = 'expired' OR status = 'open' AND expires_at <= ?)", now)
	default:
		q.Equal("status", in.Status)
	}
	if err := q.Sort(sort, in.Ascending, true, in.After); err != nil {
		return nil, nil, err
	}
	found, next, err := listing.Page(tx, q, in.Limit, func(r db.Row) (*Session, error) { return scan(r, in.Scope) }, func(s *Session) listing.Cursor {
		if sort == "updated_at" {
			return listing.At(s.UpdatedAt, s.ID)
		}
		return listing.At(s.CreatedAt, s.ID)
	})
	if err != nil {
		return nil, nil, fmt.Errorf("list checkout sessions: %w", err)
	}
	return found, next, nil
}

// StatusNow is the status as a reader should see it: a session past its time is expired, even before
// the job that writes it down.
func (s *Session) StatusNow(now time.Time) (status, reason string) {
	if s.Status == StatusOpen && !s.Open(now) {
		return StatusExpired, ReasonExpired
	}
	return s.Status, s.TerminalReason
}

func (s *Session) statusNow(now time.Time) string {
	status, _ := s.StatusNow(now)
	return status
}
