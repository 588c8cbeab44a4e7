package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// cliClient is the name under which the command line asks to be let in. It has no secret.
const cliClient = "flint-cli"

// cliOAuth is the client of the device flow (RFC 8628) at an installation.
func cliOAuth(base string) *oauth2.Config {
	return &oauth2.Config{ClientID: cliClient, Endpoint: oauth2.Endpoint{
		DeviceAuthURL: base + "/v1/oauth/device_authorization", TokenURL: base + "/v1/oauth/token", AuthStyle: oauth2.AuthStyleInParams,
	}}
}

func withClient(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, httpClient)
}

type loginCmd struct {
	BaseURL string `help:"Address of the installation." default:"http://127.0.0.1:8080" placeholder:"URL"`
}

// Run shows a code, waits until its user has agreed in a browser, and keeps the tokens.
func (c *loginCmd) Run(ctx context.Context) error {
	if err := checkAddress("--base-url", c.BaseURL); err != nil {
		return err
	}
	base := strings.TrimSuffix(c.BaseURL, "/")
	old, err := readCredentials()
	if err != nil && !errors.Is(err, errSignedOut) {
		return err
	}
	oauth := cliOAuth(base)
	device, err := oauth.DeviceAuth(withClient(ctx))
	if err != nil {
		return fmt.Errorf("ask %s for a code: %w", base, sayOAuth(err))
	}
	link := device.VerificationURIComplete
	if link == "" {
		link = device.VerificationURI
	}
	fmt.Printf("Open %s\nand compare the code: %s\n\nWaiting for your consent …\n", link, device.UserCode)
	token, err := oauth.DeviceAccessToken(withClient(ctx), device)
	if err != nil {
		return fmt.Errorf("sign in: %w", sayOAuth(err))
	}
	fresh := credentials{BaseURL: base}
	fresh.take(token)
	if err := fresh.write(); err != nil {
		return err
	}
	if old != nil {
		if err := old.revoke(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "flint: the session before this one could not be ended:", err)
		}
	}
	return (&whoamiCmd{}).Run(ctx)
}

type logoutCmd struct{}

// Run ends the session at the server and drops the tokens here, also when the server is gone.
func (logoutCmd) Run(ctx context.Context) error {
	c, err := readCredentials()
	if errors.Is(err, errSignedOut) {
		_, err = fmt.Println("Nobody is signed in.")
		return err
	}
	if err != nil {
		return err
	}
	if err := dropCredentials(); err != nil {
		return err
	}
	if err := c.revoke(ctx); err != nil {
		return fmt.Errorf("the tokens are gone from this machine, but %s could not be told: %w", c.BaseURL, err)
	}
	_, err = fmt.Println("Signed out of", c.BaseURL)
	return err
}

type whoamiCmd struct {
	JSON bool `help:"Print the answer of the API."`
}

// Run asks the server who the tokens belong to.
func (c *whoamiCmd) Run(ctx context.Context) error {
	api, err := signedIn(ctx)
	if err != nil {
		return err
	}
	var raw json.RawMessage
	if err := api.call(ctx, http.MethodGet, "/v1/developer/auth-context", nil, &raw); err != nil {
		return err
	}
	if c.JSON {
		_, err := fmt.Println(string(raw))
		return err
	}
	var who struct {
		Environment string   `json:"environment"`
		Merchant    string   `json:"merchant_id"`
		Sandbox     string   `json:"sandbox_id"`
		Scopes      []string `json:"scopes"`
	}
	if err := json.Unmarshal(raw, &who); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	where := "its live environment"
	if who.Sandbox != "" {
		where = "sandbox " + who.Sandbox
	}
	_, err = fmt.Printf("%s at %s, in %s, with %d scopes\n", who.Merchant, api.base, where, len(who.Scopes))
	return err
}

// signedIn is a client of the API with a token that works. A refreshed one is kept before it is used;
// whoever refreshes at the same moment gets the same successor from the server.
func signedIn(ctx context.Context) (apiClient, error) {
	c, err := readCredentials()
	if err != nil {
		return apiClient{}, err
	}
	if time.Until(c.ExpiresAt) < time.Minute {
		token, err := cliOAuth(c.BaseURL).TokenSource(withClient(ctx), &oauth2.Token{RefreshToken: c.RefreshToken}).Token()
		if err != nil {
			return apiClient{}, fmt.Errorf("refresh the session; sign in again with flint login if it has ended: %w", sayOAuth(err))
		}
		c.take(token)
		if err := c.write(); err != nil {
			return apiClient{}, err
		}
	}
	return apiClient{c.BaseURL, c.AccessToken}, nil
}

// revoke ends the session with all its tokens (RFC 7009).
func (c *credentials) revoke(ctx context.Context) error {
	form := url.Values{"token": {c.RefreshToken}, "client_id": {cliClient}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.BaseURL+"/v1/oauth/revoke", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := httpClient.Do(req)
	if err != nil {
		return err
	}
	if err := res.Body.Close(); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the server answered %s", res.Status)
	}
	return nil
}

// sayOAuth makes the refusals of the flow readable.
func sayOAuth(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("the code has expired; start again")
	}
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		return err
	}
	switch refused.ErrorCode {
	case "access_denied":
		return errors.New("it was declined in the browser")
	case "expired_token":
		return errors.New("the code has expired; start again")
	case "":
		return readAnswer(refused.Response.Status, refused.Body, nil)
	}
	return fmt.Errorf("%s (%s)", refused.ErrorDescription, refused.ErrorCode)
}
