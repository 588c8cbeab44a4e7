package returns

import (
	"slices"
	"testing"

	"github.com/go-json-experiment/json"
)

// What happened in one moment is told by the last letter about it, and news about a resolution once.
func TestMails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ kinds, want []string }{
		"asked":             {[]string{LetterRequested}, []string{LetterRequested}},
		"approved at once":  {[]string{LetterRequested, LetterDecided}, []string{LetterDecided}},
		"all at once":       {[]string{LetterRequested, LetterDecided, LetterRefunded, LetterCompleted}, []string{LetterCompleted}},
		"turned down":       {[]string{LetterRejected, LetterCompleted}, []string{LetterCompleted}},
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
	bounced := &Resolution{Status: ResolutionFailed, FailureCode: "declined", Effect: Effect{RefundID: "re_1", RefundStatus: "failed"}}
	expired, stuck := &Resolution{Status: ResolutionFailed, FailureCode: codePaymentExpired}, &Resolution{Status: ResolutionFailed, FailureCode: "RETURN_QUOTE_STALE"}
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
		"bounced":     {&Resolution{}, bounced, []string{LetterBounced}},
		"sent back":   {paid, bounced, []string{LetterBounced}},
		"still out":   {bounced, bounced, nil},
		"not paid":    {owed, expired, []string{LetterExpired}},
		"held up":     {&Resolution{}, stuck, nil},
	} {
		var got change
		got.noteLetters(c.was, c.is)
		if !slices.Equal(got.letters, c.want) {
			t.Errorf("%s: %v, want %v", name, got.letters, c.want)
		}
	}
}

// Goods that an inspection does not accept are written about once.
func TestMailsAboutWhatWasNotAccepted(t *testing.T) {
	t.Parallel()
	line := Line{ID: "rtli_1", LineDerived: LineDerived{Rejected: 1}}
	doc := func(rejected int64) string {
		was := line
		was.Rejected = rejected
		raw, err := json.Marshal(&was)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	for name, c := range map[string]struct {
		was  string
		want []string
	}{
		"newly":     {doc(0), []string{LetterRejected}},
		"as before": {doc(1), nil},
	} {
		var got change
		if err := got.noteRejected(&Return{Lines: []Line{line}, stored: stored{docs: map[string]string{line.ID: c.was}}}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.letters, c.want) {
			t.Errorf("%s: %v", name, got.letters)
		}
	}
}
