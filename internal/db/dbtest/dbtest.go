// Package dbtest gives a test a fresh, migrated database of each engine.
//
// SQLite databases are copies of a migrated file. PostgreSQL is a real server that the package starts
// itself (see server.go); each test gets a database of its own, copied from a migrated template.
// Nothing is ever skipped: an engine that cannot run fails the test with what to do about it.
// FLINT_TEST_ENGINES=sqlite or =postgres narrows Each for a quick run.
package dbtest

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/migrations"
	"flint/internal/db/postgres"
	"flint/internal/db/sqlite"
)

// Each runs fn as one parallel subtest per engine, with a fresh database in each.
func Each(t *testing.T, fn func(t *testing.T, d db.DB)) {
	t.Helper()
	for _, engine := range Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			fn(t, Open(t, engine))
		})
	}
}

// Engines are the engines to test: both, or what FLINT_TEST_ENGINES names.
func Engines(t testing.TB) []db.Engine {
	t.Helper()
	v := os.Getenv("FLINT_TEST_ENGINES")
	if v == "" {
		return []db.Engine{db.SQLite, db.Postgres}
	}
	var out []db.Engine
	for name := range strings.SplitSeq(v, ",") {
		switch e := db.Engine(strings.TrimSpace(name)); e {
		case db.SQLite, db.Postgres:
			out = append(out, e)
		default:
			t.Fatalf("FLINT_TEST_ENGINES: no engine %q; use sqlite, postgres or both", name)
		}
	}
	return out
}

// Open returns a fresh, migrated database, closed when the test ends.
func Open(t testing.TB, engine db.Engine) db.DB {
	t.Helper()
	url := OpenURL(t, engine)
	var d db.DB
	var err error
	if engine == db.SQLite {
		d, err = sqlite.Open(t.Context(), sqlite.Options{Path: url, Logger: logger(t)})
	} else {
		d, err = postgres.Open(t.Context(), postgres.Options{URL: url, Logger: logger(t), MaxConns: 8})
	}
	if err != nil {
		t.Fatalf("open a %s database: %v", engine, err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close the %s database: %v", engine, err)
		}
	})
	return d
}

// OpenURL returns where a fresh, migrated database is, a file path or a PostgreSQL URL, without
// opening it: for tests that start the binary or open the engine with options of their own.
func OpenURL(t testing.TB, engine db.Engine) string {
	t.Helper()
	if engine == db.Postgres {
		return sharedServer(t).Database(t)
	}
	template, err := sqliteTemplate()
	if err != nil {
		t.Fatalf("make the SQLite template: %v", err)
	}
	path := filepath.Join(t.TempDir(), "flint.db")
	if err := os.WriteFile(path, template, 0o600); err != nil {
		t.Fatal(err)
	}
	// The lock file of a database that was closed properly; without it the first open checks the file.
	if err := os.WriteFile(path+".lock", []byte("clean\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// sqliteTemplate migrates one file per test binary and keeps its bytes.
var sqliteTemplate = sync.OnceValues(func() (template []byte, err error) {
	dir, err := os.MkdirTemp("", "flint-sqlite-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if rm := os.RemoveAll(dir); err == nil {
			err = rm
		}
	}()
	path := filepath.Join(dir, "template.db")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := migrations.Up(ctx, db.SQLite, path); err != nil {
		return nil, err
	}
	if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
		return nil, fmt.Errorf("the migrated file has a log of %d bytes left", info.Size())
	}
	return os.ReadFile(path)
})

// logger writes warnings and errors to the test's log.
func logger(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}
