package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"flint/internal/devenv"
)

// target is the development environment that a tool talks to.
type target struct {
	Data string `help:"Data folder of the development environment." default:"./data" placeholder:"DIR"`
}

func (t target) facts() (*devenv.Facts, error) {
	raw, err := os.ReadFile(filepath.Join(t.Data, "dev.json"))
	if err != nil {
		return nil, exitError{exitUsage, fmt.Errorf("no development environment in %s; start one with flint dev: %w", t.Data, err)}
	}
	f := &devenv.Facts{}
	return f, json.Unmarshal(raw, f)
}

type listenCmd struct {
	target
	ForwardTo string   `help:"URL that each event is posted to." required:"" placeholder:"URL"`
	Events    []string `help:"Event types to forward; all when left out." placeholder:"TYPE"`
	App       string   `help:"Forward what this app is told instead of what happens to the merchant." placeholder:"PAPP_ID"`
}

// Run follows the event stream and posts each event to the URL. It reconnects where it was. With an app
// it passes the app's deliveries on.
func (c *listenCmd) Run(ctx context.Context) error {
	facts, err := c.facts()
	if err != nil {
		return err
	}
	if u, err := url.Parse(c.ForwardTo); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return exitError{exitUsage, errors.New("--forward-to: a whole address, like http://127.0.0.1:3000/webhooks")}
	}
	if c.App != "" {
		return c.listenApp(ctx, facts)
	}
	fmt.Println("Forwarding events of", facts.BaseURL, "to", c.ForwardTo)
	last := ""
	for ctx.Err() == nil {
		if err := c.follow(ctx, facts, &last); err != nil && ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, "flint: the stream ended:", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
	return nil
}

func (c *listenCmd) follow(ctx context.Context, facts *devenv.Facts, last *string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, facts.BaseURL+"/v1/webhook-events/stream", nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+facts.APIKey)
	if *last != "" {
		req.Header.Set("Last-Event-ID", *last)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the server answered %s", resp.Status)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(make([]byte, 64<<10), 4<<20)
	var kind, id, data string
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "event":
			kind = value
		case "id":
			id = value
		case "data":
			data += value
		case "":
			if kind == "webhook.event" {
				c.forward(ctx, data)
			}
			if id != "" {
				*last = id
			}
			kind, id, data = "", "", ""
		}
	}
	return lines.Err()
}

func (c *listenCmd) forward(ctx context.Context, data string) {
	var e struct {
		ID      string          `json:"webhook_event_id"`
		Type    string          `json:"event_type"`
		Payload json.RawMessage `json:"payload"`
	}
	if err := json.Unmarshal([]byte(data), &e); err != nil {
		fmt.Fprintln(os.Stderr, "flint: an event could not be read:", err)
		return
	}
	if len(c.Events) > 0 && !slices.Contains(c.Events, e.Type) {
		return
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.ForwardTo, bytes.NewReader([]byte(data)))
	if err != nil {
		fmt.Fprintln(os.Stderr, "flint:", err)
		return
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("webhook-id", e.ID)
	resp, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		fmt.Println(e.Type, e.ID, "→", err)
		return
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection is used again
	_ = resp.Body.Close()
	fmt.Println(e.Type, e.ID, "→", resp.Status)
}

type triggerCmd struct {
	target
	Event string `arg:"" help:"Event to cause: order.created, order.paid, payment_intent.payment_failed, refund.updated, checkout_session.completed …; a wrong name lists them all."`
}

// Run makes the event happen by doing what causes it, through the public API.
func (c *triggerCmd) Run(ctx context.Context) error {
	facts, err := c.facts()
	if err != nil {
		return err
	}
	t := trigger{ctx: ctx, facts: facts}
	steps, ok := triggers[c.Event]
	if !ok {
		names := make([]string, 0, len(triggers))
		for n := range triggers {
			names = append(names, n)
		}
		slices.Sort(names)
		return exitError{exitUsage, fmt.Errorf("%s cannot be triggered; choose one of: %s", c.Event, strings.Join(names, ", "))}
	}
	if err := steps(&t); err != nil {
		return err
	}
	_, err = fmt.Println("Triggered", c.Event, "on order", t.order)
	return err
}

// trigger causes events through the API.
type trigger struct {
	ctx   context.Context
	facts *devenv.Facts
	order string
}

var triggers = map[string]func(*trigger) error{
	"order.created":                 (*trigger).create,
	"order.paid":                    func(t *trigger) error { return t.paid("simtok_approve") },
	"payment_intent.succeeded":      func(t *trigger) error { return t.paid("simtok_approve") },
	"payment_intent.payment_failed": func(t *trigger) error { return t.paid("simtok_decline_card_declined") },
	"payment_intent.processing":     func(t *trigger) error { return t.paid("simtok_processing_succeeds") },
	"refund.created":                (*trigger).refunded,
	"refund.updated":                (*trigger).refunded,
	"order.refunded":                (*trigger).refunded,
	"order.closed": func(t *trigger) error {
		if err := t.create(); err != nil {
			return err
		}
		return t.post("/v1/orders/"+t.order+"/close", `{}`, nil)
	},
	"checkout_session.closed":    (*trigger).sessionClosed,
	"checkout_session.completed": (*trigger).sessionPaid,
}

func (t *trigger) post(path, body string, into any) error {
	req, err := http.NewRequestWithContext(t.ctx, http.MethodPost, t.facts.BaseURL+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+t.facts.APIKey)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s answered %s: %s", path, resp.Status, raw)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(raw, into)
}

func (t *trigger) create() error {
	var out struct {
		Data struct {
			ID string `json:"order_id"`
		} `json:"data"`
	}
	err := t.post("/v1/orders", `{"line_items":[{"name":"Triggered item","unit_price_money":{"amount":2000,"currency":"USD"}}]}`, &out)
	t.order = out.Data.ID
	return err
}

func (t *trigger) paid(token string) error {
	if err := t.create(); err != nil {
		return err
	}
	return t.post("/v1/orders/"+t.order+"/pay", `{"action":"pay","payment_source":{"token":"`+token+`"}}`, nil)
}

func (t *trigger) refunded() error {
	if err := t.paid("simtok_approve"); err != nil {
		return err
	}
	return t.post("/v1/refunds", `{"order_id":"`+t.order+`","amount_money":{"amount":500,"currency":"USD"}}`, nil)
}

func (t *trigger) session() (string, error) {
	if err := t.create(); err != nil {
		return "", err
	}
	var out struct {
		Data struct {
			Session struct {
				ID string `json:"checkout_session_id"`
			} `json:"checkout_session"`
		} `json:"data"`
	}
	err := t.post("/v1/checkout-sessions", `{"order_id":"`+t.order+`"}`, &out)
	return out.Data.Session.ID, err
}

func (t *trigger) sessionClosed() error {
	id, err := t.session()
	if err != nil {
		return err
	}
	return t.post("/v1/checkout-sessions/"+id+"/close", `{}`, nil)
}

func (t *trigger) sessionPaid() error {
	if _, err := t.session(); err != nil {
		return err
	}
	return t.post("/v1/orders/"+t.order+"/pay", `{"action":"pay","payment_source":{"token":"simtok_approve"}}`, nil)
}
