// Package failpoint lets a process kill itself at a named place, as a power cut would, so that tests
// can look at what a start after it makes of the rest.
//
// Points are given to those who have places to name; there is no global one. A nil *Points is off and
// costs a comparison. The command line makes one for development servers alone.
package failpoint

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// Points kills the process at one of the places. It is safe for concurrent use; nil is off.
type Points struct {
	name string
	nth  int64
	hits atomic.Int64
	kill func()
	call func(name string) // in place of a name and a count
}

// Call is for tests inside the process: f is called at every place and may panic there.
func Call(f func(name string)) *Points { return &Points{call: f} }

// Parse reads name[:nth]: the process is killed the nth time it comes to the place, the first time
// when nth is left out. An empty text is nil, which is off.
func Parse(text string) (*Points, error) {
	if text == "" {
		return nil, nil
	}
	name, count, counted := strings.Cut(text, ":")
	if !slices.Contains(Names, name) {
		return nil, fmt.Errorf("there is no failpoint %q; there are %s", name, strings.Join(Names, ", "))
	}
	p := &Points{name: name, nth: 1, kill: killSelf}
	if counted {
		n, err := strconv.ParseInt(count, 10, 64)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("failpoint %s: %q is not a count from 1", name, count)
		}
		p.nth = n
	}
	return p, nil
}

// Hit says that the process has come to a place. It does not return when this is where it ends.
func (p *Points) Hit(name string) {
	if p != nil && p.call != nil {
		p.call(name)
		return
	}
	if p == nil || p.name != name || p.hits.Add(1) != p.nth {
		return
	}
	fmt.Fprintln(os.Stderr, "failpoint "+name) // tells this death from others
	p.kill()
}

// killSelf ends the process without running anything more of it.
func killSelf() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill() // there is nobody left to tell
	}
	select {} // the signal is on its way
}
