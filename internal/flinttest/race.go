package flinttest

import (
	"context"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"flint/internal/db"
)

// Race runs n functions that all start at the same moment and returns their errors in order.
func Race(n int, fn func(k int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var ready, done sync.WaitGroup
	for k := range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-start
			errs[k] = fn(k)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	return errs
}

// widths are how many contend, round by round.
var widths = []int{2, 3, 2, 5, 8, 2, 16, 3, 32, 2, 64}

// Rounds runs a race again and again and logs how often: 40 times, which tries every width at least
// three times, or FLINT_RACE_ROUNDS times. `make soak` asks for 200.
func Rounds(t testing.TB, round func(width int)) {
	t.Helper()
	RoundsOf(t, 40, round)
}

// RoundsOf is Rounds for races whose rounds take long: as many of them as it says when nobody asked for a number.
func RoundsOf(t testing.TB, rounds int, round func(width int)) {
	t.Helper()
	if v := os.Getenv("FLINT_RACE_ROUNDS"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			t.Fatalf("FLINT_RACE_ROUNDS: %q is not a number of rounds", v)
		}
		rounds = n
	}
	start, n := time.Now(), 0
	for ; n < rounds && !t.Failed(); n++ {
		round(widths[n%len(widths)])
	}
	t.Logf("%s: %d rounds in %s", t.Name(), n, time.Since(start).Round(time.Millisecond))
}

// Counting is a database that counts transactions which were run again, as PostgreSQL makes them
// after a deadlock.
type Counting struct {
	db.DB
	Reruns atomic.Int64
}

// Write implements db.DB.
func (c *Counting) Write(ctx context.Context, fn func(tx db.Tx) error) error {
	runs := 0
	return c.DB.Write(ctx, func(tx db.Tx) error {
		if runs++; runs > 1 {
			c.Reruns.Add(1)
		}
		return fn(tx)
	})
}

// NoDeadlocks fails the test when a transaction had to be run again on PostgreSQL: locks are always
// taken in the order of order, operation, payment, refund, so nothing can wait in a circle.
func (c *Counting) NoDeadlocks(t testing.TB) {
	t.Helper()
	if n := c.Reruns.Load(); n > 0 && c.Engine() == db.Postgres {
		t.Errorf("%d transactions were run again; two of them take their locks in different orders", n)
	}
}
