package text

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestHoldsCard(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		s    string
		card bool
	}{
		"visa of 16":                 {"4111111111111111", true},
		"visa of 13":                 {"4222222222222", true},
		"visa of 19":                 {"4988438843884305001", true},
		"mastercard":                 {"5555555555554444", true},
		"mastercard of series 2":     {"2223003122003222", true},
		"american express":           {"378282246310005", true},
		"discover":                   {"6011111111111117", true},
		"diners club of 14":          {"30569309025904", true},
		"diners club of 16":          {"3056930009020004", true},
		"jcb":                        {"3530111333300000", true},
		"unionpay":                   {"6200000000000005", true},
		"maestro":                    {"6759649826438453", true},
		"maestro of 13":              {"5018000000007", true},
		"mir":                        {"2200000000000053", true},
		"in groups":                  {"4111 1111-1111 1111", true},
		"of American Express groups": {"3782 822463 10005", true},
		"among other groups":         {"order 12 4111 1111 1111 1111 12/29", true},
		"after a letter":             {"card4111111111111111x", true},
		"in JSON":                    {`{"n":"5555555555554444"}`, true},
		"visa of 13 in groups that would be a time": {"4000 0000 0000 6", true},

		"a wrong check digit":           {"4111111111111112", false},
		"no length of visa":             {"41111111111116", false},
		"a time in milliseconds":        {"1795305600003", false},
		"the same in a code":            {"SPRING1795305600003", false},
		"another time in milliseconds":  {"1795305600011", false},
		"a number of no issuer":         {"1234567812345670", false},
		"zeros":                         {"0000000000000000", false},
		"within more digits than 19":    {"12344111111111111117", false},
		"a date and a time":             {"20261122103017", false},
		"a date, a time and a sequence": {"2026112210301502", false},
		"an article's number":           {"4006381333931", false},
		"too short":                     {"411111111111", false},
		"two dashes":                    {"4111--111111111111", false},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			if got := HoldsCard(c.s); got != c.card {
				t.Errorf("HoldsCard(%q) = %v", c.s, got)
			}
		})
	}
}

// What is written into logs is hidden when it could be a number of any issuer.
func TestMaskCards(t *testing.T) {
	t.Parallel()
	const s = "paid with 4111 1111 1111 1111, then 5555-5555-5555-4444 (id 1234567812345670, not 1234567812345671)"
	const want = "paid with ***, then *** (id ***, not 1234567812345671)"
	if got := MaskCards(s, "***"); got != want {
		t.Errorf("MaskCards = %q", got)
	}
}

// A moment of this century is never taken for a card number, whatever unit counts it and whatever stands around.
func TestNoTimeIsACard(t *testing.T) {
	t.Parallel()
	from := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	to := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(from.Unix(), to.Unix()-1).Draw(t, "second"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanosecond"))
		around := rapid.SampledFrom([]string{"%s", "SPRING%s", "order %s", "a-%s", "%s.json", "%sX", "#%s"}).Draw(t, "around")
		for unit, n := range map[string]int64{"seconds": at.Unix(), "milliseconds": at.UnixMilli(), "nanoseconds": at.UnixNano()} {
			if s := fmt.Sprintf(around, strconv.FormatInt(n, 10)); HoldsCard(s) {
				t.Fatalf("%s in %s passes for a card number", s, unit)
			}
		}
	})
}

// Every number that a brand may give out is found, unbroken and in groups of any size. Left out is what a time
// in the same digits stands for, unbroken.
func TestEveryBrandIsFound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SampledFrom(brands).Draw(t, "brand")
		n := strconv.FormatInt(rapid.Int64Range(b.from, b.to).Draw(t, "prefix"), 10)
		length := rapid.IntRange(b.shortest, b.longest).Draw(t, "length")
		for len(n) < length-1 {
			n += strconv.Itoa(rapid.IntRange(0, 9).Draw(t, "digit"))
		}
		i := slices.IndexFunc([]byte("0123456789"), func(d byte) bool { return luhn(n + string(d)) })
		n += strconv.Itoa(i)
		if !isTime(n) && !HoldsCard("a "+n+" b") {
			t.Fatalf("%s of %s is not found", n, b.name)
		}
		cut := rapid.IntRange(1, length-1).Draw(t, "cut")
		s := n[:cut] + rapid.SampledFrom([]string{" ", "-"}).Draw(t, "separator") + n[cut:]
		if !HoldsCard(s) || strings.Contains(MaskCards(s, "x"), n[cut:]) {
			t.Fatalf("%s of %s is not found", s, b.name)
		}
	})
}

// What overlaps with times is no more than the edges that are known.
func TestTimesHideFewCards(t *testing.T) {
	t.Parallel()
	for _, n := range []string{"4111111111111111", "4222222222222", "30569309025904", "378282246310005", "6304000000000000", "4102444800000", "4102444800000000000"} {
		if isTime(n) {
			t.Errorf("%s is a time", n)
		}
	}
}
