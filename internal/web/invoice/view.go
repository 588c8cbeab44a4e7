package invoice

import "flint/internal/web/ui"

// merchant is who bills, as the page shows it.
type merchant struct {
	Name, LogoURL string
	Brand         ui.Brand
}

// Initial stands in for a logo.
func (m merchant) Initial() string {
	for _, c := range m.Name {
		return string(c)
	}
	return ""
}

// entryView is the page before the token was traded for the cookie; it knows nothing of the invoice.
type entryView struct {
	Action, LinkStart string
	Invalid, Test     bool
}

// view is the invoice's page. Headline, Sentence, Kind, Status, Label and Key are keys of the catalogue.
type view struct {
	Merchant           merchant
	Test               bool
	Number             string
	Headline, Amount   string
	Sentence           string
	When               string
	Part, Later        string // which part Amount is, a key, and what is left after it; empty when it is all
	Alert              *alert
	Pay                *pay
	PDF                string
	Schedule           []part
	From, To           party
	Facts              []fact
	Lines              []line
	Rows               []row
	Memo, Footer, Help string
	Notes              []note
}

type alert struct{ Tone, Role, Text string }

type pay struct{ Action, Amount string }

type part struct{ Kind, Status, Due, Amount string }

type party struct {
	Title, Name string
	Lines       []string
}

type fact struct{ Label, Value string }

type line struct {
	Name, Description string
	Quantity          int64
	Unit, Amount      string
}

type row struct {
	Key, Name, Amount string
	Strong            bool
}

type note struct {
	Number, Amount, URL string
	Void                bool
}
