package invoice

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/customer"
	"flint/internal/order"
	"flint/internal/settings"
)

// taxOf is a customer's tax identity as documents show it, nil for none.
func taxOf(t *customer.TaxIdentity) *TaxIdentity {
	if t == nil {
		return nil
	}
	return &TaxIdentity{LegalName: t.LegalName, RegisteredAddress: (*order.Address)(t.RegisteredAddress), TaxIDs: taxIDs(t.TaxIDs)}
}

func sellerTax(t *settings.TaxIdentity) *TaxIdentity {
	return &TaxIdentity{LegalName: t.LegalName, RegisteredAddress: (*order.Address)(t.Address), TaxIDs: taxIDs(t.TaxIDs)}
}

// taxIDs are the tax ids that have the form documents show; they are kept as sent.
func taxIDs(raw []jsontext.Value) []TaxID {
	var out []TaxID
	for _, v := range raw {
		var x TaxID
		if json.Unmarshal(v, &x) == nil {
			out = append(out, x)
		}
	}
	return out
}
