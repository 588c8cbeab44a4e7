package returns

import (
	"slices"
	"testing"
)

// What happened in one moment is told by the last letter about it, and news about a resolution once.
func TestMails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ kinds, want []string }{
		"asked":             {[]string{LetterRequested}, []string{LetterRequested}},
		"approved at once":  {[]string{LetterRequested, LetterDecided}, []string{LetterDecided}},
		"all at once":       {[]string{LetterRequested, LetterDecided, LetterRefunded, LetterCompleted}, []string{LetterCompleted}},
		"owed and approved": {[]string{LetterDecided, LetterBalance, LetterBalance}, []string{LetterDecided, LetterBalance}},
	} {
		var got change
		for _, kind := range c.kinds {
			got.write(kind)
		}
		if !slices.Equal(got.mails(), c.want) {
			t.Errorf("%s: %v, want %v", name, got.mails(), c.want)
		}
	}
	owed, paid := &Resolution{ActionReason: "buyer_payment"}, &Resolution{Effect: Effect{RefundID: "re_1", RefundStatus: "succeeded"}}
	again := &Resolution{Effect: Effect{RefundID: "re_2", RefundStatus: "succeeded"}}
	for name, c := range map[string]struct {
		was, is *Resolution
		want    []string
	}{
		"newly owed":  {&Resolution{}, owed, []string{LetterBalance}},
		"still owed":  {owed, owed, nil},
		"refunded":    {&Resolution{}, paid, []string{LetterRefunded}},
		"no news":     {paid, paid, nil},
		"next refund": {paid, again, []string{LetterRefunded}},
	} {
		var got change
		got.noteLetters(c.was, c.is)
		if !slices.Equal(got.letters, c.want) {
			t.Errorf("%s: %v, want %v", name, got.letters, c.want)
		}
	}
}
