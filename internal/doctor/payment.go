package doctor

import (
	"flint/internal/ledger"
	"flint/internal/payment"
)

func (o *operation) ended() bool { return o.state == "succeeded" || o.state == "failed" }

// clearing is what a planned operation posts to an account, in minor units.
func clearing(o *operation, a ledger.Account) int64 {
	switch o.Kind {
	case payment.KindSale, payment.KindCapture:
		switch a {
		case ledger.ProcessorClearing:
			return o.Amount
		case ledger.PaymentsInFlight:
			return -o.Amount
		}
	case payment.KindRefund:
		switch a {
		case ledger.RefundsInFlight:
			return o.Amount
		case ledger.ProcessorClearing:
			return -o.Amount
		}
	}
	return 0
}

// operations proves that each says what it said when it was planned, and lists those that hang.
func (c *checker) operations(b *books) {
	byID := map[string]*intent{}
	for _, i := range b.intents {
		byID[i.id] = i
	}
	for _, o := range b.operations {
		c.add(b.finding("processor_operations", o.ID, "the request is the one that was planned (1 when it is)", 1, truth(o.Fingerprint() == o.hash)))
		if !o.ended() {
			c.report.InFlight++
		}
		if c.exceptional(o) {
			c.report.Exceptions = append(c.report.Exceptions, Exception{
				MerchantID: b.scope.MerchantID, EnvironmentID: b.scope.EnvironmentID, OrderID: b.id, OperationID: o.ID, State: o.state,
				Amount: o.Amount, Currency: string(o.Currency), Since: o.createdAt,
			})
		}
		i := byID[o.PaymentID]
		if i == nil {
			continue
		}
		opens := o.Kind == payment.KindSale || o.Kind == payment.KindAuthorize
		if opens {
			c.add(b.finding("payment_intents", i.id, "amount = what its charge asks for", o.Amount, i.amount))
		}
		if o.state != "succeeded" {
			continue
		}
		if opens {
			i.opened += o.Amount
		}
		if o.Kind == payment.KindSale || o.Kind == payment.KindCapture {
			i.taken += o.Amount
		}
		if o.Kind == payment.KindReversal {
			i.opened -= o.Amount
			i.taken -= o.Amount
		}
	}
	for _, r := range b.refunds {
		for _, a := range r.allocations {
			i := byID[a.intentID]
			if i == nil {
				c.add(b.finding("refund_allocations", r.id+"/"+a.id, "its payment intent exists (count)", 1, 0))
				continue
			}
			switch a.status {
			case "succeeded":
				i.givenBack += a.amount
			case "pending", "requires_action":
				i.givingBack += a.amount
			}
		}
	}
}

// exceptional tells whether an operator should look at an operation: it was contradicted, or an answer
// that should long be there is not.
func (c *checker) exceptional(o *operation) bool {
	switch o.state {
	case "parked":
		return true
	case "planned", "unknown":
		return !c.opts.Now.IsZero() && c.opts.Now.Sub(o.createdAt) > overdue
	default:
		return o.code == payment.CodeStranded
	}
}

// intents holds each payment against its operations and refunds.
func (c *checker) intents(b *books) {
	for _, i := range b.intents {
		add := func(rule string, expected, actual int64) {
			c.add(b.finding("payment_intents", i.id, rule, expected, actual))
		}
		add("authorized = sum of charges that succeeded", i.opened, i.authorized)
		add("captured = sum of captures that succeeded", i.taken, i.captured)
		add("refunded = sum of refunds that succeeded", i.givenBack, i.refunded)
		add("reserved = sum of refunds without an outcome", i.givingBack, i.reserved)
		released := int64(0)
		switch i.status {
		case payment.IntentSucceeded, payment.IntentCanceled, payment.IntentExpired:
			released = i.opened - i.taken
		}
		add("released = what of the hold was not captured", released, i.released)
		if over := i.refunded + i.reserved + i.disputed - i.captured; over > 0 {
			add("given back at most what was captured (excess)", 0, over)
		}
		add("captured money means succeeded (1 when it does)", truth(i.captured > 0), truth(i.status == payment.IntentSucceeded))
	}
}

// attempts proves that at most one is open and that it is the one the order names.
func (c *checker) attempts(b *books) {
	amounts := map[string]int64{}
	for _, i := range b.intents {
		amounts[i.id] = i.amount
	}
	open := int64(0)
	for _, a := range b.attempts {
		probe := payment.Attempt{Status: a.status}
		if probe.Open() {
			open++
			c.add(b.finding("payment_attempts", a.id, "the open attempt is the order's (1 when it is)", 1, truth(b.order.ActiveAttemptID == a.id)))
		}
		legs := int64(0)
		for _, intentID := range a.intents {
			legs += amounts[intentID]
		}
		if len(a.intents) == 0 && a.status == payment.AttemptFailed {
			continue // it was turned away before any payment was made of it
		}
		if a.completion == payment.CompleteOrder || legs > a.expected {
			c.add(b.finding("payment_attempts", a.id, "expected outstanding = sum of its payments", legs, a.expected))
		}
	}
	c.add(b.finding("orders", b.id, "open attempts (count)", truth(b.order.ActiveAttemptID != ""), open))
}
