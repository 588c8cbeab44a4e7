package main

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
)

//go:embed home.html
var homeText string

//go:embed buyer.html
var buyerText string

var (
	homePage  = template.Must(template.New("home").Parse(homeText))
	buyerPage = template.Must(template.New("buyer").Parse(buyerText))
)

// page is what home.html shows.
type page struct {
	Name    string
	Problem string
	Origin  string        // of this app
	Install *installation // nil for a visitor who has not installed the app
	Claims  []claim
	Ended   []ended // events that could not be handled
}

// pages adds the app's own pages.
func (a *app) pages(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("POST /decide", a.merchantDecides)
	mux.HandleFunc("GET /photos/{return}/{n}", a.photo)
	mux.HandleFunc("GET /b/{key}", a.buyer)
	mux.HandleFunc("POST /b/{key}/photos", a.buyerActs(a.takePhotos))
	mux.HandleFunc("POST /b/{key}/choose", a.buyerActs(a.choose))
	mux.HandleFunc("POST /b/{key}/pay", a.buyerActs(a.pay))
}

// origin is where this app's pages are.
func (a *app) origin() string {
	u, err := url.Parse(a.config.RedirectURI)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

func (a *app) home(w http.ResponseWriter, r *http.Request) {
	p := page{Name: appName, Origin: a.origin()}
	if in, known := a.visitor(r); known {
		p.Install = &in
		if err := a.catchUp(r.Context(), in.Grant); err != nil {
			slog.Warn("the feed was not read", "error", err) // the next event does it
		}
		a.store.read(func(s *contents) {
			p.Ended = s.endedAt(in.Grant)
			for _, c := range s.Data.Cases[in.Grant] {
				p.Claims = append(p.Claims, *c)
			}
		})
	}
	a.show(w, http.StatusOK, homePage, p)
}

// merchantDecides answers the buttons beside photos.
func (a *app) merchantDecides(w http.ResponseWriter, r *http.Request) {
	in, known := a.visitor(r)
	if !known {
		a.problem(w, http.StatusForbidden, "Install the app first.")
		return
	}
	ctx, id, verdict := r.Context(), r.PostFormValue("return"), r.PostFormValue("verdict")
	g, err := a.goods(ctx, in.Grant, id)
	if err == nil && verdict == "approved" {
		err = a.approve(ctx, in.Grant, g, terms{back: true, inspected: true, timing: "after_inspection"})
	} else if err == nil {
		verdict, err = "declined", a.decline(ctx, in.Grant, g)
	}
	if err == nil {
		err = a.remember(in.Grant, id, func(c *claim) { c.Verdict = verdict })
	}
	a.leave(w, r, "/", err)
}

// remember changes what is kept of a return.
func (a *app) remember(grant, returnID string, change func(*claim)) error {
	return a.store.update(func(s *contents) error { change(s.Data.note(grant, returnID)); return nil })
}

// photo shows a photo to the merchant.
func (a *app) photo(w http.ResponseWriter, r *http.Request) {
	in, known := a.visitor(r)
	n, err := strconv.Atoi(r.PathValue("n"))
	var kept *claim
	a.store.read(func(s *contents) { kept = s.Data.claim(in.Grant, r.PathValue("return")) })
	if !known || err != nil || kept == nil || n < 0 || n >= kept.Photos {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.ServeFile(w, r, a.photoFile(kept.ID, n))
}

func (a *app) photoFile(returnID string, n int) string {
	return filepath.Join(filepath.Dir(a.config.StoreFile), fmt.Sprintf("photo-%s-%d", filepath.Base(returnID), n))
}

// whose finds the return of a buyer's page. Whoever knows the address may do what the buyer may, nothing else.
func (a *app) whose(key string) (grant string, found *claim) {
	a.store.read(func(s *contents) {
		for g, claims := range s.Data.Cases {
			for _, c := range claims {
				if c.Key == key {
					kept := *c
					grant, found = g, &kept
				}
			}
		}
	})
	return grant, found
}

// choice is something that the buyer can have for the goods.
type choice struct {
	Handle, Text string
	Hash         string // of the amounts that are shown
}

func (a *app) buyer(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	grant, kept := a.whose(r.PathValue("key"))
	if kept == nil {
		http.NotFound(w, r)
		return
	}
	g, err := a.goods(ctx, grant, kept.ID)
	if err != nil {
		a.leave(w, r, "", err)
		return
	}
	view := struct {
		Claim   *claim
		Status  string
		Choices []choice
		Pay     string // the difference, empty for none
	}{Claim: kept, Status: g.Status}
	view.Choices, err = a.choices(ctx, grant, g)
	if x, owed := a.owed(ctx, grant, kept.ID); owed {
		view.Pay = price(x.Payment)
	}
	if err != nil {
		a.leave(w, r, "", err)
		return
	}
	a.show(w, http.StatusOK, buyerPage, view)
}

// choices are shown as long as nothing was chosen.
func (a *app) choices(ctx context.Context, grant string, g *goods) (all []choice, err error) {
	if g.Status != "open" || len(g.units()) == 0 {
		return nil, nil
	}
	q, err := a.preview(ctx, grant, g, nil)
	if err != nil {
		return nil, err
	}
	all = append(all, choice{"refund", "Get " + price(q.Refund) + " back", q.Hash})
	for _, o := range offers {
		q, err := a.preview(ctx, grant, g, &o)
		if err != nil {
			return nil, err
		}
		text := o.Name + " instead"
		switch {
		case q.Payment.Amount > 0:
			text += ", and pay " + price(q.Payment)
		case q.Refund.Amount > 0:
			text += ", and get " + price(q.Refund) + " back"
		}
		all = append(all, choice{o.Handle, text, q.Hash})
	}
	return all, nil
}

// owed is the exchange whose difference the buyer has to pay.
func (a *app) owed(ctx context.Context, grant, returnID string) (resolution, bool) {
	all, err := a.resolutions(ctx, grant, returnID)
	if err != nil {
		slog.Warn("resolutions were not read", "return", returnID, "error", err)
	}
	for _, x := range all {
		if x.Waits == "buyer_payment" {
			return x, true
		}
	}
	return resolution{}, false
}

// buyerActs answers a form of the buyer's page.
func (a *app) buyerActs(act func(r *http.Request, grant string, kept *claim) (next string, err error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 8<<20)
		grant, kept := a.whose(r.PathValue("key"))
		if kept == nil {
			http.NotFound(w, r)
			return
		}
		next, err := act(r, grant, kept)
		if next == "" {
			next = "/b/" + kept.Key
		}
		a.leave(w, r, next, err)
	}
}

// takePhotos keeps one to three pictures and marks the return.
func (a *app) takePhotos(r *http.Request, grant string, kept *claim) (string, error) {
	if err := r.ParseMultipartForm(8 << 20); err != nil || kept.Verdict != "asked" {
		return "", errPhotos
	}
	files := r.MultipartForm.File["photo"]
	if len(files) == 0 || len(files) > 3 {
		return "", errPhotos
	}
	for n, header := range files {
		f, err := header.Open()
		if err != nil {
			return "", err
		}
		raw, err := io.ReadAll(f)
		if kind := http.DetectContentType(raw); kind != "image/png" && kind != "image/jpeg" {
			err = errPhotos
		}
		if err = errors.Join(err, f.Close()); err == nil {
			err = os.WriteFile(a.photoFile(kept.ID, n), raw, 0o600)
		}
		if err != nil {
			return "", err
		}
	}
	g, err := a.goods(r.Context(), grant, kept.ID)
	if err == nil {
		err = a.mark(r.Context(), grant, g, "sent", map[string]string{"fair_return": "photos sent"})
	}
	if err != nil {
		return "", err
	}
	return "", a.remember(grant, kept.ID, func(c *claim) { c.Photos, c.Verdict = len(files), "sent" })
}

var errPhotos = errors.New("send one to three photos, as JPEG or PNG, of 8 MB in all")

// choose carries out what the buyer chose, at the amounts that the page showed.
func (a *app) choose(r *http.Request, grant string, kept *claim) (string, error) {
	g, err := a.goods(r.Context(), grant, kept.ID)
	if err != nil {
		return "", err
	}
	var instead *offer
	for _, o := range offers {
		if o.Handle == r.PostFormValue("choice") {
			instead = &o
		}
	}
	return "", a.resolve(r.Context(), grant, g, instead, r.PostFormValue("hash"))
}

// pay sends the buyer to the hosted checkout of the difference. The same page opens as long as it lives.
func (a *app) pay(r *http.Request, grant string, kept *claim) (string, error) {
	x, owed := a.owed(r.Context(), grant, kept.ID)
	if !owed {
		return "", nil
	}
	return a.checkout(r.Context(), grant, x.ID, rand.Text())
}

// price shows an amount of a currency with two digits, as the offers of this app are.
func price(m money) string { return fmt.Sprintf("%s %d.%02d", m.Currency, m.Amount/100, m.Amount%100) }

// leave goes on to another page, or says what went wrong.
func (a *app) leave(w http.ResponseWriter, r *http.Request, next string, err error) {
	refused, ok := errors.AsType[*apiError](err)
	switch {
	case ok:
		a.problem(w, http.StatusConflict, "Flint refused it: "+refused.Message+" ("+refused.Code+")")
	case errors.Is(err, errRemoved):
		a.problem(w, http.StatusForbidden, "The app was removed. Install it again to go on.")
	case errors.Is(err, errPhotos):
		a.problem(w, http.StatusBadRequest, "Please "+errPhotos.Error()+".")
	case err != nil:
		slog.Error("it was not done", "path", r.URL.Path, "error", err)
		a.problem(w, http.StatusBadGateway, "Flint could not be reached. Nothing is lost: try again.")
	default:
		http.Redirect(w, r, next, http.StatusSeeOther)
	}
}

// problem tells the visitor what went wrong.
func (a *app) problem(w http.ResponseWriter, status int, text string) {
	a.show(w, status, homePage, page{Name: appName, Problem: text})
}

// show writes a page. Its forms lead to pages of this app, which lead on to Flint.
func (a *app) show(w http.ResponseWriter, status int, t *template.Template, view any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'self' "+a.config.BaseURL+"; frame-ancestors 'none'")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	if err := t.Execute(w, view); err != nil {
		slog.Error("the page was not written", "error", err)
	}
}
