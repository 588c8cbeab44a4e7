package backup_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"flint/internal/backup"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/db/migrations"
	"flint/internal/db/postgres"
	"flint/internal/db/sqlite"
	"flint/internal/fault"
)

var now = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, engine db.Engine, url string) db.DB {
	t.Helper()
	var d db.DB
	var err error
	if engine == db.SQLite {
		d, err = sqlite.Open(t.Context(), sqlite.Options{Path: url})
	} else {
		d, err = postgres.Open(t.Context(), postgres.Options{URL: url, MaxConns: 4})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// write adds a pair of rows that belong together.
func write(ctx context.Context, d db.DB, n int64) error {
	return d.Write(ctx, func(tx db.Tx) error {
		for _, half := range []string{"a", "b"} {
			err := tx.Send(`INSERT INTO jobs (merchant_id, environment_id, job_id, kind, key, payload, run_at, created_at) VALUES ('m', 'e', $1, $2, $1, $3, 0, 0)`,
				fmt.Sprintf("job_%08d", n), half, strings.Repeat("x", 200))
			if err != nil {
				return err
			}
			if half == "a" {
				if _, err := tx.Exec(`UPDATE jobs SET job_id = job_id || '_a' WHERE merchant_id = 'm' AND environment_id = 'e' AND job_id = $1`, fmt.Sprintf("job_%08d", n)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// halves counts the rows of each pair.
func halves(t *testing.T, d db.DB) map[string]int {
	t.Helper()
	found := map[string]int{}
	err := d.Read(t.Context(), func(tx db.Tx) error {
		return tx.Query(func(r db.Row) error {
			var key string
			err := r.Scan(&key)
			found[key]++
			return err
		}, "SELECT key FROM jobs")
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// target is an empty place of the engine.
func target(t *testing.T, engine db.Engine) (dir, url string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "data")
	if engine == db.SQLite {
		return dir, filepath.Join(dir, "flint.db")
	}
	url = dbtest.OpenURL(t, db.Postgres)
	wipe(t, url)
	return dir, url
}

func wipe(t *testing.T, url string) {
	t.Helper()
	d := open(t, db.Postgres, url)
	err := d.Write(t.Context(), func(tx db.Tx) error {
		if _, err := tx.Exec("DROP SCHEMA public CASCADE"); err != nil {
			return err
		}
		_, err := tx.Exec("CREATE SCHEMA public")
		return err
	})
	if err := errors.Join(err, d.Close()); err != nil {
		t.Fatal(err)
	}
}

// A backup taken while others write holds every acknowledged write and no half of one.
func TestBackupUnderWrites(t *testing.T) {
	t.Parallel()
	for _, engine := range dbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			url := dbtest.OpenURL(t, engine)
			d := open(t, engine, url)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			var writers sync.WaitGroup
			var next, acknowledged atomic.Int64
			var mu sync.Mutex
			var done []string
			for range 4 {
				writers.Go(func() {
					for ctx.Err() == nil {
						n := next.Add(1)
						if err := write(ctx, d, n); err == nil {
							mu.Lock()
							done = append(done, fmt.Sprintf("job_%08d", n))
							mu.Unlock()
							acknowledged.Add(1)
						} else if ctx.Err() == nil {
							t.Error(err)
							return
						}
					}
				})
			}
			for acknowledged.Load() < 200 && ctx.Err() == nil {
				time.Sleep(time.Millisecond)
			}
			mu.Lock()
			before := slices.Clone(done)
			mu.Unlock()
			file := filepath.Join(t.TempDir(), "flint.backup")
			m, err := backup.Create(t.Context(), backup.CreateInput{Database: url, To: file, Now: now, Version: "1.2.3"})
			during := acknowledged.Load() - int64(len(before))
			stop()
			writers.Wait()
			if err != nil {
				t.Fatal(err)
			}
			if during == 0 {
				t.Error("nothing was written during the backup; the test shows nothing")
			}
			if m.Engine != engine || m.HasKey() || len(m.Schema) < 5 || m.Version != "1.2.3" {
				t.Errorf("manifest %+v", m)
			}
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("the backup has mode %v, %v", info.Mode(), err)
			}

			dir, to := target(t, engine)
			restored, err := backup.Restore(t.Context(), backup.RestoreInput{From: file, DataDir: dir, Database: to, Now: now.Add(time.Hour)})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(restored.Entries, m.Entries) {
				t.Errorf("restored %+v of %+v", restored.Entries, m.Entries)
			}
			if err := migrations.Up(t.Context(), engine, to); err != nil {
				t.Fatalf("a server would not start: %v", err)
			}
			// Without the mark of a clean stop the SQLite engine runs quick_check when it opens the file.
			found := halves(t, open(t, engine, to))
			for _, key := range before {
				if found[key] != 2 {
					t.Fatalf("%s was acknowledged before the backup and has %d rows of 2", key, found[key])
				}
			}
			for key, n := range found {
				if n != 2 {
					t.Errorf("%s is there by half", key)
				}
			}
			q, yes, err := backup.Quarantined(dir)
			if err != nil || !yes || !q.RestoredAt.Equal(now.Add(time.Hour)) || !q.BackupAt.Equal(now) || q.Version != "1.2.3" {
				t.Errorf("quarantine %+v, %v, %v", q, yes, err)
			}
			for range 2 {
				if err := backup.Release(dir); err != nil {
					t.Fatal(err)
				}
				if _, yes, err := backup.Quarantined(dir); yes || err != nil {
					t.Errorf("after the release: %v, %v", yes, err)
				}
			}
			if left, err := filepath.Glob(filepath.Join(filepath.Dir(file), ".flint*")); err != nil || len(left) > 0 {
				t.Errorf("work files are left: %v", left)
			}
		})
	}
}

// made is a small SQLite installation that was stopped, with its backup.
func made(t *testing.T, withKey bool) (file string) {
	t.Helper()
	url := dbtest.OpenURL(t, db.SQLite)
	dir := filepath.Dir(url)
	if err := os.WriteFile(filepath.Join(dir, backup.KeyName), []byte("the root key"), 0o600); err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "flint.backup")
	_, err := backup.Create(t.Context(), backup.CreateInput{Database: url, DataDir: dir, To: file, WithKey: withKey, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestTheRootKeyIsLeftOutUnlessAskedFor(t *testing.T) {
	t.Parallel()
	for _, withKey := range []bool{false, true} {
		file := made(t, withKey)
		dir, to := target(t, db.SQLite)
		m, err := backup.Restore(t.Context(), backup.RestoreInput{From: file, DataDir: dir, Database: to, Now: now})
		if err != nil {
			t.Fatal(err)
		}
		key, err := os.ReadFile(filepath.Join(dir, backup.KeyName))
		if withKey && (string(key) != "the root key" || !m.HasKey()) || !withKey && (!os.IsNotExist(err) || m.HasKey()) {
			t.Errorf("with key %v: %q, %v", withKey, key, err)
		}
	}
}

func TestABackupReplacesNothing(t *testing.T) {
	t.Parallel()
	url := dbtest.OpenURL(t, db.SQLite)
	file := filepath.Join(t.TempDir(), "flint.backup")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Create(t.Context(), backup.CreateInput{Database: url, To: file, Now: now}); !fault.Is(err, "BACKUP_EXISTS") {
		t.Errorf("over a file: %v", err)
	}
	if got, _ := os.ReadFile(file); string(got) != "mine" {
		t.Error("the file was touched")
	}
	missing := filepath.Join(t.TempDir(), "none.db")
	if _, err := backup.Create(t.Context(), backup.CreateInput{Database: missing, To: file + "2", Now: now}); err == nil {
		t.Error("a database that is not there was backed up")
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("the missing database was made")
	}
}

func TestRestoreRefusesAPlaceThatIsNotEmpty(t *testing.T) {
	t.Parallel()
	file := made(t, true)
	dir := t.TempDir()
	to := filepath.Join(dir, "flint.db")
	in := backup.RestoreInput{From: file, DataDir: dir, Database: to, Now: now}
	if err := os.WriteFile(filepath.Join(dir, "note"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Restore(t.Context(), in); !fault.Is(err, "RESTORE_TARGET_NOT_EMPTY") {
		t.Errorf("into a folder with a file: %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("the folder was touched: %v", entries)
	}
	if err := os.Remove(filepath.Join(dir, "note")); err != nil {
		t.Fatal(err)
	}
	outside := in
	outside.Database = filepath.Join(t.TempDir(), "flint.db")
	if _, err := backup.Restore(t.Context(), outside); !fault.Is(err, "RESTORE_TARGET_OUTSIDE") {
		t.Errorf("outside the folder: %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("a failed restore leaves %v", entries)
	}
	if _, err := backup.Restore(t.Context(), in); err != nil {
		t.Errorf("after the failures: %v", err)
	}
	if _, err := backup.Restore(t.Context(), in); !fault.Is(err, "RESTORE_TARGET_NOT_EMPTY") {
		t.Errorf("a second time: %v", err)
	}
}

func TestRestoreRefusesAFullPostgreSQL(t *testing.T) {
	t.Parallel()
	url := dbtest.OpenURL(t, db.Postgres)
	file := filepath.Join(t.TempDir(), "flint.backup")
	if _, err := backup.Create(t.Context(), backup.CreateInput{Database: url, To: file, Now: now}); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "data")
	in := backup.RestoreInput{From: file, DataDir: dir, Database: url, Now: now}
	if _, err := backup.Restore(t.Context(), in); !fault.Is(err, "RESTORE_TARGET_NOT_EMPTY") {
		t.Errorf("over the original: %v", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the data directory was made")
	}
	in.Database = filepath.Join(dir, "flint.db")
	if _, err := backup.Restore(t.Context(), in); !fault.Is(err, "BACKUP_OTHER_ENGINE") {
		t.Errorf("into the other engine: %v", err)
	}
}

// Any change to a backup is found before anything is put in place.
func TestDamagedBackupsAreRefused(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile(made(t, true))
	if err != nil {
		t.Fatal(err)
	}
	refuse := func(name string, spoilt []byte, code string) {
		t.Helper()
		file := filepath.Join(t.TempDir(), "spoilt")
		if err := os.WriteFile(file, spoilt, 0o600); err != nil {
			t.Fatal(err)
		}
		dir, to := target(t, db.SQLite)
		if _, err := backup.Restore(t.Context(), backup.RestoreInput{From: file, DataDir: dir, Database: to, Now: now}); !fault.Is(err, code) {
			t.Errorf("%s: %v, want %s", name, err, code)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s: something was put in place", name)
		}
	}
	plain := unzipped(whole)
	for i := range 20 {
		spoilt := bytes.Clone(whole)
		at := 20 + (len(whole)-21)*i/20
		spoilt[at] ^= 0x10
		for bytes.Equal(unzipped(spoilt), plain) { // a copy from another of many empty stretches says the same
			spoilt[at] ^= 0x10
			at++
			spoilt[at] ^= 0x10
		}
		refuse(fmt.Sprintf("bit flipped at %d of %d", at, len(whole)), spoilt, "BACKUP_UNREADABLE")
		refuse(fmt.Sprintf("cut at %d of %d", at, len(whole)), whole[:at], "BACKUP_UNREADABLE")
	}
	refuse("empty", nil, "BACKUP_UNREADABLE")
	refuse("something else", []byte("SQLite format 3\x00"), "BACKUP_UNREADABLE")

	entries := unpackAll(t, whole)
	change := func(name string, f func(e []entry) []entry, code string) {
		refuse(name, packAll(t, f(slices.Clone(entries))), code)
	}
	change("nothing", func(e []entry) []entry { return e[:0] }, "BACKUP_UNREADABLE")
	change("without the key it names", func(e []entry) []entry { return e[:2] }, "BACKUP_UNREADABLE")
	change("another key", func(e []entry) []entry { e[2].data = []byte("THE root key"); return e }, "BACKUP_UNREADABLE")
	change("one more", func(e []entry) []entry { return append(e, entry{"../evil", nil}) }, "BACKUP_UNREADABLE")
	change("another order", func(e []entry) []entry { e[1], e[2] = e[2], e[1]; return e }, "BACKUP_UNREADABLE")
	change("another format", func(e []entry) []entry {
		e[0].data = bytes.Replace(e[0].data, []byte("flint-backup/1"), []byte("flint-backup/2"), 1)
		return e
	}, "BACKUP_UNREADABLE")
	change("names that lead away", func(e []entry) []entry {
		e[0].data = bytes.Replace(e[0].data, []byte(`"root.key"`), []byte(`"../../root.key"`), 1)
		e[2].name = "../../root.key"
		return e
	}, "BACKUP_UNREADABLE")
	change("of a newer version", func(e []entry) []entry {
		e[0].data = bytes.Replace(e[0].data, []byte(`"schema":[`), []byte(`"schema":[9999,`), 1)
		return e
	}, "BACKUP_TOO_NEW")
}

type entry struct {
	name string
	data []byte
}

// unzipped is what a backup holds, nil when it cannot be read.
func unzipped(file []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		return nil
	}
	return plain
}

func unpackAll(t *testing.T, whole []byte) (out []entry) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	a := tar.NewReader(z)
	for {
		h, err := a.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(a)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, entry{h.Name, data})
	}
}

func packAll(t *testing.T, entries []entry) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	a := tar.NewWriter(z)
	for _, e := range entries {
		if err := a.WriteHeader(&tar.Header{Name: e.name, Size: int64(len(e.data)), Mode: 0o600}); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Write(e.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(a.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAMarkThatCannotBeReadIsAMark(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, yes, err := backup.Quarantined(dir); yes || err != nil {
		t.Errorf("without a mark: %v, %v", yes, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "quarantine.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, yes, err := backup.Quarantined(dir); !yes || err == nil {
		t.Errorf("with half a mark: %v, %v", yes, err)
	}
}
