package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"flint/internal/db"
)

// addColumn is a statement that SQLite knows only without its condition.
var addColumn = regexp.MustCompile(`ALTER TABLE (\w+) ADD COLUMN IF NOT EXISTS (\w+) [^;]*;`)

// columns are those that a SQLite database has already, as "table.column"; nil on PostgreSQL, which
// looks for itself.
type columns map[string]bool

// render puts into one engine's words what a migration says for both.
func (c columns) render(engine db.Engine, text string) string {
	text = placeholders[engine].Replace(text)
	if engine != db.SQLite {
		return text
	}
	return addColumn.ReplaceAllStringFunc(text, func(statement string) string {
		m := addColumn.FindStringSubmatch(statement)
		if c[m[1]+"."+m[2]] {
			return "SELECT 1;" // an interrupted migration had come this far
		}
		return strings.Replace(statement, " IF NOT EXISTS", "", 1)
	})
}

// readColumns lists the columns of a SQLite database.
func readColumns(ctx context.Context, handle *sql.DB) (out columns, err error) {
	rows, err := handle.QueryContext(ctx, `SELECT t.name, c.name FROM pragma_table_list t, pragma_table_info(t.name) c
		WHERE t.type = 'table' AND t.schema = 'main'`)
	if err != nil {
		return nil, fmt.Errorf("read the columns of the database: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out = columns{}
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			return nil, err
		}
		out[table+"."+column] = true
	}
	return out, rows.Err()
}
