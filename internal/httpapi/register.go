package httpapi

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/idempotency"
	"flint/internal/tenant"
)

// operation is a registered row: how to read its input and how to run it.
type operation struct {
	api     *API
	route   *Route
	pattern string // POST /v1/orders/{order_id}/close
	input   *inputPlan
	body    *shape // nil without a JSON body
	run     func(ctx context.Context, x *exchange) error
	timeout time.Duration
	rate    *publicRate
	tenant  func(tx db.Tx, in any) (tenant.Scope, string, error)
	sealed  bool
	summary string
	text    string
	errors  []string
	media   []string       // of an answer that is not JSON
	frames  []reflect.Type // what such an answer carries
	oauth   reflect.Type   // body of an OAuth endpoint, which has errors of its own form; nil for all others
	line    reflect.Type   // what it carries as JSON lines, nil when it does not come so
}

// Option refines a registration.
type Option func(*operation)

// PerAddress bounds how often one address may call an operation that anybody can call, and names the fault.
func PerAddress(rate Rate, code string) Option {
	return func(op *operation) { op.rate = &publicRate{rate, code} }
}

// publicRate is the bound of PerAddress.
type publicRate struct {
	rate Rate
	code string
}

// Owned finds the environment and the object that a write without a credential acts on, so that the answer
// can be kept under its idempotency key.
func Owned[I any](find func(tx db.Tx, in *I) (tenant.Scope, string, error)) Option {
	return func(op *operation) {
		op.tenant = func(tx db.Tx, in any) (tenant.Scope, string, error) { return find(tx, in.(*I)) } //nolint:errcheck,forcetypeassert // the operation's own input
	}
}

// Doc gives the document a short title and a sentence or two.
func Doc(summary, text string) Option {
	return func(op *operation) { op.summary, op.text = summary, text }
}

// OneTimeSecrets keeps the stored answer encrypted, because it shows a secret that is shown once.
func OneTimeSecrets() Option { return func(op *operation) { op.sealed = true } }

// Timeout replaces DefaultTimeout; 0 is no limit, for streams.
func Timeout(d time.Duration) Option { return func(op *operation) { op.timeout = d } }

// Errors names codes of the operation's own, for the document.
func Errors(codes ...string) Option {
	return func(op *operation) {
		for _, code := range codes {
			if !slices.Contains(op.errors, code) {
				op.errors = append(op.errors, code)
			}
		}
	}
}

// Produces documents an answer outside the envelope: its media types and what it carries.
func Produces(media []string, carries ...any) Option {
	return func(op *operation) {
		op.media = media
		for _, v := range carries {
			op.frames = append(op.frames, reflect.TypeOf(v))
		}
	}
}

// OAuth makes an operation an OAuth endpoint: its raw body is JSON or a form with the fields of body, and
// its errors have the flat form of RFC 6749, but for the limit of requests.
func OAuth(body any) Option { return func(op *operation) { op.oauth = reflect.TypeOf(body) } }

// Lines documents that such an answer also comes as JSON lines, and what a line is.
func Lines(line any) Option { return func(op *operation) { op.line = reflect.TypeOf(line) } }

// Visited documents an operation that a browser opens and package web answers. It has no handler here.
func Visited[I any](a *API, id string, opts ...Option) {
	newOperation[I, Raw](a, id, append(opts, Produces([]string{"text/html"})))
	delete(a.handled, id)
}

// Validator is what an input may implement for rules that its tags cannot say. It runs after the tags
// and reports every fault at once.
type Validator interface{ Validate() error }

// Raw is an answer outside the envelope: a file, a redirect, a form of another standard.
type Raw struct {
	Status int // 0 for the row's
	Header http.Header
	Body   []byte
	// Stream, when set, writes status and body itself and may flush; it ends with ctx. A fault that it
	// returns before it wrote anything is answered like any other.
	Stream func(ctx context.Context, w http.ResponseWriter) error
}

// Get registers an operation that reads, in one transaction that sees one state of the database.
func Get[I, O any](a *API, id string, h func(ctx context.Context, tx db.Tx, c *Caller, in *I) (O, error), opts ...Option) {
	op := newOperation[I, O](a, id, opts)
	op.run = func(ctx context.Context, x *exchange) error {
		in, err := decode[I](x)
		if err != nil {
			return err
		}
		var out O
		err = a.DB.Read(ctx, func(tx db.Tx) error {
			var err error
			out, err = h(ctx, tx, x.caller, in)
			return err
		})
		if err != nil {
			return err
		}
		return x.reply(out)
	}
	a.mount(op)
}

// Write registers an operation of one transaction. h may run more than once before its transaction
// commits, so it has no effect outside tx. The answer commits with the effect under the request's
// idempotency key. A fault takes everything back, unless it was made by idempotency.Keep.
func Write[I, O any](a *API, id string, h func(ctx context.Context, tx db.Tx, c *Caller, in *I) (O, error), opts ...Option) {
	op := newOperation[I, O](a, id, opts)
	op.run = func(ctx context.Context, x *exchange) error {
		in, err := decode[I](x)
		if err != nil {
			return err
		}
		var ans idempotency.Answer
		err = a.DB.Write(ctx, func(tx db.Tx) error {
			do := func() (idempotency.Answer, error) {
				x.caller.warnings = nil
				out, err := h(ctx, tx, x.caller, in)
				return answer(op, x, out, err)
			}
			var err error
			if op.tenant != nil {
				if x.key.Scope, x.key.CredentialID, err = op.tenant(tx, in); err != nil {
					return err
				}
				x.caller.Scope = x.key.Scope
			}
			if x.key.Key == "" {
				ans, err = do()
			} else {
				ans, err = a.Idempotency.Run(tx, x.caller.Now, x.key, op.sealed, do)
			}
			return err
		})
		if err != nil {
			return err
		}
		return x.replyStored(ans)
	}
	a.mount(op)
}

// Steps are a long operation, one that calls a processor between two transactions.
type Steps[I, O any] struct {
	// Start runs in the first transaction, together with the idempotency key. It records what is to be
	// done and returns its id, the subject. A fault takes everything back.
	Start func(ctx context.Context, tx db.Tx, c *Caller, in *I) (subject string, err error)
	// Finish does the rest for the subject, whether Start just made it or a call that crashed did: it
	// looks at how far the subject has come and continues from there. settle may be called once, in the
	// transaction that ends the operation, to store the answer with it; otherwise the framework stores
	// it right after. A fault below 500 is a final answer, for Start had its effect; any other leaves the
	// key open to be used again.
	Finish func(ctx context.Context, c *Caller, in *I, subject string, settle func(tx db.Tx, out O) error) (O, error)
}

// Staged registers a long operation.
func Staged[I, O any](a *API, id string, s Steps[I, O], opts ...Option) {
	op := newOperation[I, O](a, id, opts)
	op.run = func(ctx context.Context, x *exchange) error {
		in, err := decode[I](x)
		if err != nil {
			return err
		}
		var claim idempotency.Claim
		err = a.DB.Write(ctx, func(tx db.Tx) error {
			claim = idempotency.Claim{}
			var err error
			if x.key.Key != "" {
				if claim, err = a.Idempotency.Begin(tx, x.caller.Now, x.key); err != nil || claim.Done != nil || claim.Subject != "" {
					return err
				}
			}
			if claim.Subject, err = s.Start(ctx, tx, x.caller, in); err != nil || x.key.Key == "" {
				return err
			}
			return a.Idempotency.Started(tx, x.key, claim.Subject)
		})
		if err != nil {
			return err
		}
		if claim.Done != nil {
			return x.replyStored(*claim.Done)
		}
		return finishStaged(ctx, op, x, in, claim.Subject, s)
	}
	a.mount(op)
}

func finishStaged[I, O any](ctx context.Context, op *operation, x *exchange, in *I, subject string, s Steps[I, O]) error {
	a := op.api
	var stored *idempotency.Answer
	store := func(tx db.Tx, ans idempotency.Answer) error {
		if x.key.Key != "" {
			var err error
			if ans, err = a.Idempotency.Finish(tx, a.Clock.Now(), x.key, op.sealed, ans); err != nil {
				return err
			}
		}
		stored = &ans
		return nil
	}
	out, err := s.Finish(ctx, x.caller, in, subject, func(tx db.Tx, out O) error {
		stored = nil // the transaction may be a second attempt
		ans, err := answer(op, x, out, nil)
		if err != nil {
			return err
		}
		return store(tx, ans)
	})
	if f := fault.Of(err); f != nil && f.Class.Status() < 500 {
		err = idempotency.Keep(f)
	}
	if err != nil && idempotency.Kept(err) == nil {
		// The outcome is open. The caller may be gone, so this does not end with the request.
		free, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if x.key.Key != "" {
			if rerr := a.DB.Write(free, func(tx db.Tx) error { return a.Idempotency.Release(tx, a.Clock.Now(), x.key) }); rerr != nil {
				a.Log.Warn("an idempotency key stays locked until its time", "request_id", x.caller.RequestID, "error", rerr)
			}
		}
		return err
	}
	if err != nil || stored == nil {
		ans, err := answer(op, x, out, err)
		if err != nil {
			return err
		}
		err = a.DB.Write(context.WithoutCancel(ctx), func(tx db.Tx) error { return store(tx, ans) })
		if err != nil {
			return err
		}
	}
	return x.replyStored(*stored)
}

// Handle registers an operation that has no transaction of its own: a stream, a file, a token
// endpoint. It takes no idempotency key.
func Handle[I, O any](a *API, id string, h func(ctx context.Context, c *Caller, in *I) (O, error), opts ...Option) {
	op := newOperation[I, O](a, id, opts)
	op.run = func(ctx context.Context, x *exchange) error {
		in, err := decode[I](x)
		if err != nil {
			return err
		}
		out, err := h(ctx, x.caller, in)
		if err != nil {
			return err
		}
		if raw, ok := any(out).(*Raw); ok {
			return x.raw(ctx, raw)
		}
		return x.reply(out)
	}
	a.mount(op)
}

// answer encodes what a handler returned into the form that is stored and sent.
func answer[O any](op *operation, x *exchange, out O, err error) (idempotency.Answer, error) {
	if err != nil {
		if f := idempotency.Kept(err); f != nil {
			return idempotency.AnswerOf(f, x.caller.APIVersion)
		}
		return idempotency.Answer{}, err
	}
	data, err := encode(out)
	return idempotency.Answer{Status: status(op.route, out), Body: data, APIVersion: x.caller.APIVersion}, err
}

// statusCoder is what an output implements whose success has more than one status.
type statusCoder interface{ SuccessStatus() int }

func status(r *Route, out any) int {
	if s, ok := out.(statusCoder); ok {
		return s.SuccessStatus()
	}
	return r.Status
}

func encode(out any) ([]byte, error) { return json.Marshal(out, json.Deterministic(true)) }

func (x *exchange) reply(out any) error {
	next, list := "", x.op.route.List
	st := status(x.op.route, out)
	if p, ok := out.(paged); ok {
		out, next = p.parts()
		list = true
	}
	data, err := encode(out)
	if err != nil {
		return err
	}
	x.succeed(st, data, list, next)
	return nil
}

func (x *exchange) replyStored(a idempotency.Answer) error {
	x.api.Failpoints.Hit("api.before_answer")
	f, err := a.Fault()
	if err != nil {
		return err
	}
	if a.Replayed {
		x.replay = true
		x.caller.warnings = nil
		x.w.Header()["Idempotency-Replayed"] = []string{"true"}
		if a.APIVersion != "" {
			x.caller.APIVersion = a.APIVersion
			x.w.Header()["Flint-Version"] = []string{a.APIVersion}
		}
	}
	if f != nil {
		return f
	}
	x.succeed(a.Status, a.Body, false, "")
	return nil
}

func (x *exchange) raw(ctx context.Context, raw *Raw) error {
	h := x.w.Header()
	for k, v := range raw.Header {
		h[http.CanonicalHeaderKey(k)] = v
	}
	if raw.Stream != nil {
		return raw.Stream(ctx, &streamWriter{x.w, x})
	}
	x.status = raw.Status
	if x.status == 0 {
		x.status = x.op.route.Status
	}
	x.written = true
	x.w.WriteHeader(x.status)
	_, _ = x.w.Write(raw.Body) // a caller who has gone cannot be told
	return nil
}

// streamWriter tells the exchange that a stream has begun.
type streamWriter struct {
	http.ResponseWriter
	x *exchange
}

func (s *streamWriter) WriteHeader(status int) {
	if !s.x.written {
		s.x.status, s.x.written = status, true
	}
	s.ResponseWriter.WriteHeader(status)
}

func (s *streamWriter) Write(b []byte) (int, error) {
	if !s.x.written {
		s.WriteHeader(http.StatusOK)
	}
	return s.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (s *streamWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func newOperation[I, O any](a *API, id string, opts []Option) *operation {
	op := &operation{api: a, route: a.route(id), timeout: DefaultTimeout}
	op.pattern = op.route.Method + " " + op.route.Path
	for _, o := range opts {
		o(op)
	}
	in := reflect.TypeFor[I]()
	plan, err := planInput(in)
	if err != nil {
		panic("httpapi: " + id + ": " + err.Error())
	}
	op.input = plan
	if plan.body != nil {
		a.registry.Schema(plan.bodyType, true, plan.bodyType.Name())
		a.adorn(plan.bodyType) // first, because it settles what may be null
		op.body = a.shapes.of(plan.bodyType)
		if len(op.body.fields) > 256 {
			panic("httpapi: " + id + ": an object of more than 256 fields")
		}
	}
	a.describe(op, reflect.TypeFor[O]())
	return op
}

func decode[I any](x *exchange) (*I, error) {
	in := new(I)
	if err := x.decode(reflect.ValueOf(in).Elem()); err != nil {
		return nil, err
	}
	if v, ok := any(in).(Validator); ok {
		if err := v.Validate(); err != nil {
			return nil, err
		}
	}
	return in, nil
}
