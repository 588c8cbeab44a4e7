package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// contents is all the app keeps.
type contents struct {
	Installations map[string]installation `json:"installations"` // by environment grant
	Sessions      map[string]string       `json:"sessions"`      // hash of a browser's cookie -> environment grant
	Seen          map[string]time.Time    `json:"seen"`          // ids of webhooks that were taken
	Waiting       []event                 `json:"waiting"`       // webhooks that were taken and wait to be handled
	Ended         []ended                 `json:"ended"`         // webhooks that could not be handled, newest first
	Data          data                    `json:"data"`          // what this app is about, see app.go
}

// ended is a webhook that was given up, for people to look at.
type ended struct {
	Grant string    `json:"environment_grant_id"`
	ID    string    `json:"webhook_event_id"`
	Type  string    `json:"event_type"`
	Why   string    `json:"why"`
	At    time.Time `json:"at"`
}

const keepEnded = 50

// endedAt is what was given up of an installation.
func (c *contents) endedAt(grant string) (all []ended) {
	for _, e := range c.Ended {
		if e.Grant == grant {
			all = append(all, e)
		}
	}
	return all
}

// installation is one environment of a merchant that installed the app. A token works there only.
type installation struct {
	Grant        string    `json:"environment_grant_id"`
	Install      string    `json:"partner_app_install_id"`
	Merchant     string    `json:"merchant_id"`
	Mode         string    `json:"mode"`
	AccessToken  string    `json:"access_token"`
	RefreshToken string    `json:"refresh_token"`
	ExpiresAt    time.Time `json:"expires_at"`
}

// store keeps contents in a file that is replaced as a whole, so that a crash leaves the old or the new
// one. It is meant for one process and some thousand entries; use a database beyond that.
type store struct {
	path string
	mu   sync.Mutex
	now  contents
}

func openStore(path string) (*store, error) {
	s := &store{path: path}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		raw, err = []byte("{}"), nil
	}
	if err == nil {
		s.now, err = decode(raw)
	}
	if err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	return s, nil
}

// read lets look see the contents. It must not keep or change them.
func (s *store) read(look func(*contents)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	look(&s.now)
}

// update changes the contents and returns when they are on the disk. Nothing changes when it fails.
func (s *store) update(change func(*contents) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, err := json.Marshal(s.now)
	if err != nil {
		return err
	}
	next, err := decode(before) // a copy
	if err != nil {
		return err
	}
	if err := change(&next); err != nil {
		return err
	}
	after, err := json.MarshalIndent(next, "", "  ")
	if err != nil {
		return err
	}
	if err := replace(s.path, after); err != nil {
		return fmt.Errorf("write the store: %w", err)
	}
	s.now = next
	return nil
}

func decode(raw []byte) (c contents, err error) {
	c = contents{Installations: map[string]installation{}, Sessions: map[string]string{}, Seen: map[string]time.Time{}}
	return c, json.Unmarshal(raw, &c)
}

// replace writes a file that only this user can read.
func replace(path string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the first error tells more
		}
	}()
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// hash is how a secret of a browser is kept.
func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
