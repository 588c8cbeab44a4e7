package notification

import (
	"context"
	"net/mail"
	"strings"
	"time"
	"unicode"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/job"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// Limits of receipts.
const (
	ResendAfter  = 5 * time.Minute // between two receipts of an order to one address
	MaxAddresses = 3               // different addresses of one order that merchants may write to, ever
)

// receiptJob is the kind of the job that sends a receipt.
const receiptJob = "receipt"

// Service holds the collaborators.
type Service struct {
	DB     db.DB
	Clock  clock.Clock
	IDs    *id.Source
	Jobs   *job.Queue
	Sender Sender      // nil: no mail is sent, letters are suppressed and receipts refused
	Box    *secret.Box // seals what letters say while they wait, and unsubscribe links
	// Address is where the account pages of an environment are, for unsubscribe links; nil: mails carry none.
	Address func(scope tenant.Scope) string
	// Policy reads what the settings say about a family; nil: Flint sends everything.
	Policy func(tx db.Tx, scope tenant.Scope, family string) (Policy, error)
	// Brand reads whose mails these are; nil: they are plain.
	Brand func(tx db.Tx, scope tenant.Scope) (Brand, error)
	// Renderers make big attachments when their mail leaves, by Letter.Render. Each opens its own
	// transaction. It is filled before the queue runs.
	Renderers map[string]func(ctx context.Context, scope tenant.Scope, id string) (Attachment, error)
	// Ended are told how a letter ended, in the transaction that writes it down, by State constants and reasons.
	Ended []func(tx db.Tx, scope tenant.Scope, mailID, state, reason string) error
	// Gates say why a letter that is about to leave must not any more, empty when it may, by Letter.Gate. The
	// transaction ends before the letter is handed over, for no lock is held while a mail server answers.
	Gates map[string]func(tx db.Tx, scope tenant.Scope, id string) (reason string, err error)
	// Orders reads what a receipt says of an order and locks the order until tx ends, which makes
	// the limits hold. RESOURCE_NOT_FOUND when the scope has no such order.
	Orders func(ctx context.Context, tx db.Tx, scope tenant.Scope, orderID string) (Order, error)
}

// Register makes the queue send mails. It is called once, before the queue runs.
func (s *Service) Register() {
	job.Handle(s.Jobs, receiptJob, s.deliver)
	job.Handle(s.Jobs, letterJob, s.deliverLetter)
}

// Input asks for a receipt.
type Input struct {
	Scope   tenant.Scope
	OrderID string
	Email   string // where to; empty for the address on file
	// Checkout says that a buyer asks with a checkout session's credential.
	Checkout bool
	// Automatic says that nobody asked: nothing is sent when the merchant wants that.
	Automatic bool
	Cause     event.Cause
}

// Validate reports the faults of the input.
func (in Input) Validate() error {
	var faults fault.List
	if in.Email != "" {
		checkAddress(&faults, "email", in.Email)
	}
	return faults.Err()
}

// SendReceipt queues the receipt of a paid order. Faults: ORDER_RECEIPT_NOT_AVAILABLE (409, not
// paid), ORDER_RECEIPT_MERCHANT_MANAGED (409, the merchant sends its own), ORDER_RECEIPT_EMAIL_UNAVAILABLE
// (409, no address given or on file), ORDER_RECEIPT_EMAIL_ON_FILE (403, a checkout asked for another
// address), ORDER_RECEIPT_RESEND_RATE_LIMITED (429), ORDER_RECEIPT_RECIPIENT_LIMIT_REACHED (409).
func (s *Service) SendReceipt(ctx context.Context, tx db.Tx, in Input) error {
	if err := in.Validate(); err != nil {
		return err
	}
	if s.Sender == nil {
		return fault.Conflict("ORDER_RECEIPT_EMAIL_UNAVAILABLE", "This installation sends no mail.").
			Then("The operator connects a mail server.")
	}
	o, err := s.Orders(ctx, tx, in.Scope, in.OrderID)
	if err != nil || (in.Automatic && o.OnRequest) {
		return err
	}
	address, err := recipient(o, in)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	r := receipt{Scope: in.Scope, OrderID: in.OrderID, MailID: s.IDs.New(id.Mail), Address: address, Key: addressKey(address),
		Checkout: in.Checkout, Cause: in.Cause, CreatedAt: now}
	if err := checkLimits(tx, r); err != nil {
		return err
	}
	if err := insertReceipt(tx, r); err != nil {
		return err
	}
	return s.Jobs.Enqueue(tx, in.Scope, receiptJob, r.MailID, now, receiptPayload{OrderID: r.OrderID, MailID: r.MailID})
}

// recipient decides whether the order has a receipt and where it may go.
func recipient(o Order, in Input) (string, error) {
	switch {
	case o.MerchantSends:
		return "", fault.Conflict("ORDER_RECEIPT_MERCHANT_MANAGED", "The merchant sends the receipts of its orders.")
	case !o.Paid:
		return "", fault.Conflict("ORDER_RECEIPT_NOT_AVAILABLE", "The order is not paid, so it has no receipt yet.")
	case in.Checkout && in.Email != "" && addressKey(in.Email) != addressKey(o.Email):
		return "", (&fault.Error{Class: fault.ClassForbidden, Code: "ORDER_RECEIPT_EMAIL_ON_FILE", Param: "email",
			Message: "From a checkout, the receipt goes only to the address on file for the order."}).Then("Leave email out.")
	case in.Email != "" && !in.Checkout:
		return in.Email, nil
	case o.Email == "":
		return "", fault.Conflict("ORDER_RECEIPT_EMAIL_UNAVAILABLE", "The order has no e-mail address on file.").
			Then("Send the address in email.")
	}
	return o.Email, nil
}

// checkLimits holds the order's lock, so nothing is added between counting and writing.
func checkLimits(tx db.Tx, r receipt) error {
	seen, err := addressesOf(tx, r.Scope, r.OrderID)
	if err != nil {
		return err
	}
	if last, ok := seen[r.Key]; ok {
		if wait := last.Add(ResendAfter).Sub(r.CreatedAt); wait > 0 {
			return (&fault.Error{Class: fault.ClassRateLimited, Code: "ORDER_RECEIPT_RESEND_RATE_LIMITED",
				Message: "The receipt was sent to this address less than five minutes ago."}).Retry(wait)
		}
		return nil
	}
	if !r.Checkout && len(seen) >= MaxAddresses {
		return fault.Conflict("ORDER_RECEIPT_RECIPIENT_LIMIT_REACHED", "The receipt of this order was sent to %d different addresses; there may be no more.", MaxAddresses)
	}
	return nil
}

// addressKey is the form in which addresses are compared.
func addressKey(v string) string { return strings.ToLower(strings.TrimSpace(v)) }

func checkAddress(l *fault.List, param, v string) {
	a, err := mail.ParseAddress(v)
	domain := v[strings.LastIndexByte(v, '@')+1:]
	if err != nil || a.Address != v || len(v) > 254 || !strings.Contains(domain, ".") || strings.ContainsFunc(v, unicode.IsControl) {
		l.Add("INVALID_EMAIL_FORMAT", param, "This is not an e-mail address.")
	}
}
