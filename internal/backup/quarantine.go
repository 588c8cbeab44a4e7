package backup

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/go-json-experiment/json"
)

const quarantineName = "quarantine.json"

// Quarantine tells why an installation must not reach the outside.
type Quarantine struct {
	RestoredAt time.Time `json:"restored_at"`
	BackupAt   time.Time `json:"backup_at"` // what happened after this is not in the database
	Version    string    `json:"version"`   // of the binary that made the backup
}

// Quarantined tells whether the data directory was restored and not released since. While it is, a
// server makes no processor call and no delivery. On an error the answer is yes: a mark that cannot be
// read is a mark.
func Quarantined(dir string) (q Quarantine, yes bool, err error) {
	raw, err := os.ReadFile(filepath.Join(dir, quarantineName))
	if errors.Is(err, fs.ErrNotExist) {
		return q, false, nil
	}
	if err != nil {
		return q, true, fmt.Errorf("read the quarantine mark: %w", err)
	}
	if err := json.UnmarshalRead(bytes.NewReader(raw), &q); err != nil {
		return q, true, fmt.Errorf("read the quarantine mark: %w", err)
	}
	return q, true, nil
}

// Release ends the quarantine of a data directory; nothing happens when there is none. An operator
// decides this, after the open payments were compared with the processor's books.
func Release(dir string) error {
	err := os.Remove(filepath.Join(dir, quarantineName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("remove the quarantine mark: %w", err)
	}
	return SyncDir(dir)
}

func quarantine(dir string, q Quarantine) (err error) {
	raw, err := json.Marshal(q)
	if err != nil {
		return fmt.Errorf("write the quarantine mark: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, quarantineName), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write the quarantine mark: %w", err)
	}
	_, err = f.Write(append(raw, '\n'))
	if err := errors.Join(err, f.Sync(), f.Close(), SyncDir(dir)); err != nil {
		return fmt.Errorf("write the quarantine mark: %w", err)
	}
	return nil
}
