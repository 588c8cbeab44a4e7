package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed flint.css icon.svg layout.html
var own embed.FS

// Part is a package's share of the pages: templates (*.html) and assets (*.css, *.js, *.svg) in the
// root of Files. A template file whose name begins with "_" holds partials that every page of the part
// can use; any other file is a page and defines "body".
type Part struct {
	Name  string // prefix of its pages: "checkout" gives "checkout/payment"
	Files fs.FS
}

// Config is what a Renderer needs to know about its surroundings.
type Config struct {
	Log       *slog.Logger
	Languages []Language // the first is the fallback
	HTTPS     bool       // the public address of this installation is https
}

// Renderer writes pages. Templates are parsed once, for every language. Safe for concurrent use.
type Renderer struct {
	config Config
	assets *Assets
	pages  map[string]map[string]*template.Template // language tag, then page
}

// Page is one response.
type Page struct {
	Name   string // "checkout/payment"
	Status int    // HTTP status; 0 means 200
	Title  string // of the document
	View   any    // what the template shows
	Lang   string // language tag; the fallback when there are no texts for it
	Script string // file name of the page's script; none when empty
	Class  string // of the body
	Brand  Brand
	Policy Policy // Nonce and HTTPS are filled in
	Frame  *Frame // set when the page goes into a frame of another site's page
}

// Frame is what a page inside a frame of another site's page tells the page around it, by the script
// embed.js of the part that renders it.
type Frame struct {
	Parent   string // exact origin of the page around it
	Kind     string // what the page shows, beyond its name
	Code     string // why a payment failed
	Minor    int64  // amount to pay, minor units
	Currency string
}

// document is what the layout sees.
type document struct {
	Lang, Dir, Title, Class, Page string
	Nonce                         string
	Style, Icon, Script           Asset
	HasScript                     bool
	Frame                         *Frame
	FrameScript                   Asset
	Brand                         template.CSS
	View                          any
}

// New parses the templates of all parts. An error names the template that does not parse.
func New(config Config, parts ...Part) (*Renderer, error) {
	r := &Renderer{config: config, assets: newAssets(), pages: map[string]map[string]*template.Template{}}
	for _, name := range []string{"flint.css", "icon.svg"} {
		content, err := own.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read asset %s: %w", name, err)
		}
		if err := r.assets.add(name, content); err != nil {
			return nil, err
		}
	}
	for _, part := range parts {
		if err := r.addAssets(part); err != nil {
			return nil, err
		}
	}
	for _, lang := range config.Languages {
		pages := map[string]*template.Template{}
		for _, part := range parts {
			if err := parsePart(pages, lang, part); err != nil {
				return nil, fmt.Errorf("parse the pages of %s: %w", part.Name, err)
			}
		}
		r.pages[lang.Tag] = pages
	}
	return r, nil
}

func (r *Renderer) addAssets(part Part) error {
	names, err := fs.Glob(part.Files, "*")
	if err != nil {
		return fmt.Errorf("list the files of %s: %w", part.Name, err)
	}
	for _, name := range names {
		if _, isAsset := assetTypes[path.Ext(name)]; !isAsset {
			continue
		}
		content, err := fs.ReadFile(part.Files, name)
		if err != nil {
			return fmt.Errorf("read asset %s: %w", name, err)
		}
		if err := r.assets.add(name, content); err != nil {
			return err
		}
	}
	return nil
}

func parsePart(pages map[string]*template.Template, lang Language, part Part) error {
	base, err := template.New("layout.html").Funcs(lang.funcs()).ParseFS(own, "layout.html")
	if err != nil {
		return err
	}
	files, err := fs.Glob(part.Files, "*.html")
	if err != nil {
		return err
	}
	if partials, _ := fs.Glob(part.Files, "_*.html"); len(partials) > 0 {
		if base, err = base.ParseFS(part.Files, partials...); err != nil {
			return err
		}
	}
	for _, file := range files {
		if strings.HasPrefix(file, "_") {
			continue
		}
		clone, err := base.Clone()
		if err != nil {
			return err
		}
		if clone, err = clone.ParseFS(part.Files, file); err != nil {
			return err
		}
		pages[part.Name+"/"+strings.TrimSuffix(file, ".html")] = clone
	}
	return nil
}

// Assets is the handler for "GET /assets/".
func (r *Renderer) Assets() *Assets { return r.assets }

// Language returns the texts for a tag, or the fallback's.
func (r *Renderer) Language(tag string) Language {
	for _, l := range r.config.Languages {
		if strings.EqualFold(l.Tag, tag) {
			return l
		}
	}
	return r.config.Languages[0]
}

// Render writes the page with its security headers. The header Flint-Page carries the page's name, by
// which a waiting page's script sees that the state has changed. A page that fails to render is logged
// and answered with a plain 500; nothing of it is sent.
func (r *Renderer) Render(w http.ResponseWriter, req *http.Request, p Page) {
	var body bytes.Buffer
	lang := r.Language(p.Lang)
	p.Policy.Nonce, p.Policy.HTTPS = rand.Text(), r.config.HTTPS
	if err := r.write(&body, lang, p); err != nil {
		r.config.Log.ErrorContext(req.Context(), "page does not render", "page", p.Name, "error", err)
		http.Error(w, lang.T("error.page"), http.StatusInternalServerError)
		return
	}
	SecureHeaders(w, p.Policy)
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", lang.Tag)
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept-Encoding")
	h.Set("Flint-Page", p.Name)
	if acceptsGzip(req) {
		var zipped bytes.Buffer
		zw := gzip.NewWriter(&zipped)
		_, _ = zw.Write(body.Bytes()) // writing to memory does not fail
		_ = zw.Close()
		body = zipped
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(max(p.Status, http.StatusOK))
	if req.Method != http.MethodHead {
		_, _ = w.Write(body.Bytes()) // a reader that went away is no fault of ours
	}
}

func (r *Renderer) write(out *bytes.Buffer, lang Language, p Page) error {
	page, ok := r.pages[lang.Tag][p.Name]
	if !ok {
		return fmt.Errorf("ui: no page %q", p.Name)
	}
	doc := document{
		Lang: lang.Tag, Dir: lang.dir(), Title: p.Title, Class: p.Class, Page: p.Name,
		Nonce: p.Policy.Nonce, Brand: p.Brand.css(), View: p.View,
		Style: r.assets.byName["flint.css"], Icon: r.assets.byName["icon.svg"],
	}
	if p.Script != "" {
		if doc.Script, doc.HasScript = r.assets.Get(p.Script); !doc.HasScript {
			return fmt.Errorf("ui: no script %q", p.Script)
		}
	}
	if p.Frame != nil {
		var ok bool
		if doc.FrameScript, ok = r.assets.Get("embed.js"); !ok {
			return errors.New("ui: no script for pages in frames")
		}
		doc.Frame = p.Frame
	}
	return page.ExecuteTemplate(out, "layout", doc)
}
