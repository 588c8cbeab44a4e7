// Package tax answers which tax rates apply at a place.
//
// The rates are a table that ships with the program: state, and for a few cities local, sales tax of
// the United States, value added tax of the European Union, Great Britain, Norway and Switzerland, and
// the goods and services taxes of Australia, New Zealand and Canada. It is a sound start and no advice:
// a merchant whose goods have special rates states them per line instead (external mode). Answers
// depend on the query alone, so pricing stays a pure function.
package tax

import (
	"errors"
	"strings"

	"flint/internal/money"
)

// Kinds of tax. The first two are the contract's, the others ours.
const (
	SalesTax = "sales_tax"
	UseTax   = "use_tax"
	VAT      = "vat"
	GST      = "gst"
)

// Reasons of an answer, in the contract's words.
const (
	StandardRated  = "standard_rated"
	NotTaxable     = "not_taxable"
	NoJurisdiction = "no_jurisdiction"
)

var (
	// ErrLocation says that the place is too vague to be taxed: no country, or an American or
	// Canadian address without a state and without a postal code that tells it.
	ErrLocation = errors.New("tax: the location is incomplete")
	// ErrUnsupported says that the table has no such country or state.
	ErrUnsupported = errors.New("tax: no rates for this location")
	// ErrRateUnavailable says that a rate exists and is not known at the moment. The table itself
	// never answers it; a source of rates over a network may.
	ErrRateUnavailable = errors.New("tax: the rate is not available")
)

// Query asks for the rates of one line or charge.
type Query struct {
	Country    string // ISO 3166-1 alpha-2, either case
	State      string // code of the state or province, either case; may be empty where PostalCode tells it
	PostalCode string
	Category   string // the contract's line or charge tax category; empty is general
}

// Result is the rates that apply together. Without components nothing is due and Reason says why.
type Result struct {
	Components []Component // shared between answers: callers must not change them
	Reason     string      // StandardRated, NotTaxable or NoJurisdiction
}

// Component is one rate of one authority.
type Component struct {
	TaxType      string
	Percent      money.Percent
	Jurisdiction Jurisdiction
}

// Jurisdiction is a tax authority. Level is state, county, city or district, and ours: country.
type Jurisdiction struct {
	Code    string
	Country string
	Level   string
	Name    string
	State   string
}

// Table is the built-in rates. It is safe for concurrent use.
type Table struct {
	states    map[string]area // "US-CA", "CA-ON"
	countries map[string]area
	local     map[string][]Component // US postal code prefix of three digits -> components below the state
}

// area is a state or country with the rates of its parts.
type area struct {
	standard Result
	special  map[string]Result // by category
}

// NewTable builds the table.
func NewTable() *Table {
	return &Table{states: states(), countries: countries(), local: localUS()}
}

// Rates answers a query, or fails with ErrLocation or ErrUnsupported.
func (t *Table) Rates(q Query) (Result, error) {
	country := strings.ToUpper(strings.TrimSpace(q.Country))
	if country == "" {
		return Result{}, ErrLocation
	}
	if country != "US" && country != "CA" {
		a, ok := t.countries[country]
		if !ok {
			return Result{}, ErrUnsupported
		}
		return a.of(q.Category), nil
	}
	postal := strings.ToUpper(strings.TrimSpace(q.PostalCode))
	state := strings.ToUpper(strings.TrimSpace(q.State))
	if state == "" {
		state = stateOfPostalCode(country, postal)
	}
	if state == "" {
		return Result{}, ErrLocation
	}
	a, ok := t.states[country+"-"+state]
	if !ok {
		return Result{}, ErrUnsupported
	}
	r := a.of(q.Category)
	if country == "US" && r.Reason == StandardRated && len(postal) >= 5 {
		if _, special := a.special[q.Category]; !special {
			if below, ok := t.local[postal[:3]]; ok && below[0].Jurisdiction.State == state {
				r.Components = below
			}
		}
	}
	return r, nil
}

func (a area) of(category string) Result {
	if r, ok := a.special[category]; ok {
		return r
	}
	return a.standard
}

// rated is an answer of components, leaving out those of 0.
func rated(cs ...Component) Result {
	var due []Component
	for _, c := range cs {
		if c.Percent > 0 {
			due = append(due, c)
		}
	}
	if len(due) == 0 {
		return Result{Reason: NotTaxable}
	}
	return Result{Components: due, Reason: StandardRated}
}
