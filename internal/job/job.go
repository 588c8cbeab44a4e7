// Package job runs work after the transaction that asked for it: at least once, with retries at
// growing distances, on whichever node claims it first.
//
// A job's effect must carry a key of its own, because a node that dies after the work and before the
// bookkeeping leads to a second run. A job is claimed by a lease with an epoch, so a node that was
// merely slow cannot finish what another has taken over.
package job

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/id"
	"flint/internal/tenant"
)

// MaxAttempts is how often a job is tried before it is left for an operator.
const MaxAttempts = 12

const (
	lease = time.Minute
	// handlerTime is how long a handler may take, so that its lease is still good when its end is written.
	handlerTime = lease - 10*time.Second
	// atOnce is how many jobs a node runs at once: a slow mail server must not hold up everything else.
	atOnce = 4
)

// Queue takes jobs and, once handlers are registered, runs them.
type Queue struct {
	DB     db.DB
	Clock  clock.Clock
	IDs    *id.Source
	Logger *slog.Logger
	// Observe is told of every run; nil for nobody.
	Observe func(kind string, err error, took time.Duration)

	handlers map[string]func(ctx context.Context, scope tenant.Scope, payload []byte) error
	wake     chan struct{}
	running  chan struct{} // one for each job that runs
}

// New returns an empty Queue.
func New(d db.DB, c clock.Clock, ids *id.Source, logger *slog.Logger) *Queue {
	return &Queue{
		DB: d, Clock: c, IDs: ids, Logger: logger, wake: make(chan struct{}, 1), running: make(chan struct{}, atOnce),
		handlers: map[string]func(context.Context, tenant.Scope, []byte) error{},
	}
}

// Handle registers the handler of a kind. All are registered before Run.
func Handle[P any](q *Queue, kind string, f func(ctx context.Context, scope tenant.Scope, payload P) error) {
	q.handlers[kind] = func(ctx context.Context, scope tenant.Scope, raw []byte) error {
		var p P
		if err := json.Unmarshal(raw, &p); err != nil {
			return fmt.Errorf("decode the payload: %w", err)
		}
		return f(ctx, scope, p)
	}
}

// Enqueue asks for a job in the caller's transaction, to run at runAt or later. Within a kind and an
// environment a key is taken once; a second job with it is not written.
func (q *Queue) Enqueue(tx db.Tx, scope tenant.Scope, kind, key string, runAt time.Time, payload any) error {
	if err := scope.Check(); err != nil {
		return err
	}
	raw, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("encode a job of kind %s: %w", kind, err)
	}
	tx.AfterCommit(q.Wake)
	return tx.Send(`INSERT INTO jobs (merchant_id, environment_id, job_id, kind, key, payload, run_at, attempts, lease_until, lease_epoch, last_error, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, '', $8) ON CONFLICT DO NOTHING`,
		scope.MerchantID, scope.EnvironmentID, q.IDs.New(id.Job), kind, key, string(raw), runAt, q.Clock.Now())
}

// Wake makes Run look at the queue at once.
func (q *Queue) Wake() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends, then waits for the handlers that run, whose context ends with it.
func (q *Queue) Run(ctx context.Context) {
	var handlers sync.WaitGroup
	defer handlers.Wait()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for ctx.Err() == nil {
		n, err := q.dispatch(ctx, &handlers)
		if err != nil && ctx.Err() == nil {
			q.Logger.Error("jobs could not be claimed", "error", err)
		}
		if n > 0 {
			continue
		}
		select {
		case <-ctx.Done():
		case <-q.wake:
		case <-tick.C:
		}
	}
}

// RunDue runs what is due, up to 4 jobs at once, and returns how many it ran.
func (q *Queue) RunDue(ctx context.Context) (int, error) {
	var handlers sync.WaitGroup
	defer handlers.Wait()
	return q.dispatch(ctx, &handlers)
}

// dispatch claims as many jobs as can begin at once and starts them. With every place taken it waits for
// one.
func (q *Queue) dispatch(ctx context.Context, handlers *sync.WaitGroup) (int, error) {
	select {
	case q.running <- struct{}{}:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	free := 1
	for free < atOnce {
		select {
		case q.running <- struct{}{}:
			free++
			continue
		default:
		}
		break
	}
	mine, err := q.claim(ctx, free)
	for range free - len(mine) {
		<-q.running
	}
	for _, c := range mine {
		handlers.Go(func() {
			defer func() { <-q.running }()
			q.run(ctx, c)
		})
	}
	return len(mine), err
}

type claimed struct {
	scope    tenant.Scope
	id, kind string
	payload  string
	attempts int64
	epoch    int64
}

// claim leases up to limit jobs that are due.
func (q *Queue) claim(ctx context.Context, limit int) ([]claimed, error) {
	var mine []claimed
	err := q.DB.Write(ctx, func(tx db.Tx) error {
		mine = mine[:0]
		now := q.Clock.Now()
		skip := ""
		if tx.Engine() == db.Postgres {
			skip = " FOR UPDATE SKIP LOCKED"
		}
		err := tx.Query(func(r db.Row) error {
			var c claimed
			err := r.Scan(&c.scope.MerchantID, &c.scope.EnvironmentID, &c.id, &c.kind, &c.payload, &c.attempts, &c.epoch)
			mine = append(mine, c)
			return err
		}, `SELECT merchant_id, environment_id, job_id, kind, payload, attempts, lease_epoch FROM jobs
			WHERE done_at IS NULL AND run_at <= $1 AND lease_until <= $1 AND attempts < $2 ORDER BY run_at LIMIT $3`+skip, now, MaxAttempts, limit)
		if err != nil {
			return err
		}
		for i := range mine {
			mine[i].epoch++
			err := tx.Send(`UPDATE jobs SET lease_until = $4, lease_epoch = $5, attempts = attempts + 1
				WHERE merchant_id = $1 AND environment_id = $2 AND job_id = $3`,
				mine[i].scope.MerchantID, mine[i].scope.EnvironmentID, mine[i].id, now.Add(lease), mine[i].epoch)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim jobs: %w", err)
	}
	return mine, nil
}

func (q *Queue) run(ctx context.Context, c claimed) {
	runErr := fmt.Errorf("no handler for jobs of kind %q", c.kind)
	started := clock.System{}.Now() // a duration: it must not jump with a rehearsal's clock
	if h, ok := q.handlers[c.kind]; ok {
		runErr = q.handle(ctx, h, c)
	}
	if q.Observe != nil {
		q.Observe(c.kind, runErr, clock.System{}.Now().Sub(started))
	}
	now := q.Clock.Now()
	err := q.DB.Write(context.WithoutCancel(ctx), func(tx db.Tx) error {
		if runErr == nil {
			return tx.Send(`UPDATE jobs SET done_at = $5, lease_until = 0, last_error = '' WHERE merchant_id = $1 AND environment_id = $2 AND job_id = $3 AND lease_epoch = $4`,
				c.scope.MerchantID, c.scope.EnvironmentID, c.id, c.epoch, now)
		}
		return tx.Send(`UPDATE jobs SET run_at = $5, lease_until = 0, last_error = $6 WHERE merchant_id = $1 AND environment_id = $2 AND job_id = $3 AND lease_epoch = $4`,
			c.scope.MerchantID, c.scope.EnvironmentID, c.id, c.epoch, now.Add(Backoff(c.attempts+1)), runErr.Error())
	})
	if runErr != nil {
		q.Logger.Warn("a job failed and will be tried again", "kind", c.kind, "job", c.id, "attempt", c.attempts+1, "error", runErr)
	}
	if err != nil {
		q.Logger.Error("a job's end could not be written; it will run again", "kind", c.kind, "job", c.id, "error", err)
	}
}

// handle runs a handler within its time. Its panic is an error of this job, not the end of the others.
func (q *Queue) handle(ctx context.Context, h func(context.Context, tenant.Scope, []byte) error, c claimed) (err error) {
	ctx, cancel := context.WithTimeout(ctx, handlerTime)
	defer cancel()
	defer func() {
		if v := recover(); v != nil {
			q.Logger.Error("a job's handler panicked", "kind", c.kind, "job", c.id, "panic", v, "stack", string(debug.Stack()))
			err = fmt.Errorf("the handler panicked: %v", v)
		}
	}()
	return h(ctx, c.scope, []byte(c.payload))
}

// Backoff is the wait before attempt n+1: 2 s, doubled each time, at most 6 hours.
func Backoff(attempt int64) time.Duration {
	return min(2*time.Second<<min(attempt-1, 20), 6*time.Hour)
}

// Purge deletes jobs done before the given time and returns how many.
func (q *Queue) Purge(ctx context.Context, before time.Time) (n int64, err error) {
	err = q.DB.Write(ctx, func(tx db.Tx) error {
		n, err = tx.Exec(`DELETE FROM jobs WHERE done_at IS NOT NULL AND done_at < $1`, before)
		return err
	})
	return n, err
}
