package webhook

import (
	"context"
	"log/slog"
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
	// handAhead is how many deliveries may wait in memory for an endpoint that answers within quick: less than
	// two seconds of work. They need not be claimed one handful after the other.
	handAhead      = 256
	quick          = 50 * time.Millisecond
	longestWait    = 2 * time.Second // of a delivery in memory
	claimsAtOnce   = 64              // queues per transaction
	recordsAtOnce  = 16              // outcomes per transaction
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

	mu        sync.Mutex
	ready     map[lane]bool
	states    map[lane]*laneState
	total     int  // attempts under way or not recorded yet
	failing   int  // of them to failing endpoints
	open      bool // Run is at work: deliveries may be handed over
	outcomes  []answered
	recording bool // somebody is at work on outcomes
	running   sync.WaitGroup
}

// laneState is what this process knows of one endpoint's queue.
type laneState struct {
	busy    map[string]bool // deliveries in this process's hands: waiting, under way or not recorded yet
	sending int             // attempts under way
	window  int             // attempts allowed at a time: halved by each failure, one more with each success
	quick   bool            // the last attempt was answered soon and well
	waiting []Sending       // handed over, in their order
}

func (l *laneState) poor() bool { return l.window <= 2 }

// idle tells that nothing worth remembering is known of the queue.
func (l *laneState) idle() bool { return len(l.busy) == 0 && l.window == perEndpoint }

// answered is an attempt that is over and has to be recorded.
type answered struct {
	sending Sending
	outcome outcome
	poor    bool // it held one of the failing workers
}

// NewDispatcher returns a Dispatcher; Run starts it.
func NewDispatcher(s *Service, d db.DB, log *slog.Logger, n *Notifier) *Dispatcher {
	return &Dispatcher{
		service: s, db: d, log: log, notifier: n,
		events: make(chan struct{}, 1), queues: make(chan struct{}, 1), rescan: make(chan struct{}, 1),
		ready: map[lane]bool{}, states: map[lane]*laneState{},
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
	d.setOpen(true)
	loops.Wait()
	d.setOpen(false)
	d.giveBackAll(context.WithoutCancel(ctx))
	d.running.Wait()
}

func (d *Dispatcher) setOpen(open bool) {
	d.mu.Lock()
	d.open = open
	d.mu.Unlock()
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
			out, err := d.service.fanOut(tx, events, d.room)
			if err != nil {
				return err
			}
			d.service.Failpoints.Hit("sequence.fanned_out")
			scope := events[0].Scope
			tx.AfterCommit(func() {
				d.notifier.notify(scope)
				d.take(ctx, out)
			})
			return nil
		})
		if err != nil || !more {
			return err
		}
	}
}

// room is how many deliveries of a queue may be handed over now. Behind others that wait in the database
// none are, so that those have their turn.
func (d *Dispatcher) room(l lane) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.open || d.ready[l] {
		return 0
	}
	st := d.states[l]
	switch {
	case st == nil:
		return min(perEndpoint, workers-d.total)
	case st.poor() || d.total >= workers:
		return 0
	case st.quick:
		return handAhead - len(st.waiting)
	default:
		return st.window - st.sending - len(st.waiting)
	}
}

// take accepts what was fanned out: deliveries that were handed over, and queues that got some.
func (d *Dispatcher) take(ctx context.Context, out fannedOut) {
	if len(out.handed) > 0 {
		d.service.Failpoints.Hit("webhook.claimed")
	}
	d.mu.Lock()
	for l := range out.queued {
		d.ready[l] = true
	}
	d.accept(ctx, out.handed)
	d.mu.Unlock()
	signal(d.queues)
}

// accept takes leased deliveries and begins what there are places for; d.mu is held.
func (d *Dispatcher) accept(ctx context.Context, leased []Sending) {
	touched := map[*laneState]bool{}
	for _, j := range leased {
		st := d.state(lane{j.delivery.Scope, j.delivery.EndpointID})
		if !j.endpoint.FailingSince.IsZero() && st.idle() {
			st.window = 1 // it was failing before this process knew it
		}
		st.busy[j.delivery.ID] = true
		st.waiting = append(st.waiting, j)
		touched[st] = true
	}
	for st := range touched {
		d.beginWaiting(ctx, st)
	}
}

// state is what is known of a queue; d.mu is held.
func (d *Dispatcher) state(l lane) *laneState {
	st := d.states[l]
	if st == nil {
		st = &laneState{busy: map[string]bool{}, window: perEndpoint}
		d.states[l] = st
	}
	return st
}

// beginWaiting starts attempts of a queue as far as there are places; d.mu is held. What waited too long is
// given back: its endpoint may have been changed, disabled or deleted since.
func (d *Dispatcher) beginWaiting(ctx context.Context, st *laneState) {
	var stale []Sending
	for len(st.waiting) > 0 && st.sending < st.window && d.total < workers && (!st.poor() || d.failing < failingWorkers) {
		j := st.waiting[0]
		st.waiting = st.waiting[1:]
		if d.service.Clock.Now().Add(leaseTime - longestWait).After(j.delivery.dueAt) {
			delete(st.busy, j.delivery.ID)
			stale = append(stale, j)
			continue
		}
		d.begin(ctx, st, j)
	}
	if len(stale) > 0 {
		d.running.Go(func() { d.giveBack(context.WithoutCancel(ctx), stale) })
	}
}

// giveBackAll gives back what was handed over and not begun, so that the next process need not wait for the
// leases to run out.
func (d *Dispatcher) giveBackAll(ctx context.Context) {
	d.mu.Lock()
	var all []Sending
	for _, st := range d.states {
		for _, j := range st.waiting {
			delete(st.busy, j.delivery.ID)
		}
		all, st.waiting = append(all, st.waiting...), nil
	}
	d.mu.Unlock()
	d.giveBack(ctx, all)
}

// giveBack ends leases, so that the deliveries are due again.
func (d *Dispatcher) giveBack(ctx context.Context, all []Sending) {
	if len(all) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	err := d.db.Write(ctx, func(tx db.Tx) error {
		for _, j := range all {
			if err := giveBack(tx, j.delivery, d.service.Clock.Now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		d.log.ErrorContext(ctx, "deliveries could not be given back; they are tried when their leases end", "error", err)
	}
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
	var lanes []lane
	err := d.db.Read(ctx, func(tx db.Tx) (err error) {
		lanes, err = due(tx, d.service.Clock.Now())
		return err
	})
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, l := range lanes {
		d.ready[l] = true
	}
	return err
}

// dispatch claims what fits and starts the attempts; true when it is worth calling again at once.
func (d *Dispatcher) dispatch(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	wants := d.plan(ctx)
	if len(wants) == 0 {
		return false
	}
	var (
		claimed []Sending
		full    map[lane]bool
	)
	err := d.db.Write(ctx, func(tx db.Tx) error {
		claimed, full = nil, map[lane]bool{}
		for _, w := range wants {
			got, more, err := claim(tx, w, d.service.Clock.Now())
			if fault.Is(err, "RESOURCE_NOT_FOUND") {
				continue
			}
			if err != nil {
				return err
			}
			claimed = append(claimed, got...)
			full[w.lane] = more
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
	for l, more := range full {
		if more {
			d.ready[l] = true
		}
	}
	d.accept(ctx, claimed)
	d.forget(wants)
	d.mu.Unlock()
	return len(claimed) > 0
}

// plan begins what waits for a worker, decides which queues are served next and takes them off the list of
// those that are ready.
func (d *Dispatcher) plan(ctx context.Context) []wanted {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, st := range d.states {
		d.beginWaiting(ctx, st)
	}
	var (
		out         []wanted
		free        = workers - d.total
		freeFailing = min(free, failingWorkers-d.failing)
	)
	for l := range d.ready { // in random order, which treats all alike
		if free <= 0 || len(out) == claimsAtOnce {
			break
		}
		st := d.state(l)
		n, half := st.window-st.sending, st.window
		if st.quick {
			n, half = handAhead, handAhead
		}
		n = min(n-len(st.waiting), free)
		if st.poor() {
			n = min(n, freeFailing)
		}
		// Places are given out by halves, so that a busy queue is not claimed from singly.
		if n <= 0 || len(st.busy) > 0 && n*2 < half {
			continue
		}
		skip := make(map[string]bool, len(st.busy))
		for deliveryID := range st.busy {
			skip[deliveryID] = true
		}
		out = append(out, wanted{lane: l, n: n, skip: skip})
		free -= n
		if st.poor() {
			freeFailing -= n
		}
		delete(d.ready, l)
	}
	return out
}

// begin starts one attempt; d.mu is held. Its place is free again once it was answered, before its
// outcome is recorded.
func (d *Dispatcher) begin(ctx context.Context, st *laneState, j Sending) {
	poor := st.poor()
	st.sending++
	d.total++
	if poor {
		d.failing++
	}
	// An attempt that was begun is finished and recorded, even while the process stops.
	detached := context.WithoutCancel(ctx)
	d.running.Go(func() {
		o, err := d.service.send(detached, j)
		if err != nil {
			d.log.ErrorContext(detached, "a webhook could not be made ready; it is tried again when its lease ends",
				"delivery", j.delivery.ID, "endpoint", j.endpoint.ID, "error", err)
		}
		a := answered{sending: j, outcome: o, poor: poor}
		d.mu.Lock()
		st.sending--
		if good := err == nil && o.success(); good {
			st.window, st.quick = min(perEndpoint, st.window+1), o.took < quick
		} else {
			st.window, st.quick = max(1, st.window/2), false
		}
		if err == nil {
			d.outcomes = append(d.outcomes, a)
		} else {
			d.release(a)
		}
		d.beginWaiting(ctx, st)
		mine := err == nil && !d.recording
		if mine {
			d.recording = true
		}
		d.mu.Unlock()
		signal(d.queues)
		if mine {
			d.recordAll(detached)
		}
	})
}

// release lets go of a delivery whose attempt is over; d.mu is held.
func (d *Dispatcher) release(a answered) {
	l := lane{a.sending.delivery.Scope, a.sending.delivery.EndpointID}
	st := d.state(l)
	delete(st.busy, a.sending.delivery.ID)
	d.total--
	if a.poor {
		d.failing--
	}
	if st.idle() && !d.ready[l] {
		delete(d.states, l)
	}
}

// recordAll records outcomes, several in a transaction, until there are none. One goroutine does it at a
// time; what is answered meanwhile waits for its next transaction.
func (d *Dispatcher) recordAll(ctx context.Context) {
	for {
		d.mu.Lock()
		n := min(len(d.outcomes), recordsAtOnce)
		batch := d.outcomes[:n:n]
		d.outcomes = d.outcomes[n:]
		if n == 0 {
			d.outcomes, d.recording = nil, false
		}
		d.mu.Unlock()
		if n == 0 {
			return
		}
		if err := d.recordSome(ctx, batch); err != nil {
			for _, a := range batch { // one that cannot be recorded does not take the others with it
				if err := d.recordSome(ctx, []answered{a}); err != nil {
					d.log.ErrorContext(ctx, "the outcome of a webhook could not be recorded; it is sent again when its lease ends",
						"delivery", a.sending.delivery.ID, "endpoint", a.sending.endpoint.ID, "error", err)
				}
			}
		}
		d.mu.Lock()
		for _, a := range batch {
			d.release(a)
		}
		d.mu.Unlock()
		signal(d.queues)
	}
}

func (d *Dispatcher) recordSome(ctx context.Context, batch []answered) error {
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	return d.db.Write(ctx, func(tx db.Tx) error {
		for _, a := range batch {
			if _, _, err := d.service.record(tx, a.sending, a.outcome); err != nil {
				return err
			}
		}
		d.service.Failpoints.Hit("webhook.recorded")
		return nil
	})
}

// forget drops what is known of queues that are idle and well; d.mu is held.
func (d *Dispatcher) forget(wants []wanted) {
	for _, w := range wants {
		if st := d.states[w.lane]; st != nil && st.idle() && !d.ready[w.lane] {
			delete(d.states, w.lane)
		}
	}
}
