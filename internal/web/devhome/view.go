package devhome

// Home is the developer home.
type Home struct {
	Version    string
	Engine     string // "SQLite 3.51.3" or "PostgreSQL 15"
	Address    string // "http://localhost:8080"
	Data       string // the data directory
	APIVersion string // "2026-09-07"
	Keys       []Key
	Links      []Link
	Install    Install
	Steps      []Step // QuickStart(…)
	Clock      Clock
	Faults     []Fault
	Mails      int
}

// Key is a secret of this environment, masked until asked for.
type Key struct {
	Name  string // "Test API key"
	Value string
	Note  string
}

// Masked shows the prefix and the last four characters.
func (k Key) Masked() string {
	if len(k.Value) < 16 {
		return "••••••••"
	}
	return k.Value[:8] + "••••••••" + k.Value[len(k.Value)-4:]
}

// Link is something to try.
type Link struct{ Name, URL, Note string }

// Install is how to try an install: the link of the demo app, and who may agree to it. No link, no app.
type Install struct{ URL, Email, Password string }

// Callback is the demo app's page after an install: a code, or why there is none.
type Callback struct {
	Exchange    string // the command that exchanges the code
	Error       string // OAuth's word for it
	Description string
	StateFits   bool
}

// Step is one call of the quick start.
type Step struct{ Name, Command string }

// Clock is the platform clock. Ahead is empty while it runs with the machine's.
type Clock struct {
	Now   string // "22 Nov 2026, 15:04:05 UTC"
	Ahead string // "2 days 3 hours"
}

// Fault is what the simulated processor does to one operation.
type Fault struct {
	Operation string // "sale", "capture", "refund", "webhook", …
	Name      string // for people
	DelayMS   int
	Duplicate bool
	Reorder   bool
	Drop      bool
	Timeout   bool
}

// On reports that the operation does not run normally.
func (f Fault) On() bool { return f.DelayMS > 0 || f.Duplicate || f.Reorder || f.Drop || f.Timeout }

// FaultsOn counts the operations with a fault.
func (h Home) FaultsOn() int {
	n := 0
	for _, f := range h.Faults {
		if f.On() {
			n++
		}
	}
	return n
}

// Mailbox lists the mail caught here, newest first.
type Mailbox struct{ Mails []Mail }

// Mail is one message. Links are the addresses found in it.
type Mail struct {
	ID      string
	URL     string // of the page of this mail
	From    string
	To      string
	Subject string
	Date    string
	Text    string
	Links   []string
	HTMLURL string // of the mail as its reader sees it; empty without that form
	Cc      string
	Files   []File
}

// File is an attachment of a mail.
type File struct{ Name, Size, URL string }
