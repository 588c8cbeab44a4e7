package observe_test

import (
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"flint/internal/observe"
)

func TestMask(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                          "",
		"order ord_01HZX3 was paid": "order ord_01HZX3 was paid",
		"key flint_live_abcDEF0123456789 was used":     "key flint_live_[hidden] was used",
		"flint_test_a1,flint_test_b2":                  "flint_test_[hidden],flint_test_[hidden]",
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw+/=":    "whsec_[hidden]",
		"#checkout_token=cslaunch_x9&a=csauth_y8":      "#checkout_token=cslaunch_[hidden]&a=csauth_[hidden]",
		`{"t":"fpat_zzz"}`:                             `{"t":"fpat_[hidden]"}`,
		"the prefix flint_live_ alone":                 "the prefix flint_live_ alone",
		"Authorization: Bearer abcdefgh12345":          "Authorization: Bearer [hidden]",
		"proxy said BASIC dXNlcjpwYXNz":                "proxy said BASIC [hidden]",
		"the basic plan":                               "the basic plan",
		"postgres://flint:s3cret@db:5432/flint":        "postgres://flint:[hidden]@db:5432/flint",
		"postgres://flint:p@ss@db/flint and http://a/": "postgres://flint:[hidden]@db/flint and http://a/",
		"http://db:5432/a@b":                           "http://db:5432/a@b",
		"4242424242424242":                             "[hidden]",
		"pan=4242 4242 4242 4242.":                     "pan=[hidden].",
		"pan 4242-4242-4242-4242 declined":             "pan [hidden] declined",
		"100 4242424242424242 7":                       "100 [hidden] 7",
		"card4000056655665556card":                     "card[hidden]card",
		"378282246310005 and 6011111111111117":         "[hidden] and [hidden]",
		"4242424242424241 has a wrong check digit":     "4242424242424241 has a wrong check digit",
		"0000000000000000":                             "0000000000000000",
		"42424242424242424242424242424242":             "42424242424242424242424242424242", // too long for a card
		"4242  4242  4242  4242":                       "4242  4242  4242  4242",           // not one number
	} {
		if got := observe.Mask(in); got != want {
			t.Errorf("Mask(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestMaskHidesEveryCard(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.StringMatching(`[1-9][0-9]{11,17}`).Draw(t, "body")
		card := body + checkDigit(body)
		shown := card
		if rapid.Bool().Draw(t, "grouped") {
			sep := rapid.SampledFrom([]string{" ", "-"}).Draw(t, "separator")
			shown = card[:4] + sep + card[4:8] + sep + card[8:12] + sep + card[12:]
		}
		around := rapid.StringMatching(`[a-z:,."]{0,20}`)
		before, after := around.Draw(t, "before"), around.Draw(t, "after")
		if got := observe.Mask(before + shown + after); strings.Contains(got, shown) || strings.Contains(got, card[:12]) {
			t.Fatalf("%q came through as %q", shown, got)
		}
	})
}

func TestMaskKeepsWhatHoldsNoSecret(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[a-zA-Z ,.\[\]-]{0,60}[0-9]{0,12}`).Filter(func(s string) bool {
			l := strings.ToLower(s)
			return !strings.Contains(l, "bearer ") && !strings.Contains(l, "basic ")
		}).Draw(t, "s")
		if got := observe.Mask(s); got != s {
			t.Fatalf("%q became %q", s, got)
		}
	})
}

func checkDigit(body string) string {
	sum, double := 0, true
	for i := len(body) - 1; i >= 0; i-- {
		d := int(body[i] - '0')
		if double {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum, double = sum+d, !double
	}
	return strconv.Itoa((10 - sum%10) % 10)
}

func TestSecretKey(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]bool{
		"Authorization": true, "Proxy-Authorization": true, "access_token": true, "clientSecret": true, "API-Key": true, "api_key": true,
		"card_number": true, "Set-Cookie": true, "db password": true, "cvc": true, "pan": true, "key": true, "private_key": true,
		"order_id": false, "number": false, "request_id": false, "authorization_expires_at": false, "company": false, "path": false, "": false,
	} {
		if got := observe.SecretKey(key); got != want {
			t.Errorf("SecretKey(%q) = %v", key, got)
		}
	}
}

func FuzzMask(f *testing.F) {
	f.Add("flint_live_x postgres://a:b@c 4242 4242 4242 4242 bearer abcdefghijk")
	f.Fuzz(func(t *testing.T, s string) {
		once := observe.Mask(s)
		if strings.Contains(once, "4242424242424242") && !strings.Contains(s, "42424242424242424") {
			t.Errorf("a card came through: %q", once)
		}
	})
}

func BenchmarkMask(b *testing.B) {
	for name, s := range map[string]string{
		"plain":  "the order was paid and the receipt is on its way to the buyer",
		"id":     "ord_01HZX3J5T7Q9V1B3D5F7H9K1M3",
		"secret": "flint_live_0123456789abcdefghijklmnopqrstuvwxyz paid with 4242 4242 4242 4242",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				observe.Mask(s)
			}
		})
	}
}
