package notification

import (
	"strings"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// UnsubscribePath is where the addresses of unsubscribe links begin; a token follows.
const UnsubscribePath = "/mail/unsubscribe/"

// unsubscribeRow binds a sealed token to its use.
const unsubscribeRow = "unsubscribe"

// Leave is what an unsubscribe link is about.
type Leave struct {
	Scope  tenant.Scope
	Family string
	Email  string
}

// leaveToken is the sealed form of a Leave.
type leaveToken struct {
	Merchant    string `json:"m"`
	Environment string `json:"e"`
	Family      string `json:"f"`
	Email       string `json:"a"`
}

// UnsubscribeURL is the address under which a recipient leaves a family. Whoever has it can do nothing
// but change what optional mail the address gets, so it needs no sign-in and does not end.
func (s *Service) UnsubscribeURL(scope tenant.Scope, family, email string) string {
	plain, err := json.Marshal(leaveToken{scope.MerchantID, scope.EnvironmentID, family, email})
	if err != nil {
		return "" // four texts always encode
	}
	token := s.Box.Seal(unsubscribeRow, plain)
	return s.Address(scope) + UnsubscribePath + strings.NewReplacer("+", "-", "/", "_").Replace(token)
}

// ReadUnsubscribe opens the token of a link; RESOURCE_NOT_FOUND for what we never made.
func (s *Service) ReadUnsubscribe(token string) (Leave, error) {
	plain, err := s.Box.Open(unsubscribeRow, strings.NewReplacer("-", "+", "_", "/").Replace(token))
	var t leaveToken
	if err == nil {
		err = json.Unmarshal(plain, &t)
	}
	if err != nil {
		return Leave{}, fault.NotFound("unsubscribe link")
	}
	return Leave{Scope: tenant.Scope{MerchantID: t.Merchant, EnvironmentID: t.Environment}, Family: t.Family, Email: t.Email}, nil
}

// Unsubscribe switches the family of a link off for its address. It may be repeated.
func (s *Service) Unsubscribe(tx db.Tx, l Leave) error {
	c, err := s.Preferences(tx, l.Scope, l.Email)
	if err != nil {
		return err
	}
	if l.Family == FamilyFulfillment {
		c.ShippingUpdates = false
	} else {
		c.CheckoutReminders = false
	}
	return s.SetPreferences(tx, l.Scope, l.Email, c)
}
