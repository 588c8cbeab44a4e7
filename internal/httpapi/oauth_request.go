package httpapi

import (
	"context"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/auth/oauth"
	"flint/internal/db"
	"flint/internal/fault"
)

// PartnerTokenErrorResponse is a refusal of an OAuth endpoint, outside the envelope.
type PartnerTokenErrorResponse struct {
	Error       string `json:"error"`
	Description string `json:"error_description,omitzero"`
}

// oauthInput is a request to an OAuth endpoint. Its body is read here and not by its schema, because it
// may be a form and unknown parameters are ignored (RFC 6749, 3.2).
type oauthInput struct {
	Authorization []string `header:"Authorization" maxLength:"2048" doc:"Basic, with client id and secret; the body may carry them instead."`
	RawBody       []byte
	ContentType   string
}

// maxOAuthBody is the largest body of an OAuth endpoint, in bytes.
const maxOAuthBody = 16 << 10

func malformed(description string) error {
	return &oauth.Error{Code: oauth.CodeInvalidRequest, Description: description}
}

// parameters reads the body. A parameter that is given twice is refused; an empty one counts as left out.
func (in *oauthInput) parameters() (map[string]string, error) {
	if len(in.RawBody) > maxOAuthBody {
		return nil, malformed("The body is too large.")
	}
	media, _, err := mime.ParseMediaType(in.ContentType)
	if err != nil {
		return nil, malformed("The body must be application/x-www-form-urlencoded or application/json.")
	}
	out := map[string]string{}
	switch media {
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(in.RawBody))
		if err != nil {
			return nil, malformed("The body is not a form.")
		}
		for name, values := range form {
			if len(values) > 1 {
				return nil, malformed("A parameter is given twice.")
			}
			out[name] = values[0]
		}
	case "application/json":
		var members map[string]jsontext.Value
		if err := json.Unmarshal(in.RawBody, &members); err != nil {
			return nil, malformed("The body is not a JSON object whose names are different.")
		}
		for name, raw := range members {
			var v string
			if raw.Kind() != '"' {
				continue // nothing we read is anything but a string; what we do not know is ignored
			}
			if err := json.Unmarshal(raw, &v); err != nil {
				return nil, malformed("A value is not a string.")
			}
			out[name] = v
		}
	default:
		return nil, malformed("The body must be application/x-www-form-urlencoded or application/json.")
	}
	for name, v := range out {
		if v == "" {
			delete(out, name)
		}
	}
	return out, nil
}

// client is who calls, by its word: from the Authorization header or from the body, never from both.
func (in *oauthInput) client(params map[string]string) (id, secret string, err error) {
	id, secret = params["client_id"], params["client_secret"]
	if len(in.Authorization) == 0 {
		if id == "" {
			return "", "", malformed("client_id is required.")
		}
		return id, secret, nil
	}
	r := http.Request{Header: http.Header{"Authorization": in.Authorization}}
	name, password, ok := r.BasicAuth()
	if !ok || len(in.Authorization) > 1 {
		return "", "", &oauth.Error{Code: oauth.CodeInvalidClient, Description: "The Authorization header must be Basic, with client id and secret."}
	}
	name, err1 := url.QueryUnescape(name) // both are form-encoded first (RFC 6749, 2.3.1)
	password, err2 := url.QueryUnescape(password)
	switch {
	case err1 != nil || err2 != nil || name == "":
		return "", "", malformed("Client id and secret are form-encoded before they go into Basic.")
	case secret != "", id != "" && id != name:
		return "", "", malformed("The client names itself in the header and differently in the body.")
	}
	return name, password, nil
}

// oauthCall is what the OAuth endpoints do alike: read, prove the client, limit it, run f in one
// transaction. A refusal of f commits, because it may have revoked what was stolen.
func oauthCall(ctx context.Context, a *API, s *oauth.Service, c *Caller, in *oauthInput, f func(tx db.Tx, client *oauth.Client, params map[string]string) error) error {
	params, err := in.parameters()
	if err != nil {
		return err
	}
	id, secret, err := in.client(params)
	if err != nil {
		return err
	}
	client, err := read(ctx, a, func(tx db.Tx) (*oauth.Client, error) { return s.AuthenticateClient(tx, id, secret) })
	if err != nil {
		return err
	}
	who := client.ID
	if client.Public() {
		who += " " + c.Address.String()
	} else {
		c.AppID = client.App.ID // for the log line
	}
	if a.limits != nil {
		if err := a.limits.allow(limiterKey{c.route.Tier, "oauth-client", who}, a.limits.limits.Key[c.route.Tier], c.Now, http.Header{}); err != nil {
			return err
		}
	}
	var refusal error
	err = a.DB.Write(ctx, func(tx db.Tx) error {
		refusal = nil
		err := f(tx, client, params)
		if oauth.Refusal(err) != nil {
			refusal, err = err, nil
		}
		return err
	})
	if err != nil {
		return err
	}
	return refusal
}

// oauthAnswer is a flat answer.
func oauthAnswer(v any) (*Raw, error) {
	body, err := encode(v)
	return &Raw{Header: http.Header{"Content-Type": {"application/json"}, "Cache-Control": {"no-store"}, "Pragma": {"no-cache"}}, Body: body}, err
}

// failOAuth writes an error in the form of RFC 6749, 5.2; false for those that keep the envelope.
func (x *exchange) failOAuth(err error) bool {
	out := PartnerTokenErrorResponse{}
	status := http.StatusBadRequest
	if refusal := oauth.Refusal(err); refusal != nil {
		out.Error, out.Description = refusal.Code, refusal.Description
		if refusal.Code == oauth.CodeInvalidClient {
			status = http.StatusUnauthorized
		}
	} else {
		if f := fault.Of(err); f != nil && f.Class == fault.ClassRateLimited {
			return false
		}
		f := x.public(err)
		out.Error, out.Description = oauth.CodeInvalidRequest, strings.ReplaceAll(f.Message, `"`, "'")
		switch {
		case f.Class.Status() >= 500:
			out.Error, status = oauth.CodeUnavailable, http.StatusServiceUnavailable
		case f.Class == fault.ClassAuthentication:
			out.Error, status = oauth.CodeInvalidClient, http.StatusUnauthorized
		}
	}
	x.code = out.Error
	if x.written {
		return true
	}
	body, err := encode(out)
	if err != nil {
		return false
	}
	h := x.w.Header()
	h["Pragma"] = []string{"no-cache"}
	if status == http.StatusUnauthorized {
		h["Www-Authenticate"] = []string{`Basic realm="flint"`}
	}
	x.write(status, body)
	return true
}
