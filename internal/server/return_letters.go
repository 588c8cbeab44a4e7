package server

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"flint/internal/auth/buyer"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/notification"
	"flint/internal/order"
	"flint/internal/returns"
	"flint/internal/web/ui"
)

// writeReturn queues a letter about a return to its buyer, with a link to its page where there is one. Buyers whose
// address nobody knows get none.
func (s *Server) writeReturn(tx db.Tx, o *order.Order, r *returns.Return, kind string, now time.Time) error {
	if s.Receipts.Sender == nil {
		return nil
	}
	to, err := s.buyerAddress(tx, o)
	if err != nil || to == "" {
		return err
	}
	m, err := s.Merchants.Get(tx.Context(), tx, r.Scope.MerchantID)
	if err != nil {
		return fmt.Errorf("read the merchant of a mail: %w", err)
	}
	page, err := s.returnAddress(tx, r)
	if err != nil {
		return err
	}
	letter := returnLetter(r, kind, cmp.Or(m.BusinessName, "the merchant"), page, zoneOf(m.ReportingTimezone))
	letter.To = to
	_, err = s.Receipts.Queue(tx.Context(), tx, letter)
	if f := fault.Of(err); f != nil && f.Class.Status() < 500 { // an address that nothing can be sent to keeps no return from going on
		return nil
	}
	return err
}

// buyerAddress is where mails about an order go: what the buyer left with it, or the address of its customer.
func (s *Server) buyerAddress(tx db.Tx, o *order.Order) (string, error) {
	if b := o.BuyerContact; b != nil && (b.Email != "" || b.EmailCleared) {
		return b.Email, nil
	}
	if o.CustomerID == "" {
		return "", nil
	}
	c, err := s.Services.Customers.Get(tx.Context(), tx, o.Scope, o.CustomerID)
	if fault.Is(err, "RESOURCE_NOT_FOUND") || err == nil && !c.ErasedAt.IsZero() {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the customer of a mail: %w", err)
	}
	return c.Email, nil
}

// returnAddress is a link to the page of a return; empty for guests, and where the merchant sends its own mails or has
// pages of its own.
func (s *Server) returnAddress(tx db.Tx, r *returns.Return) (string, error) {
	if s.Receipts.Policy != nil {
		if p, err := s.Receipts.Policy(tx, r.Scope, notification.FamilyReturns); err != nil || p.MerchantSends {
			return "", err
		}
	}
	_, address, err := s.Buyers.CreateLink(tx.Context(), tx, buyer.LinkInput{Scope: r.Scope, OrderID: r.OrderID, CustomerID: r.CustomerID})
	if f := fault.Of(err); f != nil && f.Class.Status() < 500 {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("make the link of a mail: %w", err)
	}
	return address.Reveal() + "?return=" + r.ID, nil
}

func zoneOf(name string) *time.Location {
	if zone, err := time.LoadLocation(name); err == nil {
		return zone
	}
	return time.UTC
}

// returnLetter is what a letter about a return says; page is the address of its button, empty for none.
func returnLetter(r *returns.Return, kind, merchant, page string, zone *time.Location) notification.Letter {
	l := notification.Letter{Scope: r.Scope, Key: "returns/" + r.ID + "/" + kind + "/" + strconv.FormatInt(r.Version, 10), Family: notification.FamilyReturns, CustomerID: r.CustomerID}
	amount := func(minor int64) string { return money.Format(money.Amount{Minor: minor, Currency: r.Currency}, "") }
	button := "See your return"
	say := func(b ...notification.Block) { l.Blocks = append(l.Blocks, b...) }
	switch kind {
	case returns.LetterRequested:
		l.Heading = "We have your return request"
		say(notification.Paragraph(merchant+" looks at it and writes to you. It may ask for more first, such as photos. Please send nothing back yet."), returnItems(r))
	case returns.LetterDecided:
		l.Heading = decidedHeading(r)
		say(decidedBlocks(r, merchant, zone)...)
	case returns.LetterBalance:
		l.Heading, button = "Please pay the difference", "Pay the difference"
		due := int64(0)
		by := time.Time{}
		for _, x := range r.Resolutions {
			if x.Status == returns.ResolutionRequiresAction && x.ActionReason == "buyer_payment" {
				due, by = due+x.BuyerPayment-x.Collected, x.ExpiresAt
			}
		}
		why := "What you chose instead costs more than what you give back. It is sent once the difference is paid."
		if corrects(r) {
			why = merchant + " corrected what your return comes to, and there is an amount left to pay."
		}
		say(notification.Paragraph(why), notification.Amount("To pay", amount(due)))
		if !by.IsZero() {
			say(notification.Facts(notification.Fact{Name: "Pay by", Value: by.In(zone).Format("2 January 2006")}))
		}
		if page == "" {
			say(notification.Paragraph("Answer this mail and " + merchant + " sends you a way to pay."))
		}
	case returns.LetterRefunded:
		l.Heading = "Your refund is on its way"
		say(notification.Paragraph(refundGoes), returnSums(r, amount))
	case returns.LetterBounced:
		l.Heading = "Your refund did not go through"
		say(notification.Paragraph("It could not be given back to what you paid with. "+merchant+" tries again or pays it another way, and you do not have to do anything."),
			notification.Amount("Still to come", amount(r.Financial.DueToBuyer)))
	case returns.LetterExpired:
		l.Heading = "Your exchange has run out"
		say(notification.Paragraph("The difference was not paid in time, so the exchange was undone and nothing was charged."),
			notification.Paragraph(merchant+" decides what you get for your items. If you still want the exchange, answer this mail."), returnItems(r))
	case returns.LetterRejected:
		l.Heading = "Not all items were accepted"
		say(notification.Paragraph(merchant+" looked at what you sent back and did not accept all of it. You hear what happens now. If you think that this is a mistake, answer this mail."), rejectedItems(r))
	case returns.LetterCanceled:
		l.Heading = "Your return was withdrawn"
		if r.CancelReason != "buyer_request" && (r.CanceledBy == nil || r.CanceledBy.Type != returns.ActorBuyer) {
			l.Heading = "Your return was called off"
		}
		say(notification.Paragraph("Nothing has to be sent, and nothing is refunded or charged."), returnItems(r))
	case returns.LetterCompleted:
		l.Heading = "Your return is complete"
		switch {
		case r.Financial.Refunded > 0:
			say(notification.Paragraph(refundGoes), returnSums(r, amount))
		case rejectedAll(r):
			say(notification.Paragraph(merchant+" did not accept the items, so nothing is refunded. If you think that this is a mistake, answer this mail."), rejectedItems(r))
		default:
			say(notification.Paragraph("There is nothing left to do."), returnItems(r))
		}
	}
	if page != "" {
		say(notification.Button(button, page))
	}
	l.Subject = fmt.Sprintf("%s (return %s, order %s at %s)", l.Heading, r.Number, r.OrderNumber, merchant)
	return l
}

// refundGoes is true of a refund to a card, and of one that was paid another way because the card took none.
const refundGoes = "Your refund goes to what you paid with, unless you agreed on another way. Banks can take some days to show it."

// corrects tells whether what a buyer owes is the work of a correction.
func corrects(r *returns.Return) bool {
	return slices.ContainsFunc(r.Resolutions, func(x returns.Resolution) bool {
		return x.Status == returns.ResolutionRequiresAction && x.ActionReason == "buyer_payment" && x.Type == returns.ResolutionCorrection
	})
}

// rejectedAll tells whether nothing of what arrived was accepted.
func rejectedAll(r *returns.Return) bool {
	var received, rejected int64
	for k := range r.Lines {
		received, rejected = received+r.Lines[k].Received, rejected+r.Lines[k].Rejected
	}
	return rejected > 0 && rejected == received
}

// rejectedItems are the goods that were not accepted.
func rejectedItems(r *returns.Return) notification.Block {
	var rows []notification.Fact
	for k := range r.Lines {
		if l := &r.Lines[k]; l.Rejected > 0 {
			rows = append(rows, notification.Fact{Name: l.Identity.Name, Value: fmt.Sprintf("× %d not accepted", l.Rejected)})
		}
	}
	return notification.Facts(rows...)
}

func decidedHeading(r *returns.Return) string {
	switch r.DecisionStatus {
	case returns.DecisionDeclined:
		return "Your return was declined"
	case returns.DecisionPartiallyApproved:
		return "Your return was approved in part"
	}
	return "Your return was approved"
}

// decidedBlocks tell what was decided and, where goods have to come back, how to send them.
func decidedBlocks(r *returns.Return, merchant string, zone *time.Location) []notification.Block {
	var out []notification.Block
	switch {
	case r.DecisionStatus == returns.DecisionDeclined:
		out = append(out, notification.Paragraph(merchant+" does not take the items back. If you think that this is a mistake, answer this mail."))
	case len(r.Handoff) > 0:
		out = append(out, notification.Paragraph("Please send the items back. Keep the receipt of the carrier until the return is complete."+afterwards(r)))
	default:
		out = append(out, notification.Paragraph("You do not have to send anything back."))
	}
	out = append(out, returnItems(r))
	for k := range r.Lines {
		l := &r.Lines[k]
		if why := cmp.Or(l.DeclineMessage, declines[l.DeclineReason]); l.Declined > 0 && why != "" {
			out = append(out, notification.Paragraph(l.Identity.Name+": "+why))
		}
	}
	for _, need := range r.Handoff {
		lines := []string{"Send to:", need.Name}
		if a := need.Address; a != nil {
			lines = append(lines, a.Line1, a.Line2, strings.Join(strings.Fields(a.City+" "+a.State+" "+a.PostalCode), " "), ui.CountryName(a.Country))
		} else {
			lines = append(lines, merchant+" will tell you where.")
		}
		var kept []string
		for _, line := range lines {
			if line != "" {
				kept = append(kept, line)
			}
		}
		out = append(out, notification.Notice(strings.Join(kept, "\n")))
		if need.Instructions != "" {
			out = append(out, notification.Paragraph(need.Instructions))
		}
		if !need.ExpiresAt.IsZero() {
			out = append(out, notification.Facts(notification.Fact{Name: "Send by", Value: need.ExpiresAt.In(zone).Format("2 January 2006")}))
		}
	}
	return out
}

// declines are reasons in words, for a shop that wrote none. The others say nothing that helps a buyer.
var declines = map[string]string{
	"not_eligible":         "This does not meet the rules for returns.",
	"quantity_unavailable": "The quantity is not right.",
	"evidence_missing":     "Something that proves the claim is missing.",
}

// afterwards says what the value of goods that are to be sent waits for, where it is the same for all of them.
func afterwards(r *returns.Return) string {
	timing := ""
	for k := range r.Lines {
		l := &r.Lines[k]
		if l.Approved == 0 {
			continue
		}
		if timing != "" && timing != l.RefundTiming {
			return ""
		}
		timing = l.RefundTiming
	}
	return map[string]string{
		returns.AfterHandoff:    " What you get for them follows once a carrier has them.",
		returns.AfterReceipt:    " What you get for them follows once they have arrived.",
		returns.AfterInspection: " What you get for them follows once they have arrived and were accepted.",
	}[timing]
}

// returnItems are the goods of a return, with how many of them come back.
func returnItems(r *returns.Return) notification.Block {
	var rows []notification.Fact
	for k := range r.Lines {
		l := &r.Lines[k]
		row := notification.Fact{Name: l.Identity.Name, Value: fmt.Sprintf("× %d", l.Requested), Detail: l.ReasonName}
		switch {
		case l.DecidedAt.IsZero() || l.Declined == 0:
		case l.Approved == 0:
			row.Value += ", declined"
		default:
			row.Value = fmt.Sprintf("× %d of %d", l.Approved, l.Requested)
		}
		rows = append(rows, row)
	}
	return notification.Facts(rows...)
}

// returnSums are what was taken off and what the buyer got.
func returnSums(r *returns.Return, amount func(int64) string) notification.Block {
	f := r.Financial
	rows := []notification.Fact{{Name: "Value of the items", Value: amount(f.Returned.Total)}}
	if f.Deduction > 0 {
		rows = append(rows, notification.Fact{Name: "Fees", Value: amount(-f.Deduction)})
	}
	if f.Credit > 0 {
		rows = append(rows, notification.Fact{Name: "Credit", Value: amount(f.Credit)})
	}
	if f.Replacement > 0 {
		rows = append(rows, notification.Fact{Name: "Items you get instead", Value: amount(-f.Replacement)})
	}
	rows = append(rows, notification.Fact{Name: "Refunded", Value: amount(f.Refunded), Strong: true})
	if f.DueToBuyer > 0 {
		rows = append(rows, notification.Fact{Name: "Still to come", Value: amount(f.DueToBuyer)})
	}
	return notification.Facts(rows...)
}
