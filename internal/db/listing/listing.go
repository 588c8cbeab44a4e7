// Package listing builds filtered, sorted and keyset-paged SELECTs over the tables of a merchant
// environment. A page is read by the key of its last row, so it costs the same at any depth and does
// not shift when rows are added.
package listing

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// Cursor is the place after one row of a sorted list. It means something only together with the
// filters and the sort it came from; the surface binds them.
type Cursor struct {
	Key string // value of the sort column
	ID  string
}

// At is the place of a row in a list sorted by a time.
func At(t time.Time, id string) Cursor { return Cursor{Time(t), id} }

// Time is the key of a time.
func Time(t time.Time) string { return strconv.FormatInt(t.UnixMicro(), 10) }

// Int is the key of a whole number.
func Int(v int64) string { return strconv.FormatInt(v, 10) }

// Query is a SELECT under construction. Filters with an empty value are left out.
type Query struct {
	table, columns, idColumn string
	where                    strings.Builder
	args                     []any
	column, direction        string
}

// From starts a query over one table of a scope.
func From(table, columns, idColumn string, scope tenant.Scope) *Query {
	return OfMerchant(table, columns, idColumn, scope.MerchantID).And("environment_id = ?", scope.EnvironmentID)
}

// OfMerchant starts a query over all environments of a merchant, for the few things that one key may see
// of several.
func OfMerchant(table, columns, idColumn, merchantID string) *Query {
	q := &Query{table: table, columns: columns, idColumn: idColumn, args: []any{merchantID}}
	q.where.WriteString("merchant_id = $1")
	return q
}

// And adds a condition; each ? in it stands for the next of the values.
func (q *Query) And(condition string, values ...any) *Query {
	q.where.WriteString(" AND ")
	for _, v := range values {
		before, after, found := strings.Cut(condition, "?")
		if !found {
			panic("listing: more values than places in " + condition)
		}
		q.args = append(q.args, v)
		q.where.WriteString(before + "$" + strconv.Itoa(len(q.args)))
		condition = after
	}
	q.where.WriteString(condition)
	return q
}

// Equal filters a text column by an exact value.
func (q *Query) Equal(column, v string) *Query {
	if v == "" {
		return q
	}
	return q.And(column+" = ?", v)
}

// In filters a text column by a set of values.
func (q *Query) In(column string, values []string) *Query {
	if len(values) == 0 {
		return q
	}
	args := make([]any, len(values))
	for n, v := range values {
		args[n] = v
	}
	return q.And(column+" IN (?"+strings.Repeat(", ?", len(values)-1)+")", args...)
}

// Range filters a time column; both bounds are exclusive, a zero bound is none.
func (q *Query) Range(column string, after, before time.Time) *Query {
	if !after.IsZero() {
		q.And(column+" > ?", after)
	}
	if !before.IsZero() {
		q.And(column+" < ?", before)
	}
	return q
}

// AtLeast and AtMost filter a whole-number column, bounds included; nil is none.
func (q *Query) AtLeast(column string, v *int64) *Query {
	if v == nil {
		return q
	}
	return q.And(column+" >= ?", *v)
}

// AtMost is the upper bound of AtLeast.
func (q *Query) AtMost(column string, v *int64) *Query {
	if v == nil {
		return q
	}
	return q.And(column+" <= ?", *v)
}

// literal makes a search text match itself under LIKE … ESCAPE '\'.
var literal = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// Search filters a column of lower-case text by a part of it.
func (q *Query) Search(column, text string) *Query {
	if text == "" {
		return q
	}
	return q.And(column+` LIKE ? ESCAPE '\'`, "%"+literal.Replace(strings.ToLower(text))+"%")
}

// Sort orders by a column, ties by id, and starts after the cursor when there is one. numeric tells
// that the column holds a whole number or a time. A cursor that does not fit is INVALID_PAGE_TOKEN.
func (q *Query) Sort(column string, ascending, numeric bool, after *Cursor) error {
	q.column, q.direction = column, " DESC"
	beyond := " < "
	if ascending {
		q.direction, beyond = " ASC", " > "
	}
	if after == nil {
		return nil
	}
	var key any = after.Key
	if numeric {
		v, err := strconv.ParseInt(after.Key, 10, 64)
		if err != nil {
			return fault.Invalid("INVALID_PAGE_TOKEN", "page_token", "The page token does not belong to this list.")
		}
		key = v
	}
	q.And("("+column+", "+q.idColumn+")"+beyond+"(?, ?)", key, after.ID)
	return nil
}

// All runs the query for all its rows. It is for sets that the caller has bounded.
func All[T any](tx db.Tx, q *Query, scan func(db.Row) (T, error)) ([]T, error) {
	return rows(tx, q, "", scan)
}

// Page runs the query for at most limit rows. at is the place of a row; the cursor of the next page is nil
// on the last one.
func Page[T any](tx db.Tx, q *Query, limit int, scan func(db.Row) (T, error), at func(T) Cursor) ([]T, *Cursor, error) {
	q.args = append(q.args, limit+1)
	rows, err := rows(tx, q, " LIMIT $"+strconv.Itoa(len(q.args)), scan)
	if err != nil || len(rows) <= limit { // one row more was read, to see whether there are others behind
		return rows, nil, err
	}
	next := at(rows[limit-1])
	return slices.Clip(rows[:limit]), &next, nil
}

func rows[T any](tx db.Tx, q *Query, limit string, scan func(db.Row) (T, error)) ([]T, error) {
	var out []T
	err := tx.Query(func(r db.Row) error {
		v, err := scan(r)
		out = append(out, v)
		return err
	}, "SELECT "+q.columns+" FROM "+q.table+" WHERE "+q.where.String()+
		" ORDER BY "+q.column+q.direction+", "+q.idColumn+q.direction+limit, q.args...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// CheckLimit adds INVALID_PAGE_SIZE for a page size beyond the contract's.
func CheckLimit(l *fault.List, limit int) {
	if limit < 1 || limit > 100 {
		l.Add("INVALID_PAGE_SIZE", "page_size", "A page has 1 to 100 items.")
	}
}
