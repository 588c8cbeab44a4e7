package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/fault"
)

// format is what a manifest of this layout says of itself.
const format = "flint-backup/1"

// Names in the archive and in a data directory.
const (
	manifestName = "manifest.json"
	sqliteName   = "database.sqlite"
	dumpName     = "database.dump"
	KeyName      = "root.key" // the root key, in an archive and in a data directory
)

// Manifest tells what a backup holds.
type Manifest struct {
	Format    string    `json:"format"`
	Engine    db.Engine `json:"engine"`
	Schema    []int64   `json:"schema"`     // the migrations that ran, rising
	CreatedAt time.Time `json:"created_at"` // the data is at least as new as this
	Version   string    `json:"version"`    // of the binary that made it
	Entries   []Entry   `json:"entries"`    // in the order of the archive
}

// Entry is one file in a backup.
type Entry struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`   // bytes
	SHA256 string `json:"sha256"` // hex
}

// HasKey tells whether the root key is in the backup.
func (m Manifest) HasKey() bool { return m.entry(KeyName) != nil }

func (m Manifest) entry(name string) *Entry {
	for i := range m.Entries {
		if m.Entries[i].Name == name {
			return &m.Entries[i]
		}
	}
	return nil
}

// database is the name of the engine's database in an archive.
func database(e db.Engine) string {
	if e == db.Postgres {
		return dumpName
	}
	return sqliteName
}

// check refuses a manifest that this binary does not fully understand.
func (m Manifest) check() error {
	if m.Format != format {
		return unreadable(fmt.Errorf("its format is %q", m.Format))
	}
	if m.Engine != db.SQLite && m.Engine != db.Postgres || len(m.Entries) == 0 || m.Entries[0].Name != database(m.Engine) {
		return unreadable(errors.New("its first entry is not the engine's database"))
	}
	if len(m.Entries) > 2 || len(m.Entries) == 2 && m.Entries[1].Name != KeyName {
		return unreadable(errors.New("it holds entries that no backup has"))
	}
	for _, e := range m.Entries {
		if e.Size < 0 || len(e.SHA256) != sha256.Size*2 {
			return unreadable(fmt.Errorf("its entry %s has no size and hash", e.Name))
		}
	}
	return nil
}

func readManifest(r io.Reader) (Manifest, error) {
	var m Manifest
	raw, err := io.ReadAll(io.LimitReader(r, 1<<16))
	if err != nil {
		return m, unreadable(err)
	}
	if err := json.UnmarshalRead(bytes.NewReader(raw), &m); err != nil {
		return m, unreadable(err)
	}
	return m, m.check()
}

func unreadable(err error) error {
	return fault.Invalid("BACKUP_UNREADABLE", "", "The file is not a whole backup of Flint.").Because(err).Then("Take another backup; this one cannot be used.")
}

// describe reads a file's size and hash.
func describe(name, path string) (e Entry, err error) {
	f, err := os.Open(path)
	if err != nil {
		return e, fmt.Errorf("open %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return e, fmt.Errorf("read %s: %w", name, err)
	}
	return Entry{Name: name, Size: n, SHA256: hex.EncodeToString(h.Sum(nil))}, nil
}

// schemaQuery lists the migrations that ran; the tool's own first row has number 0.
const schemaQuery = "SELECT version_id FROM schema_migrations WHERE is_applied AND version_id > 0 ORDER BY version_id"

// engineOf tells the engine by the database setting: a URL of PostgreSQL, or a path.
func engineOf(database string) db.Engine {
	if strings.HasPrefix(database, "postgres://") || strings.HasPrefix(database, "postgresql://") {
		return db.Postgres
	}
	return db.SQLite
}
