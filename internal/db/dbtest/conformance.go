package dbtest

import (
	"context"
	"errors"
	"runtime"
	"slices"
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

type label string
type size int32
type flag bool
type blob []byte

func types(t *testing.T, d db.DB) {
	at := time.Date(2031, 2, 3, 4, 5, 6, 789_000, time.FixedZone("", 3600))
	text, number := "pointed", int64(-5)
	write(t, d, func(tx db.Tx) error {
		var s string
		var i int64
		var n int
		var b bool
		var when time.Time
		var l label
		var z size
		var f flag
		var ps *string
		var pi *int64
		var pt *time.Time
		err := tx.QueryRow([]any{&s, &i, &n, &b, &when, &l, &z, &f, &ps, &pi, &pt},
			`SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS BIGINT), CAST($5 AS BIGINT), CAST($6 AS TEXT),
			CAST($7 AS BIGINT), CAST($8 AS BIGINT), CAST($9 AS TEXT), CAST($10 AS BIGINT), CAST($11 AS BIGINT)`,
			"héllo '$1' 日本", int64(-1<<63), 42, true, at, label("named"), size(7), flag(true), &text, &number, &at)
		if err != nil {
			return err
		}
		if s != "héllo '$1' 日本" || i != -1<<63 || n != 42 || !b || !when.Equal(at) || when.Location() != time.UTC ||
			l != "named" || z != 7 || !bool(f) || *ps != text || *pi != number || !pt.Equal(at) {
			t.Errorf("got %q %d %d %t %v %q %d %t %q %d %v", s, i, n, b, when, l, z, f, *ps, *pi, *pt)
		}
		for _, data := range [][]byte{{0, 1, 255}, {}, make([]byte, 100_000)} {
			var back []byte
			var named blob
			if err := tx.QueryRow([]any{&back}, "INSERT INTO blobs (blob_id, data) VALUES ('b', $1) ON CONFLICT (blob_id) DO UPDATE SET data = excluded.data RETURNING data", data); err != nil {
				return err
			}
			if err := tx.QueryRow([]any{&named}, "SELECT data FROM blobs WHERE blob_id = 'b'"); err != nil {
				return err
			}
			if back == nil || !slices.Equal(back, data) || !slices.Equal(named, data) {
				t.Errorf("%d bytes came back as %d and %d", len(data), len(back), len(named))
			}
		}
		var raw []byte
		if err := tx.QueryRow([]any{&raw}, "SELECT CAST($1 AS TEXT)", `{"a":1}`); err != nil || string(raw) != `{"a":1}` {
			t.Errorf("text into bytes: %q, %v", raw, err)
		}
		return nil
	})
}

func nulls(t *testing.T, d db.DB) {
	write(t, d, func(tx db.Tx) error {
		var noText *string
		var noNumber *int64
		var noTime *time.Time
		for _, arg := range []any{nil, time.Time{}, noNumber, noTime} {
			if err := tx.Send("INSERT INTO things (merchant_id, thing_id, note, at) VALUES ('m', 'x', $1, $2) ON CONFLICT (merchant_id, thing_id) DO NOTHING", noText, arg); err != nil {
				return err
			}
			s, n, at, when, b := new(string), new(int64), new(time.Time), time.Now(), []byte("x")
			if err := tx.QueryRow([]any{&s, &n, &at, &when, &b}, "SELECT note, at, at, at, note FROM things"); err != nil {
				return err
			}
			if s != nil || n != nil || at != nil || !when.IsZero() || b != nil {
				t.Errorf("NULL came back as %v %v %v %v %v", s, n, at, when, b)
			}
		}
		return nil
	})
}

func badArguments(t *testing.T, d db.DB) {
	for name, arg := range map[string]any{"float": 1.5, "map": map[string]int{}, "NUL": "a\x00b", "not UTF-8": "\xff", "uint64": uint64(1)} {
		if err := d.Write(t.Context(), func(tx db.Tx) error { return tx.Send("UPDATE things SET note = $1", arg) }); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if err := d.Write(t.Context(), func(tx db.Tx) error { return tx.Send("UPDATE things SET note = $1", "a", "b") }); err == nil {
		t.Error("a surplus argument was taken")
	}
}

func badScans(t *testing.T, d db.DB) {
	write(t, d, func(tx db.Tx) error {
		var s string
		var n int64
		var b bool
		for _, c := range []struct {
			dest []any
			sql  string
		}{
			{[]any{&s}, "SELECT CAST(1 AS BIGINT)"}, {[]any{&n}, "SELECT CAST('1' AS TEXT)"}, {[]any{&s}, "SELECT CAST(NULL AS TEXT)"},
			{[]any{&n}, "SELECT CAST(NULL AS BIGINT)"}, {[]any{&b}, "SELECT CAST(2 AS BIGINT)"}, {[]any{n}, "SELECT CAST(1 AS BIGINT)"},
			{[]any{&n, &n}, "SELECT CAST(1 AS BIGINT)"},
		} {
			if err := tx.QueryRow(c.dest, c.sql); err == nil {
				t.Errorf("%s was scanned into %T", c.sql, c.dest[0])
			}
		}
		return tx.QueryRow([]any{&n}, "SELECT CAST(7 AS BIGINT)") // a bad scan does not spoil the transaction
	})
}

func noRows(t *testing.T, d db.DB) {
	write(t, d, func(tx db.Tx) error {
		var n int64
		if err := tx.QueryRow([]any{&n}, "SELECT n FROM things"); !errors.Is(err, db.ErrNoRows) {
			t.Errorf("got %v", err)
		}
		return insert(tx, "a", 1)
	})
	if n := count(t, d); n != 1 {
		t.Errorf("%d rows", n)
	}
}

func counts(t *testing.T, d db.DB) {
	write(t, d, func(tx db.Tx) error {
		for i, id := range []string{"a", "b", "c"} {
			if err := insert(tx, id, int64(i)); err != nil {
				return err
			}
		}
		for sql, want := range map[string]int64{
			"UPDATE things SET n = n + 1":                           3,
			"UPDATE things SET n = 9 WHERE thing_id = 'none'":       0,
			"DELETE FROM things WHERE thing_id = 'none' OR n > 999": 0,
		} {
			if n, err := tx.Exec(sql); err != nil || n != want {
				t.Errorf("%s: %d, %v", sql, n, err)
			}
		}
		return nil
	})
}

func returning(t *testing.T, d db.DB) {
	write(t, d, func(tx db.Tx) error {
		var n int64
		if err := tx.QueryRow([]any{&n}, "INSERT INTO things (merchant_id, thing_id, n) VALUES ($1, $2, $3) RETURNING n", "m", "a", 5); err != nil {
			return err
		}
		var got []int64
		err := tx.Query(func(r db.Row) error {
			var v int64
			err := r.Scan(&v)
			got = append(got, v)
			return err
		}, "UPDATE things SET n = n + $1 WHERE merchant_id = $2 RETURNING n", 2, "m")
		if n != 5 || !slices.Equal(got, []int64{7}) {
			t.Errorf("got %d and %v", n, got)
		}
		return err
	})
}

func onConflict(t *testing.T, d db.DB) {
	write(t, d, func(tx db.Tx) error {
		for want := range int64(3) {
			var n int64
			err := tx.QueryRow([]any{&n}, `INSERT INTO things (merchant_id, thing_id, n) VALUES ('m', 'a', 0)
				ON CONFLICT (merchant_id, thing_id) DO UPDATE SET n = things.n + 1 RETURNING n`)
			if err != nil || n != want {
				t.Errorf("%d, %v; want %d", n, err, want)
			}
		}
		n, err := tx.Exec("INSERT INTO things (merchant_id, thing_id) VALUES ('m', 'a') ON CONFLICT DO NOTHING")
		if n != 0 {
			t.Errorf("DO NOTHING changed %d rows", n)
		}
		return err
	})
}

func repeatedParameters(t *testing.T, d db.DB) {
	write(t, d, func(tx db.Tx) error {
		var a, b, c string
		err := tx.QueryRow([]any{&a, &b, &c}, `SELECT CAST($2 AS TEXT) /* $3 */, CAST($1 AS TEXT) || CAST($2 AS TEXT), '$1 ''$2' -- $4
			WHERE CAST($1 AS TEXT) <> CAST($2 AS TEXT)`, "one", "two")
		if a != "two" || b != "onetwo" || c != "$1 '$2" {
			t.Errorf("got %q %q %q", a, b, c)
		}
		return err
	})
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
