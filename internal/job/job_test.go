package job_test

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/id"
	"flint/internal/job"
	"flint/internal/tenant"
)

type payload struct {
	N int `json:"n"`
}

var (
	day0  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	scope = tenant.Scope{MerchantID: "mer_1", EnvironmentID: "test_1"}
)

func enqueue(t *testing.T, q *job.Queue, key string, at time.Time, n int) {
	t.Helper()
	if err := q.DB.Write(context.Background(), func(tx db.Tx) error { return q.Enqueue(tx, scope, "count", key, at, payload{n}) }); err != nil {
		t.Fatal(err)
	}
}

func runDue(t *testing.T, q *job.Queue) int {
	t.Helper()
	n, err := q.RunDue(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestQueue(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		c := clock.NewFixed(day0)
		q := job.New(d, c, id.NewSource(c), slog.New(slog.DiscardHandler))
		var ran []int
		fail := 0
		job.Handle(q, "count", func(_ context.Context, s tenant.Scope, p payload) error {
			if s != scope {
				t.Errorf("the scope is %+v", s)
			}
			if fail > 0 {
				fail--
				return errors.New("not today")
			}
			ran = append(ran, p.N)
			return nil
		})
		enqueue(t, q, "b", day0.Add(time.Minute), 2)
		enqueue(t, q, "a", day0, 1)
		enqueue(t, q, "a", day0, 9) // the key is taken
		if n := runDue(t, q); n != 1 || len(ran) != 1 || ran[0] != 1 {
			t.Fatalf("%d ran: %v", n, ran)
		}
		c.Set(day0.Add(time.Minute))
		fail = 2
		for _, wait := range []time.Duration{0, 2 * time.Second, 4 * time.Second} {
			c.Set(c.Now().Add(wait - time.Microsecond))
			if n := runDue(t, q); wait > 0 && n != 0 {
				t.Errorf("the job ran before its %s were over", wait)
			}
			c.Set(c.Now().Add(time.Microsecond))
			runDue(t, q)
		}
		if len(ran) != 2 || ran[1] != 2 {
			t.Fatalf("ran: %v", ran)
		}
		if n := runDue(t, q); n != 0 {
			t.Errorf("%d jobs ran again", n)
		}
		if n, err := q.Purge(context.Background(), c.Now().Add(time.Second)); err != nil || n != 2 {
			t.Errorf("%d purged, %v", n, err)
		}
	})
}

// A node that dies in a job leaves its lease behind; another takes the job when that is over, and what
// the first one says afterwards counts no more.
func TestLease(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		c := clock.NewFixed(day0)
		slow := job.New(d, c, id.NewSource(c), slog.New(slog.DiscardHandler))
		other := job.New(d, c, id.NewSource(c), slog.New(slog.DiscardHandler))
		took := 0
		job.Handle(other, "count", func(context.Context, tenant.Scope, payload) error { took++; return nil })
		job.Handle(slow, "count", func(context.Context, tenant.Scope, payload) error {
			if n := runDue(t, other); n != 0 {
				t.Error("a leased job was taken")
			}
			c.Set(c.Now().Add(time.Hour))
			if n := runDue(t, other); n != 1 || took != 1 {
				t.Errorf("%d taken after the lease", n)
			}
			return errors.New("too late to matter")
		})
		enqueue(t, slow, "a", day0, 1)
		runDue(t, slow)
		c.Set(c.Now().Add(24 * time.Hour))
		if n := runDue(t, other); n != 0 || took != 1 {
			t.Errorf("the job ran again: %d", took)
		}
	})
}

// A handler that hangs or panics holds up nothing else.
func TestJobsRunBesideEachOther(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		q := job.New(d, clock.System{}, id.NewSource(clock.System{}), slog.New(slog.DiscardHandler))
		done := make(chan int, 20)
		job.Handle(q, "count", func(ctx context.Context, _ tenant.Scope, p payload) error {
			switch p.N {
			case 0:
				if _, bounded := ctx.Deadline(); !bounded {
					t.Error("a handler may take for ever")
				}
				<-ctx.Done()
			case 1:
				panic("no")
			}
			done <- p.N
			return ctx.Err()
		})
		for n := range 12 {
			enqueue(t, q, strconv.Itoa(n), time.Now().Add(-time.Minute+time.Duration(n)*time.Second), n)
		}
		ctx, stop := context.WithCancel(context.Background())
		stopped := make(chan struct{})
		go func() { q.Run(ctx); close(stopped) }()
		for range 10 {
			select {
			case <-done:
			case <-time.After(20 * time.Second):
				t.Fatal("the jobs wait for one that hangs")
			}
		}
		stop()
		<-stopped
		if n := <-done; n != 0 {
			t.Errorf("Run did not wait for the job that ran, but %d came", n)
		}
	})
}

func TestBackoffGrowsToItsBound(t *testing.T) {
	t.Parallel()
	last := time.Duration(0)
	for n := int64(1); n < 200; n++ {
		d := job.Backoff(n)
		if d < last || d > 6*time.Hour {
			t.Fatalf("the wait before attempt %d is %s after %s", n+1, d, last)
		}
		last = d
	}
	if last != 6*time.Hour || job.Backoff(1) != 2*time.Second {
		t.Errorf("from %s to %s", job.Backoff(1), last)
	}
}
