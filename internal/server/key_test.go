package server_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flint/internal/server"
)

// A new key would open none of the secrets in the database, and nobody would notice before a webhook
// was to be signed.
func TestARestoredInstallationNeedsItsRootKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mark := `{"restored_at":"2026-10-01T12:00:00Z","backup_at":"2026-10-01T03:00:00Z","version":""}`
	if err := os.WriteFile(filepath.Join(dir, "quarantine.json"), []byte(mark), 0o600); err != nil {
		t.Fatal(err)
	}
	open := func() error {
		s, err := server.Open(t.Context(), server.Config{Database: filepath.Join(dir, "flint.db"), DataDir: dir})
		if err != nil {
			return err
		}
		return s.Close()
	}
	if err := open(); err == nil || !strings.Contains(err.Error(), "root key") {
		t.Errorf("it opened without its key: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "root.key")); err == nil {
		t.Error("a new key was made")
	}
	if err := os.WriteFile(filepath.Join(dir, "root.key"), []byte(strings.Repeat("A", 43)+"=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := open(); err != nil {
		t.Error(err)
	}
}
