package httpapi

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"flint/internal/auth"
)

// extensionKey marks what goes beyond the contract.
const extensionKey = "x-flint-extension"

func newDocument(r huma.Registry) *huma.OpenAPI {
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{Title: "Flint API", Version: Version,
			Description: "Orders, checkouts, payments, returns and refunds on one order record."},
		Components: &huma.Components{Schemas: r, SecuritySchemes: map[string]*huma.SecurityScheme{
			"api_key":             {Type: "http", Scheme: "bearer", Description: "An API key: flint_test_… or flint_live_…"},
			"api_key_header":      {Type: "apiKey", In: "header", Name: "X-API-Key", Description: "Another place for an API key."},
			"cli_token":           {Type: "http", Scheme: "bearer", Description: "A token of the command line, for a user: flint_cli_…"},
			"install_token":       {Type: "http", Scheme: "bearer", Description: "A token of an installed app: fpat_v1.…"},
			"onboarding_session":  {Type: "http", Scheme: "bearer", Description: "A session token from verifying an e-mail address."},
			"customer_session":    {Type: "http", Scheme: "bearer", Description: "A buyer's session: flint_cses_…"},
			"invoice_token":       {Type: "http", Scheme: "bearer", Description: "A token that opens one invoice."},
			"checkout_session_id": {Type: "apiKey", In: "header", Name: "X-Checkout-Session-ID", Description: "The session the secret belongs to."},
			"checkout_credential": {Type: "apiKey", In: "header", Name: "X-Checkout-Session-Secret", Description: "The secret of a checkout session."},
		}},
		Paths: map[string]*huma.PathItem{},
	}
	r.Schema(reflect.TypeFor[ErrorEnvelope](), true, "")
	r.Schema(reflect.TypeFor[ResponseMeta](), true, "")
	doc.Components.Responses = map[string]*huma.Response{"Error": {
		Description: "What went wrong, for the caller's developers.",
		Content:     jsonContent(&huma.Schema{Ref: "#/components/schemas/ErrorEnvelope"}),
	}}
	return doc
}

func jsonContent(s *huma.Schema) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{"application/json": {Schema: s}}
}

// describe adds an operation to the document.
func (a *API) describe(op *operation, out reflect.Type) {
	r := op.route
	d := &huma.Operation{OperationID: r.ID, Method: r.Method, Path: r.Path, Summary: op.summary, Description: op.text,
		Tags: []string{tagOf(r.Path)}, Security: security(r.By), Extensions: map[string]any{}}
	if r.Ours {
		d.Extensions[extensionKey] = true
	}
	if !r.Need.Empty() {
		d.Extensions["x-flint-scopes"] = requirement(r.Need)
	}
	if !r.AppNeed.Empty() {
		d.Extensions["x-flint-app-scopes"] = requirement(r.AppNeed)
	}
	d.Extensions["x-flint-tier"] = r.Tier.String()
	for _, p := range op.input.params {
		d.Parameters = append(d.Parameters, a.describeParam(p))
	}
	if r.Key != KeyNone {
		one, most := 1, 255
		d.Parameters = append(d.Parameters, &huma.Param{Name: "Idempotency-Key", In: "header", Required: r.Key == KeyRequired,
			Description: "Repeats of the same request with the same key get the same answer for 24 hours.",
			Schema:      &huma.Schema{Type: "string", MinLength: &one, MaxLength: &most}})
	}
	if op.input.body != nil {
		d.RequestBody = &huma.RequestBody{Required: !op.input.bodyOpt && len(requiredOf(op.body)) > 0,
			Content: jsonContent(a.registry.Schema(op.input.bodyType, true, r.ID+"Request"))}
	}
	d.Responses = map[string]*huma.Response{
		strconv.Itoa(r.Status): {Description: "Done.", Content: a.successContent(op, out)},
		"default":              {Ref: "#/components/responses/Error"},
	}
	if op.oauth != nil {
		a.describeOAuth(op, d)
	}
	if len(op.errors) > 0 {
		d.Extensions["x-flint-errors"] = op.errors
	}
	item := a.doc.Paths[r.Path]
	if item == nil {
		item = &huma.PathItem{}
		a.doc.Paths[r.Path] = item
	}
	switch r.Method {
	case "GET":
		item.Get = d
	case "POST":
		item.Post = d
	case "PATCH":
		item.Patch = d
	case "PUT":
		item.Put = d
	case "DELETE":
		item.Delete = d
	default:
		panic("httpapi: no place in the document for method " + r.Method)
	}
}

// describeOAuth documents the two encodings of an OAuth endpoint and its refusals.
func (a *API) describeOAuth(op *operation, d *huma.Operation) {
	body := a.registry.Schema(op.oauth, true, op.oauth.Name())
	a.adorn(op.oauth)
	d.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"application/json": {Schema: body}, "application/x-www-form-urlencoded": {Schema: body},
	}}
	t := reflect.TypeFor[PartnerTokenErrorResponse]()
	refusal := jsonContent(a.registry.Schema(t, true, t.Name()))
	d.Responses["400"] = &huma.Response{Description: "Refused.", Content: refusal}
	d.Responses["401"] = &huma.Response{Description: "The client is unknown or its secret is wrong.", Content: refusal}
	d.Responses["503"] = &huma.Response{Description: "Not now; the same call may succeed later.", Content: refusal}
}

func requirement(n auth.Need) map[string]any {
	mode := "all"
	if n.Any {
		mode = "any"
	}
	return map[string]any{"mode": mode, "scopes": n.Scopes}
}

func requiredOf(s *shape) []string {
	var out []string
	for _, f := range s.fields {
		if f.required {
			out = append(out, f.name)
		}
	}
	return out
}

func (a *API) describeParam(p param) *huma.Param {
	s := huma.SchemaFromField(a.registry, p.doc, p.name)
	s.Nullable = false
	out := &huma.Param{Name: p.name, Schema: s, Description: p.doc.Tag.Get("doc"), Required: p.required}
	if p.doc.Tag.Get("flint") == "extension" {
		out.Extensions = map[string]any{extensionKey: true}
	}
	switch p.place {
	case inPath:
		out.In = "path"
	case inQuery:
		out.In = "query"
	case inHeader:
		out.In = "header"
	}
	return out
}

func (a *API) successContent(op *operation, out reflect.Type) map[string]*huma.MediaType {
	r := op.route
	if len(op.media) > 0 {
		s := &huma.Schema{}
		for _, t := range op.frames {
			s.OneOf = append(s.OneOf, a.registry.Schema(t, true, t.Name()))
			a.adorn(t)
		}
		content := map[string]*huma.MediaType{}
		for _, media := range op.media {
			content[media] = &huma.MediaType{Schema: s}
		}
		return content
	}
	if r.Flat {
		return jsonContent(&huma.Schema{Type: "object", AdditionalProperties: true})
	}
	props := map[string]*huma.Schema{
		"request_id": {Type: "string", Description: "Id of this request."},
		"meta":       {Ref: "#/components/schemas/ResponseMeta"},
	}
	data := out
	if _, ok := reflect.TypeAssert[paged](reflect.Zero(out)); ok {
		f, _ := out.FieldByName("Data")
		data = f.Type
		props["next_page_token"] = &huma.Schema{Type: "string", Description: "Token of the next page; absent on the last."}
	}
	props["data"] = a.registry.Schema(data, true, r.ID+"Data")
	a.adorn(data)
	props["data"].Nullable = false
	return jsonContent(&huma.Schema{Type: "object", Properties: props, Required: []string{"data", "meta", "request_id"}})
}

// adorn finishes the schemas of t and all below it: marks what goes beyond the contract, and lets null
// appear only where a tag or an Opt says so.
func (a *API) adorn(t reflect.Type) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map || t.Kind() == reflect.Array {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || a.adorned[t] || t == timeType {
		return
	}
	a.adorned[t] = true
	if o, ok := reflect.TypeAssert[optional](reflect.Zero(t)); ok {
		a.adorn(o.inner())
		return
	}
	if _, ok := reflect.TypeAssert[huma.SchemaProvider](reflect.Zero(t)); ok {
		return
	}
	s := a.registry.Schema(t, false, "")
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		prop := s.Properties[name]
		if prop == nil || !f.IsExported() {
			continue
		}
		_, opt := reflect.TypeAssert[optional](reflect.Zero(f.Type))
		prop.Nullable = prop.Nullable && (opt || f.Tag.Get("nullable") == "true")
		if f.Tag.Get("flint") == "nullable" {
			s.Properties[name] = &huma.Schema{Description: prop.Description, AnyOf: []*huma.Schema{{Ref: prop.Ref}, {Type: "null"}}}
		}
		if f.Tag.Get("flint") == "extension" {
			if prop.Extensions == nil {
				prop.Extensions = map[string]any{}
			}
			prop.Extensions[extensionKey] = true
		}
		a.adorn(f.Type)
	}
}

func security(by auth.Kind) []map[string][]string {
	var out []map[string][]string
	for _, k := range []auth.Kind{auth.APIKey, auth.InstallToken, auth.OnboardingSession, auth.CustomerSession, auth.InvoiceToken} {
		if by&k != 0 {
			out = append(out, map[string][]string{k.String(): {}})
		}
		if by&k != 0 && k == auth.APIKey {
			out = append(out, map[string][]string{"api_key_header": {}}, map[string][]string{"cli_token": {}})
		}
	}
	if by&auth.CheckoutCredential != 0 {
		out = append(out, map[string][]string{"checkout_session_id": {}, "checkout_credential": {}})
	}
	if by&auth.Nobody != 0 {
		out = append(out, map[string][]string{})
	}
	return out
}

// tagOf groups operations by the first part of their path below the version.
func tagOf(path string) string {
	parts := strings.Split(path, "/")
	if len(parts) < 3 {
		return "other"
	}
	return strings.TrimSuffix(parts[2], ".json")
}

// RegisterOpenAPI serves the document of what was registered before, so it is called last.
func RegisterOpenAPI(a *API) {
	var encoded []byte
	Handle(a, "getOpenAPI", func(context.Context, *Caller, *struct{}) (*Raw, error) {
		return &Raw{Header: map[string][]string{"Content-Type": {"application/json"}, "Cache-Control": {"max-age=300"}}, Body: encoded}, nil
	}, Doc("Read this document", "The OpenAPI 3.1 description of every operation."))
	encoded = a.EncodeDocument()
}

// EncodeDocument is the document as indented JSON, the same for the same operations.
func (a *API) EncodeDocument() []byte {
	b, err := json.MarshalIndent(a.doc, "", "  ")
	if err != nil {
		panic("httpapi: the document does not encode: " + err.Error()) // a mistake in a registration, found by any test
	}
	return append(slices.Clip(b), '\n')
}
