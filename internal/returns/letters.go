package returns

import (
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
)

// Letters that a return writes to its buyer.
const (
	LetterRequested = "return_requested"
	LetterDecided   = "return_decided"  // approved, in part or not at all
	LetterBalance   = "return_balance"  // the buyer owes a difference
	LetterExpired   = "return_expired"  // who did not pay it in time
	LetterRejected  = "return_rejected" // some goods were not accepted
	LetterRefunded  = "return_refunded"
	LetterBounced   = "return_refund_failed" // money did not reach the buyer
	LetterCanceled  = "return_canceled"
	LetterCompleted = "return_completed"
)

// write has a letter written when the change is saved, once.
func (c *change) write(kind string) {
	if !slices.Contains(c.letters, kind) {
		c.letters = append(c.letters, kind)
	}
}

// noteLetters has letters written about what a resolution newly asks of its buyer or gave back; was is how it was
// stored, the zero Resolution for a new one.
func (c *change) noteLetters(was, x *Resolution) {
	if x.ActionReason == actionBuyerPayment && was.ActionReason != actionBuyerPayment {
		c.write(LetterBalance)
	}
	if x.Effect.RefundStatus == refundDone && (was.Effect.RefundStatus != refundDone || was.Effect.RefundID != x.Effect.RefundID) {
		c.write(LetterRefunded)
	}
	if x.Status != ResolutionFailed || was.Status == ResolutionFailed {
		return
	}
	switch {
	case x.Expired():
		c.write(LetterExpired)
	case x.Effect.RefundID != "":
		c.write(LetterBounced)
	}
}

// noteRejected has a letter written about goods that an inspection newly did not accept. The rows still say what was
// known before.
func (c *change) noteRejected(r *Return) error {
	for k := range r.Lines {
		l := &r.Lines[k]
		doc := r.stored.docs[l.ID]
		if l.Rejected == 0 || doc == "" {
			continue
		}
		var was Line
		if err := json.Unmarshal([]byte(doc), &was); err != nil {
			return fmt.Errorf("decode line %s of return %s: %w", l.ID, r.ID, err)
		}
		if l.Rejected > was.Rejected {
			c.write(LetterRejected)
		}
	}
	return nil
}

const (
	actionBuyerPayment = "buyer_payment"
	refundDone         = "succeeded"
)

// mails are the letters of a change that its buyer needs: what happened in one moment is told by the last of them.
func (c *change) mails() []string {
	overtaken := map[string][]string{
		LetterRequested: {LetterDecided, LetterCompleted},
		LetterDecided:   {LetterCompleted},
		LetterRefunded:  {LetterCompleted},
		LetterRejected:  {LetterCompleted},
	}
	var out []string
	for _, kind := range c.letters {
		if !slices.ContainsFunc(overtaken[kind], func(later string) bool { return slices.Contains(c.letters, later) }) {
			out = append(out, kind)
		}
	}
	return out
}
