package devenv

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

const factsFile = "dev.json"

// Facts are what a developer or a test needs to use the environment. They are written to dev.json.
type Facts struct {
	BaseURL       string        `json:"base_url"`
	DashboardURL  string        `json:"dashboard_url"`
	MailboxURL    string        `json:"mailbox_url"`
	MerchantID    string        `json:"merchant_id"`
	SandboxID     string        `json:"sandbox_id"`
	APIKey        string        `json:"api_key"`
	LiveAPIKey    string        `json:"live_api_key"`
	User          User          `json:"user"`
	OtherMerchant OtherMerchant `json:"other_merchant"`
	Demo          Demo          `json:"demo"`
	App           App           `json:"partner_app"`
	MetricsURL    string        `json:"metrics_url,omitempty"`
}

// User may sign in for the demo merchant.
type User struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// OtherMerchant is a second merchant, for tests of isolation.
type OtherMerchant struct {
	MerchantID string `json:"merchant_id"`
	APIKey     string `json:"api_key"`
	LiveAPIKey string `json:"live_api_key"` // apps are managed with a live key
}

// Demo is an order that waits to be paid.
type Demo struct {
	OrderID     string `json:"order_id"`
	CheckoutURL string `json:"checkout_url"`
}

// readFacts reads dev.json, nil when there is none yet.
func readFacts(dir string) (*Facts, error) {
	raw, err := os.ReadFile(filepath.Join(dir, factsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", factsFile, err)
	}
	f := &Facts{}
	if err := json.Unmarshal(raw, f); err != nil {
		return nil, fmt.Errorf("%s in the data directory is damaged; remove the directory to start afresh: %w", factsFile, err)
	}
	return f, nil
}

// write replaces dev.json at once, so that nobody reads half of it.
func (f *Facts) write(dir string) error {
	raw, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(dir, factsFile, append(raw, '\n'))
}

func writeFile(dir, name string, content []byte) error {
	tmp := filepath.Join(dir, name+".new")
	if err := os.WriteFile(tmp, content, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := os.Rename(tmp, filepath.Join(dir, name)); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// Print tells people, or machines, what runs where.
func (f *Facts) Print(w io.Writer, asJSON bool) error {
	if asJSON {
		raw, err := json.MarshalIndent(f, "", "  ")
		if err != nil {
			return err
		}
		_, err = w.Write(append(raw, '\n'))
		return err
	}
	_, err := fmt.Fprintf(w, `Flint is ready.

  Developer home  %s/
  API             %s/v1
  Test API key    %s
  Merchant        %s, sandbox %s
  Demo checkout   %s
  Mailbox         %s

Facts for tools are in dev.json of the data folder. Stop with Ctrl-C.
`, f.BaseURL, f.BaseURL, f.APIKey, f.MerchantID, f.SandboxID, f.Demo.CheckoutURL, f.MailboxURL)
	return err
}
