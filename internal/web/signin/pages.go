package signin

import (
	"embed"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"flint/internal/web/ui"
)

//go:embed *.html *.js
var files embed.FS

// Part is this package's templates and scripts, for ui.New.
func Part() ui.Part { return ui.Part{Name: "signin", Files: files} }

// Ask is the sign-in form.
type Ask struct {
	Return string // page of ours to come back to; the page asked for when empty
	For    string // what the visitor signs in for: an app's name; may be empty
	Email  string // typed before, or whose session is confirmed
	Again  bool   // the visitor is signed in and proves once more that it is them
	Error  string // text key
	Wait   time.Duration
	Status int
}

type askPage struct {
	Ask
	To       string // sealed
	Codes    bool
	Passkeys bool
	WaitText string
}

// SignIn shows the sign-in form.
func (g *Gate) SignIn(w http.ResponseWriter, r *http.Request, a Ask) {
	if a.Return == "" {
		a.Return = r.URL.RequestURI()
	}
	page := askPage{Ask: a, To: g.seal(a.Return), Codes: g.Auth.SendCode != nil, Passkeys: g.passkeys.Offered(), WaitText: waiting(a.Wait)}
	if a.Wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((a.Wait+time.Second-1)/time.Second)))
		a.Status = http.StatusTooManyRequests
	}
	g.render(w, r, ui.Page{Name: "signin/sign_in", Title: g.text("signin.title"), View: page, Status: a.Status, Script: "passkey.js"})
}

// waiting says a time to wait in words, empty for none.
func waiting(d time.Duration) string {
	switch {
	case d <= 0:
		return ""
	case d <= time.Minute:
		return fmt.Sprintf("%d seconds", int((d+time.Second-1)/time.Second))
	}
	return fmt.Sprintf("%d minutes", int((d+time.Minute-1)/time.Minute))
}

// Problem is a page that explains and offers one way on. Title and Text are texts or keys.
type Problem struct {
	Title  string
	Text   string
	Detail string // what a developer needs to know, shown apart
	Back   string // page of ours; none when empty
	Go     string // text or key of the way back
}

// Problem shows a page that explains what is wrong.
func (g *Gate) Problem(w http.ResponseWriter, r *http.Request, status int, p Problem) {
	if p.Go == "" {
		p.Go = "problem.back"
	}
	g.render(w, r, ui.Page{Name: "signin/problem", Title: g.text(p.Title), View: p, Status: status})
}

// Stale answers a form whose token is not the one it needs.
func (g *Gate) Stale(w http.ResponseWriter, r *http.Request, back string) {
	g.Problem(w, r, http.StatusForbidden, Problem{Title: "problem.stale", Text: "problem.stale.text", Back: back, Go: "problem.stale.go"})
}

// Missing answers for what is not there, or not the visitor's.
func (g *Gate) Missing(w http.ResponseWriter, r *http.Request, back string) {
	g.Problem(w, r, http.StatusNotFound, Problem{Title: "problem.missing", Text: "problem.missing.text", Back: back})
}

// Broken answers an error that the visitor can do nothing about.
func (g *Gate) Broken(w http.ResponseWriter, r *http.Request, err error) {
	g.Log.ErrorContext(r.Context(), "a page failed", "page", r.Pattern, "error", err)
	g.Problem(w, r, http.StatusInternalServerError, Problem{Title: "problem.broken", Text: "problem.broken.text"})
}

func (g *Gate) text(key string) string { return g.UI.Language("").T(key) }

func (g *Gate) render(w http.ResponseWriter, r *http.Request, p ui.Page) { g.UI.Render(w, r, p) }
