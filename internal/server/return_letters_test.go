package server

import (
	"strings"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/money"
	"flint/internal/notification"
	"flint/internal/order"
	"flint/internal/returnpolicy"
	"flint/internal/returns"
)

// saidIn is a letter as text.
func saidIn(l notification.Letter) string {
	var text strings.Builder
	for _, b := range l.Blocks {
		text.WriteString(b.Label + " " + b.Text + " " + b.URL + "\n")
		for _, f := range b.Facts {
			text.WriteString(f.Name + ": " + f.Value + "\n")
		}
	}
	return text.String()
}

func TestReturnLetters(t *testing.T) {
	t.Parallel()
	by := time.Date(2026, 7, 7, 23, 0, 0, 0, time.UTC)
	base := func() *returns.Return {
		r := &returns.Return{ID: "ret_1", Number: "R-1", OrderNumber: "1001", Currency: "USD", Version: 3}
		r.Lines = []returns.Line{{Identity: returns.Identity{Name: "Mug"}, ReasonName: "Faulty", Requested: 2}}
		return r
	}
	decided := func(approved int64, status string) *returns.Return {
		r := base()
		l := &r.Lines[0]
		l.DecidedAt, l.Approved, l.Declined, r.DecisionStatus = by, approved, 2-approved, status
		if approved < 2 {
			l.DeclineMessage = "One was worn."
		}
		return r
	}
	ship := decided(2, returns.DecisionApproved)
	ship.Handoff = []returns.HandoffRequirement{{Name: "Returns desk", Address: &order.Address{Line1: "1 Dock Road", City: "Austin", PostalCode: "78701", Country: "US"},
		Instructions: "Use the box.", ExpiresAt: by}}
	owed := base()
	owed.Resolutions = []returns.Resolution{{Status: returns.ResolutionRequiresAction, ActionReason: "buyer_payment", BuyerPayment: 1000, Collected: 250, ExpiresAt: by}}
	refused := decided(0, returns.DecisionDeclined)
	refused.Lines[0].DeclineMessage, refused.Lines[0].DeclineReason = "", "evidence_missing"
	ship.Lines[0].RefundTiming = returns.AfterReceipt
	corrected := base()
	corrected.Resolutions = []returns.Resolution{{Type: returns.ResolutionCorrection, Status: returns.ResolutionRequiresAction, ActionReason: "buyer_payment", BuyerPayment: 500}}
	bounced := base()
	bounced.Financial = returns.FinancialSummary{Returned: returns.Value{Total: 1750}, DueToBuyer: 1750}
	part, none := base(), base()
	part.Lines[0].Received, part.Lines[0].Rejected = 2, 1
	none.Lines[0].Received, none.Lines[0].Rejected = 2, 2
	ended := base()
	ended.CancelReason, ended.CanceledBy = "duplicate", &returns.Actor{Type: returns.ActorMerchant}
	withdrawn := base()
	withdrawn.CancelReason = "buyer_request"
	paid := base()
	paid.Financial = returns.FinancialSummary{Returned: returns.Value{Total: 1750}, Deduction: 175, Refunded: 1575}
	for name, c := range map[string]struct {
		r       *returns.Return
		kind    string
		heading string
		want    []string
		not     string
	}{
		"requested": {base(), returns.LetterRequested, "We have your return request", []string{"Mug: × 2"}, "Send to"},
		"approved": {ship, returns.LetterDecided, "Your return was approved",
			[]string{"Send to:\nReturns desk\n1 Dock Road\nAustin 78701\nUnited States", "Use the box.", "Send by: 8 July 2026", "follows once they have arrived."}, "declined"},
		"returnless": {decided(2, returns.DecisionApproved), returns.LetterDecided, "Your return was approved", []string{"do not have to send anything"}, "Send to"},
		"in part":    {decided(1, returns.DecisionPartiallyApproved), returns.LetterDecided, "Your return was approved in part", []string{"Mug: × 1 of 2", "Mug: One was worn."}, ""},
		"declined":   {decided(0, returns.DecisionDeclined), returns.LetterDecided, "Your return was declined", []string{"Mug: × 2, declined", "One was worn."}, "Send to"},
		"owed":       {owed, returns.LetterBalance, "Please pay the difference", []string{"To pay $7.50", "Pay by: 8 July 2026", "Pay the difference  https://f.test/o/x"}, ""},
		"refunded":   {paid, returns.LetterRefunded, "Your refund is on its way", []string{"Value of the items: $17.50", "Fees: -$1.75", "Refunded: $15.75"}, "Still to come"},
		"withdrawn":  {withdrawn, returns.LetterCanceled, "Your return was withdrawn", []string{"Nothing has to be sent"}, ""},
		"called off": {ended, returns.LetterCanceled, "Your return was called off", []string{"Nothing has to be sent"}, ""},
		"unproven":   {refused, returns.LetterDecided, "Your return was declined", []string{"Mug: Something that proves the claim is missing."}, ""},
		"corrected":  {corrected, returns.LetterBalance, "Please pay the difference", []string{"corrected what your return comes to", "To pay $5.00"}, "instead"},
		"bounced":    {bounced, returns.LetterBounced, "Your refund did not go through", []string{"pays it another way", "Still to come $17.50"}, ""},
		"expired":    {base(), returns.LetterExpired, "Your exchange has run out", []string{"nothing was charged", "Mug: × 2"}, ""},
		"rejected":   {part, returns.LetterRejected, "Not all items were accepted", []string{"Mug: × 1 not accepted"}, ""},
		"nothing":    {none, returns.LetterCompleted, "Your return is complete", []string{"nothing is refunded", "Mug: × 2 not accepted"}, ""},
		"completed":  {paid, returns.LetterCompleted, "Your return is complete", []string{"Refunded: $15.75"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := returnLetter(c.r, c.kind, "Northwind", "https://f.test/o/x", time.FixedZone("", 2*60*60))
			if l.Heading != c.heading || l.Subject != c.heading+" (return R-1, order 1001 at Northwind)" || l.Key != "returns/ret_1/"+c.kind+"/3" {
				t.Errorf("%q, %q, %q", l.Heading, l.Subject, l.Key)
			}
			text := saidIn(l)
			for _, want := range append(c.want, "https://f.test/o/x") {
				if !strings.Contains(text, want) {
					t.Errorf("%q is not in\n%s", want, text)
				}
			}
			if c.not != "" && strings.Contains(text, c.not) {
				t.Errorf("%q is in\n%s", c.not, text)
			}
		})
	}
}

// A return writes to its buyer when it is asked for and when it is decided, with a link that opens it; guests who
// left no address get nothing.
func TestReturnsWriteToTheirBuyers(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		scope, to := o.shop.Sandbox.Scope, "ada@buyer.example"
		service := o.Services.Returns
		service.Fulfilled = func(_ db.Tx, o *order.Order) ([]returnpolicy.FulfilledLine, error) {
			return []returnpolicy.FulfilledLine{{FulfillmentID: "ful_1", OrderLineItemID: o.Lines[0].ID, Quantity: 1, FulfilledAt: o.CreatedAt}}, nil
		}
		price := money.Amount{Minor: 4200, Currency: "USD"}
		asked := func(customerID string) (r *returns.Return) {
			o.write(func(tx db.Tx) error {
				made, err := o.Services.Orders.Create(tx.Context(), tx, order.CreateInput{Scope: scope, Cause: cause, CustomerID: customerID,
					Lines: []order.LineInput{{Name: "Oak tray", UnitPrice: &price}}})
				if err != nil {
					return err
				}
				r, err = service.Create(tx, returns.CreateInput{Scope: scope, OrderID: made.ID, Cause: cause, Lines: []returns.LineInput{
					{OrderLineID: made.Lines[0].ID, FulfillmentID: "ful_1", Quantity: 1, ReasonID: returnpolicy.BuiltIn()[0].ID}}})
				return err
			})
			return r
		}
		r := asked(o.customer(to).ID)
		asked("")
		mails := o.post("")
		if len(mails) != 1 || !strings.Contains(mails[0].Subject, "We have your return request") || !strings.Contains(mails[0].Text, "?return="+r.ID) {
			t.Fatalf("%d mails: %+v", len(mails), mails)
		}
		o.clock.Set(o.clock.Now().Add(time.Minute))
		none := int64(0)
		o.write(func(tx db.Tx) error {
			_, err := service.Decide(tx, returns.DecideInput{Scope: scope, ReturnID: r.ID, Cause: cause, Lines: []returns.Decision{
				{LineID: r.Lines[0].ID, Basis: returns.BasisExplicit, ReturnRequired: &none, DeclineReason: "other", DeclineMessage: "It was used."}}})
			return err
		})
		if mails = o.post(to); len(mails) != 2 || !strings.Contains(mails[0].Text, "It was used.") {
			t.Fatalf("%d mails, the newest %q", len(mails), mails[0].Subject)
		}
	})
}
