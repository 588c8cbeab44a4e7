package account

import (
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"flint/internal/returns"
	"flint/internal/web/ui"
)

// The pages of a return show what a buyer has to know, with every part of them there.
func TestPagesOfReturns(t *testing.T) {
	t.Parallel()
	renderer, err := ui.New(ui.Config{Log: slog.New(slog.DiscardHandler), Languages: []ui.Language{ui.English()}}, Part())
	if err != nil {
		t.Fatal(err)
	}
	item := &wanted{
		N: 0, LineID: "li_1", Fulfillment: "ful_1", line: line{Name: "Radio", Amount: "$10.00", ImageURL: "https://shop.test/r.png"}, Open: true, Quantity: 1,
		Quantities: []option{{"0", "None", false}, {"1", "1", true}}, Reasons: []option{{"rrsn_1", "Faulty", true}}, Wishes: []option{{"refund", "Money back", true}},
		Errors: map[string]string{"note": "buyer.return.error.note"}, Value: "$10.00",
	}
	form := &returnForm{
		Base: "/account/x/orders/y/return", Number: "1001", Lines: []*wanted{item, {Verdict: "Too late."}}, AnyOpen: true, Chosen: []*wanted{item},
		Problem: "buyer.return.error", Hash: "abc", Total: "$8.75", Value: "$10.00", Fees: []row{{Name: "Restocking fee", Amount: "-$1.25"}}, SendsBack: true, Carrier: true,
		Get: "buyer.return.get",
	}
	final := *form
	final.Decided, final.Final = true, true
	done := &returnPage{
		Base:  "/account/x/returns/y",
		Order: "1001", Number: "R-1", words: words{State: "buyer.return.state.open", Text: "Please send the items.", Mark: "good"}, Lines: []given{{line: item.line, Notes: []string{"Reason: Faulty"}}},
		Steps:  stepsOf(&returns.Return{Derived: returns.Derived{Status: returns.StatusOpen, DecisionStatus: returns.DecisionApproved, MerchandiseStatus: returns.GoodsAwaitingHandoff}}),
		SendTo: []destination{{Name: "Returns desk", Address: []string{"1 Dock Road"}, Instructions: "Use the box.", Units: "1 item"}}, Owed: "$3.00", OwedBy: "Pay by 7 July.", Payable: true, Withdraw: true, Kept: true, Bank: true,
		Parcels: []parcel{{State: "buyer.parcel.created", Carrier: "UPS", Number: "1Z9", Label: "https://label.test/1"}},
		Refunds: []moved{{What: "Refund", Amount: "$1.00", State: "buyer.refund.pending"}}, Instead: []instead{{Name: "Big radio", Units: "× 2", Amount: "$13.00"}},
		Money: []row{{Name: "Fees", Amount: "-$1.25"}}, Total: row{Name: "You pay", Amount: "$4.25"},
	}
	for _, c := range []struct {
		page string
		view any
		want []string
	}{
		{"return_new", form, []string{"Radio", "Too late.", "This reason needs a note.", `name="line.0" value="li_1"`, "Continue"}},
		{"return_check", form, []string{"-$1.25", "$8.75", `name="quote" value="abc"`, "You pay the carrier", "Send the request"}},
		{"return_check", &final, []string{"This is decided at once and cannot be withdrawn.", "approved as soon as you send it"}},
		{"return", done, []string{`action="/account/x/returns/y/pay"`, "Pay $3.00", "Pay by 7 July.", "Big radio", "-$1.25", "$4.25", "Reason: Faulty", "Returns desk", "1 Dock Road", "Use the box.", "$3.00", "Withdraw this return", "cannot be withdrawn any more", "https://label.test/1", "Banks can take", `aria-current="step"`}},
	} {
		w := httptest.NewRecorder()
		renderer.Render(w, httptest.NewRequest("GET", "/", nil), ui.Page{Name: "account/" + c.page, Title: "x", View: c.view})
		for _, want := range c.want {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s (%d) lacks %q", c.page, w.Code, want)
			}
		}
		if c.view == any(form) && strings.Contains(w.Body.String(), "cannot be withdrawn") {
			t.Errorf("%s says what does not apply", c.page)
		}
	}
}
