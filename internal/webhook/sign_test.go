package webhook

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func TestSignaturesVerifyWithTheStandardLibraryOfReceivers(t *testing.T) {
	t.Parallel()
	old, fresh := newSecret().Reveal(), newSecret().Reveal()
	var keys [][]byte
	for _, v := range []string{fresh, old} {
		key, err := Key(v)
		if err != nil || len(key) != 32 {
			t.Fatal(len(key), err)
		}
		keys = append(keys, key)
	}
	body := []byte(`{"a":1}`)
	h := http.Header{}
	Sign(h, keys, "whev_1", time.Now(), body)
	for _, v := range []string{fresh, old} {
		receiver, err := standardwebhooks.NewWebhook(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := receiver.Verify(body, h); err != nil {
			t.Error(err)
		}
		if receiver.Verify([]byte(`{"a":2}`), h) == nil {
			t.Error("a changed body passed")
		}
	}
	stranger, _ := standardwebhooks.NewWebhook(newSecret().Reveal())
	if stranger.Verify(body, h) == nil {
		t.Error("a stranger's secret passed")
	}
	if n := len(strings.Split(h.Get(HeaderSignature), " ")); n != 2 {
		t.Errorf("%d signatures", n)
	}
}

// The values were computed apart from this code, with openssl.
func TestSignatureHeadersKeepTheirForm(t *testing.T) {
	t.Parallel()
	key, err := Key("whsec_" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef")))
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	Sign(h, [][]byte{key}, "whev_1", time.Unix(1700000000, 999), []byte(`{"a":1}`))
	for name, want := range map[string]string{
		"webhook-id":        "whev_1",
		"webhook-timestamp": "1700000000",
		"webhook-signature": "v1,SDIwPJO4bMUIk/1taCP6cj9D/r6g0IhcUgKQLhGP24I=",
		"X-Flint-Signature": "t=1700000000,v1=4832303c93b86cc50893fd6d6823fa723f43febea0d0885c5202902e118fdb82",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestKeysAreChecked(t *testing.T) {
	t.Parallel()
	for _, v := range []string{"", "whsec_", "whsec_!", "abc", "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 23))} {
		if _, err := Key(v); err == nil {
			t.Errorf("%q passed", v)
		}
	}
}
