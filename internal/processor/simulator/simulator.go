package simulator

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/failpoint"
	"flint/internal/id"
	"flint/internal/payment"
)

// Name is the processor's name as stored with each operation.
const Name = "simulator"

var (
	// ErrTimeout is the error of a lost request or a lost answer: the caller cannot tell which.
	ErrTimeout = errors.New("simulator: no answer")
	// ErrOtherRequest is returned when an operation ID comes again with another request. Nothing was done.
	ErrOtherRequest = errors.New("simulator: the operation was sent before with another request")
)

// Options are what a Simulator needs.
type Options struct {
	DB     db.DB
	Clock  clock.Clock
	IDs    *id.Source
	Logger *slog.Logger
	// Sink takes notices. An error means that it has to be told again; it may be called from several
	// goroutines at once.
	Sink func(ctx context.Context, n payment.Notice) error
	// Disputes takes notices of disputes in the same way; nil when nobody listens, and then they wait.
	Disputes func(ctx context.Context, n payment.DisputeNotice) error
	Delays   Delays
	// Failpoints end the process at named places in tests; nil in production.
	Failpoints *failpoint.Points
}

// Delays are how long things take, in the platform's time. Zero values become the ones named here.
type Delays struct {
	Processing time.Duration // a bank debit settles: 5 s
	Refund     time.Duration // a refund settles: 300 ms
	Return     time.Duration // a settled refund comes back: 10 s
	Challenge  time.Duration // a buyer who does not answer is given up: 1 h
	LateNotice time.Duration // the notice of a lost answer: 1 s
	Duplicate  time.Duration // between a notice and its duplicate: 500 ms
	Reorder    time.Duration // how long a reordered notice is held back: 2 s
	Dispute    time.Duration // before a disputing source disputes: 2 s
	Decision   time.Duration // before its bank decides: 5 s
	Retry      time.Duration // before a refused notice is sent again, doubled each time up to 15 min: 1 s
}

func (d Delays) withDefaults() Delays {
	return Delays{
		Processing: cmp.Or(d.Processing, 5*time.Second),
		Refund:     cmp.Or(d.Refund, 300*time.Millisecond),
		Return:     cmp.Or(d.Return, 10*time.Second),
		Challenge:  cmp.Or(d.Challenge, time.Hour),
		LateNotice: cmp.Or(d.LateNotice, time.Second),
		Duplicate:  cmp.Or(d.Duplicate, 500*time.Millisecond),
		Reorder:    cmp.Or(d.Reorder, 2*time.Second),
		Dispute:    cmp.Or(d.Dispute, 2*time.Second),
		Decision:   cmp.Or(d.Decision, 5*time.Second),
		Retry:      cmp.Or(d.Retry, time.Second),
	}
}

// Simulator implements payment.Processor. It is safe for concurrent use; Run has to be running for
// anything to settle or be told on its own.
type Simulator struct {
	db         db.DB
	clock      clock.Clock
	ids        *id.Source
	log        *slog.Logger
	sink       func(ctx context.Context, n payment.Notice) error
	disputes   func(ctx context.Context, n payment.DisputeNotice) error
	delays     Delays
	faults     *faultBox
	failpoints *failpoint.Points

	mu      sync.Mutex
	planned time.Time     // when Run looks again; zero while it is looking
	nudged  chan struct{} // makes Run look now
}

var _ payment.Processor = (*Simulator)(nil)

// New returns a simulator over the tables of migration 0060.
func New(o Options) *Simulator {
	return &Simulator{db: o.DB, clock: o.Clock, ids: o.IDs, log: o.Logger, sink: o.Sink, disputes: o.Disputes,
		delays: o.Delays.withDefaults(), faults: newFaultBox(), failpoints: o.Failpoints, nudged: make(chan struct{}, 1)}
}

// Name implements payment.Processor.
func (s *Simulator) Name() string { return Name }
