package tax

import (
	"strings"

	"flint/internal/money"
)

// countryVAT is a country's standard rate and its rate of groceries in ten-thousandths of a percent;
// same says that groceries have the standard rate, or a reduced one the table does not know.
type countryVAT struct {
	code, name, kind string
	standard, food   money.Percent
}

const same = -1

// countriesVAT are standard rates as generally known, with the caution of statesUS.
func countriesVAT() []countryVAT {
	return []countryVAT{
		{"AT", "Austria", VAT, 200000, 100000},
		{"BE", "Belgium", VAT, 210000, 60000},
		{"BG", "Bulgaria", VAT, 200000, same},
		{"HR", "Croatia", VAT, 250000, same},
		{"CY", "Cyprus", VAT, 190000, same},
		{"CZ", "Czechia", VAT, 210000, 120000},
		{"DK", "Denmark", VAT, 250000, same},
		{"EE", "Estonia", VAT, 240000, same},
		{"FI", "Finland", VAT, 255000, same},
		{"FR", "France", VAT, 200000, 55000},
		{"DE", "Germany", VAT, 190000, 70000},
		{"GR", "Greece", VAT, 240000, 130000},
		{"HU", "Hungary", VAT, 270000, same},
		{"IE", "Ireland", VAT, 230000, 0},
		{"IT", "Italy", VAT, 220000, 100000},
		{"LV", "Latvia", VAT, 210000, same},
		{"LT", "Lithuania", VAT, 210000, same},
		{"LU", "Luxembourg", VAT, 170000, 30000},
		{"MT", "Malta", VAT, 180000, 0},
		{"NL", "Netherlands", VAT, 210000, 90000},
		{"PL", "Poland", VAT, 230000, 50000},
		{"PT", "Portugal", VAT, 230000, 60000},
		{"RO", "Romania", VAT, 210000, 110000},
		{"SK", "Slovakia", VAT, 230000, same},
		{"SI", "Slovenia", VAT, 220000, 95000},
		{"ES", "Spain", VAT, 210000, 100000},
		{"SE", "Sweden", VAT, 250000, same},
		{"GB", "United Kingdom", VAT, 200000, 0},
		{"NO", "Norway", VAT, 250000, 150000},
		{"CH", "Switzerland", VAT, 81000, 26000},
		{"AU", "Australia", GST, 100000, 0},
		{"NZ", "New Zealand", GST, 150000, same},
	}
}

func countries() map[string]area {
	table := map[string]area{}
	for _, c := range countriesVAT() {
		component := func(p money.Percent) Component {
			return Component{c.kind, p, Jurisdiction{Code: c.code, Country: c.code, Level: "country", Name: c.name}}
		}
		a := area{standard: rated(component(c.standard))}
		if c.food != same {
			a.special = map[string]Result{"food": rated(component(c.food))}
		}
		table[c.code] = a
	}
	return table
}

// provinceCA is a province's rate beside the federal one; harmonized provinces have a single tax that
// includes it. letters are the first letters of its postal codes.
type provinceCA struct {
	code, name, tax, letters string
	harmonized               bool
	percent                  money.Percent
}

const federalGST money.Percent = 50000

func provincesCA() []provinceCA {
	return []provinceCA{
		{"AB", "Alberta", "", "T", false, 0},
		{"BC", "British Columbia", SalesTax, "V", false, 70000},
		{"MB", "Manitoba", SalesTax, "R", false, 70000},
		{"NB", "New Brunswick", GST, "E", true, 150000},
		{"NL", "Newfoundland and Labrador", GST, "A", true, 150000},
		{"NS", "Nova Scotia", GST, "B", true, 140000},
		{"NT", "Northwest Territories", "", "", false, 0},
		{"NU", "Nunavut", "", "", false, 0},
		{"ON", "Ontario", GST, "KLMNP", true, 130000},
		{"PE", "Prince Edward Island", GST, "C", true, 150000},
		{"QC", "Quebec", GST, "GHJ", false, 99750},
		{"SK", "Saskatchewan", SalesTax, "S", false, 60000},
		{"YT", "Yukon", "", "Y", false, 0},
	}
}

// states is the United States and Canada by country and state.
func states() map[string]area {
	table := map[string]area{}
	for _, s := range statesUS() {
		table["US-"+s.code] = s.area()
	}
	federal := Component{GST, federalGST, Jurisdiction{Code: "CA", Country: "CA", Level: "country", Name: "Canada"}}
	for _, p := range provincesCA() {
		own := Component{p.tax, p.percent, Jurisdiction{Code: p.code, Country: "CA", Level: "state", Name: p.name, State: p.code}}
		a := area{standard: rated(federal, own)}
		if p.harmonized {
			a.standard = rated(own)
		}
		a.special = map[string]Result{"food": {Reason: NotTaxable}} // basic groceries are zero-rated
		table["CA-"+p.code] = a
	}
	return table
}

func provinceOfPostalCode(postal string) string {
	if postal == "" {
		return ""
	}
	for _, p := range provincesCA() {
		if strings.IndexByte(p.letters, postal[0]) >= 0 {
			return p.code
		}
	}
	return "" // X is two territories
}
