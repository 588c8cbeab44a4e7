package requestlog

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"
)

const random = "Q7wE9rT2yU5iO8pA1sD4fG6hJ3kL0zX7cV9bN2mQ5wE"

// secrets are what may never be stored, whatever it stands in.
var secrets = []string{
	"flint_live_" + random, "flint_test_" + random, "flint_onbs_" + random, "flint_cses_" + random, "flint_invt_" + random, "whsec_" + random,
	"csauth_" + random, "cslaunch_" + random, "fpat_v1." + random, "fprt_" + random, "fps_" + random, "simsrc_" + random,
	"sk_live_" + random, "4242424242424242", "4242 4242 4242 4242", "5555-5555-5555-4444", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0." + random,
}

// trace is the part of a secret that must not show.
func trace(s string) string {
	for _, prefix := range []string{random, "4242424242424242", "4242 4242 4242 4242", "5555-5555-5555-4444"} {
		if strings.Contains(s, prefix) {
			return prefix
		}
	}
	return s
}

func TestJSON(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, out string }{
		"nothing":         {`{"a":1,"b":[true,null,"x"],"c":{}}`, `{"a":1,"b":[true,null,"x"],"c":{}}`},
		"spaces":          {"{ \"a\" : 1 ,\n \"b\" : [ ] }", `{"a":1,"b":[]}`},
		"secret name":     {`{"client_secret":"short","cvc":"123"}`, `{"client_secret":"[redacted]","cvc":"[redacted]"}`},
		"any casing":      {`{"clientSecret":"short","X-Api-Key":"k"}`, `{"clientSecret":"[redacted]","X-Api-Key":"[redacted]"}`},
		"escaped name":    {`{"sec\u0072et":"short"}`, `{"sec\u0072et":"[redacted]"}`},
		"number":          {`{"pin":1234,"card":{"number":4242424242424242,"exp_month":12}}`, `{"pin":"[redacted]","card":{"number":"[redacted]","exp_month":"[redacted]"}}`},
		"card anywhere":   {`{"note":4242424242424242}`, `{"note":"[redacted]"}`},
		"empty secret":    {`{"secret":null,"token":false}`, `{"secret":null,"token":false}`},
		"below a secret":  {`{"credentials":{"user":"robin","list":[1,"x"]},"a":1}`, `{"credentials":"[redacted]","a":1}`},
		"key object":      {`{"api_key":{"name":"Shop","secret_key":"short"}}`, `{"api_key":{"name":"Shop","secret_key":"[redacted]"}}`},
		"not secret":      {`{"api_key_id":"key_1","token_type":"bearer","page_token":"abc","secret_expires_at":"2026"}`, `{"api_key_id":"key_1","token_type":"bearer","page_token":"abc","secret_expires_at":"2026"}`},
		"JSON in text":    {`{"a":"{\"password\":\"hunter2\"}"}`, `{"a":"{\"password\":\"[redacted]\"}"}`},
		"escaped text":    {`{"a":"\u0066lint_live_Q7wE9rT2yU5iO8pA1sD4"}`, `{"a":"flint_live_[redacted]"}`},
		"password in URL": {`{"url":"https://robin:hunter22@x.test/?token=abcdefgh&a=b"}`, `{"url":"https://robin:[redacted]@x.test/?token=[redacted]&a=b"}`},
		"bearer":          {`{"a":"Authorization: Bearer abcdefghijkl"}`, `{"a":"Authorization: Bearer [redacted]"}`},
	} {
		out, redacted, whole := Redactor{}.JSON([]byte(c.in))
		if string(out) != c.out || !whole {
			t.Errorf("%s: %s, whole %t; want %s", name, out, whole, c.out)
		}
		if redacted != strings.Contains(c.out, Hidden) {
			t.Errorf("%s: redacted is %t", name, redacted)
		}
	}
}

// What is broken or cut off ends the result, and half a secret never comes out.
func TestBrokenJSON(t *testing.T) {
	t.Parallel()
	for _, in := range []string{`{"a":1`, `{"a":"flint_live_Q7wE9`, `{"card":42424242424`, `{"a" 1}`, `{"password":"hunt`, `not JSON`, "{\"a\":\"\x01\"}", `{"a":1}x`, `[1,]`, ``} {
		out, _, whole := Redactor{}.JSON([]byte(in))
		if whole {
			t.Errorf("%s counts as whole", in)
		}
		for _, part := range []string{"Q7wE9", "42424242", "hunt", "not JSON"} {
			if strings.Contains(string(out), part) {
				t.Errorf("%s comes out as %s", in, out)
			}
		}
	}
}

func TestEmailsAreAChoice(t *testing.T) {
	t.Parallel()
	const in = `{"email":"robin@shop.test"}`
	if out, _, _ := (Redactor{}).JSON([]byte(in)); string(out) != in {
		t.Errorf("an address is hidden although nobody asked: %s", out)
	}
	if out, redacted, _ := (Redactor{Emails: true}).JSON([]byte(in)); strings.Contains(string(out), "robin") || !redacted {
		t.Errorf("an address is left: %s", out)
	}
}

// Whatever a document looks like, a planted secret is gone, what is left is JSON again, and cutting it
// anywhere shows nothing either.
func TestNoSecretSurvives(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.SampledFrom(secrets).Draw(t, "secret")
		var build func(depth int) any
		build = func(depth int) any {
			switch k := rapid.IntRange(0, 6).Draw(t, "kind"); {
			case k == 0:
				return secret
			case k == 1:
				return rapid.StringMatching(`[ -~]{0,12}`).Draw(t, "before ") + " " + secret + " " + rapid.String().Draw(t, "after")
			case k == 2 && depth < 3:
				return []any{build(depth + 1), build(depth + 1)}
			case k == 3 && depth < 3:
				return map[string]any{rapid.StringMatching(`[a-z_]{1,8}`).Draw(t, "name"): build(depth + 1), secret: 1}
			case k == 4 && depth < 3:
				b, err := json.Marshal(build(depth + 1))
				if err != nil {
					t.Fatal(err)
				}
				return string(b)
			case k == 5:
				return map[string]any{rapid.SampledFrom([]string{"password", "client_secret", "verification_code", "accessToken"}).Draw(t, "hidden"): "hunter2"}
			default:
				return rapid.Int32().Draw(t, "number")
			}
		}
		in, err := json.Marshal(map[string]any{"root": build(0)})
		if err != nil {
			t.Fatal(err)
		}
		out, _, whole := Redactor{}.JSON(in)
		if !whole || !jsontext.Value(out).IsValid() {
			t.Fatalf("%s came out as %s", in, out)
		}
		if strings.Contains(string(out), trace(secret)) || strings.Contains(string(out), "hunter2") {
			t.Fatalf("%s came out as %s", in, out)
		}
		cut, _, _ := Redactor{}.JSON(in[:rapid.IntRange(0, len(in)).Draw(t, "cut")])
		if strings.Contains(string(cut), trace(secret)) {
			t.Fatalf("%s, cut, came out as %s", in, cut)
		}
	})
}

func FuzzJSON(f *testing.F) {
	f.Add(`{"a":"b","secret":{"x":[1,2]}}`)
	f.Add(`{"a":"\"\\u0041"}`)
	f.Fuzz(func(t *testing.T, in string) {
		out, _, whole := Redactor{}.JSON([]byte(in))
		if whole && !jsontext.Value(out).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) {
			t.Errorf("%q came out as %q", in, out)
		}
	})
}
