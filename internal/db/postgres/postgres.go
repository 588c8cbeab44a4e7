// Package postgres keeps the platform's data in PostgreSQL, shared by any number of servers.
//
// A transaction costs as few round trips as it can: BEGIN rides with the first statement, statements
// given to Send wait and ride with the next one that needs an answer or with the COMMIT.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"

	"flint/internal/db"
	"flint/internal/failpoint"
	"flint/internal/fault"
)

// Options say how to open a database. Only URL is required.
type Options struct {
	// URL is a PostgreSQL connection string; settings in it win over those below.
	URL    string
	Logger *slog.Logger
	// MaxConns bounds the connections of this process; 0 is 16.
	MaxConns int
	// AcquireTimeout is how long a transaction waits for a free connection; 0 is five seconds.
	AcquireTimeout time.Duration
	// StatementTimeout and LockTimeout bound one statement and one wait for a lock on the server; 0
	// is thirty and ten seconds.
	StatementTimeout time.Duration
	LockTimeout      time.Duration
	// Failpoints end the process at named places in tests; nil in production.
	Failpoints *failpoint.Points
}

const (
	// attempts bounds how often a transaction runs after deadlocks and serialization failures.
	attempts = 10
	// reconnects bounds how often it runs after its connection was lost before the commit.
	reconnects = 2
	// settleTimeout bounds commits and rollbacks, which the caller's context does not cut short.
	settleTimeout = 40 * time.Second
	// longestHeld is how many statements Send holds back at most.
	longestHeld = 64
)

// DB is a pool of connections. It implements db.DB.
type DB struct {
	pool       *pgxpool.Pool
	log        *slog.Logger
	acquire    time.Duration
	failpoints *failpoint.Points
	ending     sync.WaitGroup // reads that end their transaction behind their caller's back
	stop       func()         // ends the watch over statistics
}

var _ db.DB = (*DB)(nil)

// Open connects to the server. It fails with DATABASE_UNAVAILABLE when it cannot be reached.
func Open(ctx context.Context, opts Options) (*DB, error) {
	opts = opts.withDefaults()
	config, err := pgxpool.ParseConfig(opts.URL)
	if err != nil {
		return nil, fmt.Errorf("read the database URL: %w", err)
	}
	config.MaxConns = int32(min(opts.MaxConns, 10_000))
	config.MaxConnLifetime, config.MaxConnLifetimeJitter = time.Hour, 10*time.Minute
	config.MaxConnIdleTime = 10 * time.Minute
	cc := config.ConnConfig
	cc.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	cc.ConnectTimeout = opts.AcquireTimeout
	for name, value := range map[string]string{
		"application_name": "flint", "synchronous_commit": "on", "default_transaction_isolation": "read committed",
		"statement_timeout": millis(opts.StatementTimeout), "lock_timeout": millis(opts.LockTimeout),
		"idle_in_transaction_session_timeout": "60000", "client_encoding": "UTF8",
	} {
		if cc.RuntimeParams[name] == "" {
			cc.RuntimeParams[name] = value
		}
	}
	// A cancelled context asks the server to stop the statement; the connection survives when it does.
	cc.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: 2 * time.Second}
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("set up the database connections: %w", err)
	}
	d := &DB{pool: pool, log: opts.Logger, acquire: opts.AcquireTimeout, failpoints: opts.Failpoints}
	if err := d.check(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	d.stop = stop
	d.ending.Go(func() { d.keepStatistics(background) })
	return d, nil
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.MaxConns <= 0 {
		o.MaxConns = 16
	}
	if o.AcquireTimeout <= 0 {
		o.AcquireTimeout = 5 * time.Second
	}
	if o.StatementTimeout <= 0 {
		o.StatementTimeout = 30 * time.Second
	}
	if o.LockTimeout <= 0 {
		o.LockTimeout = 10 * time.Second
	}
	return o
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

func (d *DB) check(ctx context.Context) error {
	c, err := d.conn(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	if enc := c.Conn().PgConn().ParameterStatus("server_encoding"); enc != "UTF8" {
		return fault.Internal("DATABASE_ENCODING", "The database's encoding is %s; it must be UTF8.", enc).
			Then("Create the database with ENCODING 'UTF8'.")
	}
	return nil
}

// conn takes a connection from the pool within the acquire timeout.
func (d *DB) conn(ctx context.Context) (*pgxpool.Conn, error) {
	limited, cancel := context.WithTimeout(ctx, d.acquire)
	defer cancel()
	c, err := d.pool.Acquire(limited)
	switch {
	case err == nil:
		return c, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case limited.Err() != nil && d.pool.Stat().AcquiredConns() >= d.pool.Config().MaxConns:
		return nil, fault.Unavailable("DATABASE_BUSY", "The database is busy.").Because(err)
	}
	return nil, unavailable(err)
}

// Engine implements db.DB.
func (d *DB) Engine() db.Engine { return db.Postgres }

// Write implements db.DB.
func (d *DB) Write(ctx context.Context, fn func(tx db.Tx) error) error {
	var guard db.Guard
	if err := guard.Enter(ctx); err != nil {
		return err
	}
	lost := 0
	for n := 1; ; n++ {
		t, err := d.attempt(ctx, fn)
		switch {
		case err == nil:
			for _, f := range t.after {
				f()
			}
			return nil
		case t == nil || ctx.Err() != nil:
			return err
		case t.lost && lost < reconnects:
			lost++
		case conflicted(t.err) && n < attempts:
			d.log.Debug("a transaction runs again", "attempt", n, "error", t.err)
		default:
			return err
		}
		select {
		case <-time.After(rand.N(min(time.Millisecond<<n, 200*time.Millisecond))):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// attempt runs the transaction once. The tx is nil when none was begun.
func (d *DB) attempt(ctx context.Context, fn func(db.Tx) error) (t *tx, err error) {
	c, err := d.conn(ctx)
	if err != nil {
		return nil, err
	}
	t = &tx{ctx: ctx, conn: c.Conn(), begin: "BEGIN", failpoints: d.failpoints}
	defer func() {
		t.rollback()
		c.Release()
	}()
	if err := call(fn, t); err != nil {
		t.guard.Leave()
		return t, err
	}
	t.guard.Leave()
	return t, t.commit()
}

// Read implements db.DB.
func (d *DB) Read(ctx context.Context, fn func(tx db.Tx) error) error {
	var guard db.Guard
	if err := guard.Enter(ctx); err != nil {
		return err
	}
	for n := 0; ; n++ {
		c, err := d.conn(ctx)
		if err != nil {
			return err
		}
		t := &tx{ctx: ctx, conn: c.Conn(), begin: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"}
		err = d.readOnce(c, t, fn)
		if t.lost && n < reconnects && ctx.Err() == nil {
			continue
		}
		if err != nil {
			return err
		}
		for _, f := range t.after {
			f()
		}
		return nil
	}
}

func (d *DB) readOnce(c *pgxpool.Conn, t *tx, fn func(db.Tx) error) error {
	// The caller has its rows and need not wait for the transaction's end; the connection does.
	defer d.ending.Go(func() {
		t.rollback()
		c.Release()
	})
	defer t.guard.Leave()
	if err := call(fn, t); err != nil {
		return err
	}
	if t.err == nil && len(t.held) > 0 {
		return t.flush(t.ctx, nil)
	}
	return t.err
}

// call runs fn and returns its panic as an error.
func call(fn func(db.Tx) error, t *tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("postgres: panic in a transaction: %v\n%s", p, debug.Stack())
		}
	}()
	return fn(t)
}

// Ping implements db.DB.
func (d *DB) Ping(ctx context.Context) error {
	return d.Read(ctx, func(tx db.Tx) error {
		var one int64
		return tx.QueryRow([]any{&one}, "SELECT 1")
	})
}

// Close implements db.DB.
func (d *DB) Close() error {
	d.stop()
	d.pool.Close()
	d.ending.Wait()
	return nil
}

func unavailable(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return fault.Unavailable("DATABASE_UNAVAILABLE", "The database cannot be reached.").Because(err)
}
