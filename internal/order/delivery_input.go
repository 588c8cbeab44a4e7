package order

import (
	"flint/internal/fault"
	"flint/internal/text"
)

// DeliveryInput is where the goods go. The address needs its first line, city and country.
type DeliveryInput struct {
	Address        Address
	RecipientName  string
	RecipientPhone string
	Source         string // api when empty
}

func (in *DeliveryInput) check(l *fault.List, param string) {
	a := in.Address
	switch {
	case a == Address{}:
		l.Add("DELIVERY_DESTINATION_ADDRESS_REQUIRED", param+".address", "A delivery destination needs an address.")
	case a.Line1 == "" || a.City == "" || a.Country == "":
		l.Add("DELIVERY_DESTINATION_ADDRESS_INCOMPLETE", param+".address", "An address needs its first line, a city and a country.")
	case !isCountry(a.Country):
		l.Add("DELIVERY_DESTINATION_COUNTRY_INVALID", param+".address.country", "A country is an ISO 3166 code of two capital letters.")
	}
	const tooLong = "DELIVERY_DESTINATION_FIELD_TOO_LONG"
	checkAddressParts(l, param+".address", a, tooLong)
	text.Rule{Max: 255, TooLong: tooLong}.Check(l, param+".recipient.name", in.RecipientName)
	text.Rule{Max: 30, TooLong: tooLong}.Check(l, param+".recipient.phone", in.RecipientPhone)
}

func (in *DeliveryInput) delivery() *Delivery {
	d := &Delivery{Address: in.Address, RecipientName: in.RecipientName, RecipientPhone: in.RecipientPhone, Source: in.Source}
	if d.Source == "" {
		d.Source = "api"
	}
	return d
}

func checkAddressParts(l *fault.List, param string, a Address, tooLong string) {
	for _, part := range []struct {
		name, v string
		max     int
	}{
		{"line1", a.Line1, 255}, {"line2", a.Line2, 255}, {"city", a.City, 100}, {"state", a.State, 100},
		{"postal_code", a.PostalCode, 20}, {"country", a.Country, 2},
	} {
		text.Rule{Max: part.max, TooLong: tooLong}.Check(l, param+"."+part.name, part.v)
	}
}
