package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"path"
	"reflect"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/auth"
	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/failpoint"
	"flint/internal/id"
	"flint/internal/idempotency"
	"flint/internal/money"
	"flint/internal/tenant"
)

// Version is the only version of the contract spoken so far.
const Version = "2026-09-07"

// DefaultTimeout ends a request that does not answer.
const DefaultTimeout = 30 * time.Second

// Verify turns a credential of one kind into a principal. subject is empty but for the checkout
// credential, where it is the session's id. A wrong credential is a fault of class Authentication.
type Verify func(ctx context.Context, subject, secret string) (auth.Principal, error)

// Config is what an API is made of. DB, Clock, IDs, Log, Idempotency and CursorKey are required.
type Config struct {
	DB          db.DB
	Clock       clock.Clock
	IDs         *id.Source
	Log         *slog.Logger
	Idempotency *idempotency.Store
	// CursorKey authenticates page tokens; every node of an installation has the same, 32 bytes.
	CursorKey []byte
	// Verify has one function per kind of credential; kinds without one are refused.
	Verify map[auth.Kind]Verify
	// BaseURL is the public address without a slash at its end, for links in errors.
	BaseURL string
	// Limits of requests, nil for none.
	Limits *Limits
	// Refuse is asked before every operation that is not a read; its fault is the answer. nil never refuses.
	Refuse func() error
	// Address tells a client's address, nil for the connection's peer.
	Address func(*http.Request) netip.Addr
	// Observe is called after every request, nil for nobody.
	Observe func(Record)
	// Processor names who takes the money of an environment, empty where nobody does; nil is nobody.
	Processor func(tenant.Scope) string
	// Development lets test keys change what a merchant's environments share, which takes a live key elsewhere.
	Development bool
	// Failpoints end the process at named places in tests; nil in production.
	Failpoints *failpoint.Points
}

// Record is what is known of a request after its answer.
type Record struct {
	Caller    *Caller // fields that are unknown are zero
	Route     *Route  // nil when none matched
	Method    string
	Path      string
	Status    int
	Duration  time.Duration
	ErrorCode string
	Replayed  bool
	// VersionSource is where the served version came from: header, partner_app, merchant or current.
	VersionSource string
}

// API is the HTTP surface. Operations are registered before Handler is called.
type API struct {
	Config
	cursors  *cursors
	limits   *limiters
	routes   map[string]*Route
	handled  map[string]bool
	mux      *http.ServeMux
	registry huma.Registry
	shapes   *shapes
	doc      *huma.OpenAPI
	adorned  map[reflect.Type]bool
}

// New makes an API without operations.
func New(c Config) *API {
	a := &API{Config: c, cursors: &cursors{c.CursorKey}, limits: newLimiters(c.Limits), routes: map[string]*Route{},
		handled: map[string]bool{}, mux: http.NewServeMux(), adorned: map[reflect.Type]bool{},
		registry: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)}
	// A percentage is a number on the wire; kept JSON is any value.
	a.registry.RegisterTypeAlias(reflect.TypeFor[money.Percent](), reflect.TypeFor[float64]())
	a.registry.RegisterTypeAlias(reflect.TypeFor[jsontext.Value](), reflect.TypeFor[any]())
	if a.Address == nil {
		a.Address = peer
	}
	a.shapes = &shapes{registry: a.registry, byRef: map[string]*shape{}}
	for _, r := range Routes() {
		if a.routes[r.ID] != nil {
			panic("httpapi: two rows for " + r.ID)
		}
		a.routes[r.ID] = &r
	}
	a.doc = newDocument(a.registry)
	a.mux.HandleFunc("/", a.noRoute)
	return a
}

func (a *API) processor(scope tenant.Scope) string {
	if a.Processor == nil {
		return ""
	}
	return a.Processor(scope)
}

// Missing lists the operations of the table that nothing handles, sorted.
func (a *API) Missing() []string {
	var out []string
	for id := range a.routes {
		if !a.handled[id] {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// Document is the OpenAPI 3.1 document of what was registered.
func (a *API) Document() *huma.OpenAPI { return a.doc }

// ServeHTTP implements http.Handler for everything below /v1.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p := r.URL.Path; p != path.Clean(p) { // the mux would redirect
		a.noRoute(w, r)
		return
	}
	a.mux.ServeHTTP(w, r)
}

func (a *API) route(id string) *Route {
	r := a.routes[id]
	switch {
	case r == nil:
		panic(fmt.Sprintf("httpapi: %s has no row in the authorization table", id))
	case a.handled[id]:
		panic(fmt.Sprintf("httpapi: %s is registered twice", id))
	case r.By == 0:
		panic(fmt.Sprintf("httpapi: the row of %s accepts no credential", id))
	}
	a.handled[id] = true
	return r
}

func (a *API) noRoute(w http.ResponseWriter, r *http.Request) {
	x := a.exchange(w, r, nil)
	defer x.end()
	var allowed []string
	if r.URL.Path != path.Clean(r.URL.Path) {
		x.fail(noRouteFault(nil, w.Header()))
		return
	}
	for _, m := range []string{"GET", "POST", "PATCH", "PUT", "DELETE"} {
		probe := &http.Request{Method: m, URL: r.URL, Host: r.Host}
		if _, pattern := a.mux.Handler(probe); pattern != "/" && pattern != "" {
			allowed = append(allowed, m)
		}
	}
	x.fail(noRouteFault(allowed, w.Header()))
}

func peer(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap()
}
