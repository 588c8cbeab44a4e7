// Package id makes the identifiers of the platform: a prefix that names the kind, an underscore, and
// a ULID, which sorts by time of creation ("ord_01HZX3…").
package id

import (
	"bufio"
	"crypto/rand"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"flint/internal/clock"
)

// Prefixes of the contract, and of ours where it names none.
const (
	Merchant             = "mer"
	Sandbox              = "test"
	LiveEnvironment      = "menv"
	APIKey               = "key"
	User                 = "user"
	Organization         = "org"
	Customer             = "cus"
	Order                = "ord"
	OrderLineItem        = "li"
	OrderCharge          = "chg"
	OrderDiscount        = "disc"
	OrderTip             = "tip"
	OrderActivity        = "oact"
	TaxBreakdown         = "txb"
	PaymentIntent        = "pi"
	PaymentAttempt       = "opat"
	PendingAction        = "pendact"
	ProcessorOp          = "prop"
	Refund               = "ref"
	RefundAllocation     = "rall"
	RefundAdjustment     = "radj"
	Dispute              = "dp"
	CheckoutSession      = "cs"
	CheckoutVerification = "ccver"
	StrandedPayment      = "strp"
	WebhookEndpoint      = "whep"
	WebhookEvent         = "whev"
	WebhookDelivery      = "wdel"
	WebhookAttempt       = "watt"
	RequestLog           = "rlog"
	App                  = "papp"
	AppInstall           = "pinst"
	AppGrant             = "egrt"
	AppApproval          = "apprv"
	AppDataRequest       = "dsreq"
	OAuthSession         = "osess"
	PaymentMethod        = "pm"

	Invoice               = "inv"
	InvoiceLineItem       = "invli"
	InvoiceScheduleEntry  = "invse"
	InvoiceLateFee        = "invlf"
	InvoicePaymentTerm    = "ipt"
	InvoicePaymentAttempt = "invpa"
	InvoiceDelivery       = "indel"
	InvoiceActivity       = "inevt"
	InvoiceAccess         = "ivat"
	CreditNote            = "cn"
	CreditNoteLine        = "cnli"
	CreditNoteAllocation  = "cnal"

	Return                = "ret"
	ReturnLine            = "rtli"
	ReturnReceipt         = "rrec"
	ReturnReceiptLine     = "rrli"
	ReturnInspection      = "rins"
	ReturnInspectionLine  = "rili"
	ReturnDisposition     = "rdis"
	ReturnResolution      = "rres"
	ReturnResolutionLine  = "rrsli"
	ReturnReplacementLine = "rrpl"
	InventoryMovement     = "imov"

	CustomerSession         = "csess"
	CustomerAddress         = "cad"
	CustomerVerification    = "cver"
	CustomerDeletionRequest = "cdr"
	EmailChangeRequest      = "ecr"
	AccessLink              = "olnk"
	Promotion               = "promo"
	PromotionCode           = "pcode"
	Product                 = "prod"
	ProductVariant          = "var"
	ProductOption           = "popt"
	OptionValue             = "poval"
	ProductCategory         = "cat"
	PaymentLink             = "pl"
	PaymentLinkLine         = "plli"
	PaymentLinkField        = "plcf"
	Recovery                = "rcv"
	RecoveryLink            = "rlnk"
	RecoveryAction          = "ract"

	ReturnPolicy         = "rpol"
	ReturnPolicyRevision = "rprev"
	ReturnReason         = "rrsn"

	Fulfillment             = "ful"
	FulfillmentEvent        = "fev"
	FulfillmentNotification = "fnot"
	FulfillmentStatusUpdate = "fsu"
	Shipment                = "shp"
	ShipmentStatusUpdate    = "ssu"
	Package                 = "pkg"
	PackageItem             = "pki"
	PackageStatusUpdate     = "psu"

	OnboardingSession = "onbs"
	DemoSession       = "demo"

	JournalEntry = "jent"
	Job          = "job"
	Mail         = "mail"
	Settings     = "set"

	PaymentMethodDomain = "pmd"
)

// Source makes identifiers. It is safe for concurrent use.
type Source struct {
	clock   clock.Clock
	mu      sync.Mutex
	entropy *ulid.MonotonicEntropy
}

// NewSource returns a Source over the platform's clock and the system's random numbers. Identifiers
// of one millisecond still rise, and 80 bits of each are random, so a clock that jumps back repeats none.
func NewSource(c clock.Clock) *Source {
	return NewSourceFrom(c, bufio.NewReaderSize(rand.Reader, 4096))
}

// NewSourceFrom is NewSource with a given random stream, for golden tests.
func NewSourceFrom(c clock.Clock, random io.Reader) *Source {
	return &Source{clock: c, entropy: ulid.Monotonic(random, 0)}
}

// New returns a fresh identifier with the prefix.
func (s *Source) New(prefix string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := ulid.MustNew(ulid.Timestamp(s.clock.Now()), s.entropy)
	return prefix + "_" + u.String()
}

// Valid reports whether v is an identifier of the kind: its prefix, an underscore and a ULID.
func Valid(prefix, v string) bool {
	rest, ok := strings.CutPrefix(v, prefix+"_")
	if !ok || len(rest) != ulid.EncodedSize {
		return false
	}
	_, err := ulid.ParseStrict(rest)
	return err == nil
}

// Time is when an identifier was made, to the millisecond, and false for what is none.
func Time(v string) (time.Time, bool) {
	_, rest, _ := strings.Cut(v, "_")
	u, err := ulid.ParseStrict(rest)
	if err != nil {
		return time.Time{}, false
	}
	return u.Timestamp().UTC(), true
}
