package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"time"
)

// The calls of all flows; those of one flow stand together, in order.
const (
	callOrder = iota
	callSession
	callPay
	callRefund
	callRead
	callLaunch
	callEnter
	callPage
	callSubmit
	callDone
	callPublic
	callResolve
	callDraft
	callIssue
	callPaper
	calls
)

var callNames = [calls]string{
	"create order", "open session", "pay", "refund a line", "read order",
	"open session", "trade the launch token", "payment page", "submit the form", "success page",
	"public read", "resolve",
	"create invoice", "issue", "fetch the PDF",
}

const orderBody = `{"line_items":[{"name":"Tin of tea","quantity":2,"unit_price_money":{"amount":1999,"currency":"USD"}},` +
	`{"name":"Paper filter","quantity":1,"unit_price_money":{"amount":499,"currency":"USD"}}],` +
	`"tax":{"enabled":true,"location":{"address":{"line1":"1 Market Street","city":"San Francisco","state":"CA","postal_code":"94105","country":"US"}}},` +
	`"metadata":{"cart":"c-1"}}`

// timings are the durations of the calls of one client, by kind.
type timings [calls][]time.Duration

// step makes one call, measures it, and expects its status.
func (t *timings) step(kind, want int, call func() (int, []byte, error)) ([]byte, error) {
	began := time.Now()
	status, answer, err := call()
	if err != nil {
		return nil, err
	}
	if status != want {
		return nil, fmt.Errorf("%s: status %d: %s", callNames[kind], status, answer)
	}
	t[kind] = append(t[kind], time.Since(began))
	return answer, nil
}

// post is a step that writes through the API.
func (t *timings) post(c *client, kind, want int, path, body string) ([]byte, error) {
	return t.step(kind, want, func() (int, []byte, error) { return c.call("POST", path, rand.Text(), []byte(body)) })
}

// flow sells: it creates an order, opens a checkout session, pays with a test token and gives a line
// back. It returns the order's id.
func flow(c *client, t *timings) (string, error) {
	step := func(kind, want int, path, body string) ([]byte, error) {
		return t.post(c, kind, want, path, body)
	}
	answer, err := step(callOrder, 201, "/v1/orders", orderBody)
	if err != nil {
		return "", err
	}
	orderID, lineID := field(answer, "order_id"), field(answer, "order_line_item_id")
	if _, err := step(callSession, 201, "/v1/checkout-sessions", `{"order_id":"`+orderID+`"}`); err != nil {
		return "", err
	}
	if _, err := step(callPay, 200, "/v1/orders/"+orderID+"/pay",
		`{"action":"pay","payment_source":{"token":"simtok_approve"}}`); err != nil {
		return "", err
	}
	_, err = step(callRefund, 201, "/v1/refunds",
		`{"order_id":"`+orderID+`","line_items":[{"order_line_item_id":"`+lineID+`"}],"reason":"requested_by_customer"}`)
	return orderID, err
}

// round is what a number of clients did in a time.
type round struct {
	count int
	took  time.Duration
	timings
}

func (r round) perSecond() float64 { return float64(r.count) / r.took.Seconds() }

// percentile of one kind of call; q is between 0 and 1.
func (r round) percentile(kind int, q float64) time.Duration {
	v := r.timings[kind]
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return v[min(int(q*float64(len(v))), len(v)-1)]
}

// run lets clients repeat work until the time is over.
func run(ctx context.Context, addr, key string, clients int, length time.Duration, work func(*client, *timings) error) (round, error) {
	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	var (
		all round
		mu  sync.Mutex
		wg  sync.WaitGroup
		bad error
	)
	began := time.Now()
	for range clients {
		wg.Go(func() {
			n, t, err := repeat(ctx, addr, key, work)
			mu.Lock()
			defer mu.Unlock()
			if err != nil && bad == nil {
				bad = err
				cancel()
			}
			all.count += n
			for kind := range t {
				all.timings[kind] = append(all.timings[kind], t[kind]...)
			}
		})
	}
	wg.Wait()
	all.took = time.Since(began)
	return all, bad
}

func repeat(ctx context.Context, addr, key string, work func(*client, *timings) error) (n int, t timings, err error) {
	c, err := dial(addr, key)
	if err != nil {
		return 0, t, err
	}
	defer c.close()
	for ctx.Err() == nil {
		if err := work(c, &t); err != nil {
			return n, t, err
		}
		n++
	}
	return n, t, nil
}

func sale(c *client, t *timings) error {
	_, err := flow(c, t)
	return err
}

// reader reads one of some orders at a time.
func reader(orders []string) func(*client, *timings) error {
	return func(c *client, t *timings) error {
		began := time.Now()
		path := "/v1/orders/" + orders[len(t[callRead])%len(orders)]
		status, answer, err := c.call("GET", path, "", nil)
		if err == nil && status != 200 {
			err = fmt.Errorf("read an order: status %d: %s", status, answer)
		}
		t[callRead] = append(t[callRead], time.Since(began))
		return err
	}
}
