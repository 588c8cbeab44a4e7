package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"flint/internal/devenv"
)

// listenApp forwards what an app is told: the life of its installs, and events of merchants that
// installed it. The stream carries neither, so an endpoint is made for as long as the command runs, and
// its deliveries are passed on as they come, signatures included.
func (c *listenCmd) listenApp(ctx context.Context, facts *devenv.Facts) error {
	api := devAPI{facts}
	sources, types, err := c.appTypes(ctx, api)
	if err != nil {
		return err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for deliveries: %w", err)
	}
	relay := &http.Server{Handler: http.HandlerFunc(c.relay), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = relay.Serve(listener) }() // it ends with Close
	defer func() { _ = relay.Close() }()
	var endpoint struct {
		ID     string `json:"webhook_endpoint_id"`
		Secret string `json:"secret"`
	}
	err = api.call(ctx, http.MethodPost, "/v1/webhook-endpoints", map[string]any{
		"url": "http://" + listener.Addr().String() + "/", "description": "flint listen", "partner_app_id": c.App, "mode": "both",
		"event_sources": sources, "enabled_events": types,
	}, &endpoint)
	if err != nil {
		return err
	}
	fmt.Println("Forwarding what", c.App, "is told to", c.ForwardTo)
	fmt.Println("Deliveries are signed with", endpoint.Secret)
	<-ctx.Done()
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := api.call(ending, http.MethodDelete, "/v1/webhook-endpoints/"+endpoint.ID, nil, nil); err != nil {
		return fmt.Errorf("delete the endpoint %s that was made for this command: %w", endpoint.ID, err)
	}
	return nil
}

// appTypes are the event types to ask for and the sources that have them: all without --events.
func (c *listenCmd) appTypes(ctx context.Context, api devAPI) (sources, types []string, err error) {
	var catalogue []struct {
		Type    string   `json:"event_type"`
		Sources []string `json:"event_sources"`
	}
	if err := api.call(ctx, http.MethodGet, "/v1/webhook-event-types", nil, &catalogue); err != nil {
		return nil, nil, err
	}
	for _, t := range catalogue {
		if len(c.Events) > 0 && !slices.Contains(c.Events, t.Type) {
			continue
		}
		types = append(types, t.Type)
		for _, s := range t.Sources {
			if s != "merchant" && !slices.Contains(sources, s) {
				sources = append(sources, s)
			}
		}
	}
	for _, name := range c.Events {
		if !slices.Contains(types, name) {
			return nil, nil, exitError{exitUsage, fmt.Errorf("--events: there is no event type %s", name)}
		}
	}
	return sources, types, nil
}

// relay passes a delivery on and answers as its receiver did.
func (c *listenCmd) relay(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 4<<20))
	if err != nil {
		return // the sender went away
	}
	req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, c.ForwardTo, bytes.NewReader(body))
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	for name, values := range r.Header {
		if name == "Content-Type" || strings.HasPrefix(name, "Webhook-") || strings.HasPrefix(name, "X-Flint-") {
			req.Header[name] = values
		}
	}
	what := r.Header.Get("X-Flint-Event-Type") + " " + r.Header.Get("webhook-id")
	resp, err := (&http.Client{Timeout: 9 * time.Second}).Do(req)
	if err != nil {
		fmt.Println(what, "→", err)
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection is used again
	_ = resp.Body.Close()
	fmt.Println(what, "→", resp.Status)
	w.WriteHeader(resp.StatusCode)
}

// devAPI calls the development environment with its test key.
type devAPI struct{ facts *devenv.Facts }

// call sends a request and reads the answer's data into out, which may be nil.
func (a devAPI) call(ctx context.Context, method, path string, body, out any) error {
	var sent io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.facts.BaseURL+path, sent)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+a.facts.APIKey)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Data  json.RawMessage `json:"data"`
		Error *struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return fmt.Errorf("%s %s: %s, and its answer cannot be read: %w", method, path, resp.Status, err)
	}
	if answer.Error != nil {
		return fmt.Errorf("%s %s: %s: %s", method, path, answer.Error.Code, answer.Error.Message)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer.Data, out)
}
