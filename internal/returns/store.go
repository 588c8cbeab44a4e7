package returns

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/tenant"
)

// stored is what the rows of a return say: the document of every row by the id of its object.
type stored struct {
	version int64
	docs    map[string]string
}

// Get reads a return with all its parts without locking anything; RESOURCE_NOT_FOUND when the environment has
// none with the id.
func Get(tx db.Tx, scope tenant.Scope, returnID string) (*Return, error) {
	r, err := head(tx, scope, returnID, "")
	if err != nil {
		return nil, err
	}
	return r, parts(tx, r)
}

// head reads the row of a return.
func head(tx db.Tx, scope tenant.Scope, returnID, lock string) (*Return, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	if !id.Valid(id.Return, returnID) {
		return nil, fault.NotFound("return")
	}
	var r *Return
	err := tx.Query(func(row db.Row) (err error) { r, err = scan(row, scope); return err },
		`SELECT doc FROM returns WHERE merchant_id = $1 AND environment_id = $2 AND return_id = $3`+lock,
		scope.MerchantID, scope.EnvironmentID, returnID)
	if err != nil {
		return nil, fmt.Errorf("read return %s: %w", returnID, err)
	}
	if r == nil {
		return nil, fault.NotFound("return")
	}
	return r, nil
}

// scan reads a return without its parts.
func scan(row db.Row, scope tenant.Scope) (*Return, error) {
	var doc string
	if err := row.Scan(&doc); err != nil {
		return nil, err
	}
	r := &Return{Scope: scope}
	if err := json.Unmarshal([]byte(doc), r); err != nil {
		return nil, fmt.Errorf("decode a return: %w", err)
	}
	r.stored = stored{version: r.Version, docs: map[string]string{r.ID: doc}}
	return r, nil
}

// parts reads everything that belongs to a return.
func parts(tx db.Tx, r *Return) (err error) {
	if r.Lines, err = rows[Line](tx, r, "return_lines", "place"); err != nil {
		return err
	}
	if r.Receipts, err = rows[Receipt](tx, r, "return_receipts", "created_at, return_receipt_id"); err != nil {
		return err
	}
	if r.Inspections, err = rows[Inspection](tx, r, "return_inspections", "created_at, return_inspection_id"); err != nil {
		return err
	}
	if r.Dispositions, err = rows[Disposition](tx, r, "return_dispositions", "created_at, return_disposition_id"); err != nil {
		return err
	}
	r.Resolutions, err = rows[Resolution](tx, r, "return_resolutions", "created_at, return_resolution_id")
	return err
}

// part is an object with a row of its own.
type part interface {
	Line | Receipt | Inspection | Disposition | Resolution
}

func rows[T part](tx db.Tx, r *Return, table, order string) ([]T, error) {
	var out []T
	err := tx.Query(func(row db.Row) error {
		var doc string
		if err := row.Scan(&doc); err != nil {
			return err
		}
		var v T
		if err := json.Unmarshal([]byte(doc), &v); err != nil {
			return fmt.Errorf("decode a row of %s: %w", table, err)
		}
		out = append(out, v)
		r.stored.docs[partID(&v)] = doc
		return nil
	}, `SELECT doc FROM `+table+` WHERE merchant_id = $1 AND environment_id = $2 AND return_id = $3 ORDER BY `+order,
		r.Scope.MerchantID, r.Scope.EnvironmentID, r.ID)
	if err != nil {
		return nil, fmt.Errorf("read %s of return %s: %w", table, r.ID, err)
	}
	return out, nil
}

// partID is the id of an object with a row of its own.
func partID[T part](v *T) string {
	switch x := any(v).(type) {
	case *Line:
		return x.ID
	case *Receipt:
		return x.ID
	case *Inspection:
		return x.ID
	case *Disposition:
		return x.ID
	case *Resolution:
		return x.ID
	}
	return ""
}

// write stores what changed of a return under its version, and nothing else.
func write(tx db.Tx, r *Return) error {
	docs := map[string]string{}
	if err := writeHead(tx, r, docs); err != nil {
		return err
	}
	for k := range r.Lines {
		if err := writePart(r, &r.Lines[k], docs, func(doc string) error { return writeLine(tx, r, &r.Lines[k], k, doc) }); err != nil {
			return err
		}
	}
	for k := range r.Receipts {
		x := &r.Receipts[k]
		if err := writePart(r, x, docs, func(doc string) error { return writeReceipt(tx, r, x, doc) }); err != nil {
			return err
		}
	}
	for k := range r.Inspections {
		x := &r.Inspections[k]
		if err := writePart(r, x, docs, func(doc string) error { return writeInspection(tx, r, x, doc) }); err != nil {
			return err
		}
	}
	for k := range r.Dispositions {
		x := &r.Dispositions[k]
		if err := writePart(r, x, docs, func(doc string) error { return writeDisposition(tx, r, x, doc) }); err != nil {
			return err
		}
	}
	for k := range r.Resolutions {
		x := &r.Resolutions[k]
		if err := writePart(r, x, docs, func(doc string) error { return writeResolution(tx, r, x, doc) }); err != nil {
			return err
		}
	}
	for gone := range r.stored.docs {
		if _, still := docs[gone]; still {
			continue
		}
		err := tx.Send(`DELETE FROM return_lines WHERE merchant_id = $1 AND environment_id = $2 AND return_id = $3 AND return_line_item_id = $4`,
			r.Scope.MerchantID, r.Scope.EnvironmentID, r.ID, gone)
		if err != nil {
			return fmt.Errorf("remove line %s of return %s: %w", gone, r.ID, err)
		}
	}
	r.stored = stored{version: r.Version, docs: docs}
	return nil
}

// writePart calls put with the document of v unless the row says the same already.
func writePart[T part](r *Return, v *T, docs map[string]string, put func(doc string) error) error {
	doc, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("encode %s of return %s: %w", partID(v), r.ID, err)
	}
	docs[partID(v)] = string(doc)
	if r.stored.docs[partID(v)] == string(doc) {
		return nil
	}
	if err := put(string(doc)); err != nil {
		return fmt.Errorf("store %s of return %s: %w", partID(v), r.ID, err)
	}
	return nil
}

func writeHead(tx db.Tx, r *Return, docs map[string]string) error {
	doc, err := json.Marshal(r, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("encode return %s: %w", r.ID, err)
	}
	docs[r.ID] = string(doc)
	err = tx.Send(`INSERT INTO returns (merchant_id, environment_id, return_id, order_id, customer_id, return_number, status, decision_status,
			merchandise_status, resolution_status, external_reference_id, work, search, version, doc, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
		ON CONFLICT (merchant_id, environment_id, return_id) DO UPDATE SET customer_id = excluded.customer_id, status = excluded.status,
			decision_status = excluded.decision_status, merchandise_status = excluded.merchandise_status,
			resolution_status = excluded.resolution_status, external_reference_id = excluded.external_reference_id, work = excluded.work,
			search = excluded.search, version = excluded.version, doc = excluded.doc, updated_at = excluded.updated_at`,
		r.Scope.MerchantID, r.Scope.EnvironmentID, r.ID, r.OrderID, r.CustomerID, r.Number, r.Status, r.DecisionStatus, r.MerchandiseStatus,
		r.ResolutionStatus, r.ExternalReferenceID, tokens(r.Work...), r.search(), r.Version, string(doc), r.CreatedAt, r.UpdatedAt)
	if err != nil {
		return fmt.Errorf("store return %s: %w", r.ID, err)
	}
	return nil
}

// search is the lower-case text that a list is searched in.
func (r *Return) search() string {
	words := []string{r.ID, r.Number, r.OrderID, r.OrderNumber, r.ExternalReferenceID}
	for _, l := range r.Lines {
		words = append(words, l.Identity.Name, l.Identity.SKU)
	}
	return searchText(words...)
}

// searchText joins what an object can be found by.
func searchText(words ...string) string { return strings.ToLower(strings.Join(words, "\n")) }

// tokens writes words so that one of them is found by " word " in the text.
func tokens(words ...string) string {
	if len(words) == 0 {
		return ""
	}
	return " " + strings.Join(words, " ") + " "
}

func writeLine(tx db.Tx, r *Return, l *Line, place int, doc string) error {
	live := l.Live()
	if l.Status == StatusCanceled || l.Status == StatusDeclined {
		live = 0
	}
	return tx.Send(`INSERT INTO return_lines (merchant_id, environment_id, return_id, return_line_item_id, place, order_id, order_line_item_id,
			fulfillment_id, return_reason_id, receiving_location_id, status, merchandise_status, resolution_status, requested, approved,
			canceled, live, doc, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
		ON CONFLICT (merchant_id, environment_id, return_id, return_line_item_id) DO UPDATE SET place = excluded.place,
			return_reason_id = excluded.return_reason_id, receiving_location_id = excluded.receiving_location_id, status = excluded.status,
			merchandise_status = excluded.merchandise_status, resolution_status = excluded.resolution_status, requested = excluded.requested,
			approved = excluded.approved, canceled = excluded.canceled, live = excluded.live, doc = excluded.doc`,
		r.Scope.MerchantID, r.Scope.EnvironmentID, r.ID, l.ID, place, r.OrderID, l.OrderLineID, l.FulfillmentID, l.ReasonID, l.ReceivingLocation,
		l.Status, l.MerchandiseStatus, l.ResolutionStatus, l.Requested, l.Approved, l.Canceled, live, doc, l.CreatedAt)
}

// held reads how many units of an order returns hold, by fulfilment and line; except is a return that does not
// count. The order is locked.
func held(tx db.Tx, scope tenant.Scope, orderID, except string) (map[goods]int64, error) {
	out := map[goods]int64{}
	err := tx.Query(func(row db.Row) error {
		var g goods
		var n int64
		err := row.Scan(&g.fulfillmentID, &g.orderLineID, &n)
		out[g] += n
		return err
	}, `SELECT fulfillment_id, order_line_item_id, live FROM return_lines
		WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3 AND return_id <> $4 AND live > 0`,
		scope.MerchantID, scope.EnvironmentID, orderID, except)
	if err != nil {
		return nil, fmt.Errorf("read what returns hold of order %s: %w", orderID, err)
	}
	return out, nil
}

// goods names units of a line that one fulfilment handed over.
type goods struct{ fulfillmentID, orderLineID string }

// nextNumber counts the returns of an environment up from 1001.
func nextNumber(tx db.Tx, scope tenant.Scope) (string, error) {
	var n int64
	err := tx.QueryRow([]any{&n}, `INSERT INTO invoice_numbers (merchant_id, environment_id, series, last) VALUES ($1, $2, 'return', 1001)
		ON CONFLICT (merchant_id, environment_id, series) DO UPDATE SET last = invoice_numbers.last + 1 RETURNING last`,
		scope.MerchantID, scope.EnvironmentID)
	if err != nil {
		return "", fmt.Errorf("count the return: %w", err)
	}
	return fmt.Sprintf("R-%d", n), nil
}

// OfOrder reads the returns of an order with all their parts, oldest first, without locking anything.
func OfOrder(tx db.Tx, scope tenant.Scope, orderID string) ([]*Return, error) {
	var out []*Return
	err := tx.Query(func(row db.Row) error {
		r, err := scan(row, scope)
		out = append(out, r)
		return err
	}, `SELECT doc FROM returns WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3 ORDER BY created_at, return_id`,
		scope.MerchantID, scope.EnvironmentID, orderID)
	if err != nil {
		return nil, fmt.Errorf("read the returns of order %s: %w", orderID, err)
	}
	for _, r := range out {
		if err := parts(tx, r); err != nil {
			return nil, err
		}
	}
	return out, nil
}
