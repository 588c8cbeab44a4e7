package main

import (
	"context"
	"net/http"
	"net/url"
)

// entry is one line of the book of a return: what became due, or what settled it. Positive is for the buyer,
// negative is from the buyer.
type entry struct {
	ID     string `json:"id"` // of the resolution, refund or payment that it follows from
	What   string `json:"what"`
	Amount int64  `json:"amount"`
}

// resolution is a resolution, as Flint answers it.
type resolution struct {
	ID       string   `json:"return_resolution_id"`
	Type     string   `json:"resolution_type"`
	Status   string   `json:"status"`
	Waits    string   `json:"action_reason"`
	Refund   money    `json:"buyer_refund_amount_money"`
	Payment  money    `json:"buyer_payment_amount_money"`
	Payments []string `json:"payment_intent_ids"`
}

// payment is a refund or a payment.
type payment struct {
	RefundID  string `json:"refund_id"`
	PaymentID string `json:"payment_intent_id"`
	Status    string `json:"status"`
	Method    string `json:"refund_method"`
	Amount    money  `json:"amount_money"`
}

// book follows from what Flint says now, so it can be made again at any time and from any event.
func book(resolutions []resolution, refunds, payments []payment) []entry {
	var out []entry
	for _, x := range resolutions {
		due := x.Refund.Amount - x.Payment.Amount
		if x.Status == "failed" {
			due = max(due, 0) // an exchange that nobody paid is not owed; a refund that failed still is
		}
		if due != 0 && x.Status != "proposed" && x.Status != "canceled" {
			out = append(out, entry{x.ID, x.Type, due})
		}
	}
	for _, r := range refunds {
		// Credit moves from one order to another and nobody gets money.
		if r.Status == "succeeded" && r.Method != "exchange_credit" {
			out = append(out, entry{r.RefundID, "refund", -r.Amount.Amount})
		}
	}
	for _, p := range payments {
		if p.Status == "succeeded" {
			out = append(out, entry{p.PaymentID, "payment", p.Amount.Amount})
		}
	}
	return out
}

// Due is what the return comes to: nothing when all is settled.
func (c claim) Due() (m money) {
	m.Currency = c.Value.Currency
	for _, e := range c.Book {
		m.Amount += e.Amount
	}
	return m
}

// read makes the book of a return.
func (a *app) read(ctx context.Context, grant, returnID string) ([]entry, error) {
	resolutions, err := a.resolutions(ctx, grant, returnID)
	if err != nil {
		return nil, err
	}
	var refunds, payments []payment
	if err := a.call(ctx, grant, http.MethodGet, "/v1/refunds?page_size=100&return_id="+url.QueryEscape(returnID), "", nil, &refunds); err != nil {
		return nil, err
	}
	for _, x := range resolutions {
		for _, id := range x.Payments {
			var p payment
			if err := a.call(ctx, grant, http.MethodGet, "/v1/payment-intents/"+url.PathEscape(id), "", nil, &p); err != nil {
				return nil, err
			}
			payments = append(payments, p)
		}
	}
	return book(resolutions, refunds, payments), nil
}

func (a *app) resolutions(ctx context.Context, grant, returnID string) (all []resolution, err error) {
	err = a.call(ctx, grant, http.MethodGet, "/v1/return-resolutions?page_size=100&return_id="+url.QueryEscape(returnID), "", nil, &all)
	return all, err
}
