package crash

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// receiver takes webhooks. Now and then it refuses, or takes one and says so too late.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	secret []byte
	bodies map[string]string // by event
	counts map[string]int
	seen   int
	faults []string
}

func newReceiver(t testing.TB) *receiver {
	r := &receiver{bodies: map[string]string{}, counts: map[string]int{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// trust sets the secret that signatures are made with.
func (r *receiver) trust(secret string) error {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secret = raw
	return err
}

// ServeHTTP implements http.Handler.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // the sender died in the middle
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen++
	if r.seen%23 == 7 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	eventID := req.Header.Get("webhook-id")
	if !r.signed(req.Header, eventID, body) {
		r.faults = append(r.faults, "the signature of "+eventID+" is wrong")
	}
	var envelope struct {
		ID string `json:"webhook_event_id"`
	}
	if err := json.Unmarshal(body, &envelope); err != nil || envelope.ID != eventID {
		r.faults = append(r.faults, fmt.Sprintf("event %s has the body %.100s", eventID, body))
	}
	if first, again := r.bodies[eventID]; again && first != string(body) {
		r.faults = append(r.faults, fmt.Sprintf("event %s came with two bodies:\n%s\n%s", eventID, first, body))
	}
	r.bodies[eventID] = string(body)
	r.counts[eventID]++
}

func (r *receiver) signed(h http.Header, eventID string, body []byte) bool {
	mac := hmac.New(sha256.New, r.secret)
	_, _ = fmt.Fprintf(mac, "%s.%s.%s", eventID, h.Get("webhook-timestamp"), body) // a hash takes everything
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for given := range strings.FieldsSeq(h.Get("webhook-signature")) {
		if hmac.Equal([]byte(given), []byte(want)) {
			return true
		}
	}
	return false
}

// look returns copies of what came, and what was wrong with it since the last look.
func (r *receiver) look() (bodies map[string]string, twice int, faults []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	bodies = make(map[string]string, len(r.bodies))
	for k, v := range r.bodies {
		bodies[k] = v
		if r.counts[k] > 1 {
			twice++
		}
	}
	faults, r.faults = r.faults, nil
	return bodies, twice, faults
}
