package dbtest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"flint/internal/db"
)

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
