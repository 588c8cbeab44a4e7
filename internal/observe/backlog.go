package observe

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"flint/internal/db"
)

// Backlog is what waits in the database, over all merchants.
type Backlog struct {
	// FeedLag is how long the oldest event has waited for its place in the feed, 0 when none waits.
	FeedLag time.Duration
	// OpenOperations counts processor operations without an end, by state: planned, unknown,
	// processing, requires_action, parked.
	OpenOperations map[string]int64
	// OldestUnknown is how long ago the oldest operation whose outcome is not known was made.
	OldestUnknown time.Duration
	DueJobs       int64 // jobs whose time has come
	AbandonedJobs int64 // jobs that used up their attempts and wait for an operator
}

// openStates are the states of processor operations that an operator watches.
var openStates = []string{"planned", "unknown", "processing", "requires_action", "parked"}

// ReadBacklog looks at the database. A job with maxAttempts attempts counts as abandoned.
func ReadBacklog(ctx context.Context, d db.DB, now time.Time, maxAttempts int64) (Backlog, error) {
	b := Backlog{OpenOperations: map[string]int64{}}
	err := d.Read(ctx, func(tx db.Tx) error {
		var oldestEvent, oldestUnknown *time.Time
		err := tx.QueryRow([]any{&oldestEvent}, `SELECT MIN(created_at) FROM events WHERE position IS NULL`)
		if err != nil {
			return fmt.Errorf("read the feed's lag: %w", err)
		}
		// The condition is that of the index processor_operations_open, word for word.
		err = tx.Query(func(r db.Row) error {
			var state string
			var n int64
			var oldest time.Time
			if err := r.Scan(&state, &n, &oldest); err != nil {
				return err
			}
			b.OpenOperations[state] = n
			if state == "unknown" {
				oldestUnknown = &oldest
			}
			return nil
		}, `SELECT state, COUNT(*), MIN(created_at) FROM processor_operations
			WHERE state IN ('planned', 'unknown', 'processing', 'requires_action', 'parked') GROUP BY state`)
		if err != nil {
			return fmt.Errorf("count open operations: %w", err)
		}
		err = tx.QueryRow([]any{&b.DueJobs}, `SELECT COUNT(*) FROM jobs WHERE done_at IS NULL AND run_at <= $1 AND attempts < $2`, now, maxAttempts)
		if err != nil {
			return fmt.Errorf("count due jobs: %w", err)
		}
		err = tx.QueryRow([]any{&b.AbandonedJobs}, `SELECT COUNT(*) FROM jobs WHERE done_at IS NULL AND attempts >= $1`, maxAttempts)
		if err != nil {
			return fmt.Errorf("count abandoned jobs: %w", err)
		}
		b.FeedLag, b.OldestUnknown = since(now, oldestEvent), since(now, oldestUnknown)
		return nil
	})
	return b, err
}

func since(now time.Time, t *time.Time) time.Duration {
	if t == nil {
		return 0
	}
	return max(now.Sub(*t), 0)
}

// scrapeTimeout bounds the queries of one scrape.
const scrapeTimeout = 3 * time.Second

// backlogCollector asks for the backlog at each scrape. When it cannot be had, its gauges are absent,
// because an old number would look healthy, and flint_backlog_up is 0.
type backlogCollector struct {
	read func(ctx context.Context) (Backlog, error)
	log  *slog.Logger

	up, lag, operations, unknown, due, abandoned *prometheus.Desc
}

func newBacklogCollector(read func(context.Context) (Backlog, error), log *slog.Logger) *backlogCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &backlogCollector{
		read: read, log: log,
		up:         desc("flint_backlog_up", "1 when the database could be asked for its backlog."),
		lag:        desc("flint_event_feed_lag_seconds", "Age of the oldest event without a place in the feed."),
		operations: desc("flint_processor_operations_open", "Processor operations without an end, by state.", "state"),
		unknown:    desc("flint_processor_operation_unknown_age_seconds", "Age of the oldest operation whose outcome is not known."),
		due:        desc("flint_jobs_due", "Jobs whose time has come."),
		abandoned:  desc("flint_jobs_abandoned", "Jobs that used up their attempts."),
	}
}

// Describe implements prometheus.Collector.
func (c *backlogCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.up, c.lag, c.operations, c.unknown, c.due, c.abandoned} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *backlogCollector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	b, err := c.read(ctx)
	if err != nil {
		c.log.Warn("the backlog could not be read for the metrics", "error", err)
		gauge(c.up, 0)
		return
	}
	gauge(c.up, 1)
	gauge(c.lag, b.FeedLag.Seconds())
	for _, state := range openStates {
		gauge(c.operations, float64(b.OpenOperations[state]), state)
	}
	gauge(c.unknown, b.OldestUnknown.Seconds())
	gauge(c.due, float64(b.DueJobs))
	gauge(c.abandoned, float64(b.AbandonedJobs))
}
