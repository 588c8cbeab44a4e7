package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// object is a JSON object with paths into it.
type object map[string]any

// at follows names and positions: at("payment_attempt.pending_actions.0.client_action").
func (o object) at(path string) any {
	var v any = map[string]any(o)
	for part := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			var n int
			if _, err := fmt.Sscan(part, &n); err != nil || n >= len(x) {
				return nil
			}
			v = x[n]
		default:
			return nil
		}
	}
	return v
}

func (o object) str(path string) string { s, _ := o.at(path).(string); return s }

func (o object) num(path string) int64 { f, _ := o.at(path).(float64); return int64(f) }

// answer is what came back of a call.
type answer struct {
	status int
	data   json.RawMessage // of a success
	code   string          // of a failure
	next   string          // page token
	after  string          // Retry-After
	replay bool
}

func (a answer) object() object {
	var o object
	_ = json.Unmarshal(a.data, &o) // an empty object then, in which nothing is found
	return o
}

func (a answer) ok() bool { return a.status >= 200 && a.status < 300 }

// settled tells that the caller knows what became of the call.
func (a answer) settled() bool {
	return a.status > 0 && a.status < 500 && a.code != "IDEMPOTENCY_KEY_IN_PROGRESS" && a.status != http.StatusTooManyRequests
}

// call is a request with its key: the same however often it is sent.
type call struct {
	method, path, body, key string
	got                     answer // the first that settled it
}

// client speaks to the API as one merchant does.
type client struct {
	base, token string
	http        *http.Client
	lost        atomic.Int64 // calls without an answer
	refused     atomic.Int64 // answers of 5xx
}

func newClient(base, token string) *client {
	return &client{base: base, token: token, http: &http.Client{Timeout: 40 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 80}}}
}

// once sends a call a single time.
func (c *client) once(ctx context.Context, k *call) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, k.method, c.base+k.path, strings.NewReader(k.body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	if k.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if k.key != "" {
		req.Header.Set("Idempotency-Key", k.key)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	var envelope struct {
		Data  json.RawMessage `json:"data"`
		Next  string          `json:"next_page_token"`
		Error struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	if err := json.Unmarshal(raw, &envelope); err != nil {
		return answer{}, fmt.Errorf("%s %s: %d is no envelope: %w: %.200s", k.method, k.path, resp.StatusCode, err, raw)
	}
	return answer{status: resp.StatusCode, data: envelope.Data, code: envelope.Error.Code, next: envelope.Next,
		after: resp.Header.Get("Retry-After"), replay: resp.Header.Get("Idempotency-Replayed") == "true"}, nil
}

// settle sends a call until it is known what became of it, over however many ends of the server.
func (c *client) settle(ctx context.Context, k *call) (answer, error) {
	pause := 20 * time.Millisecond
	for {
		a, err := c.once(ctx, k)
		switch {
		case err == nil && a.settled():
			k.got = a
			return a, nil
		case err != nil:
			c.lost.Add(1)
		case a.status >= 500:
			c.refused.Add(1)
		}
		select {
		case <-ctx.Done():
			return a, errors.Join(ctx.Err(), err, fmt.Errorf("%s %s stays without an answer: %d %s", k.method, k.path, a.status, a.code))
		case <-time.After(pause):
			pause = min(2*pause, 300*time.Millisecond)
		}
	}
}

// get reads, with patience.
func (c *client) get(ctx context.Context, path string) (answer, error) {
	return c.settle(ctx, &call{method: "GET", path: path})
}

// list reads all pages.
func (c *client) list(ctx context.Context, path string) ([]object, error) {
	var all []object
	token := ""
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	for {
		a, err := c.get(ctx, path+sep+"page_size=100"+token)
		if err != nil {
			return nil, err
		}
		if !a.ok() {
			return nil, fmt.Errorf("list %s: %d %s", path, a.status, a.code)
		}
		var page []object
		if err := json.Unmarshal(a.data, &page); err != nil {
			return nil, err
		}
		all = append(all, page...)
		if a.next == "" {
			return all, nil
		}
		token = "&page_token=" + a.next
	}
}

// same tells whether two answers say the same.
func same(a, b answer) bool {
	return a.status == b.status && a.code == b.code && bytes.Equal(a.data, b.data)
}

// history is what the clients of an installation were told. It is safe for concurrent use.
type history struct {
	mu     sync.Mutex
	calls  []*call // that were acknowledged with a success
	orders map[string]*story
}

func (h *history) add(k *call) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, k)
}

func (h *history) tell(s *story) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.orders[s.orderID] = s
}

func jsonOf(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // only literals of this package come here
	}
	return string(raw)
}

func usd(amount int64) map[string]any { return map[string]any{"amount": amount, "currency": "USD"} }
