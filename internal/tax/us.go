package tax

import (
	"strings"

	"flint/internal/money"
)

// stateUS is a state's rate that applies everywhere in it, in ten-thousandths of a percent, with
// local taxes every place of the state levies included. Food is the rate of groceries.
type stateUS struct {
	code, name    string
	general, food money.Percent
	clothing      bool // clothing is taxed
	services      bool // professional services are taxed
}

// statesUS are statewide base rates as generally known; they suit rehearsals. A merchant who owes tax
// compares them with the revenue departments' current notices, or sends external components.
func statesUS() []stateUS {
	return []stateUS{
		{"AL", "Alabama", 40000, 20000, true, false},
		{"AK", "Alaska", 0, 0, false, false},
		{"AZ", "Arizona", 56000, 0, true, false},
		{"AR", "Arkansas", 65000, 0, true, false},
		{"CA", "California", 72500, 0, true, false},
		{"CO", "Colorado", 29000, 0, true, false},
		{"CT", "Connecticut", 63500, 0, true, false},
		{"DE", "Delaware", 0, 0, false, false},
		{"DC", "District of Columbia", 60000, 0, true, false},
		{"FL", "Florida", 60000, 0, true, false},
		{"GA", "Georgia", 40000, 0, true, false},
		{"HI", "Hawaii", 40000, 40000, true, true},
		{"ID", "Idaho", 60000, 60000, true, false},
		{"IL", "Illinois", 62500, 0, true, false},
		{"IN", "Indiana", 70000, 0, true, false},
		{"IA", "Iowa", 60000, 0, true, false},
		{"KS", "Kansas", 65000, 0, true, false},
		{"KY", "Kentucky", 60000, 0, true, false},
		{"LA", "Louisiana", 50000, 0, true, false},
		{"ME", "Maine", 55000, 0, true, false},
		{"MD", "Maryland", 60000, 0, true, false},
		{"MA", "Massachusetts", 62500, 0, true, false},
		{"MI", "Michigan", 60000, 0, true, false},
		{"MN", "Minnesota", 68750, 0, false, false},
		{"MS", "Mississippi", 70000, 50000, true, false},
		{"MO", "Missouri", 42250, 12250, true, false},
		{"MT", "Montana", 0, 0, false, false},
		{"NE", "Nebraska", 55000, 0, true, false},
		{"NV", "Nevada", 68500, 0, true, false},
		{"NH", "New Hampshire", 0, 0, false, false},
		{"NJ", "New Jersey", 66250, 0, false, false},
		{"NM", "New Mexico", 48750, 0, true, true},
		{"NY", "New York", 40000, 0, true, false},
		{"NC", "North Carolina", 47500, 0, true, false},
		{"ND", "North Dakota", 50000, 0, true, false},
		{"OH", "Ohio", 57500, 0, true, false},
		{"OK", "Oklahoma", 45000, 0, true, false},
		{"OR", "Oregon", 0, 0, false, false},
		{"PA", "Pennsylvania", 60000, 0, false, false},
		{"PR", "Puerto Rico", 105000, 0, true, false},
		{"RI", "Rhode Island", 70000, 0, true, false},
		{"SC", "South Carolina", 60000, 0, true, false},
		{"SD", "South Dakota", 42000, 42000, true, true},
		{"TN", "Tennessee", 70000, 40000, true, false},
		{"TX", "Texas", 62500, 0, true, false},
		{"UT", "Utah", 61000, 30000, true, false},
		{"VT", "Vermont", 60000, 0, false, false},
		{"VA", "Virginia", 53000, 10000, true, false},
		{"WA", "Washington", 65000, 0, true, false},
		{"WV", "West Virginia", 60000, 0, true, false},
		{"WI", "Wisconsin", 50000, 0, true, false},
		{"WY", "Wyoming", 40000, 0, true, false},
	}
}

func (s stateUS) component(p money.Percent) Component {
	return Component{SalesTax, p, Jurisdiction{Code: s.code, Country: "US", Level: "state", Name: s.name, State: s.code}}
}

func (s stateUS) area() area {
	if s.general == 0 {
		return area{standard: Result{Reason: NoJurisdiction}}
	}
	a := area{standard: rated(s.component(s.general)), special: map[string]Result{"food": rated(s.component(s.food))}}
	if !s.clothing {
		a.special["clothing"] = Result{Reason: NotTaxable}
	}
	if !s.services {
		a.special["professional_services"] = Result{Reason: NotTaxable}
	}
	return a
}

// localUS is complete rates, state included, of cities whose postal codes share a prefix of three
// digits that (almost) nobody else has. Everywhere else only the state's rate is known.
func localUS() map[string][]Component {
	local := func(state, level, code, name string, p money.Percent) Component {
		return Component{SalesTax, p, Jurisdiction{Code: code, Country: "US", Level: level, Name: name, State: state}}
	}
	base := map[string]Component{}
	for _, s := range statesUS() {
		base[s.code] = s.component(s.general)
	}
	table := map[string][]Component{}
	newYork := []Component{base["NY"], local("NY", "city", "NY-NYC", "New York City", 45000),
		local("NY", "district", "NY-MCTD", "Metropolitan Commuter Transportation District", 3750)}
	for _, prefix := range []string{"100", "101", "102", "103", "104", "111", "112", "113", "114", "116"} {
		table[prefix] = newYork
	}
	table["606"] = []Component{base["IL"], local("IL", "county", "IL-COOK", "Cook County", 17500),
		local("IL", "city", "IL-CHICAGO", "Chicago", 12500),
		local("IL", "district", "IL-RTA", "Regional Transportation Authority", 10000)}
	table["941"] = []Component{base["CA"], local("CA", "district", "CA-SF", "San Francisco districts", 13750)}
	return table
}

// prefixesUS is the state of a postal code by its first three digits: every entry reaches up to and
// including the number before its state.
const prefixesUS = "004- 005NY 009PR 027MA 029RI 038NH 049ME 054VT 055MA 059VT 069CT 089NJ 099- 149NY 196PA 199DE 200DC 201VA " +
	"205DC 219MD 246VA 268WV 269- 289NC 299SC 319GA 339FL 340- 349FL 369AL 385TN 397MS 399GA 427KY 429- 459OH 479IN 499MI " +
	"528IA 529- 549WI 567MN 568- 569DC 577SD 579- 588ND 589- 599MT 629IL 658MO 659- 679KS 693NE 699- 714LA 715- 729AR 732OK " +
	"733TX 749OK 799TX 816CO 819- 831WY 838ID 839- 847UT 849- 865AZ 869- 884NM 885TX 888- 898NV 899- 961CA 966- 968HI 969- " +
	"979OR 994WA 999AK"

// stateOfPostalCode is the state or province a postal code lies in, empty when it tells none.
func stateOfPostalCode(country, postal string) string {
	if country == "CA" {
		return provinceOfPostalCode(postal)
	}
	if len(postal) < 5 || strings.Trim(postal[:5], "0123456789") != "" {
		return ""
	}
	for entry := range strings.SplitSeq(prefixesUS, " ") {
		if postal[:3] <= entry[:3] {
			if entry[3:] == "-" {
				return ""
			}
			return entry[3:]
		}
	}
	return ""
}
