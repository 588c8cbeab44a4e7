package backup

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"

	_ "modernc.org/sqlite" // database/sql driver "sqlite"

	"flint/internal/db/sqlite"
	"flint/internal/fault"
)

// copySQLite writes a copy of the database at path, and tells its schema. The lock that keeps
// a second server away belongs to the running one; then the copy is made through a connection of its
// own that only reads, which SQLite's own locks allow between processes.
func copySQLite(ctx context.Context, path, to string) (schema []int64, err error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("find the database: %w", err)
	}
	d, err := sqlite.Open(ctx, sqlite.Options{Path: path, ReadConns: 1})
	switch {
	case err == nil:
		err = errors.Join(d.Backup(ctx, to), d.Close())
	case fault.Is(err, "DATABASE_LOCKED"):
		err = copyBeside(ctx, path, to)
	}
	if err != nil {
		return nil, fmt.Errorf("copy the database: %w", err)
	}
	return inspect(ctx, to)
}

func copyBeside(ctx context.Context, path, to string) error {
	return withFile(path, url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(10000)"}}, func(handle *sql.DB) error {
		// VACUUM INTO reads one state of the database, the newest when it begins.
		if _, err := handle.ExecContext(ctx, "VACUUM INTO ?", to); err != nil {
			return err
		}
		f, err := os.OpenFile(to, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		return errors.Join(f.Chmod(0o600), f.Sync(), f.Close())
	})
}

// inspect checks a copy that nobody has open and tells its schema.
func inspect(ctx context.Context, path string) (schema []int64, err error) {
	err = withFile(path, url.Values{"mode": {"ro"}, "immutable": {"1"}}, func(handle *sql.DB) error {
		var found string
		if err := handle.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found); err != nil {
			return fmt.Errorf("check the copy: %w", err)
		}
		if found != "ok" {
			return fault.Internal("STORAGE_DAMAGED", "The copy of the database is damaged.").Because(errors.New(found))
		}
		if schema, err = applied(ctx, handle); err != nil {
			return fmt.Errorf("read the schema: %w", err)
		}
		return nil
	})
	return schema, err
}

func applied(ctx context.Context, handle *sql.DB) (schema []int64, err error) {
	rows, err := handle.QueryContext(ctx, schemaQuery)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var v int64
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		schema = append(schema, v)
	}
	return schema, rows.Err()
}

func withFile(path string, query url.Values, fn func(*sql.DB) error) (err error) {
	handle, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+query.Encode())
	if err != nil {
		return err
	}
	handle.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, handle.Close()) }()
	return fn(handle)
}
