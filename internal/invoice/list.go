package invoice

import (
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/tenant"
)

// ListInput filters and sorts invoices; empty fields do not filter. Bounds of times are exclusive.
type ListInput struct {
	Scope               tenant.Scope
	Statuses            []string
	CustomerID          string
	OrderID             string
	ExternalReferenceID string
	IssuedOnly          bool
	CreatedAfter        time.Time
	CreatedBefore       time.Time
	DueAfter            time.Time
	DueBefore           time.Time
	Overdue             *bool
	HasAmountDue        *bool
	Query               string // part of number, reference, recipient, memo or the customer's name
	SortBy              string // created_at (default), updated_at, due_at, invoice_number, outstanding_money
	Ascending           bool
	After               *listing.Cursor
	Limit               int
}

var sortColumns = map[string]string{
	"": "created_at", "created_at": "created_at", "updated_at": "updated_at", "due_at": "COALESCE(due_at, 0)", "invoice_number": "sequence",
	"outstanding_money": "outstanding",
}

// List reads one page of invoices and the cursor of the next, nil on the last page.
func (s *Service) List(tx db.Tx, in ListInput) ([]*Invoice, *listing.Cursor, error) {
	if err := in.Scope.Check(); err != nil {
		return nil, nil, err
	}
	sort := sortColumns[in.SortBy]
	if sort == "" {
		return nil, nil, fault.Invalid("INVALID_SORT_BY", "sort_by", "The list sorts by created_at, updated_at, due_at, invoice_number or outstanding_money.")
	}
	now := s.Clock.Now()
	q := listing.From("invoices", columns, "invoice_id", in.Scope).In("status", in.Statuses).Equal("customer_id", in.CustomerID).
		Equal("order_id", in.OrderID).Equal("external_reference_id", in.ExternalReferenceID).Search("search", in.Query).
		Range("created_at", in.CreatedAfter, in.CreatedBefore).Range("due_at", in.DueAfter, in.DueBefore)
	if in.IssuedOnly {
		q.And("sequence > 0")
	}
	if in.Overdue != nil {
		if *in.Overdue {
			q.And("overdue_at < ?", now)
		} else {
			q.And("(overdue_at IS NULL OR overdue_at >= ?)", now)
		}
	}
	if in.HasAmountDue != nil {
		if *in.HasAmountDue {
			q.And("outstanding > 0 AND status IN ('open', 'partially_paid')")
		} else {
			q.And("(outstanding = 0 OR status NOT IN ('open', 'partially_paid'))")
		}
	}
	if err := q.Sort(sort, in.Ascending, true, in.After); err != nil {
		return nil, nil, err
	}
	found, next, err := listing.Page(tx, q, in.Limit, func(r db.Row) (*Invoice, error) { return scan(r, in.Scope) }, func(v *Invoice) listing.Cursor {
		switch in.SortBy {
		case "updated_at":
			return listing.At(v.UpdatedAt, v.ID)
		case "due_at":
			if v.DueAt.IsZero() {
				return listing.Cursor{Key: listing.Int(0), ID: v.ID}
			}
			return listing.At(v.DueAt, v.ID)
		case "invoice_number":
			return listing.Cursor{Key: listing.Int(v.Sequence), ID: v.ID}
		case "outstanding_money":
			return listing.Cursor{Key: listing.Int(v.Amounts.Outstanding()), ID: v.ID}
		}
		return listing.At(v.CreatedAt, v.ID)
	})
	if err != nil {
		return nil, nil, fmt.Errorf("list invoices: %w", err)
	}
	return found, next, nil
}

// ListActivitiesInput asks for one page of an invoice's history.
type ListActivitiesInput struct {
	Scope     tenant.Scope
	InvoiceID string
	Types     []string
	Ascending bool // newest first otherwise
	After     *listing.Cursor
	Limit     int
}

// ListActivities reads one page; RESOURCE_NOT_FOUND without such an invoice.
func ListActivities(tx db.Tx, in ListActivitiesInput) ([]*Activity, *listing.Cursor, error) {
	if _, err := Get(tx, in.Scope, in.InvoiceID); err != nil {
		return nil, nil, err
	}
	q := listing.From("invoice_activities", `activity_id, invoice_id, sequence, type, description, actor_type, actor_id, detail, created_at`,
		"activity_id", in.Scope).Equal("invoice_id", in.InvoiceID).In("type", in.Types)
	if err := q.Sort("sequence", in.Ascending, true, in.After); err != nil {
		return nil, nil, err
	}
	return listing.Page(tx, q, in.Limit, func(r db.Row) (*Activity, error) {
		a := &Activity{}
		var detail string
		if err := r.Scan(&a.ID, &a.InvoiceID, &a.Sequence, &a.Type, &a.Description, &a.ActorType, &a.ActorID, &detail, &a.CreatedAt); err != nil {
			return nil, err
		}
		return a, json.Unmarshal([]byte(detail), &a.Detail)
	}, func(a *Activity) listing.Cursor { return listing.Cursor{Key: listing.Int(a.Sequence), ID: a.ID} })
}

// Receivable is what a customer owes on invoices in one currency, in minor units.
type Receivable struct {
	Currency    money.Currency
	Outstanding int64
	Overdue     int64
}

// Receivables sums the collectible invoices of customers, by customer and currency.
func (s *Service) Receivables(tx db.Tx, scope tenant.Scope, customerIDs []string) (map[string][]Receivable, error) {
	if err := scope.Check(); err != nil || len(customerIDs) == 0 {
		return nil, err
	}
	q := listing.From("invoices", columns, "invoice_id", scope).In("customer_id", customerIDs).And("status IN ('open', 'partially_paid')")
	if err := q.Sort("currency", true, false, nil); err != nil {
		return nil, err
	}
	found, err := listing.All(tx, q, func(r db.Row) (*Invoice, error) { return scan(r, scope) })
	if err != nil {
		return nil, fmt.Errorf("sum the invoices of customers: %w", err)
	}
	now, out := s.Clock.Now(), map[string][]Receivable{}
	for _, v := range found {
		list := out[v.CustomerID]
		k := slices.IndexFunc(list, func(r Receivable) bool { return r.Currency == v.Currency })
		if k < 0 {
			k, list = len(list), append(list, Receivable{Currency: v.Currency})
		}
		list[k].Outstanding += v.Amounts.Outstanding()
		for _, p := range v.dueParts() {
			if now.After(p.at) {
				list[k].Overdue += p.outstanding
			}
		}
		out[v.CustomerID] = list
	}
	return out, nil
}
