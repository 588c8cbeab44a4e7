// Package migrations brings a database to the schema this binary was built for.
//
// A migration is a file NNNN_name.sql with one text for both engines; placeholders stand for what
// differs: {{int}} {{text}} {{bytes}} are the column types, {{options}} ends a CREATE TABLE, and
// {{clustered}} ends one of small rows that are read by primary key. Every file runs outside a
// transaction and every statement in it can be run again (IF NOT EXISTS), so an interrupted migration
// is simply started once more.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // database/sql driver "pgx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	_ "modernc.org/sqlite" // database/sql driver "sqlite"

	"flint/internal/db"
	"flint/internal/db/sqlite"
)

//go:embed *.sql
var files embed.FS

// table remembers which migrations ran.
const table = "schema_migrations"

// Applied is one migration and when it ran.
type Applied struct {
	Version int64
	Name    string
	At      time.Time // zero while it is pending
}

// Up runs every migration that did not run yet. The dsn is a file path for SQLite and a URL for
// PostgreSQL. SQLite's file is locked meanwhile, so a running server makes it fail with
// DATABASE_LOCKED; several servers that start over one PostgreSQL database wait for each other.
func Up(ctx context.Context, engine db.Engine, dsn string) error {
	return with(engine, dsn, func(p *goose.Provider, handle *sql.DB) error {
		ran, err := p.Up(ctx)
		if err != nil {
			return fmt.Errorf("migrate the database: %w", err)
		}
		if engine == db.SQLite {
			return assumeStatistics(ctx, handle, len(ran) > 0)
		}
		return nil
	})
}

// Status lists all migrations in order.
func Status(ctx context.Context, engine db.Engine, dsn string) ([]Applied, error) {
	var out []Applied
	err := with(engine, dsn, func(p *goose.Provider, _ *sql.DB) error {
		all, err := p.Status(ctx)
		if err != nil {
			return fmt.Errorf("read the state of the migrations: %w", err)
		}
		for _, m := range all {
			out = append(out, Applied{Version: m.Source.Version, Name: m.Source.Path, At: m.AppliedAt})
		}
		return nil
	})
	return out, err
}

func with(engine db.Engine, dsn string, fn func(*goose.Provider, *sql.DB) error) (err error) {
	var handle *sql.DB
	dialect := goose.DialectPostgres
	// Files are numbered by domain, so a later file of one domain may follow a higher number of another.
	opts := []goose.ProviderOption{goose.WithTableName(table), goose.WithAllowOutofOrder(true), goose.WithDisableGlobalRegistry(true)}
	switch engine {
	case db.SQLite:
		_, statErr := os.Stat(dsn)
		held, lockErr := sqlite.Acquire(dsn)
		if lockErr != nil {
			return lockErr
		}
		// A file that was not closed properly stays so, until the server has checked it.
		clean := held.Clean() || errors.Is(statErr, os.ErrNotExist)
		defer func() { err = errors.Join(err, held.Release(clean)) }()
		dialect = goose.DialectSQLite3
		handle, err = sql.Open("sqlite", sqliteURL(dsn))
		if err != nil {
			return fmt.Errorf("open the database: %w", err)
		}
		handle.SetMaxOpenConns(1)
	case db.Postgres:
		handle, err = sql.Open("pgx", dsn)
		if err != nil {
			return fmt.Errorf("open the database: %w", err)
		}
		locker, err := lock.NewPostgresTableLocker(lock.WithTableName(table+"_lock"), lock.WithTableLockTimeout(250*time.Millisecond, 1200))
		if err != nil {
			return fmt.Errorf("prepare the migration lock: %w", err)
		}
		opts = append(opts, goose.WithLocker(locker))
	default:
		return fmt.Errorf("no migrations for engine %q", engine)
	}
	defer func() { err = errors.Join(err, handle.Close()) }()
	p, err := goose.NewProvider(dialect, handle, rendered{engine}, opts...)
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	return fn(p, handle)
}

func sqliteURL(path string) string {
	q := url.Values{"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"}}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

var placeholders = map[db.Engine]*strings.Replacer{
	db.SQLite: strings.NewReplacer("{{int}}", "INTEGER", "{{text}}", "TEXT", "{{bytes}}", "BLOB",
		"{{options}}", "STRICT", "{{clustered}}", "STRICT, WITHOUT ROWID"),
	db.Postgres: strings.NewReplacer("{{int}}", "BIGINT", "{{text}}", "TEXT", "{{bytes}}", "BYTEA",
		"{{options}}", "", "{{clustered}}", ""),
}

// rendered is the folder of migrations as one engine reads it.
type rendered struct{ engine db.Engine }

// Open implements fs.FS.
func (r rendered) Open(name string) (fs.File, error) {
	f, err := files.Open(name)
	if err != nil || !strings.HasSuffix(name, ".sql") {
		return f, err
	}
	text, err := files.ReadFile(name)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &renderedFile{File: f, Reader: strings.NewReader(placeholders[r.engine].Replace(string(text)))}, nil
}

type renderedFile struct {
	fs.File
	*strings.Reader
}

func (f *renderedFile) Read(b []byte) (int, error) { return f.Reader.Read(b) }

// Fingerprint changes with every change to a migration; tests key their template databases by it.
func Fingerprint() (string, error) { return fingerprint(files) }
