package server

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"flint/internal/secret"
)

const rootKeyFile = "root.key"

// rootKey reads the installation's root key: FLINT_ROOT_KEY in base64, or the file root.key of the data
// directory, which is made on first use. It seals secrets at rest and never enters the database.
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
	key := secret.NewBytes(32)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make the root key: %w", err)
	}
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	return key, errors.Join(err, f.Sync(), f.Close())
}

func decodeKey(where, v string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(v))
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("%s is not 32 bytes in base64", where)
	}
	return key, nil
}
