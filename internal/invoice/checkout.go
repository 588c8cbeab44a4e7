package invoice

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// CheckoutInput asks for the invoice's own checkout.
type CheckoutInput struct {
	Scope      tenant.Scope
	InvoiceID  string
	EntryID    string // a schedule entry, empty for what is due
	Surface    string // hosted when empty
	PageOrigin string
	SuccessURL string
	CancelURL  string
	Cause      event.Cause
}

// Checkout is the open checkout of an invoice with its credentials.
type Checkout struct {
	Invoice *Invoice
	Opened
	Attempt *PaymentAttempt
	Reused  bool
}

// Checkout opens the invoice's checkout, or gives the one that is open while it still fits: same surface,
// same amount, same entry. A checkout lives as long as the generation of the public link. One that no longer
// fits is replaced, because no payment runs in it.
//
// Faults: RESOURCE_NOT_FOUND, INVOICE_NOT_ISSUED, INVOICE_NOT_COLLECTIBLE, INVOICE_PAYMENT_RESOLVING,
// INVOICE_PAYMENT_PROCESSING, INVOICE_SCHEDULE_ENTRY_NOT_COLLECTIBLE, INVOICE_LINK_UNAVAILABLE,
// INVOICE_PAYMENT_OPTION_LIMIT_EXCEEDED, PAYMENT_OPTION_UNAVAILABLE.
func (s *Service) Checkout(ctx context.Context, tx db.Tx, in CheckoutInput) (Checkout, error) {
	o, v, err := s.open(tx, in.Scope, in.InvoiceID)
	if err != nil {
		return Checkout{}, err
	}
	if err := v.checkCollectible(); err != nil {
		return Checkout{}, err
	}
	if err := checkQuiet(tx, o); err != nil {
		return Checkout{}, err
	}
	now := s.Clock.Now()
	if !now.Before(v.LinkExpires) {
		return Checkout{}, fault.Conflict("INVOICE_LINK_UNAVAILABLE", "The invoice's link has run out.").Then("Regenerate the public link.")
	}
	amount, ok := v.Collecting(now, in.EntryID)
	if !ok {
		return Checkout{}, fault.Conflict("INVOICE_SCHEDULE_ENTRY_NOT_COLLECTIBLE", "The entry is not the next one to be paid.").
			Then("Leave the entry out, or name the first that is not satisfied.")
	}
	options, err := v.options(amount)
	if err != nil {
		return Checkout{}, err
	}
	surface := in.Surface
	if surface == "" {
		surface = "hosted"
	}
	current, currentSurface, err := s.Door.Current(tx, o, in.Cause)
	if err != nil {
		return Checkout{}, err
	}
	found, err := active(tx, v)
	if err != nil {
		return Checkout{}, err
	}
	if a := forSession(found, current); a != nil && currentSurface == surface && a.Expected == amount && a.EntryID == in.EntryID && current == v.SessionID {
		opened, err := s.opened(v)
		if err != nil {
			return Checkout{}, err
		}
		return Checkout{Invoice: v, Opened: opened, Attempt: a, Reused: true}, s.Door.Redirect(tx, in.Scope, current, in.SuccessURL, in.CancelURL)
	}
	var c change
	if err := s.dropAttempts(tx, v, &c); err != nil {
		return Checkout{}, err
	}
	opened, err := s.Door.Open(ctx, tx, DoorInput{
		Invoice: v, ReplaceID: current, Surface: surface, PageOrigin: in.PageOrigin, SuccessURL: in.SuccessURL, CancelURL: in.CancelURL,
		Options: options, Cause: in.Cause,
	})
	if err != nil {
		return Checkout{}, err
	}
	a, err := s.startAttempt(tx, v, in.EntryID, opened.SessionID, amount, &c)
	if err != nil {
		return Checkout{}, err
	}
	if err := s.keep(v, opened); err != nil {
		return Checkout{}, err
	}
	return Checkout{Invoice: v, Opened: opened, Attempt: a}, s.save(tx, v, in.Cause, c)
}

// keep seals the credentials of the open checkout, so that whoever asks for it again gets the same.
func (s *Service) keep(v *Invoice, opened Opened) error {
	plain, err := json.Marshal(&opened)
	if err != nil {
		return fmt.Errorf("encode the checkout of invoice %s: %w", v.ID, err)
	}
	v.SessionID, v.SessionToken = opened.SessionID, s.Box.Seal("invoice checkout "+v.ID, plain)
	return nil
}

func (s *Service) opened(v *Invoice) (Opened, error) {
	plain, err := s.Box.Open("invoice checkout "+v.ID, v.SessionToken)
	if err != nil {
		return Opened{}, fmt.Errorf("open the checkout of invoice %s: %w", v.ID, err)
	}
	var out Opened
	return out, json.Unmarshal(plain, &out)
}

// collectable are the payment options that money can be collected through today.
var collectable = []string{"card", "ach_debit"}

// options are the payment options that may collect an amount.
func (v *Invoice) options(amount int64) ([]string, error) {
	p := v.Collection.Policy
	if p == nil {
		return nil, nil
	}
	var out []string
	highest := int64(0)
	for _, option := range p.Options {
		limit := int64(-1)
		for _, l := range p.Limits {
			if l.Option == option && l.Max.Currency == v.Currency {
				limit = l.Max.Minor
			}
		}
		highest = max(highest, limit)
		if (limit < 0 || amount <= limit) && strings.Contains(strings.Join(collectable, " "), option) {
			out = append(out, option)
		}
	}
	if len(out) == 0 {
		return nil, fault.Conflict("INVOICE_PAYMENT_OPTION_LIMIT_EXCEEDED", "What is due is above the limit of every payment option.").
			With("maximum_money", v.Money(highest))
	}
	return out, nil
}
