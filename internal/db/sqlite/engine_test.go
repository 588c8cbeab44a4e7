package sqlite_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/db/sqlite"
	"flint/internal/fault"
)

func open(t *testing.T, opts sqlite.Options) *sqlite.DB {
	t.Helper()
	if opts.Path == "" {
		opts.Path = filepath.Join(t.TempDir(), "flint.db")
	}
	d, err := sqlite.Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func exec1(t *testing.T, d db.DB, sql string, args ...any) {
	t.Helper()
	if err := d.Write(t.Context(), func(tx db.Tx) error { return tx.Send(sql, args...) }); err != nil {
		t.Fatal(err)
	}
}

func number(t *testing.T, d db.DB, sql string) (n int64) {
	t.Helper()
	if err := d.Read(t.Context(), func(tx db.Tx) error { return tx.QueryRow([]any{&n}, sql) }); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWaitingTransactionsShareACommit(t *testing.T) {
	t.Parallel()
	d := open(t, sqlite.Options{})
	exec1(t, d, "CREATE TABLE t (a INTEGER NOT NULL) STRICT")
	before := d.Stats()

	holding, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := d.Write(t.Context(), func(db.Tx) error { close(holding); <-release; return nil }); err != nil {
			t.Error(err)
		}
	})
	<-holding
	refused := errors.New("refused")
	for i := range 100 {
		wg.Go(func() {
			err := d.Write(t.Context(), func(tx db.Tx) error {
				if err := tx.Send("INSERT INTO t (a) VALUES ($1)", i); err != nil {
					return err
				}
				if i%10 == 7 { // the first of them takes its batch back with it
					return refused
				}
				return nil
			})
			if (i%10 == 7) != errors.Is(err, refused) || i%10 != 7 && err != nil {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	time.Sleep(100 * time.Millisecond) // let them queue
	close(release)
	wg.Wait()
	if n := number(t, d, "SELECT COUNT(*) FROM t"); n != 90 {
		t.Errorf("%d rows", n)
	}
	after := d.Stats()
	if tx := after.Transactions - before.Transactions; tx != 91 {
		t.Errorf("%d transactions", tx)
	}
	if c := after.Commits - before.Commits; c > 30 {
		t.Errorf("100 waiting transactions took %d commits", c)
	}
}

func TestLeavingTheQueue(t *testing.T) {
	t.Parallel()
	d := open(t, sqlite.Options{})
	holding, release, ended := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		ended <- d.Write(t.Context(), func(db.Tx) error { close(holding); <-release; return nil })
	}()
	<-holding
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	ran := false
	if err := d.Write(ctx, func(db.Tx) error { ran = true; return nil }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	close(release)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	exec1(t, d, "CREATE TABLE t (a INTEGER) STRICT")
	if ran {
		t.Error("a transaction ran after its caller had left")
	}
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	d := open(t, sqlite.Options{MaxPages: 60, OnFatal: func(err error) { t.Errorf("fatal: %v", err) }})
	exec1(t, d, "CREATE TABLE t (a TEXT NOT NULL) STRICT")
	exec1(t, d, "INSERT INTO t (a) VALUES ('small')")
	big := strings.Repeat("x", 40_000)
	kept, before := int64(1), d.Stats().Checkpoints
	var full error
	for range 20 {
		if full = d.Write(t.Context(), func(tx db.Tx) error { return tx.Send("INSERT INTO t (a) VALUES ($1)", big) }); full != nil {
			break
		}
		kept++
	}
	f := fault.Of(full)
	if f == nil || f.Class != fault.ClassStorageFull || f.Code != "STORAGE_FULL" {
		t.Fatalf("got %v", full)
	}
	if n := number(t, d, "SELECT COUNT(*) FROM t"); n != kept {
		t.Errorf("%d rows, %d were answered", n, kept)
	}
	// A log that grew on a full disk would take the room that it needs to be written back. The writer does
	// that before the next transaction.
	exec1(t, d, "DELETE FROM t WHERE a <> 'small'")
	if d.Stats().Checkpoints == before {
		t.Error("the log is not written back although the disk is full")
	}
	exec1(t, d, "INSERT INTO t (a) VALUES ($1)", big)
}

// TestFullDiskSparesTheBatch: the one that does not fit fails, those it shared a commit with do not.
func TestFullDiskSparesTheBatch(t *testing.T) {
	t.Parallel()
	d := open(t, sqlite.Options{MaxPages: 60})
	exec1(t, d, "CREATE TABLE t (a TEXT NOT NULL) STRICT")
	holding, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := d.Write(t.Context(), func(db.Tx) error { close(holding); <-release; return nil }); err != nil {
			t.Error(err)
		}
	})
	<-holding
	for i := range 20 {
		wg.Go(func() {
			size := 10
			if i%5 == 0 {
				size = 500_000
			}
			err := d.Write(t.Context(), func(tx db.Tx) error {
				return tx.Send("INSERT INTO t (a) VALUES ($1)", strings.Repeat("x", size))
			})
			if fault.Is(err, "STORAGE_FULL") != (size > 10) || size == 10 && err != nil {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	time.Sleep(50 * time.Millisecond)
	close(release)
	wg.Wait()
	if n := number(t, d, "SELECT COUNT(*) FROM t"); n != 16 {
		t.Errorf("%d rows", n)
	}
}

func TestSecondOpenIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "flint.db")
	open(t, sqlite.Options{Path: path})
	if _, err := sqlite.Open(t.Context(), sqlite.Options{Path: path}); !fault.Is(err, "DATABASE_LOCKED") || fault.Of(err).NextSteps == "" {
		t.Errorf("got %v", err)
	}
}

// TestKilledProcess kills a process in the middle of its commits: everything it was told is there.
func TestKilledProcess(t *testing.T) {
	if path := os.Getenv("FLINT_TEST_CHILD"); path != "" {
		d, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; ; i++ {
			if err := d.Write(t.Context(), func(tx db.Tx) error { return tx.Send("INSERT INTO t (a) VALUES ($1)", i) }); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stdout.WriteString("+"); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Parallel()
	path := filepath.Join(t.TempDir(), "flint.db")
	d := open(t, sqlite.Options{Path: path})
	exec1(t, d, "CREATE TABLE t (a INTEGER PRIMARY KEY) STRICT")
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestKilledProcess$")
	child.Env = append(os.Environ(), "FLINT_TEST_CHILD="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	answered := int64(0)
	buf := make([]byte, 1)
	for answered < 50 {
		if _, err := out.Read(buf); err != nil {
			t.Fatal(err)
		}
		answered++
	}
	if _, err := sqlite.Open(t.Context(), sqlite.Options{Path: path}); !fault.Is(err, "DATABASE_LOCKED") {
		t.Errorf("while the other process runs: %v", err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // killed
	d = open(t, sqlite.Options{Path: path})
	if n := number(t, d, "SELECT COUNT(*) FROM t"); n < answered {
		t.Errorf("%d rows after %d answers", n, answered)
	}
}

func TestDamageIsFoundAfterAnUncleanStop(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "flint.db")
	d := open(t, sqlite.Options{Path: path})
	exec1(t, d, "CREATE TABLE t (a TEXT NOT NULL) STRICT")
	for range 50 {
		exec1(t, d, "INSERT INTO t (a) VALUES ($1)", strings.Repeat("x", 2000))
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(file[5*4096:], make([]byte, 4096))
	if err := errors.Join(os.WriteFile(path, file, 0o600), os.WriteFile(path+".lock", []byte("open\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if d, err := sqlite.Open(t.Context(), sqlite.Options{Path: path}); err == nil {
		t.Error("a damaged file was opened")
		_ = d.Close()
	} else if f := fault.Of(err); f == nil || f.Code != "STORAGE_DAMAGED" && f.Code != "STORAGE_FAILED" {
		t.Errorf("got %v", err)
	}
}

func TestBackupUnderLoad(t *testing.T) {
	t.Parallel()
	d := open(t, sqlite.Options{})
	exec1(t, d, "CREATE TABLE t (a INTEGER NOT NULL, b INTEGER NOT NULL) STRICT")
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				err := d.Write(ctx, func(tx db.Tx) error {
					return errors.Join(tx.Send("INSERT INTO t (a, b) VALUES ($1, 1)", i), tx.Send("INSERT INTO t (a, b) VALUES ($1, -1)", i))
				})
				if err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			}
		})
	}
	time.Sleep(50 * time.Millisecond)
	dest := filepath.Join(t.TempDir(), "it's a copy.db")
	if err := d.Backup(t.Context(), dest); err != nil {
		t.Fatal(err)
	}
	stop()
	wg.Wait()
	if err := d.Backup(t.Context(), dest); !fault.Is(err, "BACKUP_EXISTS") {
		t.Errorf("over an existing file: %v", err)
	}
	c := open(t, sqlite.Options{Path: dest})
	if rows, sum := number(t, c, "SELECT COUNT(*) FROM t"), number(t, c, "SELECT SUM(b) FROM t"); rows == 0 || sum != 0 {
		t.Errorf("the copy has %d rows, sum %d", rows, sum)
	}
}

func TestClosed(t *testing.T) {
	t.Parallel()
	d := open(t, sqlite.Options{})
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"Write": d.Write(t.Context(), func(db.Tx) error { return nil }),
		"Read":  d.Read(t.Context(), func(db.Tx) error { return nil }),
	} {
		if !fault.Is(err, "DATABASE_CLOSED") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLogIsWrittenBack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "flint.db")
	d := open(t, sqlite.Options{Path: path})
	exec1(t, d, "CREATE TABLE t (a TEXT NOT NULL) STRICT")
	for range 30 {
		if err := d.Write(t.Context(), func(tx db.Tx) error {
			for range 400 {
				if err := tx.Send("INSERT INTO t (a) VALUES ($1)", strings.Repeat("x", 1000)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if d.Stats().Checkpoints == 0 {
		t.Error("no checkpoint")
	}
	info, err := os.Stat(path + "-wal")
	if err != nil || info.Size() > 24<<20 {
		t.Errorf("the log has %d bytes, %v", info.Size(), err)
	}
}

func BenchmarkFourInserts(b *testing.B) { dbtest.BenchmarkFourInserts(b, db.SQLite) }
