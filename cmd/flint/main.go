// Command flint is the whole platform in one binary: a development environment, the server, and the
// tools of its operator. `flint --help` lists them. main.go begins it and names every command; each has its
// code in another file.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"flint/internal/fault"
)

// version is set by the build.
var version = "dev"

// Exit codes: 0 done, 1 failed, 2 wrong use or could not run.
const (
	exitFailed = 1
	exitUsage  = 2
)

type cli struct {
	Config kong.ConfigFlag `help:"File of settings, a JSON object: {\"base_url\": …}." placeholder:"FILE"`

	Dev     devCmd     `cmd:"" help:"Start a complete test environment with demo data."`
	Serve   serveCmd   `cmd:"" help:"Start the server for production."`
	Migrate migrateCmd `cmd:"" help:"Bring the database's schema up to date."`
	Doctor  doctorCmd  `cmd:"" help:"Prove every money invariant from the ledger up."`
	OpenAPI openapiCmd `cmd:"" name:"openapi" help:"Print the OpenAPI 3.1 document."`
	Listen  listenCmd  `cmd:"" help:"Forward events of the development environment to a local URL."`
	Trigger triggerCmd `cmd:"" help:"Make an event happen in the development environment."`
	Login   loginCmd   `cmd:"" help:"Sign in to an installation through a browser."`
	Logout  logoutCmd  `cmd:"" help:"End that session."`
	Whoami  whoamiCmd  `cmd:"" help:"Tell which merchant and environment the session acts for."`
	App     appCmd     `cmd:"" help:"Start and register an app that merchants install."`
	Admin   adminCmd   `cmd:"" help:"Create merchants, users and keys."`
	Backup  backupCmd  `cmd:"" help:"Write everything into one file while the server runs."`
	Restore restoreCmd `cmd:"" help:"Make a new installation from a backup."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// exitError carries an exit code of its own.
type exitError struct {
	code int
	err  error
}

func (e exitError) Error() string { return e.err.Error() }
func (e exitError) Unwrap() error { return e.err }

func main() {
	var c cli
	parser, err := newParser(&c)
	if err != nil {
		fmt.Fprintln(os.Stderr, "flint:", err)
		os.Exit(exitUsage)
	}
	run, err := parser.Parse(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "flint:", err)
		os.Exit(exitUsage)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	run.BindTo(ctx, (*context.Context)(nil))
	if err := run.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "flint:", explain(err))
		if e, ok := errors.AsType[exitError](err); ok {
			os.Exit(e.code) //nolint:gocritic // the signals stop with the program
		}
		os.Exit(exitFailed)
	}
}

func newParser(c *cli) (*kong.Kong, error) {
	return kong.New(c, kong.Name("flint"), kong.Description("Flint takes an order to money and back."), kong.UsageOnError(),
		kong.DefaultEnvars("FLINT"), kong.Configuration(readSettings), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
}

// explain is what people read of an error: a fault says what is wrong and what to do, so its code and
// what was tried are left out unless it has a deeper cause.
func explain(err error) string {
	if errors.Is(err, syscall.EADDRINUSE) {
		return err.Error() + "; stop what listens there, or choose another address"
	}
	f := fault.Of(err)
	if f == nil || f.Cause != nil {
		return err.Error()
	}
	lines := []string{strings.TrimSpace(f.Message + " " + f.NextSteps)}
	if len(f.Details) > 1 {
		for _, d := range f.Details {
			lines = append(lines, "  "+d.Param+": "+d.Message)
		}
	}
	return strings.Join(lines, "\n")
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run() error {
	_, err := fmt.Println("flint", version)
	return err
}
