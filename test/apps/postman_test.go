package apps

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
)

// postman takes the webhooks that Flint sends to an app, and brings them as a test wants: at once, twice, or later and
// in another order. What it brings is what Flint signed.
type postman struct {
	t       testing.TB
	address string // where Flint sends to

	mu    sync.Mutex
	to    string // the app
	twice bool
	keeps bool
	kept  []letter // oldest first
}

// letter is a webhook.
type letter struct {
	header http.Header
	body   []byte
}

func (l letter) about(what string) bool { return bytes.Contains(l.body, []byte(`"`+what+`"`)) }

func startPostman(t testing.TB) *postman {
	t.Helper()
	m := &postman{t: t}
	s := httptest.NewServer(m)
	t.Cleanup(s.Close)
	m.address = s.URL
	return m
}

// ServeHTTP takes a webhook. One that is kept counts as delivered for Flint.
func (m *postman) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	l := letter{r.Header.Clone(), body}
	m.mu.Lock()
	keeps, twice := m.keeps, m.twice
	if keeps {
		m.kept = append(m.kept, l)
	}
	m.mu.Unlock()
	if keeps {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	status := m.bring(l)
	if twice {
		status = max(status, m.bring(l))
	}
	w.WriteHeader(status)
}

// bring hands a webhook to the app and returns its answer, 502 when there is none.
func (m *postman) bring(l letter) int {
	m.mu.Lock()
	to := m.to
	m.mu.Unlock()
	req, err := http.NewRequest(http.MethodPost, to+"/webhooks", bytes.NewReader(l.body))
	if err != nil {
		return http.StatusBadGateway
	}
	req.Header = maps.Clone(l.header)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return http.StatusBadGateway
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// set says what happens to webhooks from now on.
func (m *postman) set(twice, keeps bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.twice, m.keeps = twice, keeps
}

// take takes out what was kept, newest first.
func (m *postman) take() []letter {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.kept
	m.kept = nil
	slices.Reverse(out)
	return out
}

// find waits for a webhook of that type about something and leaves it with the postman.
func (m *postman) find(kind, about string) (found letter) {
	m.t.Helper()
	eventually(m.t, kind+" comes in", func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		n := slices.IndexFunc(m.kept, func(l letter) bool { return l.about(kind) && l.about(about) })
		if n >= 0 {
			found = m.kept[n]
		}
		return n >= 0
	})
	return found
}
