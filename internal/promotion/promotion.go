package promotion

import (
	"slices"
	"time"

	"flint/internal/clock"
	"flint/internal/id"
	"flint/internal/money"
	"flint/internal/tenant"
)

// How a promotion comes to an order.
const (
	Automatic = "automatic"
	ByCode    = "code"
)

// What a promotion takes from.
const (
	ClassOrder         = "order"
	ClassLineItem      = "line_item"
	ClassServiceCharge = "service_charge"
)

// Classes in the order in which they are applied.
var classes = []string{ClassLineItem, ClassOrder, ClassServiceCharge}

// Kinds of value.
const (
	PercentOff = "percent_off"
	AmountOff  = "amount_off"
	BuyXGetY   = "buy_x_get_y"
)

// Allocations: for every unit (each), or once over all of them (across).
const (
	Each   = "each"
	Across = "across"
)

// What a percentage is of.
const (
	PreTax  = "subtotal_pre_tax"
	PostTax = "subtotal_post_tax"
)

// Which units come first when only some are discounted.
const (
	Cheapest     = "cheapest"
	HighestPrice = "highest_price"
	FirstAdded   = "first_added"
)

// Stacking modes: whether others of the class may follow.
const (
	Continue  = "continue"
	StopAfter = "stop_after"
)

// How one of an exclusivity group is chosen.
const (
	BestOf          = "best_of"
	HighestPriority = "highest_priority"
)

// Stored states of promotions and codes.
const (
	StateActive   = "active"
	StateInactive = "inactive"
	StateArchived = "archived" // promotions
	StateDeleted  = "deleted"  // codes
)

// Statuses that callers see beside active, inactive and archived.
const (
	StatusExpired       = "expired"
	StatusNotYetStarted = "not_yet_started"
	StatusExhausted     = "exhausted"
	StatusNoActiveCodes = "no_active_codes"
)

// Promotion is one rule that lowers prices.
type Promotion struct {
	Scope               tenant.Scope `json:"-"`
	ID                  string       `json:"-"` // promo_…
	Name                string       `json:"-"` // internal
	Redemption          string       `json:"-"` // automatic, code
	Class               string       `json:"-"`
	State               string       `json:"-"` // active, inactive, archived
	StartsAt            time.Time    `json:"-"` // zero: always
	EndsAt              time.Time    `json:"-"` // zero: never; exclusive
	MaxUses             *int64       `json:"-"` // nil: no limit
	Uses                int64        `json:"-"` // held by pending discounts and redeemed
	ExternalReferenceID string       `json:"-"`
	CreatedAt           time.Time    `json:"-"`
	UpdatedAt           time.Time    `json:"-"`
	Codes               CodesSummary `json:"-"` // of a code-gated one

	DisplayName  string            `json:"display_name"` // what buyers read
	Description  string            `json:"description,omitempty"`
	Method       Method            `json:"method"`
	Eligibility  *Group            `json:"eligibility,omitempty"`
	CombinesWith *Combines         `json:"combines_with,omitempty"`
	Exclusivity  *Exclusivity      `json:"exclusivity,omitempty"`
	Stacking     string            `json:"stacking"`
	Timezone     string            `json:"timezone,omitempty"`         // of the schedule, for people
	PerCustomer  *int64            `json:"max_per_customer,omitempty"` // uses of one customer; nil: no limit
	Metadata     map[string]string `json:"metadata,omitempty"`
}

// Method is what a promotion gives.
type Method struct {
	Type            string                   `json:"type"`
	Percent         money.Percent            `json:"percent,omitempty"`          // percent_off
	Amount          *Money                   `json:"amount,omitempty"`           // amount_off
	CurrencyOptions map[money.Currency]Money `json:"currency_options,omitempty"` // amount_off in other currencies
	Qualifying      *Group                   `json:"qualifying,omitempty"`       // buy_x_get_y: what has to be bought
	BuyQuantity     int64                    `json:"buy_quantity,omitempty"`
	Discounted      *Group                   `json:"discounted,omitempty"` // lines or charges that get cheaper
	GetQuantity     int64                    `json:"get_quantity,omitempty"`
	GetPercent      money.Percent            `json:"get_percent,omitempty"`
	Allocation      string                   `json:"allocation"`
	Basis           string                   `json:"basis,omitempty"`
	MaxApplications int64                    `json:"max_applications,omitempty"` // 0: no limit
	MaxUnits        int64                    `json:"max_units,omitempty"`        // 0: no limit; only with each
	Selection       string                   `json:"selection,omitempty"`
	Once            bool                     `json:"once,omitempty"` // recurrence was sent
}

// Money is an amount in minor units of a currency.
type Money struct {
	Amount   int64          `json:"amount"`
	Currency money.Currency `json:"currency"`
}

// Combines tells beside which classes a promotion may stand; nil is yes.
type Combines struct {
	Order         *bool `json:"order,omitempty"`
	LineItem      *bool `json:"line_item,omitempty"`
	ServiceCharge *bool `json:"service_charge,omitempty"`
}

// with tells whether promotions of the class may stand beside.
func (c *Combines) with(class string) bool {
	if c == nil {
		return true
	}
	v := map[string]*bool{ClassOrder: c.Order, ClassLineItem: c.LineItem, ClassServiceCharge: c.ServiceCharge}[class]
	return v == nil || *v
}

// Exclusivity names the group of which an order gets one.
type Exclusivity struct {
	Group     string `json:"group"`
	Selection string `json:"selection"`
	Priority  int64  `json:"priority,omitempty"`
}

// Priority is what decides before age.
func (p *Promotion) Priority() int64 {
	if p.Exclusivity == nil {
		return 0
	}
	return p.Exclusivity.Priority
}

// Rank is the promotion's place among the discounts of its class.
func (p *Promotion) Rank() Rank {
	return Rank{Priority: p.Priority(), Since: p.CreatedAt, PromotionID: p.ID}
}

// Status is what callers see at a time.
func (p *Promotion) Status(now time.Time) string {
	switch {
	case p.State != StateActive:
		return p.State
	case !p.EndsAt.IsZero() && !now.Before(p.EndsAt):
		return StatusExpired
	case now.Before(p.StartsAt):
		return StatusNotYetStarted
	case p.MaxUses != nil && p.Uses >= *p.MaxUses:
		return StatusExhausted
	case p.Redemption == ByCode && p.Codes.Active == 0:
		return StatusNoActiveCodes
	}
	return StateActive
}

// amountIn is what amount_off gives in a currency.
func (m *Method) amountIn(c money.Currency) (int64, bool) {
	if m.Amount != nil && m.Amount.Currency == c {
		return m.Amount.Amount, true
	}
	v, ok := m.CurrencyOptions[c]
	return v.Amount, ok
}

// CodesSummary counts the codes of a promotion.
type CodesSummary struct {
	Active, Total int64
	Newest        string // newest active code
}

// Code is a text by which a promotion is asked for.
type Code struct {
	Scope       tenant.Scope      `json:"-"`
	ID          string            `json:"-"` // pcode_…
	PromotionID string            `json:"-"`
	Text        string            `json:"-"` // as written by the merchant
	State       string            `json:"-"`
	MaxUses     *int64            `json:"-"`
	Uses        int64             `json:"-"`
	ExpiresAt   time.Time         `json:"-"`
	CreatedAt   time.Time         `json:"-"`
	UpdatedAt   time.Time         `json:"-"`
	Timezone    string            `json:"timezone,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
}

// Status is what callers see at a time.
func (c *Code) Status(now time.Time) string {
	switch {
	case c.State != StateActive:
		return c.State
	case !c.ExpiresAt.IsZero() && !now.Before(c.ExpiresAt):
		return StatusExpired
	case c.MaxUses != nil && c.Uses >= *c.MaxUses:
		return StatusExhausted
	}
	return StateActive
}

// Settings bound what promotions do for a merchant.
type Settings struct {
	MaxPerOrder int  // promotions on one order; 0: MaxPerOrder
	Automatic   bool // automatic ones take part
	Codes       bool // codes take part
}

// MaxPerOrder is how many promotions an order gets unless the merchant's settings say otherwise.
const MaxPerOrder = 5

// Service holds the collaborators of the operations on promotions. Each operation runs in the caller's
// transaction.
type Service struct {
	IDs   *id.Source
	Clock clock.Clock
}

// targets are the catalogue objects that a promotion is about, as lists search for them.
func (p *Promotion) targets() []string {
	var out []string
	for _, g := range []*Group{p.Eligibility, p.Method.Qualifying, p.Method.Discounted} {
		g.each(func(r *Rule) {
			if r.Attribute != "line_item.product_id" && r.Attribute != "line_item.variant_id" && r.Attribute != "line_item.category_handle" {
				return
			}
			for _, v := range r.Values {
				if v.Text != nil {
					out = append(out, r.Attribute+"="+*v.Text)
				}
			}
		})
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Is tells whether a text means the code; letter case and spaces around it make no difference.
func (c *Code) Is(written string) bool { return key(c.Text) == key(written) }
