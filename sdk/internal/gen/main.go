// Command gen writes the clients' types and operations from docs/openapi.json: the Go client's
// types_gen.go and operations_gen.go, and the Node client's operations.mjs and flint.d.ts. It knows the
// part of JSON Schema that Flint's document uses and fails on anything else. main.go begins it and reads the
// document; golang.go and javascript.go write a client each.
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"go/format"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	spec := flag.String("spec", "docs/openapi.json", "the OpenAPI document")
	out := flag.String("out", "sdk", "folder of the clients")
	flag.Parse()
	if err := run(*spec, *out); err != nil {
		log.Fatal(err)
	}
}

func run(spec, out string) error {
	files, err := Generate(spec)
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(out, name), content, 0o644); err != nil { //nolint:gosec // source code
			return err
		}
	}
	return nil
}

// Generate makes the files of both clients, by their names within the folder of the clients.
func Generate(spec string) (map[string][]byte, error) {
	raw, err := os.ReadFile(spec)
	if err != nil {
		return nil, err
	}
	var d document
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, fmt.Errorf("read %s: %w", spec, err)
	}
	ops := d.operations()
	files := map[string][]byte{}
	for name, write := range map[string]func(*bytes.Buffer, document, []operation) error{
		"types_gen.go": goTypes, "operations_gen.go": goOperations, "js/node/operations.mjs": jsOperations, "js/node/flint.d.ts": tsTypes,
	} {
		var b bytes.Buffer
		if err := write(&b, d, ops); err != nil {
			return nil, fmt.Errorf("write %s: %w", name, err)
		}
		files[name] = b.Bytes()
		if strings.HasSuffix(name, ".go") {
			if files[name], err = format.Source(b.Bytes()); err != nil {
				return nil, fmt.Errorf("format %s: %w", name, err)
			}
		}
	}
	return files, nil
}

type document struct {
	Info       struct{ Version string }
	Paths      map[string]map[string]jsonOperation
	Components struct{ Schemas map[string]*schema }
}

type jsonOperation struct {
	OperationID string
	Summary     string
	Description string
	Parameters  []parameter
	RequestBody *struct {
		Required bool
		Content  map[string]struct{ Schema *schema }
	}
	Responses map[string]struct {
		Content map[string]struct{ Schema *schema }
	}
}

type parameter struct {
	Name, In, Description string
	Required              bool
	Schema                *schema
}

type schema struct {
	Ref                  string `json:"$ref"`
	Type                 types
	Description          string
	Format               string
	Enum                 []any
	Items                *schema
	Properties           map[string]*schema
	Required             []string
	AdditionalProperties json.RawMessage
	AnyOf                []*schema
	OneOf                []*schema // is any value to the clients
}

// types is one name, or several.
type types []string

func (t *types) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*t = types{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(t))
}

// nullable takes null off a schema and tells whether it was there.
func (s *schema) nullable() (*schema, bool) {
	if len(s.AnyOf) == 2 && slices.Equal(s.AnyOf[1].Type, types{"null"}) {
		return s.AnyOf[0], true
	}
	if len(s.Type) == 2 && s.Type[1] == "null" {
		c := *s
		c.Type = s.Type[:1]
		return &c, true
	}
	return s, false
}

func (s *schema) refName() string { return strings.TrimPrefix(s.Ref, "#/components/schemas/") }

// values is the schema of a map's values, nil when s is no map.
func (s *schema) values() (*schema, error) {
	if len(s.AdditionalProperties) == 0 || s.AdditionalProperties[0] != '{' {
		return nil, nil
	}
	v := &schema{}
	return v, json.Unmarshal(s.AdditionalProperties, v)
}

// operation is one call of the API.
type operation struct {
	ID, Method, Path     string
	Summary, Description string
	PathParams           []parameter
	Query                []parameter
	Body                 *schema // of JSON, nil without one
	BodyRequired         bool
	Keyed                bool // takes an Idempotency-Key
	List                 bool
	Result               *schema // the data, or one item of a list; nil when there is none
	Raw                  bool    // the answer is a document, not JSON
}

func (d document) operations() []operation {
	var out []operation
	for path, methods := range d.Paths {
		for method, o := range methods {
			op := operation{ID: o.OperationID, Method: strings.ToUpper(method), Path: path, Summary: o.Summary, Description: o.Description}
			for _, p := range o.Parameters {
				switch {
				case p.In == "path":
					op.PathParams = append(op.PathParams, p)
				case p.In == "query":
					op.Query = append(op.Query, p)
				case p.Name == "Idempotency-Key":
					op.Keyed = true
				}
			}
			slices.SortFunc(op.PathParams, func(a, b parameter) int {
				return cmp.Compare(strings.Index(path, "{"+a.Name+"}"), strings.Index(path, "{"+b.Name+"}"))
			})
			if o.RequestBody != nil {
				op.Body, op.BodyRequired = o.RequestBody.Content["application/json"].Schema, o.RequestBody.Required
			}
			if !op.answer(o) {
				continue
			}
			out = append(out, op)
		}
	}
	slices.SortFunc(out, func(a, b operation) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// answer finds what a success gives; false for a stream or a page, which a client has no method for.
func (op *operation) answer(o jsonOperation) bool {
	for _, status := range slices.Sorted(maps.Keys(o.Responses)) {
		if !strings.HasPrefix(status, "2") {
			continue
		}
		content := o.Responses[status].Content
		if _, stream := content["text/event-stream"]; stream {
			return false
		}
		body, ok := content["application/json"]
		if !ok {
			op.Raw = len(content) > 0
			return true
		}
		data := body.Schema.Properties["data"]
		if data == nil { // outside of the envelope: OAuth, the document itself
			op.Raw = true
			return true
		}
		op.Result = data
		if slices.ContainsFunc(op.Query, func(p parameter) bool { return p.Name == "page_token" }) && data.Items != nil {
			op.List, op.Result = true, data.Items
		}
		return true
	}
	return false
}

// one makes a doc comment's line of a text.
func one(s string) string { return strings.Join(strings.Fields(s), " ") }
