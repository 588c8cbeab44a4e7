package sqlite

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

var errHeld = errors.New("sqlite: the lock is held")

// lockFile locks one byte far behind the mark, because Windows refuses to read locked bytes.
func lockFile(f *os.File) error {
	at := &windows.Overlapped{Offset: 1 << 30}
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return errHeld
	}
	return err
}
