package checkout

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/order"
	"flint/internal/secret"
	"flint/internal/settings"
	"flint/internal/tenant"
)

// Purposes of a code.
const (
	PurposeGiftCard    = "gift_card_purchase"
	PurposeSave        = "save_payment_method"
	PurposeUse         = "use_saved_payment_methods"
	PurposeConfirmSave = "confirm_saved_payment_method"
)

// Channels that a code is asked by. Auto picks what was used before, which is nothing but e-mail.
const (
	ChannelEmail = "email"
	ChannelSMS   = "sms"
	ChannelAuto  = "auto"
)

// A mailed code: how long it works, how often one may be wrong, and how many a session sends.
const (
	CodeLife         = 15 * time.Minute
	CodeTries        = 5
	maxCodes         = 5 // before the payment
	maxConfirmations = 3 // to confirm a saved payment method
)

// states of a code
const (
	codePending   = "pending"
	codeReplaced  = "replaced"
	codeConfirmed = "confirmed"
)

// CodeLetter is the mail with a code.
type CodeLetter struct {
	Scope tenant.Scope
	Key   string // one mail per key
	To    string
	Code  secret.Text // six digits
	Life  time.Duration
	Zone  string // IANA, empty when unknown
	Cause event.Cause
}

// Verification is a code that was sent to prove an address.
type Verification struct {
	Scope     tenant.Scope
	ID        string
	SessionID string
	Purpose   string
	Channel   string // that was used
	Email     string // in lower case
	CreatedAt time.Time
	ExpiresAt time.Time

	automatic bool
	codeHash  string
	status    string
	tries     int64
}

// VerificationInput asks for a code.
type VerificationInput struct {
	Scope     tenant.Scope
	SessionID string
	Purpose   string
	Channel   string // as the purpose has it when empty
	Email     string // not for PurposeConfirmSave
	ActsForID string // customer the credential acts for already, empty for nobody
	Asker     string // where the request comes from, for the caps; empty when that is unknown
	Cause     event.Cause
}

// Validate reports every fault of the input.
func (in *VerificationInput) Validate() error {
	var f fault.List
	switch {
	case !slices.Contains([]string{PurposeGiftCard, PurposeSave, PurposeUse, PurposeConfirmSave}, in.Purpose):
		f.Add("INVALID_PURPOSE", "purpose", "This is no purpose of a code.")
	case in.Purpose == PurposeConfirmSave && in.Email != "":
		f.Add("FIELD_NOT_ALLOWED_FOR_CALLER", "email", "The address is that of the payment; leave it out.")
	case in.Purpose != PurposeConfirmSave && in.Email == "":
		f.Add("FIELD_REQUIRED", "email", "Name the address to write to.")
	case in.Email != "":
		CheckEmail(&f, "email", in.Email)
	}
	switch {
	case !slices.Contains([]string{"", ChannelEmail, ChannelSMS, ChannelAuto}, in.Channel),
		in.Purpose == PurposeConfirmSave && (in.Channel == "" || in.Channel == ChannelAuto):
		f.Add("INVALID_CHANNEL", "channel", "The channel is email, sms or, for purposes before the payment, auto.")
	}
	return f.Err()
}

// SendVerification mails a code to the address, and voids the session's earlier ones. By channel email the
// answer is the same whether or not somebody has the address.
//
// Faults: those of Validate, RESOURCE_NOT_FOUND, CHECKOUT_SESSION_NOT_OPEN, CHECKOUT_SESSION_EXPIRED,
// CHECKOUT_PAYMENT_RESOLVING, CHECKOUT_CUSTOMER_ALREADY_AUTHORIZED, CUSTOMER_VERIFICATION_NOT_OFFERED,
// CUSTOMER_VERIFICATION_TEXT_UNAVAILABLE, CUSTOMER_VERIFICATION_EMAIL_NOT_ALLOWED,
// CUSTOMER_VERIFICATION_LIMIT_REACHED, CUSTOMER_VERIFICATION_RATE_LIMITED, CUSTOMER_VERIFICATION_NOT_SENT,
// CUSTOMER_VERIFICATION_UNAVAILABLE, PAYMENT_METHOD_SAVE_NOT_PENDING, PAYMENT_METHOD_SAVE_EMAIL_UNAVAILABLE,
// PAYMENT_METHOD_SAVE_CODE_LIMIT_REACHED.
func (s *Service) SendVerification(ctx context.Context, tx db.Tx, in VerificationInput) (*Verification, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	o, session, err := s.lock(tx, in.Scope, in.SessionID)
	if err != nil {
		return nil, err
	}
	email, err := s.mayVerify(ctx, tx, o, session, &in)
	if err != nil {
		return nil, err
	}
	now, channel := s.Clock.Now(), in.Channel
	if channel == "" && in.Purpose == PurposeUse {
		channel = ChannelAuto
	}
	in.Channel = channel
	switch {
	case channel == ChannelSMS:
		return nil, fault.Conflict("CUSTOMER_VERIFICATION_TEXT_UNAVAILABLE", "Text messages are not sent.").Then("Ask with channel email.")
	case s.SendCode == nil:
		return nil, fault.Unavailable("CUSTOMER_VERIFICATION_UNAVAILABLE", "This installation sends no mail.")
	}
	if channel == ChannelAuto {
		known, err := s.hasSaved(ctx, tx, in.Scope, email)
		if err != nil {
			return nil, err
		}
		if !known {
			return nil, notSent()
		}
		live, err := liveCode(tx, session, in.Purpose, email, now)
		if err != nil || live != nil {
			return live, err
		}
	}
	if err := s.checkCaps(tx, session, &in, email, now); err != nil {
		if f := fault.Of(err); channel == ChannelAuto && f != nil && f.Class != fault.ClassInternal {
			return nil, notSent()
		}
		return nil, err
	}
	return s.sendCode(ctx, tx, session, &in, email, channel == ChannelAuto, now)
}

func notSent() error {
	return fault.Conflict("CUSTOMER_VERIFICATION_NOT_SENT", "No code was sent.").Then("Go on without, or ask with channel email.")
}

// mayVerify refuses what the session does not offer now, and tells the address to write to, in lower case.
func (s *Service) mayVerify(ctx context.Context, tx db.Tx, o *order.Order, session *Session, in *VerificationInput) (string, error) {
	if in.Purpose == PurposeConfirmSave { // a card is saved at once, or not at all
		return "", fault.Conflict("PAYMENT_METHOD_SAVE_NOT_PENDING", "No payment method of this session waits to be confirmed.")
	}
	if err := s.checkOpen(session, s.Clock.Now()); err != nil {
		return "", err
	}
	switch {
	case in.ActsForID != "":
		return "", fault.Conflict("CHECKOUT_CUSTOMER_ALREADY_AUTHORIZED", "This credential acts for a customer already.")
	case o.ActiveAttemptID != "":
		return "", resolving(o)
	}
	offered, err := s.OffersVerification(tx, session)
	if err != nil {
		return "", err
	}
	if !offered || in.Purpose == PurposeGiftCard {
		return "", fault.Conflict("CUSTOMER_VERIFICATION_NOT_OFFERED", "This checkout offers nothing that needs a code for this purpose.")
	}
	email := strings.ToLower(in.Email)
	if session.CustomerID == "" {
		return email, nil
	}
	who, err := s.Orders.Customers.Get(ctx, tx, in.Scope, session.CustomerID)
	if err != nil && !fault.Is(err, "RESOURCE_NOT_FOUND") {
		return "", err
	}
	if err == nil && strings.ToLower(who.Email) != email {
		return "", fault.Conflict("CUSTOMER_VERIFICATION_EMAIL_NOT_ALLOWED", "The checkout belongs to a customer with another address.")
	}
	return email, nil
}

// OffersVerification tells whether buyers of the session may prove who they are, to use what they saved or to
// save something: not where the merchant switched that off or hosts the accounts, where no card is taken, and
// not for an invoice or the difference of an exchange.
func (s *Service) OffersVerification(tx db.Tx, session *Session) (bool, error) {
	if session.InvoiceID != "" || session.Detail.ReturnResolutionID != "" || !slices.Contains(session.Detail.Options, "card") {
		return false, nil
	}
	if s.Settings == nil {
		return true, nil
	}
	e, err := s.Settings(tx, session.Scope)
	if err != nil {
		return false, fmt.Errorf("read the settings of checkouts: %w", err)
	}
	return e.Checkout.SavedDetails.Enabled && e.CustomerAccount.Mode != settings.AccountMerchantHosted, nil
}

// hasSaved tells whether the customer with the address has saved anything.
func (s *Service) hasSaved(ctx context.Context, tx db.Tx, scope tenant.Scope, email string) (bool, error) {
	who, err := s.customerOf(ctx, tx, scope, email)
	if err != nil || who == nil || s.HasSaved == nil {
		return false, err
	}
	return s.HasSaved(tx, scope, who.ID)
}

// customerOf is the customer with an address in whatever letter case, nil without one.
func (s *Service) customerOf(ctx context.Context, tx db.Tx, scope tenant.Scope, email string) (*customer.Customer, error) {
	found, err := s.Orders.Customers.List(ctx, tx, customer.ListInput{Scope: scope, Email: email, Limit: 1})
	if err != nil || len(found.Customers) == 0 {
		return nil, err
	}
	return found.Customers[0], nil
}

// sendCode draws a code, voids the earlier ones and has it mailed.
func (s *Service) sendCode(ctx context.Context, tx db.Tx, session *Session, in *VerificationInput, email string, automatic bool, now time.Time) (*Verification, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return nil, fmt.Errorf("draw a code: %w", err)
	}
	code := fmt.Sprintf("%06d", n)
	v := &Verification{
		Scope: in.Scope, ID: s.IDs.New(id.CheckoutVerification), SessionID: session.ID, Purpose: in.Purpose, Channel: ChannelEmail,
		Email: email, CreatedAt: now, ExpiresAt: now.Add(CodeLife), automatic: automatic, status: codePending,
	}
	v.codeHash = s.codeHash(v, code)
	asker := ""
	if in.Asker != "" {
		asker = s.mac("checkout asker", in.Asker) // counted, and nobody can read where from
	}
	if err := insertVerification(tx, v, asker); err != nil {
		return nil, err
	}
	s.Failpoints.Hit("checkout.code")
	return v, s.SendCode(ctx, tx, CodeLetter{
		Scope: in.Scope, Key: "checkout_code:" + v.ID, To: email, Code: secret.NewText(code), Life: CodeLife,
		Zone: session.Detail.Timezone, Cause: in.Cause,
	})
}

// codeHash ties a code to the installation's key and to its row, without which six digits could be tried out
// on a copy of the table.
func (s *Service) codeHash(v *Verification, code string) string {
	return s.mac("checkout code", v.SessionID, "\x00", v.ID, "\x00", code)
}
