package httpapi

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/auth"
	"flint/internal/fault"
)

// errorSource tells who has to act: Flint for what failed on its side, the integration for requests
// no merchant setting can mend, the merchant otherwise.
func errorSource(c fault.Class) string {
	switch s := c.Status(); {
	case s >= 500:
		return "flint"
	case s == 405, s == 410, s == 413, s == 415:
		return "integration"
	default:
		return "merchant"
	}
}

// writeFault encodes the contract's error object; it is the only place that does.
func writeFault(enc *jsontext.Encoder, f *fault.Error, requestID, baseURL string) error {
	w := objectWriter{enc: enc}
	w.open()
	w.name("error")
	w.open()
	w.str("type", f.Class.Type())
	w.str("code", f.Code)
	w.str("message", f.Message)
	w.str("doc_url", baseURL+"/docs/errors#"+f.Code)
	w.str("error_source", errorSource(f.Class))
	if f.Param != "" {
		w.str("param", f.Param)
	}
	w.str("request_id", requestID)
	w.str("request_log_url", baseURL+"/v1/developer/request-logs?request_id="+url.QueryEscape(requestID))
	if len(f.Details) > 0 {
		w.name("details")
		w.tok(jsontext.BeginArray)
		for _, d := range f.Details {
			w.open()
			w.str("code", d.Code)
			w.str("message", d.Message)
			if d.Param != "" {
				w.str("param", d.Param)
			}
			w.extra(d.Extra)
			w.close()
		}
		w.tok(jsontext.EndArray)
	}
	if f.NextSteps != "" || f.Retryable {
		w.name("remediation")
		w.open()
		if f.NextSteps != "" {
			w.str("next_steps", f.NextSteps)
		}
		w.name("retryable")
		w.tok(jsontext.Bool(f.Retryable))
		w.close()
	}
	w.extra(f.Extra)
	w.close()
	w.close()
	return w.err
}

// objectWriter writes tokens until the first error.
type objectWriter struct {
	enc *jsontext.Encoder
	err error
}

func (w *objectWriter) tok(t jsontext.Token) {
	if w.err == nil {
		w.err = w.enc.WriteToken(t)
	}
}
func (w *objectWriter) open()         { w.tok(jsontext.BeginObject) }
func (w *objectWriter) close()        { w.tok(jsontext.EndObject) }
func (w *objectWriter) name(n string) { w.tok(jsontext.String(n)) }
func (w *objectWriter) str(n, text string) {
	w.name(n)
	w.tok(jsontext.String(strings.ToValidUTF8(text, "?")))
}

func (w *objectWriter) extra(m map[string]any) {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		w.name(k)
		if w.err == nil {
			w.err = json.MarshalEncode(w.enc, m[k], json.Deterministic(true))
		}
	}
}

func noRouteFault(allowed []string, h http.Header) *fault.Error {
	if len(allowed) == 0 {
		return &fault.Error{Class: fault.ClassNotFound, Code: "ROUTE_NOT_FOUND", Message: "There is no such route."}
	}
	h.Set("Allow", strings.Join(allowed, ", "))
	return &fault.Error{Class: fault.ClassMethod, Code: "METHOD_NOT_ALLOWED", Message: "This route does not take this method.",
		NextSteps: "Use one of: " + strings.Join(allowed, ", ") + "."}
}

// scopeRequirement is the contract's ScopeRequirement.
type scopeRequirement struct {
	Mode   string   `json:"mode"`
	Scopes []string `json:"scopes"`
}

func insufficientScope(n auth.Need, missing []string) *fault.Error {
	mode := "all"
	if n.Any {
		mode = "any"
	}
	return fault.Forbidden("INSUFFICIENT_SCOPE", "The credential lacks a scope that this operation needs.").
		With("scope_requirement", scopeRequirement{mode, n.Scopes}).With("missing_scopes", missing).
		Then("Use a credential with the missing scopes.")
}
