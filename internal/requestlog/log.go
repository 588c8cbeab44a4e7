package requestlog

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/failpoint"
)

// Bounds of the queue, and how it is emptied.
const (
	maxQueued = 8192     // entries
	maxBytes  = 16 << 20 // of memory
	batch     = 200      // entries of one transaction
	every     = 250 * time.Millisecond
	maxTries  = 3 // of one batch
	lastWrite = 5 * time.Second
)

// Keep is how long a row stays.
const Keep = 30 * 24 * time.Hour

// Log takes entries and writes them later. A nil *Log takes none. It is safe for concurrent use.
type Log struct {
	db         db.DB
	clock      clock.Clock
	log        *slog.Logger
	redactor   Redactor
	failpoints *failpoint.Points
	wake       chan struct{}

	mu      sync.Mutex
	queue   []*Entry
	bytes   int
	tries   int   // of the batch at the head
	dropped int64 // since the start
	told    int64 // of those, how many the log has told of

	writing sync.Mutex      // one batch at a time
	names   map[string]bool // of fields, whether they are secret; under writing
}

// Options are what a Log needs. DB, Clock and Logger are required.
type Options struct {
	DB       db.DB
	Clock    clock.Clock
	Logger   *slog.Logger
	Redactor Redactor
	// Failpoints end the process at a named place in tests; nil in production.
	Failpoints *failpoint.Points
}

// New returns a Log that holds entries until Run or Flush writes them.
func New(o Options) *Log {
	return &Log{db: o.DB, clock: o.Clock, log: o.Logger, redactor: o.Redactor, failpoints: o.Failpoints, wake: make(chan struct{}, 1), names: map[string]bool{}}
}

// Add takes an entry and never waits. It reports false when there is no room: the entry is dropped and
// counted.
func (l *Log) Add(e *Entry) bool {
	if l == nil {
		return false
	}
	size := e.size()
	l.mu.Lock()
	if len(l.queue) >= maxQueued || l.bytes+size > maxBytes {
		l.dropped++
		l.mu.Unlock()
		return false
	}
	l.queue = append(l.queue, e)
	l.bytes += size
	full := len(l.queue) == batch
	l.mu.Unlock()
	if full {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
	return true
}

// Dropped counts the entries that were not kept since the start.
func (l *Log) Dropped() int64 {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dropped
}

// Run writes until ctx ends, then writes what is left.
func (l *Log) Run(ctx context.Context) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWrite)
			defer cancel()
			l.report(l.Flush(last))
			return
		case <-t.C:
		case <-l.wake:
		}
		l.report(l.Flush(ctx))
	}
}

func (l *Log) report(err error) {
	if err != nil {
		l.log.Warn("requests are not logged for now", "error", err)
	}
	l.mu.Lock()
	news := l.dropped - l.told
	l.told = l.dropped
	l.mu.Unlock()
	if news > 0 {
		l.log.Warn("requests were not logged: their log was full or could not be written", "count", news)
	}
}

// Flush writes everything that was added before. A batch that cannot be written stays for later, and is
// dropped after some tries.
func (l *Log) Flush(ctx context.Context) error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	left := len(l.queue)
	l.mu.Unlock()
	for left > 0 {
		n, err := l.writeBatch(ctx)
		if err != nil || n == 0 {
			return err
		}
		left -= n
	}
	return nil
}

func (l *Log) writeBatch(ctx context.Context) (int, error) {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	entries := l.queue[:min(batch, len(l.queue))]
	l.mu.Unlock()
	if len(entries) == 0 {
		return 0, nil
	}
	l.failpoints.Hit("requestlog.before_write")
	rows := make([]row, len(entries))
	for i, e := range entries {
		rows[i] = l.redactor.prepare(e, l.names)
	}
	err := l.db.Write(ctx, func(tx db.Tx) error { return insert(tx, rows) })
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		if l.tries++; l.tries < maxTries {
			return 0, err
		}
		l.dropped += int64(len(entries))
	}
	l.tries = 0
	for _, e := range entries {
		l.bytes -= e.size()
	}
	rest := l.queue[len(entries):]
	if len(rest) == 0 {
		l.queue = nil // its array goes, and what it referred to
	} else {
		clear(entries)
		l.queue = rest
	}
	return len(entries), err
}

// Purge removes at most limit rows whose time is over and returns how many.
func (l *Log) Purge(ctx context.Context, limit int) (n int64, err error) {
	err = l.db.Write(ctx, func(tx db.Tx) error {
		n, err = purge(tx, l.clock.Now().Add(-Keep), limit)
		return err
	})
	return n, err
}
