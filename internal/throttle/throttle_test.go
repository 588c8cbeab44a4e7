package throttle_test

import (
	"testing"
	"time"

	"flint/internal/throttle"
)

func TestTake(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 9, 7, 12, 0, 0, 0, time.UTC)
	b, r := throttle.New[string](), throttle.Rate{PerSecond: 0.5, Burst: 2}
	for n, want := range []time.Duration{0, 0, 2 * time.Second, 2 * time.Second} { // a refused call costs nothing
		if got := b.Take("a", r, now); got != want {
			t.Errorf("call %d waits %s, want %s", n, got, want)
		}
	}
	if b.Take("b", r, now) != 0 {
		t.Error("one pays for another")
	}
	if b.Take("a", r, now.Add(2*time.Second)) != 0 {
		t.Error("waiting does not help")
	}
	for range 100 {
		if b.Take("free", throttle.Rate{}, now) != 0 {
			t.Fatal("the zero rate bounds something")
		}
	}
}
