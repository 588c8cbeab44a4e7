package checkout

import "flint/internal/web/ui"

// paymentPage adds what the template of the payment page needs.
type paymentPage struct {
	Payment
	Faults map[string]string // by input name
}

// Single reports that there is nothing to choose between.
func (v paymentPage) Single() bool { return len(v.Options) == 1 && len(v.Cards()) == 0 }

// Cards are the saved ones that can be chosen.
func (v paymentPage) Cards() []SavedCard {
	if v.Saved == nil || v.Stored != nil {
		return nil
	}
	return v.Saved.Cards
}

// Free reports that there is nothing to charge: the order only has to be completed.
func (v paymentPage) Free() bool { return v.Pay.Minor == 0 }

// ContactInputs is the contact section.
func (v paymentPage) ContactInputs() []ui.Input {
	c := v.Contact
	inputs := []ui.Input{{
		Name: "email", Label: "pay.email", Type: "email", Autocomplete: "email", MaxLength: 255, Value: c.Email,
		Hint: "pay.email.hint", Bad: "pay.email.bad", Optional: !c.RequireEmail, ReadOnly: c.EmailReadOnly,
	}}
	if c.RequirePhone || c.AskPhone {
		inputs = append(inputs, ui.Input{
			Name: "phone", Label: "pay.phone", Type: "tel", Autocomplete: "tel", MaxLength: 32, Value: c.Phone,
			Optional: !c.RequirePhone, Hint: "pay.phone.hint", Bad: "pay.phone.bad",
		})
	}
	return withFaults(inputs, v.Faults)
}

// StreetInputs is the part of the address above city and state.
func (v paymentPage) StreetInputs() []ui.Input {
	a := v.Contact.Address
	return withFaults([]ui.Input{
		{Name: "billing_line1", Label: "pay.address.line1", Autocomplete: "billing address-line1", Value: a.Line1},
		{Name: "billing_line2", Label: "pay.address.line2", Autocomplete: "billing address-line2", Value: a.Line2, Optional: true},
		{Name: "billing_city", Label: "pay.address.city", Autocomplete: "billing address-level2", Value: a.City},
	}, v.Faults)
}

// RegionInputs are the two that stand side by side.
func (v paymentPage) RegionInputs() []ui.Input {
	a := v.Contact.Address
	return withFaults([]ui.Input{
		{Name: "billing_state", Label: "pay.address.state", Autocomplete: "billing address-level1", Value: a.State},
		{Name: "billing_postal_code", Label: "pay.address.postal", Autocomplete: "billing postal-code", Value: a.PostalCode},
	}, v.Faults)
}

// Listed is a fault in the list above the page; Label says which input it is about.
type Listed struct{ Field, Label, Message string }

// List is the faults in the order they were given. Sentences that stand on their own have no label.
func (v paymentPage) List() []Listed {
	var all []ui.Input
	all = append(all, v.ContactInputs()...)
	if v.Contact.Address != nil {
		all = append(append(all, v.StreetInputs()...), v.RegionInputs()...)
	}
	out := make([]Listed, len(v.Errors))
	for i, e := range v.Errors {
		out[i] = Listed{Field: e.Field, Message: e.Message}
		for _, in := range all {
			if in.Name == e.Field {
				out[i].Label = in.Label
			}
		}
	}
	return out
}

// fieldsPage adds what the template of the fields needs.
type fieldsPage struct {
	Fields
	Faults map[string]string
}

// Wide are the inputs of a full line.
func (v fieldsPage) Wide() []ui.Input {
	if v.Option == OptionBank {
		return withFaults([]ui.Input{
			{Name: "account_holder", Label: "fields.holder", Autocomplete: "name", MaxLength: 100, Value: v.Values["account_holder"], Bad: "fields.error.holder"},
			{Name: "routing_number", Label: "fields.routing", Autocomplete: "off", InputMode: "numeric", MaxLength: 9, Value: v.Values["routing_number"], Bad: "fields.error.routing"},
			{Name: "account_number", Label: "fields.account", Autocomplete: "off", InputMode: "numeric", MaxLength: 17, Bad: "fields.error.account"},
		}, v.Faults)
	}
	return withFaults([]ui.Input{{
		Name: "number", Label: "fields.number", Autocomplete: "cc-number", InputMode: "numeric", MaxLength: 23,
		Placeholder: "1234 1234 1234 1234", Bad: "fields.error.number", Badge: true,
	}}, v.Faults)
}

// Short are the inputs that stand side by side.
func (v fieldsPage) Short() []ui.Input {
	if v.Option == OptionBank {
		return nil
	}
	return withFaults([]ui.Input{
		{Name: "expiry", Label: "fields.expiry", Autocomplete: "cc-exp", InputMode: "numeric", MaxLength: 7, Value: v.Values["expiry"],
			Placeholder: "fields.expiry.example", Bad: "fields.error.expiry", Past: "fields.error.expired"},
		{Name: "cvc", Label: "fields.cvc", Autocomplete: "cc-csc", InputMode: "numeric", MaxLength: 4,
			Placeholder: "fields.cvc.example", Bad: "fields.error.cvc"},
	}, v.Faults)
}

// Parent is the origin the script may talk to; none when the form is a page of its own.
func (v fieldsPage) Parent() string {
	switch {
	case v.Alone:
		return ""
	case v.ParentOrigin == "":
		return "self"
	}
	return v.ParentOrigin
}

func withFaults(inputs []ui.Input, faults map[string]string) []ui.Input {
	for i := range inputs {
		inputs[i].Error = faults[inputs[i].Name]
	}
	return inputs
}

func byName(errs []FieldError) map[string]string {
	out := make(map[string]string, len(errs))
	for _, e := range errs {
		out[e.Field] = e.Message
	}
	return out
}
