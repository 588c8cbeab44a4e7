package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

// errRemoved says that the merchant removed the app, or that the owner of the app revoked the grant.
var errRemoved = errors.New("the app is not installed there any more")

// token returns an access token of the installation. It refreshes one that is about to expire, or that
// Flint has just refused. Refreshing replaces the refresh token, so only one refresh of a grant runs at
// a time, and its result is kept before it is used.
func (a *app) token(ctx context.Context, grant, refused string) (string, error) {
	defer a.refreshing.lock(grant)()
	var in installation
	var known bool
	a.store.read(func(s *contents) { in, known = s.Installations[grant] })
	if !known {
		return "", errRemoved
	}
	if in.AccessToken != refused && time.Until(in.ExpiresAt) > time.Minute {
		return in.AccessToken, nil
	}
	fresh, err := a.oauth().TokenSource(a.withClient(ctx), &oauth2.Token{RefreshToken: in.RefreshToken}).Token()
	if failure, ok := errors.AsType[*oauth2.RetrieveError](err); ok && failure.ErrorCode == "invalid_grant" {
		return "", errors.Join(errRemoved, a.forget(func(other installation) bool { return other.Grant == grant }))
	}
	if err != nil {
		return "", fmt.Errorf("refresh the token: %w", err)
	}
	in.AccessToken, in.RefreshToken, in.ExpiresAt = fresh.AccessToken, fresh.RefreshToken, fresh.Expiry
	return in.AccessToken, a.store.update(func(s *contents) error {
		if _, still := s.Installations[grant]; !still {
			return errRemoved // it was removed meanwhile
		}
		s.Installations[grant] = in
		return nil
	})
}

// forget drops installations with their tokens and all that is kept for them.
func (a *app) forget(which func(installation) bool) error {
	return a.store.update(func(s *contents) error {
		for grant, in := range s.Installations {
			if !which(in) {
				continue
			}
			delete(s.Installations, grant)
			s.Data.forget(grant)
			s.Ended = slices.DeleteFunc(s.Ended, func(e ended) bool { return e.Grant == grant })
			for session, of := range s.Sessions {
				if of == grant {
					delete(s.Sessions, session)
				}
			}
		}
		return nil
	})
}

func (a *app) withClient(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, a.client)
}

// keyLocks is a lock for each key. The zero value is ready.
type keyLocks struct{ locks sync.Map }

// lock waits for the key's lock and returns what gives it back.
func (k *keyLocks) lock(key string) (unlock func()) {
	l, _ := k.locks.LoadOrStore(key, &sync.Mutex{})
	m, _ := l.(*sync.Mutex)
	m.Lock()
	return m.Unlock
}
