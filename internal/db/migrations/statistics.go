package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Without statistics SQLite takes every column of a key for about as selective as the next, so it reads
// all rows of an environment in the order of their ids rather than the three of one order out of an
// index. The platform's tables all look alike in the case that matters, one merchant with a large
// environment, so that picture is written down instead of measured: plans are the same on every
// installation, and none changes one day because ANALYZE met unusual data.
const (
	assumedRows    = 1_000_000
	assumedPartial = 1_000 // rows of a partial index: work that is open, not all that was done
	assumedSame    = 8     // rows that share the value of a column
	assumedSorts   = 10    // values of a column that says a state or a kind
)

// tenants are the columns that do not narrow anything down in the assumed picture.
var tenants = map[string]bool{"merchant_id": true, "environment_id": true}

// sorts are the columns of few values.
var sorts = map[string]bool{"status": true, "state": true, "kind": true, "type": true, "mode": true, "processor": true}

// assumeStatistics writes the statistics of every index of a SQLite database, when the schema changed
// or an earlier run was interrupted.
func assumeStatistics(ctx context.Context, handle *sql.DB, changed bool) (err error) {
	// The table that holds them is SQLite's own: ANALYZE makes it. One row of each index is looked at.
	if _, err := handle.ExecContext(ctx, "PRAGMA analysis_limit = 1"); err != nil {
		return fmt.Errorf("prepare the planner's statistics: %w", err)
	}
	written := 0
	err = handle.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_stat1'").Scan(&written)
	if err == nil && written == 0 {
		_, err = handle.ExecContext(ctx, "ANALYZE")
	}
	if err == nil {
		err = handle.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_stat1 WHERE stat LIKE ?", fmt.Sprint(assumedRows, " %")).Scan(&written)
	}
	if err != nil {
		return fmt.Errorf("prepare the planner's statistics: %w", err)
	}
	if written > 0 && !changed {
		return nil
	}
	indexes, err := readIndexes(ctx, handle)
	if err != nil {
		return fmt.Errorf("read the indexes: %w", err)
	}
	tx, err := handle.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("write the planner's statistics: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	if _, err := tx.ExecContext(ctx, "DELETE FROM sqlite_stat1"); err != nil {
		return fmt.Errorf("clear the planner's statistics: %w", err)
	}
	for _, x := range indexes {
		if _, err := tx.ExecContext(ctx, "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", x.table, x.name, x.statistics()); err != nil {
			return fmt.Errorf("write the statistics of %s: %w", x.name, err)
		}
	}
	return tx.Commit()
}

// index is what the planner's statistics of one index depend on.
type index struct {
	table, name     string
	unique, partial bool
	columns         []string
}

// statistics is the text SQLite keeps for an index: its rows, then for each of its columns how many
// rows share the values of the columns so far (https://sqlite.org/fileformat2.html#stat1tab).
func (x index) statistics() string {
	rows := assumedRows
	if x.partial {
		rows = assumedPartial
	}
	out, same := []string{strconv.Itoa(rows)}, rows
	for i, c := range x.columns {
		switch {
		case x.unique && i == len(x.columns)-1:
			same = 1
		case tenants[c]:
		case sorts[c]:
			same = max(same/assumedSorts, 1)
		default:
			same = min(same, assumedSame)
		}
		out = append(out, strconv.Itoa(same))
	}
	return strings.Join(out, " ")
}

func readIndexes(ctx context.Context, handle *sql.DB) (out []index, err error) {
	rows, err := handle.QueryContext(ctx, `SELECT t.name, t.wr, i.name, i."unique", i.partial, i.origin, c.name
		FROM pragma_table_list t, pragma_index_list(t.name) i, pragma_index_info(i.name) c
		WHERE t.type = 'table' AND t.schema = 'main' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\'
		ORDER BY t.name, i.name, c.seqno`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var x index
		var clustered bool
		var origin, column string
		if err := rows.Scan(&x.table, &clustered, &x.name, &x.unique, &x.partial, &origin, &column); err != nil {
			return nil, err
		}
		if clustered && origin == "pk" {
			x.name = x.table // the key of a table without row ids goes by the table's name
		}
		if n := len(out); n > 0 && out[n-1].table == x.table && out[n-1].name == x.name {
			out[n-1].columns = append(out[n-1].columns, column)
			continue
		}
		x.columns = []string{column}
		out = append(out, x)
	}
	return out, rows.Err()
}
