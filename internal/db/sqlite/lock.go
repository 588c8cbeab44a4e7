package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"flint/internal/fault"
)

// Lock is the exclusive right to a database file, held through an operating system lock on a file
// beside it, which a killed process loses by itself. Its content tells how the last holder ended.
type Lock struct {
	file  *os.File
	clean bool
}

// A holder that is just ending gets half a second. So does a child process that is being started: it
// has the descriptor, and with it the lock, for a moment.
const (
	lockTries = 10
	lockPause = 50 * time.Millisecond
)

const (
	markOpen  = "open\n"
	markClean = "clean\n"
)

// Acquire takes the lock of the database at path and makes the folder when it is missing. It fails
// with DATABASE_LOCKED when another process holds it and with DATABASE_ON_NETWORK when the folder is
// on a file system where SQLite's locks cannot be relied on.
func Acquire(path string) (*Lock, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find the data folder: %w", err)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	kind, err := networkFileSystem(dir)
	if err != nil {
		return nil, fmt.Errorf("look at the file system of the data folder: %w", err)
	}
	if kind != "" {
		return nil, fault.Internal("DATABASE_ON_NETWORK", "The data folder is on a network file system (%s), which loses data with SQLite.", kind).
			Then("Move the data folder to a local disk, or use PostgreSQL.")
	}
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock file: %w", err)
	}
	err = lockFile(f)
	for try := 0; errors.Is(err, errHeld) && try < lockTries; try++ {
		time.Sleep(lockPause)
		err = lockFile(f)
	}
	if err != nil {
		_ = f.Close() // nothing was written
		if errors.Is(err, errHeld) {
			return nil, fault.Unavailable("DATABASE_LOCKED", "Another process has the database %s open.", path).
				Then("Stop the other server or command, or choose another data folder. For several servers over one database use PostgreSQL.")
		}
		return nil, fmt.Errorf("lock the database: %w", err)
	}
	mark := make([]byte, len(markClean))
	n, _ := f.ReadAt(mark, 0) // a new or shorter file simply is not clean
	l := &Lock{file: f, clean: string(mark[:n]) == markClean}
	if err := l.write(markOpen); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return l, nil
}

// Clean reports whether the last holder released the lock properly.
func (l *Lock) Clean() bool { return l.clean }

// Release gives the lock back; clean says that the database was closed properly.
func (l *Lock) Release(clean bool) error {
	var err error
	if clean {
		err = l.write(markClean)
	}
	return errors.Join(err, l.file.Close())
}

func (l *Lock) write(mark string) error {
	if err := l.file.Truncate(0); err != nil {
		return fmt.Errorf("mark the lock file: %w", err)
	}
	if _, err := l.file.WriteAt([]byte(mark), 0); err != nil {
		return fmt.Errorf("mark the lock file: %w", err)
	}
	if err := l.file.Sync(); err != nil {
		return fmt.Errorf("mark the lock file: %w", err)
	}
	return nil
}
