package httpapi

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/support"
)

// BalanceExplanation says how every figure of an order's money came about.
type BalanceExplanation struct {
	OrderID     string           `json:"order_id"`
	OrderNumber string           `json:"order_number"`
	Currency    string           `json:"currency"`
	Summary     []string         `json:"summary" doc:"The balance in plain words, sentence by sentence."`
	Figures     []BalanceFigure  `json:"figures"`
	Entries     []ExplainedEntry `json:"journal_entries" doc:"All entries of the order's journal, oldest first."`
}

// BalanceFigure is one figure and its rows, which sum to it.
type BalanceFigure struct {
	Figure   string             `json:"figure" enum:"balance,outstanding,credit,total,late_fees,credited,owed,paid,refunded,net_collected,disputed,dispute_lost,kept,refunded_sales,written_off,payments_in_flight,refunds_in_flight"`
	Amount   SignedMoney        `json:"amount_money"`
	Text     string             `json:"text" doc:"What it is and how it came about, in plain words."`
	Accounts []string           `json:"accounts" doc:"The accounts of the journal whose postings make it."`
	Rows     []BalanceFigureRow `json:"rows" doc:"Oldest first."`
}

// BalanceFigureRow is what one entry of the journal does to a figure.
type BalanceFigureRow struct {
	EntryID    string      `json:"journal_entry_id"`
	OccurredAt time.Time   `json:"occurred_at"`
	What       string      `json:"what"`
	Amount     SignedMoney `json:"amount_money"`
	Running    SignedMoney `json:"running_money" doc:"What the figure came to with this row."`
}

// ExplainedEntry is an entry of the journal and what caused it.
type ExplainedEntry struct {
	EntryID    string             `json:"journal_entry_id"`
	Reason     string             `json:"reason" doc:"What made the entry; it occurs once in the environment."`
	OccurredAt time.Time          `json:"occurred_at"`
	What       string             `json:"what"`
	Actor      TimelineActor      `json:"actor"`
	Cause      TimelineObject     `json:"cause" doc:"The payment, the refund or the order itself."`
	Postings   []ExplainedPosting `json:"postings" doc:"They sum to nothing."`
}

// ExplainedPosting is one leg of an entry.
type ExplainedPosting struct {
	Account string      `json:"account"`
	Amount  SignedMoney `json:"amount_money" doc:"Positive on the debit side."`
}

// BalanceExplanationInput is the request of getOrderBalanceExplanation.
type BalanceExplanationInput struct {
	OrderID string `path:"order_id" id:"ord"`
}

func registerBalanceExplanation(a *API, s *Services) {
	Get(a, "getOrderBalanceExplanation", func(ctx context.Context, tx db.Tx, c *Caller, in *BalanceExplanationInput) (*BalanceExplanation, error) {
		x, err := s.support().Explain(ctx, tx, c.Scope, in.OrderID)
		if err != nil {
			return nil, err
		}
		return wireExplanation(x), nil
	}, Doc("Explain an order's balance", "Each figure with the rows of the journal that make it. The answer is proved before it is given: rows that do not sum to "+
		"their figure are answered with BALANCE_NOT_PROVED."), Errors("BALANCE_NOT_PROVED"))
}

func wireExplanation(x *support.Explanation) *BalanceExplanation {
	o := x.Order
	m := func(minor int64) SignedMoney { return SignedMoney{minor, string(o.Currency)} }
	out := &BalanceExplanation{OrderID: o.ID, OrderNumber: o.Number, Currency: string(o.Currency), Summary: x.Summary, Entries: []ExplainedEntry{}}
	for _, f := range x.Figures {
		w := BalanceFigure{Figure: f.Name, Amount: m(f.Amount), Text: f.Text, Accounts: []string{}, Rows: []BalanceFigureRow{}}
		for _, a := range f.Accounts {
			w.Accounts = append(w.Accounts, string(a))
		}
		for _, r := range f.Rows {
			w.Rows = append(w.Rows, BalanceFigureRow{EntryID: r.EntryID, OccurredAt: r.At, What: r.What, Amount: m(r.Amount), Running: m(r.Running)})
		}
		out.Figures = append(out.Figures, w)
	}
	for _, e := range x.Entries {
		w := ExplainedEntry{EntryID: e.ID, Reason: e.Reason, OccurredAt: e.At, What: e.What, Actor: wireActor(e.Actor), Cause: TimelineObject(e.Cause), Postings: []ExplainedPosting{}}
		for _, p := range e.Postings {
			w.Postings = append(w.Postings, ExplainedPosting{Account: string(p.Account), Amount: m(p.Amount)})
		}
		out.Entries = append(out.Entries, w)
	}
	return out
}
