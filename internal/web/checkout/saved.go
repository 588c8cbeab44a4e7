package checkout

import (
	"fmt"
	"net/url"

	domain "flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/id"
	"flint/internal/payment"
)

// Saved is the part of the page about saved cards, by how far the buyer has come: nothing proven, a code on
// its way, or known as a customer.
type Saved struct {
	Email string // typed, written to, or proven
	Sent  bool   // a code was mailed there
	Known bool   // it is the buyer's
	Error string // text or key, beside the field
	Cards []SavedCard
	Save  bool // the box to save a card is ticked
}

// SavedCard is a card that the buyer may pay with.
type SavedCard struct {
	ID   string // of the payment method
	Text string // "Visa ending 4242, 12/34"
	card *payment.Source
}

// maxSaved is how many saved cards the page offers, the newest first.
const maxSaved = 10

// readSaved finds whether the session offers saved cards, for whom the browser acts, and that customer's.
func (h *Handler) readSaved(tx db.Tx, v *visit) error {
	if h.Checkouts.SendCode == nil {
		return nil
	}
	var err error
	if v.saves, err = h.Checkouts.OffersVerification(tx, v.session); err != nil {
		return err
	}
	if v.actsFor, err = h.actsFor(tx, v); err != nil || v.actsFor == "" {
		return err
	}
	found, _, err := payment.ListMethods(tx, payment.MethodList{Scope: v.session.Scope, CustomerID: v.actsFor, Type: "card", Now: v.now, Limit: maxSaved})
	if err != nil {
		return err
	}
	for _, m := range found {
		if c := m.Detail.Card; c != nil && m.Processor == h.Payments.Choose(v.session.Scope) {
			v.cards = append(v.cards, SavedCard{ID: m.ID, Text: fmt.Sprintf("%s, %02d/%02d", h.describe(c), c.ExpMonth, c.ExpYear%100), card: c})
		}
	}
	return nil
}

// saved is the section; nil where nothing is offered.
func (v *visit) saved(form url.Values) *Saved {
	if !v.saves || v.due == 0 {
		return nil
	}
	out := &Saved{Email: v.contact(form).Email}
	switch {
	case v.actsFor != "":
		out.Known, out.Email, out.Cards = true, v.proof.Email, v.cards
		out.Save = v.proof.Purpose == domain.PurposeSave
		if form != nil {
			out.Save = form.Get("save_card") != ""
		}
	case v.asked != nil:
		out.Sent, out.Email = true, v.asked.Email
	}
	return out
}

// choice is what the buyer wants to pay with.
type choice struct {
	credential payment.Credential
	stored     Stored // the same, for the eyes
	save       bool   // the typed card, for next time
}

func (c choice) empty() bool { return c.credential == payment.Credential{} }

// choose reads the choice from the form; the fault stands beside the payment section.
func (v *visit) choose(form url.Values) (choice, *FieldError) {
	option := form.Get("payment_option")
	if id.Valid(id.PaymentMethod, option) {
		for _, c := range v.cards {
			if c.ID == option {
				return choice{
					credential: payment.Credential{PaymentMethodID: c.ID},
					stored:     Stored{Option: OptionCard, Method: c.ID, Brand: brandName(c.card.Brand), Last4: c.card.Last4},
				}, nil
			}
		}
		return choice{}, &FieldError{"payment_token", "pay.saved.gone"}
	}
	token := form.Get("payment_token")
	if token == "" {
		token = v.storedToken()
	}
	if token == "" {
		return choice{stored: Stored{Option: OptionCard}}, nil
	}
	c := choice{credential: payment.Credential{ConfirmationToken: token}, stored: Stored{Option: Option(option), Token: token}}
	if s := v.source; s != nil && s.Token == token {
		c.stored = *s.stored()
	}
	if c.stored.Option != OptionBank {
		c.stored.Option = OptionCard
	}
	if c.save = form.Get("save_card") != "" && c.stored.Option == OptionCard; c.save && v.actsFor == "" {
		return c, &FieldError{"payment_token", "pay.saved.again"}
	}
	return c, nil
}
