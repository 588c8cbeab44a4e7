package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"flint/internal/httpapi"
)

// aliases are fields that take an id under another name than its own.
var aliases = map[string]string{"parent_organization_id": "organization_id", "new_owner_user_id": "user_id"}

// idField is a place in a body that takes an id of a kind.
type idField struct {
	path []string // names; "[]" stands for the first of a list
	id   string   // as a house names it
	list bool     // of ids
}

func operationOf(a *httpapi.API, r httpapi.Route) *huma.Operation {
	item := a.Document().Paths[r.Path]
	return map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PATCH": item.Patch, "PUT": item.Put, "DELETE": item.Delete}[r.Method]
}

func (m *matrix) bodySchema(r httpapi.Route) *huma.Schema {
	b := operationOf(m.api, r).RequestBody
	if b == nil || b.Content["application/json"] == nil {
		return nil
	}
	return b.Content["application/json"].Schema
}

// resolve follows references and takes the object out of "this or null".
func (m *matrix) resolve(s *huma.Schema) *huma.Schema {
	for s != nil && (s.Ref != "" || len(s.AnyOf) > 0) {
		if s.Ref != "" {
			s = m.api.Document().Components.Schemas.SchemaFromRef(s.Ref)
		} else {
			s = s.AnyOf[0]
		}
	}
	return s
}

// body is a valid request of the operation with the house's own ids: the written one, or one made of
// what the description asks for.
func (m *matrix) body(t *testing.T, r httpapi.Route, h *house) string {
	t.Helper()
	if text, ok := bodies[r.ID]; ok {
		return fill(t, text, h.ids)
	}
	s := m.bodySchema(r)
	if s == nil {
		return ""
	}
	text, err := json.Marshal(m.sample(s, "", h, 0))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (m *matrix) sample(s *huma.Schema, name string, h *house, depth int) any {
	s = m.resolve(s)
	if v, ok := h.ids[idName(name)]; ok {
		return v
	}
	if s == nil || depth > 6 {
		return nil
	}
	if len(s.Enum) > 0 {
		return s.Enum[0]
	}
	switch s.Type {
	case "object":
		out := map[string]any{}
		for _, p := range s.Required {
			out[p] = m.sample(s.Properties[p], p, h, depth+1)
		}
		return out
	case "array":
		if s.MinItems != nil && *s.MinItems > 0 {
			return []any{m.sample(s.Items, strings.TrimSuffix(name, "s"), h, depth+1)}
		}
		return []any{}
	case "integer", "number":
		if s.Minimum != nil {
			return int64(*s.Minimum)
		}
		return 1
	case "boolean":
		return true
	}
	switch {
	case s.Format == "date-time":
		return "2027-01-01T00:00:00Z"
	case s.Format == "uri" || strings.HasSuffix(name, "url"):
		return "https://x.test/"
	case strings.HasSuffix(name, "email"):
		return "x@buyer.test"
	case name == "currency":
		return "USD"
	case name == "country":
		return "US"
	case s.MinLength != nil:
		return strings.Repeat("x", max(*s.MinLength, 1))
	}
	return "x"
}

func idName(name string) string {
	if v, ok := aliases[name]; ok {
		return v
	}
	return name
}

// idFields are the places of an operation's body that take an id, as the description tells them.
func (m *matrix) idFields(r httpapi.Route) []idField {
	var out []idField
	var walk func(s *huma.Schema, path []string)
	walk = func(s *huma.Schema, path []string) {
		if s = m.resolve(s); s == nil || len(path) > 6 {
			return
		}
		if s.Type == "array" {
			walk(s.Items, append(path, "[]"))
			return
		}
		for name, p := range s.Properties {
			at := append(append([]string(nil), path...), name)
			if _, ok := m.home.ids[idName(name)]; ok {
				out = append(out, idField{path: at, id: idName(name)})
				continue
			}
			if one := strings.TrimSuffix(name, "s"); m.home.ids[one] != "" && strings.HasSuffix(one, "_id") {
				out = append(out, idField{path: at, id: one, list: true})
				continue
			}
			walk(p, at)
		}
	}
	walk(m.bodySchema(r), nil)
	return out
}

// put is the body with an id in the place.
func (f idField) put(t *testing.T, body, id string) string {
	t.Helper()
	var doc any
	if body != "" {
		if err := json.Unmarshal([]byte(body), &doc); err != nil {
			t.Fatalf("a body is not JSON: %v", err)
		}
	}
	var v any = id
	if f.list {
		v = []any{id}
	}
	text, err := json.Marshal(place(doc, f.path, v))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func place(doc any, path []string, v any) any {
	if len(path) == 0 {
		return v
	}
	if path[0] == "[]" {
		list, _ := doc.([]any)
		if len(list) == 0 {
			list = []any{nil}
		}
		list[0] = place(list[0], path[1:], v)
		return list
	}
	object, _ := doc.(map[string]any)
	if object == nil {
		object = map[string]any{}
	}
	object[path[0]] = place(object[path[0]], path[1:], v)
	return object
}
