package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/db/postgres"
	"flint/internal/fault"
)

func open(t *testing.T, opts postgres.Options) *postgres.DB {
	t.Helper()
	d, err := postgres.Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// jobs inserts a row of the foundation's schema; the engine does not care which.
func job(tx db.Tx, id string) error {
	return tx.Send("INSERT INTO jobs (merchant_id, environment_id, job_id, kind, key, run_at, created_at) VALUES ('m', 'e', $1, 'k', $1, 0, 0)", id)
}

// Autovacuum is off in the tests' server, so what knows about the rows is ours.
func TestGrownTablesAreAnalyzed(t *testing.T) {
	t.Parallel()
	d := open(t, postgres.Options{URL: dbtest.OpenURL(t, db.Postgres)})
	if err := d.Write(t.Context(), func(tx db.Tx) error {
		for i := range 400 {
			if err := job(tx, strconv.Itoa(i)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		var known int64
		if err := d.Read(t.Context(), func(tx db.Tx) error {
			return tx.QueryRow([]any{&known}, "SELECT CAST(reltuples AS BIGINT) FROM pg_class WHERE relname = 'jobs'")
		}); err != nil {
			t.Fatal(err)
		}
		if known == 400 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the planner believes in %d rows", known)
		}
	}
}

func jobCount(t *testing.T, d db.DB) (n int64) {
	t.Helper()
	if err := d.Read(t.Context(), func(tx db.Tx) error { return tx.QueryRow([]any{&n}, "SELECT COUNT(*) FROM jobs") }); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestDeadlockRunsAgain makes two transactions lock two rows crosswise; both commit in the end.
func TestDeadlockRunsAgain(t *testing.T) {
	t.Parallel()
	d := open(t, postgres.Options{URL: dbtest.OpenURL(t, db.Postgres)})
	if err := d.Write(t.Context(), func(tx db.Tx) error { return errors.Join(job(tx, "a"), job(tx, "b")) }); err != nil {
		t.Fatal(err)
	}
	var both sync.WaitGroup // both hold their first lock
	both.Add(2)
	var runs atomic.Int64
	cross := func(first, second string) error {
		once := sync.OnceFunc(func() { both.Done(); both.Wait() })
		return d.Write(t.Context(), func(tx db.Tx) error {
			runs.Add(1)
			if _, err := tx.Exec("UPDATE jobs SET attempts = attempts + 1 WHERE job_id = $1", first); err != nil {
				return err
			}
			once()
			_, err := tx.Exec("UPDATE jobs SET attempts = attempts + 1 WHERE job_id = $1", second)
			return err
		})
	}
	var wg sync.WaitGroup
	for _, order := range [][2]string{{"a", "b"}, {"b", "a"}} {
		wg.Go(func() {
			if err := cross(order[0], order[1]); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var sum int64
	if err := d.Read(t.Context(), func(tx db.Tx) error {
		return tx.QueryRow([]any{&sum}, "SELECT CAST(SUM(attempts) AS BIGINT) FROM jobs")
	}); err != nil || sum != 4 || runs.Load() < 3 {
		t.Errorf("sum %d after %d runs, %v", sum, runs.Load(), err)
	}
}

// TestKilledBackend cuts the connection in the middle of a transaction, which then runs again.
func TestKilledBackend(t *testing.T) {
	t.Parallel()
	d := open(t, postgres.Options{URL: dbtest.OpenURL(t, db.Postgres)})
	runs := 0
	err := d.Write(t.Context(), func(tx db.Tx) error {
		runs++
		var pid int64
		if err := tx.QueryRow([]any{&pid}, "SELECT CAST(pg_backend_pid() AS BIGINT)"); err != nil {
			return err
		}
		if err := job(tx, "a"); err != nil {
			return err
		}
		if runs == 1 {
			err := d.Write(context.WithoutCancel(t.Context()), func(tx db.Tx) error {
				_, err := tx.Exec("SELECT pg_terminate_backend(CAST($1 AS INTEGER), 5000)", pid)
				return err
			})
			if err != nil {
				return err
			}
		}
		_, err := tx.Exec("UPDATE jobs SET attempts = 1 WHERE job_id = 'a'")
		return err
	})
	if err != nil || runs != 2 {
		t.Errorf("%v after %d runs", err, runs)
	}
	if n := jobCount(t, d); n != 1 {
		t.Errorf("%d rows", n)
	}
}

// TestLostCommit cuts the connection under the COMMIT itself. Whatever the answer says is true.
func TestLostCommit(t *testing.T) {
	t.Parallel()
	d := open(t, postgres.Options{URL: dbtest.OpenURL(t, db.Postgres)})
	err := d.Write(t.Context(), func(tx db.Tx) error {
		var pid int64
		if err := tx.QueryRow([]any{&pid}, "SELECT CAST(pg_backend_pid() AS BIGINT)"); err != nil {
			return err
		}
		if err := job(tx, "a"); err != nil {
			return err
		}
		go func() { // while the held-back statement of the commit's batch sleeps
			time.Sleep(100 * time.Millisecond)
			err := d.Write(context.Background(), func(tx db.Tx) error {
				_, err := tx.Exec("SELECT pg_terminate_backend(CAST($1 AS INTEGER), 5000)", pid)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		}()
		return tx.Send("SELECT pg_sleep(2)")
	})
	if !errors.Is(err, db.ErrCommitUnknown) || !fault.Is(err, "DATABASE_UNAVAILABLE") {
		t.Errorf("got %v", err)
	}
}

func TestServerRestart(t *testing.T) {
	t.Parallel()
	s := dbtest.NewServer(t)
	d := open(t, postgres.Options{URL: s.Database(t), AcquireTimeout: 2 * time.Second})
	if err := d.Write(t.Context(), func(tx db.Tx) error { return job(tx, "before") }); err != nil {
		t.Fatal(err)
	}
	s.Stop(t)
	for name, err := range map[string]error{
		"Write": d.Write(t.Context(), func(tx db.Tx) error { return job(tx, "meanwhile") }),
		"Ping":  d.Ping(t.Context()),
	} {
		if f := fault.Of(err); f == nil || f.Code != "DATABASE_UNAVAILABLE" || !f.Retryable {
			t.Errorf("%s without a server: %v", name, err)
		}
	}
	s.Start(t)
	if err := d.Write(t.Context(), func(tx db.Tx) error { return job(tx, "after") }); err != nil {
		t.Errorf("after the restart: %v", err)
	}
	if n := jobCount(t, d); n != 2 {
		t.Errorf("%d rows", n)
	}
}

func TestBusyPool(t *testing.T) {
	t.Parallel()
	d := open(t, postgres.Options{URL: dbtest.OpenURL(t, db.Postgres), MaxConns: 1, AcquireTimeout: 100 * time.Millisecond})
	holding, release, ended := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		ended <- d.Write(t.Context(), func(db.Tx) error { close(holding); <-release; return nil })
	}()
	<-holding
	if err := d.Write(t.Context(), func(db.Tx) error { return nil }); !fault.Is(err, "DATABASE_BUSY") {
		t.Errorf("got %v", err)
	}
	close(release)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestLockTimeout(t *testing.T) {
	t.Parallel()
	d := open(t, postgres.Options{URL: dbtest.OpenURL(t, db.Postgres), LockTimeout: 50 * time.Millisecond})
	if err := d.Write(t.Context(), func(tx db.Tx) error { return job(tx, "a") }); err != nil {
		t.Fatal(err)
	}
	lock := func(tx db.Tx) error {
		var n int64
		return tx.QueryRow([]any{&n}, "SELECT attempts FROM jobs WHERE job_id = 'a'"+tx.ForUpdate())
	}
	err := d.Write(t.Context(), func(tx db.Tx) error {
		if err := lock(tx); err != nil {
			return err
		}
		inner := make(chan error)
		go func() { inner <- d.Write(t.Context(), lock) }()
		if err := <-inner; !fault.Is(err, "DATABASE_BUSY") {
			return fmt.Errorf("got %w", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestOpenWithoutServer(t *testing.T) {
	t.Parallel()
	_, err := postgres.Open(t.Context(), postgres.Options{URL: "postgres:///?host=" + t.TempDir() + "&user=nobody&password=hush", AcquireTimeout: time.Second})
	if !fault.Is(err, "DATABASE_UNAVAILABLE") {
		t.Errorf("got %v", err)
	}
}

// TestManySends holds back more statements than one batch takes.
func TestManySends(t *testing.T) {
	t.Parallel()
	d := open(t, postgres.Options{URL: dbtest.OpenURL(t, db.Postgres)})
	err := d.Write(t.Context(), func(tx db.Tx) error {
		for i := range 500 {
			if err := job(tx, strconv.Itoa(i)); err != nil {
				return err
			}
		}
		return nil
	})
	if n := jobCount(t, d); err != nil || n != 500 {
		t.Errorf("%d rows, %v", n, err)
	}
}

func BenchmarkFourInserts(b *testing.B) { dbtest.BenchmarkFourInserts(b, db.Postgres) }
