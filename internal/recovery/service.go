package recovery

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"log/slog"
	"strings"
	"time"

	"flint/internal/checkout"
	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/failpoint"
	"flint/internal/id"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/settings"
	"flint/internal/tenant"
)

// Service notices, links, reminds and attributes.
type Service struct {
	Clock     clock.Clock
	IDs       *id.Source
	Events    *event.Log
	Orders    *order.Service
	Payments  *payment.Service
	Checkouts *checkout.Service
	Logger    *slog.Logger
	// Key makes the tokens of links and the keys of addresses; 32 bytes of the installation's own.
	Key []byte
	// Address is where the pages of an environment are: settings.Service.Address.
	Address func(scope tenant.Scope, kind string) string
	// Plan reads what the merchant has set up; nil for the defaults, which send no mail.
	Plan func(tx db.Tx, scope tenant.Scope) (Plan, error)
	// Queue hands a reminder over in the transaction that decided on it, and says why it will not go out when
	// that is known; nil when no mail can be sent.
	Queue func(tx db.Tx, l Letter) (mailID, why string, err error)
	// Unsubscribed tells whether an address has switched reminders off; nil when none can.
	Unsubscribed func(tx db.Tx, scope tenant.Scope, email string) (bool, error)
	// Doors opens doors of domains that this one does not know, by the type of the action: payment_link,
	// invoice. The order is locked and has no open session any more.
	Doors map[string]OpenDoor
	// Failpoints end the process at named places in tests; nil in production.
	Failpoints *failpoint.Points
}

func (s *Service) plan(tx db.Tx, scope tenant.Scope) (Plan, error) {
	if s.Plan == nil {
		return Plan{}, nil
	}
	return s.Plan(tx, scope)
}

// token is that of a link. It is made from the link's id and the installation's key, so that a reminder or a
// repeated answer can show it again while the database holds nothing but its hash.
func (s *Service) token(scope tenant.Scope, linkID string) string {
	m := hmac.New(sha256.New, s.Key)
	m.Write([]byte("recovery link\x00" + scope.MerchantID + "\x00" + scope.EnvironmentID + "\x00" + linkID))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// URL is the address of a link. It is a secret: whoever has it can see and pay the order.
func (s *Service) URL(scope tenant.Scope, linkID string) string {
	return s.Address(scope, settings.DomainCheckout) + "/r/" + s.token(scope, linkID)
}

// addressKey stands for an e-mail address where only equality counts.
func (s *Service) addressKey(scope tenant.Scope, email string) string {
	m := hmac.New(sha256.New, s.Key)
	m.Write([]byte("recovery address\x00" + scope.MerchantID + "\x00" + strings.ToLower(strings.TrimSpace(email))))
	return hex.EncodeToString(m.Sum(nil)[:16])
}

func earliest(times ...time.Time) time.Time {
	var out time.Time
	for _, t := range times {
		if !t.IsZero() && (out.IsZero() || t.Before(out)) {
			out = t
		}
	}
	return out
}

var system = event.Cause{ActorType: "system"}

// Wire makes the domains tell the service of what happens to their sessions, payments and orders. It is for
// building, before any request, after the doors close themselves in Settled.
func Wire(s *Service) {
	s.Checkouts.Seen = append(s.Checkouts.Seen, s.Seen)
	s.Checkouts.Ended = append(s.Checkouts.Ended, s.SessionEnded)
	s.Payments.Admit = append(s.Payments.Admit, s.Tried)
	s.Payments.Ended = append(s.Payments.Ended, s.Unpaid)
	s.Payments.Settled = append(s.Payments.Settled, s.Settled)
	s.Orders.Repriced = append(s.Orders.Repriced, s.OrderChanged)
}
