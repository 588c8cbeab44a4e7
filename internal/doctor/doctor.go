// Package doctor proves that the books add up: it derives every amount of every order again, from the
// journal and from the rows beside it, and names each row that says something else.
//
// It reads only, one snapshot per page of orders, and needs memory for one page whatever the size of
// the database. A change of one minor unit in any amount that has a second witness is found; amounts
// without one (a staged payment intent's, say) are held against their bounds alone.
//
// What is open is no finding: an operation without an outcome may be in flight. One that stays so for
// longer than it should, or whose answer contradicted it, is listed as an exception for an operator.
package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/tenant"
)

// Options narrow and bound a check. The zero Options check everything.
type Options struct {
	// Scope, when set, is the only merchant environment looked at.
	Scope *tenant.Scope
	// Now is the time against which open operations are held; zero leaves their age alone.
	Now time.Time
	// PageSize is how many orders are read at once: 200 when 0.
	PageSize int
	// MaxFindings bounds the report: 1000 when 0. The check goes on and counts what it leaves out.
	MaxFindings int
}

// overdue is how long an operation may be without an outcome before it is an exception.
const overdue = time.Hour

// Report is the result of a check, ready to be encoded.
type Report struct {
	Environments int         `json:"environments"`
	Orders       int         `json:"orders"`
	InFlight     int         `json:"in_flight"` // operations without an outcome
	Findings     []Finding   `json:"findings"`  // sorted; empty when the books add up
	LeftOut      int         `json:"left_out"`  // findings beyond the bound
	Exceptions   []Exception `json:"exceptions"`
}

// OK reports whether everything adds up.
func (r Report) OK() bool { return len(r.Findings) == 0 }

// Finding is one amount that is not what it should be.
type Finding struct {
	Table         string `json:"table"`
	MerchantID    string `json:"merchant_id"`
	EnvironmentID string `json:"environment_id"`
	OrderID       string `json:"order_id"`
	Row           string `json:"row"` // the rest of the primary key, parts separated by a slash
	Rule          string `json:"rule"`
	Expected      int64  `json:"expected"` // minor units, or a count where the rule says so
	Actual        int64  `json:"actual"`
	Currency      string `json:"currency"`
}

func (f Finding) String() string {
	return fmt.Sprintf("%s %s (order %s): %s: expected %d, is %d %s", f.Table, f.Row, f.OrderID, f.Rule, f.Expected, f.Actual, f.Currency)
}

// Exception is an operation that an operator should look at.
type Exception struct {
	MerchantID    string    `json:"merchant_id"`
	EnvironmentID string    `json:"environment_id"`
	OrderID       string    `json:"order_id"`
	OperationID   string    `json:"operation_id"`
	State         string    `json:"state"`
	Amount        int64     `json:"amount"` // minor units
	Currency      string    `json:"currency"`
	Since         time.Time `json:"since"`
}

// Check derives the books again and reports what differs. It returns an error only when the database
// could not be read.
func Check(ctx context.Context, d db.DB, opts Options) (Report, error) {
	c := &checker{opts: opts, report: Report{Findings: []Finding{}, Exceptions: []Exception{}}}
	c.opts.PageSize = cmp.Or(opts.PageSize, 200)
	c.opts.MaxFindings = cmp.Or(opts.MaxFindings, 1000)
	scope := tenant.Scope{}
	for {
		next, found, err := nextScope(ctx, d, scope, opts.Scope)
		if err != nil {
			return Report{}, fmt.Errorf("find the next environment: %w", err)
		}
		if !found {
			break
		}
		scope = next
		c.report.Environments++
		if err := c.environment(ctx, d, scope); err != nil {
			return Report{}, fmt.Errorf("check environment %s: %w", scope.EnvironmentID, err)
		}
		if opts.Scope != nil {
			break
		}
	}
	slices.SortFunc(c.report.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.MerchantID, b.MerchantID), cmp.Compare(a.EnvironmentID, b.EnvironmentID), cmp.Compare(a.OrderID, b.OrderID),
			cmp.Compare(a.Table, b.Table), cmp.Compare(a.Row, b.Row), cmp.Compare(a.Rule, b.Rule))
	})
	return c.report, nil
}

// checker is one run.
type checker struct {
	opts   Options
	report Report
}

// add notes a finding when the two differ.
func (c *checker) add(f Finding) {
	if f.Expected == f.Actual {
		return
	}
	if len(c.report.Findings) >= c.opts.MaxFindings {
		c.report.LeftOut++
		return
	}
	c.report.Findings = append(c.report.Findings, f)
}

// environment checks one merchant environment, page by page.
func (c *checker) environment(ctx context.Context, d db.DB, scope tenant.Scope) error {
	after := ""
	for {
		var p *page
		err := d.Read(ctx, func(tx db.Tx) (err error) {
			p, err = readPage(tx, scope, after, c.opts.PageSize)
			return err
		})
		if err != nil {
			return err
		}
		for _, b := range p.sorted() {
			c.order(b)
		}
		c.report.Orders += p.orders
		if p.last {
			break
		}
		after = p.until
	}
	if err := c.appRefunds(ctx, d, scope); err != nil {
		return err
	}
	if err := errors.Join(c.invoices(ctx, d, scope), c.promotions(ctx, d, scope), c.returns(ctx, d, scope)); err != nil {
		return err
	}
	return c.sequences(ctx, d, scope)
}

// nextScope is the environment after the given one; only restricts it to one.
func nextScope(ctx context.Context, d db.DB, after tenant.Scope, only *tenant.Scope) (tenant.Scope, bool, error) {
	if only != nil {
		return *only, true, only.Check()
	}
	next, found := tenant.Scope{}, false
	err := d.Read(ctx, func(tx db.Tx) error {
		return tx.Query(func(r db.Row) error {
			found = true
			return r.Scan(&next.MerchantID, &next.EnvironmentID)
		}, `SELECT merchant_id, environment_id FROM orders WHERE (merchant_id, environment_id) > ($1, $2)
			ORDER BY merchant_id, environment_id LIMIT 1`, after.MerchantID, after.EnvironmentID)
	})
	return next, found, err
}

// sequences finds histories with a gap; the counts are of events.
func (c *checker) sequences(ctx context.Context, d db.DB, scope tenant.Scope) error {
	var found []Finding
	err := d.Read(ctx, func(tx db.Tx) error {
		found = found[:0]
		return tx.Query(func(r db.Row) error {
			f := Finding{Table: "events", MerchantID: scope.MerchantID, EnvironmentID: scope.EnvironmentID, Rule: "sequence without gaps"}
			err := r.Scan(&f.Row, &f.Expected, &f.Actual)
			found = append(found, f)
			return err
		}, `SELECT root_id, COUNT(*), MAX(sequence) FROM events WHERE merchant_id = $1 AND environment_id = $2
			GROUP BY root_id HAVING COUNT(*) <> MAX(sequence) ORDER BY root_id LIMIT 1000`, scope.MerchantID, scope.EnvironmentID)
	})
	for _, f := range found {
		c.add(f)
	}
	return err
}
