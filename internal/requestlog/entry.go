package requestlog

import (
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/tenant"
)

// MaxBody is how much of a body is kept, in bytes.
const MaxBody = 16 << 10

// Bounds of what else is kept of a request, in bytes and counts.
const (
	maxPath    = 1024
	maxQuery   = 4096
	maxHeaders = 40
	maxHeader  = 256
	maxMessage = 500
)

// Entry is one request and its answer, as they were. Nobody changes what it refers to after Add.
type Entry struct {
	Scope        tenant.Scope
	CredentialID string // key_…, pinst_…
	ID           string // rlog_…
	RequestID    string
	Method       string
	Path         string
	RawQuery     string
	Route        string // POST /v1/orders/{order_id}/close
	Status       int
	Latency      time.Duration
	CreatedAt    time.Time
	// AskedVersion is what the caller asked for, empty for no wish; VersionSource tells who decided.
	AskedVersion  string
	VersionSource string // header, partner_app, merchant, current
	ServedVersion string
	Fault         Fault
	PathIDs       []string // the ids of the path, in its order
	Header        map[string][]string
	Request       []byte // at most MaxBody matter
	RequestSize   int
	Response      []byte // at most MaxBody matter
	ResponseSize  int
	ResponseType  string // media type
	// OneTime says that the answer shows a secret that is shown once, so that nothing in it that could
	// be one is kept.
	OneTime bool
}

// Fault is what the answer said was wrong; zero for success.
type Fault struct {
	Code      string
	Message   string
	Advice    string
	Retryable bool
}

// size is about what the entry holds in memory.
func (e *Entry) size() int { return 1024 + len(e.Request) + len(e.Response) }

// Parts of an entry of which something was taken out or left out.
const (
	partQuery = 1 << iota
	partRequest
	partResponse
	partPath
)

// row is an entry as it is stored.
type row struct {
	*Entry
	requestID, asked                         string
	path, query, headers, request, response  string
	responseType, message, advice            string
	redacted, cut                            int
	resourceType, resourceID, parentResource string
}

// Param is one query parameter.
type Param struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// shownHeaders are the headers whose values are kept. Of all others only the name is.
var shownHeaders = map[string]bool{"Accept": true, "Accept-Language": true, "Content-Type": true, "Content-Length": true, "Flint-Version": true,
	"Idempotency-Key": true, "Last-Event-Id": true, "User-Agent": true, "X-Request-Id": true}

// prepare makes of an entry what may be stored.
func (r Redactor) prepare(e *Entry, names map[string]bool) row {
	out := row{Entry: e, requestID: r.line(e.RequestID, maxHeader), asked: r.line(e.AskedVersion, 32), path: r.line(e.Path, maxPath),
		headers: r.headers(e.Header), responseType: r.line(e.ResponseType, maxHeader),
		message: r.line(e.Fault.Message, maxMessage), advice: r.line(e.Fault.Advice, maxMessage)}
	if out.path != e.Path {
		out.redacted |= partPath
	}
	out.query = r.query(e.RawQuery, &out)
	out.request = r.body(e.Request, e.RequestSize, partRequest, &out, names)
	out.response = r.body(e.Response, e.ResponseSize, partResponse, &out, names)
	out.resourceType, out.resourceID, out.parentResource = resourceOf(e)
	return out
}

func (r Redactor) body(b []byte, size, part int, out *row, names map[string]bool) string {
	if size == 0 {
		return ""
	}
	if len(b) > MaxBody {
		b = b[:MaxBody]
	}
	s := scanner{r: r, in: b, out: make([]byte, 0, len(b)+len(Hidden)), names: names, opaque: part == partResponse && out.OneTime}
	clean, redacted, whole := s.run()
	if redacted {
		out.redacted |= part
	}
	if !whole || size > len(b) {
		out.cut |= part
	}
	return string(clean)
}

func (r Redactor) query(raw string, out *row) string {
	if raw == "" {
		return ""
	}
	if len(raw) > maxQuery {
		raw = raw[:strings.LastIndexByte(raw[:maxQuery], '&')+1]
		out.cut |= partQuery
	}
	var params []Param
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(name)
		value, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil {
			out.cut |= partQuery // not understood, so not known to hold no secret
			continue
		}
		if name == "" && value == "" {
			continue
		}
		p := Param{r.line(name, maxQuery), r.line(value, maxQuery)}
		if SecretName(name) && value != "" {
			p.Value = Hidden
		}
		if p.Name != name || p.Value != value {
			out.redacted |= partQuery
		}
		params = append(params, p)
	}
	b, err := json.Marshal(params)
	if err != nil {
		return ""
	}
	return string(b)
}

func (r Redactor) headers(h map[string][]string) string {
	shown := make(map[string]string, len(h))
	for name, values := range h {
		if len(shown) == maxHeaders {
			break
		}
		value := Hidden
		if shownHeaders[name] {
			value = r.line(strings.Join(values, ", "), maxHeader)
		}
		shown[r.line(name, maxHeader)] = value
	}
	b, err := json.Marshal(shown, json.Deterministic(true))
	if err != nil {
		return ""
	}
	return string(b)
}
