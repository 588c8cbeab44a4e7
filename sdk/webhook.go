package flint

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Tolerance is how far the time of a delivery may lie from now.
const Tolerance = 5 * time.Minute

// ErrSignature says that a delivery was not signed with the endpoint's secret, or too long ago.
var ErrSignature = errors.New("flint: the webhook's signature is not good")

// Event is what a delivery carries.
type Event struct {
	ID        string          `json:"webhook_event_id"`
	Type      string          `json:"event_type"`
	CreatedAt time.Time       `json:"created_at"`
	Data      json.RawMessage `json:"data"`
	Raw       json.RawMessage `json:"-"` // the whole body
}

// VerifyWebhook checks a delivery by the Standard Webhooks rules and gives its event. body is the raw
// body of the request, secret the endpoint's "whsec_…".
func VerifyWebhook(body []byte, headers http.Header, secret string, now time.Time) (*Event, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return nil, errors.New("flint: the webhook secret is not well formed")
	}
	id, stamp := headers.Get("Webhook-Id"), headers.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > Tolerance {
		return nil, ErrSignature
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	want := mac.Sum(nil)
	for signature := range strings.FieldsSeq(headers.Get("Webhook-Signature")) {
		version, text, _ := strings.Cut(signature, ",")
		got, err := base64.StdEncoding.DecodeString(text)
		if version == "v1" && err == nil && hmac.Equal(got, want) {
			e := &Event{Raw: body}
			return e, json.Unmarshal(body, e)
		}
	}
	return nil, ErrSignature
}
