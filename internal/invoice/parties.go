package invoice

import (
	"github.com/go-json-experiment/json"

	"flint/internal/customer"
	"flint/internal/order"
	"flint/internal/settings"
)

// taxOf is a customer's tax identity as documents show it, nil for none.
func taxOf(t *customer.TaxIdentity) *TaxIdentity {
	if t == nil {
		return nil
	}
	out := &TaxIdentity{LegalName: t.LegalName, RegisteredAddress: (*order.Address)(t.RegisteredAddress)}
	for _, raw := range t.TaxIDs {
		var x TaxID
		if err := json.Unmarshal(raw, &x); err == nil { // kept as sent; what has another form is not shown
			out.TaxIDs = append(out.TaxIDs, x)
		}
	}
	return out
}

func sellerTax(t *settings.TaxIdentity) *TaxIdentity {
	out := &TaxIdentity{LegalName: t.LegalName, RegisteredAddress: (*order.Address)(t.Address)}
	for _, x := range t.TaxIDs {
		out.TaxIDs = append(out.TaxIDs, TaxID(x))
	}
	return out
}
