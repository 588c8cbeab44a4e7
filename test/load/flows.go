package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// kind is a flow that is measured: what one round of it does, and which calls it makes.
type kind struct {
	name        string // as the report and the profiles call it
	text        string // what it does, for the report
	first, last int    // its calls
	// make prepares what all rounds share and returns one round.
	make func(c *client) (func(*client, *timings) error, error)
}

// mainKind is the flow that is measured with every number of clients; the others run with the most.
var mainKind = kind{
	name: "sale", first: callOrder, last: callRefund,
	make: func(*client) (func(*client, *timings) error, error) { return sale, nil },
}

var otherKinds = []kind{
	{"hosted checkout", "a session over a quick item, its launch token traded for a cookie, the payment page, its form sent with a test token, the success page",
		callLaunch, callDone, func(*client) (func(*client, *timings) error, error) { return hosted, nil }},
	{"payment link", "the public read of a link and the resolve that opens an order and a session", callPublic, callResolve, linkFlow},
	{"invoice", "an invoice over two lines created, issued, and fetched as a PDF",
		callDraft, callPaper, func(*client) (func(*client, *timings) error, error) { return invoiced, nil }},
}

const sessionBody = `{"quick_pay_item":{"name":"Tin of tea","amount_money":{"amount":1999,"currency":"USD"}}}`

// hosted is a buyer in a browser of their own.
func hosted(c *client, t *timings) error {
	c.cookies = map[string]string{}
	answer, err := t.post(c, callLaunch, 201, "/v1/checkout-sessions", sessionBody)
	if err != nil {
		return err
	}
	_, token, found := strings.Cut(field(answer, "url"), "#checkout_token=")
	page := "/checkout/" + field(answer, "checkout_session_id")
	if !found {
		return errors.New("the session has no launch token")
	}
	enter := url.Values{"checkout_token": {token}}
	if _, err := t.step(callEnter, 303, func() (int, []byte, error) { return c.browse("POST", page+"/open", enter) }); err != nil {
		return err
	}
	answer, err = t.step(callPage, 200, func() (int, []byte, error) { return c.browse("GET", page, nil) })
	if err != nil {
		return err
	}
	form := url.Values{
		"expected_amount": {input(answer, "expected_amount")}, "currency": {input(answer, "currency")}, "seen": {input(answer, "seen")},
		"payment_option": {"card"}, "payment_token": {"simtok_approve"}, "email": {"ada@buyer.test"},
	}
	if _, err := t.step(callSubmit, 303, func() (int, []byte, error) { return c.browse("POST", page+"/pay", form) }); err != nil {
		return err
	}
	answer, err = t.step(callDone, 200, func() (int, []byte, error) { return c.browse("GET", page, nil) })
	if err == nil && !bytes.Contains(answer, []byte(`class="mark good"`)) {
		err = fmt.Errorf("the page does not say that it was paid: %s", answer)
	}
	return err
}

// input is the value of a hidden input of a page, which needs no escapes.
func input(page []byte, name string) string {
	_, rest, _ := bytes.Cut(page, []byte(`name="`+name+`" value="`))
	value, _, _ := bytes.Cut(rest, []byte{'"'})
	return string(value)
}

const linkBody = `{"name":"Tea by the tin","line_items":[{"name":"Tin of tea","unit_price_money":{"amount":1999,"currency":"USD"},` +
	`"allow_quantity_adjustment":true,"max_quantity":4,"key":"tin"}]}`

func linkFlow(c *client) (func(*client, *timings) error, error) {
	var ignored timings
	answer, err := ignored.post(c, callResolve, 201, "/v1/payment-links", linkBody)
	if err != nil {
		return nil, err
	}
	link := "/v1/payment-links/" + field(answer, "payment_link_id")
	return func(c *client, t *timings) error {
		shown, err := t.step(callPublic, 200, func() (int, []byte, error) { return c.call("GET", link+"/public", "", nil) })
		if err != nil {
			return err
		}
		_, err = t.post(c, callResolve, 201, link+"/resolve",
			`{"resolution_context":"`+field(shown, "resolution_context")+`","quantity_overrides":{"tin":2}}`)
		return err
	}, nil
}

const invoiceBody = `{"quick_pay":{"line_items":[{"name":"Oak desk","quantity":2,"unit_price_money":{"amount":24000,"currency":"USD"}},` +
	`{"name":"Delivery","unit_price_money":{"amount":4900,"currency":"USD"}}]},"memo":"Thank you for your order."}`

func invoiced(c *client, t *timings) error {
	answer, err := t.post(c, callDraft, 201, "/v1/invoices", invoiceBody)
	if err != nil {
		return err
	}
	invoice := "/v1/invoices/" + field(answer, "invoice_id")
	if _, err := t.post(c, callIssue, 200, invoice+"/issue", `{"delivery_mode":"caller_managed"}`); err != nil {
		return err
	}
	answer, err = t.step(callPaper, 200, func() (int, []byte, error) { return c.call("GET", invoice+"/pdf", "", nil) })
	if err == nil && !bytes.HasPrefix(answer, []byte("%PDF-")) {
		err = errors.New("what was fetched is no PDF")
	}
	return err
}
