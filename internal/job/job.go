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
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/id"
	"flint/internal/tenant"
)

// MaxAttempts is how often a job is tried before it is left for an operator.
const MaxAttempts = 12

const lease = time.Minute

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
}

// New returns an empty Queue.
func New(d db.DB, c clock.Clock, ids *id.Source, logger *slog.Logger) *Queue {
	return &Queue{
		DB: d, Clock: c, IDs: ids, Logger: logger, wake: make(chan struct{}, 1),
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

// Run works until ctx ends.
func (q *Queue) Run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for ctx.Err() == nil {
		n, err := q.RunDue(ctx)
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

type claimed struct {
	scope    tenant.Scope
	id, kind string
	payload  string
	attempts int64
	epoch    int64
}

// RunDue claims what is due, runs it and returns how many jobs it ran.
func (q *Queue) RunDue(ctx context.Context) (int, error) {
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
			WHERE done_at IS NULL AND run_at <= $1 AND lease_until <= $1 AND attempts < $2 ORDER BY run_at LIMIT 20`+skip, now, MaxAttempts)
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
		return 0, fmt.Errorf("claim jobs: %w", err)
	}
	for _, c := range mine {
		q.run(ctx, c)
	}
	return len(mine), nil
}

func (q *Queue) run(ctx context.Context, c claimed) {
	runErr := fmt.Errorf("no handler for jobs of kind %q", c.kind)
	started := clock.System{}.Now() // a duration: it must not jump with a rehearsal's clock
	if h, ok := q.handlers[c.kind]; ok {
		runErr = h(ctx, c.scope, []byte(c.payload))
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
