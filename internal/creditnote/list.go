package creditnote

import (
	"fmt"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/refund"
	"flint/internal/tenant"
)

// ListInput filters credit notes; empty fields do not filter. They come newest first.
type ListInput struct {
	Scope               tenant.Scope
	InvoiceID           string
	Statuses            []string
	ExternalReferenceID string
	Query               string // part of an id, number, invoice number, external reference or memo
	After               *listing.Cursor
	Limit               int
}

// List reads one page of credit notes and the cursor of the next, nil on the last page.
func List(tx db.Tx, in ListInput) ([]*Note, *listing.Cursor, error) {
	if err := in.Scope.Check(); err != nil {
		return nil, nil, err
	}
	q := listing.From("credit_notes", columns, "credit_note_id", in.Scope).Equal("invoice_id", in.InvoiceID).In("status", in.Statuses).
		Equal("external_reference_id", in.ExternalReferenceID).Search("search", in.Query)
	if err := q.Sort("created_at", false, true, in.After); err != nil {
		return nil, nil, err
	}
	found, next, err := listing.Page(tx, q, in.Limit, func(row db.Row) (*Note, error) { return scan(row, in.Scope) },
		func(n *Note) listing.Cursor { return listing.At(n.CreatedAt, n.ID) })
	if err != nil {
		return nil, nil, fmt.Errorf("list credit notes: %w", err)
	}
	return found, next, nil
}

// PartsInput asks for allocations or refunds of a note.
type PartsInput struct {
	Scope          tenant.Scope
	NoteID         string
	IdempotencyKey string // exact; empty does not filter
	After          *listing.Cursor
	Limit          int
}

const allocationColumns = `allocation_id, invoice_id, amount, idempotency_key, allocated_at, reversed_at`

func scanAllocation(noteID string, currency money.Currency) func(db.Row) (*Allocation, error) {
	return func(row db.Row) (*Allocation, error) {
		a := &Allocation{NoteID: noteID, Currency: currency}
		return a, row.Scan(&a.ID, &a.InvoiceID, &a.Amount, &a.IdempotencyKey, &a.AllocatedAt, &a.ReversedAt)
	}
}

// ListAllocations reads allocations newest first, reversed ones included.
func ListAllocations(tx db.Tx, in PartsInput) ([]*Allocation, *listing.Cursor, error) {
	n, err := Get(tx, in.Scope, in.NoteID)
	if err != nil {
		return nil, nil, err
	}
	q := listing.From("credit_note_allocations", allocationColumns, "allocation_id", in.Scope).Equal("credit_note_id", n.ID).
		Equal("idempotency_key", in.IdempotencyKey)
	if err := q.Sort("allocated_at", false, true, in.After); err != nil {
		return nil, nil, err
	}
	return listing.Page(tx, q, in.Limit, scanAllocation(n.ID, n.Currency),
		func(a *Allocation) listing.Cursor { return listing.At(a.AllocatedAt, a.ID) })
}

// GetAllocation reads one allocation of a note; RESOURCE_NOT_FOUND when it has none with the id.
func GetAllocation(tx db.Tx, scope tenant.Scope, noteID, allocationID string) (*Allocation, error) {
	n, err := Get(tx, scope, noteID)
	if err != nil {
		return nil, err
	}
	var found *Allocation
	err = tx.Query(func(row db.Row) (err error) {
		found, err = scanAllocation(n.ID, n.Currency)(row)
		return err
	}, `SELECT `+allocationColumns+` FROM credit_note_allocations
		WHERE merchant_id = $1 AND environment_id = $2 AND credit_note_id = $3 AND allocation_id = $4`,
		scope.MerchantID, scope.EnvironmentID, n.ID, allocationID)
	if err != nil {
		return nil, fmt.Errorf("read an allocation of credit note %s: %w", n.ID, err)
	}
	if found == nil {
		return nil, fault.NotFound("credit note allocation")
	}
	return found, nil
}

// ListRefunds reads the refunds that pay a note out, newest first, failed ones included.
func ListRefunds(tx db.Tx, in PartsInput) ([]*refund.Refund, *listing.Cursor, error) {
	n, err := Get(tx, in.Scope, in.NoteID)
	if err != nil {
		return nil, nil, err
	}
	q := listing.From("credit_note_refunds", "refund_id, created_at", "refund_id", in.Scope).Equal("credit_note_id", n.ID).
		Equal("idempotency_key", in.IdempotencyKey)
	if err := q.Sort("created_at", false, true, in.After); err != nil {
		return nil, nil, err
	}
	type link struct {
		id string
		at listing.Cursor
	}
	links, next, err := listing.Page(tx, q, in.Limit, func(row db.Row) (l link, err error) {
		r := refund.Refund{}
		err = row.Scan(&r.ID, &r.CreatedAt)
		return link{r.ID, listing.At(r.CreatedAt, r.ID)}, err
	}, func(l link) listing.Cursor { return l.at })
	if err != nil {
		return nil, nil, fmt.Errorf("list the refunds of credit note %s: %w", n.ID, err)
	}
	ids := make([]string, len(links))
	for k, l := range links {
		ids[k] = l.id
	}
	found, err := getRefunds(tx, in.Scope, ids)
	return found, next, err
}
