package backup

import (
	"archive/tar"
	"bufio"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/db/migrations"
	"flint/internal/fault"
)

// RestoreInput asks for a new installation from a backup.
type RestoreInput struct {
	From string // the backup
	// DataDir becomes the data directory. It must be missing or empty.
	DataDir string
	// Database is a path within DataDir for a backup of SQLite, and the URL of an empty database for
	// one of PostgreSQL.
	Database string
	Now      time.Time
}

// Restore makes a new installation from a backup and puts it in quarantine. It changes nothing that
// exists: the data directory, and a PostgreSQL database, must be empty. A failed call leaves no
// database that a server would start with, and can be repeated. Faults: BACKUP_UNREADABLE,
// RESTORE_TARGET_NOT_EMPTY, BACKUP_TOO_NEW, BACKUP_OTHER_ENGINE.
func Restore(ctx context.Context, in RestoreInput) (m Manifest, err error) {
	made, err := prepareDir(in.DataDir)
	if err != nil {
		return m, err
	}
	work, err := os.MkdirTemp(in.DataDir, ".flint-restore-")
	if err != nil {
		return m, fmt.Errorf("make a folder for the restore: %w", err)
	}
	defer func() {
		err = errors.Join(err, os.RemoveAll(work))
		if err != nil && made {
			_ = os.Remove(in.DataDir) // only when nothing is in it
		}
	}()
	m, err = unpack(ctx, in.From, work)
	if err != nil {
		return m, err
	}
	if engineOf(in.Database) != m.Engine {
		return m, fault.Invalid("BACKUP_OTHER_ENGINE", "", "The backup is of the engine %s.", m.Engine).
			Then("Give a database of that engine; a backup does not move data between engines.")
	}
	if err := checkSchema(ctx, m, work); err != nil {
		return m, err
	}
	// The mark comes first: a machine that dies from here on never leaves a database without it.
	if err := quarantine(in.DataDir, Quarantine{RestoredAt: in.Now.UTC(), BackupAt: m.CreatedAt, Version: m.Version}); err != nil {
		return m, err
	}
	if err := place(ctx, in, m, work); err != nil {
		// The key, when it was there already, is the backup's; the database came last and is not.
		_ = os.Remove(filepath.Join(in.DataDir, KeyName))
		return m, errors.Join(fmt.Errorf("put the backup in place: %w", err), os.Remove(filepath.Join(in.DataDir, quarantineName)))
	}
	return m, SyncDir(in.DataDir)
}

// place puts the database at its place, after the key that belongs to it.
func place(ctx context.Context, in RestoreInput, m Manifest, work string) error {
	if m.HasKey() {
		if err := os.Rename(filepath.Join(work, KeyName), filepath.Join(in.DataDir, KeyName)); err != nil {
			return err
		}
	}
	if m.Engine == db.Postgres {
		return placeDump(ctx, in, work)
	}
	return placeFile(ctx, in, work)
}

func notEmpty(what string) error {
	return fault.Conflict("RESTORE_TARGET_NOT_EMPTY", "%s", what).Then("Restore into an empty place, then point the server there.")
}

func prepareDir(dir string) (made bool, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return false, fmt.Errorf("make the data directory: %w", err)
		}
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("look into the data directory: %w", err)
	}
	if len(entries) > 0 {
		return false, notEmpty("The data directory to restore into is not empty.")
	}
	return false, nil
}

// unpack writes the entries into dir and compares each with the manifest.
func unpack(ctx context.Context, from, dir string) (m Manifest, err error) {
	f, err := os.Open(from)
	if err != nil {
		return m, fmt.Errorf("open the backup: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	zipped, err := gzip.NewReader(bufio.NewReaderSize(f, 1<<20))
	if err != nil {
		return m, unreadable(err)
	}
	archive := tar.NewReader(zipped)
	h, err := archive.Next()
	if err != nil || h.Name != manifestName {
		return m, unreadable(cmp.Or(err, errors.New("it does not begin with a manifest")))
	}
	if m, err = readManifest(archive); err != nil {
		return m, err
	}
	for _, e := range m.Entries {
		h, err := archive.Next()
		if err != nil || h.Name != e.Name || h.Size != e.Size || h.Typeflag != tar.TypeReg {
			return m, unreadable(cmp.Or(err, fmt.Errorf("the entry %s is not where the manifest says", e.Name)))
		}
		if err := extract(ctx, archive, filepath.Join(dir, e.Name), e); err != nil {
			return m, err
		}
	}
	if _, err := archive.Next(); err != io.EOF {
		return m, unreadable(cmp.Or(err, errors.New("it has more entries than its manifest")))
	}
	// The end of the archive is not the end of the file; its checksum comes last.
	if _, err := io.Copy(io.Discard, zipped); err != nil { //nolint:gosec // nothing is kept of it
		return m, unreadable(err)
	}
	return m, nil
}

func extract(ctx context.Context, r io.Reader, path string, e Entry) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make %s: %w", e.Name, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	source := &failing{r: stoppable{ctx, r}}
	if _, err := io.Copy(io.MultiWriter(f, h), source); err != nil {
		if source.err != nil && ctx.Err() == nil {
			return unreadable(err)
		}
		return fmt.Errorf("write %s: %w", e.Name, err)
	}
	if hex.EncodeToString(h.Sum(nil)) != e.SHA256 {
		return unreadable(fmt.Errorf("the entry %s has changed since the backup was made", e.Name))
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("write %s: %w", e.Name, err)
	}
	return nil
}

// failing remembers an error of reading, to tell a bad backup from a full disk.
type failing struct {
	r   io.Reader
	err error
}

// Read implements io.Reader.
func (f *failing) Read(b []byte) (int, error) {
	n, err := f.r.Read(b)
	if err != nil && err != io.EOF {
		f.err = err
	}
	return n, err
}

// checkSchema refuses a backup of a newer binary: this one does not know what its tables mean.
func checkSchema(ctx context.Context, m Manifest, work string) error {
	scratch := filepath.Join(work, "schema.db")
	known, err := migrations.Status(ctx, db.SQLite, scratch)
	if err != nil {
		return fmt.Errorf("list the migrations: %w", err)
	}
	unknown := slices.ContainsFunc(m.Schema, func(v int64) bool {
		return !slices.ContainsFunc(known, func(k migrations.Applied) bool { return k.Version == v })
	})
	if unknown {
		return fault.Conflict("BACKUP_TOO_NEW", "The backup was made by a newer version of Flint.").
			Then("Restore it with version %s or a newer one.", m.Version)
	}
	return nil
}

// placeFile checks the copy and gives it its name.
func placeFile(ctx context.Context, in RestoreInput, work string) error {
	copied := filepath.Join(work, sqliteName)
	if _, err := inspect(ctx, copied); err != nil {
		return err
	}
	rel, err := filepath.Rel(in.DataDir, in.Database)
	if err != nil || !filepath.IsLocal(rel) || rel == "." {
		return fault.Invalid("RESTORE_TARGET_OUTSIDE", "", "The database's path is not within the data directory.")
	}
	if err := os.MkdirAll(filepath.Dir(in.Database), 0o700); err != nil {
		return err
	}
	return os.Rename(copied, in.Database)
}

func placeDump(ctx context.Context, in RestoreInput, work string) error {
	if err := checkEmpty(ctx, in.Database); err != nil {
		return err
	}
	return restoreDump(ctx, in.Database, filepath.Join(work, dumpName))
}
