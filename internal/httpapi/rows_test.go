package httpapi_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"flint/internal/db"
)

// tables are the tables of merchants with their text columns, or with all columns.
func (r *rig) tables(t testing.TB, tx db.Tx) map[string][]string {
	t.Helper()
	sql := `SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY 1, 2`
	if r.db.Engine() == db.Postgres {
		sql = `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1, 2`
	}
	columns := map[string][]string{}
	if err := tx.Query(func(row db.Row) error {
		var table, column string
		err := row.Scan(&table, &column)
		columns[table] = append(columns[table], column)
		return err
	}, sql); err != nil {
		t.Fatalf("read the tables: %v", err)
	}
	for name, c := range columns {
		if !slices.Contains(c, "merchant_id") {
			delete(columns, name)
		}
	}
	if len(columns) < 20 {
		t.Fatalf("only %d tables of merchants found", len(columns))
	}
	return columns
}

// rowsOf is every row of every table of merchants, as "table: columns", in order, by "merchant
// environment", where what an environment does not own has none. The log of requests is left out.
func (r *rig) rowsOf(t testing.TB) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	if err := r.db.Read(context.Background(), func(tx db.Tx) error {
		for name, columns := range r.tables(t, tx) {
			if name == "request_logs" {
				continue
			}
			environment := `''`
			if slices.Contains(columns, "environment_id") && name != "environments" {
				environment = "environment_id"
			}
			texts := make([]string, len(columns))
			for n, c := range columns {
				texts[n] = `COALESCE(CAST("` + c + `" AS TEXT), '-')`
			}
			if err := tx.Query(func(row db.Row) error {
				var whose, text string
				err := row.Scan(&whose, &text)
				out[whose] = append(out[whose], name+": "+text)
				return err
			}, `SELECT merchant_id || ' ' || `+environment+`, `+strings.Join(texts, ` || ' ' || `)+` FROM "`+name+`"`); err != nil {
				return fmt.Errorf("read %s: %w", name, err)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, rows := range out {
		slices.Sort(rows)
	}
	return out
}

// rows is all of it as one text.
func (r *rig) rows(t testing.TB) string {
	t.Helper()
	var out strings.Builder
	for _, rows := range r.rowsOf(t) {
		out.WriteString(strings.Join(rows, "\n"))
	}
	return out.String()
}

// changes are the rows that one of two pictures has and the other has not.
func changes(before, after []string) []string {
	var out []string
	for len(before) > 0 || len(after) > 0 {
		switch {
		case len(after) == 0 || len(before) > 0 && before[0] < after[0]:
			out, before = append(out, "- "+before[0]), before[1:]
		case len(before) == 0 || after[0] < before[0]:
			out, after = append(out, "+ "+after[0]), after[1:]
		default:
			before, after = before[1:], after[1:]
		}
	}
	return out
}
