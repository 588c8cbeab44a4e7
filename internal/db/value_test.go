package db_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/db"
)

type currency string

// TestValueRoundTrip: what is bound comes back, through every kind of target that fits.
func TestValueRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[^\x00]*`).Draw(t, "text")
		n := rapid.Int64().Draw(t, "number")
		b := rapid.Bool().Draw(t, "flag")
		at := time.UnixMicro(rapid.Int64Range(-1<<50, 1<<50).Draw(t, "time")).UTC()
		var s2 string
		var s3 currency
		var s4 *string
		var s5 *currency
		var n2 int64
		var n3 *int64
		var b2 bool
		var at2 time.Time
		var at3 *time.Time
		for _, c := range []struct{ arg, dest any }{
			{s, &s2}, {currency(s), &s3}, {&s, &s4}, {s, &s5}, {n, &n2}, {&n, &n3}, {b, &b2}, {at, &at2}, {&at, &at3},
		} {
			v, err := db.ValueOf(c.arg)
			if err == nil {
				err = v.Into(c.dest)
			}
			if err != nil {
				t.Fatalf("%T into %T: %v", c.arg, c.dest, err)
			}
		}
		if s2 != s || string(s3) != s || *s4 != s || string(*s5) != s || n2 != n || *n3 != n || b2 != b || !at2.Equal(at) || !at3.Equal(at) {
			t.Fatal("something came back changed")
		}
	})
}

func TestNarrowTargetsRefuse(t *testing.T) {
	t.Parallel()
	v, err := db.ValueOf(int64(300))
	if err != nil {
		t.Fatal(err)
	}
	var small int8
	if v.Into(&small) == nil {
		t.Errorf("300 became %d", small)
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	var outer, inner db.Guard
	ctx := outer.Context(context.Background())
	if err := inner.Enter(ctx); !errors.Is(err, db.ErrNested) {
		t.Errorf("inside: %v", err)
	}
	outer.Leave()
	if err := inner.Enter(ctx); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
