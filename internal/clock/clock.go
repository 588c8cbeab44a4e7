// Package clock is the platform's only source of time.
package clock

import (
	"sync"
	"time"
)

// Clock tells the time. Now is in UTC, cut to microseconds, which is what the database keeps.
type Clock interface {
	Now() time.Time
}

// System is the machine's clock.
type System struct{}

// Now implements Clock.
func (System) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Settable is a clock that runs with the machine's, moved forward by an offset. Development
// environments use it so that expiry, retries and capture deadlines can be rehearsed.
type Settable struct {
	mu      sync.RWMutex
	offset  time.Duration
	changed []func()
}

// NewSettable returns a clock that is ahead of the machine's by offset.
func NewSettable(offset time.Duration) *Settable { return &Settable{offset: offset} }

// Now implements Clock.
func (s *Settable) Now() time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return time.Now().UTC().Add(s.offset).Truncate(time.Microsecond)
}

// Offset is how far the clock is ahead of the machine's.
func (s *Settable) Offset() time.Duration {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.offset
}

// Advance moves the clock forward and then runs every function given to OnChange.
func (s *Settable) Advance(d time.Duration) {
	s.mu.Lock()
	s.offset += d
	changed := append([]func(){}, s.changed...)
	s.mu.Unlock()
	for _, f := range changed {
		f()
	}
}

// OnChange registers f to run after each Advance; schedulers use it to look at their queues again.
func (s *Settable) OnChange(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed = append(s.changed, f)
}

// Fixed is a clock that stands still until it is set, for tests.
type Fixed struct {
	mu sync.Mutex
	t  time.Time
}

// NewFixed returns a clock that reads t.
func NewFixed(t time.Time) *Fixed { return &Fixed{t: t.UTC().Truncate(time.Microsecond)} }

// Now implements Clock.
func (f *Fixed) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.t
}

// Set moves the clock to t, forward or back.
func (f *Fixed) Set(t time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.t = t.UTC().Truncate(time.Microsecond)
}
