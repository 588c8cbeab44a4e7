package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// parse reads a command line beside a configuration file.
func parse(t *testing.T, file string, args ...string) (cli, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "flint.json")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	var c cli
	parser, err := newParser(&c)
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(append(args, "--config", path))
	return c, err
}

func TestSettingsComeFromFlagsThenVariablesThenTheFile(t *testing.T) {
	t.Setenv("FLINT_CONNS", "7")
	c, err := parse(t, `{"base_url": "https://pay.example.com", "addr": "127.0.0.1:1", "conns": 3, "log_level": "debug",
		"egress_allow": ["10.0.0.0/8", "fd00::/8"], "egress_ports": [8443], "smtp_port": 2525, "metrics_addr": ""}`,
		"serve", "--addr", "127.0.0.1:2")
	if err != nil {
		t.Fatal(err)
	}
	s := c.Serve
	if s.Addr != "127.0.0.1:2" || s.Conns != 7 || s.LogLevel != "debug" || s.BaseURL != "https://pay.example.com" || s.MetricsAddr != "" {
		t.Errorf("%+v", s)
	}
	if !slices.Equal(s.EgressAllow, []string{"10.0.0.0/8", "fd00::/8"}) || !slices.Equal(s.EgressPorts, []uint16{8443}) || s.SMTP.Port != 2525 {
		t.Errorf("%+v", s)
	}
}

func TestAWrongConfigurationFileIsRefused(t *testing.T) {
	t.Parallel()
	for file, says := range map[string]string{
		`{"bse_url": "https://pay.example.com"}`: `"bse_url"`, `{"config": "x"}`: `"config"`, `[]`: "JSON object", `{"addr": 1, "addr": 2}`: "JSON object",
		`{"log_level": "loud"}`: "--log-level", `{"egress_ports": [70000]}`: "egress-ports",
	} {
		if _, err := parse(t, file, "serve", "--base-url", "https://pay.example.com"); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", file, err)
		}
	}
}
