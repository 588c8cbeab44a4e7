// Package sqlite keeps the platform's data in one SQLite file.
//
// One writer goroutine takes every transaction that waits, runs each in its own savepoint, commits
// once and then answers all of them (see writer.go). Readers have their own connections and never
// wait for the writer. The file is in WAL mode with synchronous=FULL: a transaction that was
// answered is on the disk. Exactly one process may have the file open; a lock file sees to that.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"zombiezen.com/go/sqlite"

	"flint/internal/db"
	"flint/internal/failpoint"
	"flint/internal/fault"
)

// oldestEngine is the first SQLite release without the WAL reset bug, which could lose a commit.
const oldestEngine = 3_051_003

// Options say how to open a database. Only Path is required.
type Options struct {
	// Path of the database file. It is made, with its folder, when it is missing.
	Path   string
	Logger *slog.Logger
	// ReadConns is how many reads run at the same time; 0 chooses by the number of processors.
	ReadConns int
	// BusyTimeout is how long SQLite waits for a lock of another connection; 0 is five seconds.
	BusyTimeout time.Duration
	// MaxBatch is how many transactions share one commit at most; 0 is 128.
	MaxBatch int
	// MaxPages limits the file to a number of 4 KiB pages; 0 is no limit. A database at its limit
	// behaves as on a full disk.
	MaxPages int
	// OnFatal is called once, on its own goroutine, when the file cannot be trusted to keep a
	// commit any more. The database then refuses writes; the process should exit and start again.
	OnFatal func(error)
	// Failpoints end the process at named places in tests; nil in production.
	Failpoints *failpoint.Points
}

// DB is an open database file. It implements db.DB.
type DB struct {
	opts    Options
	log     *slog.Logger
	lock    *Lock
	writer  *writer
	readers chan *conn // entries without a connection are opened when first used

	closeOnce sync.Once
	closeErr  error
	closed    chan struct{}
}

var _ db.DB = (*DB)(nil)

// Open locks and opens the file and starts the writer. After an unclean stop it checks the file's
// structure first. It fails with a fault that says what to do when another process has the file, when
// the folder is on a network file system, or when the check finds damage.
func Open(ctx context.Context, opts Options) (*DB, error) {
	if sqlite.VersionNumber < oldestEngine {
		return nil, fault.Internal("STORAGE_ENGINE_TOO_OLD", "SQLite %s is too old; 3.51.3 is needed", sqlite.Version)
	}
	opts = opts.withDefaults()
	lock, err := Acquire(opts.Path)
	if err != nil {
		return nil, err
	}
	d := &DB{opts: opts, log: opts.Logger, lock: lock, closed: make(chan struct{}), readers: make(chan *conn, opts.ReadConns)}
	wc, err := d.openWriter(ctx)
	if err != nil {
		return nil, errors.Join(err, lock.Release(false))
	}
	for range opts.ReadConns {
		d.readers <- nil
	}
	d.writer = newWriter(wc, opts)
	go d.writer.loop()
	return d, nil
}

// OpenReader opens a database file for reading alone, beside the process that may have it open for
// writing: `flint doctor` and `flint backup` look at a running installation through it. Write fails.
func OpenReader(ctx context.Context, opts Options) (*DB, error) {
	opts = opts.withDefaults()
	if _, err := os.Stat(opts.Path); err != nil {
		return nil, fmt.Errorf("open the database for reading: %w", err)
	}
	d := &DB{opts: opts, log: opts.Logger, closed: make(chan struct{}), readers: make(chan *conn, opts.ReadConns)}
	for range opts.ReadConns {
		d.readers <- nil
	}
	return d, d.Ping(ctx)
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.ReadConns <= 0 {
		o.ReadConns = min(max(2*runtime.GOMAXPROCS(0), 4), 8)
	}
	if o.BusyTimeout <= 0 {
		o.BusyTimeout = 5 * time.Second
	}
	if o.MaxBatch <= 0 {
		o.MaxBatch = 128
	}
	return o
}

func (d *DB) openWriter(ctx context.Context) (*conn, error) {
	_, statErr := os.Stat(d.opts.Path)
	fresh := errors.Is(statErr, os.ErrNotExist)
	c, err := openConn(d.opts, sqlite.OpenReadWrite|sqlite.OpenCreate,
		"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA fullfsync = ON", "PRAGMA checkpoint_fullfsync = ON",
		// Checkpoints are the writer's, where a failing fsync is noticed; SQLite's own would hide it.
		"PRAGMA wal_autocheckpoint = 0", "PRAGMA journal_size_limit = 67108864",
		"PRAGMA secure_delete = FAST", "PRAGMA foreign_keys = ON", "PRAGMA cache_size = -32768")
	if err != nil {
		return nil, err
	}
	if d.opts.MaxPages > 0 {
		if err := c.run(fmt.Sprintf("PRAGMA max_page_count = %d", d.opts.MaxPages)); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	if !fresh && !d.lock.Clean() {
		start := time.Now()
		if err := quickCheck(ctx, c); err != nil {
			return nil, errors.Join(err, c.Close())
		}
		d.log.Info("the database was not closed cleanly; its structure is sound", "path", d.opts.Path, "took", time.Since(start))
	}
	return c, nil
}

func quickCheck(ctx context.Context, c *conn) error {
	c.SetInterrupt(ctx.Done())
	defer c.SetInterrupt(nil)
	stmt, _, err := c.PrepareTransient("PRAGMA quick_check(1)")
	if err != nil {
		return fmt.Errorf("check the database: %w", mapError(err))
	}
	defer func() { _ = stmt.Finalize() }()
	if _, err := stmt.Step(); err != nil {
		return fmt.Errorf("check the database: %w", mapError(err))
	}
	if found := stmt.ColumnText(0); found != "ok" {
		return fault.Internal("STORAGE_DAMAGED", "The database file is damaged.").
			Because(errors.New(found)).Then("Keep a copy of the file and its -wal, then restore the latest backup.")
	}
	return nil
}

// Engine implements db.DB.
func (d *DB) Engine() db.Engine { return db.SQLite }

// Write implements db.DB. fn runs on the writer's goroutine; functions given to AfterCommit run on
// the caller's.
func (d *DB) Write(ctx context.Context, fn func(tx db.Tx) error) error {
	if d.writer == nil {
		return fault.Internal("DATABASE_READ_ONLY", "the database was opened for reading")
	}
	return d.writer.do(ctx, fn)
}

// Read implements db.DB.
func (d *DB) Read(ctx context.Context, fn func(tx db.Tx) error) error {
	var guard db.Guard
	if err := guard.Enter(ctx); err != nil {
		return err
	}
	c, err := d.borrow(ctx)
	if err != nil {
		return err
	}
	defer func() { d.readers <- c }()
	c.SetInterrupt(ctx.Done())
	defer c.SetInterrupt(nil)
	if err := c.run("BEGIN"); err != nil {
		return contextError(ctx, err)
	}
	t := &tx{conn: c, ctx: ctx}
	defer func() {
		t.guard.Leave()
		c.SetInterrupt(nil)
		if err := c.run("ROLLBACK"); err != nil {
			d.log.Error("a read transaction could not be ended", "error", err)
		}
	}()
	err = call(fn, t)
	if err == nil {
		err = t.err
	}
	if err != nil {
		return contextError(ctx, err)
	}
	for _, f := range t.after {
		f()
	}
	return nil
}

// contextError tells an interrupted statement by the reason of the interruption.
func contextError(ctx context.Context, err error) error {
	if sqlite.ErrCode(err).ToPrimary() == sqlite.ResultInterrupt && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// borrow takes a reading connection; the caller gives it back to d.readers.
func (d *DB) borrow(ctx context.Context) (*conn, error) {
	var c *conn
	select {
	case c = <-d.readers:
	default:
		select {
		case c = <-d.readers:
		case <-d.closed:
			return nil, errClosed()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	select {
	case <-d.closed:
		d.readers <- c
		return nil, errClosed()
	default:
	}
	if c != nil {
		return c, nil
	}
	c, err := openConn(d.opts, sqlite.OpenReadOnly, "PRAGMA query_only = ON", "PRAGMA cache_size = -2048")
	if err != nil {
		d.readers <- nil
		return nil, err
	}
	return c, nil
}

func errClosed() error {
	return fault.Unavailable("DATABASE_CLOSED", "The server is shutting down.")
}

// Ping implements db.DB.
func (d *DB) Ping(ctx context.Context) error {
	return d.Read(ctx, func(tx db.Tx) error {
		var n int64
		return tx.QueryRow([]any{&n}, "SELECT COUNT(*) FROM sqlite_schema")
	})
}

// Stats counts what the writer did since Open.
type Stats struct {
	Commits      int64 // commits that reached the disk
	Transactions int64 // transactions in them
	Checkpoints  int64
}

// Stats returns the counters.
func (d *DB) Stats() Stats {
	if d.writer == nil {
		return Stats{}
	}
	return Stats{Commits: d.writer.commits.Load(), Transactions: d.writer.transactions.Load(), Checkpoints: d.writer.checkpoints.Load()}
}

// Close implements db.DB: it waits for what runs, writes the log back into the file and unlocks it.
func (d *DB) Close() error {
	d.closeOnce.Do(func() {
		close(d.closed)
		if d.writer != nil {
			d.writer.close()
		}
		var errs []error
		for range cap(d.readers) {
			if c := <-d.readers; c != nil {
				errs = append(errs, c.Close())
			}
		}
		if d.writer == nil {
			d.closeErr = errors.Join(errs...)
			return
		}
		clean := d.writer.failure() == nil
		if clean {
			if err := d.writer.checkpoint("TRUNCATE"); err != nil {
				errs, clean = append(errs, err), false
			}
		}
		errs = append(errs, d.writer.conn.Close())
		d.closeErr = errors.Join(append(errs, d.lock.Release(clean))...)
	})
	return d.closeErr
}

// Backup writes a complete, consistent copy of the database to destPath, which must not exist yet,
// while reads and writes go on. The copy is on the disk when it returns. The log grows meanwhile,
// because it cannot be written back past what the copy still reads.
func (d *DB) Backup(ctx context.Context, destPath string) (err error) {
	if _, err := os.Stat(destPath); err == nil {
		return fault.Invalid("BACKUP_EXISTS", "", "There is a file at the backup's path already.")
	}
	partial := destPath + ".partial"
	if err := os.Remove(partial); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove an unfinished backup: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreMissing(os.Remove(partial)))
		}
	}()
	c, err := openConn(d.opts, sqlite.OpenReadOnly, "PRAGMA cache_size = -2048")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	c.SetInterrupt(ctx.Done())
	// VACUUM INTO reads one snapshot and also leaves out what was deleted.
	stmt, _, err := c.PrepareTransient("VACUUM INTO ?1")
	if err != nil {
		return fmt.Errorf("prepare the backup: %w", mapError(err))
	}
	stmt.BindText(1, partial)
	_, err = stmt.Step()
	if err := errors.Join(err, stmt.Finalize()); err != nil {
		return contextError(ctx, fmt.Errorf("write the backup: %w", mapError(err)))
	}
	if err := syncPath(partial); err != nil {
		return err
	}
	if err := os.Rename(partial, destPath); err != nil {
		return fmt.Errorf("put the backup in place: %w", err)
	}
	return syncPath(filepath.Dir(destPath))
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open to sync: %w", err)
	}
	return errors.Join(f.Sync(), f.Close())
}
