package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// apiError is a refusal of Flint. Code is stable; Message is for people who build apps.
type apiError struct {
	Status    int    `json:"-"`
	Code      string `json:"code"`
	Message   string `json:"message"`
	Param     string `json:"param"`
	RequestID string `json:"request_id"`

	Remediation struct {
		Retryable bool `json:"retryable"` // the same call may succeed later
	} `json:"remediation"`
	Whole json.RawMessage `json:"-"` // the error object, for fields of a single code
}

// Error implements error.
func (e *apiError) Error() string {
	return e.Code + ": " + e.Message + " (request " + e.RequestID + ")"
}

// forGood reports whether Flint would refuse the same call again, however often it is repeated. A merchant who
// paused the app may let it go on.
func forGood(err error) bool {
	refused, ok := errors.AsType[*apiError](err)
	if !ok || refused.Remediation.Retryable || refused.Code == "APP_INSTALL_PAUSED" {
		return false
	}
	switch refused.Status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return refused.Status >= 400 && refused.Status < 500
}

// money is an amount in the smallest unit of its currency.
type money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// String shows the amount as it is on the wire. To show it as people write it, place the point by the
// currency: USD has two digits, JPY none.
func (m money) String() string { return fmt.Sprintf("%d %s", m.Amount, m.Currency) }

// call sends a request in the name of an installation and reads the answer's data into out. A write
// needs a key: whoever repeats a request with its key gets the first answer and no second effect.
func (a *app) call(ctx context.Context, grant, method, path, key string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	refused := ""
	for {
		token, err := a.token(ctx, grant, refused)
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, method, a.config.BaseURL+path, bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+token)
		if in != nil {
			req.Header.Set("Content-Type", "application/json")
		}
		if key != "" {
			req.Header.Set("Idempotency-Key", key)
		}
		res, err := a.client.Do(req)
		if err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
		raw, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
		_ = res.Body.Close()
		if err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
		if res.StatusCode == http.StatusUnauthorized && refused == "" {
			refused = token // ended early: once more with a fresh one
			continue
		}
		return read(res.StatusCode, raw, out)
	}
}

func read(status int, raw []byte, out any) error {
	var answer struct {
		Data  json.RawMessage `json:"data"`
		Error json.RawMessage `json:"error"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return fmt.Errorf("status %d, and the answer is not JSON: %w", status, err)
	}
	if answer.Error != nil {
		refused := &apiError{Status: status, Whole: answer.Error}
		return errors.Join(json.Unmarshal(answer.Error, refused), refused)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer.Data, out)
}
