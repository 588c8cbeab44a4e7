package crash

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"flint/internal/db"
	"flint/internal/db/dbtest"
)

var (
	hookEvents = flag.Int("hook-events", 240, "events of the webhook soak")
	hookKills  = flag.Int("hook-kills", 1, "kills of the server during the webhook soak")
	hookRate   = flag.Int("hook-rate", 60, "events per second of the webhook soak")
	hookPlaces = flag.Int("hook-environments", 1, "environments of the webhook soak, with ten endpoints each")
	hookEngine = flag.String("hook-engine", "", "the only engine of the webhook soak; empty for both")
)

// manner is how a receiver behaves.
type manner string

const (
	hanging  manner = "hanging"
	failing  manner = "failing"
	flapping manner = "flapping"
	well     manner = "well"
)

// manners are those of the ten endpoints of an environment.
var manners = []manner{hanging, hanging, hanging, hanging, failing, failing, flapping, well, well, well}

// hookPlace is an environment whose merchant makes things happen.
type hookPlace struct {
	client    *client
	endpoints []*hookEndpoint
}

// hookEndpoint is a receiver and what came to it.
type hookEndpoint struct {
	id       string
	manner   manner
	server   *httptest.Server
	verifier *standardwebhooks.Webhook

	mu     sync.Mutex
	taken  map[string]arrival // events that were answered 204
	again  int                // events that were taken once more
	tries  int
	faults []string
}

// arrival is when an event happened and how long it took to its receiver.
type arrival struct {
	happened time.Time
	took     time.Duration
}

// soak is a run.
type soak struct {
	*installation
	places    []*hookPlace
	recovered atomic.Bool // the flapping ones are well from now on
	begun     time.Time
	cpu       time.Duration // of processes that ended
	kills     []time.Time
}

// TestWebhookSoak kills the server while it delivers to receivers of which most do not answer well. No
// event may be lost, and those who answer must not feel the others. make soak runs it at length.
func TestWebhookSoak(t *testing.T) {
	for _, engine := range dbtest.Engines(t) {
		if *hookEngine != "" && string(engine) != *hookEngine {
			continue
		}
		t.Run(string(engine), func(t *testing.T) {
			if *hookKills < 2 { // the short form
				t.Parallel()
			}
			database := ""
			if engine == db.Postgres {
				database = dbtest.OpenURL(t, engine)
			}
			s := &soak{installation: install(t, database), begun: time.Now()}
			s.up()
			for n := range *hookPlaces {
				s.places = append(s.places, s.place(t, n))
			}
			s.run(t)
		})
	}
}

// place makes a sandbox with its endpoints.
func (s *soak) place(t *testing.T, n int) *hookPlace {
	t.Helper()
	facts := struct {
		LiveKey string `json:"live_api_key"`
	}{}
	s.readFacts(&facts)
	owner := newClient(s.facts.BaseURL, facts.LiveKey)
	a, err := owner.settle(t.Context(), &call{method: "POST", path: "/v1/developer/sandboxes", key: fmt.Sprint("place-", n),
		body: jsonOf(map[string]any{"name": fmt.Sprint("Soak ", n), "issue_test_key": true, "test_key_name": "soak"})})
	if err != nil || !a.ok() {
		t.Fatalf("make a sandbox: %d %s, %v", a.status, a.code, err)
	}
	p := &hookPlace{client: newClient(s.facts.BaseURL, a.object().str("secret_key"))}
	for i, m := range manners {
		e := &hookEndpoint{manner: m, taken: map[string]arrival{}}
		e.server = httptest.NewServer(s.receive(e))
		t.Cleanup(e.server.Close)
		a, err := p.client.settle(t.Context(), &call{method: "POST", path: "/v1/webhook-endpoints", key: fmt.Sprint("endpoint-", i),
			body: jsonOf(map[string]any{"url": e.server.URL + "/hook", "enabled_events": []string{"customer.created"}})})
		if err != nil || !a.ok() {
			t.Fatalf("make an endpoint: %d %s, %v", a.status, a.code, err)
		}
		e.id = a.object().str("webhook_endpoint_id")
		if e.verifier, err = standardwebhooks.NewWebhook(a.object().str("secret")); err != nil {
			t.Fatal(err)
		}
		p.endpoints = append(p.endpoints, e)
	}
	return p
}

// receive answers as the endpoint's manner says.
func (s *soak) receive(e *hookEndpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the sender died in the middle
		}
		now := time.Now()
		e.mu.Lock()
		e.tries++
		verifyErr := e.verifier.VerifyIgnoringTimestamp(body, r.Header)
		if verifyErr != nil {
			e.faults = append(e.faults, verifyErr.Error())
		}
		e.mu.Unlock()
		switch {
		case e.manner == hanging:
			<-r.Context().Done()
			return
		case e.manner == failing, e.manner == flapping && !s.recovered.Load() && now.Sub(s.begun)/(2*time.Second)%2 == 1:
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		var envelope struct {
			ID string    `json:"webhook_event_id"`
			At time.Time `json:"created_at"`
		}
		if err := json.Unmarshal(body, &envelope); err != nil || envelope.ID != r.Header.Get("webhook-id") {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		e.mu.Lock()
		if _, twice := e.taken[envelope.ID]; twice {
			e.again++
		} else {
			e.taken[envelope.ID] = arrival{envelope.At, now.Sub(envelope.At)}
		}
		e.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *soak) run(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Minute)
	defer cancel()
	random := rand.New(rand.NewPCG(*seed, 3))
	begun := time.Now()
	length := time.Duration(*hookEvents) * time.Second / time.Duration(*hookRate)
	var (
		senders sync.WaitGroup
		mu      sync.Mutex
		refused []error
	)
	for n, p := range s.places {
		senders.Go(func() {
			if err := p.send(ctx, begun, n, len(s.places)); err != nil {
				mu.Lock()
				refused = append(refused, err)
				mu.Unlock()
			}
		})
	}
	for i := range *hookKills {
		// Somewhere in the i-th of equal parts of the run.
		part := length / time.Duration(*hookKills)
		at := part*time.Duration(i) + part/4 + time.Duration(random.Int64N(int64(part)/2+1))
		time.Sleep(time.Until(begun.Add(at)))
		s.end()
		s.up()
	}
	senders.Wait()
	if len(refused) > 0 {
		t.Fatal(refused)
	}
	loaded := time.Since(begun)

	// Those who answer have everything moments later.
	lists := make([][]string, len(s.places))
	for n, p := range s.places {
		lists[n] = p.events(t, ctx)
		if want := share(n, len(s.places)); len(lists[n]) != want {
			t.Errorf("environment %d: %d events of %d that were acknowledged", n, len(lists[n]), want)
		}
	}
	s.await(t, lists, well, time.Minute, func() {
		if length < 30*time.Second { // the short form does not wait for leases
			s.pass(t, 31*time.Second)
		}
	})
	drained := time.Since(begun)
	cpu := s.cpu + s.cpuNow(t)
	taken, tries := s.count()

	// The flapping ones recover, and time passes until the ladder has come round for each delivery.
	s.recovered.Store(true)
	passed := time.Duration(0)
	s.await(t, lists, flapping, 5*time.Minute, func() {
		if passed < 24*time.Hour {
			s.pass(t, time.Hour)
			passed += time.Hour
		}
	})
	s.judge(t, ctx, lists)
	t.Logf("%s: %d events, %d endpoints, %d kills: loaded for %s, healthy ones served after %s; %d deliveries taken and %d attempts, %.0f and %.0f a second; CPU %s, %s for each attempt",
		s.engine(), *hookEvents, len(manners)*len(s.places), *hookKills, loaded.Round(time.Second), drained.Round(time.Second), taken, tries,
		float64(taken)/drained.Seconds(), float64(tries)/drained.Seconds(), cpu.Round(time.Millisecond), (cpu / time.Duration(max(tries, 1))).Round(time.Microsecond))
	s.stop()
	s.doctor()
}

func (s *soak) pass(t *testing.T, d time.Duration) {
	t.Helper()
	if err := s.advance(d); err != nil {
		t.Error(err)
	}
}

// share is how many events environment n makes.
func share(n, places int) int { return *hookEvents*(n+1)/places - *hookEvents*n/places }

// send makes the environment's share of the events, evenly, each until it is acknowledged.
func (p *hookPlace) send(ctx context.Context, begun time.Time, n, places int) error {
	const atOnce = 8
	var (
		free    = make(chan struct{}, atOnce)
		running sync.WaitGroup
		failed  atomic.Pointer[error]
	)
	gap := time.Duration(places) * time.Second / time.Duration(*hookRate)
	for i := range share(n, places) {
		time.Sleep(time.Until(begun.Add(time.Duration(i) * gap)))
		free <- struct{}{}
		running.Go(func() {
			defer func() { <-free }()
			a, err := p.client.settle(ctx, &call{method: "POST", path: "/v1/customers", key: fmt.Sprint("customer-", i),
				body: jsonOf(map[string]any{"email": fmt.Sprintf("buyer%d@example.com", i)})})
			if err == nil && !a.ok() {
				err = fmt.Errorf("make customer %d: %d %s", i, a.status, a.code)
			}
			if err != nil {
				failed.CompareAndSwap(nil, &err)
			}
		})
	}
	running.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// events lists the ids of what happened in the environment.
func (p *hookPlace) events(t *testing.T, ctx context.Context) []string {
	t.Helper()
	found, err := p.client.list(ctx, "/v1/webhook-events?event_type=customer.created")
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]string, len(found))
	for i, e := range found {
		ids[i] = e.str("webhook_event_id")
	}
	return ids
}

// await waits until every endpoint of a manner has taken every event.
func (s *soak) await(t *testing.T, lists [][]string, m manner, within time.Duration, push func()) {
	t.Helper()
	for deadline := time.Now().Add(within); ; time.Sleep(500 * time.Millisecond) {
		missing := 0
		for n, p := range s.places {
			for _, e := range p.endpoints {
				if e.manner == m {
					missing += e.missing(lists[n])
				}
			}
		}
		if missing == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d deliveries to endpoints that are %s are missing after %s", missing, m, within)
		}
		push()
	}
}

func (e *hookEndpoint) missing(ids []string) (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range ids {
		if _, ok := e.taken[id]; !ok {
			n++
		}
	}
	return n
}

// count is how many deliveries were taken, and how many attempts reached a receiver.
func (s *soak) count() (taken, tries int) {
	for _, p := range s.places {
		for _, e := range p.endpoints {
			e.mu.Lock()
			taken, tries = taken+len(e.taken), tries+e.tries
			e.mu.Unlock()
		}
	}
	return taken, tries
}

// judge looks at what every endpoint was given: a delivery for each event, whatever became of it.
func (s *soak) judge(t *testing.T, ctx context.Context, lists [][]string) {
	t.Helper()
	var took, interrupted []time.Duration
	again := 0
	for n, p := range s.places {
		for _, e := range p.endpoints {
			queued, err := p.client.list(ctx, "/v1/webhook-events?event_type=customer.created&webhook_endpoint_id="+e.id)
			if err != nil {
				t.Fatal(err)
			}
			if len(queued) != len(lists[n]) {
				t.Errorf("an endpoint that is %s has %d deliveries for %d events", e.manner, len(queued), len(lists[n]))
			}
			e.mu.Lock()
			if len(e.faults) > 0 {
				t.Errorf("an endpoint that is %s: %v", e.manner, e.faults[:min(3, len(e.faults))])
			}
			if e.manner == well {
				for _, a := range e.taken {
					if s.waits(a.happened) {
						interrupted = append(interrupted, a.took)
					} else {
						took = append(took, a.took)
					}
				}
				again += e.again
			}
			if e.tries == 0 {
				t.Errorf("an endpoint that is %s was never tried", e.manner)
			}
			e.mu.Unlock()
		}
	}
	slices.Sort(took)
	at := func(share float64) time.Duration {
		return took[min(int(share*float64(len(took))), len(took)-1)].Round(time.Millisecond)
	}
	t.Logf("%s: healthy endpoints, from the event to its arrival: median %s, p95 %s, p99 %s, longest %s; %d of %d came twice",
		s.engine(), at(.5), at(.95), at(.99), at(1), again, len(took))
	limit := 5 * time.Second
	if *hookKills < 2 { // the short form runs beside other tests and measures nothing
		limit = 20 * time.Second
	}
	if p99 := at(.99); p99 > limit {
		t.Errorf("p99 of healthy endpoints is %s", p99)
	}
	if len(interrupted) > 0 {
		longest := slices.Max(interrupted)
		t.Logf("%s: %d deliveries of the %s before a kill could not go on at once, %s at the longest", s.engine(), len(interrupted), beforeKill, longest.Round(time.Millisecond))
		if longest > 60*time.Second {
			t.Errorf("a delivery that was interrupted took %s", longest)
		}
	}
}

// beforeKill is how long before a kill an event may have been on its way.
const beforeKill = 2 * time.Second

// waits reports whether what happened then may have been under way at a kill and waits for a lease of 30
// seconds: on PostgreSQL, where a process that starts cannot know that it is the only one.
func (s *soak) waits(happened time.Time) bool {
	return s.engine() == "postgres" && slices.ContainsFunc(s.kills, func(at time.Time) bool {
		return happened.Before(at) && at.Sub(happened) < beforeKill
	})
}

// end kills the server and keeps what it has used.
func (s *soak) end() {
	s.kill()
	s.kills = append(s.kills, time.Now())
	s.cpu += s.cmd.ProcessState.UserTime() + s.cmd.ProcessState.SystemTime()
}
