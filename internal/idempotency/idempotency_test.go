package idempotency_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/fault"
	"flint/internal/idempotency"
	"flint/internal/secret"
	"flint/internal/tenant"
)

var now = time.Date(2026, 9, 7, 12, 0, 0, 0, time.UTC)

func key(name string) idempotency.Key {
	return idempotency.Key{Scope: tenant.Scope{MerchantID: "mer_1", EnvironmentID: "test_1"}, CredentialID: "key_1", Route: "createOrder",
		Key: name, Fingerprint: idempotency.Fingerprint("POST", "/v1/orders", "", []byte(`{"a":1}`)), RequestID: "r", APIVersion: "2026-09-07"}
}

func store(t *testing.T) *idempotency.Store {
	box, err := secret.NewBox(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return &idempotency.Store{Box: box}
}

func ok(body string) func() (idempotency.Answer, error) {
	return func() (idempotency.Answer, error) {
		return idempotency.Answer{Status: 201, Body: []byte(body), APIVersion: "2026-09-07"}, nil
	}
}

func run(d db.DB, s *idempotency.Store, at time.Time, k idempotency.Key, sealed bool, op func() (idempotency.Answer, error)) (a idempotency.Answer, err error) {
	err = d.Write(context.Background(), func(tx db.Tx) error {
		a, err = s.Run(tx, at, k, sealed, op)
		return err
	})
	return a, err
}

func count(t *testing.T, d db.DB, where string) (n int) {
	t.Helper()
	if err := d.Read(t.Context(), func(tx db.Tx) error {
		return tx.QueryRow([]any{&n}, `SELECT COUNT(*) FROM idempotency_keys WHERE `+where)
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestRunRepeatsTheAnswer(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := store(t)
		if _, err := run(d, s, now, key("k"), false, ok(`{"id":1}`)); err != nil {
			t.Fatal(err)
		}
		again, err := run(d, s, now.Add(time.Hour), key("k"), false, func() (idempotency.Answer, error) {
			t.Error("the operation ran twice")
			return idempotency.Answer{}, nil
		})
		if err != nil || !again.Replayed || string(again.Body) != `{"id":1}` || again.Status != 201 {
			t.Errorf("repeat: %+v, %v", again, err)
		}
		other := key("k")
		other.Fingerprint = idempotency.Fingerprint("POST", "/v1/orders", "", []byte(`{"a":2}`))
		if _, err := run(d, s, now, other, false, ok("{}")); !fault.Is(err, "IDEMPOTENCY_KEY_REUSED") {
			t.Errorf("another request under the key: %v", err)
		}
		for name, change := range map[string]func(*idempotency.Key){
			"merchant":    func(k *idempotency.Key) { k.Scope.MerchantID = "mer_2" },
			"environment": func(k *idempotency.Key) { k.Scope.EnvironmentID = "test_2" },
			"credential":  func(k *idempotency.Key) { k.CredentialID = "key_2" },
			"route":       func(k *idempotency.Key) { k.Route = "payOrder" },
		} {
			k := key("k")
			change(&k)
			if a, err := run(d, s, now, k, false, ok(`{"id":2}`)); err != nil || a.Replayed {
				t.Errorf("another %s must not see the key: %+v, %v", name, a, err)
			}
		}
		after, err := run(d, s, now.Add(idempotency.TTL+time.Second), other, false, ok(`{"id":3}`))
		if err != nil || after.Replayed {
			t.Errorf("after its time the key is free: %+v, %v", after, err)
		}
	})
}

func TestFailureTakesTheKeyBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := store(t)
		failure := fault.Invalid("INVALID_AMOUNT", "amount", "No.")
		if _, err := run(d, s, now, key("k"), false, func() (idempotency.Answer, error) { return idempotency.Answer{}, failure }); !errors.Is(err, failure) {
			t.Fatalf("the fault comes back as it is: %v", err)
		}
		if n := count(t, d, "1 = 1"); n != 0 {
			t.Fatalf("%d rows left of a failed request", n)
		}
		if a, err := run(d, s, now, key("k"), false, ok("{}")); err != nil || a.Replayed {
			t.Errorf("the mended request: %+v, %v", a, err)
		}
	})
}

func TestSecretsAreSealedAtRest(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := store(t)
		generated := key("g")
		generated.Generated = true
		for _, k := range []idempotency.Key{key("k"), generated} {
			if _, err := run(d, s, now, k, true, ok(`{"secret":"hunter2"}`)); err != nil {
				t.Fatal(err)
			}
			k.Generated = false
			if again, err := run(d, s, now, k, true, ok("{}")); err != nil || string(again.Body) != `{"secret":"hunter2"}` {
				t.Errorf("repeat: %s, %v", again.Body, err)
			}
		}
		if n := count(t, d, "body LIKE '%hunter2%'"); n != 0 {
			t.Error("the secret is readable in the table")
		}
		if n := count(t, d, "sealed = 1"); n != 2 {
			t.Errorf("%d sealed rows, want 2", n)
		}
	})
}

func TestParallelUsesHaveOneEffect(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := store(t)
		var effects, repeats atomic.Int64
		gate := make(chan struct{})
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Go(func() {
				<-gate
				var a idempotency.Answer
				err := d.Write(t.Context(), func(tx db.Tx) (err error) {
					a, err = s.Run(tx, now, key("k"), false, func() (idempotency.Answer, error) {
						// The effect is a row of its own, so that a second one would be seen or break.
						if _, err := tx.Exec(`INSERT INTO jobs (merchant_id, environment_id, job_id, kind, key, run_at, created_at)
							VALUES ('mer_1', 'test_1', $1, 'effect', $1, 0, 0)`, strconv.Itoa(i)); err != nil {
							return idempotency.Answer{}, err
						}
						return idempotency.Answer{Status: 201, Body: fmt.Appendf(nil, "%d", i)}, nil
					})
					return err
				})
				if err != nil {
					t.Errorf("use %d: %v", i, err)
				} else if a.Replayed {
					repeats.Add(1)
				} else {
					effects.Add(1)
				}
			})
		}
		close(gate)
		wg.Wait()
		var rows int
		if err := d.Read(t.Context(), func(tx db.Tx) error {
			return tx.QueryRow([]any{&rows}, `SELECT COUNT(*) FROM jobs WHERE kind = 'effect'`)
		}); err != nil {
			t.Fatal(err)
		}
		if effects.Load() != 1 || repeats.Load() != 63 || rows != 1 {
			t.Errorf("%d first answers, %d repeats, %d effects", effects.Load(), repeats.Load(), rows)
		}
	})
}

func TestLongFormContinuesAfterACrash(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s, k := store(t), key("k")
		begin := func(at time.Time) (c idempotency.Claim, err error) {
			err = d.Write(t.Context(), func(tx db.Tx) error {
				if c, err = s.Begin(tx, at, k); err != nil || c.Done != nil || c.Subject != "" {
					return err
				}
				return s.Started(tx, k, "prop_1")
			})
			return c, err
		}
		if c, err := begin(now); err != nil || c.Subject != "" {
			t.Fatalf("first: %+v, %v", c, err)
		}
		_, err := begin(now.Add(time.Second))
		if f := fault.Of(err); f == nil || f.Code != "IDEMPOTENCY_KEY_IN_PROGRESS" || f.RetryAfter == 0 {
			t.Errorf("while it runs: %v", err)
		}
		// The process died here: nobody finishes, and the lock runs out.
		c, err := begin(now.Add(idempotency.LockFor + time.Second))
		if err != nil || c.Subject != "prop_1" {
			t.Fatalf("after a crash the subject comes back: %+v, %v", c, err)
		}
		if _, err := begin(now.Add(idempotency.LockFor + 2*time.Second)); !fault.Is(err, "IDEMPOTENCY_KEY_IN_PROGRESS") {
			t.Errorf("the one who took over holds the lock: %v", err)
		}
		finish := func(body string) (a idempotency.Answer) {
			if err := d.Write(t.Context(), func(tx db.Tx) error {
				a, err = s.Finish(tx, now, k, false, idempotency.Answer{Status: 200, Body: []byte(body)})
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return a
		}
		if a := finish(`{"n":1}`); a.Replayed {
			t.Errorf("the first to finish: %+v", a)
		}
		if a := finish(`{"n":2}`); string(a.Body) != `{"n":1}` {
			t.Errorf("the slower one gets the first answer: %s", a.Body)
		}
		if c, err := begin(now); err != nil || c.Done == nil || string(c.Done.Body) != `{"n":1}` {
			t.Errorf("a repeat: %+v, %v", c, err)
		}
	})
}

// The lock of a process that is gone does not hold up the one that comes after it.
func TestLockOfAFormerProcessDoesNotHold(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		former, k := store(t), key("k")
		if err := d.Write(t.Context(), func(tx db.Tx) error {
			if _, err := former.Begin(tx, now, k); err != nil {
				return err
			}
			return former.Started(tx, k, "prop_1")
		}); err != nil {
			t.Fatal(err)
		}
		next := store(t)
		next.Since = now.Add(time.Second)
		for _, step := range []struct {
			at      time.Time
			subject string
			code    string
		}{{now.Add(2 * time.Second), "prop_1", ""}, {now.Add(3 * time.Second), "", "IDEMPOTENCY_KEY_IN_PROGRESS"}} {
			var c idempotency.Claim
			err := d.Write(t.Context(), func(tx db.Tx) (err error) { c, err = next.Begin(tx, step.at, k); return err })
			if c.Subject != step.subject || step.code == "" && err != nil || step.code != "" && !fault.Is(err, step.code) {
				t.Errorf("at %v: %+v, %v", step.at, c, err)
			}
		}
	})
}

func TestReleaseOpensARunningKey(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s, k := store(t), key("k")
		var c idempotency.Claim
		err := errors.Join(
			d.Write(t.Context(), func(tx db.Tx) (err error) {
				if _, err = s.Begin(tx, now, k); err != nil {
					return err
				}
				return s.Started(tx, k, "prop_1")
			}),
			d.Write(t.Context(), func(tx db.Tx) error { return s.Release(tx, now, k) }),
			d.Write(t.Context(), func(tx db.Tx) (err error) { c, err = s.Begin(tx, now, k); return err }))
		if err != nil || c.Subject != "prop_1" {
			t.Errorf("after a release: %+v, %v", c, err)
		}
		// Another request continues now. What the first one says late does not open its lock.
		late, other := now.Add(2*idempotency.LockFor), k
		other.RequestID = "other"
		err = errors.Join(
			d.Write(t.Context(), func(tx db.Tx) (err error) { _, err = s.Begin(tx, late, other); return err }),
			d.Write(t.Context(), func(tx db.Tx) error { return s.Release(tx, late, k) }),
			d.Write(t.Context(), func(tx db.Tx) (err error) { _, err = s.Begin(tx, late, k); return err }))
		if !fault.Is(err, "IDEMPOTENCY_KEY_IN_PROGRESS") {
			t.Errorf("a late release opened the lock of another: %v", err)
		}
	})
}

func TestPurgeTakesOnlyWhatIsPast(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := store(t)
		for i, at := range []time.Time{now, now.Add(time.Hour)} {
			if _, err := run(d, s, at, key(strconv.Itoa(i)), false, ok("{}")); err != nil {
				t.Fatal(err)
			}
		}
		var n int64
		if err := d.Write(t.Context(), func(tx db.Tx) (err error) {
			n, err = idempotency.Purge(tx, now.Add(idempotency.TTL), 100)
			return err
		}); err != nil || n != 1 {
			t.Errorf("purged %d, %v", n, err)
		}
		if left := count(t, d, "1 = 1"); left != 1 {
			t.Errorf("%d rows left", left)
		}
	})
}

func TestKeptFaultsSurviveStorage(t *testing.T) {
	t.Parallel()
	f := &fault.Error{Class: fault.ClassPayment, Code: "CARD_DECLINED", Message: "No.", Param: "token", NextSteps: "Try another.",
		Retryable: true, Details: []fault.Detail{{Code: "X", Message: "m", Param: "p"}}, Extra: map[string]any{"reason": "r"}, Cause: errors.New("inner")}
	kept := idempotency.Kept(fmt.Errorf("pay: %w", idempotency.Keep(f)))
	a, err := idempotency.AnswerOf(kept, "v")
	if err != nil || a.Status != 402 || strings.Contains(string(a.Body), "inner") {
		t.Fatalf("%+v, %v", a, err)
	}
	back, err := a.Fault()
	if err != nil || back.Code != f.Code || back.Class != f.Class || back.NextSteps != f.NextSteps || back.Details[0].Param != "p" || back.Extra["reason"] != "r" {
		t.Errorf("%+v, %v", back, err)
	}
	if idempotency.Kept(f) != nil {
		t.Error("a plain fault has no effect to keep")
	}
}

func TestFingerprintSeesMeaningOnly(t *testing.T) {
	t.Parallel()
	base := idempotency.Fingerprint("POST", "/p", "", []byte(`{"a":1,"b":{"c":"é","d":[1,2]}}`))
	for body, same := range map[string]bool{
		` { "b" : {"d":[1, 2],"c":"\u00e9"}, "a":1 } `:   true,
		`{"a":1,"b":{"c":"é","d":[2,1]}}`:                false,
		`{"a":1.0,"b":{"c":"é","d":[1,2]}}`:              false,
		`{"a":9007199254740993,"b":{"c":"é","d":[1,2]}}`: false,
		`{"a":1,"b":{"c":"é","d":[1,2]},"e":null}`:       false,
	} {
		if got := idempotency.Fingerprint("POST", "/p", "", []byte(body)) == base; got != same {
			t.Errorf("%s: same = %v", body, got)
		}
	}
	big := func(n string) string { return idempotency.Fingerprint("POST", "/p", "", []byte(`{"a":`+n+`}`)) }
	if big("9007199254740993") == big("9007199254740992") {
		t.Error("two great integers look the same")
	}
	if idempotency.Fingerprint("POST", "/q", "", nil) == idempotency.Fingerprint("POST", "/p", "", nil) {
		t.Error("the path does not count")
	}
}

func TestCheckKey(t *testing.T) {
	t.Parallel()
	for k, code := range map[string]string{"a": "", strings.Repeat("~", 255): "", "": "INVALID_IDEMPOTENCY_KEY", strings.Repeat("a", 256): "IDEMPOTENCY_KEY_TOO_LONG",
		"a b": "INVALID_IDEMPOTENCY_KEY", "é": "INVALID_IDEMPOTENCY_KEY", "a\x00": "INVALID_IDEMPOTENCY_KEY"} {
		if err := idempotency.CheckKey(k); (err == nil) != (code == "") || code != "" && !fault.Is(err, code) {
			t.Errorf("%q: %v, want %q", k, err, code)
		}
	}
}
