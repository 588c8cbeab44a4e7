package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"flint/internal/backup"
)

type backupCmd struct {
	storage
	File    string `arg:"" help:"File to write; it must not exist."`
	WithKey bool   `help:"Put the root key into the backup. Whoever reads the file can then read every secret in it."`
}

// Run backs a running or stopped installation up.
func (c *backupCmd) Run(ctx context.Context) error {
	m, err := backup.Create(ctx, backup.CreateInput{
		Database: c.database(), DataDir: c.Data, To: c.File, WithKey: c.WithKey, Now: time.Now(), Version: version,
	})
	if err != nil {
		return err
	}
	_, err = fmt.Printf("%s holds everything up to %s.\n", c.File, m.CreatedAt.Format(time.RFC3339))
	return err
}

type restoreCmd struct {
	storage
	File string `arg:"" help:"Backup to restore." type:"existingfile"`
}

// Run makes a new installation from a backup; it starts in quarantine.
func (c *restoreCmd) Run(ctx context.Context) error {
	if _, err := backup.Restore(ctx, backup.RestoreInput{From: c.File, DataDir: c.Data, Database: c.database(), Now: time.Now()}); err != nil {
		return err
	}
	fmt.Printf("Restored to %s. The server starts in quarantine: nothing is charged or delivered until\n"+
		"flint admin release --data %s\n", c.Data, c.Data)
	if _, err := os.Stat(filepath.Join(c.Data, "root.key")); errors.Is(err, fs.ErrNotExist) && os.Getenv("FLINT_ROOT_KEY") == "" {
		fmt.Printf("The backup holds no root key: copy root.key of the old installation into %s before that.\n", c.Data)
	}
	return nil
}

type adminReleaseCmd struct{ storage }

// Run lets a restored installation act again. A running server sees it at its next start.
func (c *adminReleaseCmd) Run() error {
	_, restored, err := backup.Quarantined(c.Data)
	if err != nil {
		return err
	}
	if !restored {
		_, err = fmt.Printf("%s is not in quarantine; there is nothing to release.\n", c.Data)
		return err
	}
	if err := backup.Release(c.Data); err != nil {
		return err
	}
	_, err = fmt.Println("Released. Start the server again for it to act.")
	return err
}
