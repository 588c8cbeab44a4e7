package simulator

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"flint/internal/db"
	"flint/internal/payment"
)

// Do implements payment.Processor. Its effect is durable before it answers, even when the answer is
// ErrTimeout. A replay of an operation gives its present outcome.
func (s *Simulator) Do(ctx context.Context, op payment.Operation) (payment.Outcome, error) {
	if err := op.Scope.Check(); err != nil {
		return payment.Outcome{}, errors.Join(payment.ErrNotSent, err)
	}
	c := s.faults.call(op.Kind)
	if err := sleep(ctx, c.delay); err != nil {
		return payment.Outcome{}, fmt.Errorf("send the operation: %w", err)
	}
	if c.loseRequest {
		return payment.Outcome{}, ErrTimeout
	}
	route := sync.OnceValue(func() route { return s.faults.route(op.Kind) })
	var p performed
	err := s.db.Write(ctx, func(tx db.Tx) error {
		var err error
		p, err = s.perform(tx, op, c, route)
		s.failpoints.Hit("simulator.performed")
		return err
	})
	if err != nil {
		return payment.Outcome{}, fmt.Errorf("perform the operation: %w", err)
	}
	s.failpoints.Hit("simulator.after_effect")
	if err := sleep(ctx, c.answerDelay); err != nil {
		return payment.Outcome{}, fmt.Errorf("wait for the answer: %w", err)
	}
	if c.loseAnswer || p.lost {
		return payment.Outcome{}, ErrTimeout
	}
	return p.record.Outcome, nil
}

// Lookup implements payment.Processor.
func (s *Simulator) Lookup(ctx context.Context, op payment.Operation) (payment.Outcome, error) {
	if err := op.Scope.Check(); err != nil {
		return payment.Outcome{}, err
	}
	var r record
	read := func(tx db.Tx) (err error) {
		r, err = readRecord(tx, op.Scope, op.ID)
		return err
	}
	err := s.db.Read(ctx, read)
	now := s.clock.Now()
	if err == nil && !r.SettleAt.IsZero() && !now.Before(r.SettleAt) {
		// The time for it has come; that Run has not got to it yet is no reason to tell old news.
		if err = s.settleDue(ctx, r.key(), now); err == nil {
			err = s.db.Read(ctx, read)
		}
	}
	switch {
	case errors.Is(err, db.ErrNoRows), err == nil && r.State == lostInTransit:
		return payment.Outcome{State: payment.OutcomeNotFound, PaymentID: op.Known()}, nil
	case err != nil:
		return payment.Outcome{}, fmt.Errorf("look the operation up: %w", err)
	}
	return r.Outcome, nil
}

// performed is what became of one call.
type performed struct {
	record record
	lost   bool // the caller must not learn it
}

// perform carries op out in tx unless it has been before.
func (s *Simulator) perform(tx db.Tx, op payment.Operation, c call, route func() route) (performed, error) {
	now := s.clock.Now()
	r, ch, b, err := s.decide(tx, op, c, now, false)
	if err != nil {
		return performed{}, err
	}
	fresh, err := insertRecord(tx, r)
	if err != nil {
		return performed{}, err
	}
	if !fresh {
		stored, err := lockRecord(tx, op.Scope, op.ID)
		if err != nil {
			return performed{}, err
		}
		if stored.RequestHash != r.RequestHash {
			return performed{}, ErrOtherRequest
		}
		if stored.State != lostInTransit {
			return performed{record: stored}, nil
		}
		if r, ch, b, err = s.decide(tx, op, c, now, true); err != nil {
			return performed{}, err
		}
		if _, err := updateRecord(tx, r, stored.Version); err != nil {
			return performed{}, err
		}
	}
	if r.State == lostInTransit {
		return performed{record: r, lost: true}, nil
	}
	if err := s.post(tx, r, ch); err != nil {
		return performed{}, err
	}
	if ch != nil && r.State == payment.OutcomeSucceeded && (r.Kind == payment.KindSale || r.Kind == payment.KindCapture) {
		if err := s.scheduleDispute(tx, op.Scope, ch, now); err != nil {
			return performed{}, err
		}
	}
	s.nudgeAfter(tx, r.SettleAt)
	lost := fresh && b == timeoutCharged
	switch {
	case lost || c.loseAnswer:
		err = s.enqueue(tx, r, now.Add(s.delays.LateNotice), route())
	case c.echo:
		err = s.enqueue(tx, r, now, route())
	}
	return performed{record: r, lost: lost}, err
}

// decide works out the outcome of op and the charge after it, and writes nothing. The charge is nil
// when the books do not change. Again says that an earlier request of the same operation was lost.
func (s *Simulator) decide(tx db.Tx, op payment.Operation, c call, now time.Time, again bool) (record, *charge, behaviour, error) {
	r := newRecord(op, now)
	if c.refusal != nil {
		return r.refused(c.refusal), nil, unknownSource, nil
	}
	if op.Kind == payment.KindAuthorize || op.Kind == payment.KindSale {
		b, src, err := sourceOf(tx, op.Scope, op.Source)
		if err != nil {
			return r, nil, b, err
		}
		r.Source = src
		ch := s.open(&r, b, now, again)
		return r, ch, b, nil
	}
	ch, err := lockCharge(tx, op.Scope, op.Target)
	if errors.Is(err, db.ErrNoRows) {
		return r.refused(refuse("payment_failed", "There is no such payment.")), nil, unknownSource, nil
	}
	if err != nil {
		return r, nil, unknownSource, fmt.Errorf("lock the charge: %w", err)
	}
	if ch.PaymentID != op.Known() {
		return r.refused(refuse("payment_failed", "The payment has another reference.")), nil, unknownSource, nil
	}
	r.ChargeRef, r.ProcessorRef = ch.Ref, ch.Ref
	if op.Kind == payment.KindRefund {
		if ch.Disputed, err = disputedOf(tx, op.Scope, ch.Ref); err != nil {
			return r, nil, unknownSource, err
		}
	}
	waiting := ch.State == ChargeWaiting
	if no := s.change(&r, &ch, now); no != nil {
		return r.refused(no), nil, ch.Behaviour, nil
	}
	if c.forget && waiting && r.Kind == payment.KindVoid {
		return r, nil, ch.Behaviour, nil
	}
	return r, &ch, ch.Behaviour, nil
}

// open decides on an authorize or sale; it returns nil when nothing is opened.
func (s *Simulator) open(r *record, b behaviour, now time.Time, again bool) *charge {
	switch {
	case b == unknownSource:
		*r = r.refused(refuse(codeNoSource, "The payment source is unknown."))
		return nil
	case r.Amount <= 0 || r.Amount > maxAmount:
		*r = r.refused(refuse("payment_failed", "The amount cannot be charged."))
		return nil
	case len(r.Currency) != 3:
		*r = r.refused(refuse("payment_failed", "The currency cannot be charged."))
		return nil
	case b.declineCode() != "":
		*r = r.refused(refuse(b.declineCode(), "The payment was declined."))
		return nil
	case b.bank() && r.Kind == payment.KindAuthorize:
		*r = r.refused(refuse("payment_method_unavailable", "A bank account cannot be held, only debited."))
		return nil
	case b == timeoutNotCharged && !again:
		r.State, r.Version = lostInTransit, 0
		return nil
	}
	ch := &charge{Ref: s.ids.New("simch"), OperationID: r.ID, PaymentID: r.PaymentID, Behaviour: b,
		Currency: r.Currency, Amount: r.Amount, CreatedAt: now}
	r.ChargeRef, r.ProcessorRef = ch.Ref, ch.Ref
	switch {
	case b == challenges:
		ch.State, r.State = ChargeWaiting, payment.OutcomeRequiresAction
		r.setChallenge(newChallenge())
		r.settleLater(now.Add(s.delays.Challenge), payment.OutcomeFailed, "payment_action_expired")
	case b.bank():
		ch.State, r.State = ChargeProcessing, payment.OutcomeProcessing
		switch b {
		case processingSucceeds:
			r.settleLater(now.Add(s.delays.Processing), payment.OutcomeSucceeded, "")
		case processingFails:
			r.settleLater(now.Add(s.delays.Processing), payment.OutcomeFailed, "insufficient_funds")
		}
	default:
		ch.approve(r.Kind, now)
		r.State, r.ExpiresAt = payment.OutcomeSucceeded, ch.ExpiresAt
	}
	return ch
}

// change decides on an operation that acts on a charge.
func (s *Simulator) change(r *record, ch *charge, now time.Time) *refusal {
	switch r.Kind {
	case payment.KindCapture:
		return ch.capture(r.Amount, r.Currency, now)
	case payment.KindVoid:
		return ch.void(now)
	case payment.KindRefund:
		r.ProcessorRef = s.ids.New("simre")
		if no := ch.reserve(r.Amount, r.Currency); no != nil {
			return no
		}
		r.State = payment.OutcomeProcessing
		to, code := payment.OutcomeSucceeded, ""
		if ch.Behaviour == refundFails {
			to, code = payment.OutcomeFailed, "payment_method_unavailable"
		}
		r.settleLater(now.Add(s.delays.Refund), to, code)
		return nil
	default:
		return refuse("payment_failed", "The processor does not know this kind of operation.")
	}
}

// post writes the charge after r.
func (s *Simulator) post(tx db.Tx, r record, ch *charge) error {
	switch {
	case ch == nil:
		return nil
	case ch.OperationID == r.ID:
		return insertCharge(tx, r.Scope, *ch)
	case r.Kind == payment.KindVoid:
		if err := abandonRecord(tx, r.Scope, ch.OperationID, r.UpdatedAt); err != nil {
			return err
		}
	}
	return updateCharge(tx, r.Scope, *ch)
}

// sleep waits in real time: a delayed answer is felt by the machine, whatever the platform's clock says.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
