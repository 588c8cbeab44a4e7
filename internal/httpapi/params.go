package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/requestlog"
)

// maxExpand is how many paths one request may expand.
const maxExpand = 10

// anyID is the prefix of path parameters that may be an id of any kind.
const anyID = "*"

// errNoSuchPath marks a path parameter that is no id of its kind, so that nothing can be there.
var errNoSuchPath = errors.New("httpapi: the path names nothing")

type paramPlace uint8

const (
	inPath paramPlace = iota
	inQuery
	inHeader
)

// param is one path, query or header parameter of an input struct.
type param struct {
	name     string
	place    paramPlace
	field    []int
	typ      reflect.Type // without pointer
	pointer  bool
	idPrefix string
	required bool
	def      string
	enum     []string
	min, max int64
	maxLen   int
	code     string // of a value that cannot be used
	doc      reflect.StructField
}

// inputPlan tells how a request becomes an input struct.
type inputPlan struct {
	params   []param
	query    map[string]int // name -> params
	body     []int          // field of the JSON body, nil without one
	bodyType reflect.Type
	bodyOpt  bool  // a pointer: the body may be left out
	raw      []int // field of the raw body
	rawType  []int // field of its content type
}

// paged tells whether the operation takes page tokens.
func (p *inputPlan) paged() bool { _, ok := p.query["page_token"]; return ok }

var timeType = reflect.TypeFor[time.Time]()

// ownCodes are query parameters whose faults have a code of their own in the contract.
var ownCodes = map[string]string{
	"page_size": "INVALID_PAGE_SIZE", "page_token": "INVALID_PAGE_TOKEN", "expand": "INVALID_EXPAND",
	"include": "INVALID_INCLUDE", "status": "INVALID_STATUS", "status_bucket": "INVALID_STATUS_BUCKET",
	"sort_by": "INVALID_SORT_BY", "sort_direction": "INVALID_SORT_DIRECTION",
	"created_after": "INVALID_CREATED_AFTER", "created_before": "INVALID_CREATED_BEFORE",
	"updated_after": "INVALID_UPDATED_AFTER", "updated_before": "INVALID_UPDATED_BEFORE",
}

func planInput(t reflect.Type) (*inputPlan, error) {
	p := &inputPlan{query: map[string]int{}}
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous || !f.IsExported() {
			continue
		}
		switch f.Name {
		case "Body":
			p.body, p.bodyType = f.Index, f.Type
			if p.bodyOpt = f.Type.Kind() == reflect.Pointer; p.bodyOpt {
				p.bodyType = f.Type.Elem()
			}
			continue
		case "RawBody":
			p.raw = f.Index
			continue
		case "ContentType":
			p.rawType = f.Index
			continue
		}
		prm, err := planParam(f)
		if err != nil {
			return nil, fmt.Errorf("field %s of %s: %w", f.Name, t, err)
		}
		if prm.place == inQuery {
			p.query[prm.name] = len(p.params)
		}
		p.params = append(p.params, prm)
	}
	return p, nil
}

func planParam(f reflect.StructField) (param, error) {
	prm := param{field: f.Index, typ: f.Type, doc: f, min: -1 << 63, max: 1<<63 - 1, maxLen: 1024}
	switch {
	case f.Tag.Get("path") != "":
		prm.name, prm.place, prm.required = f.Tag.Get("path"), inPath, true
	case f.Tag.Get("query") != "":
		prm.name, prm.place = f.Tag.Get("query"), inQuery
	case f.Tag.Get("header") != "":
		prm.name, prm.place = f.Tag.Get("header"), inHeader
	default:
		return prm, errors.New("it has neither a path, query nor header tag and is not Body")
	}
	if prm.typ.Kind() == reflect.Pointer {
		prm.pointer, prm.typ = true, prm.typ.Elem()
	}
	if f.Tag.Get("required") == "true" {
		prm.required = true
	}
	prm.idPrefix, prm.def = f.Tag.Get("id"), f.Tag.Get("default")
	if e := f.Tag.Get("enum"); e != "" {
		prm.enum = strings.Split(e, ",")
	}
	var err error
	for tag, into := range map[string]*int64{"minimum": &prm.min, "maximum": &prm.max} {
		if v := f.Tag.Get(tag); v != "" {
			if *into, err = strconv.ParseInt(v, 10, 64); err != nil {
				return prm, err
			}
		}
	}
	if v := f.Tag.Get("maxLength"); v != "" {
		if prm.maxLen, err = strconv.Atoi(v); err != nil {
			return prm, err
		}
	}
	prm.code = or(parseFieldFaults(f.Tag.Get("fault")).invalid, or(ownCodes[prm.name], "INVALID_QUERY_PARAMETER"))
	switch k := prm.typ.Kind(); {
	case k == reflect.String, k == reflect.Int, k == reflect.Int64, k == reflect.Bool, prm.typ == timeType,
		k == reflect.Slice && prm.typ.Elem().Kind() == reflect.String:
	default:
		return prm, fmt.Errorf("a parameter cannot be a %s", prm.typ)
	}
	return prm, nil
}

// fill reads all parameters of r into the struct v and notes every fault.
func (p *inputPlan) fill(v reflect.Value, r *http.Request, query url.Values, faults *fault.List) error {
	for name := range query {
		if _, ok := p.query[name]; !ok {
			faults.Add("UNSUPPORTED_QUERY_PARAM", string(appendName(nil, name)), "This operation has no such query parameter.")
		}
	}
	for i := range p.params {
		prm := &p.params[i]
		var values []string
		switch prm.place {
		case inPath:
			values = []string{r.PathValue(prm.name)}
			if strings.Contains(prm.idPrefix, "|") { // words to choose from
				if !slices.Contains(strings.Split(prm.idPrefix, "|"), values[0]) {
					return errNoSuchPath
				}
			} else if prm.idPrefix == anyID && requestlog.ResourceType(values[0]) == "" ||
				prm.idPrefix != "" && prm.idPrefix != anyID && !id.Valid(prm.idPrefix, values[0]) {
				return errNoSuchPath
			}
		case inQuery:
			values = query[prm.name]
		case inHeader:
			values = r.Header.Values(prm.name)
		}
		if len(values) == 0 && prm.def != "" {
			values = []string{prm.def}
		}
		if len(values) == 0 {
			if prm.required {
				faults.Add("VALUE_REQUIRED", prm.name, "This parameter is required.")
			}
			continue
		}
		prm.set(v.FieldByIndex(prm.field), values, faults)
	}
	return nil
}

func (p *param) set(field reflect.Value, values []string, faults *fault.List) {
	if p.typ.Kind() == reflect.Slice {
		p.setList(field, values, faults)
		return
	}
	if len(values) > 1 {
		faults.Add(p.code, p.name, "This parameter may be given once.")
		return
	}
	text := values[0]
	if !utf8.ValidString(text) || hasControl([]byte(text), false) || len(text) > p.maxLen {
		faults.Add(p.code, p.name, "This value cannot be used.")
		return
	}
	if p.pointer {
		field.Set(reflect.New(p.typ))
		field = field.Elem()
	}
	switch {
	case p.typ == timeType:
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			faults.Add(p.code, p.name, "This must be an RFC 3339 date and time with its zone.")
			return
		}
		field.Set(reflect.ValueOf(t.UTC()))
	case p.typ.Kind() == reflect.String:
		if p.enum != nil && !slices.Contains(p.enum, text) {
			faults.Add(p.code, p.name, "Allowed are: %s.", strings.Join(p.enum, ", "))
			return
		}
		field.SetString(text)
	case p.typ.Kind() == reflect.Bool:
		if text != "true" && text != "false" {
			faults.Add(p.code, p.name, "This must be true or false.")
			return
		}
		field.SetBool(text == "true")
	default:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < p.min || n > p.max {
			faults.Add(p.code, p.name, "This must be an integer in the allowed range.")
			return
		}
		field.SetInt(n)
	}
}

// setList takes repeated and comma-separated values.
func (p *param) setList(field reflect.Value, values []string, faults *fault.List) {
	seen := map[string]bool{}
	for _, v := range values {
		for item := range strings.SplitSeq(v, ",") {
			if item = strings.TrimSpace(item); seen[item] {
				continue
			}
			if !utf8.ValidString(item) || len(item) > p.maxLen || item == "" || hasControl([]byte(item), false) ||
				p.enum != nil && !slices.Contains(p.enum, item) {
				faults.Add(p.code, p.name, "One of the values cannot be used.")
				return
			}
			seen[item] = true
			field.Set(reflect.Append(field, reflect.ValueOf(item).Convert(p.typ.Elem())))
		}
	}
	if p.name == "expand" && field.Len() > maxExpand {
		faults.Add("EXPANSION_LIMIT_EXCEEDED", p.name, "At most %d paths can be expanded.", maxExpand)
	}
}
