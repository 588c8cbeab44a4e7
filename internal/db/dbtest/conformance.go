package dbtest

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"flint/internal/db"
)

// Conformance is what every engine must do alike; each runs it from a test of its own.
func Conformance(t *testing.T, open func(*testing.T) db.DB) {
	for _, c := range []struct {
		name string
		test func(*testing.T, db.DB)
	}{
		{"types", types}, {"null", nulls}, {"bad arguments", badArguments}, {"bad scans", badScans},
		{"no rows", noRows}, {"counts", counts}, {"returning", returning}, {"on conflict", onConflict},
		{"parameters repeat", repeatedParameters}, {"rollback", rollback}, {"panic", panics}, {"goexit", goexit},
		{"constraints", constraints}, {"failed statement", failedStatement}, {"after commit", afterCommit},
		{"counter", counter}, {"snapshot", snapshot}, {"read only", readOnly}, {"cancelled", cancelled},
		{"nested", nested}, {"ended", ended}, {"statement in row", statementInRow}, {"send order", sendOrder},
		{"late error", lateError}, {"many", many}, {"ping", ping},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := open(t)
			for _, sql := range []string{
				"CREATE TABLE things (merchant_id TEXT NOT NULL, thing_id TEXT NOT NULL, n BIGINT NOT NULL DEFAULT 0 CHECK (n >= 0), note TEXT, at BIGINT, PRIMARY KEY (merchant_id, thing_id))",
				"CREATE TABLE blobs (blob_id TEXT PRIMARY KEY, data " + blobType(d) + ")",
			} {
				write(t, d, func(tx db.Tx) error { return tx.Send(sql) })
			}
			t.Cleanup(func() { // leaves the database as it was, so that it can be used again
				for _, table := range []string{"things", "blobs"} {
					if err := d.Write(context.WithoutCancel(t.Context()), func(tx db.Tx) error { return tx.Send("DROP TABLE " + table) }); err != nil {
						t.Error(err)
					}
				}
			})
			c.test(t, d)
		})
	}
}

func blobType(d db.DB) string {
	if d.Engine() == db.Postgres {
		return "BYTEA"
	}
	return "BLOB"
}

func write(t *testing.T, d db.DB, fn func(db.Tx) error) {
	t.Helper()
	if err := d.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, d db.DB) (n int64) {
	t.Helper()
	if err := d.Read(t.Context(), func(tx db.Tx) error { return tx.QueryRow([]any{&n}, "SELECT COUNT(*) FROM things") }); err != nil {
		t.Fatal(err)
	}
	return n
}

func insert(tx db.Tx, id string, n int64) error {
	return tx.Send("INSERT INTO things (merchant_id, thing_id, n) VALUES ('m', $1, $2)", id, n)
}

func rollback(t *testing.T, d db.DB) {
	mine := errors.New("mine")
	err := d.Write(t.Context(), func(tx db.Tx) error {
		if _, err := tx.Exec("INSERT INTO things (merchant_id, thing_id) VALUES ('m', 'a')"); err != nil {
			return err
		}
		return errors.Join(insert(tx, "b", 1), mine)
	})
	if !errors.Is(err, mine) {
		t.Errorf("got %v", err)
	}
	if n := count(t, d); n != 0 {
		t.Errorf("%d rows stayed", n)
	}
}

func panics(t *testing.T, d db.DB) {
	for _, begin := range []func(context.Context, func(db.Tx) error) error{d.Write, d.Read} {
		err := begin(t.Context(), func(tx db.Tx) error {
			var n int64
			if err := tx.QueryRow([]any{&n}, "SELECT COUNT(*) FROM things"); err != nil {
				return err
			}
			panic("boom")
		})
		if err == nil || !strings.Contains(err.Error(), "boom") {
			t.Errorf("got %v", err)
		}
	}
	write(t, d, func(tx db.Tx) error { return insert(tx, "a", 1) })
}

// goexit is what testing.T.FailNow does inside a transaction's function.
func goexit(t *testing.T, d db.DB) {
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			_ = d.Write(t.Context(), func(tx db.Tx) error { // never returns on one engine, an error on the other
				if err := insert(tx, "gone", 1); err != nil {
					return err
				}
				if err := insert(tx, "gone too", 1); err != nil {
					return err
				}
				runtime.Goexit()
				return nil
			})
		})
		wg.Go(func() {
			_ = d.Read(t.Context(), func(db.Tx) error { runtime.Goexit(); return nil })
		})
	}
	wg.Wait()
	write(t, d, func(tx db.Tx) error { return insert(tx, "a", 1) })
	if n := count(t, d); n != 1 {
		t.Errorf("%d rows", n)
	}
}

func constraints(t *testing.T, d db.DB) {
	write(t, d, func(tx db.Tx) error { return insert(tx, "a", 1) })
	for _, c := range []struct {
		sql  string
		want error
		text string
	}{
		{"INSERT INTO things (merchant_id, thing_id) VALUES ('m', 'a')", db.ErrConflict, "things"},
		{"UPDATE things SET n = -1", db.ErrConstraint, "n"},
		{"UPDATE things SET merchant_id = NULL", db.ErrConstraint, "merchant_id"},
	} {
		for name, run := range map[string]func(db.Tx) error{
			"Exec": func(tx db.Tx) error { _, err := tx.Exec(c.sql); return err },
			"Send": func(tx db.Tx) error { return tx.Send(c.sql) },
		} {
			err := d.Write(t.Context(), run)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%s(%s): %v", name, c.sql, err)
			}
		}
	}
}

// failedStatement: after one failed nothing else runs, and an error that was swallowed still counts.
func failedStatement(t *testing.T, d db.DB) {
	err := d.Write(t.Context(), func(tx db.Tx) error {
		if _, err := tx.Exec("INSERT INTO things (merchant_id, thing_id) VALUES ('m', 'a')"); err != nil {
			return err
		}
		if _, err := tx.Exec("INSERT INTO things (merchant_id, thing_id) VALUES ('m', 'a')"); !errors.Is(err, db.ErrConflict) {
			t.Errorf("got %v", err)
		}
		var n int64
		if err := tx.QueryRow([]any{&n}, "SELECT COUNT(*) FROM things"); !errors.Is(err, db.ErrConflict) {
			t.Errorf("a later statement: %v", err)
		}
		return nil
	})
	if !errors.Is(err, db.ErrConflict) {
		t.Errorf("got %v", err)
	}
	if n := count(t, d); n != 0 {
		t.Errorf("%d rows stayed", n)
	}
}

func afterCommit(t *testing.T, d db.DB) {
	ran := 0
	write(t, d, func(tx db.Tx) error {
		tx.AfterCommit(func() {
			ran++
			if n := count(t, d); n != 1 {
				t.Errorf("ran with %d rows", n)
			}
			ctx := tx.Context() // free again
			if err := d.Write(ctx, func(tx db.Tx) error { return insert(tx, "b", 1) }); err != nil {
				t.Error(err)
			}
		})
		return insert(tx, "a", 1)
	})
	_ = d.Write(t.Context(), func(tx db.Tx) error {
		tx.AfterCommit(func() { ran += 100 })
		return errors.New("no")
	})
	if ran != 1 {
		t.Errorf("ran %d times", ran)
	}
}

func counter(t *testing.T, d db.DB) {
	write(t, d, func(tx db.Tx) error { return insert(tx, "c", 0) })
	const workers, each = 16, 20
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range each {
				err := d.Write(t.Context(), func(tx db.Tx) error {
					var n int64
					if err := tx.QueryRow([]any{&n}, "SELECT n FROM things WHERE merchant_id = 'm' AND thing_id = 'c'"+tx.ForUpdate()); err != nil {
						return err
					}
					return tx.Send("UPDATE things SET n = $1 WHERE merchant_id = 'm' AND thing_id = 'c'", n+1)
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	var n int64
	write(t, d, func(tx db.Tx) error { return tx.QueryRow([]any{&n}, "SELECT n FROM things") })
	if n != workers*each {
		t.Errorf("counted %d of %d", n, workers*each)
	}
}

func snapshot(t *testing.T, d db.DB) {
	write(t, d, func(tx db.Tx) error { return insert(tx, "a", 1) })
	err := d.Read(t.Context(), func(tx db.Tx) error {
		var before, after int64
		if err := tx.QueryRow([]any{&before}, "SELECT COUNT(*) FROM things"); err != nil {
			return err
		}
		done := make(chan error)
		go func() { done <- d.Write(t.Context(), func(tx db.Tx) error { return insert(tx, "b", 1) }) }()
		if err := <-done; err != nil {
			return err
		}
		if err := tx.QueryRow([]any{&after}, "SELECT COUNT(*) FROM things"); err != nil {
			return err
		}
		if before != 1 || after != 1 {
			t.Errorf("saw %d, then %d", before, after)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := count(t, d); n != 2 {
		t.Errorf("a new read sees %d", n)
	}
}

func readOnly(t *testing.T, d db.DB) {
	if err := d.Read(t.Context(), func(tx db.Tx) error { return insert(tx, "a", 1) }); err == nil {
		t.Error("a read wrote")
	}
	if n := count(t, d); n != 0 {
		t.Errorf("%d rows", n)
	}
}

func cancelled(t *testing.T, d db.DB) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for name, begin := range map[string]func(context.Context, func(db.Tx) error) error{"Write": d.Write, "Read": d.Read} {
		ran := false
		err := begin(gone, func(db.Tx) error { ran = true; return nil })
		if !errors.Is(err, context.Canceled) || ran {
			t.Errorf("%s: %v, ran %t", name, err, ran)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := d.Write(ctx, func(tx db.Tx) error {
		if _, err := tx.Exec("INSERT INTO things (merchant_id, thing_id) VALUES ('m', 'a')"); err != nil {
			return err
		}
		cancel()
		_, err := tx.Exec("INSERT INTO things (merchant_id, thing_id) VALUES ('m', 'b')")
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("in the middle: %v", err)
	}
	if n := count(t, d); n != 0 {
		t.Errorf("%d rows stayed", n)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	err = d.Read(ctx, func(tx db.Tx) error {
		var n int64
		return tx.QueryRow([]any{&n}, "WITH RECURSIVE c(n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM c WHERE n < 1000000000) SELECT COUNT(*) FROM c")
	})
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 5*time.Second {
		t.Errorf("a long read: %v after %v", err, time.Since(start))
	}
	write(t, d, func(tx db.Tx) error { return insert(tx, "a", 1) })
}

func nested(t *testing.T, d db.DB) {
	for outer, begin := range map[string]func(context.Context, func(db.Tx) error) error{"Write": d.Write, "Read": d.Read} {
		for inner, again := range map[string]func(context.Context, func(db.Tx) error) error{"Write": d.Write, "Read": d.Read} {
			err := begin(t.Context(), func(tx db.Tx) error {
				return again(tx.Context(), func(db.Tx) error { return nil })
			})
			if !errors.Is(err, db.ErrNested) {
				t.Errorf("%s in %s: %v", inner, outer, err)
			}
		}
	}
}

func ended(t *testing.T, d db.DB) {
	var kept db.Tx
	write(t, d, func(tx db.Tx) error { kept = tx; return insert(tx, "a", 1) })
	if err := kept.Send("DELETE FROM things"); !errors.Is(err, db.ErrEnded) {
		t.Errorf("got %v", err)
	}
}

func statementInRow(t *testing.T, d db.DB) {
	write(t, d, func(tx db.Tx) error {
		for _, id := range []string{"a", "b"} {
			if err := insert(tx, id, 1); err != nil {
				return err
			}
		}
		stop, rows := errors.New("stop"), 0
		err := tx.Query(func(db.Row) error {
			rows++
			if err := tx.Send("DELETE FROM things"); !errors.Is(err, db.ErrInRow) {
				t.Errorf("got %v", err)
			}
			return stop
		}, "SELECT n FROM things")
		if !errors.Is(err, stop) || rows != 1 {
			t.Errorf("%v after %d rows", err, rows)
		}
		return insert(tx, "c", 1) // an error of the row function does not spoil the transaction
	})
	if n := count(t, d); n != 3 {
		t.Errorf("%d rows", n)
	}
}

func sendOrder(t *testing.T, d db.DB) {
	write(t, d, func(tx db.Tx) error {
		for i := range int64(150) {
			if err := insert(tx, "t"+string(rune('A'+i%26))+strings.Repeat("x", int(i/26)), i); err != nil {
				return err
			}
		}
		var n, sum int64
		if err := tx.QueryRow([]any{&n, &sum}, "SELECT COUNT(*), CAST(SUM(n) AS BIGINT) FROM things"); err != nil {
			return err
		}
		if n != 150 || sum != 149*150/2 {
			t.Errorf("saw %d rows, sum %d", n, sum)
		}
		if err := tx.Send("UPDATE things SET n = 0"); err != nil {
			return err
		}
		changed, err := tx.Exec("DELETE FROM things WHERE n = 0")
		if changed != 150 {
			t.Errorf("deleted %d", changed)
		}
		return err
	})
}

func lateError(t *testing.T, d db.DB) {
	ran := false
	err := d.Write(t.Context(), func(tx db.Tx) error {
		tx.AfterCommit(func() { ran = true })
		for _, n := range []int64{1, -1, 2} {
			if err := insert(tx, "a", n); err != nil {
				return err
			}
		}
		return nil
	})
	if !errors.Is(err, db.ErrConstraint) || ran {
		t.Errorf("%v, ran %t", err, ran)
	}
	if n := count(t, d); n != 0 {
		t.Errorf("%d rows stayed", n)
	}
}

// many runs transactions of which every third fails; exactly the others stay.
func many(t *testing.T, d db.DB) {
	const n = 300
	var wg sync.WaitGroup
	var committed atomic.Int64
	refused := errors.New("refused")
	for i := range n {
		wg.Go(func() {
			id := "t" + strings.Repeat("i", i)
			err := d.Write(t.Context(), func(tx db.Tx) error {
				tx.AfterCommit(func() { committed.Add(1) })
				if err := insert(tx, id, 1); err != nil {
					return err
				}
				if i%3 == 0 {
					return refused
				}
				_, err := tx.Exec("UPDATE things SET n = 2 WHERE thing_id = $1", id)
				return err
			})
			if i%3 == 0 && !errors.Is(err, refused) || i%3 != 0 && err != nil {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if rows := count(t, d); rows != n*2/3 || committed.Load() != rows {
		t.Errorf("%d rows, %d commits of %d", rows, committed.Load(), n*2/3)
	}
}

func ping(t *testing.T, d db.DB) {
	if err := d.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
