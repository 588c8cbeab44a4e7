// Package export writes tables for spreadsheets and ledgers: CSV after RFC 4180, one row for each thing that a
// bookkeeper adds up.
//
// A file is written page by page, each page in a transaction of its own, so that a long export holds nothing
// open; rows are sorted by time of creation, so what is created meanwhile comes last or not at all. Amounts
// stand in minor units and as decimal text beside them. Text that a spreadsheet would take for a formula gets
// an apostrophe in front.
package export

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/money"
	"flint/internal/tenant"
)

// Input says which rows a file has. Zero bounds are none; both are exclusive.
type Input struct {
	Scope         tenant.Scope
	CreatedAfter  time.Time
	CreatedBefore time.Time
	PageSize      int // things read at once: 200 when 0
}

// page reads the rows of one page and says where the next begins, nil after the last.
type page func(tx db.Tx, after *listing.Cursor) (rows [][]string, next *listing.Cursor, err error)

// write writes a header and all pages. begin runs once the first page is read, so that what keeps the export
// from starting can still be answered; then nothing but the connection and the database can end it.
func write(ctx context.Context, d db.DB, begin func() io.Writer, header []string, read page) error {
	var after *listing.Cursor
	var out *csv.Writer
	for {
		var rows [][]string
		var next *listing.Cursor
		err := d.Read(ctx, func(tx db.Tx) (err error) {
			rows, next, err = read(tx, after)
			return err
		})
		if err != nil {
			return fmt.Errorf("read a page of an export: %w", err)
		}
		if out == nil {
			out = csv.NewWriter(begin())
			out.UseCRLF = true
			if err := out.Write(header); err != nil {
				return fmt.Errorf("write an export: %w", err)
			}
		}
		for _, row := range rows {
			for n := range row {
				row[n] = harmless(row[n])
			}
			if err := out.Write(row); err != nil {
				return fmt.Errorf("write an export: %w", err)
			}
		}
		out.Flush()
		if err := out.Error(); err != nil {
			return fmt.Errorf("write an export: %w", err)
		}
		if after = next; next == nil {
			return nil
		}
	}
}

// harmless keeps a spreadsheet from computing what a buyer or merchant wrote. Negative numbers stay numbers.
func harmless(cell string) string {
	first, size := utf8.DecodeRuneInString(cell)
	if size == 0 || !strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return cell
	}
	if first == '-' && len(cell) > 1 && strings.Trim(cell[1:], "0123456789.") == "" {
		return cell
	}
	return "'" + cell
}

// minor and decimal are an amount in the two forms of a file.
func minor(v int64) string { return strconv.FormatInt(v, 10) }

func decimal(v int64, c money.Currency) string {
	digits := c.Digits()
	sign := ""
	if v < 0 {
		sign, v = "-", -v
	}
	text := strconv.FormatUint(uint64(v), 10)
	if digits == 0 {
		return sign + text
	}
	if short := digits + 1 - len(text); short > 0 {
		text = strings.Repeat("0", short) + text
	}
	return sign + text[:len(text)-digits] + "." + text[len(text)-digits:]
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
