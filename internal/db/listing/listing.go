// Package listing builds filtered, sorted and keyset-paged SELECTs over the tables of a merchant
// environment. A page is read by the key of its last row, so it costs the same at any depth and does
// not shift when rows are added.
package listing

import (
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

// Time and Int make the key of a numeric sort column.
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
	q := &Query{table: table, columns: columns, idColumn: idColumn, args: []any{scope.MerchantID, scope.EnvironmentID}}
	q.where.WriteString("merchant_id = $1 AND environment_id = $2")
	return q
}

// And adds a condition; each ? in it stands for v.
func (q *Query) And(condition string, v any) *Query {
	q.args = append(q.args, v)
	q.where.WriteString(" AND " + strings.ReplaceAll(condition, "?", "$"+strconv.Itoa(len(q.args))))
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
	marks := make([]string, len(values))
	for n, v := range values {
		q.args = append(q.args, v)
		marks[n] = "$" + strconv.Itoa(len(q.args))
	}
	q.where.WriteString(" AND " + column + " IN (" + strings.Join(marks, ", ") + ")")
	return q
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
	q.args = append(q.args, key, after.ID)
	n := len(q.args)
	q.where.WriteString(" AND (" + column + ", " + q.idColumn + ")" + beyond + "($" + strconv.Itoa(n-1) + ", $" + strconv.Itoa(n) + ")")
	return nil
}

// Page runs the query and gives at most limit rows to row; more tells that there are others behind.
func Page[T any](tx db.Tx, q *Query, limit int, scan func(db.Row) (T, error)) (rows []T, more bool, err error) {
	q.args = append(q.args, limit+1)
	sql := "SELECT " + q.columns + " FROM " + q.table + " WHERE " + q.where.String() +
		" ORDER BY " + q.column + q.direction + ", " + q.idColumn + q.direction + " LIMIT $" + strconv.Itoa(len(q.args))
	err = tx.Query(func(r db.Row) error {
		v, err := scan(r)
		rows = append(rows, v)
		return err
	}, sql, q.args...)
	if err != nil {
		return nil, false, err
	}
	if len(rows) > limit {
		return rows[:limit], true, nil
	}
	return rows, false, nil
}
