package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// config is what `flint app register` wrote to .env. A variable of the environment goes before the file.
type config struct {
	BaseURL        string   // of Flint
	ClientID       string   // fpc_…
	ClientSecret   string   // fps_…
	RedirectURI    string   // ends in /callback
	WebhookSecrets []string // whsec_…, one for each endpoint
	Mode           string   // test or live
	Addr           string   // where the app listens
	StoreFile      string   // where it keeps tokens and events
}

func readConfig(path string) (config, error) {
	file, err := readEnv(path)
	if err != nil {
		return config{}, err
	}
	get := func(name, otherwise string) string {
		if v := os.Getenv(name); v != "" {
			return v
		}
		if v := file[name]; v != "" {
			return v
		}
		return otherwise
	}
	c := config{
		BaseURL: get("FLINT_BASE_URL", ""), ClientID: get("FLINT_CLIENT_ID", ""), ClientSecret: get("FLINT_CLIENT_SECRET", ""),
		RedirectURI: get("FLINT_REDIRECT_URI", ""), WebhookSecrets: strings.Fields(get("FLINT_WEBHOOK_SECRETS", "")),
		Mode: get("FLINT_MODE", "test"), Addr: get("APP_ADDR", "127.0.0.1:3000"), StoreFile: get("APP_STORE", "store.json"),
	}
	if c.BaseURL == "" || c.ClientID == "" || c.ClientSecret == "" || c.RedirectURI == "" || len(c.WebhookSecrets) == 0 {
		return config{}, errors.New(path + " is missing or incomplete: run `flint app register` in this folder")
	}
	return c, nil
}

// readEnv reads NAME=value lines.
func readEnv(path string) (map[string]string, error) {
	values := map[string]string{}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return values, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		name, value, found := strings.Cut(lines.Text(), "=")
		if found && !strings.HasPrefix(name, "#") {
			values[strings.TrimSpace(name)] = strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return values, lines.Err()
}
