package apps

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const returnEvents = "return.created,return.updated,return.decision_recorded,return.completed,return.canceled,return.reopened," +
	"return_resolution.created,return_resolution.updated,refund.created,refund.updated,refund.failed"

// fairReturn is the example in a whole Flint, and whoever has to do with it.
type fairReturn struct {
	*platform
	app      *extension
	mail     *postman
	merchant *browser
	install  string
}

// TestAReturnsExtensionFromItsInstallationToItsRemoval: the app decides, refunds, exchanges and collects. What goes
// wrong between it and Flint costs nobody anything.
func TestAReturnsExtensionFromItsInstallationToItsRemoval(t *testing.T) {
	t.Parallel()
	p := startFlint(t)
	mail := startPostman(t)
	app := startExtension(t, p, plan{example: "returns-extension", name: "Fair Return", events: returnEvents, webhooks: mail.address + "/webhooks"})
	mail.to = app.address
	f := &fairReturn{platform: p, app: app, mail: mail, merchant: newBrowser(t)}
	f.merchant.install(p, app, "Fair Return", "Decide on returns", "Refund and exchange returned goods", "See refunds and payments", "Look up events")
	_, _, f.install = app.kept(t)

	f.refundsASmallOne()
	f.asksForPhotos(newBrowser(t))
	f.exchangesAndCollects(newBrowser(t))
	f.hearsInAnyOrder()
	f.believesSignaturesAlone()
	f.wasAway()
	f.isRemovedInTheMiddle(newBrowser(t))
	expectClean(t, p)
}

// page is what the app's own page says of a return.
func (f *fairReturn) page(returnID string) string {
	f.t.Helper()
	f.merchant.open(f.app.address)
	_, after, found := strings.Cut(f.merchant.text(), returnID+" Goods of")
	if !found {
		return ""
	}
	of, _, _ := strings.Cut(after, " Goods of")
	return of
}

// says waits until the app's page says all of these of a return.
func (f *fairReturn) says(returnID string, words ...string) {
	f.t.Helper()
	for _, w := range words {
		eventually(f.t, "the app says "+w, func() bool { return strings.Contains(f.page(returnID), w) })
	}
}

// buyersPage is where the app sends the buyer of a return.
func (f *fairReturn) buyersPage(returnID string) (address string) {
	f.t.Helper()
	eventually(f.t, "the app has a page for the buyer", func() bool {
		f.merchant.open(f.app.address)
		_, after, found := strings.Cut(f.merchant.text(), returnID+" Goods of")
		_, after, _ = strings.Cut(after, "The buyer's page: ")
		address, _, _ = strings.Cut(after, " ")
		return found
	})
	return address
}

// refundsASmallOne: each webhook comes twice, and nothing happens twice.
func (f *fairReturn) refundsASmallOne() {
	f.t.Helper()
	f.mail.set(true, false)
	o := f.sell(1500)
	id := f.ask(o, "refund")
	f.untilDone(id)
	f.says(id, "return.created: approved, the buyer keeps the goods", "refund confirmed", "Settled.", "return.completed")
	if got := f.page(id); strings.Count(got, "return.created") != 1 || strings.Count(got, "refund confirmed") != 1 {
		f.t.Errorf("the app acted on a repetition: %s", got)
	}
	if r := f.back(id); r.Receipts != 0 || r.Resolutions != 1 || r.Money.Refunded.Amount != 1500 || r.Money.DueTo.Amount != 0 {
		f.t.Errorf("the return is %+v", r)
	}
	f.expect(o.ID, 1500, 1500)
	f.expectActs(o.ID, "Fair Return", "return.decision_recorded", "return_resolution.created", "refund.created")
	f.mail.set(false, false)
}

// asksForPhotos: of goods above an amount the buyer shows pictures, and the merchant decides.
func (f *fairReturn) asksForPhotos(buyer *browser) {
	f.t.Helper()
	o := f.sell(9900)
	id := f.ask(o, "refund")
	f.until(id, "marked", func(r takenBack) bool { return r.Metadata["fair_return"] == "photos asked for" })
	r := f.back(id)
	if r.Status != "requested" || r.Metadata["fair_return_page"] != f.buyersPage(id) {
		f.t.Fatalf("the return is %+v", r)
	}
	buyer.open(r.Metadata["fair_return_page"])
	if !strings.Contains(buyer.text(), "Please show us the goods.") {
		f.t.Fatalf("the buyer is not asked: %s", buyer.describe())
	}
	if status := f.send(r.Metadata["fair_return_page"], "this is no picture"); status != http.StatusBadRequest {
		f.t.Errorf("what is no picture is answered with %d", status)
	}
	if status := f.send(r.Metadata["fair_return_page"], "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"); status != http.StatusOK {
		f.t.Errorf("a picture is answered with %d", status)
	}
	buyer.open(r.Metadata["fair_return_page"])
	if !strings.Contains(buyer.text(), "Thank you. We look at it.") {
		f.t.Errorf("after the photos: %s", buyer.describe())
	}
	f.merchant.open(f.app.address)
	for _, form := range f.merchant.forms() {
		if form.values.Get("return") == id {
			f.merchant.press(form, form.buttons[0])
		}
	}
	f.until(id, "approved, and the refund waits for the goods", func(r takenBack) bool { return r.Status == "open" && r.Resolution == "pending" })
	if r := f.back(id); r.Goods != "awaiting_handoff" || r.Lines[0].Required != 1 || !r.Lines[0].Inspected {
		f.t.Errorf("the return is %+v", r)
	}
	f.expect(o.ID, 9900, 0)
	now := time.Now().UTC().Format(time.RFC3339)
	type observed struct {
		Receipt string `json:"return_receipt_id"`
		Lines   []struct {
			Receipt    string `json:"return_receipt_line_item_id"`
			Inspection string `json:"return_inspection_line_item_id"`
		} `json:"line_items"`
	}
	got := post[observed](f.platform, "/v1/returns/"+id+"/receipts", fields{"received_at": now, "receiving_location_id": "returns-desk",
		"line_items": []fields{{"return_line_item_id": r.Lines[0].ID, "quantity": 1}}})
	seen := post[observed](f.platform, "/v1/returns/"+id+"/inspections", fields{"return_receipt_id": got.Receipt, "inspected_at": now, "location_id": "returns-desk",
		"line_items": []fields{{"return_receipt_line_item_id": got.Lines[0].Receipt, "quantity": 1, "condition": "unopened", "acceptance_status": "accepted"}}})
	post[fields](f.platform, "/v1/returns/"+id+"/dispositions", fields{"return_inspection_line_item_id": seen.Lines[0].Inspection, "quantity": 1,
		"disposition_type": "sellable", "inventory_location_id": "returns-desk", "occurred_at": now, "reason": "inspection_result"})
	f.untilDone(id)
	f.says(id, "Settled.")
	f.expect(o.ID, 9900, 9900)
}

// send sends the form of the buyer's page with one file.
func (f *fairReturn) send(page, content string) int {
	f.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("photo", "mug.png")
	if err == nil {
		_, err = part.Write([]byte(content))
	}
	if err != nil || form.Close() != nil {
		f.t.Fatal(err)
	}
	res, err := http.Post(page+"/photos", form.FormDataContentType(), &body)
	if err != nil {
		f.t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// owesADifference is a return whose buyer chose something dearer on the app's page and stands before its button to pay.
func (f *fairReturn) owesADifference(buyer *browser) (bought, string) {
	f.t.Helper()
	o := f.sell(2000)
	id := f.ask(o, "")
	f.until(id, "open", func(r takenBack) bool { return r.Status == "open" })
	buyer.open(f.buyersPage(id))
	for _, form := range buyer.forms() {
		if form.values.Get("choice") == "large" {
			if want := "Enamel mug, large instead, and pay USD 22.00"; form.buttons[0].text != want {
				f.t.Errorf("the button says %q, want %q", form.buttons[0].text, want)
			}
			buyer.press(form, form.buttons[0])
		}
	}
	if !strings.Contains(buyer.text(), "USD 22.00 is left to pay") {
		f.t.Fatalf("after choosing: %s", buyer.describe())
	}
	f.says(id, "Due from the buyer: -2200 USD.")
	made := f.resolutions(id)
	if len(made) != 1 || made[0].Status != "requires_action" || made[0].Waits != "buyer_payment" || made[0].Payment.Amount != 2200 {
		f.t.Fatalf("the resolutions are %+v", made)
	}
	return o, id
}

// exchangesAndCollects: the buyer takes something dearer and pays on the hosted page.
func (f *fairReturn) exchangesAndCollects(buyer *browser) {
	f.t.Helper()
	o, id := f.owesADifference(buyer)
	form := buyer.forms()[0]
	buyer.press(form, form.buttons[0])
	if !strings.HasPrefix(buyer.at.String(), f.BaseURL+"/checkout/") {
		f.t.Fatalf("the buyer does not come to the checkout: %s", buyer.describe())
	}
	f.pay(buyer)
	eventually(f.t, "the difference is paid", func() bool { return len(f.resolutions(id)[0].Payments) == 1 })
	x := f.resolutions(id)[0]
	f.expect(x.Replacement, 4200, 0)
	f.handOver(x.Replacement)
	f.untilDone(id)
	f.says(id, "Settled.", "payment "+x.Payments[0]+": 2200", "return.completed")
	if r := f.back(id); r.Money.Collected.Amount != 2200 || r.Money.DueFrom.Amount != 0 || r.Resolutions != 1 {
		f.t.Errorf("the return is %+v", r)
	}
	f.expect(o.ID, 2000, 2000) // as credit of the exchange
	f.expectActs(o.ID, "Fair Return", "return.decision_recorded", "return_resolution.created")
}

// pay pays on the hosted page. A script would put the address's secret and the card's token into the forms.
func (f *fairReturn) pay(buyer *browser) {
	f.t.Helper()
	open, found := buyer.formWith("checkout_token")
	if !found {
		f.t.Fatalf("the checkout does not open: %s", buyer.describe())
	}
	open.values.Set("checkout_token", strings.TrimPrefix(buyer.at.Fragment, "checkout_token="))
	buyer.press(open, button{})
	form, found := buyer.formWith("payment_token")
	if !found || !strings.Contains(buyer.text(), "$22.00") {
		f.t.Fatalf("the buyer cannot pay: %s", buyer.describe())
	}
	form.values.Set("payment_token", "simtok_approve")
	form.values.Set("email", "ada@example.com")
	buyer.press(form, button{})
	if !strings.Contains(buyer.text(), "Thank you") {
		f.t.Fatalf("after paying: %s", buyer.describe())
	}
}

// hearsInAnyOrder: what came later is told first.
func (f *fairReturn) hearsInAnyOrder() {
	f.t.Helper()
	f.mail.set(false, true)
	withdrawn := f.sell(1500)
	id := f.ask(withdrawn, "refund")
	f.mail.find("return.created", id)
	post[fields](f.platform, "/v1/returns/"+id+"/cancel", fields{"reason": "buyer_request"})
	f.mail.find("return.canceled", id)
	f.bringAll()
	f.says(id, "canceled", "return.created", "return.canceled")
	if r := f.back(id); r.Status != "canceled" || r.Resolutions != 0 {
		f.t.Errorf("the return is %+v", r)
	}
	f.expect(withdrawn.ID, 1500, 0)

	refunded := f.sell(1600)
	id = f.ask(refunded, "refund")
	f.mail.find("return.created", id)
	eventually(f.t, "the return is completed, and the app has heard it", func() bool {
		f.bringAll()
		return strings.Contains(f.page(id), "return.completed")
	})
	f.says(id, "Settled.")
	f.untilDone(id)
	f.expect(refunded.ID, 1600, 1600)
	f.expectActs(refunded.ID, "Fair Return", "return.decision_recorded", "return_resolution.created", "refund.created")
	f.mail.set(false, false)
}

// bringAll brings what was kept, newest first.
func (f *fairReturn) bringAll() {
	f.t.Helper()
	for _, l := range f.mail.take() {
		if status := f.mail.bring(l); status != http.StatusNoContent {
			f.t.Errorf("a webhook is answered with %d", status)
		}
	}
}

// believesSignaturesAlone: what Flint did not sign has no effect.
func (f *fairReturn) believesSignaturesAlone() {
	f.t.Helper()
	f.mail.set(false, true)
	o := f.sell(1700)
	id := f.ask(o, "refund")
	genuine := f.mail.find("return.created", id)
	for name, change := range map[string]func(l *letter){
		"another body":      func(l *letter) { l.body = bytes.Replace(l.body, []byte("return.created"), []byte("return.updated"), 1) },
		"another id":        func(l *letter) { l.header.Set("webhook-id", "whev_1") },
		"another time":      func(l *letter) { l.header.Set("webhook-timestamp", "1") },
		"another signature": func(l *letter) { l.header.Set("webhook-signature", "v1,"+strings.Repeat("A", 43)+"=") },
		"none":              func(l *letter) { l.header.Del("webhook-signature") },
	} {
		forged := letter{genuine.header.Clone(), bytes.Clone(genuine.body)}
		change(&forged)
		if status := f.mail.bring(forged); status != http.StatusUnauthorized {
			f.t.Errorf("%s: %d", name, status)
		}
	}
	if r := f.back(id); r.Status != "requested" || f.page(id) != "" {
		f.t.Errorf("the app acted on what nobody signed: %+v", r)
	}
	if status := f.mail.bring(genuine); status != http.StatusNoContent {
		f.t.Errorf("what Flint signed: %d", status)
	}
	f.mail.set(false, false)
	f.bringAll()
	f.untilDone(id)
	f.expect(o.ID, 1700, 1700)
}

// wasAway: while the app does not run a return is asked for and another is withdrawn. Back again it asks Flint.
func (f *fairReturn) wasAway() {
	f.t.Helper()
	f.app.stop()
	wanted, withdrawn := f.sell(1800), f.sell(1900)
	id, other := f.ask(wanted, "refund"), f.ask(withdrawn, "refund")
	post[fields](f.platform, "/v1/returns/"+other+"/cancel", fields{"reason": "buyer_request"})
	f.app.start()
	f.says(other, "canceled") // the merchant's page asks for what was missed
	eventually(f.t, "the return is completed", func() bool { return f.page(id) != "" && f.back(id).Status == "completed" })
	f.says(id, "Settled.")
	if r := f.back(other); r.Status != "canceled" || r.Resolutions != 0 {
		f.t.Errorf("the return is %+v", r)
	}
	f.expect(wanted.ID, 1800, 1800)
	f.expect(withdrawn.ID, 1900, 0)
	f.expectActs(wanted.ID, "Fair Return", "return.decision_recorded", "return_resolution.created", "refund.created")
}

// isRemovedInTheMiddle: one buyer owes a difference, one was asked for photos, one was not heard of yet. The merchant
// goes on without the app.
func (f *fairReturn) isRemovedInTheMiddle(buyer *browser) {
	f.t.Helper()
	exchanged, owing := f.owesADifference(buyer)
	shown := f.sell(9900)
	asked := f.ask(shown, "refund")
	f.until(asked, "marked", func(r takenBack) bool { return r.Metadata["fair_return"] != "" })
	buyers := f.buyersPage(asked)
	access, _, _ := f.app.kept(f.t)
	f.mail.set(false, true)
	late := f.sell(1500)
	unheard := f.ask(late, "refund")
	created := f.mail.find("return.created", unheard)
	f.merchant.remove(f.platform, f.install)
	if status := f.mail.bring(f.mail.find("partner_app.install.revoked", f.install)); status != http.StatusNoContent {
		f.t.Errorf("the removal is answered with %d", status)
	}
	eventually(f.t, "the app forgets the merchant", func() bool {
		f.merchant.open(f.app.address)
		return strings.Contains(f.merchant.text(), "Install it at your merchant")
	})
	f.mail.bring(created)
	about := created.header.Get("webhook-id")
	eventually(f.t, "the app finds that it was removed", func() bool { return strings.Contains(f.app.said.String(), "event="+about+" try=1") })
	if status := f.api(access, http.MethodGet, "/v1/returns/"+unheard, nil, nil); status != http.StatusUnauthorized {
		f.t.Errorf("the token of a removed app is answered with %d", status)
	}
	buyer.open(buyers)
	if buyer.status != http.StatusNotFound {
		f.t.Errorf("the buyer's page of a removed app: %s", buyer.describe())
	}
	raw, err := os.ReadFile(filepath.Join(f.app.dir, "store.json"))
	if err != nil || strings.Contains(string(raw), asked) || strings.Contains(string(raw), "fprt_") {
		f.t.Errorf("the app still keeps something of the merchant: %v\n%s", err, raw)
	}
	for id, want := range map[string]string{owing: "open", asked: "requested", unheard: "requested"} {
		if r := f.back(id); r.Status != want {
			f.t.Errorf("the return is %+v, want it %s", r, want)
		}
	}

	open := f.resolutions(owing)[0]
	post[fields](f.platform, "/v1/return-resolutions/"+open.ID+"/cancel", fields{"reason": "merchant_request"})
	f.settle(owing)
	f.expect(exchanged.ID, 2000, 2000)
	for _, id := range []string{asked, unheard} {
		post[fields](f.platform, "/v1/returns/"+id+"/cancel", fields{"reason": "merchant_request"})
	}
	f.expect(shown.ID, 9900, 0)
	f.expect(late.ID, 1500, 0)
}

// settle refunds the goods of a return as the merchant, and completes it.
func (p *platform) settle(returnID string) {
	p.t.Helper()
	made := post[settled](p, "/v1/returns/"+returnID+"/resolutions", fields{"resolution_type": "refund",
		"line_items": []fields{{"return_line_item_id": p.back(returnID).Lines[0].ID, "quantity": 1}}})
	post[settled](p, "/v1/return-resolutions/"+made.ID+"/confirm", fields{})
	p.untilDone(returnID)
}

// TestAReturnsExtensionWithoutAScope: the merchant lets the app decide and not refund. It decides, and shows what it
// could not do.
func TestAReturnsExtensionWithoutAScope(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../examples/returns-extension/permissions.json")
	if err != nil {
		t.Fatal(err)
	}
	var asks []fields
	if err := json.Unmarshal(raw, &asks); err != nil {
		t.Fatal(err)
	}
	for _, ask := range asks {
		ask["optional"] = ask["permission_id"] == "resolutions"
	}
	if raw, err = json.Marshal(asks); err != nil {
		t.Fatal(err)
	}
	permissions := filepath.Join(t.TempDir(), "permissions.json")
	if err := os.WriteFile(permissions, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	p := startFlint(t)
	app := startExtension(t, p, plan{example: "returns-extension", name: "Fair Return", events: returnEvents, permissions: permissions})
	merchant := newBrowser(t)
	merchant.install(p, app, "Fair Return", "Refund and exchange returned goods")
	o := p.sell(1500)
	id := p.ask(o, "refund")
	p.until(id, "open", func(r takenBack) bool { return r.Status == "open" })
	eventually(t, "the app shows what was refused", func() bool {
		merchant.open(app.address)
		return strings.Contains(merchant.text(), "Not handled return.decision_recorded")
	})
	if !strings.Contains(merchant.text(), "INSUFFICIENT_SCOPE") {
		t.Errorf("the app does not say what is missing: %s", merchant.describe())
	}
	if said := app.said.String(); !strings.Contains(said, "an event was given up") || strings.Contains(said, "was not handled type=return.decision_recorded") {
		t.Errorf("what was refused for good is tried again:\n%s", said)
	}
	if r := p.back(id); r.Status != "open" || r.Resolutions != 0 || r.Lines[0].Approved != 1 {
		t.Errorf("the return is %+v", r)
	}
	p.expect(o.ID, 1500, 0)
	p.settle(id)
	p.expect(o.ID, 1500, 1500)
	expectClean(t, p)
}
