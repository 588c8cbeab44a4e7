package requestlog

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// Summary is a row as lists show it, without headers, query and bodies.
type Summary struct {
	ID            string // rlog_…
	RequestID     string
	Method        string
	Path          string
	Route         string
	Status        int
	Latency       time.Duration
	AskedVersion  string
	VersionSource string
	ServedVersion string
	ResourceType  string
	ResourceID    string
	Fault         Fault
	CreatedAt     time.Time
}

// Detail is a whole row.
type Detail struct {
	Summary
	Scope        tenant.Scope
	Query        []Param
	Headers      string // a JSON object
	Request      string
	Response     string
	ResponseType string
	Redacted     bool // something of the request, not of the answer, was taken out
	Cut          bool // the request, not the answer, is not whole
	ResponseCut  bool
}

const summaryColumns = `log_id, request_id, method, path, route, status, latency_us, asked_version, version_source, served_version,
	resource_type, resource_id, error_code, error_message, error_advice, retryable, created_at`

func (s *Summary) targets(latency *int64) []any {
	return []any{&s.ID, &s.RequestID, &s.Method, &s.Path, &s.Route, &s.Status, latency, &s.AskedVersion, &s.VersionSource, &s.ServedVersion,
		&s.ResourceType, &s.ResourceID, &s.Fault.Code, &s.Fault.Message, &s.Fault.Advice, &s.Fault.Retryable, &s.CreatedAt}
}

func scanSummary(r db.Row) (s Summary, err error) {
	var latency int64
	err = r.Scan(s.targets(&latency)...)
	s.Latency = time.Duration(latency) * time.Microsecond
	return s, err
}

// Methods are those that logs can be filtered by.
var Methods = []string{"GET", "POST", "PATCH", "PUT", "DELETE"}

// Filter narrows a list; zero fields do not.
type Filter struct {
	RequestID     string
	Method        string
	PathQuery     string // a part of the path, in any case
	ResourceType  string
	ResourceID    string
	Bucket        string    // success, client_error, server_error; empty or all for any
	CreatedAfter  time.Time // exclusive
	CreatedBefore time.Time // exclusive
}

// Validate reports every fault of the filter that its types do not rule out.
func (f Filter) Validate() error {
	var faults fault.List
	if f.ResourceType != "" && !KnownResource(f.ResourceType) {
		faults.Add("INVALID_RESOURCE_TYPE", "resource_type", "Request logs do not name this type of resource.")
	}
	if !f.CreatedAfter.IsZero() && !f.CreatedBefore.IsZero() && !f.CreatedAfter.Before(f.CreatedBefore) {
		faults.Add("INVALID_CREATED_RANGE", "created_after", "created_after must be before created_before.")
	}
	return faults.Err()
}

// List reads one page of a credential's own requests, newest first, and the cursor of the next.
func List(tx db.Tx, scope tenant.Scope, credentialID string, f Filter, after *listing.Cursor, limit int) ([]Summary, *listing.Cursor, error) {
	if err := errors.Join(scope.Check(), f.Validate()); err != nil {
		return nil, nil, err
	}
	q := listing.From("request_logs", summaryColumns, "log_id", scope).And("credential_id = ?", credentialID).
		Equal("request_id", f.RequestID).Equal("method", f.Method).Search("LOWER(path)", f.PathQuery).
		Equal("resource_type", f.ResourceType).Equal("resource_id", f.ResourceID).Range("created_at", f.CreatedAfter, f.CreatedBefore)
	switch f.Bucket {
	case "success":
		q.And("status < 400")
	case "client_error":
		q.And("status >= 400 AND status < 500")
	case "server_error":
		q.And("status >= 500")
	}
	if err := q.Sort("log_id", false, false, after); err != nil {
		return nil, nil, err
	}
	found, next, err := listing.Page(tx, q, limit, scanSummary, func(s Summary) listing.Cursor { return listing.Cursor{Key: s.ID, ID: s.ID} })
	if err != nil {
		return nil, nil, fmt.Errorf("list request logs: %w", err)
	}
	return found, next, nil
}

// OfResource reads what was asked about a resource or a part of it, by whichever credential of the
// environment, newest first.
func OfResource(tx db.Tx, scope tenant.Scope, resourceID string, occurredAfter, occurredBefore time.Time, after *listing.Cursor, limit int) ([]Summary, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	var out []Summary
	for _, column := range []string{"resource_id", "parent_id"} { // each has an index, both together have none
		q := listing.From("request_logs", summaryColumns, "log_id", scope).And(column+" = ? AND "+column+" <> ''", resourceID).
			Range("created_at", occurredAfter, occurredBefore)
		if err := q.Sort("created_at", false, true, after); err != nil {
			return nil, err
		}
		found, _, err := listing.Page(tx, q, limit, scanSummary, func(s Summary) listing.Cursor { return listing.At(s.CreatedAt, s.ID) })
		if err != nil {
			return nil, fmt.Errorf("read the requests about a resource: %w", err)
		}
		out = append(out, found...)
	}
	return out, nil
}

// Get reads one of a credential's own requests; RESOURCE_NOT_FOUND for any other.
func Get(tx db.Tx, scope tenant.Scope, credentialID, logID string) (Detail, error) {
	if err := scope.Check(); err != nil {
		return Detail{}, err
	}
	d := Detail{Scope: scope}
	var latency int64
	var query string
	var redacted, cut int
	err := tx.QueryRow(append(d.targets(&latency), &query, &d.Headers, &d.Request, &d.Response, &d.ResponseType, &redacted, &cut),
		`SELECT `+summaryColumns+`, query, headers, request_body, response_body, response_type, redacted, cut FROM request_logs
		WHERE merchant_id = $1 AND environment_id = $2 AND credential_id = $3 AND log_id = $4`,
		scope.MerchantID, scope.EnvironmentID, credentialID, logID)
	if errors.Is(err, db.ErrNoRows) {
		return Detail{}, fault.NotFound("request log")
	}
	if err != nil {
		return Detail{}, fmt.Errorf("read a request log: %w", err)
	}
	d.Latency = time.Duration(latency) * time.Microsecond
	d.Redacted, d.Cut, d.ResponseCut = redacted&^partResponse != 0, cut&^partResponse != 0, cut&partResponse != 0
	if query != "" {
		if err := json.Unmarshal([]byte(query), &d.Query); err != nil {
			return Detail{}, fmt.Errorf("read the query of a request log: %w", err)
		}
	}
	return d, nil
}

// Category groups the faults of requests as the contract does; empty for success.
func Category(status int, code string) string {
	switch {
	case status < 400:
		return ""
	case status == 401:
		return "authentication"
	case strings.Contains(code, "IDEMPOTENCY"):
		return "idempotency"
	case status == 403 && strings.HasPrefix(code, "MERCHANT_"):
		return "merchant_readiness"
	case status == 403:
		return "authorization"
	case status == 429:
		return "rate_limit"
	case status == 402 || strings.HasPrefix(code, "PAYMENT_") && status < 500:
		return "payment"
	case status >= 500:
		return "server_error"
	case status == 400 || status == 422:
		return "validation"
	}
	return "request_error"
}
