package httpapi

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"flint/internal/auth"
	"flint/internal/fault"
	"flint/internal/idempotency"
)

// mount puts a finished operation on the mux.
func (a *API) mount(op *operation) {
	a.mux.HandleFunc(op.route.Method+" "+op.route.Path, func(w http.ResponseWriter, r *http.Request) {
		x := a.exchange(w, r, op)
		defer x.end()
		ctx := r.Context()
		if op.timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, op.timeout)
			defer cancel()
		}
		if err := x.serve(ctx); err != nil {
			x.fail(err)
		}
	})
}

func (x *exchange) serve(ctx context.Context) error {
	a, c, h := x.api, x.caller, x.w.Header()
	if err := a.limits.arrived(c, c.Now, h); err != nil {
		return err
	}
	if err := x.negotiate(); err != nil {
		return err
	}
	p, err := x.authenticate(ctx)
	c.Principal = p
	if x.version == "current" && p.APIVersion != "" {
		x.version = "partner_app"
	}
	c.again = func(ctx context.Context) error { _, err := x.authenticate(ctx); return err }
	x.identify()
	if err != nil {
		return err
	}
	if err := errors.Join(a.limits.public(c, x.op, c.Now, h), a.limits.known(c, x.op.route.Tier, c.Now, h)); err != nil {
		return err
	}
	if a.Refuse != nil && x.op.route.Tier != TierRead {
		if err := a.Refuse(); err != nil {
			return err
		}
	}
	return x.op.run(ctx, x)
}

// authenticate finds out who calls and whether they may from where they are.
func (x *exchange) authenticate(ctx context.Context) (auth.Principal, error) {
	p, err := x.api.authenticate(ctx, x.op.route, x.r.Header)
	if err == nil && !p.UsableFrom(x.caller.Address) {
		err = fault.Forbidden("AUTHORIZATION_FAILED", "This credential cannot be used from this address.")
	}
	return p, err
}

// negotiate settles the version of the answer.
func (x *exchange) negotiate() error {
	asked := x.r.Header.Values("Flint-Version")
	if len(asked) == 0 {
		return nil
	}
	x.version = "header"
	if len(asked) > 1 || asked[0] != Version {
		f := fault.Invalid("INVALID_API_VERSION", "Flint-Version", "This version of the API is not spoken here.").
			Then("Leave Flint-Version out, or send one of the supported versions.")
		f.Details = []fault.Detail{{Code: "INVALID_API_VERSION", Message: "Supported versions are listed beside.", Param: "Flint-Version",
			Extra: map[string]any{"supported_api_versions": []string{Version}}}}
		return f
	}
	return nil
}

// decode fills an input struct from path, query, headers and body, and reports every fault at once.
func (x *exchange) decode(into reflect.Value) error {
	op, r := x.op, x.r
	var faults fault.List
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return fault.Invalid("INVALID_QUERY", "", "The query string is not valid.")
	}
	if err := op.input.fill(into, r, query, &faults); err != nil {
		return err
	}
	body, err := x.readBody()
	x.kept.request = body
	if err != nil {
		return err
	}
	if err := refuseIdentity(op.route, query, body); err != nil {
		return err
	}
	switch {
	case op.input.raw != nil:
		into.FieldByIndex(op.input.raw).SetBytes(body)
		if op.input.rawType != nil {
			into.FieldByIndex(op.input.rawType).SetString(r.Header.Get("Content-Type"))
		}
	case op.body == nil && len(body) > 0:
		faults.Add("REQUEST_BODY_NOT_ALLOWED", "", "This operation takes no body.")
	case op.body != nil:
		if err := x.decodeBody(into, body, &faults); err != nil {
			return err
		}
	}
	if err := faults.Err(); err != nil {
		return err
	}
	if x.op.input.paged() {
		x.caller.binding = bindingOf(op.route, r.URL.Path, x.caller.Scope.EnvironmentID, query)
	}
	return x.takeKey(query, body)
}

func (x *exchange) decodeBody(into reflect.Value, body []byte, faults *fault.List) error {
	field := into.FieldByIndex(x.op.input.body)
	if len(body) == 0 {
		if x.op.input.bodyOpt {
			return nil
		}
		body = []byte("{}")
	}
	if x.op.input.bodyOpt {
		field.Set(reflect.New(field.Type().Elem()))
		field = field.Elem()
	}
	if !checkBody(body, x.op.body, faults) {
		return nil
	}
	return decodeBody(body, field.Addr().Interface(), faults)
}

// readBody reads the whole body and refuses what is not JSON by its content type.
func (x *exchange) readBody() ([]byte, error) {
	r := x.r
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return nil, nil
	}
	if r.ContentLength > MaxBody {
		return nil, errTooLarge()
	}
	var body []byte
	var err error
	if r.ContentLength > 0 {
		body = make([]byte, r.ContentLength)
		_, err = io.ReadFull(r.Body, body)
	} else {
		body, err = io.ReadAll(http.MaxBytesReader(x.w, r.Body, MaxBody))
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, errTooLarge()
	case err != nil:
		return nil, fault.Invalid("INVALID_REQUEST_BODY", "", "The body ended before it was complete.")
	case len(body) == 0:
		return nil, nil
	}
	if x.op.body != nil && !isJSON(r.Header) {
		return nil, &fault.Error{Class: fault.ClassMediaType, Code: "UNSUPPORTED_CONTENT_TYPE",
			Message: "The body must be application/json in UTF-8, not compressed."}
	}
	return body, nil
}

func isJSON(h http.Header) bool {
	ct := h.Get("Content-Type")
	if enc := h.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return false
	}
	if ct == "application/json" {
		return true
	}
	mt, params, err := mime.ParseMediaType(ct)
	charset := params["charset"]
	return err == nil && mt == "application/json" && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

func errTooLarge() error {
	return &fault.Error{Class: fault.ClassTooLarge, Code: "REQUEST_BODY_TOO_LARGE", Message: "The body is larger than 1 MiB.",
		Extra: map[string]any{"limit": MaxBody}}
}

// takeKey settles the idempotency key of a write.
func (x *exchange) takeKey(query url.Values, body []byte) error {
	route, c := x.op.route, x.caller
	if route.Key == KeyNone {
		return nil
	}
	values := x.r.Header.Values("Idempotency-Key")
	switch {
	case len(values) == 0 && route.Key == KeyRequired:
		return fault.Invalid("IDEMPOTENCY_KEY_REQUIRED", "Idempotency-Key", "This operation needs an Idempotency-Key.")
	case len(values) == 0:
		c.IdempotencyKey, c.KeyGenerated = idempotency.NewKey(), true
	case len(values) > 1:
		return fault.Invalid("INVALID_IDEMPOTENCY_KEY", "Idempotency-Key", "Send one Idempotency-Key.")
	default:
		if err := idempotency.CheckKey(values[0]); err != nil {
			return err
		}
		c.IdempotencyKey = values[0]
	}
	x.w.Header()["Idempotency-Key"] = []string{c.IdempotencyKey}
	if c.Kind == auth.Nobody && x.op.tenant == nil {
		return nil // without a tenant there is nowhere to keep an answer; the key only names the request
	}
	x.key = idempotency.Key{Scope: c.Scope, CredentialID: c.ID, Route: route.ID, Key: c.IdempotencyKey,
		Generated: len(values) == 0, RequestID: c.RequestID, APIVersion: c.APIVersion,
		Fingerprint: idempotency.Fingerprint(route.Method, x.r.URL.Path, query.Encode(), body)}
	return nil
}
