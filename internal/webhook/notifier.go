package webhook

import (
	"sync"

	"flint/internal/tenant"
)

// Notifier tells readers of a feed in this process that it grew. The zero Notifier is ready.
type Notifier struct {
	mu      sync.Mutex
	readers map[tenant.Scope]map[chan struct{}]bool
}

// subscribe returns a channel that holds a token once the scope's feed grew; call stop when done.
func (n *Notifier) subscribe(scope tenant.Scope) (grew <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.readers == nil {
		n.readers = map[tenant.Scope]map[chan struct{}]bool{}
	}
	if n.readers[scope] == nil {
		n.readers[scope] = map[chan struct{}]bool{}
	}
	n.readers[scope][c] = true
	return c, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.readers[scope], c)
		if len(n.readers[scope]) == 0 {
			delete(n.readers, scope)
		}
	}
}

// count is how many readers the scope has.
func (n *Notifier) count(scope tenant.Scope) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.readers[scope])
}

func (n *Notifier) notify(scope tenant.Scope) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for c := range n.readers[scope] {
		signal(c)
	}
}
