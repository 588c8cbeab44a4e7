package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// story is what one client did with one order, as far as it was told.
type story struct {
	orderID  string
	total    int64
	payCalls int              // pay calls that started an attempt
	paid     bool             // an answer said so
	refunds  map[string]int64 // accepted refunds and their amounts
	compared bool             // with its payment attempts
}

// tokens are those of the simulator's test money; what pays stands there more often.
var tokens = []string{
	"simtok_approve", "simtok_approve", "simtok_approve", "simtok_approve", "simtok_decline_card_declined",
	"simtok_decline_insufficient_funds", "simtok_3ds", "simtok_timeout_charged", "simtok_timeout_not_charged",
	"simtok_processing_succeeds", "simtok_processing_fails",
}

// load is a number of clients that live one story after the other.
type load struct {
	client  *client
	history *history
	run     string // part of every key, so that no two runs meet
	stories atomic.Int64

	ctx     context.Context
	stop    chan struct{}
	workers sync.WaitGroup
	mu      sync.Mutex
	errs    []error
}

// newLoad starts n clients.
func newLoad(ctx context.Context, c *client, h *history, run string, n int, seed uint64) *load {
	l := &load{client: c, history: h, run: run, ctx: ctx, stop: make(chan struct{})}
	for i := range n {
		w := &worker{load: l, name: fmt.Sprintf("%s-%d", run, i), random: rand.New(rand.NewPCG(seed, uint64(i)))}
		l.workers.Go(w.live)
	}
	return l
}

// finish lets every client end its story and returns what went wrong.
func (l *load) finish() []error {
	close(l.stop)
	l.workers.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.errs
}

func (l *load) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.errs) < 20 {
		l.errs = append(l.errs, err)
	}
}

type worker struct {
	*load
	name   string
	random *rand.Rand
	calls  int
}

func (w *worker) live() {
	for {
		select {
		case <-w.stop:
			return
		case <-w.ctx.Done():
			return
		default:
		}
		if err := w.story(); err != nil {
			w.fail(fmt.Errorf("client %s: %w", w.name, err))
			return
		}
		w.stories.Add(1)
	}
}

// call sends a request under a new key until it is settled, and remembers it when it succeeded. A
// refusal is an error unless its code is allowed.
func (w *worker) call(method, path string, body any, allowed ...string) (answer, error) {
	w.calls++
	k := &call{method: method, path: path, key: fmt.Sprintf("%s-%d", w.name, w.calls)}
	if body != nil {
		k.body = jsonOf(body)
	}
	a, err := w.client.settle(w.ctx, k)
	if err != nil {
		return a, err
	}
	if a.ok() {
		w.history.add(k)
		return a, nil
	}
	if slices.Contains(allowed, a.code) {
		return a, nil
	}
	return a, fmt.Errorf("%s %s %s: refused with %d %s", method, path, k.body, a.status, a.code)
}

func (w *worker) story() error {
	price, quantity, fee := w.random.Int64N(9000)+100, w.random.Int64N(4)+1, w.random.Int64N(500)+1
	s := &story{total: price*quantity + fee, refunds: map[string]int64{}}
	a, err := w.call("POST", "/v1/orders", map[string]any{
		"line_items": []any{
			map[string]any{"name": "Canvas tote bag", "unit_price_money": usd(price), "quantity": quantity},
			map[string]any{"name": "Gift wrap", "unit_price_money": usd(fee)},
		},
		"tax": map[string]any{"enabled": false}, "external_reference_id": fmt.Sprintf("%s-%d", w.name, w.calls),
	})
	if err != nil {
		return err
	}
	s.orderID = a.object().str("order_id")
	if got := a.object().num("pricing_amounts.total_money.amount"); got != s.total {
		return fmt.Errorf("order %s costs %d, want %d", s.orderID, got, s.total)
	}
	defer w.history.tell(s)
	if w.random.IntN(3) == 0 {
		if _, err := w.call("POST", "/v1/checkout-sessions", map[string]any{
			"order_id": s.orderID, "expiration": map[string]any{"expires_in_seconds": 60},
		}); err != nil {
			return err
		}
		if w.random.IntN(3) == 0 {
			return nil // the buyer goes away, and the session's time runs out
		}
	}
	if w.random.IntN(4) == 0 {
		if err := w.hold(s); err != nil {
			return err
		}
	} else if err := w.pay(s); err != nil {
		return err
	}
	if !s.paid {
		return nil
	}
	for left := s.total; left > 1 && w.random.IntN(2) == 0; {
		part := w.random.Int64N(left) + 1
		if err := w.refund(s, part); err != nil {
			return err
		}
		left -= part
	}
	return nil
}

// pay tries one token after the other while they are declined.
func (w *worker) pay(s *story) error {
	token := tokens[w.random.IntN(len(tokens))]
	a, err := w.call("POST", "/v1/orders/"+s.orderID+"/pay", map[string]any{
		"action": "pay", "payment_source": map[string]any{"token": token}, "expected_outstanding_money": usd(s.total),
	})
	if err != nil {
		return err
	}
	s.payCalls++
	o := a.object()
	switch status := o.str("payment_attempt.status"); status {
	case "succeeded":
		s.paid = true
	case "requires_action":
		return w.challenge(s, o)
	case "failed", "requires_retry":
		if token == "simtok_approve" {
			return fmt.Errorf("order %s: %s ends in %s", s.orderID, token, status)
		}
	case "finalizing", "processing":
	default:
		return fmt.Errorf("order %s: %s leads to the attempt's status %q", s.orderID, token, status)
	}
	return nil
}

// challenge answers the bank's question in the buyer's browser, or leaves it open. The answer counts
// once, so it may be sent again.
func (w *worker) challenge(s *story, o object) error {
	at := o.str("payment_attempt.pending_actions.0.client_action.redirect.url")
	if at == "" {
		return fmt.Errorf("order %s waits for its buyer and names no page", s.orderID)
	}
	result := []string{"approve", "approve", "fail", ""}[w.random.IntN(4)]
	if result == "" {
		attempt := o.str("payment_attempt.order_payment_attempt_id")
		_, err := w.call("POST", "/v1/orders/"+s.orderID+"/payment-attempts/"+attempt+"/cancel", nil, "PAYMENT_ATTEMPT_NOT_CANCELABLE")
		return err
	}
	browser := &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for {
		resp, err := browser.PostForm(at, url.Values{"result": {result}, result: {"1"}})
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode < 400 || resp.StatusCode == http.StatusConflict {
				return nil
			}
			if resp.StatusCode < 500 {
				return fmt.Errorf("order %s: the bank's page answers %d", s.orderID, resp.StatusCode)
			}
		}
		select {
		case <-w.ctx.Done():
			return w.ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// hold authorizes first, and then captures all or a part, cancels, or leaves the hold to its end.
func (w *worker) hold(s *story) error {
	a, err := w.call("POST", "/v1/orders/"+s.orderID+"/payment-intents", map[string]any{"capture_method": "manual"})
	if err != nil {
		return err
	}
	intent := a.object().str("payment_intent.payment_intent_id")
	if intent == "" {
		return fmt.Errorf("the staged payment intent has no id: %s", a.data)
	}
	token := "simtok_approve"
	if w.random.IntN(4) == 0 {
		token = "simtok_timeout_charged"
	}
	a, err = w.call("POST", "/v1/orders/"+s.orderID+"/pay", map[string]any{
		"action": "confirm_payment_intents", "payment_intents": []any{map[string]any{"payment_intent_id": intent, "token": token}},
	})
	if err != nil {
		return err
	}
	s.payCalls++
	attempt := a.object().str("payment_attempt.order_payment_attempt_id")
	if a.object().str("payment_attempt.status") != "requires_capture" {
		return nil
	}
	at := "/v1/orders/" + s.orderID + "/payment-intents/" + intent
	switch w.random.IntN(4) {
	case 0:
		_, err = w.call("POST", at+"/cancel", map[string]any{"order_payment_attempt_id": attempt})
	case 1:
		_, err = w.call("POST", at+"/capture", map[string]any{"order_payment_attempt_id": attempt, "amount_money": usd(s.total/2 + 1)})
	case 2:
		a, err = w.call("POST", at+"/capture", map[string]any{"order_payment_attempt_id": attempt})
		s.paid = err == nil && a.object().str("order.payment_status") == "paid"
	}
	return err
}

func (w *worker) refund(s *story, amount int64) error {
	a, err := w.call("POST", "/v1/refunds", map[string]any{"order_id": s.orderID, "amount_money": usd(amount), "reason": "requested_by_customer"})
	if err != nil {
		return err
	}
	s.refunds[a.object().str("refund_id")] = amount
	return nil
}
