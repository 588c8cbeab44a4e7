package devenv

import (
	"io"
	"net/http"
	"net/http/pprof"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/clock"
	"flint/internal/payment"
	"flint/internal/processor/simulator"
	"flint/internal/server"
	"flint/internal/tenant"
	"flint/internal/web/devhome"
)

// Environment serves the development routes.
type Environment struct {
	Server *server.Server
	Clock  *clock.Settable
	Facts  *Facts
}

// maxBody bounds what a development route reads.
const maxBody = 64 << 10

// Routes adds the development routes. They change the environment, so a page of another origin may
// not send their forms.
func (e *Environment) Routes(mux *http.ServeMux) {
	guard := http.NewCrossOriginProtection()
	handle := func(pattern string, f http.HandlerFunc) { mux.Handle(pattern, guard.Handler(f)) }
	handle("GET /{$}", e.home)
	handle("GET /dev/clock", e.showClock)
	handle("POST /dev/clock", e.moveClock)
	handle("GET /dev/simulator/faults", e.showFaults)
	handle("PUT /dev/simulator/faults", e.setFaults)
	handle("POST /dev/simulator/faults", e.formFaults)
	handle("GET /dev/simulator/books", e.books)
	handle("GET /dev/simulator/disputes", e.listDisputes)
	handle("POST /dev/simulator/disputes", e.openDispute)
	handle("POST /dev/simulator/disputes/{ref}", e.moveDispute)
	handle("GET /debug/pprof/", pprof.Index)
	handle("GET /debug/pprof/profile", pprof.Profile)
	handle("GET "+callbackPath, e.callback)
	handle("GET /dev/mail", e.mails)
	handle("GET /dev/mailbox", e.mailbox)
	handle("GET /dev/mailbox/{id}", e.mailPage)
	handle("GET /dev/mailbox/{id}/view", e.mailHTML)
	handle("GET /dev/mailbox/{id}/files/{n}", e.mailFile)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.MarshalWrite(w, v, json.Deterministic(true)) // a caller who has gone cannot be told
}

type problem struct {
	Error string `json:"error"`
}

func refuse(w http.ResponseWriter, status int, message string) {
	answer(w, status, problem{message})
}

type clockFacts struct {
	Now           time.Time `json:"now"`
	OffsetSeconds int64     `json:"offset_seconds"`
}

func (e *Environment) showClock(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, clockFacts{e.Clock.Now(), int64(e.Clock.Offset() / time.Second)})
}

// moveClock takes {"advance_seconds": n} or the form of the developer home.
func (e *Environment) moveClock(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Seconds int64 `json:"advance_seconds"`
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	form := isForm(r)
	if form {
		in.Seconds, _ = strconv.ParseInt(r.FormValue("advance_seconds"), 10, 64)
	} else if err := json.UnmarshalRead(r.Body, &in, json.RejectUnknownMembers(true)); err != nil {
		refuse(w, http.StatusBadRequest, `Send {"advance_seconds": n}.`)
		return
	}
	const most = 10 * 365 * 24 * 3600
	if in.Seconds < 1 || in.Seconds > most {
		refuse(w, http.StatusBadRequest, "advance_seconds lies between 1 and ten years; the clock only moves forward.")
		return
	}
	if err := advance(e.Server.DataDir, e.Clock, time.Duration(in.Seconds)*time.Second); err != nil {
		e.Server.Log.Error("the clock was not moved", "error", err)
		refuse(w, http.StatusInternalServerError, "The clock could not be moved.")
		return
	}
	if form {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	e.showClock(w, r)
}

func isForm(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}

func (e *Environment) showFaults(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, e.Server.Simulator.Faults())
}

func (e *Environment) setFaults(w http.ResponseWriter, r *http.Request) {
	var f simulator.Faults
	if err := json.UnmarshalRead(io.LimitReader(r.Body, maxBody), &f, json.RejectUnknownMembers(true)); err != nil {
		refuse(w, http.StatusBadRequest, "This is not the faults document; read it with GET and send it changed.")
		return
	}
	if err := e.Server.Simulator.SetFaults(f); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	e.showFaults(w, r)
}

// switches are the operations that the developer home offers faults for.
var switches = []struct {
	kind payment.Kind
	name string
}{
	{payment.KindSale, "Payment"}, {payment.KindAuthorize, "Authorization"}, {payment.KindCapture, "Capture"},
	{payment.KindVoid, "Cancellation"}, {payment.KindRefund, "Refund"},
}

func (e *Environment) formFaults(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	f := simulator.Faults{Operations: map[payment.Kind]simulator.Fault{}}
	if r.FormValue("clear") == "" {
		always := func(name string) simulator.Chance {
			if r.FormValue(name) != "" {
				return simulator.Chance{Percent: 100}
			}
			return simulator.Chance{}
		}
		for _, sw := range switches {
			at := string(sw.kind) + "."
			delay, _ := strconv.Atoi(r.FormValue(at + "delay_ms"))
			f.Operations[sw.kind] = simulator.Fault{
				DelayMS: delay, Duplicate: always(at + "duplicate"), Reorder: always(at + "reorder"), Drop: always(at + "drop"),
				TimeoutAfter: always(at + "timeout"),
			}
		}
	}
	if err := e.Server.Simulator.SetFaults(f); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	http.Redirect(w, r, "/#faults", http.StatusSeeOther)
}

// books are the simulator's own ledger of one environment, the demo sandbox unless ?environment_id=
// and ?merchant_id= name another.
func (e *Environment) books(w http.ResponseWriter, r *http.Request) {
	books, err := e.Server.Simulator.Books(r.Context(), e.scope(r))
	if err != nil {
		e.Server.Log.Error("the simulator's books were not read", "error", err)
		refuse(w, http.StatusInternalServerError, "The books could not be read.")
		return
	}
	answer(w, http.StatusOK, books)
}

// scope is the demo sandbox unless ?environment_id= and ?merchant_id= name another.
func (e *Environment) scope(r *http.Request) tenant.Scope {
	scope := tenant.Scope{MerchantID: e.Facts.MerchantID, EnvironmentID: e.Facts.SandboxID}
	if v := r.URL.Query().Get("environment_id"); v != "" {
		scope.EnvironmentID = v
	}
	if v := r.URL.Query().Get("merchant_id"); v != "" {
		scope.MerchantID = v
	}
	return scope
}

func (e *Environment) home(w http.ResponseWriter, r *http.Request) {
	s, f := e.Server, e.Facts
	faults := s.Simulator.Faults()
	v := devhome.Home{
		Version: s.Version, Engine: map[string]string{"sqlite": "SQLite", "postgres": "PostgreSQL"}[string(s.DB.Engine())],
		Address: s.BaseURL, Data: s.DataDir, APIVersion: s.APIVersion(),
		Keys: []devhome.Key{
			{Name: "Test API key", Value: f.APIKey, Note: "All scopes, bound to sandbox " + f.SandboxID + "."},
			{Name: "Live API key", Value: f.LiveAPIKey, Note: "All scopes. In development, live money is simulated too."},
			{Name: "Another merchant's test key", Value: f.OtherMerchant.APIKey, Note: "To see that nothing crosses over."},
		},
		Links: []devhome.Link{
			{Name: "Pay the demo order", URL: f.Demo.CheckoutURL, Note: "Hosted checkout with a waiting order. Card 4242 4242 4242 4242 pays."},
			{Name: "Your apps and account", URL: "/apps", Note: "What is installed, limits, passkeys, sessions."},
			{Name: "API description", URL: "/v1/openapi.json", Note: "OpenAPI 3.1."},
			{Name: "Metrics", URL: s.MetricsURL(), Note: "For Prometheus, on a listener of its own."},
			{Name: "Books of the simulator", URL: "/dev/simulator/books", Note: "What the processor believes, to compare with Flint's."},
		},
		Install: devhome.Install{URL: f.App.InstallURL, Email: f.User.Email, Password: f.User.Password},
		Steps:   devhome.QuickStart(s.BaseURL, f.APIKey),
		Clock:   devhome.Clock{Now: e.Clock.Now().Format("2 Jan 2006, 15:04:05 UTC"), Ahead: ahead(e.Clock.Offset())},
	}
	if found, err := e.read(r, 100); err == nil {
		v.Mails = len(found)
	}
	for _, sw := range switches {
		op := faults.Operations[sw.kind]
		v.Faults = append(v.Faults, devhome.Fault{
			Operation: string(sw.kind), Name: sw.name, DelayMS: op.DelayMS, Duplicate: op.Duplicate.Percent > 0,
			Reorder: op.Reorder.Percent > 0, Drop: op.Drop.Percent > 0, Timeout: op.TimeoutAfter.Percent > 0,
		})
	}
	s.Home.RenderHome(w, r, v)
}

// ahead says a distance in days and hours, empty for none.
func ahead(d time.Duration) string {
	var parts []string
	for _, u := range []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		n := int(d / u.of)
		d -= time.Duration(n) * u.of
		switch {
		case n == 1:
			parts = append(parts, "1 "+u.name)
		case n > 1:
			parts = append(parts, strconv.Itoa(n)+" "+u.name+"s")
		}
	}
	return strings.Join(parts, " ")
}
