// Package throttle bounds how often somebody may do something: a token bucket for each, of whom only the
// most recent ones are remembered. It counts in this process; several nodes each allow the rate.
package throttle

import (
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"
)

// Rate is a sustained number of calls a second and how many may come at once. The zero Rate bounds nothing.
type Rate struct {
	PerSecond float64
	Burst     int
}

// tracked is how many keys are remembered; a forgotten one starts afresh.
const tracked = 50_000

// Throttle holds the buckets of keys. It is safe for concurrent use.
type Throttle[K comparable] struct {
	mu  sync.Mutex
	lru *simplelru.LRU[K, *rate.Limiter]
}

// New returns a Throttle in which everybody may begin.
func New[K comparable]() *Throttle[K] {
	lru, err := simplelru.NewLRU[K, *rate.Limiter](tracked, nil)
	if err != nil {
		panic(fmt.Sprintf("throttle: %v", err)) // only for a size below one
	}
	return &Throttle[K]{lru: lru}
}

// Take counts one call of k and returns 0, or how long k must wait when the rate is used up. A key is
// always asked for with the same rate.
func (t *Throttle[K]) Take(k K, r Rate, now time.Time) time.Duration {
	if r.PerSecond <= 0 {
		return 0
	}
	t.mu.Lock()
	bucket, ok := t.lru.Get(k)
	if !ok {
		bucket = rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst)
		t.lru.Add(k, bucket)
	}
	t.mu.Unlock()
	reserved := bucket.ReserveN(now, 1)
	wait := reserved.DelayFrom(now)
	if wait > 0 {
		reserved.CancelAt(now)
	}
	return wait
}
