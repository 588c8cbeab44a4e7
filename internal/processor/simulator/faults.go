package simulator

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"flint/internal/fault"
	"flint/internal/payment"
)

// Faults is what goes wrong, per kind of operation: the JSON of /dev/simulator/faults. It lives in
// memory, so a restart starts healthy.
type Faults struct {
	Seed       uint64                 `json:"seed"` // of the generator behind every percent
	Operations map[payment.Kind]Fault `json:"operations"`
}

// Fault is what goes wrong with one kind of operation.
type Fault struct {
	DelayMS       int    `json:"delay_ms"`        // before the effect, in milliseconds of real time
	AnswerDelayMS int    `json:"answer_delay_ms"` // between the effect and the answer
	TimeoutBefore Chance `json:"timeout_before"`  // the request is lost: an error and no effect
	TimeoutAfter  Chance `json:"timeout_after"`   // the answer is lost: an error after the effect
	Fail          Chance `json:"fail"`            // is refused for good
	FailCode      string `json:"fail_code"`       // with this code; processing_error when empty
	Forget        Chance `json:"forget"`          // a void of a payment that waits for its buyer is confirmed, and the buyer may still approve
	Echo          Chance `json:"echo"`            // what the answer said is sent as a notice too
	Duplicate     Chance `json:"duplicate"`       // a notice is sent twice
	Reorder       Chance `json:"reorder"`         // a notice is held back for Delays.Reorder
	Drop          Chance `json:"drop"`            // a notice is never sent
}

// Chance says how often: always for the Next calls, and for Percent of all others.
type Chance struct {
	Percent int `json:"percent"` // 0 to 100
	Next    int `json:"next"`    // counts down
}

const longestDelay = 600_000 // milliseconds

// Validate reports every value out of range.
func (f Faults) Validate() error {
	var faults fault.List
	for _, kind := range slices.Sorted(maps.Keys(f.Operations)) {
		op, path := f.Operations[kind], "operations."+string(kind)
		switch kind {
		case payment.KindAuthorize, payment.KindSale, payment.KindCapture, payment.KindVoid, payment.KindRefund, kindDispute:
		default:
			faults.Add("UNKNOWN_FIELD", "operations", "Operations are authorize, sale, capture, void, refund and dispute.")
			continue
		}
		if op.DelayMS < 0 || op.DelayMS > longestDelay {
			faults.Add("INVALID_VALUE", path+".delay_ms", "A delay is 0 to %d milliseconds.", longestDelay)
		}
		if op.AnswerDelayMS < 0 || op.AnswerDelayMS > longestDelay {
			faults.Add("INVALID_VALUE", path+".answer_delay_ms", "A delay is 0 to %d milliseconds.", longestDelay)
		}
		for _, c := range op.chances() {
			if c.Percent < 0 || c.Percent > 100 || c.Next < 0 {
				faults.Add("INVALID_VALUE", path+"."+c.name, "percent is 0 to 100 and next is not negative.")
			}
		}
		if op.FailCode != "" && !slices.Contains(FailureCodes(), op.FailCode) {
			faults.Add("INVALID_VALUE", path+".fail_code", "This is not a failure code of payments.")
		}
	}
	return faults.Err()
}

type namedChance struct {
	name string
	Chance
}

func (f Fault) chances() []namedChance {
	return []namedChance{{"timeout_before", f.TimeoutBefore}, {"timeout_after", f.TimeoutAfter}, {"fail", f.Fail},
		{"forget", f.Forget}, {"echo", f.Echo}, {"duplicate", f.Duplicate}, {"reorder", f.Reorder}, {"drop", f.Drop}}
}

// Faults returns what is set, with the counts that are left.
func (s *Simulator) Faults() Faults { return s.faults.get() }

// SetFaults replaces what goes wrong. The zero Faults makes everything go right.
func (s *Simulator) SetFaults(f Faults) error {
	if err := f.Validate(); err != nil {
		return err
	}
	s.faults.set(f)
	return nil
}

// faultBox hands out faults. It is safe for concurrent use.
type faultBox struct {
	mu     sync.Mutex
	faults Faults
	random *rand.Rand
}

func newFaultBox() *faultBox {
	b := &faultBox{}
	b.set(Faults{})
	return b
}

func (b *faultBox) set(f Faults) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f.Operations = maps.Clone(f.Operations)
	if f.Operations == nil {
		f.Operations = map[payment.Kind]Fault{}
	}
	b.faults, b.random = f, rand.New(rand.NewPCG(f.Seed, 0))
}

func (b *faultBox) get() Faults {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.faults
	f.Operations = maps.Clone(f.Operations)
	return f
}

// call is what goes wrong with one call of Do.
type call struct {
	delay, answerDelay      time.Duration
	loseRequest, loseAnswer bool
	echo, forget            bool
	refusal                 *refusal
}

func (b *faultBox) call(kind payment.Kind) call {
	b.mu.Lock()
	defer b.mu.Unlock()
	f, ok := b.faults.Operations[kind]
	if !ok {
		return call{}
	}
	c := call{
		delay:       time.Duration(f.DelayMS) * time.Millisecond,
		answerDelay: time.Duration(f.AnswerDelayMS) * time.Millisecond,
	}
	// A call whose request is lost uses up nothing that would have happened later.
	if c.loseRequest = f.TimeoutBefore.draw(b.random); !c.loseRequest {
		c.loseAnswer, c.echo = f.TimeoutAfter.draw(b.random), f.Echo.draw(b.random)
		c.forget = f.Forget.draw(b.random)
		if f.Fail.draw(b.random) {
			code := f.FailCode
			if code == "" {
				code = "processing_error"
			}
			c.refusal = refuse(code, fmt.Sprintf("The simulator was told to fail this %s.", kind))
		}
	}
	b.faults.Operations[kind] = f
	return c
}

// route is what goes wrong with one notice.
type route struct{ duplicate, reorder, drop bool }

func (b *faultBox) route(kind payment.Kind) route {
	b.mu.Lock()
	defer b.mu.Unlock()
	f, ok := b.faults.Operations[kind]
	if !ok {
		return route{}
	}
	r := route{drop: f.Drop.draw(b.random), duplicate: f.Duplicate.draw(b.random), reorder: f.Reorder.draw(b.random)}
	b.faults.Operations[kind] = f
	return r
}

func (c *Chance) draw(random *rand.Rand) bool {
	if c.Next > 0 {
		c.Next--
		return true
	}
	return c.Percent > 0 && random.IntN(100) < c.Percent
}
