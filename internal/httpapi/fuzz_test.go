package httpapi

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"

	"flint/internal/db/listing"
	"flint/internal/fault"
)

type fuzzBody struct {
	Name  string            `json:"name" maxLength:"20"`
	Count int64             `json:"count,omitzero" minimum:"-5" maximum:"5"`
	Note  Opt[string]       `json:"note,omitzero"`
	Tree  []fuzzBody        `json:"tree,omitzero" maxItems:"4"`
	Pairs map[string]string `json:"pairs,omitzero"`
}

// FuzzBody: what the checker passes, the strict decoder of the JSON library takes too, and what it
// refuses has at least one named fault.
func FuzzBody(f *testing.F) {
	for _, s := range []string{`{"name":"a"}`, `{"name":"a","tree":[{"name":"b","note":null}]}`, `{"name":1}`, `{"a":{"b":[1,{}]}}`, `[`, `{"name":"\u0000"}`, `{"pairs":{"a":"b"}}`, "{\"name\":\"\xff\"}"} {
		f.Add([]byte(s))
	}
	c := &shapes{registry: huma.NewMapRegistry("#/", huma.DefaultSchemaNamer), byRef: map[string]*shape{}}
	s := c.of(reflect.TypeFor[fuzzBody]())
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) == 0 {
			return
		}
		given := bytes.Clone(body)
		var faults fault.List
		ok := checkBody(body, s, &faults)
		if !bytes.Equal(given, body) {
			t.Fatal("the body was changed")
		}
		if ok != (faults.Err() == nil) {
			t.Fatalf("ok = %v with %v", ok, faults.Err())
		}
		if !ok {
			return
		}
		var strict, loose fuzzBody
		if err := json.Unmarshal(body, &strict, json.RejectUnknownMembers(true)); err != nil {
			t.Fatalf("passed, but: %v", err)
		}
		if err := decodeBody(body, &loose, &faults); err != nil || faults.Err() != nil || !reflect.DeepEqual(strict, loose) {
			t.Fatalf("decoded differently: %v", err)
		}
		if strict.Count < -5 || strict.Count > 5 || len(strict.Tree) > 4 {
			t.Fatalf("out of bounds: %+v", strict)
		}
	})
}

// FuzzCursor: only tokens we made open, and they open to what was put in.
func FuzzCursor(f *testing.F) {
	c := &cursors{key: []byte("0123456789abcdef0123456789abcdef")}
	binding := bytes.Repeat([]byte{1}, 32)
	good := c.seal(binding, listing.Cursor{Key: "5", ID: "x"})
	f.Add(good, "name", "id")
	f.Add("", "", "")
	f.Fuzz(func(t *testing.T, token, key, id string) {
		if p, err := c.open(token, binding); err == nil && token != good {
			t.Fatalf("a token of nobody opened: %+v", p)
		}
		want := listing.Cursor{Key: key, ID: id}
		sealed := c.seal(binding, want)
		if p, err := c.open(sealed, binding); err != nil || p != want {
			t.Fatalf("%+v became %+v: %v", want, p, err)
		}
		if _, err := c.open(sealed, bytes.Repeat([]byte{2}, 32)); !fault.Is(err, "CURSOR_MISMATCH") {
			t.Fatalf("another binding: %v", err)
		}
	})
}

func TestRegistrationMistakesPanic(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(a *API){
		"no row":      func(a *API) { a.route("nothing") },
		"twice":       func(a *API) { a.route("getOrder"); a.route("getOrder") },
		"stray field": func(a *API) { newOperation[struct{ X int }, struct{}](a, "getOrder", nil) },
		"odd parameter": func(a *API) {
			newOperation[struct {
				X float64 `query:"x"`
			}, struct{}](a, "getOrder", nil)
		},
		"odd fault tag": func(a *API) { parseFieldFaults("nonsense=X") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s did not panic", name)
				}
			}()
			f(New(Config{}))
		}()
	}
}
