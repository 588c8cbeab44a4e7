package returns

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/tenant"
)

// ListInput filters returns; empty fields do not filter. They come newest first.
type ListInput struct {
	Scope               tenant.Scope
	OrderID             string
	CustomerID          string
	Number              string
	ExternalReferenceID string
	Statuses            []string
	DecisionStatuses    []string
	MerchandiseStatuses []string
	ResolutionStatuses  []string
	ResolutionTypes     []string // some resolution that was not canceled has one of them
	WorkTypes           []string // some work of one of these kinds waits
	ReasonID            string   // some line has it
	ReceivingLocationID string   // some line goes there
	Query               string   // part of an id, number, order number, reference, name or SKU
	CreatedAfter        time.Time
	CreatedBefore       time.Time
	UpdatedAfter        time.Time
	UpdatedBefore       time.Time
	After               *listing.Cursor
	Limit               int
}

// List reads one page of returns and the cursor of the next, nil on the last page. Returns have their
// lines and no other parts; what follows from those is stored with the return.
func List(tx db.Tx, in ListInput) ([]*Return, *listing.Cursor, error) {
	if err := in.Scope.Check(); err != nil {
		return nil, nil, err
	}
	q := listing.From("returns", "doc", "return_id", in.Scope).Equal("order_id", in.OrderID).Equal("customer_id", in.CustomerID).
		Equal("return_number", in.Number).Equal("external_reference_id", in.ExternalReferenceID).In("status", in.Statuses).
		In("decision_status", in.DecisionStatuses).In("merchandise_status", in.MerchandiseStatuses).
		In("resolution_status", in.ResolutionStatuses).Search("search", in.Query).
		Range("created_at", in.CreatedAfter, in.CreatedBefore).Range("updated_at", in.UpdatedAfter, in.UpdatedBefore)
	anyOf(q, "work LIKE ?", in.WorkTypes, func(kind string) string { return "% " + kind + " %" })
	if len(in.ResolutionTypes) > 0 {
		q.And(belonging("return_resolutions", "p.status <> 'canceled' AND p.resolution_type IN (?"+strings.Repeat(", ?", len(in.ResolutionTypes)-1)+")"),
			values(in.ResolutionTypes)...)
	}
	if in.ReasonID != "" {
		q.And(belonging("return_lines", "p.return_reason_id = ?"), in.ReasonID)
	}
	if in.ReceivingLocationID != "" {
		q.And(belonging("return_lines", "p.receiving_location_id = ?"), in.ReceivingLocationID)
	}
	if err := q.Sort("created_at", false, true, in.After); err != nil {
		return nil, nil, err
	}
	found, next, err := listing.Page(tx, q, in.Limit, func(row db.Row) (*Return, error) { return scan(row, in.Scope) },
		func(r *Return) listing.Cursor { return listing.At(r.CreatedAt, r.ID) })
	if err != nil {
		return nil, nil, fmt.Errorf("list returns: %w", err)
	}
	return found, next, addLines(tx, in.Scope, found)
}

// addLines reads the lines of a page of returns together.
func addLines(tx db.Tx, scope tenant.Scope, page []*Return) error {
	if len(page) == 0 {
		return nil
	}
	ids := make([]string, len(page))
	for k, r := range page {
		ids[k] = r.ID
	}
	q := listing.From("return_lines", "return_id, doc", "return_line_item_id", scope).In("return_id", ids)
	if err := q.Sort("place", true, true, nil); err != nil {
		return err
	}
	_, err := listing.All(tx, q, func(row db.Row) (struct{}, error) {
		var returnID, doc string
		if err := row.Scan(&returnID, &doc); err != nil {
			return struct{}{}, err
		}
		l, err := decodeLine(doc)
		if k := slices.Index(ids, returnID); k >= 0 && err == nil {
			page[k].Lines = append(page[k].Lines, *l)
		}
		return struct{}{}, err
	})
	if err != nil {
		return fmt.Errorf("read the lines of returns: %w", err)
	}
	return nil
}

func decodeLine(doc string) (*Line, error) {
	var l Line
	if err := json.Unmarshal([]byte(doc), &l); err != nil {
		return nil, fmt.Errorf("decode a line of a return: %w", err)
	}
	return &l, nil
}

// belonging is the condition that a row of another table belongs to the return and fulfils condition.
func belonging(table, condition string) string {
	return `EXISTS (SELECT 1 FROM ` + table + ` p WHERE p.merchant_id = returns.merchant_id AND p.environment_id = returns.environment_id
		AND p.return_id = returns.return_id AND ` + condition + `)`
}

// anyOf adds a condition that one of the values fulfils.
func anyOf(q *listing.Query, condition string, list []string, as func(string) string) {
	if len(list) == 0 {
		return
	}
	args := make([]any, len(list))
	for k, v := range list {
		args[k] = as(v)
	}
	q.And("("+condition+strings.Repeat(" OR "+condition, len(list)-1)+")", args...)
}

func values(list []string) []any {
	out := make([]any, len(list))
	for k, v := range list {
		out[k] = v
	}
	return out
}

// LinesInput filters the lines of a return; empty fields do not filter. They come in the order of the return.
type LinesInput struct {
	Scope               tenant.Scope
	ReturnID            string
	FulfillmentID       string
	OrderLineID         string
	ReasonID            string
	Statuses            []string
	MerchandiseStatuses []string
	ResolutionStatuses  []string
	After               *listing.Cursor
	Limit               int
}

// ListLines reads one page of the lines of a return, with the return they belong to, which has no other parts.
//
// Faults: RESOURCE_NOT_FOUND.
func ListLines(tx db.Tx, in LinesInput) (*Return, []*Line, *listing.Cursor, error) {
	r, err := head(tx, in.Scope, in.ReturnID, "")
	if err != nil {
		return nil, nil, nil, err
	}
	q := listing.From("return_lines", "place, doc", "return_line_item_id", in.Scope).Equal("return_id", r.ID).
		Equal("fulfillment_id", in.FulfillmentID).Equal("order_line_item_id", in.OrderLineID).Equal("return_reason_id", in.ReasonID).
		In("status", in.Statuses).In("merchandise_status", in.MerchandiseStatuses).In("resolution_status", in.ResolutionStatuses)
	if err := q.Sort("place", true, true, in.After); err != nil {
		return nil, nil, nil, err
	}
	type placed struct {
		line  *Line
		place int64
	}
	page, next, err := listing.Page(tx, q, in.Limit, func(row db.Row) (placed, error) {
		var p placed
		var doc string
		err := row.Scan(&p.place, &doc)
		if err == nil {
			p.line, err = decodeLine(doc)
		}
		return p, err
	}, func(p placed) listing.Cursor { return listing.Cursor{Key: listing.Int(p.place), ID: p.line.ID} })
	if err != nil {
		return nil, nil, nil, fmt.Errorf("list the lines of return %s: %w", r.ID, err)
	}
	out := make([]*Line, len(page))
	for k, p := range page {
		out[k] = p.line
	}
	return r, out, next, nil
}
