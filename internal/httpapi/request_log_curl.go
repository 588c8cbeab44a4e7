package httpapi

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"flint/internal/requestlog"
	"flint/internal/tenant"
)

// repeatedHeaders are those of a request that its reproduction sends again.
var repeatedHeaders = []string{"Content-Type", "Flint-Version"}

// reproduce tells how to make a logged request again, without the credential and whatever was taken out.
func reproduce(d requestlog.Detail, baseURL string) RequestLogReproduction {
	live := d.Scope.Mode() == tenant.ModeLive
	out := RequestLogReproduction{
		Method: d.Method, Path: d.Path, Query: []RequestLogQueryParam{}, Body: d.Request, Environment: "sandbox",
		Headers: map[string]string{"Authorization": "Bearer $FLINT_API_KEY"}, RedactionsPresent: d.Redacted, Complete: !d.Redacted && !d.Cut,
	}
	reads := d.Method == "GET"
	if live && reads {
		out.Environment = "live"
	}
	out.Safe = out.Complete && (reads || !live)
	sent := map[string]string{}
	if err := json.Unmarshal([]byte(d.Headers), &sent); err == nil {
		for _, name := range repeatedHeaders {
			if v := sent[name]; v != "" && v != requestlog.Hidden {
				out.Headers[name] = v
			}
		}
	}
	query := url.Values{}
	for _, p := range d.Query {
		out.Query = append(out.Query, RequestLogQueryParam(p))
		query.Add(p.Name, p.Value)
	}
	address := baseURL + (&url.URL{Path: d.Path}).EscapedPath()
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	out.Curl = curl(d.Method, address, out.Headers, out.Body)
	if d.Redacted {
		out.Warnings = append(out.Warnings, "Secrets were taken out; put your own where it says "+requestlog.Hidden+".")
	}
	if d.Cut {
		out.Warnings = append(out.Warnings, "The request was larger than what is kept, or was not JSON; its body is not whole.")
	}
	if !reads {
		out.Warnings = append(out.Warnings, "This is a new request with a new Idempotency-Key: it has an effect of its own.")
	}
	if live && !reads {
		out.Warnings = append(out.Warnings, "The original was made with live data. Repeat it in a sandbox, with ids of that sandbox.")
	}
	return out
}

// curl is a command for a POSIX shell. Only the credential is left to the shell; all else is quoted.
func curl(method, address string, headers map[string]string, body string) string {
	b := strings.Builder{}
	b.WriteString("curl -sS -X " + method + " " + quoteShell(address))
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		if name == "Authorization" {
			b.WriteString(` -H "Authorization: Bearer $FLINT_API_KEY"`)
			continue
		}
		b.WriteString(" -H " + quoteShell(name+": "+headers[name]))
	}
	if body != "" {
		b.WriteString(" --data-raw " + quoteShell(body))
	}
	return b.String()
}

func quoteShell(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
