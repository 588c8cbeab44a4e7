package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	fmt.Printf("%d orders in %d environments; %d operations in flight.\n", r.Orders, r.Environments, r.InFlight)
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

// openReader opens a database to read it, also while a server has it open.
func openReader(ctx context.Context, database string) (db.DB, error) {
	if server.EngineOf(database) == db.Postgres {
		return postgres.Open(ctx, postgres.Options{URL: database, MaxConns: 2})
	}
	return sqlite.OpenReader(ctx, sqlite.Options{Path: database})
}
