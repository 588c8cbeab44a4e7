// Package reference serves the page that errors of the API point to with doc_url: every code, what it
// means and what to do.
package reference

import (
	"embed"
	"net/http"
	"strings"

	"flint/internal/web/ui"
)

//go:embed *.html
var files embed.FS

// Part is this package's template, for ui.New.
func Part() ui.Part { return ui.Part{Name: "reference", Files: files} }

// Topic is a group of codes.
type Topic struct {
	Name  string
	Codes []Code
}

// Code is one error code.
type Code struct {
	Name string
	Text string // status and meaning
	Do   string // what the caller should do
}

// Parse reads the sections of docs/errors.md; what stands before the first topic with codes is left out.
func Parse(page string) []Topic {
	var out []Topic
	for _, topic := range strings.Split(page, "\n## ")[1:] {
		name, rest, _ := strings.Cut(topic, "\n")
		t := Topic{Name: strings.TrimSpace(name)}
		for _, section := range strings.Split(rest, "\n### ")[1:] {
			code, text, _ := strings.Cut(section, "\n")
			meaning, do, _ := strings.Cut(plain(text), "Do: ")
			t.Codes = append(t.Codes, Code{Name: strings.TrimSpace(code), Text: strings.TrimSpace(meaning), Do: strings.TrimSpace(do)})
		}
		if len(t.Codes) > 0 {
			out = append(out, t)
		}
	}
	return out
}

// plain takes the marks of emphasis and code out.
func plain(s string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("*Do:*", "Do:", "`", "", "**", "").Replace(s)), " ")
}

// Handler serves the page.
func Handler(r *ui.Renderer, page string) http.Handler {
	topics := Parse(page)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.Render(w, req, ui.Page{Name: "reference/errors", Title: r.Language("").T("reference.title"), View: topics})
	})
}
