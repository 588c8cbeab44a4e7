package migrations_test

import (
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/db/migrations"
	"flint/internal/db/postgres"
	"flint/internal/db/sqlite"
	"flint/internal/fault"
)

// texts are the migrations as they are written.
func texts(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	names, err := fs.Glob(os.DirFS("."), "*.sql")
	if err != nil || len(names) == 0 {
		t.Fatalf("no migrations: %v", err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(b)
	}
	return out
}

var (
	comment = regexp.MustCompile(`(?m)--.*$`)
	mustBe  = regexp.MustCompile(`(?s)^(CREATE TABLE IF NOT EXISTS|CREATE (UNIQUE )?INDEX IF NOT EXISTS|DROP (TABLE|INDEX) IF EXISTS|ALTER TABLE \w+ ADD COLUMN IF NOT EXISTS|INSERT INTO .* ON CONFLICT|UPDATE |DELETE )`)
	table   = regexp.MustCompile(`(?s)^CREATE TABLE IF NOT EXISTS (\w+)`)
	// Tables of the installation as a whole say so in their name, and belong to no merchant.
	ofInstallation = regexp.MustCompile(`(?s)^CREATE TABLE IF NOT EXISTS platform_`)
	unique         = regexp.MustCompile(`(?s)(?:UNIQUE|PRIMARY KEY|^CREATE UNIQUE INDEX IF NOT EXISTS \w+ ON \w+) ?\(([^)]*)\)`)
)

// TestText holds every migration to the rules that make it restartable and shardable.
func TestText(t *testing.T) {
	t.Parallel()
	for name, text := range texts(t) {
		if !strings.HasPrefix(text, "-- +goose NO TRANSACTION\n-- +goose Up\n") {
			t.Errorf("%s must begin with the two goose lines", name)
		}
		if regexp.MustCompile(`(?i)\b(bigint|integer|bytea|blob|boolean|timestamp|serial|jsonb?|real|double|numeric|strict)\b`).MatchString(comment.ReplaceAllString(text, "")) {
			t.Errorf("%s names a type of one engine; use the placeholders", name)
		}
		for statement := range strings.SplitSeq(comment.ReplaceAllString(text, ""), ";") {
			statement = strings.TrimSpace(statement)
			if statement == "" {
				continue
			}
			if !mustBe.MatchString(statement) {
				t.Errorf("%s: a statement cannot be run twice: %.60s", name, statement)
			}
			if m := table.FindStringSubmatch(statement); m != nil && !strings.HasSuffix(statement, "{{options}}") && !strings.HasSuffix(statement, "{{clustered}}") {
				t.Errorf("%s: table %s does not end with {{options}} or {{clustered}}", name, m[1])
			}
			for _, m := range unique.FindAllStringSubmatch(statement, -1) {
				if !strings.Contains(m[1], "merchant_id") && !ofInstallation.MatchString(statement) {
					t.Errorf("%s: unique (%s) lacks merchant_id", name, m[1])
				}
			}
		}
	}
}

func TestUpAgainAndStatus(t *testing.T) {
	t.Parallel()
	for _, engine := range dbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			dsn := dbtest.OpenURL(t, engine)
			if err := migrations.Up(t.Context(), engine, dsn); err != nil {
				t.Fatal(err)
			}
			all, err := migrations.Status(t.Context(), engine, dsn)
			if err != nil || len(all) != len(texts(t)) {
				t.Fatalf("%d of %d migrations, %v", len(all), len(texts(t)), err)
			}
			for _, m := range all {
				if m.At.IsZero() {
					t.Errorf("%s is pending", m.Name)
				}
			}
		})
	}
}

// TestInterruptedMigration forgets that migrations ran, which is what a crash before the last
// statement leaves, and runs them over their own tables.
func TestInterruptedMigration(t *testing.T) {
	t.Parallel()
	for _, engine := range dbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			dsn := dbtest.OpenURL(t, engine)
			driver := map[db.Engine]string{db.SQLite: "sqlite", db.Postgres: "pgx"}[engine]
			handle, err := sql.Open(driver, dsn)
			if err != nil {
				t.Fatal(err)
			}
			_, err = handle.ExecContext(t.Context(), "DELETE FROM schema_migrations WHERE version_id > 0")
			if err := errors.Join(err, handle.Close()); err != nil {
				t.Fatal(err)
			}
			if err := migrations.Up(t.Context(), engine, dsn); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestServersStartTogether: several servers migrate one empty database at the same time.
func TestServersStartTogether(t *testing.T) {
	t.Parallel()
	url := dbtest.OpenURL(t, db.Postgres)
	handle, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	_, err = handle.ExecContext(t.Context(), "DROP SCHEMA public CASCADE")
	if err == nil {
		_, err = handle.ExecContext(t.Context(), "CREATE SCHEMA public")
	}
	if err := errors.Join(err, handle.Close()); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if err := migrations.Up(t.Context(), db.Postgres, url); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	d, err := postgres.Open(t.Context(), postgres.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	var n int64
	if err := d.Read(t.Context(), func(tx db.Tx) error {
		return tx.QueryRow([]any{&n}, "SELECT COUNT(*) FROM schema_migrations WHERE version_id > 0")
	}); err != nil || int(n) != len(texts(t)) {
		t.Errorf("%d migrations noted, %v", n, err)
	}
}

func TestRunningServerIsNotMigrated(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "odd name?#%.db")
	if err := migrations.Up(t.Context(), db.SQLite, path); err != nil {
		t.Fatal(err)
	}
	d, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Read(t.Context(), func(tx db.Tx) error {
		var n int64
		return tx.QueryRow([]any{&n}, "SELECT COUNT(*) FROM events")
	}); err != nil {
		t.Errorf("the migrated file is not the one that was opened: %v", err)
	}
	if err := migrations.Up(t.Context(), db.SQLite, path); !fault.Is(err, "DATABASE_LOCKED") {
		t.Errorf("got %v", err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// TestPlansNarrowDown: what asks for the rows of one order, intent or endpoint, in the order of their
// ids as most do, reads them by their index. Without statistics SQLite would read the whole environment
// along its primary key.
func TestPlansNarrowDown(t *testing.T) {
	t.Parallel()
	path := dbtest.OpenURL(t, db.SQLite)
	handle, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := handle.Close(); err != nil {
			t.Error(err)
		}
	}()
	keys := map[string]string{"payment_intents": "payment_intent_id", "refunds": "refund_id"}
	for tbl, key := range keys {
		var id, parent, notUsed int
		var plan string
		err := handle.QueryRowContext(t.Context(), "EXPLAIN QUERY PLAN SELECT created_at FROM "+tbl+
			" WHERE merchant_id = ? AND environment_id = ? AND order_id = ? ORDER BY "+key, "m", "e", "o").Scan(&id, &parent, &notUsed, &plan)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan, "USING INDEX") || !strings.Contains(plan, "order_id=?") {
			t.Errorf("%s: %s", tbl, plan)
		}
	}
	// A run that was interrupted before it wrote the statistics writes them the next time.
	var before, after int
	count := "SELECT count(*) FROM sqlite_stat1"
	if err := handle.QueryRowContext(t.Context(), count).Scan(&before); err != nil {
		t.Fatal(err)
	}
	if _, err := handle.ExecContext(t.Context(), "DELETE FROM sqlite_stat1"); err != nil {
		t.Fatal(err)
	}
	if err := migrations.Up(t.Context(), db.SQLite, path); err != nil {
		t.Fatal(err)
	}
	if err := handle.QueryRowContext(t.Context(), count).Scan(&after); err != nil || after != before || before < 50 {
		t.Errorf("%d statistics, %d after they were lost, %v", before, after, err)
	}
}

// TestWaitingWorkIsIndexed: what workers ask for every second, and what is asked for each order that is paid,
// has an index on both engines. PostgreSQL reads small tables whole anyway, so it is told not to.
func TestWaitingWorkIsIndexed(t *testing.T) {
	t.Parallel()
	const scope = "merchant_id = 'm' AND environment_id = 'e' AND "
	statements := []string{
		"SELECT 1 FROM invoices WHERE next_check_at <= 5 ORDER BY next_check_at LIMIT 50",
		"SELECT 1 FROM invoice_attempts WHERE status = 'open' AND expires_at <= 5 ORDER BY expires_at LIMIT 50",
		"SELECT 1 FROM invoice_deliveries WHERE status = 'pending' AND created_at >= 5 AND (created_at > 5 OR delivery_id > 'd') ORDER BY created_at, delivery_id LIMIT 50",
		"SELECT 1 FROM recoveries WHERE due_at <= 5 ORDER BY due_at LIMIT 50",
		"SELECT 1 FROM checkout_sessions WHERE contact_until IS NOT NULL AND contact_until <= 5 ORDER BY contact_until LIMIT 50",
		"SELECT 1 FROM checkout_sessions WHERE status = 'open' AND expires_at <= 5 ORDER BY expires_at LIMIT 50",
		"SELECT 1 FROM recoveries WHERE " + scope + "order_id = 'o' AND ended_at IS NULL",
		"SELECT 1 FROM checkout_sessions WHERE " + scope + "order_id = 'o' AND status = 'open'",
		"SELECT 1 FROM payment_attempts WHERE " + scope + "order_id = 'o' ORDER BY started_at DESC, attempt_id DESC LIMIT 1",
		"SELECT 1 FROM promotions WHERE " + scope + "redemption = 'automatic' AND state = 'active' ORDER BY promotion_id",
		"SELECT 1 FROM payment_link_claims WHERE " + scope + "order_id = 'o'",
		"SELECT 1 FROM recovery_links WHERE token_hash = 'h'",
		"SELECT 1 FROM recovery_links WHERE " + scope + "order_id = 'o'",
		"SELECT 1 FROM recovery_actions WHERE " + scope + "order_id = 'o' AND state = 'done' ORDER BY created_at DESC",
		"SELECT 1 FROM stranded_payments WHERE " + scope + "order_id = 'o'",
		"SELECT 1 FROM credit_notes WHERE " + scope + "invoice_id = 'i'",
		"SELECT 1 FROM invoice_attempts WHERE " + scope + "invoice_id = 'i'",
		"SELECT 1 FROM letters WHERE " + scope + "address_key = 'a' AND family = 'f' AND send_at >= 5",
	}
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		for _, statement := range statements {
			var plan []string
			err := d.Read(t.Context(), func(tx db.Tx) error {
				plan = nil
				line := func(r db.Row) error {
					var text string
					err := r.Scan(&text)
					plan = append(plan, text)
					return err
				}
				if d.Engine() == db.SQLite {
					return tx.Query(func(r db.Row) error {
						var id, parent, notUsed int
						var text string
						err := r.Scan(&id, &parent, &notUsed, &text)
						plan = append(plan, text)
						return err
					}, "EXPLAIN QUERY PLAN "+statement)
				}
				if _, err := tx.Exec("SET LOCAL enable_seqscan = off"); err != nil {
					return err
				}
				return tx.Query(line, "EXPLAIN "+statement)
			})
			if err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
			text := strings.Join(plan, "\n")
			whole := strings.Contains(text, "Seq Scan") || strings.Contains(text, "SCAN ") ||
				(strings.Contains(text, "(merchant_id=? AND environment_id=?)") && !strings.Contains(statement, "promotions"))
			if whole {
				t.Errorf("%s\n%s", statement, text)
			}
		}
	})
}
