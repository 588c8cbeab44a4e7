package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Headers of a delivery: those of Standard Webhooks, and older ones of ours beside them.
const (
	HeaderID              = "webhook-id"
	HeaderTimestamp       = "webhook-timestamp"
	HeaderSignature       = "webhook-signature"
	HeaderLegacySignature = "X-Flint-Signature"
	HeaderLegacyID        = "X-Flint-Webhook-ID"
	HeaderLegacyType      = "X-Flint-Event-Type"
	HeaderLegacyEndpoint  = "X-Flint-Webhook-Endpoint-ID"
)

const (
	secretPrefix = "whsec_"
	userAgent    = "Flint-Webhooks/1.0"
)

// Key is the HMAC key inside a secret "whsec_<base64>".
func Key(secret string) ([]byte, error) {
	rest, ok := strings.CutPrefix(secret, secretPrefix)
	if !ok {
		return nil, errors.New("a webhook secret starts with " + secretPrefix)
	}
	key, err := base64.StdEncoding.DecodeString(rest)
	if err != nil || len(key) < 24 {
		return nil, errors.New("a webhook secret is at least 24 bytes in base64")
	}
	return key, nil
}

// Sign sets the signature headers of Standard Webhooks v1 on h, one signature for each key, and the
// older header with the same signatures in hex. All sign "<id>.<unix seconds>.<body>".
func Sign(h http.Header, keys [][]byte, eventID string, at time.Time, body []byte) {
	ts := strconv.FormatInt(at.Unix(), 10)
	var standard []string
	legacy := []string{"t=" + ts}
	for _, key := range keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(eventID + "." + ts + "."))
		mac.Write(body)
		sum := mac.Sum(nil)
		standard = append(standard, "v1,"+base64.StdEncoding.EncodeToString(sum))
		legacy = append(legacy, "v1="+hex.EncodeToString(sum))
	}
	h.Set(HeaderID, eventID)
	h.Set(HeaderTimestamp, ts)
	h.Set(HeaderSignature, strings.Join(standard, " "))
	h.Set(HeaderLegacySignature, strings.Join(legacy, ","))
}
