//go:build unix

package sqlite_test

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/sqlite"
	"flint/internal/fault"
)

// TestFailingStorage makes every write to a file fail past a size, in a process of its own: the
// database stops taking changes for good, says so once, and goes on reading.
func TestFailingStorage(t *testing.T) {
	if path := os.Getenv("FLINT_TEST_FAILING"); path != "" {
		failingStorage(t, path)
		return
	}
	t.Parallel()
	path := filepath.Join(t.TempDir(), "flint.db")
	d := open(t, sqlite.Options{Path: path})
	exec1(t, d, "CREATE TABLE t (a TEXT NOT NULL) STRICT")
	exec1(t, d, "INSERT INTO t (a) VALUES ('first')")
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestFailingStorage$")
	child.Env = append(os.Environ(), "FLINT_TEST_FAILING="+path)
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := number(t, open(t, sqlite.Options{Path: path}), "SELECT COUNT(*) FROM t WHERE a = 'first'"); n != 1 {
		t.Errorf("%d rows after the restart", n)
	}
}

func failingStorage(t *testing.T, path string) {
	signal.Ignore(syscall.SIGXFSZ)
	fatal := make(chan error, 2)
	d, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, OnFatal: func(err error) { fatal <- err }})
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 64 << 10, Max: 64 << 10}); err != nil {
		t.Fatal(err)
	}
	big := strings.Repeat("x", 100_000)
	err = d.Write(t.Context(), func(tx db.Tx) error { return tx.Send("INSERT INTO t (a) VALUES ($1)", big) })
	if !fault.Is(err, "STORAGE_FAILED") || !errors.Is(err, db.ErrCommitUnknown) {
		t.Errorf("the failing write: %v", err)
	}
	err = d.Write(t.Context(), func(tx db.Tx) error { return tx.Send("INSERT INTO t (a) VALUES ('second')") })
	if !fault.Is(err, "STORAGE_FAILED") {
		t.Errorf("a write after it: %v", err)
	}
	select {
	case err := <-fatal:
		if !fault.Is(err, "STORAGE_FAILED") {
			t.Errorf("OnFatal got %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Error("OnFatal was not called")
	}
	if n := number(t, d, "SELECT COUNT(*) FROM t"); n != 1 {
		t.Errorf("%d rows can be read", n)
	}
	if len(fatal) != 0 {
		t.Error("OnFatal was called twice")
	}
}
