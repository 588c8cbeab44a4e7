package crash

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// books is /dev/simulator/books.
type books struct {
	Payments []struct {
		PaymentID     string `json:"payment_id"`
		Captured      int64  `json:"captured"`
		Refunded      int64  `json:"refunded"`
		RefundPending int64  `json:"refund_pending"`
	} `json:"payments"`
}

// quiet waits until nothing is under way any more, moving the clock along. It looks twice, because an
// event that has no place in the feed yet is seen by nobody.
func (in *installation) quiet(ctx context.Context, c *client, hooks *receiver) error {
	deadline := time.Now().Add(90 * time.Second)
	for calm := 0; ; {
		open, err := in.open(ctx, c, hooks)
		if err != nil {
			return err
		}
		if calm++; len(open) > 0 {
			calm = 0
		}
		if calm == 2 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("after 90 s still under way: %v", open)
		}
		// Banks settle, sweepers ask, webhooks are tried again.
		if err := in.advance(61 * time.Second); err != nil {
			return err
		}
		time.Sleep(250 * time.Millisecond)
	}
}

// open names what is under way.
func (in *installation) open(ctx context.Context, c *client, hooks *receiver) ([]string, error) {
	var open []string
	for _, status := range []string{"processing", "requires_action"} {
		intents, err := c.list(ctx, "/v1/payment-intents?status="+status)
		if err != nil {
			return nil, err
		}
		for _, i := range intents {
			open = append(open, status+" "+i.str("payment_intent_id"))
		}
	}
	refunds, err := c.list(ctx, "/v1/refunds?status=pending")
	if err != nil {
		return nil, err
	}
	for _, r := range refunds {
		open = append(open, "refund "+r.str("refund_id"))
	}
	var b books
	if err := in.tryDev("GET", "/dev/simulator/books", nil, &b); err != nil {
		return nil, err
	}
	for _, p := range b.Payments {
		if p.RefundPending != 0 {
			open = append(open, "the simulator refunds "+p.PaymentID)
		}
	}
	if hooks != nil {
		pending, err := c.list(ctx, "/v1/webhook-events?delivery_status=pending")
		if err != nil {
			return nil, err
		}
		for _, e := range pending {
			open = append(open, "webhook "+e.str("webhook_event_id"))
		}
	}
	return open, nil
}

// check compares all that clients were told with all that can be seen. Nothing is under way.
func (in *installation) check(ctx context.Context, c *client, h *history, hooks *receiver, replayFrom int) []string {
	var wrong []string
	say := func(format string, args ...any) {
		if len(wrong) < 30 {
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()

	for _, k := range h.calls[replayFrom:] {
		again, err := c.settle(ctx, &call{method: k.method, path: k.path, body: k.body, key: k.key})
		switch {
		case err != nil:
			say("%v", err)
			return wrong
		case !same(k.got, again):
			say("%s %s %s: the first answer was %d %s %s, a repeat says %d %s %s", k.key, k.method, k.path,
				k.got.status, k.got.code, k.got.data, again.status, again.code, again.data)
		case !again.replay:
			say("%s %s %s: a repeat had an effect of its own", k.key, k.method, k.path)
		}
	}

	intents, err := c.list(ctx, "/v1/payment-intents")
	if err != nil {
		say("%v", err)
		return wrong
	}
	var b books
	if err := in.tryDev("GET", "/dev/simulator/books", nil, &b); err != nil {
		say("%v", err)
		return wrong
	}
	type sums struct{ captured, refunded int64 }
	theirs, charges := map[string]sums{}, map[string]int{}
	for _, p := range b.Payments {
		s := theirs[p.PaymentID]
		theirs[p.PaymentID] = sums{s.captured + p.Captured, s.refunded + p.Refunded}
		if p.Captured > 0 {
			charges[p.PaymentID]++
		}
	}
	captured := map[string]int64{} // by order
	for _, i := range intents {
		intentID := i.str("payment_intent_id")
		ours := sums{i.num("captured_money.amount"), i.num("refunded_money.amount")}
		if ours != theirs[intentID] {
			say("payment %s: we have %+v, the processor has %+v", intentID, ours, theirs[intentID])
		}
		if charges[intentID] > 1 {
			say("payment %s was charged %d times", intentID, charges[intentID])
		}
		captured[i.str("order_id")] += ours.captured
		delete(theirs, intentID)
	}
	for intentID, s := range theirs {
		say("the processor has %+v of a payment %s that we do not know", s, intentID)
	}

	orders, err := c.list(ctx, "/v1/orders")
	if err != nil {
		say("%v", err)
		return wrong
	}
	refunds, err := c.list(ctx, "/v1/refunds")
	if err != nil {
		say("%v", err)
		return wrong
	}
	refundsOf := map[string][]object{}
	for _, r := range refunds {
		refundsOf[r.str("order_id")] = append(refundsOf[r.str("order_id")], r)
	}
	byID, byReference := map[string]object{}, map[string]int{}
	for _, o := range orders {
		byID[o.str("order_id")] = o
		byReference[o.str("external_reference_id")]++
	}
	for reference, n := range byReference {
		if n > 1 && reference != "demo" && reference != "" {
			say("%d orders have the reference %s: one call made more than one", n, reference)
		}
	}
	for orderID, s := range h.orders {
		o, found := byID[orderID]
		if !found {
			say("order %s was acknowledged and is gone", orderID)
			continue
		}
		if s.paid && o.str("payment_status") != "paid" {
			say("order %s was told to be paid and is %s", orderID, o.str("payment_status"))
		}
		if captured[orderID] > s.total {
			say("order %s of %d was charged %d", orderID, s.total, captured[orderID])
		}
		if got := o.num("settlement_amounts.paid_money.amount"); got != captured[orderID] {
			say("order %s says %d is paid, its payments say %d", orderID, got, captured[orderID])
		}
		have := map[string]int64{}
		for _, r := range refundsOf[orderID] {
			have[r.str("refund_id")] = r.num("amount_money.amount")
		}
		for refundID, amount := range s.refunds {
			if have[refundID] != amount {
				say("refund %s of %d was acknowledged and is %d", refundID, amount, have[refundID])
			}
		}
		if len(have) != len(s.refunds) {
			say("order %s has %d refunds, %d were asked for", orderID, len(have), len(s.refunds))
		}
		if s.compared {
			continue // attempts have no list of their own; asking for each order again takes its time
		}
		s.compared = true
		attempts, err := c.list(ctx, "/v1/orders/"+orderID+"/payment-attempts")
		if err != nil {
			say("%v", err)
			return wrong
		}
		if len(attempts) != s.payCalls {
			say("order %s has %d payment attempts, %d were asked for", orderID, len(attempts), s.payCalls)
		}
	}
	if hooks != nil {
		wrong = append(wrong, in.checkEvents(ctx, c, h, hooks)...)
	}
	return wrong
}

// checkEvents looks at the feed and at what the receiver got of it. The history is locked.
func (in *installation) checkEvents(ctx context.Context, c *client, h *history, hooks *receiver) []string {
	events, err := c.list(ctx, "/v1/webhook-events")
	if err != nil {
		return []string{err.Error()}
	}
	bodies, _, wrong := hooks.look()
	sequences, known := map[string][]int64{}, map[string]bool{}
	created := map[string]int{}
	for _, e := range events {
		eventID := e.str("webhook_event_id")
		known[eventID] = true
		sequences[e.str("root_id")] = append(sequences[e.str("root_id")], e.num("sequence"))
		if e.str("event_type") == "order.created" {
			created[e.str("resource_id")]++
		}
		body, came := bodies[eventID]
		if !came {
			if e.str("root_id") != "" && !in.before(e) {
				wrong = append(wrong, fmt.Sprintf("event %s %s was never delivered", eventID, e.str("event_type")))
			}
			continue
		}
		var sent object
		if err := json.Unmarshal([]byte(body), &sent); err != nil || sent.num("sequence") != e.num("sequence") || sent.str("root_id") != e.str("root_id") {
			wrong = append(wrong, fmt.Sprintf("event %s was sent as %s", eventID, body))
		}
	}
	for root, seen := range sequences {
		slices.Sort(seen)
		for i, n := range seen {
			if n != int64(i+1) {
				wrong = append(wrong, fmt.Sprintf("the history of %s has the numbers %v", root, seen))
				break
			}
		}
	}
	for orderID := range h.orders {
		if created[orderID] != 1 {
			wrong = append(wrong, fmt.Sprintf("order %s has %d events order.created", orderID, created[orderID]))
		}
	}
	for eventID := range bodies {
		if !known[eventID] {
			wrong = append(wrong, fmt.Sprintf("event %s was delivered and is not in the feed", eventID))
		}
	}
	return wrong[:min(len(wrong), 30)]
}

// before tells whether an event is older than the endpoint, which then did not get it.
func (in *installation) before(e object) bool {
	return strings.Compare(e.str("created_at"), in.hooked) < 0
}
