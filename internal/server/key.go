package server

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"flint/internal/backup"
	"flint/internal/secret"
)

const rootKeyFile = "root.key"

// rootKey reads the installation's root key: FLINT_ROOT_KEY in base64, or the file root.key of the data
// directory, which is made on first use, but never for a restored database: its secrets are sealed under
// the old key. The key seals secrets at rest and never enters the
// database.
func rootKey(dir string) ([]byte, error) {
	if v := os.Getenv("FLINT_ROOT_KEY"); v != "" {
		return decodeKey("FLINT_ROOT_KEY", v)
	}
	path := filepath.Join(dir, rootKeyFile)
	raw, err := os.ReadFile(path)
	if err == nil {
		return decodeKey(path, string(raw))
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the root key: %w", err)
	}
	if _, restored, err := backup.Quarantined(dir); err != nil || restored {
		return nil, errors.Join(err, fmt.Errorf("%s was restored from a backup that left the root key out: put the file %s of the old installation there, or set FLINT_ROOT_KEY; "+
			"if the key is lost, so are the webhook secrets it sealed, and a new one is made by: openssl rand -base64 32 > %s", dir, rootKeyFile, path))
	}
	key := secret.NewBytes(32)
	if err := writeKey(dir, path, base64.StdEncoding.EncodeToString(key)+"\n"); err != nil {
		return nil, fmt.Errorf("make the root key: %w", err)
	}
	return key, nil
}

// writeKey makes the file as a whole or not at all: a process that is killed must not leave half a key. A
// file that somebody else made meanwhile is kept.
func writeKey(dir, path, text string) (err error) {
	f, err := os.CreateTemp(dir, rootKeyFile+".*") // readable by its owner alone
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		return err
	}
	return backup.SyncDir(dir) // the name has to last as well: secrets are sealed from now on
}

func decodeKey(where, v string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(v))
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("%s is not 32 bytes in base64", where)
	}
	return key, nil
}
