package returns

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/tenant"
)

// Found is a part of a return that was read without the return. Generated are the dispositions that it made by
// itself.
type Found[T part] struct {
	ReturnID  string
	Part      *T
	Generated []*Disposition
}

// Period bounds a time; both ends are exclusive, a zero end is none.
type Period struct{ After, Before time.Time }

// ListReceiptsInput filters receipts over all returns; empty fields do not filter. They come newest first.
type ListReceiptsInput struct {
	Scope               tenant.Scope
	ReturnID            string
	LineID              string
	ShipmentID          string
	LocationID          string
	Status              string
	Verification        string
	SourceType          string
	ExternalReferenceID string
	Query               string // part of an id, number, name, SKU, location or external reference
	Created, Received   Period
	After               *listing.Cursor
	Limit               int
}

// ListReceipts reads one page of receipts and the cursor of the next, nil on the last page.
func ListReceipts(tx db.Tx, in ListReceiptsInput) ([]Found[Receipt], *listing.Cursor, error) {
	if err := in.Scope.Check(); err != nil {
		return nil, nil, err
	}
	q := listing.From("return_receipts", "return_id, doc", "return_receipt_id", in.Scope).Equal("return_id", in.ReturnID).
		Equal("shipment_id", in.ShipmentID).Equal("receiving_location_id", in.LocationID).Equal("status", in.Status).
		Equal("source_system_type", in.SourceType).Equal("external_reference_id", in.ExternalReferenceID).
		Search("search", in.Query).
		Range("created_at", in.Created.After, in.Created.Before).Range("received_at", in.Received.After, in.Received.Before)
	has(q, "lines", in.LineID)
	has(q, "verifications", in.Verification)
	return page(tx, in.Scope, q, in.After, in.Limit, func(x *Receipt) (time.Time, string, []string) { return x.CreatedAt, x.ID, x.Generated })
}

// ListInspectionsInput filters inspections over all returns; empty fields do not filter. They come newest first.
type ListInspectionsInput struct {
	Scope               tenant.Scope
	ReturnID            string
	ReceiptID           string
	LineID              string
	LocationID          string
	Status              string
	Acceptance          string
	SourceType          string
	ExternalReferenceID string
	Query               string // part of an id, number, name, SKU, location or external reference
	Created, Inspected  Period
	After               *listing.Cursor
	Limit               int
}

// ListInspections reads one page of inspections and the cursor of the next, nil on the last page.
func ListInspections(tx db.Tx, in ListInspectionsInput) ([]Found[Inspection], *listing.Cursor, error) {
	if err := in.Scope.Check(); err != nil {
		return nil, nil, err
	}
	q := listing.From("return_inspections", "return_id, doc", "return_inspection_id", in.Scope).Equal("return_id", in.ReturnID).
		Equal("return_receipt_id", in.ReceiptID).Equal("location_id", in.LocationID).Equal("status", in.Status).
		Equal("source_system_type", in.SourceType).Equal("external_reference_id", in.ExternalReferenceID).
		Search("search", in.Query).
		Range("created_at", in.Created.After, in.Created.Before).Range("inspected_at", in.Inspected.After, in.Inspected.Before)
	has(q, "lines", in.LineID)
	has(q, "acceptances", in.Acceptance)
	return page(tx, in.Scope, q, in.After, in.Limit, func(x *Inspection) (time.Time, string, []string) { return x.CreatedAt, x.ID, x.Generated })
}

// ListDispositionsInput filters dispositions over all returns; empty fields do not filter. They come newest first.
type ListDispositionsInput struct {
	Scope                      tenant.Scope
	ReturnID                   string
	LineID                     string
	ReceiptLineID              string
	InspectionLineID           string
	LocationID                 string
	Replaces                   string
	Status                     string
	Type                       string
	ExternalReferenceID        string
	Query                      string // part of an id, number, name, SKU, location or external reference
	Created, Occurred, Updated Period
	After                      *listing.Cursor
	Limit                      int
}

// ListDispositions reads one page of dispositions and the cursor of the next, nil on the last page.
func ListDispositions(tx db.Tx, in ListDispositionsInput) ([]Found[Disposition], *listing.Cursor, error) {
	if err := in.Scope.Check(); err != nil {
		return nil, nil, err
	}
	q := listing.From("return_dispositions", "return_id, doc", "return_disposition_id", in.Scope).Equal("return_id", in.ReturnID).
		Equal("return_line_item_id", in.LineID).Equal("return_receipt_line_item_id", in.ReceiptLineID).
		Equal("return_inspection_line_item_id", in.InspectionLineID).Equal("inventory_location_id", in.LocationID).
		Equal("replaces_return_disposition_id", in.Replaces).Equal("status", in.Status).Equal("disposition_type", in.Type).
		Equal("external_reference_id", in.ExternalReferenceID).Search("search", in.Query).
		Range("created_at", in.Created.After, in.Created.Before).Range("occurred_at", in.Occurred.After, in.Occurred.Before).
		Range("updated_at", in.Updated.After, in.Updated.Before)
	return page(tx, in.Scope, q, in.After, in.Limit, func(x *Disposition) (time.Time, string, []string) { return x.CreatedAt, x.ID, nil })
}

// literal makes a word match itself under LIKE … ESCAPE '\'.
var literal = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// has filters by one word of a column of tokens; an empty word does not filter.
func has(q *listing.Query, column, word string) {
	if word != "" {
		q.And(column+` LIKE ? ESCAPE '\'`, "%"+literal.Replace(tokens(word))+"%")
	}
}

// page reads a page of parts, newest first. facts are the time, id and generated dispositions of one.
func page[T part](tx db.Tx, scope tenant.Scope, q *listing.Query, after *listing.Cursor, limit int, facts func(*T) (time.Time, string, []string)) ([]Found[T], *listing.Cursor, error) {
	if err := q.Sort("created_at", false, true, after); err != nil {
		return nil, nil, err
	}
	found, next, err := listing.Page(tx, q, limit, scanFound[T], func(f Found[T]) listing.Cursor {
		at, partID, _ := facts(f.Part)
		return listing.At(at, partID)
	})
	if err != nil {
		return nil, nil, fmt.Errorf("list parts of returns: %w", err)
	}
	for k := range found {
		_, _, generated := facts(found[k].Part)
		if found[k].Generated, err = dispositions(tx, scope, found[k].ReturnID, generated); err != nil {
			return nil, nil, err
		}
	}
	return found, next, nil
}

func scanFound[T part](row db.Row) (Found[T], error) {
	f := Found[T]{Part: new(T)}
	var doc string
	if err := row.Scan(&f.ReturnID, &doc); err != nil {
		return f, err
	}
	if err := json.Unmarshal([]byte(doc), f.Part); err != nil {
		return f, fmt.Errorf("decode a part of return %s: %w", f.ReturnID, err)
	}
	return f, nil
}

// dispositions reads dispositions of a return by their ids, oldest first.
func dispositions(tx db.Tx, scope tenant.Scope, returnID string, ids []string) ([]*Disposition, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	q := listing.From("return_dispositions", "return_id, doc", "return_disposition_id", scope).Equal("return_id", returnID).In("return_disposition_id", ids)
	if err := q.Sort("created_at", true, true, nil); err != nil {
		return nil, err
	}
	found, err := listing.All(tx, q, scanFound[Disposition])
	if err != nil {
		return nil, fmt.Errorf("read dispositions of return %s: %w", returnID, err)
	}
	out := make([]*Disposition, 0, len(found))
	for _, f := range found {
		out = append(out, f.Part)
	}
	return out, nil
}

// GetReceipt reads a receipt; RESOURCE_NOT_FOUND when the environment has none with the id.
func GetReceipt(tx db.Tx, scope tenant.Scope, receiptID string) (Found[Receipt], error) {
	return one(tx, scope, receiptPart, receiptID, func(x *Receipt) []string { return x.Generated })
}

// GetInspection reads an inspection; RESOURCE_NOT_FOUND when the environment has none with the id.
func GetInspection(tx db.Tx, scope tenant.Scope, inspectionID string) (Found[Inspection], error) {
	return one(tx, scope, inspectionPart, inspectionID, func(x *Inspection) []string { return x.Generated })
}

// GetDisposition reads a disposition; RESOURCE_NOT_FOUND when the environment has none with the id.
func GetDisposition(tx db.Tx, scope tenant.Scope, dispositionID string) (Found[Disposition], error) {
	return one(tx, scope, dispositionPart, dispositionID, func(*Disposition) []string { return nil })
}

func one[T part](tx db.Tx, scope tenant.Scope, k partKind, partID string, generated func(*T) []string) (Found[T], error) {
	returnID, err := k.returnOf(tx, scope, partID)
	if err != nil {
		return Found[T]{}, err
	}
	var f Found[T]
	err = tx.Query(func(row db.Row) (err error) { f, err = scanFound[T](row); return err },
		`SELECT return_id, doc FROM `+k.table()+` WHERE merchant_id = $1 AND environment_id = $2 AND return_id = $3 AND `+k.name+`_id = $4`,
		scope.MerchantID, scope.EnvironmentID, returnID, partID)
	if err != nil {
		return f, fmt.Errorf("read %s: %w", partID, err)
	}
	f.Generated, err = dispositions(tx, scope, returnID, generated(f.Part))
	return f, err
}

// Shell is a return that holds nothing but its id and the dispositions that the part generated.
func (f Found[T]) Shell() *Return {
	r := &Return{ID: f.ReturnID}
	for _, d := range f.Generated {
		r.Dispositions = append(r.Dispositions, *d)
	}
	return r
}
