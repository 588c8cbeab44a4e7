package customer

import (
	"context"
	"net/mail"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/metadata"
	"flint/internal/tenant"
	"flint/internal/text"
)

// Customer is one buyer of a merchant environment.
type Customer struct {
	Scope               tenant.Scope `json:"-"`
	ID                  string       `json:"-"` // cus_…
	Email               string       `json:"-"` // as written by the caller
	Version             int64        `json:"-"`
	Name                string       `json:"-"`
	Phone               string       `json:"-"` // E.164
	TaxExempt           bool         `json:"-"`
	ExternalReferenceID string       `json:"-"`
	CreatedAt           time.Time    `json:"-"`
	UpdatedAt           time.Time    `json:"-"`

	BillingAddress  *Address     `json:"billing_address,omitempty"`
	ShippingAddress *Address     `json:"shipping_address,omitempty"`
	TaxIdentity     *TaxIdentity `json:"tax_identity,omitempty"`
	Verified        bool         `json:"verified,omitzero"`
	GroupID         string       `json:"group_id,omitempty"`
	InternalNote    string       `json:"internal_note,omitempty"`
	// DefaultPaymentMethodID is the saved method to charge when none is named.
	DefaultPaymentMethodID string            `json:"default_payment_method_id,omitempty"`
	Metadata               map[string]string `json:"metadata,omitempty"`

	// ErasedAt is when the customer's data was deleted as asked; zero for a customer.
	ErasedAt time.Time `json:"erased_at,omitzero"`
}

// Address is a postal address; Country is an ISO 3166 code of two letters.
type Address struct {
	Line1      string `json:"line1,omitempty"`
	Line2      string `json:"line2,omitempty"`
	City       string `json:"city,omitempty"`
	State      string `json:"state,omitempty"`
	PostalCode string `json:"postal_code,omitempty"`
	Country    string `json:"country,omitempty"`
}

// TaxIdentity is how a customer is registered with tax authorities. Tax ids are kept as sent.
type TaxIdentity struct {
	LegalName         string           `json:"legal_name,omitempty"`
	RegisteredAddress *Address         `json:"registered_address,omitempty"`
	TaxIDs            []jsontext.Value `json:"tax_ids,omitempty"`
}

// Service holds the collaborators of the customer operations. Each operation runs in the caller's
// transaction.
type Service struct {
	IDs    *id.Source
	Clock  clock.Clock
	Events *event.Log
	// Blocks are asked before a customer is erased; a fault of theirs, CUSTOMER_DELETION_BLOCKED, refuses it.
	Blocks []func(tx db.Tx, scope tenant.Scope, customerID string) error
	// Erased runs in the transaction that erases a customer, with the customer as it was.
	Erased []func(ctx context.Context, tx db.Tx, c *Customer, cause event.Cause) error
}

// Limits of a customer's fields.
const (
	maxName        = 255
	maxNote        = 5000
	maxReference   = 255
	maxAddressPart = 255
	maxTaxIDs      = 20
	maxTaxIDBytes  = 1024
)

func checkEmail(l *fault.List, param, v string) {
	if v == "" {
		l.Add("CUSTOMER_EMAIL_REQUIRED", param, "An e-mail address is required.")
		return
	}
	a, err := mail.ParseAddress(v)
	if err != nil || a.Address != v || len(v) > 254 || !strings.Contains(v[strings.LastIndexByte(v, '@')+1:], ".") {
		l.Add("INVALID_EMAIL_FORMAT", param, "This is not an e-mail address.")
	}
}

func checkPhone(l *fault.List, param, v string) {
	if v == "" {
		return
	}
	digits, ok := strings.CutPrefix(v, "+")
	other := strings.ContainsFunc(digits, func(c rune) bool { return c < '0' || c > '9' })
	if !ok || other || len(digits) < 7 || len(digits) > 15 || digits[0] == '0' {
		l.Add("INVALID_PHONE_FORMAT", param, "A phone number is a plus sign and 7 to 15 digits with the country code.")
	}
}

func checkAddress(l *fault.List, param string, a *Address) {
	if a == nil {
		return
	}
	must := text.Rule{Max: maxAddressPart, Required: true}
	may := text.Rule{Max: maxAddressPart}
	must.Check(l, param+".line1", a.Line1)
	may.Check(l, param+".line2", a.Line2)
	must.Check(l, param+".city", a.City)
	may.Check(l, param+".state", a.State)
	may.Check(l, param+".postal_code", a.PostalCode)
	if len(a.Country) != 2 || strings.ContainsFunc(a.Country, func(c rune) bool { return c < 'A' || c > 'Z' }) {
		l.Add("INVALID_COUNTRY", param+".country", "A country is an ISO 3166 code of two capital letters.")
	}
}

func checkTaxIdentity(l *fault.List, param string, t *TaxIdentity) {
	if t == nil {
		return
	}
	text.Rule{Max: maxName}.Check(l, param+".legal_name", t.LegalName)
	checkAddress(l, param+".registered_address", t.RegisteredAddress)
	if len(t.TaxIDs) > maxTaxIDs {
		l.Add("INVALID_TAX_IDENTITY", param+".tax_ids", "There are more than %d tax ids.", maxTaxIDs)
	}
	for _, v := range t.TaxIDs {
		if len(v) > maxTaxIDBytes {
			l.Add("INVALID_TAX_IDENTITY", param+".tax_ids", "A tax id is larger than %d bytes.", maxTaxIDBytes)
			break
		}
	}
}

func checkFields(l *fault.List, name, group, note, reference string) {
	text.Rule{Max: maxName, TooLong: "NAME_TOO_LONG"}.Check(l, "name", name)
	text.Rule{Max: maxReference}.Check(l, "group_id", group)
	text.Rule{Max: maxNote, Lines: true, TooLong: "NOTE_TOO_LONG"}.Check(l, "internal_note", note)
	text.Rule{Max: maxReference, TooLong: "INVALID_EXTERNAL_REFERENCE_ID"}.Check(l, "external_reference_id", reference)
}

func checkMetadata(l *fault.List, m map[string]string) { l.AddError("metadata", metadata.Check(m)) }
