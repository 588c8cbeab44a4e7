package migrations

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
)

func fingerprint(fsys fs.FS) (string, error) {
	names, err := fs.Glob(fsys, "*.sql")
	if err != nil {
		return "", fmt.Errorf("list the migrations: %w", err)
	}
	h := sha256.New()
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return "", fmt.Errorf("read the migration: %w", err)
		}
		_, _ = fmt.Fprintf(h, "%s\n%d\n%s", name, len(text), text) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil))[:12], nil
}
