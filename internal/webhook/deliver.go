package webhook

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
)

const (
	workers     = 256 // attempts under way at a time
	perEndpoint = 8   // of them to one endpoint
	// failingWorkers is the share of the workers that endpoints which do not answer well may hold, so
	// that however many hang, the others find a free one.
	failingWorkers = workers / 2
	// perParty is the share of one app, or of the endpoints of a merchant's own, and failingOfParty that
	// of those among them which do not answer well: no backlog and no number of hanging receivers of one
	// takes the workers from the others.
	perParty       = workers / 2
	failingOfParty = failingWorkers / 4
	// firstWindow is how many attempts an endpoint gets at a time before anything is known of it.
	firstWindow    = perEndpoint / 2
	claimsAtOnce   = 64 // queues per transaction
	sequenceAtOnce = 500
	pollEvery      = time.Second
	recordTimeout  = 10 * time.Second
)

// Dispatcher places new events in their feeds, fans them out, and sends what is due. Any number of
// processes may run one over the same database.
type Dispatcher struct {
	service  *Service
	db       db.DB
	log      *slog.Logger
	notifier *Notifier

	events chan struct{} // something may be unsequenced
	queues chan struct{} // a queue may be ready or a worker free
	rescan chan struct{} // look at every queue

	mu      sync.Mutex
	ready   map[lane]party
	states  map[lane]*laneState
	all     load
	parties map[party]load
	running sync.WaitGroup
}

// load counts attempts under way, and those of them to failing endpoints.
type load struct{ total, failing int }

func (l load) and(n int, failing bool) load {
	l.total += n
	if failing {
		l.failing += n
	}
	return l
}

// room is how many more attempts fit.
func (l load) room(total, failing int, poor bool) int {
	if poor {
		return min(total-l.total, failing-l.failing)
	}
	return total - l.total
}

// laneState is what this process knows of one endpoint's queue.
type laneState struct {
	busy   map[string]bool // deliveries under way
	window int             // attempts allowed at a time: halved by each failure, one more with each success
}

func (l *laneState) poor() bool { return l.window <= 2 }

// NewDispatcher returns a Dispatcher; Run starts it.
func NewDispatcher(s *Service, d db.DB, log *slog.Logger, n *Notifier) *Dispatcher {
	return &Dispatcher{
		service: s, db: d, log: log, notifier: n,
		events: make(chan struct{}, 1), queues: make(chan struct{}, 1), rescan: make(chan struct{}, 1),
		ready: map[lane]party{}, states: map[lane]*laneState{}, parties: map[party]load{},
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Wake tells that events were committed. It never waits; give it to event.Log.
func (d *Dispatcher) Wake() { signal(d.events) }

// ClockChanged tells that the platform's clock was moved. It never waits.
func (d *Dispatcher) ClockChanged() { signal(d.rescan) }

// Run works until ctx ends, then waits for the attempts under way, which end within their time-out.
func (d *Dispatcher) Run(ctx context.Context) {
	var loops sync.WaitGroup
	loops.Go(func() { d.sequenceLoop(ctx) })
	loops.Go(func() { d.deliverLoop(ctx) })
	loops.Wait()
	d.running.Wait()
}

// Orphans makes every delivery that was under way due at once. A server that is alone on its database
// calls it before Run: whoever was sending them is gone, and nobody waits for their leases to run out.
func (d *Dispatcher) Orphans(ctx context.Context) error {
	return d.db.Write(ctx, func(tx db.Tx) error {
		return tx.Send(`UPDATE webhook_deliveries SET due_at = $1, lease = '' WHERE status = 'pending' AND lease <> ''`, d.service.Clock.Now())
	})
}

func (d *Dispatcher) sequenceLoop(ctx context.Context) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if err := d.sequence(ctx); err != nil && ctx.Err() == nil {
			d.log.ErrorContext(ctx, "events wait to be placed in their feed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-d.events:
		case <-tick.C:
		}
	}
}

// sequence places and fans out everything that is there.
func (d *Dispatcher) sequence(ctx context.Context) error {
	for {
		_, more, err := event.Sequence(ctx, d.db, sequenceAtOnce, func(tx db.Tx, events []event.Event) error {
			d.service.Failpoints.Hit("sequence.placed")
			queued, err := d.service.fanOut(tx, events)
			if err != nil {
				return err
			}
			d.service.Failpoints.Hit("sequence.fanned_out")
			scope := events[0].Scope
			tx.AfterCommit(func() {
				d.notifier.notify(scope)
				d.markReady(queued)
			})
			return nil
		})
		if err != nil || !more {
			return err
		}
	}
}

func (d *Dispatcher) markReady(queued map[lane]party) {
	d.mu.Lock()
	maps.Copy(d.ready, queued)
	d.mu.Unlock()
	signal(d.queues)
}

func (d *Dispatcher) deliverLoop(ctx context.Context) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	scan := true
	for {
		if scan {
			if err := d.scan(ctx); err != nil && ctx.Err() == nil {
				d.log.ErrorContext(ctx, "deliveries that are due could not be looked for", "error", err)
			}
		}
		for d.dispatch(ctx) {
		}
		select {
		case <-ctx.Done():
			return
		case <-d.queues:
			scan = false
		case <-d.rescan:
			scan = true
		case <-tick.C:
			scan = true
		}
	}
}

// scan finds the queues with something due, whoever made it so and whenever.
func (d *Dispatcher) scan(ctx context.Context) error {
	var lanes map[lane]party
	err := d.db.Read(ctx, func(tx db.Tx) (err error) {
		lanes, err = due(tx, d.service.Clock.Now())
		return err
	})
	d.mu.Lock()
	defer d.mu.Unlock()
	maps.Copy(d.ready, lanes)
	return err
}

// dispatch claims what fits and starts the attempts; true when it is worth calling again at once.
func (d *Dispatcher) dispatch(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	wants := d.plan()
	if len(wants) == 0 {
		return false
	}
	var (
		claimed []Sending
		full    map[lane]party
	)
	err := d.db.Write(ctx, func(tx db.Tx) error {
		claimed, full = nil, map[lane]party{}
		for _, w := range wants {
			got, more, err := d.service.claim(tx, w, d.service.Clock.Now())
			if fault.Is(err, "RESOURCE_NOT_FOUND") {
				continue
			}
			if err != nil {
				return err
			}
			claimed = append(claimed, got...)
			if more {
				full[w.lane] = w.party
			}
		}
		return nil
	})
	if err != nil {
		if ctx.Err() == nil {
			d.log.ErrorContext(ctx, "due deliveries could not be claimed", "error", err)
		}
		return false // the next scan finds them again
	}
	if len(claimed) > 0 {
		d.service.Failpoints.Hit("webhook.claimed")
	}
	d.mu.Lock()
	maps.Copy(d.ready, full)
	for _, j := range claimed {
		d.begin(ctx, j)
	}
	d.forget(wants)
	d.mu.Unlock()
	return len(claimed) > 0
}

// plan decides which queues are served next and takes them off the list of those that are ready.
func (d *Dispatcher) plan() []wanted {
	d.mu.Lock()
	defer d.mu.Unlock()
	var (
		out     []wanted
		all     = d.all
		parties = maps.Clone(d.parties)
	)
	for l, p := range d.ready { // in random order, which treats all alike
		if all.total >= workers || len(out) == claimsAtOnce {
			break
		}
		st := d.states[l]
		if st == nil {
			st = &laneState{busy: map[string]bool{}, window: firstWindow}
			d.states[l] = st
		}
		n := min(st.window-len(st.busy), all.room(workers, failingWorkers, st.poor()), parties[p].room(perParty, failingOfParty, st.poor()))
		// Places are given out by halves of the window, so that a busy queue is not claimed from singly.
		if n <= 0 || len(st.busy) > 0 && n*2 < st.window {
			continue
		}
		skip := make(map[string]bool, len(st.busy))
		for deliveryID := range st.busy {
			skip[deliveryID] = true
		}
		out = append(out, wanted{lane: l, party: p, n: n, skip: skip})
		all, parties[p] = all.and(n, st.poor()), parties[p].and(n, st.poor())
		delete(d.ready, l)
	}
	return out
}

// begin starts one attempt; d.mu is held.
func (d *Dispatcher) begin(ctx context.Context, j Sending) {
	st, from := d.states[j.endpoint.lane()], j.endpoint.party()
	if !j.endpoint.FailingSince.IsZero() && len(st.busy) == 0 && st.window == firstWindow {
		st.window = 1 // it was failing before this process knew it
	}
	poor := st.poor()
	st.busy[j.delivery.ID] = true
	d.count(from, 1, poor)
	// An attempt that was begun is finished and recorded, even while the process stops.
	detached := context.WithoutCancel(ctx)
	d.running.Go(func() {
		good := d.attempt(detached, j)
		d.mu.Lock()
		delete(st.busy, j.delivery.ID)
		d.count(from, -1, poor)
		if good {
			st.window = min(perEndpoint, st.window+1)
		} else {
			st.window = max(1, st.window/2)
		}
		d.mu.Unlock()
		signal(d.queues)
	})
}

// count notes attempts that begin or end; d.mu is held.
func (d *Dispatcher) count(from party, n int, failing bool) {
	d.all = d.all.and(n, failing)
	if d.parties[from] = d.parties[from].and(n, failing); d.parties[from] == (load{}) {
		delete(d.parties, from)
	}
}

// attempt sends and records; it reports whether the endpoint answered well.
func (d *Dispatcher) attempt(ctx context.Context, j Sending) bool {
	o, err := d.service.send(ctx, j)
	if err != nil {
		d.log.ErrorContext(ctx, "a webhook could not be made ready; it is tried again when its lease ends",
			"delivery", j.delivery.ID, "endpoint", j.endpoint.ID, "error", err)
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	err = d.db.Write(ctx, func(tx db.Tx) error {
		_, _, err := d.service.record(tx, j, o)
		d.service.Failpoints.Hit("webhook.recorded")
		return err
	})
	if err != nil {
		d.log.ErrorContext(ctx, "the outcome of a webhook could not be recorded; it is sent again when its lease ends",
			"delivery", j.delivery.ID, "endpoint", j.endpoint.ID, "error", err)
	}
	return o.success()
}

// forget drops what is known of queues that are idle and well; d.mu is held.
func (d *Dispatcher) forget(wants []wanted) {
	for _, w := range wants {
		_, ready := d.ready[w.lane]
		if st := d.states[w.lane]; st != nil && len(st.busy) == 0 && st.window >= firstWindow && !ready {
			delete(d.states, w.lane)
		}
	}
}
