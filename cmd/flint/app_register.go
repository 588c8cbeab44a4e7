package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

type appRegisterCmd struct {
	target
	BaseURL     string   `help:"Address of an installation, with --api-key instead of --data." placeholder:"URL"`
	APIKey      string   `help:"Live key of the merchant that will own the app; better given as FLINT_API_KEY." placeholder:"KEY"`
	Name        string   `help:"Name that merchants read; the folder's when left out." placeholder:"NAME"`
	RedirectURI string   `help:"Where merchants come back to." default:"http://127.0.0.1:3000/callback" placeholder:"URL"`
	WebhookURL  string   `help:"Where the app takes events." default:"http://127.0.0.1:3000/webhooks" placeholder:"URL"`
	Permissions string   `help:"What the app asks for: a JSON list of permission_id, title, description, required_scopes, optional." default:"permissions.json" placeholder:"FILE"`
	Events      []string `help:"Events of merchants that the app hears of." default:"order.paid,refund.created,refund.updated,refund.failed" placeholder:"TYPE"`
	Mode        string   `help:"Where the app is installed: in sandboxes, or for real." enum:"test,live" default:"test"`
	Env         string   `help:"File to write; it will hold secrets." default:".env" placeholder:"FILE"`
}

// lifecycle are the events of installing and removing, which every app needs.
var lifecycle = []string{
	"partner_app.install.created", "partner_app.install.updated", "partner_app.install.permissions_updated", "partner_app.install.revoked",
	"partner_app.install.environment_grant.created", "partner_app.install.environment_grant.revoked",
}

// registeredApp is what the API answers to a registration.
type registeredApp struct {
	ID           string `json:"partner_app_id"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	Name         string `json:"name"`
}

// Run registers the app, then its webhook endpoint, and writes .env after each, because secrets are shown
// once.
func (c *appRegisterCmd) Run(ctx context.Context) error {
	api, err := c.owner()
	if err != nil {
		return err
	}
	manifest, asks, err := c.manifest()
	if err != nil {
		return err
	}
	if _, err := os.Stat(c.Env); !errors.Is(err, fs.ErrNotExist) {
		return exitError{exitUsage, fmt.Errorf("%s is there already: it may hold the only copy of a secret; move it away to register anew", c.Env)}
	}
	if c.Name == "" {
		dir, err := filepath.Abs(".")
		if err != nil {
			return err
		}
		c.Name = filepath.Base(dir)
	}
	var app registeredApp
	err = api.call(ctx, "POST", "/v1/developer/partner/apps", map[string]any{
		"name": c.Name, "redirect_uris": []string{c.RedirectURI}, "permission_manifest": manifest, "default_requested_permissions": asks,
	}, &app)
	if err != nil {
		return fmt.Errorf("register the app: %w", err)
	}
	env := c.env(api, app)
	if err := writeEnv(c.Env, env); err != nil {
		return err
	}
	var endpoint struct {
		Secret string `json:"secret"`
	}
	err = api.call(ctx, "POST", "/v1/webhook-endpoints", map[string]any{
		"url": c.WebhookURL, "partner_app_id": app.ID, "description": app.Name, "mode": "both",
		"event_sources": []string{"partner_app", "installed_merchants"}, "enabled_events": slices.Concat(lifecycle, c.Events),
	}, &endpoint)
	if err != nil {
		return fmt.Errorf("the app is registered as %s and %s is written, but it has no webhook endpoint: %w", app.ID, c.Env, err)
	}
	if err := writeEnv(c.Env, append(env, [2]string{"FLINT_WEBHOOK_SECRETS", endpoint.Secret})); err != nil {
		return err
	}
	install, err := url.JoinPath(c.RedirectURI, "../install")
	if err != nil {
		return err
	}
	_, err = fmt.Printf(`%s is registered as %s. Its secrets are in %s, and nowhere else.

Start the app, then open %s
`, app.Name, app.ID, c.Env, install)
	return err
}

// owner is the client of the merchant that will own the app: with --data the second merchant of the
// development environment, so that the first can install it.
func (c *appRegisterCmd) owner() (apiClient, error) {
	if c.BaseURL == "" && c.APIKey == "" {
		facts, err := c.facts()
		if err != nil {
			return apiClient{}, err
		}
		return apiClient{facts.BaseURL, facts.OtherMerchant.LiveAPIKey}, nil
	}
	if c.BaseURL == "" || c.APIKey == "" {
		return apiClient{}, exitError{exitUsage, errors.New("--base-url and --api-key go together")}
	}
	return apiClient{strings.TrimSuffix(c.BaseURL, "/"), c.APIKey}, checkAddress("--base-url", c.BaseURL)
}

// manifest is what the app can ask for, and the ids of all of it: its install link asks for everything, so
// that merchants see what they may leave out.
func (c *appRegisterCmd) manifest() (raw json.RawMessage, asks []string, err error) {
	raw, err = os.ReadFile(c.Permissions)
	if err != nil {
		return nil, nil, exitError{exitUsage, fmt.Errorf("--permissions: %w", err)}
	}
	var list []struct {
		ID string `json:"permission_id"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, nil, exitError{exitUsage, fmt.Errorf("--permissions: %s is not a JSON list of permissions: %w", c.Permissions, err)}
	}
	for _, p := range list {
		asks = append(asks, p.ID)
	}
	return raw, asks, nil
}

// env is what the app needs to know. An app on this machine listens where its merchants come back to.
func (c *appRegisterCmd) env(api apiClient, app registeredApp) [][2]string {
	env := [][2]string{
		{"FLINT_BASE_URL", api.base}, {"FLINT_PARTNER_APP_ID", app.ID}, {"FLINT_CLIENT_ID", app.ClientID}, {"FLINT_CLIENT_SECRET", app.ClientSecret},
		{"FLINT_REDIRECT_URI", c.RedirectURI}, {"FLINT_MODE", c.Mode},
	}
	if u, err := url.Parse(c.RedirectURI); err == nil && onThisMachine(u.Hostname()) && u.Port() != "" {
		env = append(env, [2]string{"APP_ADDR", net.JoinHostPort(u.Hostname(), u.Port())})
	}
	return env
}

func onThisMachine(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// writeEnv replaces the file at once; only this user can read it.
func writeEnv(path string, env [][2]string) error {
	var b strings.Builder
	b.WriteString("# Written by flint app register. It holds secrets: keep it out of version control.\n")
	for _, v := range env {
		fmt.Fprintf(&b, "%s=%s\n", v[0], v[1])
	}
	return replaceSecretFile(path, []byte(b.String()))
}

// replaceSecretFile writes a file that only this user can read, at once.
func replaceSecretFile(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // made with 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}
