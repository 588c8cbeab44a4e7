package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"flint/internal/db"
	"flint/internal/db/postgres"
	"flint/internal/db/sqlite"
	"flint/internal/doctor"
	"flint/internal/server"
)

type doctorCmd struct {
	storage
	JSON bool `help:"Print the report as JSON."`
}

// Run checks a running or stopped installation; it only reads. Exit 0: everything adds up. 1: the rows
// that differ are named. 2: it could not run.
func (c *doctorCmd) Run(ctx context.Context) error {
	d, err := openReader(ctx, c.database())
	if err != nil {
		return exitError{exitUsage, err}
	}
	report, err := doctor.Check(ctx, d, doctor.Options{Now: time.Now()})
	if err := errors.Join(err, d.Close()); err != nil {
		return exitError{exitUsage, fmt.Errorf("the check did not finish: %w", err)}
	}
	if err := printReport(report, c.JSON); err != nil {
		return exitError{exitUsage, err}
	}
	if !report.OK() {
		return exitError{exitFailed, fmt.Errorf("%d findings", len(report.Findings)+report.LeftOut)}
	}
	return nil
}

func printReport(r doctor.Report, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	fmt.Printf("%s in %s; %s in flight.\n", count(r.Orders, "order"), count(r.Environments, "environment"), count(r.InFlight, "operation"))
	for _, f := range r.Findings {
		fmt.Println("finding:", f)
	}
	if r.LeftOut > 0 {
		fmt.Printf("… and %d findings more.\n", r.LeftOut)
	}
	for _, e := range r.Exceptions {
		fmt.Println("look at:", e)
	}
	if r.OK() {
		fmt.Println("Every amount follows from the journal.")
	}
	return nil
}

// count says "1 order" or "2 orders".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// openReader opens a database to read it, also while a server has it open.
func openReader(ctx context.Context, database string) (db.DB, error) {
	if server.EngineOf(database) == db.Postgres {
		return postgres.Open(ctx, postgres.Options{URL: database, MaxConns: 2})
	}
	if _, err := os.Stat(database); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no database at %s; name its folder with --data, or a PostgreSQL with --database", database)
	}
	return sqlite.OpenReader(ctx, sqlite.Options{Path: database})
}
