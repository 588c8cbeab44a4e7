package httpapi

import (
	"bytes"
	"net/http"
	"time"

	"flint/internal/fault"
	"flint/internal/requestlog"
)

// keep is what an exchange remembers for the request log.
type keep struct {
	request, response []byte
	size              int // of the whole answer
	fault             *fault.Error
}

// logs tells whether the request is logged for its developers.
func (x *exchange) logs() bool { return x.api.Requests != nil && x.op != nil && logged(x.caller.Kind) }

// keepAnswer copies what the log keeps of an answer, whose buffer is used again. What was read without a
// fault is not kept: it can be read again, and keeping it took half of what reading costs.
func (x *exchange) keepAnswer(body []byte) {
	if x.logs() && (x.r.Method != http.MethodGet || x.kept.fault != nil) {
		x.kept.response, x.kept.size = bytes.Clone(body[:min(len(body), requestlog.MaxBody)]), len(body)
	}
}

// log hands the exchange to the request log, which takes it or not but never waits.
func (x *exchange) log(took time.Duration) {
	if !x.logs() {
		return
	}
	c := x.caller
	request := x.kept.request
	if len(request) > requestlog.MaxBody {
		request = bytes.Clone(request[:requestlog.MaxBody]) // so that the rest is not held in memory
	}
	e := &requestlog.Entry{
		Scope: c.Scope, CredentialID: c.ID, ID: c.LogID, RequestID: c.RequestID, Method: x.r.Method, Path: x.r.URL.Path, RawQuery: x.r.URL.RawQuery,
		Route: x.op.pattern, Status: x.status, Latency: took, CreatedAt: c.Now, AskedVersion: x.r.Header.Get("Flint-Version"),
		VersionSource: x.version, ServedVersion: c.APIVersion, Header: x.r.Header, Request: request, RequestSize: len(x.kept.request),
		Response: x.kept.response, ResponseSize: x.kept.size, ResponseType: x.w.Header().Get("Content-Type"), OneTime: x.op.sealed,
	}
	if f := x.kept.fault; f != nil {
		e.Fault = requestlog.Fault{Code: f.Code, Message: f.Message, Advice: f.NextSteps, Retryable: f.Retryable}
	}
	for i := range x.op.input.params {
		// Who looks at a timeline does nothing to its resource, and would only see itself there.
		if p := &x.op.input.params[i]; p.place == inPath && x.op.route.ID != "getResourceTimeline" {
			e.PathIDs = append(e.PathIDs, x.r.PathValue(p.name))
		}
	}
	x.api.Requests.Add(e)
}
