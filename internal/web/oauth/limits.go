package oauth

import (
	"net/http"
	"strconv"
	"strings"

	"flint/internal/app"
	"flint/internal/db"
	"flint/internal/money"
	"flint/internal/web/signin"
)

// limitRow is the limits in one currency, as they are typed: empty for none.
type limitRow struct {
	Currency                string
	PerOrder, PerDay, Above string
	Bad                     string // text key
}

// formRows bounds how many currencies a form sends.
const formRows = 41

// limitRows are the limits an install has, and an empty row for one more currency.
func limitRows(l app.Limits) []limitRow {
	var out []limitRow
	at := func(c money.Currency) *limitRow {
		for n := range out {
			if out[n].Currency == string(c) {
				return &out[n]
			}
		}
		out = append(out, limitRow{Currency: string(c)})
		return &out[len(out)-1]
	}
	for _, a := range l.RefundPerOrder {
		at(a.Currency).PerOrder = plain(a)
	}
	for _, a := range l.RefundPerDay {
		at(a.Currency).PerDay = plain(a)
	}
	for _, a := range l.RefundApprovalAbove {
		at(a.Currency).Above = plain(a)
	}
	return append(out, limitRow{})
}

// plain writes an amount as it is typed: "150.00".
func plain(a money.Amount) string {
	text, digits := strconv.FormatInt(a.Minor, 10), a.Currency.Digits()
	if digits == 0 {
		return text
	}
	if len(text) <= digits {
		text = strings.Repeat("0", digits-len(text)+1) + text
	}
	return text[:len(text)-digits] + "." + text[len(text)-digits:]
}

// typed reads an amount as people type it: "150", "150.5", "1,500.00". False when it is none.
func typed(text string, c money.Currency) (money.Amount, bool) {
	whole, part, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(text), ",", ""), ".")
	digits := c.Digits()
	if whole == "" || len(part) > digits || len(whole) > 12 || strings.Trim(whole+part, "0123456789") != "" {
		return money.Amount{}, false
	}
	n, err := strconv.ParseInt(whole+part+strings.Repeat("0", digits-len(part)), 10, 64)
	return money.Amount{Minor: n, Currency: c}, err == nil
}

// readLimits reads the form; ok is false when a row cannot be read, and says which.
func readLimits(r *http.Request) (limits app.Limits, rows []limitRow, ok bool) {
	ok = true
	limits.OwnOrdersOnly = r.PostFormValue("own_orders_only") != ""
	for n := range formRows {
		at := strconv.Itoa(n)
		row := limitRow{Currency: strings.ToUpper(strings.TrimSpace(r.PostFormValue("currency." + at))), PerOrder: r.PostFormValue("order." + at),
			PerDay: r.PostFormValue("day." + at), Above: r.PostFormValue("above." + at)}
		if row.PerOrder+row.PerDay+row.Above == "" {
			continue // a row without an amount limits nothing
		}
		currency := money.Currency(row.Currency)
		if !currency.Known() {
			row.Bad, ok = "limits.currency.bad", false
		}
		for _, in := range []struct {
			text string
			list *[]money.Amount
		}{{row.PerOrder, &limits.RefundPerOrder}, {row.PerDay, &limits.RefundPerDay}, {row.Above, &limits.RefundApprovalAbove}} {
			if in.text == "" || row.Bad != "" {
				continue
			}
			amount, readable := typed(in.text, currency)
			if !readable {
				row.Bad, ok = "limits.amount.bad", false
				continue
			}
			*in.list = append(*in.list, amount)
		}
		rows = append(rows, row)
	}
	return limits, append(rows, limitRow{}), ok
}

func (h *Handler) limit(w http.ResponseWriter, r *http.Request, v *signin.Visitor, i *installed) {
	if !h.managed(w, r, i) {
		return
	}
	limits, rows, ok := readLimits(r)
	if !ok {
		h.showInstall(w, r, v, i, rows, http.StatusUnprocessableEntity)
		return
	}
	h.change(w, r, i, func(tx db.Tx) error {
		_, err := h.Apps.SetLimits(r.Context(), tx, app.SetLimitsInput{MerchantID: i.MerchantID, InstallID: i.ID, PerOrder: &limits.RefundPerOrder,
			PerDay: &limits.RefundPerDay, ApprovalAbove: &limits.RefundApprovalAbove, OwnOrdersOnly: &limits.OwnOrdersOnly, Now: h.Clock.Now()})
		return err
	})
}
