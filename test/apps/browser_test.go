package apps

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// browser keeps cookies, follows links and sends forms. It runs no scripts.
type browser struct {
	t      testing.TB
	client *http.Client
	at     *url.URL
	status int
	doc    *html.Node
}

func newBrowser(t testing.TB) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, client: &http.Client{Jar: jar, Timeout: 20 * time.Second}}
}

// open visits an address, absolute or from where the browser is.
func (b *browser) open(address string) {
	b.t.Helper()
	b.do(http.MethodGet, b.resolve(address), nil)
}

func (b *browser) resolve(address string) string {
	b.t.Helper()
	to, err := url.Parse(address)
	if err != nil {
		b.t.Fatal(err)
	}
	if b.at != nil {
		to = b.at.ResolveReference(to)
	}
	return to.String()
}

func (b *browser) do(method, address string, form url.Values) {
	b.t.Helper()
	var req *http.Request
	var err error
	if method == http.MethodPost {
		req, err = http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(form.Encode()))
	} else {
		req, err = http.NewRequestWithContext(b.t.Context(), method, address, http.NoBody)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if b.at != nil { // as browsers do
			req.Header.Set("Origin", b.at.Scheme+"://"+b.at.Host)
			req.Header.Set("Sec-Fetch-Site", "same-origin")
		}
	}
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, address, err)
	}
	defer func() { _ = res.Body.Close() }()
	if b.doc, err = html.Parse(res.Body); err != nil {
		b.t.Fatalf("read the page at %s: %v", address, err)
	}
	b.at, b.status = res.Request.URL, res.StatusCode
}

// text is what the page says, without scripts and styles.
func (b *browser) text() string { return textOf(b.doc) }

func textOf(n *html.Node) string {
	var out []string
	walk(n, func(n *html.Node) bool {
		if n.Type == html.TextNode {
			out = append(out, strings.TrimSpace(n.Data))
		}
		return n.Data != "script" && n.Data != "style"
	})
	return strings.Join(strings.Fields(strings.Join(out, " ")), " ")
}

// form is a form of the page with what it would send if nobody touched it.
type form struct {
	action, method string
	values         url.Values
	kinds          map[string]string // type of each field, by name
	buttons        []button
}

type button struct{ text, name, value, action string }

func (b *browser) forms() []form {
	var out []form
	walk(b.doc, func(n *html.Node) bool {
		if n.Type == html.ElementNode && n.Data == "form" {
			out = append(out, readForm(n))
		}
		return true
	})
	return out
}

func readForm(n *html.Node) form {
	f := form{action: attr(n, "action"), method: strings.ToUpper(attr(n, "method")), values: url.Values{}, kinds: map[string]string{}}
	walk(n, func(n *html.Node) bool {
		name, kind := attr(n, "name"), attr(n, "type")
		switch {
		case n.Type != html.ElementNode || has(n, "disabled"):
		case n.Data == "button" && kind != "button":
			f.buttons = append(f.buttons, button{textOf(n), name, attr(n, "value"), attr(n, "formaction")})
		case n.Data == "input" && name != "":
			f.kinds[name] = kind
			if (kind != "checkbox" && kind != "radio") || has(n, "checked") {
				f.values.Add(name, valueOf(n, kind))
			}
		case n.Data == "select" && name != "":
			f.kinds[name] = "select"
			f.values.Set(name, chosen(n))
		}
		return true
	})
	return f
}

func valueOf(n *html.Node, kind string) string {
	if v := attr(n, "value"); v != "" || kind != "checkbox" {
		return v
	}
	return "on"
}

// chosen is the selected option, else the first.
func chosen(n *html.Node) string {
	first, selected := "", ""
	walk(n, func(o *html.Node) bool {
		if o.Data == "option" {
			if first == "" {
				first = attr(o, "value")
			}
			if has(o, "selected") {
				selected = attr(o, "value")
			}
		}
		return true
	})
	if selected != "" {
		return selected
	}
	return first
}

// press sends a form with its button, after values were filled in.
func (b *browser) press(f form, with button) {
	b.t.Helper()
	action := f.action
	if with.action != "" {
		action = with.action
	}
	if with.name != "" {
		f.values.Set(with.name, with.value)
	}
	if f.method == http.MethodPost {
		b.do(http.MethodPost, b.resolve(action), f.values)
		return
	}
	b.do(http.MethodGet, b.resolve(action)+"?"+f.values.Encode(), nil)
}

// formWith finds the form that has the field.
func (b *browser) formWith(field string) (form, bool) {
	for _, f := range b.forms() {
		if _, ok := f.kinds[field]; ok {
			return f, true
		}
	}
	return form{}, false
}

// describe is for messages of tests that do not find what they look for.
func (b *browser) describe() string {
	out := fmt.Sprintf("%d at %s: %s", b.status, b.at, b.text())
	for _, f := range b.forms() {
		out += fmt.Sprintf("\n  form %s %s %v %v", f.method, f.action, f.kinds, f.buttons)
	}
	return out
}

// walk visits nodes until visit says not to go deeper.
func walk(n *html.Node, visit func(*html.Node) bool) {
	if !visit(n) {
		return
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		walk(c, visit)
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}
