package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/db/migrations"
	"flint/internal/devenv"
	"flint/internal/egress"
	"flint/internal/failpoint"
	"flint/internal/httpapi"
	"flint/internal/mail"
	"flint/internal/notification"
	"flint/internal/observe"
	"flint/internal/secret"
	"flint/internal/server"
)

// storage is where data lives, for every command that touches it.
type storage struct {
	Data     string `help:"Folder of this installation; it holds the root key and, without --database, everything." default:"./data" placeholder:"DIR"`
	Database string `help:"File of SQLite or postgres:// URL. Without it, flint.db in the data folder." placeholder:"URL"`
}

func (s storage) database() string {
	if s.Database != "" {
		return s.Database
	}
	return filepath.Join(s.Data, "flint.db")
}

// Validate refuses a database that is of neither engine; kong calls it for every command with storage.
func (s storage) Validate() error {
	if scheme, _, isURL := strings.Cut(s.Database, "://"); isURL && server.EngineOf(s.Database) == db.SQLite {
		return fmt.Errorf("--database: a file of SQLite or a postgres:// URL, and %s:// is neither", scheme)
	}
	return nil
}

// config is a server configuration that listens nowhere, for commands.
func (s storage) config() server.Config {
	return server.Config{Database: s.database(), DataDir: s.Data, Version: version, Log: quiet()}
}

// quiet reports only what is wrong.
func quiet() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

type devCmd struct {
	storage
	Addr     string `help:"Where to listen." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	JSON     bool   `help:"Print the facts of the environment as JSON."`
	NoLimits bool   `help:"Do not limit requests; for load tests."`
	LogLevel string `help:"What to log." enum:"debug,info,warn,error" default:"warn"`
}

// Run starts the development environment and serves until it is stopped.
func (c *devCmd) Run(ctx context.Context) error {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return exitError{exitUsage, fmt.Errorf("make the data folder: %w", err)}
	}
	platform, err := devenv.OpenClock(c.Data)
	if err != nil {
		return err
	}
	config := c.config()
	config.Addr, config.Development, config.Clock, config.Egress = c.Addr, true, platform, egress.Development()
	config.Log = observe.NewLogger(observe.LogOptions{Output: os.Stderr, Level: level(c.LogLevel), Format: observe.Text})
	if config.Failpoints, err = failpoint.Parse(os.Getenv("FLINT_FAILPOINT")); err != nil {
		return exitError{exitUsage, fmt.Errorf("FLINT_FAILPOINT: %w", err)}
	}
	config.MetricsAddr = "127.0.0.1:0"
	if !c.NoLimits {
		config.Limits = httpapi.DefaultLimits()
	}
	s, err := server.Open(ctx, config)
	if err != nil {
		return err
	}
	platform.OnChange(s.ClockChanged)
	facts, err := devenv.Prepare(ctx, s)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	env := &devenv.Environment{Server: s, Clock: platform, Facts: facts}
	if err := facts.Print(os.Stdout, c.JSON); err != nil {
		return errors.Join(err, s.Close())
	}
	tuneMemory()
	defer takeActs(c.Data, s)()
	return errors.Join(s.Run(ctx, s.Handler(env.Routes)), s.Close())
}

// collectAt is how far the heap of a running server may grow over what lives, in percent. Little lives
// between requests, some ten MiB, so the default of 100 collects several times a second under load to
// save memory that nobody misses.
const collectAt = 300

// tuneMemory sets the collector for serving, unless the operator did, and gives back what starting took.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	debug.FreeOSMemory()
}

func level(name string) slog.Level {
	var l slog.Level
	_ = l.UnmarshalText([]byte(name)) // kong has checked the name
	return l
}

type serveCmd struct {
	storage
	Addr         string    `help:"Where to listen." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	MetricsAddr  string    `help:"Where /metrics listens; empty for nowhere." default:"127.0.0.1:9090" placeholder:"HOST:PORT"`
	BaseURL      string    `help:"Public address of this installation." required:"" placeholder:"URL"`
	LogLevel     string    `help:"What to log." enum:"debug,info,warn,error" default:"info"`
	EgressAllow  []string  `help:"Private networks that webhook deliveries may reach." placeholder:"CIDR"`
	EgressPorts  []uint16  `help:"Ports beside 443 that webhook deliveries may use." placeholder:"PORT"`
	TrustedProxy []string  `help:"Networks whose X-Forwarded-For is believed." placeholder:"CIDR"`
	Conns        int       `help:"Connections to PostgreSQL, or readers of SQLite; 0 chooses."`
	SMTP         smtpFlags `embed:"" prefix:"smtp-"`
}

type smtpFlags struct {
	Host     string `help:"Mail server; without one no mail is sent and receipts are refused." placeholder:"HOST"`
	Port     int    `help:"Its port; 587, or 465 with tls."`
	Security string `help:"How the connection is protected." enum:"starttls,tls,opportunistic,none" default:"starttls"`
	User     string `help:"User to log in as."`
	Password string `help:"Password; better given as FLINT_SMTP_PASSWORD."`
	From     string `help:"Sender address of this installation." placeholder:"ADDRESS"`
}

func (f smtpFlags) sender() (notification.Sender, error) {
	if f.Host == "" {
		return nil, nil
	}
	return mail.NewSMTP(mail.SMTPOptions{
		Host: f.Host, Port: f.Port, Security: mail.Security(f.Security), Username: f.User, Password: secret.NewText(f.Password), From: f.From,
	})
}

// Run serves until it is stopped.
func (c *serveCmd) Run(ctx context.Context) error {
	allow, err := prefixes(c.EgressAllow)
	if err != nil {
		return exitError{exitUsage, fmt.Errorf("--egress-allow: %w", err)}
	}
	proxies, err := prefixes(c.TrustedProxy)
	if err != nil {
		return exitError{exitUsage, fmt.Errorf("--trusted-proxy: %w", err)}
	}
	if u, err := url.Parse(c.BaseURL); err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return exitError{exitUsage, errors.New("--base-url: the address that browsers use, like https://pay.example.com, without a path or a slash at its end")}
	}
	config := c.config()
	config.Addr, config.MetricsAddr, config.BaseURL, config.Conns = c.Addr, c.MetricsAddr, c.BaseURL, c.Conns
	config.Egress = egress.Policy{Allow: allow, Ports: c.EgressPorts}
	config.Proxies, config.Limits, config.Clock = proxies, httpapi.DefaultLimits(), clock.System{}
	config.Log = observe.NewLogger(observe.LogOptions{Output: os.Stderr, Level: level(c.LogLevel)})
	if config.Mail, err = c.SMTP.sender(); err != nil {
		return exitError{exitUsage, fmt.Errorf("--smtp-host: %w", err)}
	}
	s, err := server.Open(ctx, config)
	if err != nil {
		return err
	}
	config.Log.Warn("no payment processor is connected: sandboxes use the simulator, live payments are refused")
	config.Log.Info("listening", "address", c.Addr, "engine", s.DB.Engine(), "version", version)
	tuneMemory()
	defer takeActs(c.Data, s)()
	return errors.Join(s.Run(ctx, s.Handler()), s.Close())
}

func prefixes(in []string) ([]netip.Prefix, error) {
	out := make([]netip.Prefix, len(in))
	for n, v := range in {
		var err error
		if out[n], err = netip.ParsePrefix(v); err != nil {
			return nil, errors.New("a network is written like 10.0.0.0/8 or fd00::/8")
		}
	}
	return out, nil
}

type migrateCmd struct{ storage }

// Run migrates, or tells that there was nothing to do.
func (c *migrateCmd) Run(ctx context.Context) error {
	engine := server.EngineOf(c.database())
	if engine == db.SQLite {
		if err := os.MkdirAll(filepath.Dir(c.database()), 0o700); err != nil {
			return err
		}
	}
	if err := migrations.Up(ctx, engine, c.database()); err != nil {
		return err
	}
	applied, err := migrations.Status(ctx, engine, c.database())
	if err != nil {
		return err
	}
	_, err = fmt.Printf("The schema is up to date: %d migrations.\n", len(applied))
	return err
}
