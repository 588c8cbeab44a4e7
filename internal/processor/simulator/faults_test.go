package simulator

import (
	"encoding/json"
	"testing"

	"flint/internal/fault"
	"flint/internal/payment"
)

func TestFaultsCountDownAndFollowTheirSeed(t *testing.T) {
	t.Parallel()
	draw := func(seed uint64) (lost string) {
		b := newFaultBox()
		b.set(Faults{Seed: seed, Operations: map[payment.Kind]Fault{payment.KindSale: {TimeoutBefore: Chance{Percent: 50, Next: 2}}}})
		for range 40 {
			if b.call(payment.KindSale).loseRequest {
				lost += "x"
			} else {
				lost += "."
			}
		}
		if left := b.get().Operations[payment.KindSale].TimeoutBefore.Next; left != 0 {
			t.Errorf("%d calls are left", left)
		}
		return lost
	}
	one, two := draw(1), draw(2)
	if one[:2] != "xx" || one != draw(1) || one == two {
		t.Errorf("seed 1 gave %s, seed 2 gave %s", one, two)
	}
}

func TestFaultsTouchOnlyTheirKind(t *testing.T) {
	t.Parallel()
	b := newFaultBox()
	b.set(Faults{Operations: map[payment.Kind]Fault{payment.KindSale: {Fail: Chance{Next: 1}, Drop: Chance{Next: 1}}}})
	if c := b.call(payment.KindRefund); c != (call{}) {
		t.Errorf("a refund got %+v", c)
	}
	if c := b.call(payment.KindSale); c.refusal == nil || c.refusal.Code != "processing_error" {
		t.Errorf("a sale got %+v", c)
	}
	if r := b.route(payment.KindSale); !r.drop {
		t.Error("the call has used up the fault of the notice")
	}
}

func TestFaultsAreCheckedAndDecodeFromJSON(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{}`: "",
		`{"seed": 7, "operations": {"sale": {"delay_ms": 5, "timeout_after": {"next": 1}, "duplicate": {"percent": 100}}}}`: "",
		`{"operations": {"payout": {}}}`:                         "operations",
		`{"operations": {"sale": {"drop": {"percent": 101}}}}`:   "operations.sale.drop",
		`{"operations": {"refund": {"fail_code": "bad_luck"}}}`:  "operations.refund.fail_code",
		`{"operations": {"void": {"answer_delay_ms": 9999999}}}`: "operations.void.answer_delay_ms",
	} {
		var f Faults
		if err := json.Unmarshal([]byte(text), &f); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		param := ""
		if e := fault.Of(f.Validate()); e != nil {
			param = e.Param
		}
		if param != want {
			t.Errorf("%s: fault at %q, want %q", text, param, want)
		}
	}
}
