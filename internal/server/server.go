package server

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/auth/buyer"
	"flint/internal/auth/oauth"
	"flint/internal/clock"
	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/db/migrations"
	"flint/internal/db/postgres"
	"flint/internal/db/sqlite"
	"flint/internal/egress"
	"flint/internal/event"
	"flint/internal/httpapi"
	"flint/internal/id"
	"flint/internal/idempotency"
	"flint/internal/invoice"
	"flint/internal/job"
	"flint/internal/ledger"
	"flint/internal/logo"
	"flint/internal/mail"
	"flint/internal/merchant"
	"flint/internal/notification"
	"flint/internal/observe"
	"flint/internal/onboarding"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/pdf"
	"flint/internal/processor/manual"
	"flint/internal/processor/simulator"
	"flint/internal/refund"
	"flint/internal/requestlog"
	"flint/internal/secret"
	"flint/internal/settings"
	"flint/internal/tax"
	"flint/internal/tenant"
	webaccount "flint/internal/web/account"
	webcheckout "flint/internal/web/checkout"
	"flint/internal/web/devhome"
	webinvoice "flint/internal/web/invoice"
	"flint/internal/web/mailing"
	weboauth "flint/internal/web/oauth"
	webpay "flint/internal/web/pay"
	webrecovery "flint/internal/web/recovery"
	"flint/internal/web/reference"
	"flint/internal/web/signin"
	"flint/internal/web/ui"
	"flint/internal/webhook"
)

// Server is a built installation. Its domains may be used before Run, by commands.
type Server struct {
	Config
	DB          db.DB
	IDs         *id.Source
	Box         *secret.Box
	Keys        *auth.Service
	Merchants   *merchant.Service
	Apps        *app.Service
	Services    *httpapi.Services
	Jobs        *job.Queue
	Simulator   *simulator.Simulator
	Webhooks    *webhook.Service
	Dispatcher  *webhook.Dispatcher
	Stream      *webhook.Stream
	Idempotency *idempotency.Store
	API         *httpapi.API
	Receipts    *notification.Service
	Settings    *settings.Service
	Invoices    *invoice.Service
	Paper       *pdf.Renderer
	logos       *logo.Service
	OAuth       *oauth.Service
	Buyers      *buyer.Service
	Requests    *requestlog.Log
	Setup       *onboarding.Service
	Metrics     *observe.Metrics
	UI          *ui.Renderer
	Home        *devhome.Pages

	listener     net.Listener
	stopping     chan struct{}
	fatal        chan error
	ticks        [5]chan struct{} // one for each loop that the clock wakes
	key          []byte
	observer     *observe.Observer
	tracing      *observe.Tracing
	checkout     *webcheckout.Handler
	account      *webaccount.Handler
	pay          *webpay.Handler
	gate         *signin.Gate
	pages        *weboauth.Handler
	invoicePages *webinvoice.Handler
	back         *webrecovery.Handler
	askThrottle  func(r *http.Request, what string) time.Duration

	metricsListener net.Listener
	restored        bool // from a backup, and not released yet
}

// Open migrates and opens the database and builds everything on it; nothing runs yet.
func Open(ctx context.Context, c Config) (*Server, error) {
	if c.Clock == nil {
		c.Clock = clock.System{}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Failpoints != nil && !c.Development {
		return nil, errors.New("failpoints are for development servers")
	}
	s := &Server{Config: c, stopping: make(chan struct{}), fatal: make(chan error, 1),
		IDs: id.NewSource(c.Clock)}
	for n := range s.ticks {
		s.ticks[n] = make(chan struct{}, 1)
	}
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) open(ctx context.Context) (err error) {
	c := s.Config
	if s.key, err = rootKey(c.DataDir); err != nil {
		return err
	}
	if s.Box, err = secret.NewBox(s.derive("seal")); err != nil {
		return err
	}
	if s.DB, err = openDatabase(ctx, c, func(err error) {
		select {
		case s.fatal <- err:
		default:
		}
	}); err != nil {
		return err
	}
	if c.Wrap != nil {
		s.DB = c.Wrap(s.DB)
	}
	if c.Addr != "" {
		if s.listener, err = net.Listen("tcp", c.Addr); err != nil {
			return fmt.Errorf("listen on %s: %w", c.Addr, err)
		}
	}
	if s.BaseURL == "" && s.listener != nil {
		s.BaseURL = "http://" + s.listener.Addr().String()
	}
	if err := errors.Join(s.listenMetrics(), s.observe(ctx)); err != nil {
		return err
	}
	s.restored = s.quarantined()
	s.build()
	if err := s.Settings.LoadNames(ctx, s.DB); err != nil {
		return err
	}
	if s.UI, err = ui.New(ui.Config{Log: c.Log, Languages: []ui.Language{ui.English()}, HTTPS: strings.HasPrefix(s.BaseURL, "https://")},
		webcheckout.Part(), devhome.Part(), reference.Part(), signin.Part(), weboauth.Part(), mailing.Part(), webaccount.Part(), webpay.Part(), webinvoice.Part(), webrecovery.Part()); err != nil {
		return fmt.Errorf("read the pages: %w", err)
	}
	s.Home = devhome.New(s.UI)
	s.checkout = webcheckout.NewHandler(webcheckout.Config{
		DB: s.DB, Clock: c.Clock, IDs: s.IDs, Log: c.Log, Box: s.Box, Checkouts: s.Services.Checkouts, Orders: s.Services.Orders,
		Payments: s.Services.Payments, Merchants: s.Merchants, Settings: s.Settings.Effective, Simulator: s.Simulator, Pages: webcheckout.New(s.UI), BaseURL: s.BaseURL, Here: s.Settings.Here,
		Part:     s.Invoices.PartOf,
		Throttle: s.pageThrottle(),
		Address:  clientAddress(s.Proxies),
		Mails:    c.Mail != nil || c.Development,
		Agree:    s.Services.Recovery.Agree,
		Reminders: func(tx db.Tx, scope tenant.Scope, orderID string) (webcheckout.Reminders, error) {
			asks, err := s.Services.Recovery.Asks(tx, scope, orderID)
			return webcheckout.Reminders(asks), err
		},
	})
	s.back = webrecovery.NewHandler(webrecovery.Config{
		DB: s.DB, Log: c.Log, Recovery: s.Services.Recovery, Payments: s.Services.Payments, Merchants: s.Merchants, UI: s.UI, BaseURL: s.BaseURL,
		Enter: s.checkout.Enter, Throttle: s.pageThrottle(),
	})
	s.askThrottle = s.pageThrottle()
	s.buildAccount()
	s.buildPay()
	s.invoicePages = s.hostedInvoices()
	return s.buildPages()
}

// derive makes a key of its own for each purpose out of the root key.
func (s *Server) derive(purpose string) []byte {
	sum := sha256.Sum256(append([]byte("flint "+purpose+"\x00"), s.key...))
	return sum[:]
}

// EngineOf tells which engine a database setting names.
func EngineOf(database string) db.Engine {
	if strings.HasPrefix(database, "postgres://") || strings.HasPrefix(database, "postgresql://") {
		return db.Postgres
	}
	return db.SQLite
}

func openDatabase(ctx context.Context, c Config, fatal func(error)) (db.DB, error) {
	engine := EngineOf(c.Database)
	if err := migrations.Up(ctx, engine, c.Database); err != nil {
		return nil, fmt.Errorf("open the database and bring its schema up to date: %w", err)
	}
	if engine == db.Postgres {
		return postgres.Open(ctx, postgres.Options{URL: c.Database, Logger: c.Log, MaxConns: c.Conns, Failpoints: c.Failpoints})
	}
	return sqlite.Open(ctx, sqlite.Options{Path: c.Database, Logger: c.Log, ReadConns: c.Conns, OnFatal: fatal, Failpoints: c.Failpoints})
}

// build wires the graph; each line needs only what stands above it.
func (s *Server) build() {
	c, d, log := s.Clock, s.DB, s.Log
	events := &event.Log{IDs: s.IDs, Failpoints: s.Failpoints}
	journal := &ledger.Journal{IDs: s.IDs}
	s.Jobs = job.New(d, c, s.IDs, log)
	s.Jobs.Observe = s.Metrics.Job
	s.Idempotency = &idempotency.Store{Box: s.Box, Failpoints: s.Failpoints}
	if d.Engine() == db.SQLite {
		s.Idempotency.Since = c.Now()
	}
	s.Keys = auth.NewService(d, c, s.IDs, log)
	s.Apps = &app.Service{DB: d, IDs: s.IDs, Clock: c, Events: events, Jobs: s.Jobs, Box: s.Box}
	s.Apps.Register()
	s.Merchants = merchant.NewService(s.IDs, s.Keys.RevokeEnvironment, s.Jobs.EndEnvironment, s.Apps.EndEnvironment)
	s.buildOAuth()
	s.buildSettings(events)

	customers := &customer.Service{IDs: s.IDs, Clock: c, Events: events}
	orders := &order.Service{IDs: s.IDs, Clock: c, Events: events, Journal: journal, Customers: customers, Catalog: s.catalog(), Rates: tax.NewTable().Rates, Failpoints: s.Failpoints}
	s.buildPromotion(orders)
	payments := &payment.Service{
		DB: d, Clock: c, IDs: s.IDs, Events: events, Journal: journal, Orders: orders, Logger: log,
		Choose: s.processorFor, Box: s.Box, Failpoints: s.Failpoints,
	}
	disputes := s.buildDisputes(events, orders)
	s.Simulator = simulator.New(simulator.Options{DB: d, Clock: c, IDs: s.IDs, Logger: log, Sink: payments.Notify, Disputes: disputes.Notify, Failpoints: s.Failpoints})
	payments.Processors = map[string]payment.Processor{simulator.Name: s.observer.Processor(s.Simulator), payment.Manual: manual.Processor{}}
	refunds := &refund.Service{Clock: c, IDs: s.IDs, Events: events, Orders: orders, Payments: payments, Failpoints: s.Failpoints}
	refunds.Permit, refunds.Recount, refunds.Limit = s.permitRefund, s.Apps.RecountRefund, s.refundLimit
	refunds.Changed = append(refunds.Changed, disputes.RefundChanged)
	payments.Refunds = refunds.Apply
	checkouts := s.buildSessions(events, orders, payments)
	inbox := s.buildStranded(events, orders, payments, refunds)

	s.Receipts = &notification.Service{DB: d, Clock: c, IDs: s.IDs, Jobs: s.Jobs, Sender: s.Mail, Box: s.Box,
		Address: s.accountAddress, Orders: ReceiptOrders(orders, s.Merchants, customers, s.Settings.Effective), Policy: s.mailPolicy, Brand: s.mailBrand}
	if s.Receipts.Sender == nil && s.Development {
		s.Receipts.Sender = mail.Mailbox{DB: d}
	}
	s.Receipts.Register()
	payments.Settled = append(payments.Settled, s.receiptOfCheckout)

	s.buildSignIns()
	s.buildBuyer(customers, orders)

	s.Webhooks = &webhook.Service{IDs: s.IDs, Clock: c, Wall: clock.System{}, Box: s.Box, Client: egress.NewClient(s.Egress, egress.SystemLookup, nil), Events: events, Apps: webhookApps(s.Apps), Failpoints: s.Failpoints}
	s.Webhooks.Observe = s.Metrics.Delivery
	s.Apps.OnRevoke = append(s.Apps.OnRevoke, endWebhooks(s.Webhooks))
	s.Apps.OnDelete = append(s.Apps.OnDelete, s.Webhooks.AppDeleted)
	notifier := &webhook.Notifier{}
	s.Dispatcher = webhook.NewDispatcher(s.Webhooks, d, log, notifier)
	events.Wake = s.Dispatcher.Wake
	s.Stream = &webhook.Stream{
		Service: s.Webhooks, DB: d, Notifier: notifier, Stopping: s.stopping, Heartbeat: 15 * time.Second, Poll: time.Second,
		TTL: time.Hour, WriteTimeout: 10 * time.Second,
	}

	s.Merchants.OnEnd(s.Webhooks.EndEnvironment)
	s.Setup = onboarding.NewService(onboarding.Options{
		DB: d, Clock: c, IDs: s.IDs, Keys: s.Keys, Merchants: s.Merchants, Key: s.derive("onboarding"), Send: s.setupMail(),
		APIVersion: httpapi.Version, Demo: s.Development, Limited: s.Limits != nil,
	})
	s.Services = &httpapi.Services{
		Customers:  customers,
		Catalog:    orders.Catalog,
		Orders:     orders,
		Payments:   payments,
		Refunds:    refunds,
		Checkouts:  checkouts,
		Sessions:   s.sessionViews(),
		Stranded:   inbox,
		Webhooks:   s.Webhooks,
		Stream:     s.Stream,
		Receipts:   s.Receipts,
		Apps:       s.Apps,
		OAuth:      s.OAuth,
		Setup:      s.Setup,
		Settings:   s.Settings,
		Promotions: orders.Promotions,
		Buyers:     s.Buyers,
	}
	s.buildInvoice()
	s.buildCatalog()
	s.buildPaper()
	s.buildPolicy()
	s.buildFulfillment()
	s.buildReturns()
	s.buildResolution()
	s.buildRecovery()
	if !s.restored {
		s.Requests = requestlog.New(requestlog.Options{DB: d, Clock: c, Logger: log, Redactor: requestlog.Redactor{Emails: s.HideEmails}, Failpoints: s.Failpoints})
		s.Metrics.RequestLogs(s.Requests.Dropped)
	}
	s.API = httpapi.New(httpapi.Config{
		DB: d, Clock: c, IDs: s.IDs, Log: log, Idempotency: s.Idempotency, CursorKey: s.derive("page tokens"), BaseURL: s.BaseURL,
		Verify: map[auth.Kind]httpapi.Verify{auth.APIKey: s.Keys.Authenticate, auth.CheckoutCredential: s.verifyCheckout,
			auth.InstallToken: s.OAuth.Authenticate, auth.InvoiceToken: s.verifyInvoice, auth.CLIToken: s.OAuth.AuthenticateCLI, auth.OnboardingSession: s.Setup.Authenticate,
			auth.CustomerSession: s.Buyers.Authenticate},
		Limits: s.Limits, Address: clientAddress(s.Proxies), Refuse: s.refuseInQuarantine, Requests: s.Requests, Failpoints: s.Failpoints,
		Processor: s.processorFor, Development: s.Development,
	})
	httpapi.Accounts(s.API, s.Keys, s.Merchants, s.OAuth.EndUser)
	httpapi.Register(s.API, s.Services)
	httpapi.RegisterOpenAPI(s.API)
}

// processorFor is the processor that takes new payments of a scope. There is none for live money outside
// of development: the simulator must never tell a merchant that a buyer has paid.
func (s *Server) processorFor(scope tenant.Scope) string {
	if s.Development || scope.Mode() == tenant.ModeTest {
		return simulator.Name
	}
	return ""
}

// verifyCheckout turns a checkout session's credential into a principal that opens this session only.
func (s *Server) verifyCheckout(ctx context.Context, sessionID, sessionSecret string) (auth.Principal, error) {
	var p auth.Principal
	err := s.DB.Read(ctx, func(tx db.Tx) error {
		access, err := s.Services.Checkouts.Authenticate(tx, sessionID, sessionSecret)
		if err != nil {
			return err
		}
		p = httpapi.CheckoutPrincipal(access, s.Clock.Now())
		return nil
	})
	return p, err
}

// Run serves until ctx ends, then stops in order. It returns the error that made it stop early, nil
// after a clean stop.
func (s *Server) Run(ctx context.Context, handler http.Handler) error {
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	var workers sync.WaitGroup
	for _, run := range s.workers() {
		workers.Go(func() { run(work) })
	}
	srv := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerWithin, WriteTimeout: writeWithin, IdleTimeout: idleFor, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(s.listener) }()
	var failed error
	select {
	case <-ctx.Done():
	case failed = <-s.fatal:
		s.Log.Error("storage failed; the process ends so that nothing is acknowledged that is not kept", "error", failed)
	case failed = <-served:
	}
	close(s.stopping)
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainFor)
	defer cancel()
	if err := srv.Shutdown(drain); err != nil {
		_ = srv.Close()
	}
	stopWork()
	done := make(chan struct{})
	go func() { workers.Wait(); close(done) }()
	select {
	case <-done:
	case <-drain.Done():
		s.Log.Warn("workers did not stop in time")
	}
	if failed == nil {
		select {
		case failed = <-s.fatal: // while stopping: the end must not look clean
		default:
		}
	}
	return failed
}

// Close sends what was traced and releases listeners and the database, as far as Open has come. It is
// called after Run, or instead of it.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var errs []error
	for _, l := range []net.Listener{s.listener, s.metricsListener} {
		if l != nil {
			if err := l.Close(); !errors.Is(err, net.ErrClosed) { // Run has closed them
				errs = append(errs, err)
			}
		}
	}
	if s.tracing != nil {
		errs = append(errs, s.tracing.Close(ctx))
	}
	if s.DB != nil {
		errs = append(errs, s.DB.Close())
	}
	return errors.Join(errs...)
}

// observe sets measuring and tracing up; tracing stays off without a collector.
func (s *Server) observe(ctx context.Context) error {
	var err error
	if s.tracing, err = observe.NewTracing(ctx, observe.TracingOptions{Service: "flint", Version: s.Version, Sample: 1, Logger: s.Log}); err != nil {
		return fmt.Errorf("set tracing up: %w", err)
	}
	s.Metrics = observe.NewMetrics(observe.MetricsOptions{Version: s.Version, Logger: s.Log, Backlog: func(ctx context.Context) (observe.Backlog, error) {
		return observe.ReadBacklog(ctx, s.DB, s.Clock.Now(), job.MaxAttempts)
	}})
	s.observer = &observe.Observer{Clock: clock.System{}, Metrics: s.Metrics, Tracing: s.tracing}
	return nil
}

// APIVersion is the version of the contract that is spoken.
func (s *Server) APIVersion() string { return httpapi.Version }

// ClockChanged makes every worker look at its queue again; a settable clock calls it.
func (s *Server) ClockChanged() {
	s.Dispatcher.ClockChanged()
	s.Simulator.Wake()
	s.Jobs.Wake()
	s.tick()
}

// tick makes the loops that the clock wakes look now.
func (s *Server) tick() {
	for _, c := range s.ticks {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// workers are the loops of a running server.
func (s *Server) workers() []func(ctx context.Context) {
	if s.restored {
		s.Log.Warn("this installation was restored from a backup and is in quarantine: nothing is charged, refunded or delivered. " +
			"Compare it with the processor, then run: flint admin release")
		return []func(context.Context){s.serveMetrics}
	}
	payments, checkouts := s.Services.Payments, s.Services.Checkouts
	return []func(context.Context){
		func(ctx context.Context) {
			if s.DB.Engine() == db.SQLite {
				if err := s.Dispatcher.Orphans(ctx); err != nil {
					s.Log.Error("interrupted webhooks wait for their leases", "error", err)
				}
			}
			s.Dispatcher.Run(ctx)
		},
		s.Jobs.Run,
		s.upkeep,
		s.serveMetrics,
		s.Requests.Run,
		func(ctx context.Context) { s.Keys.Run(ctx, 30*time.Second) },
		func(ctx context.Context) {
			if err := s.Simulator.Run(ctx); err != nil {
				s.Log.Error("the simulator stopped", "error", err)
			}
		},
		func(ctx context.Context) {
			if s.DB.Engine() == db.SQLite {
				if err := payments.Orphans(ctx); err != nil {
					s.Log.Error("interrupted operations were not found", "error", err)
				}
			}
			s.every(ctx, s.ticks[0], "finish open payments", payments.Sweep)
		},
		func(ctx context.Context) { s.every(ctx, s.ticks[2], "look after invoices", s.Invoices.RunDue) },
		func(ctx context.Context) {
			s.every(ctx, s.ticks[1], "expire checkout sessions", func(ctx context.Context, limit int) (int, error) {
				return checkouts.Expire(ctx, s.DB, limit)
			})
		},
		func(ctx context.Context) {
			s.every(ctx, nil, "erase the contacts of ended checkouts", func(ctx context.Context, limit int) (int, error) {
				return checkouts.EraseContacts(ctx, s.DB, limit)
			})
		},
		s.bringBack,
		s.settleReturns,
		s.followNames,
	}
}

// every runs f at once, then each second and whenever tick says so, again immediately while it finds a
// full batch.
func (s *Server) every(ctx context.Context, tick <-chan struct{}, what string, f func(ctx context.Context, limit int) (int, error)) {
	const batch = 50
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		n, err := f(ctx, batch)
		if err != nil && ctx.Err() == nil {
			s.Log.Error("a worker failed and will try again", "worker", what, "error", err)
		}
		if n >= batch && err == nil && ctx.Err() == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-tick:
		}
	}
}
