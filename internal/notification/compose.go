package notification

import (
	_ "embed" // the template
	"fmt"
	"html/template"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"flint/internal/tenant"
)

// Colors are an accent that is safe on one ground: Accent stands out from it, OnAccent is readable on
// Accent and Link on the ground. Each is #rrggbb.
type Colors struct{ Accent, OnAccent, Link string }

// Brand is whose mail it is and how it looks. The zero Brand is plain.
type Brand struct {
	Merchant    Merchant
	ReplyTo     string // the support address when empty
	LogoURL     string // may be empty
	LogoAlt     string
	Light, Dark Colors // Flint's own when empty
	Radius      int64  // px
	Font        string // CSS list of families; the system's when empty
}

var (
	plainLight = Colors{"#254fc4", "#ffffff", "#254fc4"}
	plainDark  = Colors{"#6f8cdb", "#000000", "#8ba3e2"}
)

const systemFont = `system-ui,-apple-system,Segoe UI,Roboto,Helvetica Neue,Arial,sans-serif`

//go:embed letter.html
var letterHTML string

// letterTemplate is parsed once; it is embedded, so an error would be one of every mail.
var letterTemplate = sync.OnceValues(func() (*template.Template, error) {
	return template.New("letter").Funcs(template.FuncMap{"lines": lines}).Parse(letterHTML)
})

// letterPage is what the template shows.
type letterPage struct {
	Lang, Dir, Subject, Preview, Merchant, Initial string
	Heading, Footer, LogoURL, LogoAlt              string
	Test                                           bool
	Blocks                                         []Block
	Contact, Address                               []string
	Light, Dark                                    Colors
	Radius, Inner                                  int64
	Font                                           template.CSS
	Unsubscribe                                    string
}

// compose makes the mail of a letter, as text and as a page.
func (s *Service) compose(row letterRow, c content, brand Brand) (Message, error) {
	m := Message{Scope: row.Scope, ID: row.MailID, FromName: oneLine(brand.Merchant.Name), ReplyTo: brand.ReplyTo, To: c.To, Cc: c.Cc,
		Subject: oneLine(c.Subject), CreatedAt: row.CreatedAt}
	if m.ReplyTo == "" {
		m.ReplyTo = brand.Merchant.SupportEmail
	}
	test := row.Scope.Mode() == tenant.ModeTest
	if test {
		m.Subject = "[Test] " + m.Subject
	}
	if Optional(c.Family) && s.Address != nil && s.Address(row.Scope) != "" {
		m.Unsubscribe = s.UnsubscribeURL(row.Scope, c.Family, c.To)
	}
	m.Text = plain(c, brand, test, m.Unsubscribe)
	t, err := letterTemplate()
	if err != nil {
		return Message{}, fmt.Errorf("read the template of letters: %w", err)
	}
	var page strings.Builder
	if err := t.Execute(&page, pageOf(m, c, brand, test)); err != nil {
		return Message{}, fmt.Errorf("render a letter: %w", err)
	}
	m.HTML = page.String()
	return m, nil
}

func pageOf(m Message, c content, brand Brand, test bool) letterPage {
	p := letterPage{Lang: "en", Dir: "ltr", Subject: m.Subject, Merchant: m.FromName, Heading: oneLine(c.Heading), Footer: strings.TrimSpace(c.Footer),
		LogoURL: brand.LogoURL, LogoAlt: oneLine(brand.LogoAlt), Test: test, Contact: brand.Merchant.contact(), Address: brand.Merchant.address(),
		Light: brand.Light, Dark: brand.Dark, Radius: min(max(brand.Radius, 0), 32), Font: template.CSS(systemFont), Unsubscribe: m.Unsubscribe}
	if first, _ := utf8.DecodeRuneInString(p.Merchant); unicode.IsLetter(first) || unicode.IsDigit(first) {
		p.Initial = string(unicode.ToUpper(first))
	}
	if p.Light.Accent == "" {
		p.Light, p.Dark = plainLight, plainDark
	}
	if brand.Font != "" {
		p.Font = template.CSS(brand.Font) //nolint:gosec // one of the families of the settings, chosen by name
	}
	p.Inner = max(p.Radius-4, 0)
	for _, b := range c.Blocks {
		if b.Kind == BlockParagraph && p.Preview == "" {
			p.Preview = oneLine(b.Text)
		}
		p.Blocks = append(p.Blocks, b.tidy())
	}
	return p
}

// tidy keeps what callers wrote from adding lines where one is expected.
func (b Block) tidy() Block {
	b.Label = oneLine(b.Label)
	if b.Kind != BlockParagraph && b.Kind != BlockNotice {
		b.Text = oneLine(b.Text)
	}
	facts := make([]Fact, len(b.Facts))
	for n, f := range b.Facts {
		facts[n] = Fact{Name: oneLine(f.Name), Value: oneLine(f.Value), Detail: oneLine(f.Detail), Strong: f.Strong}
	}
	b.Facts = facts
	return b
}

// lines splits text at its line breaks.
func lines(v string) []string {
	return strings.Split(strings.TrimSpace(strings.ReplaceAll(v, "\r\n", "\n")), "\n")
}

func (m Merchant) contact() []string {
	var out []string
	for _, c := range []string{m.SupportEmail, m.SupportPhone, m.SupportURL} {
		if c != "" {
			out = append(out, oneLine(c))
		}
	}
	return out
}

func (m Merchant) address() []string {
	var out []string
	for _, l := range m.Address {
		out = append(out, oneLine(l))
	}
	return out
}

// plain is the letter as text.
func plain(c content, brand Brand, test bool, unsubscribe string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	if test {
		line("This is a test: no money was moved.\n")
	}
	line("%s", oneLine(brand.Merchant.Name))
	if c.Heading != "" {
		line("%s\n", oneLine(c.Heading))
	}
	for _, block := range c.Blocks {
		block = block.tidy()
		switch block.Kind {
		case BlockFacts:
			for _, f := range block.Facts {
				name := f.Name
				if f.Detail != "" {
					name += " (" + f.Detail + ")"
				}
				if f.Value == "" {
					line("%s", name)
				} else {
					line("%s: %s", name, f.Value)
				}
			}
			line("")
		case BlockButton:
			line("%s:\n%s\n", block.Label, block.URL)
		case BlockAmount:
			line("%s: %s\n", block.Label, block.Text)
		case BlockCode:
			line("    %s\n", block.Text)
		case BlockImage:
		default:
			line("%s\n", strings.Join(lines(block.Text), "\n"))
		}
	}
	if c.Footer != "" {
		line("%s\n", strings.Join(lines(c.Footer), "\n"))
	}
	if contact := brand.Merchant.contact(); len(contact) > 0 {
		line("Questions? %s\n", strings.Join(contact, ", "))
	}
	for _, l := range brand.Merchant.address() {
		line("%s", l)
	}
	if unsubscribe != "" {
		line("\nUnsubscribe: %s", unsubscribe)
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}
