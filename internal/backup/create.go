package backup

import (
	"archive/tar"
	"bufio"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/fault"
)

// CreateInput asks for a backup.
type CreateInput struct {
	Database string // path of the SQLite file or postgres:// URL, as the server is given it
	DataDir  string // where root.key is; needed with WithKey
	To       string // the file to write; it must not exist
	// WithKey puts the root key into the backup. Whoever reads the file can then read every secret in it.
	WithKey bool
	Now     time.Time
	Version string // of the running binary
}

// Create writes a backup while the server runs. Every transaction that was acknowledged before the
// call is in it, and each transaction is in it whole or not at all. The file is on the disk when
// Create returns, readable by its owner only; an interrupted call leaves none under that name.
func Create(ctx context.Context, in CreateInput) (m Manifest, err error) {
	if _, err := os.Lstat(in.To); !errors.Is(err, fs.ErrNotExist) {
		return m, fault.Invalid("BACKUP_EXISTS", "", "There is a file at the backup's path already.")
	}
	// Beside the target: it has to hold a file of this size anyway, and nobody else can read it.
	work, err := os.MkdirTemp(filepath.Dir(in.To), ".flint-backup-")
	if err != nil {
		return m, fmt.Errorf("make a folder for the backup: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()

	m = Manifest{Format: format, Engine: engineOf(in.Database), CreatedAt: in.Now.UTC(), Version: in.Version}
	copied := filepath.Join(work, database(m.Engine))
	if m.Engine == db.Postgres {
		m.Schema, err = dump(ctx, in.Database, copied)
	} else {
		m.Schema, err = copySQLite(ctx, in.Database, copied)
	}
	if err != nil {
		return m, err
	}
	files := []string{copied}
	if in.WithKey {
		files = append(files, filepath.Join(in.DataDir, KeyName))
	}
	for _, path := range files {
		e, err := describe(filepath.Base(path), path)
		if err != nil {
			return m, err
		}
		m.Entries = append(m.Entries, e)
	}
	packed := filepath.Join(work, "backup")
	if err := pack(ctx, packed, m, files); err != nil {
		return m, err
	}
	// A link, unlike a rename, never replaces a file that came meanwhile; not every disk has links.
	if err = os.Link(packed, in.To); err != nil && !errors.Is(err, fs.ErrExist) {
		err = os.Rename(packed, in.To)
	}
	if err != nil {
		return m, fmt.Errorf("put the backup in place: %w", err)
	}
	return m, SyncDir(filepath.Dir(in.To))
}

func pack(ctx context.Context, path string, m Manifest, files []string) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make the backup file: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	buffered := bufio.NewWriterSize(f, 1<<20)
	zipped, err := gzip.NewWriterLevel(buffered, gzip.BestSpeed)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(zipped)
	raw, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	if err := archive.WriteHeader(header(manifestName, int64(len(raw)), m)); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	if _, err := archive.Write(raw); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	for i, path := range files {
		if err := addFile(ctx, archive, path, m.Entries[i], m); err != nil {
			return fmt.Errorf("write %s into the backup: %w", m.Entries[i].Name, err)
		}
	}
	if err := cmp.Or(archive.Close(), zipped.Close(), buffered.Flush(), f.Sync()); err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	return nil
}

func header(name string, size int64, m Manifest) *tar.Header {
	return &tar.Header{Name: name, Size: size, Mode: 0o600, ModTime: m.CreatedAt, Format: tar.FormatPAX}
}

func addFile(ctx context.Context, archive *tar.Writer, path string, e Entry, m Manifest) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := archive.WriteHeader(header(e.Name, e.Size, m)); err != nil {
		return err
	}
	_, err = io.Copy(archive, stoppable{ctx, f})
	return err
}

// stoppable ends a long copy with its context.
type stoppable struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (s stoppable) Read(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(b)
}

// SyncDir makes the names in a folder last, as a flush does for what is in a file.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open the folder to sync it: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}
