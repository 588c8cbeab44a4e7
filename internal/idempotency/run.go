package idempotency

import (
	"time"

	"flint/internal/db"
	"flint/internal/fault"
)

// Run performs op once per key, in tx together with its answer. sealed keeps the stored answer
// encrypted. An error of op is returned as it is and, with the transaction, takes the key back. Faults:
// IDEMPOTENCY_KEY_REUSED, IDEMPOTENCY_KEY_IN_PROGRESS.
func (s *Store) Run(tx db.Tx, now time.Time, k Key, sealed bool, op func() (Answer, error)) (Answer, error) {
	if err := k.Scope.Check(); err != nil {
		return Answer{}, err
	}
	if k.Generated {
		a, err := op()
		if err != nil {
			return Answer{}, err
		}
		return a, s.insertDone(tx, now, k, sealed, a)
	}
	fresh, err := claim(tx, now, k)
	if err != nil {
		return Answer{}, err
	}
	if !fresh {
		r, err := load(tx, k)
		if err != nil {
			return Answer{}, err
		}
		if r.state != done {
			return Answer{}, errInProgress(r, now)
		}
		return s.answer(k, r)
	}
	a, err := op()
	if err != nil {
		return Answer{}, err
	}
	_, err = s.finish(tx, time.Time{}, k, sealed, a)
	return a, err
}

// Claim is what Begin found.
type Claim struct {
	Done    *Answer // the finished answer, to be repeated
	Subject string  // what an earlier call of this key started and did not finish, empty for a first call
}

// Begin takes the key in the first transaction of a long operation. With neither Done nor Subject the
// caller starts the operation in the same transaction and notes it with Started. Faults:
// IDEMPOTENCY_KEY_REUSED; IDEMPOTENCY_KEY_IN_PROGRESS while another call holds the lock.
func (s *Store) Begin(tx db.Tx, now time.Time, k Key) (Claim, error) {
	if err := k.Scope.Check(); err != nil {
		return Claim{}, err
	}
	fresh, err := claim(tx, now, k)
	if err != nil || fresh {
		s.Failpoints.Hit("idempotency.claimed")
		return Claim{}, err
	}
	r, err := load(tx, k)
	if err != nil {
		return Claim{}, err
	}
	if r.state == done {
		a, err := s.answer(k, r)
		return Claim{Done: &a}, err
	}
	if r.lockedUntil != nil && r.lockedUntil.After(now) && !r.lockedUntil.Add(-LockFor).Before(s.Since) {
		return Claim{}, errInProgress(r, now)
	}
	err = tx.Send(`UPDATE idempotency_keys SET locked_until = $6, request_id = $7 WHERE `+primaryKey, k.args(now.Add(LockFor), k.RequestID)...)
	return Claim{Subject: r.body}, err
}

// Started notes what the operation began, in the transaction of Begin.
func (s *Store) Started(tx db.Tx, k Key, subject string) error {
	s.Failpoints.Hit("idempotency.started")
	return tx.Send(`UPDATE idempotency_keys SET body = $6 WHERE `+primaryKey+` AND state = 'running'`, k.args(subject)...)
}

// Finish stores the answer of a long operation in its last transaction. When another call of the same
// key was faster, that one's answer comes back.
func (s *Store) Finish(tx db.Tx, now time.Time, k Key, sealed bool, a Answer) (Answer, error) {
	ok, err := s.finish(tx, now.Add(TTL), k, sealed, a)
	if err != nil || ok {
		return a, err
	}
	r, err := load(tx, k)
	if err != nil {
		return Answer{}, err
	}
	return s.answer(k, r)
}

// Release lets the next call of the key continue at once, after a failure that left the outcome open. A
// request whose lock was taken over in the meantime gives up nothing.
func (s *Store) Release(tx db.Tx, now time.Time, k Key) error {
	return tx.Send(`UPDATE idempotency_keys SET locked_until = $6 WHERE `+primaryKey+` AND state = 'running' AND request_id = $7`, k.args(now, k.RequestID)...)
}

func errInProgress(r row, now time.Time) error {
	wait := time.Second
	if r.lockedUntil != nil && r.lockedUntil.Sub(now) > LockFor/2 {
		wait = 2 * time.Second
	}
	return fault.Conflict("IDEMPOTENCY_KEY_IN_PROGRESS", "A request with this idempotency key is still running.").Retry(wait)
}
