package auth

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/id"
	"flint/internal/tenant"
	"flint/internal/throttle"
)

// Service holds what the operations on keys and users need.
type Service struct {
	db    db.DB
	clock clock.Clock
	ids   *id.Source
	log   *slog.Logger
	cache *cache
	// SendCode mails a sign-in code in the given transaction; nil where no mail is sent.
	SendCode func(tx db.Tx, m CodeMail) error

	tries   *throttle.Throttle[string]
	hashing chan struct{} // passwords that are checked at once

	mu   sync.Mutex
	used map[string]use // key id -> last use not yet written
}

type use struct {
	scope tenant.Scope
	at    time.Time
}

// NewService makes a Service.
func NewService(d db.DB, c clock.Clock, ids *id.Source, log *slog.Logger) *Service {
	return &Service{db: d, clock: c, ids: ids, log: log, cache: newCache(), used: map[string]use{},
		tries: throttle.New[string](), hashing: make(chan struct{}, 8)}
}

// touchEvery is how often the last use of one key is written at most.
const touchEvery = time.Minute

func (s *Service) touch(k Key, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used[k.ID] = use{k.Scope, now}
}

// FlushUses writes the last uses noted since the last call. Run calls it; so does a server that stops.
func (s *Service) FlushUses(ctx context.Context) error {
	s.mu.Lock()
	used := s.used
	s.used = map[string]use{}
	s.mu.Unlock()
	if len(used) == 0 {
		return nil
	}
	err := s.db.Write(ctx, func(tx db.Tx) error {
		for id, u := range used {
			if err := tx.Send(`UPDATE api_keys SET last_used_at = $4 WHERE merchant_id = $1 AND environment_id = $2 AND api_key_id = $3
				AND (last_used_at IS NULL OR last_used_at < $4)`, u.scope.MerchantID, u.scope.EnvironmentID, id, u.at); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write the last use of %d keys: %w", len(used), err)
	}
	return nil
}

// Run writes last uses until ctx ends.
func (s *Service) Run(ctx context.Context, every time.Duration) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if err := s.FlushUses(ctx); err != nil {
				s.log.Warn("the last use of keys was not written", "error", err)
			}
		}
	}
}
