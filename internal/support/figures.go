package support

import (
	"fmt"
	"slices"
	"strings"

	"flint/internal/db"
	"flint/internal/ledger"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/tenant"
)

var (
	price     = []ledger.Account{ledger.Sales, ledger.Tax, ledger.Tips}
	asked     = slices.Concat(price, []ledger.Account{ledger.LateFees, ledger.CreditNotes})
	collected = []ledger.Account{ledger.MerchantBalance}
	buyer     = []ledger.Account{ledger.Receivable}
)

// figures are all figures of an order, without rows: the amount is what the order says, the accounts are
// where the journal must say the same. ops tell what processors have not answered for, x what exchanges moved: the
// amount of value that left is read from the orders that hold it. entries tell what banks took in all, of which the
// order knows what they still have.
func figures(o *order.Order, ops operations, x exchange, entries []BookedEntry) []Figure {
	say := speaker(o)
	s, balance, owes := o.Settlement, o.Balance(), owed(o)
	givenBack := takenByBanks(entries) - o.Disputes.Open - o.Disputes.Lost
	return []Figure{
		{Name: "balance", Amount: balance, Accounts: buyer, sign: 1, Text: balanceText(o)},
		{Name: "outstanding", Amount: o.Outstanding(), Accounts: buyer, sign: 1, closed: balance < 0, Text: outstandingText(o)},
		{Name: "credit", Amount: o.Credit(), Accounts: buyer, sign: -1, closed: balance > 0, Text: creditText(o)},
		{Name: "total", Amount: o.Pricing.Total, Accounts: price, sign: -1, Text: "The order costs " + say(o.Pricing.Total) + ", tax and tip included."},
		{Name: "late_fees", Amount: o.Invoicing.LateFees, Accounts: []ledger.Account{ledger.LateFees}, sign: -1,
			Text: "Charged for paying late, less what was waived: " + say(o.Invoicing.LateFees) + "."},
		{Name: "credited", Amount: o.Invoicing.Credited, Accounts: []ledger.Account{ledger.CreditNotes}, sign: 1,
			Text: "Taken off what is asked for by credit notes: " + say(o.Invoicing.Credited) + "."},
		{Name: "owed", Amount: owes, Accounts: asked, sign: -1,
			Text: "The order asks for " + say(owes) + ": its total, with late fees on top and without what credit notes took off."},
		{Name: "paid", Amount: s.Paid, Accounts: collected, sign: 1, of: func(e BookedEntry) bool { return e.RefundID == "" && !byBank(e) },
			Text: "Payments brought in " + say(s.Paid) + ", gross. What is only held or still under way is not in it."},
		{Name: "refunded", Amount: s.Refunded, Accounts: collected, sign: -1, of: func(e BookedEntry) bool { return e.RefundID != "" },
			Text: "Refunds that succeeded gave back " + say(s.Refunded) + ". What is under way is not in it."},
		{Name: "net_collected", Amount: o.NetCollected(), Accounts: collected, sign: 1, of: func(e BookedEntry) bool { return !byBank(e) },
			Text: say(s.Paid) + " was paid and " + say(s.Refunded) + " given back, which leaves " + say(o.NetCollected()) + "."},
		{Name: "exchange_credit_received", Amount: x.sum(true), Accounts: collected, sign: 1, of: func(e BookedEntry) bool { return x.came(e.PaymentID) != nil && e.RefundID == "" && !byBank(e) },
			Text: receivedText(o, x)},
		{Name: "exchange_credit_given", Amount: x.sum(false), Accounts: collected, sign: -1, of: func(e BookedEntry) bool { return x.went(e.RefundID) != nil },
			Text: givenText(o, x)},
		{Name: "disputed", Amount: o.Disputes.Open, Accounts: []ledger.Account{ledger.Disputes}, sign: 1,
			Text: "Buyers' banks hold " + say(o.Disputes.Open) + " until disputes are decided. What the buyer owes does not change by that."},
		{Name: "dispute_returned", Amount: givenBack, Accounts: collected, sign: 1, of: func(e BookedEntry) bool { return byBank(e) && e.Sum(collected...) > 0 },
			Text: "Buyers' banks had taken " + say(givenBack) + " that they gave back, because disputes were won or averted."},
		{Name: "dispute_lost", Amount: o.Disputes.Lost, Accounts: []ledger.Account{ledger.MerchantBalance, ledger.Disputes}, sign: -1, of: byBank,
			Text: "Buyers' banks took back " + say(o.Disputes.Lost) + " for good. It is not asked for again."},
		{Name: "kept", Amount: o.NetCollected() - o.Disputes.Open - o.Disputes.Lost, Accounts: collected, sign: 1,
			Text: "With the merchant is " + say(o.NetCollected()-o.Disputes.Open-o.Disputes.Lost) + ": what was collected, without what banks hold or took back."},
		{Name: "refunded_sales", Amount: s.Refunded - returned(o), Accounts: []ledger.Account{ledger.Refunds}, sign: 1,
			Text: say(s.Refunded-returned(o)) + " of what was refunded took back a sale. The buyer does not owe it again, so it does not touch the balance."},
		{Name: "written_off", Amount: o.WrittenOff(), Accounts: []ledger.Account{ledger.WriteOffs}, sign: 1,
			Text: say(o.WrittenOff()) + " of what is outstanding was given up on. It may still be paid."},
		{Name: "payments_in_flight", Amount: ops.payments, Accounts: []ledger.Account{ledger.PaymentsInFlight}, sign: -1,
			Text: "Processors were asked for " + say(ops.payments) + " and have not answered."},
		{Name: "refunds_in_flight", Amount: ops.refunds, Accounts: []ledger.Account{ledger.RefundsInFlight}, sign: 1,
			Text: "Processors were asked to give back " + say(ops.refunds) + " and have not answered."},
	}
}

// byBank tells an entry that a dispute caused.
func byBank(e BookedEntry) bool {
	kind, _, _ := strings.Cut(e.Reason, ":")
	return kind == ledger.ReasonDispute
}

// takenByBanks is what banks ever took from the merchant, in minor units, whatever became of it.
func takenByBanks(entries []BookedEntry) (minor int64) {
	for _, e := range entries {
		if moved := e.Sum(collected...); byBank(e) && moved < 0 {
			minor -= moved
		}
	}
	return minor
}

// speaker writes amounts of an order for people.
func speaker(o *order.Order) func(minor int64) string {
	return func(minor int64) string { return money.Format(money.Amount{Minor: minor, Currency: o.Currency}, "") }
}

func owed(o *order.Order) int64 { return o.Pricing.Total + o.Invoicing.LateFees - o.Invoicing.Credited }

// returned is what refunds gave back of an overpayment.
func returned(o *order.Order) int64 {
	return min(o.Settlement.Refunded, max(o.Settlement.Paid-owed(o), 0))
}

// summary tells the balance as a short story.
func summary(o *order.Order, x exchange, entries []BookedEntry) []string {
	say := speaker(o)
	out := []string{"The order costs " + say(o.Pricing.Total) + "."}
	if l := x.madeFor; l != nil {
		out = append(out, "It was made for return "+l.ReturnNumber+" of order "+l.OrderNumber+".")
	}
	if v := o.Invoicing.LateFees; v != 0 {
		out = append(out, "Late fees of "+say(v)+" came on top.")
	}
	if v := o.Invoicing.Credited; v != 0 {
		out = append(out, "Credit notes took off "+say(v)+".")
	}
	if v := o.Settlement.Paid; v != 0 {
		out = append(out, say(v)+" was paid.")
	} else {
		out = append(out, "Nothing was paid.")
	}
	if x.sum(true) != 0 {
		out = append(out, receivedText(o, x))
	}
	if v := o.Settlement.Refunded; v != 0 {
		out = append(out, say(v)+" was given back.")
		if x.sum(false) != 0 {
			out = append(out, givenText(o, x))
		}
		if sale := v - returned(o); sale != 0 {
			out = append(out, "Of that, "+say(sale)+" took back a sale and is not owed again.")
		}
	}
	if v := o.Disputes.Open; v != 0 {
		out = append(out, "Buyers' banks hold "+say(v)+" until disputes are decided.")
	}
	if v := takenByBanks(entries) - o.Disputes.Open - o.Disputes.Lost; v != 0 {
		out = append(out, "Buyers' banks had taken "+say(v)+" and gave it back.")
	}
	if v := o.Disputes.Lost; v != 0 {
		out = append(out, "Buyers' banks took back "+say(v)+" for good.")
	}
	out = append(out, balanceText(o))
	if v := o.WrittenOff(); v != 0 {
		out = append(out, say(v)+" of it was given up on.")
	}
	return out
}

func balanceText(o *order.Order) string {
	say, b := speaker(o), o.Balance()
	switch {
	case b > 0:
		return "The buyer owes " + say(b) + "."
	case b < 0:
		return say(-b) + " is owed to the buyer."
	default:
		return "Nobody owes anything."
	}
}

func receivedText(o *order.Order, x exchange) string {
	if x.sum(true) == 0 {
		return "Nothing of what was paid is the value of goods of another order."
	}
	return speaker(o)(x.sum(true)) + " of what was paid is exchange credit from " + x.others(true) + "."
}

func givenText(o *order.Order, x exchange) string {
	if x.sum(false) == 0 {
		return "Nothing of what was given back went to another order."
	}
	return speaker(o)(x.sum(false)) + " of what was given back went to " + x.others(false) + " as exchange credit."
}

func outstandingText(o *order.Order) string {
	say, v := speaker(o), o.Outstanding()
	if v == 0 {
		return "Nothing is left to collect: " + say(owed(o)) + " was asked for and " + say(o.Settlement.Paid) + " paid. A refund makes nothing payable again."
	}
	return say(owed(o)) + " is asked for and " + say(o.Settlement.Paid) + " was paid, so " + say(v) + " is left to collect."
}

func creditText(o *order.Order) string {
	say, over := speaker(o), max(o.Settlement.Paid-owed(o), 0)
	switch {
	case over == 0:
		return "The buyer has not paid more than was asked for."
	case o.Disputes.Lost != 0 && o.Credit() != over-returned(o):
		return "The buyer paid " + say(over) + " more than was asked for, got " + say(returned(o)) + " of it back by refunds and the rest through a bank as far as it took money back, so " +
			say(o.Credit()) + " is left."
	case returned(o) == 0:
		return "The buyer paid " + say(over) + " more than was asked for and has not got it back."
	default:
		return "The buyer paid " + say(over) + " more than was asked for and got " + say(returned(o)) + " of it back, so " + say(o.Credit()) + " is left."
	}
}

// operationStep tells of an entry of clearing which operation it is about, and whether it is the question or the answer.
func operationStep(reason string) (operationID, step string, ok bool) {
	kind, rest, _ := strings.Cut(reason, ":")
	operationID, step, _ = strings.Cut(rest, ":")
	return operationID, step, kind == "operation"
}

// operationText says what an entry of clearing means; recorded when no processor was asked, because the money moved elsewhere.
func operationText(b ledger.Booked, step string, recorded bool, x exchange) string {
	if x.behind(b) != nil {
		if step == "planned" {
			return "Exchange credit was about to move, without a processor."
		}
		return "Exchange credit had moved, without a processor."
	}
	what, moved := "a payment", "received"
	if b.Sum(ledger.RefundsInFlight) != 0 {
		what, moved = "a refund", "given back"
	}
	switch {
	case recorded && step == "planned":
		return "Money that was " + moved + " elsewhere was about to be recorded."
	case recorded:
		return "Money that was " + moved + " elsewhere had been recorded."
	case step == "planned":
		return "The processor was asked for " + what + "."
	}
	return "The processor answered for " + what + "."
}

// operations are what the operations of an order tell that the journal does not: money that processors were asked to
// move and have not answered for, in minor units, and by their ids the operations that no processor was asked for.
type operations struct {
	payments, refunds int64
	recorded          map[string]bool
}

func readOperations(tx db.Tx, scope tenant.Scope, orderID string) (operations, error) {
	out := operations{recorded: map[string]bool{}}
	err := tx.Query(func(r db.Row) error {
		var operationID, processor, kind, state string
		var amount int64
		if err := r.Scan(&operationID, &processor, &kind, &state, &amount); err != nil {
			return err
		}
		if processor == payment.Manual {
			out.recorded[operationID] = true
		}
		if state == "succeeded" || state == "failed" {
			return nil
		}
		switch kind {
		case "sale", "capture":
			out.payments += amount
		case "refund":
			out.refunds += amount
		}
		return nil
	}, `SELECT o.operation_id, o.processor, o.kind, o.state, o.amount FROM payment_intents i JOIN processor_operations o ON o.merchant_id = i.merchant_id
			AND o.environment_id = i.environment_id AND o.payment_intent_id = i.payment_intent_id
		WHERE i.merchant_id = $1 AND i.environment_id = $2 AND i.order_id = $3`,
		scope.MerchantID, scope.EnvironmentID, orderID)
	if err != nil {
		return operations{}, fmt.Errorf("read the operations of order %s: %w", orderID, err)
	}
	return out, nil
}
