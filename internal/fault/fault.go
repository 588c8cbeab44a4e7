// Package fault is the platform's error: a stable code, a class that decides the HTTP status, the
// path of the field at fault and a text that may be shown to a caller.
//
// Nothing else decides a status. A message never echoes the offending value. Errors that are not a
// *Error are reported to callers as an internal error without their text.
package fault

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Class groups codes by what happened; the contract ties an HTTP status and an error type to each.
type Class int

// Classes in the order of their statuses.
const (
	ClassInternal       Class = iota // 500 internal_error
	ClassInvalid                     // 400 validation_error
	ClassAuthentication              // 401 authentication_error
	ClassPayment                     // 402 payment_error
	ClassForbidden                   // 403 authorization_error
	ClassNotFound                    // 404 not_found_error
	ClassMethod                      // 405 invalid_request_error
	ClassConflict                    // 409 conflict_error
	ClassGone                        // 410 invalid_request_error
	ClassTooLarge                    // 413 invalid_request_error
	ClassMediaType                   // 415 invalid_request_error
	ClassRateLimited                 // 429 rate_limit_error
	ClassExternal                    // 502 external_service_error
	ClassUnavailable                 // 503 unavailable_error
	ClassTimeout                     // 504 timeout_error
	ClassStorageFull                 // 507 internal_error
)

var classes = [...]struct {
	status int
	typ    string
}{
	ClassInternal: {500, "internal_error"}, ClassInvalid: {400, "validation_error"},
	ClassAuthentication: {401, "authentication_error"}, ClassPayment: {402, "payment_error"},
	ClassForbidden: {403, "authorization_error"}, ClassNotFound: {404, "not_found_error"},
	ClassMethod: {405, "invalid_request_error"}, ClassConflict: {409, "conflict_error"},
	ClassGone: {410, "invalid_request_error"}, ClassTooLarge: {413, "invalid_request_error"},
	ClassMediaType: {415, "invalid_request_error"}, ClassRateLimited: {429, "rate_limit_error"},
	ClassExternal: {502, "external_service_error"}, ClassUnavailable: {503, "unavailable_error"},
	ClassTimeout: {504, "timeout_error"}, ClassStorageFull: {507, "internal_error"},
}

// Status is the HTTP status of the class.
func (c Class) Status() int { return classes[c].status }

// Type is the contract's error type of the class.
func (c Class) Type() string { return classes[c].typ }

// Detail is one fault among several, with the path of its field.
type Detail struct {
	Code    string
	Message string
	Param   string
	Extra   map[string]any // further fields of the contract's ErrorDetail, by their wire names
}

// Error is a fault with everything the contract's error object can carry.
type Error struct {
	Class      Class
	Code       string // SCREAMING_SNAKE, stable
	Message    string // for the caller's developers; wording may change
	Param      string // field path such as line_items[0].name
	Details    []Detail
	NextSteps  string         // what the caller should do, for remediation.next_steps
	Retryable  bool           // the same call may succeed later
	RetryAfter time.Duration  // 0 when unknown
	Extra      map[string]any // further fields of the contract's ErrorObject, by their wire names
	Cause      error          // for logs only
}

// Error implements error with the code and the cause.
func (e *Error) Error() string {
	s := e.Code + ": " + e.Message
	if e.Param != "" {
		s += " (" + e.Param + ")"
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Cause }

// With returns a copy that also carries the contract's field name with value v.
func (e *Error) With(name string, v any) *Error {
	c := *e
	c.Extra = make(map[string]any, len(e.Extra)+1)
	maps.Copy(c.Extra, e.Extra)
	c.Extra[name] = v
	return &c
}

// Because returns a copy with its cause, which goes to the log and never to the caller.
func (e *Error) Because(err error) *Error {
	c := *e
	c.Cause = err
	return &c
}

// Then returns a copy that tells the caller what to do next.
func (e *Error) Then(format string, args ...any) *Error {
	c := *e
	c.NextSteps = fmt.Sprintf(format, args...)
	return &c
}

// Retry returns a copy marked as worth repeating, after the given time when it is known.
func (e *Error) Retry(after time.Duration) *Error {
	c := *e
	c.Retryable, c.RetryAfter = true, after
	return &c
}

// Invalid is a 400 about one field; param is its path, empty for the request as a whole.
func Invalid(code, param, format string, args ...any) *Error {
	return &Error{Class: ClassInvalid, Code: code, Param: param, Message: fmt.Sprintf(format, args...)}
}

// Conflict is a 409: the request is well formed but the state does not allow it.
func Conflict(code, format string, args ...any) *Error {
	return &Error{Class: ClassConflict, Code: code, Message: fmt.Sprintf(format, args...)}
}

// NotFound is a 404. The same answer is given for what does not exist and for what belongs to
// somebody else.
func NotFound(what string) *Error {
	return &Error{Class: ClassNotFound, Code: "RESOURCE_NOT_FOUND", Message: "No such " + what + "."}
}

// Unauthenticated is a 401.
func Unauthenticated(code, format string, args ...any) *Error {
	return &Error{Class: ClassAuthentication, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Forbidden is a 403.
func Forbidden(code, format string, args ...any) *Error {
	return &Error{Class: ClassForbidden, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Unavailable is a 503: nothing was done and the same call may succeed later.
func Unavailable(code, format string, args ...any) *Error {
	return &Error{Class: ClassUnavailable, Code: code, Message: fmt.Sprintf(format, args...), Retryable: true}
}

// Internal is a 500, something that should not happen.
func Internal(code, format string, args ...any) *Error {
	return &Error{Class: ClassInternal, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Of finds the fault in err's chain, nil when there is none.
func Of(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return nil
}

// Moved is err with other paths of fields, in its details too; path gives the new one of each, "" being the request as a
// whole. An error without a fault stays as it is.
func Moved(err error, path func(string) string) error {
	f := Of(err)
	if f == nil {
		return err
	}
	out := *f
	out.Param, out.Details = path(f.Param), slices.Clone(f.Details)
	for k := range out.Details {
		out.Details[k].Param = path(out.Details[k].Param)
	}
	return &out
}

// Below is err with all its paths below param.
func Below(param string, err error) error {
	return Moved(err, func(path string) string { return joinPath(param, path) })
}

// Is reports whether err carries the code.
func Is(err error, code string) bool {
	e := Of(err)
	return e != nil && e.Code == code
}

// List collects every fault of a request, so that a caller can mend them all at once.
type List struct{ details []Detail }

// Add notes a fault of one field.
func (l *List) Add(code, param, format string, args ...any) {
	l.details = append(l.details, Detail{Code: code, Param: param, Message: fmt.Sprintf(format, args...)})
}

// AddWith notes a fault of one field that carries more than a text.
func (l *List) AddWith(d Detail) { l.details = append(l.details, d) }

// AddError notes an error of a sub-structure below the path param; nil is ignored.
func (l *List) AddError(param string, err error) {
	if err == nil {
		return
	}
	e := Of(err)
	if e == nil {
		l.Add("INVALID_REQUEST", param, "This value cannot be used.")
		return
	}
	if len(e.Details) == 0 {
		l.details = append(l.details, Detail{Code: e.Code, Message: e.Message, Param: joinPath(param, e.Param), Extra: e.Extra})
	}
	for _, d := range e.Details {
		d.Param = joinPath(param, d.Param)
		l.details = append(l.details, d)
	}
}

// Err is nil without faults, the fault itself when there is one, and an INVALID_REQUEST that lists
// all of them otherwise.
func (l *List) Err() error {
	switch len(l.details) {
	case 0:
		return nil
	case 1:
		d := l.details[0]
		return &Error{Class: ClassInvalid, Code: d.Code, Param: d.Param, Message: d.Message, Details: l.details}
	default:
		return &Error{Class: ClassInvalid, Code: "INVALID_REQUEST", Param: l.details[0].Param,
			Message: fmt.Sprintf("%d fields of the request cannot be used; details lists each.", len(l.details)), Details: l.details}
	}
}

func joinPath(base, rest string) string {
	switch {
	case base == "":
		return rest
	case rest == "":
		return base
	case rest[0] == '[':
		return base + rest
	default:
		return base + "." + rest
	}
}
