package tax

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"flint/internal/money"
)

func TestRates(t *testing.T) {
	t.Parallel()
	table := NewTable()
	tests := []struct {
		name   string
		q      Query
		sum    money.Percent
		parts  int
		reason string
		err    error
	}{
		{"a state", Query{Country: "US", State: "CA"}, 72500, 1, StandardRated, nil},
		{"lower case", Query{Country: "us", State: "tx"}, 62500, 1, StandardRated, nil},
		{"a postal code alone", Query{Country: "US", PostalCode: "78701"}, 62500, 1, StandardRated, nil},
		{"nine digits", Query{Country: "US", PostalCode: "98101-1234"}, 65000, 1, StandardRated, nil},
		{"a city", Query{Country: "US", PostalCode: "10001"}, 88750, 3, StandardRated, nil},
		{"a city of another state", Query{Country: "US", State: "NJ", PostalCode: "10001"}, 66250, 1, StandardRated, nil},
		{"Chicago", Query{Country: "US", State: "IL", PostalCode: "60601"}, 102500, 4, StandardRated, nil},
		{"no sales tax", Query{Country: "US", State: "OR"}, 0, 0, NoJurisdiction, nil},
		{"no sales tax on food either", Query{Country: "US", State: "OR", Category: "food"}, 0, 0, NoJurisdiction, nil},
		{"exempt food", Query{Country: "US", State: "CA", Category: "food"}, 0, 0, NotTaxable, nil},
		{"exempt food in a city", Query{Country: "US", PostalCode: "10001", Category: "food"}, 0, 0, NotTaxable, nil},
		{"reduced food", Query{Country: "US", State: "TN", Category: "food"}, 40000, 1, StandardRated, nil},
		{"prepared food is no grocery", Query{Country: "US", State: "CA", Category: "prepared_food"}, 72500, 1, StandardRated, nil},
		{"clothing", Query{Country: "US", State: "PA", Category: "clothing"}, 0, 0, NotTaxable, nil},
		{"shipping", Query{Country: "US", State: "PA", Category: "shipping"}, 60000, 1, StandardRated, nil},
		{"Germany", Query{Country: "DE"}, 190000, 1, StandardRated, nil},
		{"German food", Query{Country: "DE", Category: "food"}, 70000, 1, StandardRated, nil},
		{"British food", Query{Country: "GB", Category: "food"}, 0, 0, NotTaxable, nil},
		{"Danish food", Query{Country: "DK", Category: "food"}, 250000, 1, StandardRated, nil},
		{"Australia", Query{Country: "AU"}, 100000, 1, StandardRated, nil},
		{"harmonized", Query{Country: "CA", State: "ON"}, 130000, 1, StandardRated, nil},
		{"federal and provincial", Query{Country: "CA", PostalCode: "H2X 1Y4"}, 149750, 2, StandardRated, nil},
		{"federal alone", Query{Country: "CA", State: "AB"}, 50000, 1, StandardRated, nil},
		{"nowhere", Query{}, 0, 0, "", ErrLocation},
		{"no state", Query{Country: "US"}, 0, 0, "", ErrLocation},
		{"a postal code of the army", Query{Country: "US", PostalCode: "09001"}, 0, 0, "", ErrLocation},
		{"half a postal code", Query{Country: "US", PostalCode: "941"}, 0, 0, "", ErrLocation},
		{"no state of the union", Query{Country: "US", State: "ZZ"}, 0, 0, "", ErrUnsupported},
		{"a country without rates", Query{Country: "BR"}, 0, 0, "", ErrUnsupported},
	}
	for _, tt := range tests {
		r, err := table.Rates(tt.q)
		var sum money.Percent
		for _, c := range r.Components {
			sum += c.Percent
			if c.TaxType == "" || c.Jurisdiction.Code == "" || c.Jurisdiction.Name == "" || c.Jurisdiction.Level == "" {
				t.Errorf("%s: an unnamed component: %+v", tt.name, c)
			}
		}
		if sum != tt.sum || len(r.Components) != tt.parts || r.Reason != tt.reason || !errors.Is(err, tt.err) {
			t.Errorf("%s: %s %% in %d parts, %q, %v; want %s %% in %d, %q, %v",
				tt.name, sum, len(r.Components), r.Reason, err, tt.sum, tt.parts, tt.reason, tt.err)
		}
	}
}

func TestPostalCodesReachTheirState(t *testing.T) {
	t.Parallel()
	for postal, want := range map[string]string{
		"00501": "NY", "00901": "PR", "02108": "MA", "02903": "RI", "03301": "NH", "04330": "ME", "05401": "VT", "06103": "CT",
		"07102": "NJ", "19104": "PA", "19801": "DE", "20001": "DC", "20101": "VA", "21201": "MD", "25301": "WV", "27601": "NC",
		"29201": "SC", "30303": "GA", "33101": "FL", "35203": "AL", "37201": "TN", "39201": "MS", "39901": "GA", "40202": "KY",
		"43215": "OH", "46204": "IN", "48201": "MI", "50309": "IA", "53202": "WI", "55401": "MN", "57104": "SD", "58102": "ND",
		"59601": "MT", "60601": "IL", "63101": "MO", "66603": "KS", "68102": "NE", "70112": "LA", "72201": "AR", "73102": "OK",
		"73301": "TX", "75201": "TX", "80202": "CO", "82001": "WY", "83702": "ID", "84101": "UT", "85001": "AZ", "87501": "NM",
		"88510": "TX", "89101": "NV", "94105": "CA", "96813": "HI", "97201": "OR", "98101": "WA", "99501": "AK", "34001": "",
		"96201": "", "96910": "",
	} {
		if got := stateOfPostalCode("US", postal); got != want {
			t.Errorf("%s lies in %q, want %q", postal, got, want)
		}
	}
}

func TestRatesNeverPanic(t *testing.T) {
	t.Parallel()
	table := NewTable()
	rapid.Check(t, func(t *rapid.T) {
		q := Query{
			Country:    rapid.OneOf(rapid.SampledFrom([]string{"US", "CA", "DE"}), rapid.String()).Draw(t, "country"),
			State:      rapid.OneOf(rapid.SampledFrom([]string{"", "NY"}), rapid.String()).Draw(t, "state"),
			PostalCode: rapid.OneOf(rapid.StringMatching(`[0-9]{5}`), rapid.String()).Draw(t, "postal"),
			Category:   rapid.SampledFrom([]string{"", "food", "clothing", "shipping"}).Draw(t, "category"),
		}
		r, err := table.Rates(q)
		if (err == nil) != (r.Reason != "") || (len(r.Components) > 0) != (r.Reason == StandardRated) {
			t.Fatalf("%+v, %v", r, err)
		}
	})
}
