// Package db is the small interface between the domains and their database: one transaction at a
// time, hand-written SQL, two engines below it (sqlite and postgres) that pass one conformance suite.
//
// # SQL
//
// One text runs on both engines. Parameters are $1, $2, … and may repeat; RETURNING and ON CONFLICT
// are available. Amounts, counts and times are 64-bit integers (times are microseconds since 1970 in
// UTC; a zero time.Time is NULL), flags are integers 0 and 1, JSON documents are text, given as string;
// []byte is for binary columns. Sums need CAST(SUM(x) AS BIGINT), and a parameter whose type nothing
// tells needs CAST($1 AS BIGINT). Arguments and scan targets may be string, []byte, int, int64, bool,
// time.Time, their named kinds, and pointers to string, int64 and time.Time for columns that may be
// NULL. Text is UTF-8 without NUL.
//
// # Transactions
//
// Write commits everything or nothing. The function may be run more than once, so it must have no
// effect outside its Tx, and it must never wait for anything but the database.
//
// The first statement that fails ends the transaction: every later one gives the same error, and it
// does not commit even when the function swallows it. Ask with ON CONFLICT instead of failing. Errors
// of scans and row functions, and ErrNoRows, do not count. A panic of the function comes back as an
// error. A transaction begun with the context of a running one is refused with ErrNested.
package db

import (
	"context"
	"errors"
)

// Engine names a database engine.
type Engine string

// The two engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// DB is one open database.
type DB interface {
	// Engine tells which one it is, for the few statements that need a second text.
	Engine() Engine
	// Write runs fn in one read-write transaction and returns once its commit is durable. On SQLite
	// transactions that wait at the same time share one commit; on PostgreSQL the level is READ
	// COMMITTED and fn is run again after a deadlock or serialization failure. An error of fn rolls
	// back and is returned as it is. A full disk, a busy or lost database come back as a fault of
	// class 507 or 503, with nothing done unless the error is ErrCommitUnknown.
	Write(ctx context.Context, fn func(tx Tx) error) error
	// Read runs fn in one read-only transaction that sees one state of the database.
	Read(ctx context.Context, fn func(tx Tx) error) error
	// Ping fails when the database cannot serve a read within ctx.
	Ping(ctx context.Context) error
	// Close waits for running transactions and releases the database.
	Close() error
}

// Tx is a running transaction. It is used by one goroutine and ends with the function it was given to.
type Tx interface {
	// Engine is that of the database.
	Engine() Engine
	// Context is the one given to Write or Read.
	Context() context.Context
	// Exec runs one INSERT, UPDATE or DELETE and returns how many rows it changed.
	Exec(sql string, args ...any) (int64, error)
	// Send runs one statement whose count is not needed. PostgreSQL may hold it back and send it
	// together with what follows; its error then comes from a later call or from the commit.
	Send(sql string, args ...any) error
	// Query runs one statement and calls row for each row it gives; an error of row ends the query.
	// row must not run statements (ErrInRow).
	Query(row func(Row) error, sql string, args ...any) error
	// QueryRow runs a statement that gives at most one row and scans it; ErrNoRows when there is none.
	QueryRow(dest []any, sql string, args ...any) error
	// ForUpdate is the clause that locks selected rows until the end: " FOR UPDATE" on PostgreSQL,
	// empty on SQLite, where a writer is alone.
	ForUpdate() string
	// AfterCommit registers fn to run once the transaction is durable; it is not run otherwise.
	AfterCommit(fn func())
}

// Row is one result row.
type Row interface {
	// Scan copies the columns into dest, in order.
	Scan(dest ...any) error
}

var (
	// ErrNoRows is QueryRow's answer when nothing matches.
	ErrNoRows = errors.New("db: no rows")
	// ErrConflict marks a broken UNIQUE constraint. Ask with errors.Is.
	ErrConflict = errors.New("db: unique constraint")
	// ErrConstraint marks a broken CHECK, NOT NULL or foreign key constraint. Ask with errors.Is.
	ErrConstraint = errors.New("db: constraint")
	// ErrCommitUnknown marks a commit whose outcome was lost with the connection: the transaction may
	// or may not be there. The caller looks for its own row before it does anything again.
	ErrCommitUnknown = errors.New("db: the outcome of the commit is unknown")
)
