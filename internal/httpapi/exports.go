package httpapi

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"flint/internal/db"
	"flint/internal/export"
	"flint/internal/fault"
)

// ExportInput is the request of an export.
type ExportInput struct {
	CreatedAfter  time.Time `query:"created_after" doc:"Only what was created later."`
	CreatedBefore time.Time `query:"created_before" doc:"Only what was created earlier."`
}

// Validate implements Validator.
func (in *ExportInput) Validate() error {
	if !in.CreatedAfter.IsZero() && !in.CreatedBefore.IsZero() && !in.CreatedAfter.Before(in.CreatedBefore) {
		return fault.Invalid("INVALID_CREATED_RANGE", "created_after", "created_after must be before created_before.")
	}
	return nil
}

// exportWithin bounds an export, exportPause one of its pages on a slow connection.
const (
	exportWithin = 10 * time.Minute
	exportPause  = time.Minute
)

func registerExports(a *API) {
	registerExport(a, "exportRefunds", "refunds.csv", export.Refunds,
		Doc("Export refunds", "A CSV file, oldest first, with one row for each payment that a refund gives back from. Amounts stand in minor units and as decimal text."))
	registerExport(a, "exportReturns", "returns.csv", export.Returns,
		Doc("Export returns", "A CSV file, oldest first, with one row for each line of a return. Amounts stand in minor units and as decimal text."))
}

func registerExport(a *API, id, name string, f func(context.Context, db.DB, func() io.Writer, export.Input) error, doc Option) {
	Handle(a, id, func(ctx context.Context, c *Caller, in *ExportInput) (*Raw, error) {
		return &Raw{Header: http.Header{
			"Content-Type": {"text/csv; charset=utf-8"}, "Content-Disposition": {`attachment; filename="` + name + `"`}, "Cache-Control": {"no-store"},
		}, Stream: func(ctx context.Context, w http.ResponseWriter) error {
			begun := false
			err := f(ctx, a.DB, func() io.Writer { begun = true; return &pages{w, http.NewResponseController(w)} },
				export.Input{Scope: c.Scope, CreatedAfter: in.CreatedAfter, CreatedBefore: in.CreatedBefore})
			if err == nil {
				return nil
			}
			if begun { // an end without its last bytes tells the caller that the file is not whole
				a.Log.WarnContext(ctx, "an export broke off", "operation", id, "request_id", c.RequestID, "error", err)
				panic(http.ErrAbortHandler)
			}
			w.Header().Del("Content-Type")
			w.Header().Del("Content-Disposition")
			return fmt.Errorf("export: %w", err)
		}}, nil
	}, Timeout(exportWithin), Produces([]string{"text/csv"}), doc, Errors("INVALID_CREATED_RANGE"))
}

// pages gives each write of a stream its own time and sends it at once.
type pages struct {
	http.ResponseWriter
	control *http.ResponseController
}

func (p *pages) Write(b []byte) (int, error) {
	_ = p.control.SetWriteDeadline(time.Now().Add(exportPause)) // without a deadline the server's own holds
	n, err := p.ResponseWriter.Write(b)
	if err == nil {
		_ = p.control.Flush() // what cannot flush sends it later
	}
	return n, err
}
