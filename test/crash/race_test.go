package crash

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
)

var rounds = flag.Int("rounds", 20, "rounds of each race")

// arena is a running server for clients that race.
type arena struct {
	*installation
	*client
	ctx    context.Context
	random *rand.Rand
	serial int
}

// races are the ways in which clients get into each other's way. Refund against dispute is not among
// them: there are no disputes yet.
var races = []struct {
	name  string
	run   func(a *arena) error
	heavy bool // a short run has a quarter of the rounds
}{
	{"two pays of one checkout", (*arena).twoPays, false},
	{"the buyer's return against the processor's notice", (*arena).returnAgainstNotice, false},
	{"the answer against its notices", (*arena).answerAgainstNotices, false},
	{"two captures", (*arena).twoCaptures, false},
	{"capture against cancel", (*arena).captureAgainstCancel, false},
	{"two refunds over the rest", (*arena).twoRefunds, false},
	{"refund against the notice of a refund", (*arena).refundAgainstNotice, true},
	{"edit against pay", (*arena).editAgainstPay, false},
	{"one key 64 times", (*arena).oneKey, true},
	{"64 refunds of one payment", (*arena).manyRefunds, true},
	{"expiry against a late capture", (*arena).expiryAgainstCapture, false},
}

func TestRaces(t *testing.T) {
	t.Parallel()
	for _, engine := range dbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			database := ""
			if engine == db.Postgres {
				database = dbtest.OpenURL(t, engine)
			}
			in := install(t, database)
			in.up()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
			defer cancel()
			a := &arena{installation: in, client: newClient(in.facts.BaseURL, in.facts.APIKey), ctx: ctx, random: rand.New(rand.NewPCG(*seed, 3))}
			for _, race := range races {
				begun := time.Now()
				many := *rounds
				if race.heavy && many < 100 {
					many = max(1, many/4)
				}
				for n := range many {
					if err := race.run(a); err != nil {
						t.Errorf("%s, round %d: %v", race.name, n, err)
						break
					}
				}
				t.Logf("%s: %d rounds in %v", race.name, many, time.Since(begun).Round(time.Millisecond))
			}
			in.dev("PUT", "/dev/simulator/faults", map[string]any{"seed": 0, "operations": map[string]any{}}, nil)
			if err := in.quiet(ctx, a.client, nil); err != nil {
				t.Error(err)
			}
			for _, w := range in.check(ctx, a.client, &history{}, nil, 0) {
				t.Error(w)
			}
			in.stop()
			if v := in.doctor(); v.InFlight > 0 {
				t.Errorf("%d operations are in flight", v.InFlight)
			}
		})
	}
}

// key is a new idempotency key.
func (a *arena) key() string { a.serial++; return fmt.Sprintf("race-%d", a.serial) }

// post sends one request that has to succeed.
func (a *arena) post(path string, body any) (object, error) {
	got, err := a.settle(a.ctx, &call{method: "POST", path: path, body: jsonOf(body), key: a.key()})
	if err == nil && !got.ok() {
		err = fmt.Errorf("POST %s %s: %d %s", path, jsonOf(body), got.status, got.code)
	}
	return got.object(), err
}

// at sends all calls at the same moment, once each, and returns their answers.
func (a *arena) at(calls ...*call) ([]answer, error) {
	gate := make(chan struct{})
	answers, errs := make([]answer, len(calls)), make([]error, len(calls))
	var wg sync.WaitGroup
	for i, k := range calls {
		wg.Go(func() {
			<-gate
			answers[i], errs[i] = a.once(a.ctx, k)
		})
	}
	close(gate)
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", calls[i].method, calls[i].path, err)
		}
		if answers[i].status >= 500 {
			return nil, fmt.Errorf("%s %s: %d %s", calls[i].method, calls[i].path, answers[i].status, answers[i].code)
		}
	}
	return answers, nil
}

func (a *arena) keyed(path string, body any) *call {
	return &call{method: "POST", path: path, body: jsonOf(body), key: a.key()}
}

// winners counts successes; a loser has to have one of the codes.
func winners(answers []answer, codes ...string) (int, error) {
	n := 0
	for _, a := range answers {
		if a.ok() {
			n++
		} else if !slices.Contains(codes, a.code) {
			return n, fmt.Errorf("lost with %d %s, not with one of %v", a.status, a.code, codes)
		}
	}
	return n, nil
}

func (a *arena) order(amount int64) (string, error) {
	o, err := a.post("/v1/orders", map[string]any{
		"line_items": []any{map[string]any{"name": "Notebook", "unit_price_money": usd(amount)}}, "tax": map[string]any{"enabled": false},
	})
	return o.str("order_id"), err
}

func payWith(token string) map[string]any {
	return map[string]any{"action": "pay", "payment_source": map[string]any{"token": token}}
}

func (a *arena) paid(amount int64) (string, error) {
	orderID, err := a.order(amount)
	if err != nil {
		return "", err
	}
	o, err := a.post("/v1/orders/"+orderID+"/pay", payWith("simtok_approve"))
	if err == nil && o.str("payment_attempt.status") != "succeeded" {
		err = fmt.Errorf("the payment of %s is %s", orderID, o.str("payment_attempt.status"))
	}
	return orderID, err
}

// held is an order whose money is authorized.
func (a *arena) held(amount int64) (orderID, intent, attempt string, err error) {
	if orderID, err = a.order(amount); err != nil {
		return
	}
	o, err := a.post("/v1/orders/"+orderID+"/payment-intents", map[string]any{"capture_method": "manual"})
	if err != nil {
		return
	}
	intent = o.str("payment_intent.payment_intent_id")
	o, err = a.post("/v1/orders/"+orderID+"/pay", map[string]any{
		"action": "confirm_payment_intents", "payment_intents": []any{map[string]any{"payment_intent_id": intent, "token": "simtok_approve"}},
	})
	if err == nil && o.str("payment_attempt.status") != "requires_capture" {
		err = fmt.Errorf("the hold of %s is %s", orderID, o.str("payment_attempt.status"))
	}
	return orderID, intent, o.str("payment_attempt.order_payment_attempt_id"), err
}

// money is what an order says of itself.
func (a *arena) money(orderID string) (paid, refunded, total int64, o object, err error) {
	got, err := a.get(a.ctx, "/v1/orders/"+orderID)
	o = got.object()
	return o.num("settlement_amounts.paid_money.amount"), o.num("settlement_amounts.refunded_money.amount"), o.num("pricing_amounts.total_money.amount"), o, err
}

// charged is what the processor took for an order, and in how many charges.
func (a *arena) charged(orderID string) (sum int64, charges int, err error) {
	intents, err := a.list(a.ctx, "/v1/payment-intents?order_id="+orderID)
	if err != nil {
		return 0, 0, err
	}
	var b books
	if err := a.tryDev("GET", "/dev/simulator/books", nil, &b); err != nil {
		return 0, 0, err
	}
	for _, i := range intents {
		for _, p := range b.Payments {
			if p.PaymentID == i.str("payment_intent_id") && p.Captured > 0 {
				sum += p.Captured
				charges++
			}
		}
	}
	return sum, charges, nil
}

// chargedOnce checks that an order was paid by one charge of its total.
func (a *arena) chargedOnce(orderID string) error {
	paid, _, total, _, err := a.money(orderID)
	if err != nil {
		return err
	}
	sum, charges, err := a.charged(orderID)
	if err == nil && (paid != total || sum != total || charges != 1) {
		err = fmt.Errorf("order %s of %d: %d paid, %d charged in %d charges", orderID, total, paid, sum, charges)
	}
	return err
}

// events counts an order's events of a type.
func (a *arena) events(kind, resourceID string) (int, error) {
	found, err := a.list(a.ctx, "/v1/webhook-events?event_type="+kind+"&resource_id="+resourceID)
	return len(found), err
}

func (a *arena) exactlyOne(kind, resourceID string) error {
	n, err := a.events(kind, resourceID)
	if err == nil && n != 1 {
		err = fmt.Errorf("%d events %s of %s", n, kind, resourceID)
	}
	return err
}

func (a *arena) twoPays() error {
	orderID, err := a.order(2500)
	if err != nil {
		return err
	}
	if _, err := a.post("/v1/checkout-sessions", map[string]any{"order_id": orderID}); err != nil {
		return err
	}
	at := "/v1/orders/" + orderID + "/pay"
	got, err := a.at(a.keyed(at, payWith("simtok_approve")), a.keyed(at, payWith("simtok_approve")), a.keyed(at, payWith("simtok_approve")))
	if err != nil {
		return err
	}
	if n, err := winners(got, "ORDER_PAYMENT_ATTEMPT_ACTIVE", "ORDER_ALREADY_PAID"); err != nil || n != 1 {
		return fmt.Errorf("%d of 3 pays went through, %w", n, err)
	}
	if err := a.chargedOnce(orderID); err != nil {
		return err
	}
	return a.exactlyOne("order.paid", orderID)
}

// returnAgainstNotice lets the buyer answer the bank while the page resumes and the notice arrives.
func (a *arena) returnAgainstNotice() error {
	orderID, err := a.order(4200)
	if err != nil {
		return err
	}
	o, err := a.post("/v1/orders/"+orderID+"/pay", payWith("simtok_3ds"))
	if err != nil {
		return err
	}
	attempt, page := o.str("payment_attempt.order_payment_attempt_id"), o.str("payment_attempt.pending_actions.0.client_action.redirect.url")
	browser := &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answered := make(chan error, 1)
	go func() {
		resp, err := browser.PostForm(page, url.Values{"result": {"approve"}, "approve": {"1"}})
		if err == nil {
			err = resp.Body.Close()
			if resp.StatusCode >= 400 {
				err = fmt.Errorf("the bank's page answers %d", resp.StatusCode)
			}
		}
		answered <- err
	}()
	resume := map[string]any{"action": "resume", "order_payment_attempt_id": attempt}
	for {
		got, err := a.at(a.keyed("/v1/orders/"+orderID+"/pay", resume), a.keyed("/v1/orders/"+orderID+"/pay", resume))
		if err != nil {
			return err
		}
		if _, err := winners(got, "PAYMENT_ATTEMPT_NOT_RESUMABLE", "PAYMENT_ATTEMPT_STILL_PROCESSING"); err != nil {
			return err
		}
		_, _, _, o, err := a.money(orderID)
		if err != nil {
			return err
		}
		if o.str("payment_status") == "paid" {
			break
		}
		select {
		case err := <-answered:
			if err != nil {
				return err
			}
			answered <- nil
		case <-time.After(time.Millisecond):
		}
	}
	if err := <-answered; err != nil {
		return err
	}
	if err := a.chargedOnce(orderID); err != nil {
		return err
	}
	return a.exactlyOne("order.paid", orderID)
}

// answerAgainstNotices has the processor tell everything three times: in the answer and in two notices.
func (a *arena) answerAgainstNotices() error {
	noisy := map[string]any{"echo": map[string]any{"percent": 100}, "duplicate": map[string]any{"percent": 100}, "answer_delay_ms": a.random.IntN(15)}
	set := func(ops map[string]any) error {
		return a.tryDev("PUT", "/dev/simulator/faults", map[string]any{"seed": 1, "operations": ops}, nil)
	}
	if err := set(map[string]any{"sale": noisy, "refund": noisy}); err != nil {
		return err
	}
	orderID, err := a.order(3100)
	if err != nil {
		return err
	}
	at := "/v1/orders/" + orderID + "/pay"
	got, err := a.at(a.keyed(at, payWith("simtok_approve")), a.keyed(at, payWith("simtok_approve")))
	if err != nil {
		return err
	}
	if n, err := winners(got, "ORDER_PAYMENT_ATTEMPT_ACTIVE", "ORDER_ALREADY_PAID"); err != nil || n != 1 {
		return fmt.Errorf("%d of 2 pays went through, %w", n, err)
	}
	if err := a.chargedOnce(orderID); err != nil {
		return err
	}
	if err := a.exactlyOne("order.paid", orderID); err != nil {
		return err
	}
	return set(map[string]any{})
}

func (a *arena) twoCaptures() error {
	orderID, intent, attempt, err := a.held(1900)
	if err != nil {
		return err
	}
	at, body := "/v1/orders/"+orderID+"/payment-intents/"+intent+"/capture", map[string]any{"order_payment_attempt_id": attempt}
	got, err := a.at(a.keyed(at, body), a.keyed(at, body), a.keyed(at, body))
	if err != nil {
		return err
	}
	if n, err := winners(got, "PAYMENT_OPERATION_IN_PROGRESS", "INVALID_STATUS_FOR_CAPTURE", "PAYMENT_ATTEMPT_MISMATCH"); err != nil || n != 1 {
		return fmt.Errorf("%d of 3 captures went through, %w", n, err)
	}
	return a.chargedOnce(orderID)
}

func (a *arena) captureAgainstCancel() error {
	orderID, intent, attempt, err := a.held(1700)
	if err != nil {
		return err
	}
	at, body := "/v1/orders/"+orderID+"/payment-intents/"+intent, map[string]any{"order_payment_attempt_id": attempt}
	got, err := a.at(a.keyed(at+"/capture", body), a.keyed(at+"/cancel", body))
	if err != nil {
		return err
	}
	if n, err := winners(got, "PAYMENT_OPERATION_IN_PROGRESS", "INVALID_STATUS_FOR_CAPTURE", "ORDER_PAYMENT_LEG_ALREADY_SETTLED", "PAYMENT_INTENT_NOT_CANCELABLE"); err != nil || n != 1 {
		return fmt.Errorf("%d of capture and cancel went through, %w", n, err)
	}
	if got[0].ok() {
		return a.chargedOnce(orderID)
	}
	sum, _, err := a.charged(orderID)
	paid, _, _, o, merr := a.money(orderID)
	if err != nil || merr != nil || sum != 0 || paid != 0 {
		return fmt.Errorf("canceled, and %d charged, %d paid, %s, %w, %w", sum, paid, o.str("payment_status"), err, merr)
	}
	return nil
}

func (a *arena) twoRefunds() error {
	orderID, err := a.paid(1000)
	if err != nil {
		return err
	}
	body := map[string]any{"order_id": orderID, "amount_money": usd(600)}
	got, err := a.at(a.keyed("/v1/refunds", body), a.keyed("/v1/refunds", body))
	if err != nil {
		return err
	}
	if n, err := winners(got, "AMOUNT_EXCEEDS_REFUNDABLE"); err != nil || n != 1 {
		return fmt.Errorf("%d of 2 refunds went through, %w", n, err)
	}
	return nil
}

// refundAgainstNotice asks for the rest twice at the moment in which the first refund settles.
func (a *arena) refundAgainstNotice() error {
	orderID, err := a.paid(1000)
	if err != nil {
		return err
	}
	if _, err := a.post("/v1/refunds", map[string]any{"order_id": orderID, "amount_money": usd(600)}); err != nil {
		return err
	}
	time.Sleep(time.Duration(280+a.random.IntN(60)) * time.Millisecond)
	body := map[string]any{"order_id": orderID, "amount_money": usd(400)}
	got, err := a.at(a.keyed("/v1/refunds", body), a.keyed("/v1/refunds", body))
	if err != nil {
		return err
	}
	if n, err := winners(got, "AMOUNT_EXCEEDS_REFUNDABLE", "NO_PAYMENTS_FOR_ORDER", "PAYMENT_INTENT_NOT_REFUNDABLE"); err != nil || n != 1 {
		return fmt.Errorf("%d of 2 refunds of the rest went through, %w", n, err)
	}
	return nil
}

// editAgainstPay changes the price while the payer pays: what is charged is what the order costs in the
// end, and a payer who said what they saw is charged that or nothing.
func (a *arena) editAgainstPay() error {
	o, err := a.post("/v1/orders", map[string]any{
		"line_items": []any{map[string]any{"name": "Notebook", "unit_price_money": usd(1000), "quantity": 2}}, "tax": map[string]any{"enabled": false},
	})
	if err != nil {
		return err
	}
	orderID, line := o.str("order_id"), o.str("line_items.0.order_line_item_id")
	pay := payWith("simtok_approve")
	if a.random.IntN(2) == 0 {
		pay["expected_outstanding_money"] = usd(2000)
	}
	edit := &call{method: "PATCH", path: "/v1/orders/" + orderID + "/line-items/" + line, body: jsonOf(map[string]any{"quantity": 5}), key: a.key()}
	got, err := a.at(a.keyed("/v1/orders/"+orderID+"/pay", pay), edit)
	if err != nil {
		return err
	}
	if _, err := winners(got[:1], "ORDER_CHANGED_REFRESH_REQUIRED"); err != nil {
		return fmt.Errorf("pay: %w", err)
	}
	sum, _, err := a.charged(orderID)
	if err != nil {
		return err
	}
	seen := got[0].object().num("payment_attempt.expected_outstanding_money.amount")
	switch {
	case !got[0].ok() && (sum != 0 || !got[1].ok()):
		return fmt.Errorf("pay was refused, and %d charged, the edit answered %d %s", sum, got[1].status, got[1].code)
	case got[0].ok() && sum != seen:
		return fmt.Errorf("charged %d, the payment was started over %d", sum, seen)
	case got[0].ok() && pay["expected_outstanding_money"] != nil && sum != 2000:
		return fmt.Errorf("charged %d to a payer who saw 2000", sum)
	}
	paid, _, _, _, err := a.money(orderID)
	if err == nil && paid != sum {
		err = fmt.Errorf("charged %d, the order says %d", sum, paid)
	}
	return err
}

func (a *arena) oneKey() error {
	orderID, err := a.order(2300)
	if err != nil {
		return err
	}
	for _, k := range []*call{
		a.keyed("/v1/orders", map[string]any{"line_items": []any{map[string]any{"name": "Notebook", "unit_price_money": usd(100)}}, "tax": map[string]any{"enabled": false}}),
		a.keyed("/v1/orders/"+orderID+"/pay", payWith("simtok_approve")),
		a.keyed("/v1/refunds", map[string]any{"order_id": orderID, "amount_money": usd(100)}),
	} {
		got, err := a.at(slices.Repeat([]*call{k}, 64)...)
		if err != nil {
			return err
		}
		if _, err := winners(got, "IDEMPOTENCY_KEY_IN_PROGRESS"); err != nil {
			return fmt.Errorf("%s: %w", k.path, err)
		}
		first, originals := answer{}, 0
		for _, g := range got {
			if !g.ok() {
				continue
			}
			if !g.replay {
				originals++
			}
			if first.status == 0 {
				first = g
			}
			if !same(first, g) {
				return fmt.Errorf("%s: one key, two answers:\n%s\n%s", k.path, first.data, g.data)
			}
		}
		again, err := a.settle(a.ctx, k)
		if err != nil || originals != 1 || !same(first, again) || !again.replay {
			return fmt.Errorf("%s: %d originals, then %d %s, replayed %v, %w", k.path, originals, again.status, again.code, again.replay, err)
		}
	}
	if err := a.chargedOnce(orderID); err != nil {
		return err
	}
	refunds, err := a.list(a.ctx, "/v1/refunds?order_id="+orderID)
	if err == nil && len(refunds) != 1 {
		err = fmt.Errorf("%d refunds under one key", len(refunds))
	}
	return err
}

func (a *arena) manyRefunds() error {
	orderID, err := a.paid(6400)
	if err != nil {
		return err
	}
	calls := make([]*call, 64)
	var asked int64
	for i := range calls {
		amount := int64(150 + i)
		asked += amount
		calls[i] = a.keyed("/v1/refunds", map[string]any{"order_id": orderID, "amount_money": usd(amount)})
	}
	got, err := a.at(calls...)
	if err != nil {
		return err
	}
	if _, err := winners(got, "AMOUNT_EXCEEDS_REFUNDABLE", "NO_PAYMENTS_FOR_ORDER"); err != nil {
		return err
	}
	var sum int64
	for _, g := range got {
		if g.ok() {
			sum += g.object().num("amount_money.amount")
		}
	}
	if sum > 6400 || sum < 6400-213 {
		return fmt.Errorf("%d of 6400 refunded, %d asked for", sum, asked)
	}
	return nil
}

// expiryAgainstCapture captures at the moment in which the hold runs out.
func (a *arena) expiryAgainstCapture() error {
	orderID, intent, attempt, err := a.held(1500)
	if err != nil {
		return err
	}
	got, err := a.get(a.ctx, "/v1/payment-intents/"+intent)
	if err != nil {
		return err
	}
	ends, err := time.Parse(time.RFC3339Nano, got.object().str("authorization_expires_at"))
	if err != nil {
		return err
	}
	var clock struct {
		Now time.Time `json:"now"`
	}
	if err := a.tryDev("GET", "/dev/clock", nil, &clock); err != nil {
		return err
	}
	moved := make(chan error, 1)
	go func() {
		time.Sleep(time.Duration(a.serial%5) * time.Millisecond)
		moved <- a.advance(ends.Sub(clock.Now) + time.Second)
	}()
	body := map[string]any{"order_payment_attempt_id": attempt}
	answers, err := a.at(a.keyed("/v1/orders/"+orderID+"/payment-intents/"+intent+"/capture", body))
	if err := <-moved; err != nil {
		return err
	}
	if err != nil {
		return err
	}
	if _, err := winners(answers, "PAYMENT_AUTHORIZATION_EXPIRED", "INVALID_STATUS_FOR_CAPTURE", "PAYMENT_ATTEMPT_MISMATCH"); err != nil {
		return err
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		got, err := a.get(a.ctx, "/v1/payment-intents/"+intent)
		if err != nil {
			return err
		}
		sum, _, err := a.charged(orderID)
		if err != nil {
			return err
		}
		status := got.object().str("status")
		switch {
		case status == "succeeded" && sum == 1500, status == "expired" && sum == 0:
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("the capture answered %d %s, the payment is %s, %d charged", answers[0].status, answers[0].code, status, sum)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
