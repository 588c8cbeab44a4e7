package ui

// Input is one labelled input of a text or a country, drawn by the template "field" with its hint and its error beside
// it. Label, Hint, Error and Bad are texts or keys of the catalogue.
type Input struct {
	Name         string // of the input, and its id
	Label        string
	Type         string // "" is text
	Autocomplete string
	InputMode    string
	Placeholder  string
	Value        string
	Hint         string
	Error        string // what is wrong with the value sent last
	Bad          string // what a script says when the value has the wrong form
	Past         string // what a script says when a date is over
	MaxLength    int    // 0 is no limit
	Optional     bool   // said in the label
	ReadOnly     bool
	Countries    []Country // to choose from; the value is one's code
	Badge        bool      // room for a short word in the input, filled by a script: the card's brand
}
