package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/oauth2"
)

// credentials are the session of flint login, in a file that only this user can read.
type credentials struct {
	BaseURL      string    `json:"base_url"`
	AccessToken  string    `json:"access_token"`
	RefreshToken string    `json:"refresh_token"`
	ExpiresAt    time.Time `json:"expires_at"` // of the access token
}

var errSignedOut = exitError{exitFailed, errors.New("nobody is signed in; use flint login")}

func (c *credentials) take(t *oauth2.Token) {
	c.AccessToken, c.RefreshToken, c.ExpiresAt = t.AccessToken, t.RefreshToken, t.Expiry
}

// credentialsFile is in the user's folder of settings: $XDG_CONFIG_HOME or ~/.config on Linux.
func credentialsFile() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("find the folder for credentials: %w", err)
	}
	return filepath.Join(dir, "flint", "credentials.json"), nil
}

// readCredentials returns errSignedOut when there are none.
func readCredentials() (*credentials, error) {
	path, err := credentialsFile()
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errSignedOut
	}
	if err != nil {
		return nil, fmt.Errorf("read the credentials: %w", err)
	}
	c := &credentials{}
	if err := json.Unmarshal(raw, c); err != nil {
		return nil, fmt.Errorf("%s is damaged; remove it and sign in again: %w", path, err)
	}
	return c, nil
}

func (c *credentials) write() error {
	path, err := credentialsFile()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the folder for credentials: %w", err)
	}
	raw, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	return replaceSecretFile(path, append(raw, '\n'))
}

func dropCredentials() error {
	path, err := credentialsFile()
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the credentials: %w", err)
	}
	return nil
}
