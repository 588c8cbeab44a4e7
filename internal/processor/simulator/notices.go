package simulator

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/payment"
)

const (
	batch      = 256              // rows taken at once
	workers    = 8                // settlements and deliveries that run at once
	longestNap = 30 * time.Second // Run looks at least this often
	longestTry = 15 * time.Minute // between two tries of a notice
)

// Run settles what is due and delivers notices until ctx ends; it returns nil then. Any number may run.
func (s *Simulator) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		s.plan(time.Time{})
		next, err := s.DeliverDue(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Error("the simulator could not deliver its notices", "error", err)
			next = s.clock.Now().Add(s.delays.Retry)
		}
		wait := longestNap
		if !next.IsZero() {
			wait = min(wait, max(next.Sub(s.clock.Now()), 0))
		}
		s.plan(s.clock.Now().Add(wait))
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-s.nudged:
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}

// Wake makes Run look at its queue again; call it when the clock was changed.
func (s *Simulator) Wake() {
	select {
	case s.nudged <- struct{}{}:
	default: // it has been nudged and has not looked yet
	}
}

// plan notes when Run looks next; the zero time means that it is looking now and may have missed
// what is queued meanwhile.
func (s *Simulator) plan(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.planned = at
}

// nudgeAfter wakes Run once tx is committed, if something is due before it would look.
func (s *Simulator) nudgeAfter(tx db.Tx, due time.Time) {
	if due.IsZero() {
		return
	}
	tx.AfterCommit(func() {
		s.mu.Lock()
		early := s.planned.IsZero() || due.Before(s.planned)
		if early {
			s.planned = due
		}
		s.mu.Unlock()
		if early {
			s.Wake()
		}
	})
}

// enqueue writes the notice of r's present outcome, as the faults let it travel.
func (s *Simulator) enqueue(tx db.Tx, r record, due time.Time, way route) error {
	if way.drop {
		return nil
	}
	if way.reorder {
		due = due.Add(s.delays.Reorder)
	}
	outcome, err := json.Marshal(r.Outcome)
	if err != nil {
		return fmt.Errorf("write the notice: %w", err)
	}
	return s.queue(tx, r.key(), string(outcome), due, way.duplicate)
}

// queue writes a notice of an operation or a dispute.
func (s *Simulator) queue(tx db.Tx, of key, news string, due time.Time, twice bool) error {
	copies := 1
	if twice {
		copies = 2
	}
	noticeID := s.ids.New("simnt")
	for i := range copies {
		err := tx.Send(`INSERT INTO simulator_notices (merchant_id, environment_id, notice_id, copy, operation_id, outcome, due_at, tries)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 0)`,
			of.Scope.MerchantID, of.Scope.EnvironmentID, noticeID, i, of.ID, news, due.Add(time.Duration(i)*s.delays.Duplicate))
		if err != nil {
			return fmt.Errorf("write the notice: %w", err)
		}
	}
	s.nudgeAfter(tx, due)
	return nil
}

// DeliverDue settles and delivers everything that is due now, and tells when there is something next;
// zero when nothing is waiting. Notices may be delivered again after a crash, and in any order.
func (s *Simulator) DeliverDue(ctx context.Context) (next time.Time, err error) {
	for {
		var records []key
		var notices []notice
		var moving []key
		err := s.db.Read(ctx, func(tx db.Tx) (err error) {
			now := s.clock.Now()
			if records, err = dueRecords(tx, now, batch); err != nil {
				return fmt.Errorf("find what is due: %w", err)
			}
			if notices, err = dueNotices(tx, now, batch); err != nil {
				return fmt.Errorf("find the notices: %w", err)
			}
			if moving, err = dueDisputes(tx, now, batch); err != nil {
				return fmt.Errorf("find the disputes: %w", err)
			}
			if len(records)+len(notices)+len(moving) == 0 {
				next, err = nextDue(tx)
			}
			return err
		})
		if err != nil || len(records)+len(notices)+len(moving) == 0 {
			return next, err
		}
		settled := inParallel(records, func(k key) error { return s.settleDue(ctx, k, s.clock.Now()) })
		moved := inParallel(moving, func(k key) error { return s.disputeDue(ctx, k) })
		delivered := s.deliver(ctx, notices) // one operation that cannot settle holds no notice back
		if err := errors.Join(settled, moved, delivered); err != nil {
			return time.Time{}, fmt.Errorf("settle and deliver what is due: %w", err)
		}
	}
}

// notice is one row of the queue.
type notice struct {
	payment.Notice
	dispute *payment.DisputeNews // set on news of a dispute, whose reference is the operation's id
	copy    int
	tries   int
	refused error // what the sink said to this try
}

// deliver tells the sink and then notes what was taken: a crash in between repeats the notice.
func (s *Simulator) deliver(ctx context.Context, notices []notice) error {
	if len(notices) == 0 {
		return nil
	}
	tell := func(n *notice) error {
		s.failpoints.Hit("simulator.before_sink")
		n.refused = s.tell(ctx, n)
		s.failpoints.Hit("simulator.after_sink")
		return nil
	}
	pointers := make([]*notice, len(notices))
	for i := range notices {
		pointers[i] = &notices[i]
	}
	if err := inParallel(pointers, tell); err != nil {
		return err
	}
	err := s.db.Write(ctx, func(tx db.Tx) error {
		now := s.clock.Now()
		for _, n := range notices {
			if err := s.note(tx, n, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("note the deliveries: %w", err)
	}
	return nil
}

func (s *Simulator) note(tx db.Tx, n notice, now time.Time) error {
	if n.refused == nil {
		return tx.Send(`DELETE FROM simulator_notices
			WHERE merchant_id = $1 AND environment_id = $2 AND notice_id = $3 AND copy = $4`,
			n.Scope.MerchantID, n.Scope.EnvironmentID, n.ID, n.copy)
	}
	pause := min(s.delays.Retry<<min(n.tries, 20), longestTry)
	s.log.Warn("a notice was refused", "notice", n.ID, "operation", n.OperationID, "tries", n.tries+1, "error", n.refused)
	return tx.Send(`UPDATE simulator_notices SET tries = tries + 1, due_at = $5
		WHERE merchant_id = $1 AND environment_id = $2 AND notice_id = $3 AND copy = $4`,
		n.Scope.MerchantID, n.Scope.EnvironmentID, n.ID, n.copy, now.Add(pause))
}

func dueNotices(tx db.Tx, now time.Time, limit int) ([]notice, error) {
	var due []notice
	err := tx.Query(func(row db.Row) error {
		n := notice{Notice: payment.Notice{Processor: Name}}
		var outcome string
		err := row.Scan(&n.Scope.MerchantID, &n.Scope.EnvironmentID, &n.ID, &n.copy, &n.OperationID, &outcome, &n.tries)
		if err != nil {
			return err
		}
		if strings.HasPrefix(n.OperationID, disputePrefix+"_") {
			n.dispute = &payment.DisputeNews{}
			due = append(due, n)
			return json.Unmarshal([]byte(outcome), n.dispute)
		}
		due = append(due, n)
		return json.Unmarshal([]byte(outcome), &due[len(due)-1].Outcome)
	}, `SELECT merchant_id, environment_id, notice_id, copy, operation_id, outcome, tries FROM simulator_notices
		WHERE due_at <= $1 ORDER BY due_at LIMIT $2`, now, limit)
	return due, err
}

// nextDue is when the queues have something; zero when both are empty.
func nextDue(tx db.Tx) (time.Time, error) {
	var settle, tell, move time.Time
	err := tx.QueryRow([]any{&settle, &tell, &move}, `SELECT
		(SELECT MIN(settle_at) FROM simulator_operations WHERE settle_at IS NOT NULL), (SELECT MIN(due_at) FROM simulator_notices),
		(SELECT MIN(next_at) FROM simulator_disputes WHERE next_at IS NOT NULL)`)
	if settle.IsZero() || (!move.IsZero() && move.Before(settle)) {
		settle = move
	}
	if settle.IsZero() || (!tell.IsZero() && tell.Before(settle)) {
		return tell, err
	}
	return settle, err
}

// inParallel runs fn on every item, a few at a time, and returns one of the errors.
func inParallel[T any](items []T, fn func(T) error) error {
	var wg sync.WaitGroup
	errs := make(chan error, len(items))
	slots := make(chan struct{}, workers)
	for _, item := range items {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			errs <- fn(item)
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
