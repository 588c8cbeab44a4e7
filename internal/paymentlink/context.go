package paymentlink

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"flint/internal/fault"
)

const (
	contextPrefix = "plrc_v1."
	// startWithin is how long after reading a link a resolve may start, repeatWithin how long after that one
	// that started may be repeated with its key.
	startWithin  = 30 * time.Minute
	repeatWithin = 120 * time.Second
)

// Context lets one page that was shown resolve the link as it was shown.
type Context struct {
	Text    string // signed; opaque to buyers
	Nonce   string // names the page that was shown
	StartBy time.Time
	Expires time.Time

	version int64
}

// NewContext signs a context for the link as it is.
func (s *Service) NewContext(l *Link) Context {
	c := Context{Nonce: rand.Text(), StartBy: s.Clock.Now().Add(startWithin).Truncate(time.Second), version: l.Version}
	c.Expires = c.StartBy.Add(repeatWithin)
	payload := strings.Join([]string{l.ID, strconv.FormatInt(l.Version, 10), strconv.FormatInt(c.StartBy.Unix(), 10), c.Nonce}, ".")
	c.Text = contextPrefix + base64.RawURLEncoding.EncodeToString([]byte(payload)) + "." + s.sign(payload)
	return c
}

func (s *Service) sign(payload string) string {
	mac := hmac.New(sha256.New, s.Key)
	mac.Write([]byte("payment link context\x00" + payload))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// openContext checks that text is a context of ours for the link with the id. It does not look at times.
func (s *Service) openContext(linkID, text string) (Context, error) {
	invalid := fault.Invalid("PAYMENT_LINK_RESOLUTION_CONTEXT_INVALID", "resolution_context", "This is not a resolution context of this link.").
		Then("Read the link's public view again and send the context it gives.")
	if text == "" {
		return Context{}, fault.Invalid("PAYMENT_LINK_RESOLUTION_CONTEXT_REQUIRED", "resolution_context", "A resolve needs the context that the link was read with.")
	}
	body, mac, ok := strings.Cut(strings.TrimPrefix(text, contextPrefix), ".")
	payload, err := base64.RawURLEncoding.DecodeString(body)
	if !strings.HasPrefix(text, contextPrefix) || !ok || err != nil || !hmac.Equal([]byte(mac), []byte(s.sign(string(payload)))) {
		return Context{}, invalid
	}
	parts := strings.Split(string(payload), ".")
	if len(parts) != 4 || parts[0] != linkID {
		return Context{}, invalid
	}
	version, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return Context{}, invalid
	}
	start, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil {
		return Context{}, invalid
	}
	c := Context{Text: text, Nonce: parts[3], StartBy: time.Unix(start, 0).UTC(), version: version}
	c.Expires = c.StartBy.Add(repeatWithin)
	return c, nil
}

// checkStart refuses a context whose time to start is over, or that was given out for the link as it was before.
func (c Context) checkStart(l *Link, now time.Time) error {
	switch {
	case !now.Before(c.StartBy):
		return fault.Conflict("PAYMENT_LINK_RESOLUTION_CONTEXT_REFRESH_REQUIRED", "The link was read too long ago.").
			Then("Read the link's public view again, and repeat the choices with the new context and a new Idempotency-Key.")
	case c.version != l.Version:
		return fault.Conflict("PAYMENT_LINK_CHANGED", "The link was changed since it was shown.").
			Then("Read the link's public view again, show it, and repeat the choices with the new context and a new Idempotency-Key.")
	}
	return nil
}
