// Command shop is the smallest shop that takes money with Flint, in both ways that a page can: it sends the
// buyer to the hosted checkout, or embeds the checkout in its own page. The server holds the key; the
// browser only ever gets the credential of one session. main.go is all of it, beside its pages.
package main

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"flag"
	"html/template"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	flint "flint/sdk"
)

//go:embed *.html
var pages embed.FS

// shop is what the handlers share.
type shop struct {
	client *flint.Client
	flint  string // address of the installation, for flint.js
	origin string // of this shop, where its checkouts may be embedded
	page   *template.Template
}

func main() {
	data := flag.String("data", "../../data", "data folder of flint dev, whose dev.json names the address and a key")
	addr := flag.String("addr", "localhost:3000", "where the shop listens")
	flag.Parse()
	if err := run(*data, *addr); err != nil {
		log.Fatal(err)
	}
}

func run(data, addr string) error {
	base, key := os.Getenv("FLINT_URL"), os.Getenv("FLINT_API_KEY")
	if base == "" || key == "" {
		raw, err := os.ReadFile(filepath.Join(data, "dev.json"))
		if err != nil {
			return errors.New("set FLINT_URL and FLINT_API_KEY, or start flint dev and name its --data")
		}
		var facts struct {
			BaseURL string `json:"base_url"`
			APIKey  string `json:"api_key"`
		}
		if err := json.Unmarshal(raw, &facts); err != nil {
			return err
		}
		base, key = facts.BaseURL, facts.APIKey
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	page, err := template.ParseFS(pages, "*.html")
	if err != nil {
		return err
	}
	s := &shop{client: flint.New(base, key), flint: base, origin: "http://" + addr, page: page}
	log.Printf("the shop is open at %s", s.origin)
	server := &http.Server{Handler: s.routes(), ReadHeaderTimeout: 5 * time.Second}
	return server.Serve(listener)
}

func (s *shop) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { s.show(w, "basket.html", nil) })
	mux.HandleFunc("POST /hosted", s.hosted)
	mux.HandleFunc("GET /embedded", s.embedded)
	mux.HandleFunc("GET /thanks", s.thanks)
	return http.NewCrossOriginProtection().Handler(mux)
}

// order is the basket: in a real shop its lines come from your own database, never from the browser.
func (s *shop) order(ctx context.Context) (*flint.Order, error) {
	return s.client.CreateOrder(ctx, &flint.CreateOrderRequest{LineItems: []flint.CreateLineInput{
		{Name: new("Enamel mug"), Quantity: new(int64(2)), UnitPriceMoney: &flint.Money{Amount: 1450, Currency: "USD"}},
		{Name: new("Tea towel"), Quantity: new(int64(1)), UnitPriceMoney: &flint.Money{Amount: 900, Currency: "USD"}},
	}})
}

// hosted sends the buyer to Flint's own page.
func (s *shop) hosted(w http.ResponseWriter, r *http.Request) {
	order, err := s.order(r.Context())
	if err != nil {
		s.fail(w, err)
		return
	}
	launch, err := s.client.CheckoutSessionsCreate(r.Context(), &flint.CreateCheckoutSessionRequest{
		OrderID: &order.OrderID,
		Redirects: &flint.CheckoutRedirects{
			SuccessRedirectURL: new(s.origin + "/thanks?order=" + order.OrderID), CancelRedirectURL: new(s.origin + "/"),
		},
	})
	if err != nil {
		s.fail(w, err)
		return
	}
	http.Redirect(w, r, launch.CheckoutSession.URL, http.StatusSeeOther)
}

// embedded puts the checkout into a page of the shop.
func (s *shop) embedded(w http.ResponseWriter, r *http.Request) {
	order, err := s.order(r.Context())
	if err != nil {
		s.fail(w, err)
		return
	}
	launch, err := s.client.CheckoutSessionsCreate(r.Context(), &flint.CreateCheckoutSessionRequest{
		OrderID: &order.OrderID, Surface: new("embedded"), PageOrigin: new(s.origin),
		Redirects: &flint.CheckoutRedirects{SuccessRedirectURL: new(s.origin + "/thanks?order=" + order.OrderID)},
	})
	if err != nil {
		s.fail(w, err)
		return
	}
	s.show(w, "embedded.html", map[string]string{
		"Flint": s.flint, "Session": launch.CheckoutSession.CheckoutSessionID, "Token": launch.CheckoutAccess.CheckoutAuthToken, "Order": order.OrderID,
	})
}

// thanks reads the order: that a browser came here proves nothing.
func (s *shop) thanks(w http.ResponseWriter, r *http.Request) {
	order, err := s.client.GetOrder(r.Context(), r.FormValue("order"), nil)
	if flint.CodeOf(err) == "RESOURCE_NOT_FOUND" {
		http.NotFound(w, r)
		return
	}
	if err != nil {
		s.fail(w, err)
		return
	}
	s.show(w, "thanks.html", order)
}

func (s *shop) show(w http.ResponseWriter, name string, view any) {
	w.Header().Set("Cache-Control", "no-store") // pages hold credentials of checkouts
	if err := s.page.ExecuteTemplate(w, name, view); err != nil {
		log.Print(err)
	}
}

func (s *shop) fail(w http.ResponseWriter, err error) {
	log.Print(err)
	http.Error(w, "The checkout is not available just now. Please try again in a moment.", http.StatusBadGateway)
}
