package devenv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"flint/internal/clock"
)

const clockFile = "clock"

// OpenClock returns the environment's clock, as far ahead of the machine's as it was left.
func OpenClock(dir string) (*clock.Settable, error) {
	raw, err := os.ReadFile(filepath.Join(dir, clockFile))
	if errors.Is(err, fs.ErrNotExist) {
		return clock.NewSettable(0), nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the clock: %w", err)
	}
	offset, err := time.ParseDuration(strings.TrimSpace(string(raw)))
	if err != nil {
		return nil, fmt.Errorf("the file %s in the data directory is damaged: %w", clockFile, err)
	}
	return clock.NewSettable(offset), nil
}

// advance moves the clock and remembers how far.
func advance(dir string, c *clock.Settable, d time.Duration) error {
	if err := writeFile(dir, clockFile, []byte((c.Offset()+d).String()+"\n")); err != nil {
		return err
	}
	c.Advance(d)
	return nil
}
