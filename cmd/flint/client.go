package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxAnswer bounds what a command reads of an answer, in bytes.
const maxAnswer = 4 << 20

// apiClient calls the API of an installation with a key or a token.
type apiClient struct {
	base string // without a slash at its end
	key  string
}

var httpClient = &http.Client{Timeout: 30 * time.Second}

// call sends in as JSON, unless it is nil, and decodes the data of the answer into out, unless it is nil.
func (c apiClient) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := httpClient.Do(req)
	if err != nil {
		return fmt.Errorf("reach %s: %w", c.base, err)
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return fmt.Errorf("read the answer of %s: %w", c.base, err)
	}
	return readAnswer(res.Status, raw, out)
}

// readAnswer decodes an envelope, or makes an error that says what the server says.
func readAnswer(status string, raw []byte, out any) error {
	var answer struct {
		Data  json.RawMessage `json:"data"`
		Error *refusal        `json:"error"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return fmt.Errorf("the server answered %s, not in JSON; is the address that of Flint?", status)
	}
	if answer.Error != nil {
		return answer.Error
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer.Data, out); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return nil
}

// refusal is the error object of the API, as far as people read it.
type refusal struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Param   string `json:"param"`
	Details []struct {
		Message string `json:"message"`
		Param   string `json:"param"`
	} `json:"details"`
	Remediation struct {
		NextSteps string `json:"next_steps"`
	} `json:"remediation"`
}

// Error implements error.
func (r *refusal) Error() string {
	lines := []string{strings.TrimSpace(r.Message+" "+r.Remediation.NextSteps) + " (" + r.Code + ")"}
	for _, d := range r.Details {
		lines = append(lines, "  "+d.Param+": "+d.Message)
	}
	return strings.Join(lines, "\n")
}

// checkAddress refuses what is not the address of a server; flag is its name.
func checkAddress(flag, address string) error {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.Fragment != "" {
		return exitError{exitUsage, fmt.Errorf("%s: a whole address, like https://pay.example.com", flag)}
	}
	return nil
}
