package notification

import (
	"fmt"
	"strings"

	"flint/internal/tenant"
)

// Brand is whose mail it is and how it looks. The zero Brand is plain.
type Brand struct {
	Merchant Merchant
	ReplyTo  string // the support address when empty
	LogoURL  string // https, may be empty
	LogoAlt  string
	Accent   string // #rrggbb; contrast is corrected where it is used
	Radius   int64  // px
	Font     string // a family of the settings
}

// compose makes the mail of a letter.
func (s *Service) compose(row letterRow, c content, brand Brand) (Message, error) {
	m := Message{Scope: row.Scope, ID: row.MailID, FromName: oneLine(brand.Merchant.Name), ReplyTo: brand.ReplyTo, To: c.To, Cc: c.Cc,
		Subject: oneLine(c.Subject), CreatedAt: row.CreatedAt}
	if m.ReplyTo == "" {
		m.ReplyTo = brand.Merchant.SupportEmail
	}
	if row.Scope.Mode() == tenant.ModeTest {
		m.Subject = "[Test] " + m.Subject
	}
	m.Text = plain(row.Scope, c, brand)
	return m, nil
}

// plain is the letter as text.
func plain(scope tenant.Scope, c content, brand Brand) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	if scope.Mode() == tenant.ModeTest {
		line("This is a test: no money was moved.\n")
	}
	if c.Heading != "" {
		line("%s\n", oneLine(c.Heading))
	}
	for _, block := range c.Blocks {
		switch block.Kind {
		case BlockFacts:
			for _, f := range block.Facts {
				line("%s: %s", oneLine(f.Name), oneLine(f.Value))
			}
			line("")
		case BlockButton:
			line("%s: %s\n", oneLine(block.Label), block.URL)
		case BlockAmount:
			line("%s: %s\n", oneLine(block.Label), oneLine(block.Text))
		case BlockCode:
			line("    %s\n", oneLine(block.Text))
		case BlockImage:
		default:
			line("%s\n", block.Text)
		}
	}
	if c.Footer != "" {
		line("%s\n", c.Footer)
	}
	line("%s", oneLine(brand.Merchant.Name))
	for _, l := range brand.Merchant.Address {
		line("%s", oneLine(l))
	}
	return b.String()
}
