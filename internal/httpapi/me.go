package httpapi

import (
	"context"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/fault"
)

// UpdateMeRequest changes the fields that are sent.
type UpdateMeRequest struct {
	Name  *string `json:"name,omitzero" maxLength:"255" fault:"long=NAME_TOO_LONG"`
	Phone *string `json:"phone,omitzero" maxLength:"16" fault:"long=INVALID_PHONE_FORMAT" doc:"E.164; empty takes it away."`
}

// UpdateMeInput is the request of me.update.
type UpdateMeInput struct {
	Body   UpdateMeRequest
	domain customer.PatchInput
}

// Validate implements Validator.
func (in *UpdateMeInput) Validate() error {
	in.domain = customer.PatchInput{Name: in.Body.Name, Phone: in.Body.Phone}
	return rulesOf(in.domain.Validate())
}

func registerMe(a *API, s *Services) {
	Get(a, "me.get", func(ctx context.Context, tx db.Tx, c *Caller, _ *struct{}) (*Customer, error) {
		return wired(wireMe)(s.Customers.Get(ctx, tx, c.Scope, c.SubjectID))
	}, Doc("Read own profile", "What the merchant noted for itself is left out."))

	Write(a, "me.update", func(ctx context.Context, tx db.Tx, c *Caller, in *UpdateMeInput) (*Customer, error) {
		in.domain.Scope, in.domain.Cause, in.domain.ID = c.Scope, c.Cause(), c.SubjectID
		return wired(wireMe)(s.Customers.Patch(ctx, tx, in.domain))
	}, Doc("Change own name or phone", "Addresses and the e-mail address have routes of their own."), Errors("NO_FIELDS_TO_UPDATE", "INVALID_PHONE_FORMAT", "NAME_TOO_LONG"))
}

// refuseIdentity refuses requests to /v1/me that say whom they are about: the session alone says that, and
// a caller who sends a customer_id believes something else.
func refuseIdentity(route *Route, query url.Values, body []byte) error {
	if !strings.HasPrefix(route.Path, "/v1/me/") && route.Path != "/v1/me" {
		return nil
	}
	named := query.Has("customer_id")
	if len(body) > 0 && !named {
		var fields map[string]jsontext.Value
		named = json.Unmarshal(body, &fields) == nil && fields["customer_id"] != nil
	}
	if named {
		return fault.Invalid("ME_CUSTOMER_ID_FORBIDDEN", "customer_id", "The customer is the one of the session; leave customer_id out.")
	}
	return nil
}
