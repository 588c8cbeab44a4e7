package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"zombiezen.com/go/sqlite"

	"flint/internal/db"
	"flint/internal/failpoint"
	"flint/internal/fault"
)

const (
	// queueLength is how many transactions may wait before callers wait to be queued.
	queueLength = 1024
	// batchTime ends a batch early, so that the first of it does not wait for slow followers.
	batchTime = 10 * time.Millisecond
	// checkpointAfter is the number of statements after which the log is written back. The pages that
	// every sale touches are then written once for many commits, and the writer waits for the disk less
	// often; the log stays below its size limit all the same.
	checkpointAfter = 10_000
	// carefulFor is how many transactions run in a savepoint of their own after one failed that had
	// written something.
	carefulFor = 1000
)

// request is one transaction that waits for the writer.
type request struct {
	ctx   context.Context
	fn    func(db.Tx) error
	state atomic.Int32 // waiting, then either taken by the writer or left by its caller
	tx    *tx
	err   error
	saved bool // runs in a savepoint
	done  chan struct{}
}

const (
	waiting int32 = iota
	taken
	left
)

// writer runs all read-write transactions. A savepoint under each would let a failing one be undone
// alone, and copies every page that any of them changes; a tenth of all work. So they do without: what
// fails after it wrote takes its batch back with it, the others are run again, and for a while all have
// savepoints. Everything without another note belongs to its goroutine.
type writer struct {
	conn       *conn
	log        *slog.Logger
	onFatal    func(error)
	max        int
	failpoints *failpoint.Points

	mu     sync.RWMutex // held for reading while queueing, for writing to close the queue
	closed bool
	queue  chan *request
	ended  chan struct{}

	batch   []*request // run since BEGIN, not answered
	began   time.Time
	again   []*request // to be run alone, because SQLite rolled their batch back
	redo    []*request // to be run again together, because one of their batch failed
	careful int        // transactions still to run in savepoints
	running *request
	dirty   int  // statements since the last checkpoint
	full    bool // the last checkpoint found no room

	failed                             atomic.Pointer[error] // why writes are refused
	commits, transactions, checkpoints atomic.Int64
}

func newWriter(c *conn, opts Options) *writer {
	return &writer{conn: c, log: opts.Logger, onFatal: opts.OnFatal, max: opts.MaxBatch, failpoints: opts.Failpoints,
		queue: make(chan *request, queueLength), ended: make(chan struct{})}
}

// do queues a transaction and waits for its outcome. A caller whose context ends leaves only while
// its transaction still waits; one that runs is always answered.
func (w *writer) do(ctx context.Context, fn func(db.Tx) error) error {
	var guard db.Guard
	if err := guard.Enter(ctx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := w.failure(); err != nil {
		return err
	}
	r := &request{ctx: ctx, fn: fn, done: make(chan struct{})}
	if err := w.enqueue(ctx, r); err != nil {
		return err
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		if r.state.CompareAndSwap(waiting, left) {
			return ctx.Err()
		}
		<-r.done
	}
	if r.err != nil {
		return r.err
	}
	for _, f := range r.tx.after {
		f()
	}
	return nil
}

func (w *writer) enqueue(ctx context.Context, r *request) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return errClosed()
	}
	select {
	case w.queue <- r:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close runs what is queued and returns when the loop ended.
func (w *writer) close() {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.queue)
	}
	w.mu.Unlock()
	<-w.ended
}

func (w *writer) failure() error {
	if p := w.failed.Load(); p != nil {
		return *p
	}
	return nil
}

// loop takes, runs and commits until the queue is closed. A function that ends the goroutine takes
// the loop with it; a new one then goes on with the same batch.
func (w *writer) loop() {
	finished := false
	defer func() {
		if !finished {
			w.settle(errGone)
			go w.loop()
		}
	}()
	for {
		if len(w.batch) > 0 {
			w.fill()
			w.commit()
		}
		w.runAgain()
		if w.runRedo() {
			continue
		}
		if w.dirty >= checkpointAfter {
			w.writeBack()
		}
		r, ok := <-w.queue
		if !ok {
			break
		}
		w.run(r)
	}
	finished = true
	close(w.ended)
}

// fill adds what waits to the batch, up to its bounds.
func (w *writer) fill() {
	for len(w.batch) > 0 && len(w.batch) < w.max && time.Since(w.began) < batchTime {
		select {
		case r, ok := <-w.queue:
			if !ok {
				return
			}
			w.run(r)
		default:
			return
		}
	}
}

// runAgain runs the transactions of a batch that was rolled back as a whole, one commit each, so
// that the one that cannot be stored fails alone.
func (w *writer) runAgain() {
	for len(w.again) > 0 {
		r := w.again[0]
		w.again = w.again[1:]
		w.execute(r)
		if len(w.batch) > 0 {
			w.commit()
		}
	}
}

// runRedo runs what was rolled back for another's failure; true when that began a batch.
func (w *writer) runRedo() bool {
	for len(w.redo) > 0 {
		r := w.redo[0]
		w.redo = w.redo[1:]
		w.execute(r)
	}
	return len(w.batch) > 0
}

// run executes a request that its caller still waits for.
func (w *writer) run(r *request) {
	if !r.state.CompareAndSwap(waiting, taken) {
		return
	}
	w.execute(r)
}

func (w *writer) execute(r *request) {
	if err := r.ctx.Err(); err != nil {
		w.answer(r, err)
		return
	}
	if err := w.failure(); err != nil {
		w.answer(r, err)
		return
	}
	if len(w.batch) == 0 {
		if err := w.conn.run("BEGIN IMMEDIATE"); err != nil {
			w.noteFatal(err)
			w.answer(r, fmt.Errorf("begin a transaction: %w", mapError(err)))
			return
		}
		w.began = time.Now()
	}
	if r.saved = w.careful > 0; r.saved {
		w.careful--
		if err := w.conn.run("SAVEPOINT one"); err != nil {
			w.lost(r, err)
			return
		}
	}
	r.tx = &tx{conn: w.conn, ctx: r.ctx}
	w.running = r
	err := call(r.fn, r.tx)
	w.settle(err)
}

// settle ends the running request: it stays in the batch or is undone and answered.
func (w *writer) settle(err error) {
	r := w.running
	if r == nil {
		return
	}
	w.running = nil
	r.tx.guard.Leave()
	w.dirty += r.tx.statements
	if err == nil {
		err = r.tx.err
	}
	if w.conn.AutocommitEnabled() || fatal(r.tx.err) {
		// SQLite gives up the whole transaction on errors such as a full disk in the middle of a page
		// split, and nothing may be committed after a failed write.
		w.lost(r, errors.Join(err, r.tx.err))
		return
	}
	if err != nil {
		w.undo(r, err)
		return
	}
	if r.saved {
		if err := w.conn.run("RELEASE one"); err != nil {
			w.lost(r, err)
			return
		}
	}
	w.batch = append(w.batch, r)
}

// undo takes a failed transaction back and answers it.
func (w *writer) undo(r *request, err error) {
	switch {
	case r.saved:
		failed := w.conn.run("ROLLBACK TO one")
		if failed == nil {
			failed = w.conn.run("RELEASE one")
		}
		if failed != nil {
			w.lost(r, errors.Join(err, failed))
			return
		}
	case r.tx.wrote && len(w.batch) > 0:
		w.redo, w.batch = append(w.redo, w.batch...), nil
	}
	if r.tx.wrote {
		w.careful = carefulFor
	}
	w.answer(r, err)
	if len(w.batch) == 0 {
		if err := w.conn.run("ROLLBACK"); err != nil {
			w.noteFatal(err)
		}
	}
}

// lost ends a transaction that SQLite rolled back, or that must be: r fails with err, and those
// before it in the batch are run again.
func (w *writer) lost(r *request, err error) {
	w.noteFatal(err)
	w.noteFull(err)
	if !w.conn.AutocommitEnabled() {
		if err := w.conn.run("ROLLBACK"); err != nil {
			w.noteFatal(err)
		}
	}
	w.again = append(w.again, w.batch...)
	w.batch = nil
	if err == nil {
		err = errors.New("sqlite: the transaction was rolled back")
	}
	w.answer(r, mapError(err))
}

// commit makes the batch durable and answers it.
func (w *writer) commit() {
	batch := w.batch
	if len(batch) == 0 { // it was rolled back while it was filled
		return
	}
	w.batch = nil
	w.failpoints.Hit("commit.before")
	err := w.conn.run("COMMIT")
	if err == nil {
		w.failpoints.Hit("commit.after")
		w.commits.Add(1)
		w.transactions.Add(int64(len(batch)))
		for _, r := range batch {
			w.answer(r, nil)
		}
		return
	}
	w.noteFatal(err)
	w.noteFull(err)
	if !w.conn.AutocommitEnabled() {
		if err := w.conn.run("ROLLBACK"); err != nil {
			w.noteFatal(err)
		}
	}
	switch {
	case fatal(err):
		// The log may hold the commit all the same, and the next start would find it.
		err = storageFailed(errors.Join(db.ErrCommitUnknown, err))
	case sqlite.ErrCode(err) == sqlite.ResultConstraintForeignKey && len(batch) > 1:
		// A deferred foreign key speaks up only here, and does not say whose it is.
		w.again = append(w.again, batch...)
		return
	default:
		err = fmt.Errorf("commit: %w", mapError(err))
	}
	for _, r := range batch {
		w.answer(r, err)
	}
}

func (w *writer) answer(r *request, err error) {
	r.err = err
	close(r.done)
}

// noteFatal refuses all further writes when err means that the file cannot be trusted.
func (w *writer) noteFatal(err error) {
	if !fatal(err) {
		return
	}
	refusal := storageFailed(err)
	if !w.failed.CompareAndSwap(nil, &refusal) {
		return
	}
	w.log.Error("the storage failed; writes are refused from now on", "error", err)
	if w.onFatal != nil {
		go w.onFatal(refusal)
	}
}

// noteFull asks for a checkpoint as soon as the disk is full: the log may hold most of the room, and
// what is written back is used again.
func (w *writer) noteFull(err error) {
	if sqlite.ErrCode(err).ToPrimary() == sqlite.ResultFull {
		w.dirty = checkpointAfter
	}
}

// writeBack moves the log into the file between batches. Readers that still need the log postpone
// part of it to the next time. Without room it is tried again after each batch: a log that went on
// growing would take the room that it needs to be written back.
func (w *writer) writeBack() {
	w.dirty = 0
	err := w.checkpoint("PASSIVE")
	full := fault.Is(err, "STORAGE_FULL")
	switch {
	case full && !w.full:
		w.log.Warn("the log could not be written back: the disk is full")
	case err != nil && !full:
		w.log.Error("the log could not be written back", "error", err)
		w.noteFatal(err)
	}
	if w.full = full; full {
		w.dirty = checkpointAfter
	}
}

func (w *writer) checkpoint(mode string) error {
	if err := w.conn.run("PRAGMA wal_checkpoint(" + mode + ")"); err != nil {
		return fmt.Errorf("checkpoint: %w", mapError(err))
	}
	w.checkpoints.Add(1)
	return nil
}
