package sqlite

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"zombiezen.com/go/sqlite"

	"flint/internal/db"
	"flint/internal/fault"
)

// maxStatements bounds the prepared statements a connection keeps; SQL beyond it is prepared each time.
const maxStatements = 400

// conn is a connection with its prepared statements by their SQL text.
type conn struct {
	*sqlite.Conn
	stmts map[string]*prepared
}

// prepared is a statement with what its parameters are bound to. SQLite keeps bindings from one use to
// the next, and most arguments of a hot statement repeat: the tenant, the currency, empty texts. Only
// what differs is bound anew.
type prepared struct {
	*sqlite.Stmt
	bound  []db.Value
	writes bool // may change rows
}

// longestBound bounds the texts that are remembered as bound, so that no document is kept for it.
const longestBound = 64

func openConn(opts Options, flags sqlite.OpenFlags, pragmas ...string) (*conn, error) {
	raw, err := sqlite.OpenConn(opts.Path, flags|sqlite.OpenPrivateCache)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", mapError(err))
	}
	c := &conn{Conn: raw, stmts: map[string]*prepared{}}
	raw.SetBusyTimeout(opts.BusyTimeout)
	// Not raw.SetDefensive: in v1.4.2 it passes one of two arguments, and SQLite writes through whatever
	// the second one's memory happens to hold. All SQL here is the program's own.
	common := []string{"PRAGMA mmap_size = 0", "PRAGMA temp_store = MEMORY", "PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON"}
	for _, p := range append(common, pragmas...) {
		if err := c.run(p); err != nil {
			return nil, errors.Join(fmt.Errorf("set up the database (%s): %w", p, mapError(err)), raw.Close())
		}
	}
	return c, nil
}

// run executes a statement without arguments and ignores its rows.
func (c *conn) run(sql string) error {
	stmt, keep, err := c.prepare(sql)
	if err != nil {
		return err
	}
	for {
		more, err := stmt.Step()
		if err != nil || !more {
			return errors.Join(err, release(stmt, keep))
		}
	}
}

// prepare returns the statement of a text; keep tells that it stays for the next use.
func (c *conn) prepare(sql string) (stmt *prepared, keep bool, err error) {
	if stmt := c.stmts[sql]; stmt != nil {
		return stmt, true, nil
	}
	raw, trailing, err := c.PrepareTransient(numbered(sql))
	if err != nil {
		return nil, false, err
	}
	if trailing != 0 && strings.TrimSpace(sql[len(sql)-trailing:]) != "" {
		return nil, false, errors.Join(errors.New("sqlite: more than one statement"), raw.Finalize())
	}
	stmt = &prepared{Stmt: raw, bound: make([]db.Value, raw.BindParamCount()), writes: !strings.HasPrefix(strings.TrimSpace(sql), "SELECT")}
	if len(c.stmts) >= maxStatements {
		return stmt, false, nil
	}
	c.stmts[sql] = stmt
	return stmt, true, nil
}

// release makes a statement ready for its next use or frees it.
func release(stmt *prepared, keep bool) error {
	if keep {
		return stmt.Reset()
	}
	return stmt.Finalize()
}

// Close finalizes the statements and closes the connection.
func (c *conn) Close() error {
	errs := make([]error, 0, 1)
	for _, s := range c.stmts {
		errs = append(errs, s.Finalize())
	}
	return errors.Join(append(errs, c.Conn.Close())...)
}

// numbered rewrites $1 to ?1. SQLite takes $1 for a name and would number it by its first place.
// Both have the same length, so offsets stay true.
func numbered(sql string) string {
	if strings.IndexByte(sql, '$') < 0 {
		return sql
	}
	b := []byte(sql)
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '\'', '"':
			i += 1 + skipTo(b[i+1:], string(b[i]))
		case '-':
			if i+1 < len(b) && b[i+1] == '-' {
				i += skipTo(b[i:], "\n")
			}
		case '/':
			if i+1 < len(b) && b[i+1] == '*' {
				i += 2 + skipTo(b[i+2:], "*/")
			}
		case '$':
			if i+1 < len(b) && b[i+1] >= '0' && b[i+1] <= '9' {
				b[i] = '?'
			}
		}
	}
	return string(b)
}

// skipTo is the offset of end in b, or b's length.
func skipTo(b []byte, end string) int {
	if i := strings.Index(string(b), end); i >= 0 {
		return i
	}
	return len(b)
}

func bind(stmt *prepared, args []any) error {
	if n := len(stmt.bound); n != len(args) {
		return fmt.Errorf("sqlite: the statement has %d parameters, %d arguments were given", n, len(args))
	}
	for i, a := range args {
		v, err := db.ValueOf(a)
		if err != nil {
			return fmt.Errorf("$%s: %w", strconv.Itoa(i+1), err)
		}
		was := &stmt.bound[i]
		switch v.Kind {
		case db.Null: // what nothing was bound to is NULL
			if was.Kind != db.Null {
				stmt.BindNull(i + 1)
			}
		case db.Int:
			if was.Kind != db.Int || was.Int != v.Int {
				stmt.BindInt64(i+1, v.Int)
			}
		case db.Text:
			if was.Kind == db.Text && was.Str == v.Str {
				continue
			}
			stmt.BindText(i+1, v.Str)
			if len(v.Str) > longestBound {
				v = forgotten
			}
		case db.Bytes:
			stmt.BindBytes(i+1, v.Raw)
			v = forgotten
		}
		*was = v
	}
	return nil
}

// forgotten stands for a bound value that was not kept: it equals no argument.
var forgotten = db.Value{Kind: db.Bytes}

// forget makes the next use bind everything, after an error that may have left a parameter unbound.
func (p *prepared) forget() {
	for i := range p.bound {
		p.bound[i] = forgotten
	}
}

// row reads the current row of a statement; it implements db.Row.
type row struct{ stmt *prepared }

func (r row) Scan(dest ...any) error {
	if n := r.stmt.ColumnCount(); n != len(dest) {
		return fmt.Errorf("sqlite: the row has %d columns, %d targets were given", n, len(dest))
	}
	for i, d := range dest {
		var v db.Value
		switch r.stmt.ColumnType(i) {
		case sqlite.TypeInteger:
			v = db.Value{Kind: db.Int, Int: r.stmt.ColumnInt64(i)}
		case sqlite.TypeText:
			v = db.Value{Kind: db.Text, Str: r.stmt.ColumnText(i)}
		case sqlite.TypeBlob:
			b := make([]byte, r.stmt.ColumnLen(i))
			r.stmt.ColumnBytes(i, b)
			v = db.Value{Kind: db.Bytes, Raw: b}
		case sqlite.TypeFloat:
			return fmt.Errorf("sqlite: column %d is a float", i+1)
		}
		if err := v.Into(d); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return nil
}

// mapError turns SQLite's result codes into the errors package db promises.
func mapError(err error) error {
	if err == nil || fault.Of(err) != nil {
		return err
	}
	code := sqlite.ErrCode(err)
	switch code {
	case sqlite.ResultConstraintUnique, sqlite.ResultConstraintPrimaryKey, sqlite.ResultConstraintRowID:
		return fmt.Errorf("%w: %w", db.ErrConflict, err)
	case sqlite.ResultConstraintCheck, sqlite.ResultConstraintNotNull, sqlite.ResultConstraintForeignKey:
		return fmt.Errorf("%w: %w", db.ErrConstraint, err)
	}
	switch code.ToPrimary() {
	case sqlite.ResultFull:
		return (&fault.Error{Class: fault.ClassStorageFull, Code: "STORAGE_FULL",
			Message: "The server has no room left to store this.", Retryable: true}).
			Then("Free disk space on the server; nothing was changed and the same call can be repeated.").Because(err)
	case sqlite.ResultBusy, sqlite.ResultLocked:
		return fault.Unavailable("DATABASE_BUSY", "The database is busy.").Because(err)
	case sqlite.ResultIOErr, sqlite.ResultCorrupt, sqlite.ResultNotADB, sqlite.ResultCantOpen, sqlite.ResultReadOnly:
		return storageFailed(err)
	}
	return err
}

func storageFailed(err error) error {
	return fault.Unavailable("STORAGE_FAILED", "The server's storage failed; it takes no changes until it was started again.").Because(err)
}

// fatal reports whether the file cannot be trusted after err: the kernel may have dropped what a
// failed write or fsync held, and a second fsync would report success over the loss.
func fatal(err error) bool {
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultIOErr, sqlite.ResultCorrupt, sqlite.ResultNotADB, sqlite.ResultReadOnly:
		return true
	}
	return false
}
