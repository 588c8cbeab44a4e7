package crash

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/failpoint"
)

var (
	campaign     = flag.Bool("campaign", false, "kill at every named place, and as often as runs and postgres-runs say")
	runs         = flag.Int("runs", 100, "kills at random moments of a campaign on SQLite")
	postgresRuns = flag.Int("postgres-runs", 40, "kills of a campaign on PostgreSQL, half of them at named places")
	seed         = flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of what clients do and when kills come")
	report       = flag.String("report", "", "folder for the dated result of a campaign")
)

// kill is one end of the process: at a named place or, without one, at a random moment.
type kill struct{ place string }

func (k kill) String() string {
	if k.place == "" {
		return "random"
	}
	return k.place
}

// tally is what a campaign counts.
type tally struct {
	Engine      string         `json:"engine"`
	Seed        uint64         `json:"seed"`
	Kills       int            `json:"kills"`
	Random      int            `json:"random_kills"`
	Fired       map[string]int `json:"fired"` // by place
	Never       []string       `json:"never_fired"`
	Stories     int64          `json:"orders_lived"`
	Calls       int            `json:"acknowledged_calls"`
	Lost        int64          `json:"lost_answers"`
	Refused     int64          `json:"server_errors"`
	Events      int            `json:"events_delivered"`
	Twice       int            `json:"events_delivered_again"`
	Checks      int            `json:"full_checks"`
	MedianReady time.Duration  `json:"median_ready_ns"`
	SlowReady   time.Duration  `json:"slowest_ready_ns"`
	Violations  []string       `json:"violations"`
	Took        time.Duration  `json:"took_ns"`
}

// TestCrash kills the server while clients use it, starts it again, lets them repeat what they got no
// answer to, and compares everything. The default is six kills; -campaign is all of it.
func TestCrash(t *testing.T) {
	random := rand.New(rand.NewPCG(*seed, 1))
	plans := map[db.Engine][]kill{}
	if *campaign {
		for _, place := range failpoint.Names {
			plans[db.SQLite] = append(plans[db.SQLite], kill{place})
		}
		plans[db.SQLite] = slices.Concat(make([]kill, *runs/2), plans[db.SQLite], make([]kill, *runs-*runs/2))
		places := random.Perm(len(failpoint.Names))
		for i := range *postgresRuns {
			k := kill{}
			if i%2 == 0 {
				k.place = failpoint.Names[places[i/2%len(places)]]
			}
			plans[db.Postgres] = append(plans[db.Postgres], k)
		}
	} else {
		often := []string{"commit.before", "commit.after", "payment.before_call", "simulator.after_effect", "payment.before_apply",
			"payment.after_commit", "idempotency.finished", "webhook.after_send", "api.before_answer", "refund.created"}
		pick := func() kill { return kill{often[random.IntN(len(often))]} }
		plans[db.SQLite] = []kill{pick(), {}, pick(), {}}
		plans[db.Postgres] = []kill{pick(), {}}
	}
	for _, engine := range dbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			if !*campaign {
				t.Parallel()
			}
			runCampaign(t, engine, plans[engine])
		})
	}
}

// A payment that was cut off goes on as soon as the server is back: a server that is alone on its
// database knows that nobody else is working on it.
func TestInterruptedPaymentGoesOnAtOnce(t *testing.T) {
	t.Parallel()
	for _, place := range []string{"payment.before_call", "simulator.after_effect", "payment.after_apply"} {
		in := install(t, "")
		in.up("FLINT_FAILPOINT=" + place)
		c := newClient(in.facts.BaseURL, in.facts.APIKey)
		a, err := c.settle(t.Context(), newOrder("order"))
		if err != nil || !a.ok() {
			t.Fatalf("make an order: %d %s, %v", a.status, a.code, err)
		}
		k := &call{method: "POST", path: "/v1/orders/" + a.object().str("order_id") + "/pay", key: "pay", body: jsonOf(payWith("simtok_approve"))}
		if a, err := c.once(t.Context(), k); err == nil {
			t.Fatalf("%s: the call was answered: %d %s", place, a.status, a.code)
		}
		<-in.ended
		in.up()
		a, err = c.once(t.Context(), k)
		if err != nil || !a.ok() || a.object().str("order.payment_status") != "paid" {
			t.Errorf("%s: a repeat is answered %d %s, order %s, %v", place, a.status, a.code, a.object().str("order.payment_status"), err)
		}
		in.stop()
		if v := in.doctor(); v.InFlight > 0 {
			t.Errorf("%s: %d operations in flight", place, v.InFlight)
		}
	}
}

// last are places that need days to pass, after which keys are forgotten; they come at the end.
var last = []string{"payment.expiring"}

func runCampaign(t *testing.T, engine db.Engine, plan []kill) {
	t.Logf("seed %d: repeat with -seed %d", *seed, *seed)
	database := ""
	if engine == db.Postgres {
		database = dbtest.OpenURL(t, engine)
	}
	c := &crasher{installation: install(t, database), tally: tally{Engine: string(engine), Seed: *seed, Fired: map[string]int{}},
		random: rand.New(rand.NewPCG(*seed, 2)), history: &history{orders: map[string]*story{}}}
	begun := time.Now()
	c.ready = append(c.ready, c.up())
	c.client = newClient(c.facts.BaseURL, c.facts.APIKey)
	c.hook(t)
	batch := 4
	if *campaign {
		batch = 8
	}
	var late []kill
	for i := 0; i < len(plan) && !t.Failed(); {
		var now []kill
		for ; i < len(plan) && len(now) < batch; i++ {
			if slices.Contains(last, plan[i].place) {
				late = append(late, plan[i])
				continue
			}
			now = append(now, plan[i])
		}
		c.round(t, i, now)
	}
	for _, k := range late {
		if !t.Failed() {
			c.outlive(t, k)
		}
	}
	c.finish(t, plan, time.Since(begun))
}

// crasher is an installation that is killed over and over.
type crasher struct {
	*installation
	tally    tally
	client   *client
	history  *history
	hooks    *receiver
	random   *rand.Rand
	ready    []time.Duration
	replayed int // calls that were repeated at a check
}

// hook makes a webhook endpoint.
func (c *crasher) hook(t *testing.T) {
	t.Helper()
	c.hooks = newReceiver(t)
	a, err := c.client.settle(t.Context(), &call{method: "POST", path: "/v1/webhook-endpoints", key: "hook",
		body: jsonOf(map[string]any{"url": c.hooks.URL + "/hook"})})
	if err != nil || !a.ok() {
		t.Fatalf("make a webhook endpoint: %d %s, %v", a.status, a.code, err)
	}
	c.hooked = a.object().str("created_at")
	if err := c.hooks.trust(a.object().str("secret")); err != nil {
		t.Fatal(err)
	}
}

// round kills a few times under one load and then checks everything.
func (c *crasher) round(t *testing.T, number int, kills []kill) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	clients := 4
	if *campaign {
		clients = 6
	}
	l := newLoad(ctx, c.client, c.history, fmt.Sprintf("r%d", number), clients, c.random.Uint64())
	for _, k := range kills {
		c.die(t, l, k)
		c.doctor() // also right after a crash the books add up
		c.revive(t)
	}
	time.Sleep(300 * time.Millisecond)
	for _, err := range l.finish() {
		t.Errorf("after %v: %v", kills, err)
	}
	c.tally.Stories += l.stories.Load()
	c.verify(ctx, t, fmt.Sprint(kills))
}

// die lets the process run under load until it is killed.
func (c *crasher) die(t *testing.T, l *load, k kill) {
	if k.place == "" {
		time.Sleep(time.Duration(c.random.Int64N(int64(1200 * time.Millisecond))))
		c.kill()
		c.tally.Random++
		c.tally.Kills++
		return
	}
	// The place is armed by a new start; the one before it ends as any other.
	c.kill()
	for _, nth := range []int{1 + c.random.IntN(6), 1, 1} {
		took, err := c.start(fmt.Sprintf("FLINT_FAILPOINT=%s:%d", k.place, nth))
		if err == nil {
			c.ready = append(c.ready, took)
		}
		for deadline := time.Now().Add(15 * time.Second); c.running() && time.Now().Before(deadline); {
			select {
			case <-c.ended:
			case <-time.After(time.Second):
				_ = c.advance(61 * time.Second) // it may be dying just now; the next start tells
			}
		}
		if !c.running() {
			break
		}
		c.kill()
	}
	if c.killedBySelf() && strings.Contains(c.logTail(4000), "failpoint "+k.place) {
		c.tally.Fired[k.place]++
		c.tally.Kills++
		return
	}
	c.tally.Never = append(c.tally.Never, k.place)
}

// revive starts the process and lets the locks of interrupted calls run out.
func (c *crasher) revive(t *testing.T) {
	c.ready = append(c.ready, c.up())
	if err := c.advance(61 * time.Second); err != nil {
		t.Fatalf("move the clock: %v", err)
	}
}

// verify waits until nothing is under way and compares everything.
func (c *crasher) verify(ctx context.Context, t *testing.T, what string) {
	t.Helper()
	if err := c.quiet(ctx, c.client, c.hooks); err != nil {
		t.Errorf("after %s: %v", what, err)
		return
	}
	wrong := c.check(ctx, c.client, c.history, c.hooks, c.replayed)
	c.tally.Violations = append(c.tally.Violations, wrong...)
	for _, w := range wrong {
		t.Errorf("after %s: %s", what, w)
	}
	c.replayed = len(c.history.calls)
	c.tally.Checks++
	if took := c.stop(); took > 10*time.Second {
		t.Errorf("the server took %v to stop", took)
	}
	if v := c.doctor(); v.InFlight > 0 {
		t.Errorf("after %s doctor finds %d operations in flight", what, v.InFlight)
	}
	c.ready = append(c.ready, c.up())
}

// outlive lets holds run out, which takes days of the platform's clock, and kills in the middle.
func (c *crasher) outlive(t *testing.T, k kill) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	l := newLoad(ctx, c.client, c.history, "late", 4, c.random.Uint64())
	for {
		time.Sleep(200 * time.Millisecond)
		holds, err := c.client.list(ctx, "/v1/payment-intents?status=requires_capture")
		if err != nil {
			t.Fatal(err)
		}
		if len(holds) > 3 {
			break
		}
	}
	for _, err := range l.finish() {
		t.Error(err)
	}
	c.kill()
	if _, err := c.start("FLINT_FAILPOINT=" + k.place + ":2"); err != nil {
		t.Fatal(err)
	}
	if err := c.advance(8 * 24 * time.Hour); err != nil {
		t.Logf("the answer of the clock was lost: %v", err)
	}
	select {
	case <-c.ended:
		c.tally.Fired[k.place]++
		c.tally.Kills++
	case <-time.After(20 * time.Second):
		c.tally.Never = append(c.tally.Never, k.place)
		c.kill()
	}
	c.doctor()
	c.revive(t)
	c.replayed = len(c.history.calls) // keys are forgotten after a day
	c.verify(ctx, t, k.place)
	holds, err := c.client.list(ctx, "/v1/payment-intents?status=requires_capture")
	if err != nil || len(holds) > 0 {
		t.Errorf("%d holds outlived their time, %v", len(holds), err)
	}
}

// finish says what happened.
func (c *crasher) finish(t *testing.T, plan []kill, took time.Duration) {
	slices.Sort(c.ready)
	bodies, twice, _ := c.hooks.look()
	y := &c.tally
	y.Calls, y.Lost, y.Refused, y.Took = len(c.history.calls), c.client.lost.Load(), c.client.refused.Load(), took
	y.Events, y.Twice = len(bodies), twice
	y.MedianReady, y.SlowReady = c.ready[len(c.ready)/2], c.ready[len(c.ready)-1]
	for _, place := range y.Never {
		t.Errorf("the place %s was never reached", place)
	}
	limit := 3 * time.Second
	if !*campaign {
		limit = 15 * time.Second // other tests take the machine
	}
	if y.MedianReady > limit {
		t.Errorf("a start takes %v until it serves (slowest %v), more than %v", y.MedianReady, y.SlowReady, limit)
	}
	t.Logf("%s: %d kills, %d of them at %d named places; %d orders, %d acknowledged calls, %d lost answers, %d events (%d again), %d checks, ready in %v (slowest %v), %v",
		y.Engine, y.Kills, y.Kills-y.Random, len(y.Fired), y.Stories, y.Calls, y.Lost, y.Events, y.Twice, y.Checks, y.MedianReady, y.SlowReady, took.Round(time.Second))
	if *report != "" {
		if err := c.write(*report, t.Failed()); err != nil {
			t.Error(err)
		}
	}
}

// write adds the dated result to the folder.
func (c *crasher) write(dir string, failed bool) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	now := time.Now().UTC()
	base := filepath.Join(dir, now.Format("2006-01-02-1504")+"-"+c.tally.Engine)
	raw, err := json.MarshalIndent(c.tally, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(base+".json", append(raw, '\n'), 0o644); err != nil {
		return err
	}
	y, result := c.tally, "nothing lost, nothing done twice"
	if failed {
		result = "FAILED"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Crash campaign on %s, %s\n\nResult: %s.\n\n", y.Engine, now.Format("2 January 2006, 15:04 UTC"), result)
	fmt.Fprintf(&b, "%d kills (%d at random moments) over %d orders and %d acknowledged calls. %d answers were lost on the way and asked for again. "+
		"%d events were delivered, %d of them more than once. %d full comparisons. Ready to serve after a kill: %v in the middle, %v at most. Seed %d, %v.\n\n",
		y.Kills, y.Random, y.Stories, y.Calls, y.Lost, y.Events, y.Twice, y.Checks, y.MedianReady.Round(time.Millisecond), y.SlowReady.Round(time.Millisecond), y.Seed, y.Took.Round(time.Second))
	b.WriteString("| place | kills |\n| --- | --- |\n")
	for _, place := range slices.Sorted(maps.Keys(y.Fired)) {
		fmt.Fprintf(&b, "| %s | %d |\n", place, y.Fired[place])
	}
	return os.WriteFile(base+".md", []byte(b.String()), 0o644)
}
