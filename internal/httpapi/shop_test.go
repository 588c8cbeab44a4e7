package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/auth/buyer"
	"flint/internal/catalog"
	"flint/internal/checkout"
	"flint/internal/creditnote"
	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/dispute"
	"flint/internal/egress"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/fulfillment"
	"flint/internal/httpapi"
	"flint/internal/id"
	"flint/internal/invoice"
	"flint/internal/job"
	"flint/internal/ledger"
	"flint/internal/merchant"
	"flint/internal/money"
	"flint/internal/notification"
	"flint/internal/onboarding"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/paymentlink"
	"flint/internal/processor/credit"
	"flint/internal/processor/manual"
	"flint/internal/processor/simulator"
	"flint/internal/promotion"
	"flint/internal/qr"
	"flint/internal/recovery"
	"flint/internal/refund"
	"flint/internal/returnpolicy"
	"flint/internal/returns"
	"flint/internal/secret"
	"flint/internal/server"
	"flint/internal/settings"
	"flint/internal/stranded"
	"flint/internal/tax"
	"flint/internal/tenant"
	"flint/internal/webhook"
)

// shop is a rig with everything that sells.
type shop struct {
	mails []onboarding.Mail
	*rig
	services      *httpapi.Services
	dns           *fakeDNS
	simulator     *simulator.Simulator
	dispatcher    *webhook.Dispatcher
	checkoutCodes []checkout.CodeLetter // that were mailed to buyers of a checkout
	// codes are what was mailed to customers.
	codes   []buyer.CodeMail
	codesMu sync.Mutex
	// merchantHosted is an environment whose merchant hosts its customers' accounts itself.
	merchantHosted string
}

func (s *shop) mailed(m buyer.CodeMail) {
	s.codesMu.Lock()
	defer s.codesMu.Unlock()
	s.codes = append(s.codes, m)
}

// codeTo is the code that was mailed to an address last.
func (s *shop) codeTo(t testing.TB, address string) string {
	t.Helper()
	s.codesMu.Lock()
	defer s.codesMu.Unlock()
	for _, v := range slices.Backward(s.codes) {
		if v.To == address {
			return v.Code.Reveal()
		}
	}
	t.Fatalf("no code went to %s", address)
	return ""
}

func newShop(t testing.TB, d db.DB, more ...func(*shop)) *shop {
	t.Helper()
	s := &shop{services: &httpapi.Services{}, dns: &fakeDNS{}}
	verify := func(c *httpapi.Config) {
		c.Verify[auth.CheckoutCredential] = func(ctx context.Context, sessionID, secret string) (auth.Principal, error) {
			var p auth.Principal
			err := d.Read(ctx, func(tx db.Tx) error {
				access, err := s.services.Checkouts.Authenticate(tx, sessionID, secret)
				if err == nil {
					p = httpapi.CheckoutPrincipal(access, s.clock.Now())
				}
				return err
			})
			return p, err
		}
		c.Verify[auth.InstallToken] = s.verifyInstall
		c.Verify[auth.CustomerSession] = func(ctx context.Context, subject, token string) (auth.Principal, error) {
			return s.services.Buyers.Authenticate(ctx, subject, token)
		}
		c.Verify[auth.CLIToken] = func(ctx context.Context, subject, token string) (auth.Principal, error) {
			return s.services.OAuth.AuthenticateCLI(ctx, subject, token)
		}
	}
	s.rig = newRigWith(t, d, verify, func(a *httpapi.API) {
		s.wire(t, d, a)
		for _, f := range more {
			f(s)
		}
		httpapi.Register(a, s.services)
	})
	s.merchants.OnEnd(s.services.Webhooks.EndEnvironment)
	return s
}

// wire builds the domains around the API's clock and ids, the way the server does.
func (s *shop) wire(t testing.TB, d db.DB, a *httpapi.API) {
	log := slog.New(slog.DiscardHandler)
	events, journal := &event.Log{IDs: a.IDs}, &ledger.Journal{IDs: a.IDs}
	customers := &customer.Service{IDs: a.IDs, Clock: a.Clock, Events: events}
	orders := &order.Service{IDs: a.IDs, Clock: a.Clock, Events: events, Journal: journal, Customers: customers,
		Catalog: &catalog.Service{IDs: a.IDs, Clock: a.Clock, InUse: []catalog.UseFunc{checkout.VariantsInUse, order.VariantsInUse, paymentlink.VariantsInUse}}, Rates: tax.NewTable().Rates,
		Promotions: &promotion.Service{IDs: a.IDs, Clock: a.Clock}}
	payments := &payment.Service{
		DB: d, Clock: a.Clock, IDs: a.IDs, Events: events, Journal: journal, Orders: orders, Logger: log,
		Choose: func(tenant.Scope) string { return simulator.Name }, Box: testBox(t),
	}
	disputes := &dispute.Service{DB: d, Clock: a.Clock, IDs: a.IDs, Events: events, Orders: orders, Logger: log}
	s.simulator = simulator.New(simulator.Options{DB: d, Clock: a.Clock, IDs: a.IDs, Logger: log, Sink: payments.Notify, Disputes: disputes.Notify})
	payments.Processors = map[string]payment.Processor{simulator.Name: s.simulator}
	refunds := &refund.Service{Clock: a.Clock, IDs: a.IDs, Events: events, Orders: orders, Payments: payments}
	refunds.Limit = func(tx db.Tx, scope tenant.Scope) (*money.Amount, error) {
		v, err := (&settings.Service{}).Effective(tx, scope)
		if err != nil {
			return nil, err
		}
		return v.Refunds.ApprovalLimit, nil
	}
	checkouts := &checkout.Service{
		Clock: a.Clock, IDs: a.IDs, Events: events, Orders: orders, Payments: payments, Key: []byte("0123456789abcdef0123456789abcdef"),
	}
	inbox := &stranded.Service{Clock: a.Clock, IDs: a.IDs, Events: events, Orders: orders, Payments: payments, Refunds: refunds}
	payments.Refunds, payments.Excess = refunds.Apply, inbox.Record
	refunds.Changed = append(refunds.Changed, inbox.RefundEnded, disputes.RefundChanged)
	orders.Balanced = append(orders.Balanced, inbox.Follow)
	payments.Door = checkouts.Door
	payments.Settled = append(payments.Settled, checkouts.OrderSettled)
	checkouts.Settings = (&settings.Service{}).Effective
	checkouts.SendCode = func(_ context.Context, _ db.Tx, l checkout.CodeLetter) error {
		s.checkoutCodes = append(s.checkoutCodes, l)
		return nil
	}
	s.services.Stranded = inbox
	payments.Processors[payment.Manual] = manual.Processor{}
	box, err := secret.NewBox(bytes.Repeat([]byte{5}, 32))
	if err != nil {
		t.Fatal(err)
	}
	s.services.Settings = &settings.Service{IDs: a.IDs, Clock: a.Clock, Events: events, BaseURL: a.BaseURL, Host: "flint.test", Resolver: s.dns.resolver(),
		TakesOptions: func(tenant.Scope) []string { return payment.DefaultOptions() }}
	notifier := &webhook.Notifier{}
	s.services.Webhooks = &webhook.Service{
		IDs: a.IDs, Clock: a.Clock, Box: box, Client: egress.NewClient(egress.Development(), egress.SystemLookup, nil), Events: events,
	}
	s.services.Stream = &webhook.Stream{
		Service: s.services.Webhooks, DB: d, Notifier: notifier, Stopping: t.Context().Done(), Heartbeat: 20 * time.Millisecond,
		Poll: 20 * time.Millisecond, TTL: time.Minute, WriteTimeout: 5 * time.Second,
	}
	s.dispatcher = webhook.NewDispatcher(s.services.Webhooks, d, log, notifier)
	events.Wake = s.dispatcher.Wake
	s.services.Customers, s.services.Orders, s.services.Payments = customers, orders, payments
	s.services.Promotions = orders.Promotions
	s.services.Catalog = orders.Catalog
	s.services.PaymentLinks = &paymentlink.Service{IDs: a.IDs, Clock: a.Clock, Orders: orders, Catalog: orders.Catalog, Checkouts: checkouts, Key: []byte("0123456789abcdef0123456789abcdef")}
	s.services.PaymentLinks.Register(payments)
	s.services.Merchant = func(db.Tx, tenant.Scope) (httpapi.Shop, error) { return httpapi.Shop{Name: "Shop"}, nil }
	s.services.QR = qr.Draw
	s.services.Refunds, s.services.Checkouts = refunds, checkouts
	s.services.Invoices = &invoice.Service{
		DB: d, Clock: a.Clock, IDs: a.IDs, Events: events, Orders: orders, Payments: payments, Customers: customers, Logger: log, Box: box,
		Address: (&settings.Service{BaseURL: "https://pay.test"}).Address, Settings: (&settings.Service{}).Effective, Door: checkouts.InvoiceDoor(),
		Seller: func(db.Tx, tenant.Scope) (invoice.Seller, error) { return invoice.Seller{Name: "Shop"}, nil },
		PDF: func(_ context.Context, v *invoice.Invoice) ([]byte, error) {
			return []byte("%PDF " + v.Number + " " + v.Memo), nil
		},
		Mail: invoice.Mail{
			Queue: func(context.Context, db.Tx, invoice.Letter) (string, error) { return a.IDs.New(id.Mail), nil },
			State: func(db.Tx, tenant.Scope, string) (string, string, error) { return "queued", "", nil },
		},
	}
	s.services.Invoices.Attach()
	s.services.Invoices.HasCreditNote = creditnote.Standing
	s.services.CreditNotes = &creditnote.Service{
		Clock: a.Clock, IDs: a.IDs, Events: events, Orders: orders, Invoices: s.services.Invoices, Refunds: refunds, Settings: s.services.Invoices.Settings,
		PDF: func(_ context.Context, n *creditnote.Note, _ *invoice.Invoice) ([]byte, error) {
			return []byte("%PDF " + n.Number + " " + n.Memo), nil
		},
	}
	refunds.Changed = append(refunds.Changed, s.services.CreditNotes.RefundChanged)
	s.services.Fulfillments = &fulfillment.Service{
		Clock: a.Clock, IDs: a.IDs, Events: events, Orders: orders, Customers: orders.Customers, Settings: s.services.Invoices.Settings,
	}
	orders.Recount = fulfillment.Recount
	s.services.ReturnPolicies = &returnpolicy.Service{Clock: a.Clock, IDs: a.IDs}
	s.services.Returns = &returns.Service{
		Clock: a.Clock, IDs: a.IDs, Events: events, Orders: orders, Refunds: refunds,
		Policies: s.services.ReturnPolicies, Fulfilled: returns.FromFulfillments, Shapes: httpapi.ReturnShapes(),
		Home:   func(db.Tx, tenant.Scope) (*returnpolicy.Destination, error) { return nil, nil },
		Grants: app.GrantOf,
		PaymentDays: func(tx db.Tx, scope tenant.Scope) (int64, error) {
			v, err := (&settings.Service{}).Effective(tx, scope)
			if err != nil {
				return 0, err
			}
			return v.Returns.PaymentDays, nil
		},
		ShipsUnpaid: func(tx db.Tx, scope tenant.Scope) (bool, error) {
			v, err := (&settings.Service{}).Effective(tx, scope)
			if err != nil {
				return false, err
			}
			return v.Returns.ShipsUnpaid, nil
		},
	}
	payments.Processors[payment.ExchangeCredit] = credit.Processor{}
	s.services.Returns.Doors = s.services.PaymentLinks.ReturnDoors(s.services.Invoices, (&settings.Service{BaseURL: "https://pay.test"}).Address)
	returns.Attach(s.services.Returns)
	returns.Ship(s.services.Returns, s.services.Fulfillments)
	s.services.HandedOver = func(tx db.Tx, o *order.Order) ([]returnpolicy.FulfilledLine, error) {
		return s.services.Returns.Handed(tx, o, "")
	}
	a.Verify[auth.InvoiceToken] = func(ctx context.Context, _, token string) (p auth.Principal, err error) {
		err = d.Read(ctx, func(tx db.Tx) error {
			v, err := s.services.Invoices.Authenticate(tx, token)
			if err == nil {
				p = auth.Principal{Kind: auth.InvoiceToken, ID: v.LinkID, SubjectID: v.ID, Scope: v.Scope}
			}
			return err
		})
		return p, err
	}
	s.services.Recovery = &recovery.Service{Clock: a.Clock, IDs: a.IDs, Events: events, Orders: orders, Payments: payments, Checkouts: checkouts,
		Logger: log, Key: []byte("0123456789abcdef0123456789abcdef"), Address: (&settings.Service{BaseURL: "https://pay.test"}).Address}
	recovery.Wire(s.services.Recovery)
	s.services.Apps = &app.Service{DB: d, IDs: a.IDs, Clock: a.Clock, Events: events, Jobs: job.New(d, a.Clock, a.IDs, log)}
	s.services.Apps.Register()
	s.services.OAuth = newTokens(s, d, a)
	s.services.Receipts = &notification.Service{DB: d, Clock: a.Clock, IDs: a.IDs}
	s.services.Buyers = &buyer.Service{
		DB: d, Clock: a.Clock, IDs: a.IDs, Log: log, Box: box, Key: bytes.Repeat([]byte{6}, 32), Address: func(tenant.Scope) string { return "https://flint.test" },
		Find: server.FindBuyer(customers), ByEmail: server.BuyerByEmail(customers), Guest: orders.HasGuestPurchases,
		Hosted: func(_ db.Tx, scope tenant.Scope) (bool, error) { return scope.EnvironmentID != s.merchantHosted, nil },
		SendCode: func(tx db.Tx, m buyer.CodeMail) error {
			tx.AfterCommit(func() { s.mailed(m) })
			return nil
		},
	}
	orders.Claimed = append(orders.Claimed, payment.OrderClaimed, refund.OrderClaimed, dispute.OrderClaimed, returns.OrderClaimed)
	customers.Blocks = append(customers.Blocks, server.NothingMoves)
	customers.Erased = append(customers.Erased, func(_ context.Context, tx db.Tx, c *customer.Customer, _ event.Cause) error {
		return s.services.Buyers.EndCustomer(tx, c.Scope, c.ID, buyer.EndErased)
	})
	refunds.Permit = func(tx db.Tx, r refund.AppRefund) error {
		return s.services.Apps.BookRefund(tx, app.RefundUse{Scope: r.Scope, GrantID: r.GrantID, RefundID: r.RefundID, OrderID: r.OrderID, OrderApp: r.AppID,
			Amount: r.Amount, Approved: r.Approved, Probe: r.Probe, Now: r.Now})
	}
	refunds.Recount = s.services.Apps.RecountRefund
	ids := a.IDs
	keys := auth.NewService(d, a.Clock, ids, log)
	s.services.Setup = onboarding.NewService(onboarding.Options{DB: d, Clock: a.Clock, IDs: ids, Keys: keys, Merchants: merchant.NewService(ids, keys.RevokeEnvironment),
		Key: bytes.Repeat([]byte{3}, 32), APIVersion: httpapi.Version, Demo: true, Limited: true,
		Send: func(_ context.Context, m onboarding.Mail) error { s.mails = append(s.mails, m); return nil }})
	a.Verify[auth.OnboardingSession] = s.services.Setup.Authenticate
}

// tokenOf is a token that verifyInstall takes for a grant and that never expires; it takes real ones too.
func tokenOf(g *app.Grant) string {
	return auth.PrefixInstallToken + g.Scope.MerchantID + "." + g.Scope.EnvironmentID + "." + g.ID
}

func (s *shop) verifyInstall(ctx context.Context, _, token string) (auth.Principal, error) {
	part := strings.Split(strings.TrimPrefix(token, auth.PrefixInstallToken), ".")
	if len(part) != 3 {
		return s.services.OAuth.Authenticate(ctx, "", token)
	}
	scope := tenant.Scope{MerchantID: part[0], EnvironmentID: part[1]}
	var p auth.Principal
	err := s.db.Read(ctx, func(tx db.Tx) error {
		g, i, err := app.GetGrant(tx, scope, part[2])
		switch {
		case err != nil:
			return err
		case i.CleaningUp(s.clock.Now()):
			p = auth.Principal{Kind: auth.InstallToken, ID: i.ID, AppID: g.AppID, GrantID: g.ID, Scope: scope, Scopes: g.CleanupScopes(), CleanupOnly: true}
		case i.Usable(g):
			p = auth.Principal{Kind: auth.InstallToken, ID: i.ID, AppID: g.AppID, GrantID: g.ID, Scope: scope, Scopes: g.Scopes}
		default:
			return fault.Unauthenticated("INVALID_PARTNER_TOKEN", "No.")
		}
		return nil
	})
	return p, err
}

// manifest is what the apps of these tests ask for.
var manifest = []app.Permission{
	{ID: "orders", Title: "Orders", Description: "Read and change orders.", Scopes: []string{"commerce.orders.read", "commerce.orders.write"}},
	{ID: "refunds", Title: "Refunds", Description: "Refund orders.", Scopes: []string{"commerce.refunds.read", "commerce.refunds.write"}},
	{ID: "people", Title: "Customers", Description: "Read customers.", Scopes: []string{"customers.read", "webhooks.write"}, Optional: true},
}

// install registers an app of the owner and installs it in the scope, with everything it asks for.
func (s *shop) install(t testing.TB, owner, scope tenant.Scope) (made *app.App, g *app.Grant) {
	t.Helper()
	return s.installOf(t, owner, scope, manifest, "orders", "refunds", "people")
}

// installOf does the same with an app that asks for other things, of which some are agreed to.
func (s *shop) installOf(t testing.TB, owner, scope tenant.Scope, asks []app.Permission, agreed ...string) (made *app.App, g *app.Grant) {
	t.Helper()
	err := s.db.Write(context.Background(), func(tx db.Tx) error {
		var err error
		now := s.clock.Now()
		if made, _, err = s.services.Apps.Create(tx.Context(), tx, app.CreateInput{Scope: owner, Name: "Returns", RedirectURIs: []string{"https://app.test/done"},
			Manifest: asks, Versions: []string{httpapi.Version}, Now: now}); err != nil {
			return err
		}
		if _, g, err = s.services.Apps.Consent(tx.Context(), tx, app.ConsentInput{App: made, Scope: scope, UserID: "user_1", Holder: auth.AllScopes(),
			PermissionIDs: agreed, Now: now}); err != nil {
			return err
		}
		_, g, err = s.services.Apps.Activate(tx.Context(), tx, scope, g.ID, now, event.Cause{})
		return err
	})
	if err != nil {
		t.Fatalf("install an app: %v", err)
	}
	return made, g
}

// order makes an order and returns its id.
func (s *shop) order(t testing.TB, body string) string {
	t.Helper()
	a := s.want(t, 201, s.call(t, "POST", "/v1/orders", s.a.test, body))
	return a.data()["order_id"].(string)
}

// session opens a checkout session over an order and returns the headers of its credential.
func (s *shop) session(t testing.TB, orderID string, detail checkout.Detail) []string {
	t.Helper()
	var launch checkout.Launch
	err := s.db.Write(context.Background(), func(tx db.Tx) error {
		var err error
		launch, err = s.services.Checkouts.Create(tx.Context(), tx, checkout.CreateInput{
			Scope: s.a.Sandbox.Scope, OrderID: orderID, Detail: detail, Cause: event.Cause{ActorType: "api_key"},
		})
		return err
	})
	if err != nil {
		t.Fatalf("open a session: %v", err)
	}
	return []string{"X-Checkout-Session-ID: " + launch.Session.ID, "X-Checkout-Session-Secret: " + launch.Secret.Reveal()}
}

// row is everything the database holds of an order, to see whether a call had an effect.
func (s *shop) row(t testing.TB, orderID string) string {
	t.Helper()
	var out string
	err := s.db.Read(context.Background(), func(tx db.Tx) error {
		o, err := s.services.Orders.Get(tx.Context(), tx, s.a.Sandbox.Scope, orderID)
		if err != nil {
			return err
		}
		doc, err := json.Marshal(o)
		var activities, events int64
		if err := tx.QueryRow([]any{&activities}, `SELECT COUNT(*) FROM order_activities WHERE order_id = $1`, orderID); err != nil {
			return err
		}
		if err := tx.QueryRow([]any{&events}, `SELECT COUNT(*) FROM events WHERE root_id = $1`, orderID); err != nil {
			return err
		}
		out = fmt.Sprintf("%s rev %d total %d updated %s activities %d events %d", doc, o.Revision, o.Pricing.Total, o.UpdatedAt, activities, events)
		return err
	})
	if err != nil {
		t.Fatalf("read the order: %v", err)
	}
	return out
}

// count is how many rows a table has.
func (s *shop) count(t testing.TB, table string) (n int64) {
	t.Helper()
	err := s.db.Read(context.Background(), func(tx db.Tx) error {
		return tx.QueryRow([]any{&n}, `SELECT COUNT(*) FROM `+table)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

var (
	anID   = regexp.MustCompile(`"([a-z]+)_[0-9A-HJKMNP-TV-Z]{26}"`)
	aUUID  = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	aKey   = regexp.MustCompile(`whsec_[A-Za-z0-9+/=]+`)
	urlKey = regexp.MustCompile(`(_[0-9A-HJKMNP-TV-Z]{26})`)
)

// goldenAnswer compares an answer with a golden file; ids are numbered by their first appearance.
func goldenAnswer(t *testing.T, name string, a answer) {
	t.Helper()
	ids := map[string]int{}
	normal := anID.ReplaceAllFunc(a.body, func(b []byte) []byte {
		prefix := anID.FindSubmatch(b)[1]
		if ids[string(b)] == 0 {
			ids[string(b)] = len(ids) + 1
		}
		return fmt.Appendf(nil, `"%s_%d"`, prefix, ids[string(b)])
	})
	normal = aKey.ReplaceAll(aUUID.ReplaceAll(normal, []byte("UUID")), []byte("whsec_SECRET"))
	normal = urlKey.ReplaceAll(normal, []byte("_ID"))
	golden(t, "answers/"+name+".json", pretty(t, normal))
}

// hasFault reports whether an answer names the fault, alone or among others.
func hasFault(a answer, code, param string) bool {
	if a.code() == code && a.param() == param {
		return true
	}
	details, _ := a.fault()["details"].([]any)
	for _, d := range details {
		m, _ := d.(map[string]any)
		p, _ := m["param"].(string)
		if m["code"] == code && p == param {
			return true
		}
	}
	return false
}

func testBox(t testing.TB) *secret.Box {
	t.Helper()
	box, err := secret.NewBox(bytes.Repeat([]byte{5}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return box
}

// completeSetup types a card on the page that the answer of savePaymentMethod names.
func (s *shop) completeSetup(t testing.TB, a answer) {
	t.Helper()
	address, _ := a.data()["client_setup"].(map[string]any)["simulator"].(map[string]any)["setup_url"].(string)
	card := payment.Source{Type: "card", Brand: "visa", Last4: "4242", ExpMonth: 12, ExpYear: 2099}
	err := s.db.Write(context.Background(), func(tx db.Tx) error {
		_, err := s.services.Payments.CompleteSetup(tx, address[strings.LastIndexByte(address, '/')+1:], "simtok_approve", card, event.Cause{ActorType: "buyer"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
