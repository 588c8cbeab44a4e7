package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/secret"
)

const (
	// CacheTTL is how long a key is believed without looking again, which bounds how late another
	// process learns of a revocation.
	CacheTTL   = 5 * time.Second
	cachedKeys = 10_000
	// A token is a prefix of 11 characters and 43 random ones.
	tokenLen = len(PrefixLiveKey) + 43
)

// Authenticate turns the secret of an API key into its principal. Faults, all of class Authentication:
// INVALID_API_KEY, API_KEY_REVOKED, API_KEY_EXPIRED.
func (s *Service) Authenticate(ctx context.Context, _, token string) (Principal, error) {
	if len(token) != tokenLen || !strings.HasPrefix(token, PrefixLiveKey) && !strings.HasPrefix(token, PrefixTestKey) {
		return Principal{}, errUnknownKey()
	}
	hash, now := secret.Hash(token), s.clock.Now()
	e, gen, ok := s.cache.get(hash, now)
	if !ok {
		var k Key
		err := s.db.Read(ctx, func(tx db.Tx) (err error) {
			k, err = keyByHash(tx, hash)
			return err
		})
		if errors.Is(err, db.ErrNoRows) {
			return Principal{}, errUnknownKey()
		}
		if err != nil {
			return Principal{}, fmt.Errorf("look an API key up: %w", err)
		}
		e = entry{key: k, loaded: now, touched: k.LastUsedAt}
		s.cache.put(hash, e, gen)
	}
	k := e.key
	switch {
	case k.Status != StatusActive:
		return Principal{}, fault.Unauthenticated("API_KEY_REVOKED", "This API key was revoked.")
	case !k.ExpiresAt.IsZero() && !k.ExpiresAt.After(now):
		return Principal{}, fault.Unauthenticated("API_KEY_EXPIRED", "This API key has expired.")
	}
	if now.Sub(e.touched) >= touchEvery {
		s.touch(k, now)
		s.cache.touched(hash, now)
	}
	return k.Principal(), nil
}

// Principal is what the key lets its holder be.
func (k Key) Principal() Principal {
	return Principal{Kind: APIKey, ID: k.ID, Name: k.Name, Scope: k.Scope, Scopes: k.Scopes, ExpiresAt: k.ExpiresAt, Networks: k.Networks, HeldBy: k.HeldBy}
}

func errUnknownKey() error {
	return fault.Unauthenticated("INVALID_API_KEY", "This API key does not exist.")
}

type entry struct {
	key     Key
	loaded  time.Time
	touched time.Time
}

// cache remembers keys by the hash of their secret. A generation number keeps a look-up that began
// before a revocation from being remembered after it.
type cache struct {
	mu  sync.Mutex
	lru *simplelru.LRU[string, entry]
	gen uint64
}

func newCache() *cache {
	lru, err := simplelru.NewLRU[string, entry](cachedKeys, nil)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &cache{lru: lru}
}

func (c *cache) get(hash string, now time.Time) (entry, uint64, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.lru.Get(hash)
	if age := now.Sub(e.loaded); !ok || age < 0 || age >= CacheTTL {
		return entry{}, c.gen, false
	}
	return e, c.gen, true
}

func (c *cache) put(hash string, e entry, gen uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if gen == c.gen {
		c.lru.Add(hash, e)
	}
}

func (c *cache) touched(hash string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.lru.Peek(hash); ok {
		e.touched = now
		c.lru.Add(hash, e)
	}
}

// clear forgets everything; keys change rarely and are read back in microseconds.
func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gen++
	c.lru.Purge()
}
