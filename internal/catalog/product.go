package catalog

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/money"
	"flint/internal/tenant"
)

// Statuses of products, options, values and variants.
const (
	StatusActive   = "active"
	StatusInactive = "inactive"
	StatusArchived = "archived"
)

// Types of products. Gift cards are reserved.
const (
	TypePhysical = "physical"
	TypeService  = "service"
	TypeFee      = "fee"
	TypeDigital  = "digital"
)

// Limits of one product.
const (
	MaxCategories = 100
	MaxImages     = 8
	MaxOptions    = 10
	MaxValues     = 100
	MaxVariants   = 250 // that are not archived
	MaxPrice      = 10_000_000_000_000

	maxName        = 255
	maxDescription = 5000
	maxCode        = 100 // of a SKU or a barcode
	maxReference   = 255
)

// Use says who still needs a variant.
type Use string

// Users of variants.
const (
	UsedByOrder       Use = "order"        // open and not paid
	UsedByCheckout    Use = "checkout"     // an open checkout session of such an order
	UsedByPaymentLink Use = "payment_link" // active
)

// Service keeps catalogues. Operations run in the caller's transaction and lock the product first.
type Service struct {
	IDs   *id.Source
	Clock clock.Clock
	// InUse asks the domains that sell whether they still need one of the variants; "" when they do not.
	InUse []UseFunc
}

// UseFunc asks one domain.
type UseFunc func(tx db.Tx, scope tenant.Scope, variantIDs []string) (Use, error)

// Product is a thing that is sold, with its variants.
type Product struct {
	Scope               tenant.Scope `json:"-"`
	ID                  string       `json:"-"`
	Name                string       `json:"-"`
	Type                string       `json:"-"`
	Status              string       `json:"-"`
	Version             int64        `json:"-"` // of the product alone; variants have their own
	ExternalReferenceID string       `json:"-"`
	CreatedAt           time.Time    `json:"-"`
	UpdatedAt           time.Time    `json:"-"`
	Variants            []*Variant   `json:"-"` // by position, archived ones included

	Description string            `json:"description,omitempty"`
	Options     []Option          `json:"options,omitempty"`
	Categories  []Category        `json:"categories,omitempty"`
	Images      []Image           `json:"images,omitempty"` // the first is the main one
	Metadata    map[string]string `json:"metadata,omitempty"`
}

// Option is something to choose, such as a size.
type Option struct {
	ID        string            `json:"id"`
	Name      string            `json:"name"`
	Position  int64             `json:"position"`
	Status    string            `json:"status"`
	Values    []Value           `json:"values"`
	Metadata  map[string]string `json:"metadata,omitempty"`
	CreatedAt time.Time         `json:"created_at"`
	UpdatedAt time.Time         `json:"updated_at"`
}

// Value is one choice of an option.
type Value struct {
	ID       string            `json:"id"`
	Value    string            `json:"value"`
	Position int64             `json:"position"`
	Status   string            `json:"status"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

// Category groups products; it exists from its first use on.
type Category struct {
	ID     string `json:"id"`
	Handle string `json:"handle"` // lower case, words joined by hyphens
	Name   string `json:"name"`
}

// Image is a picture by its public address.
type Image struct {
	URL string `json:"url"`
	Alt string `json:"alt,omitempty"`
}

// Variant is what has a price and can be sold. UnitPrice is in minor units.
type Variant struct {
	Scope               tenant.Scope   `json:"-"`
	ID                  string         `json:"-"`
	ProductID           string         `json:"-"`
	Name                string         `json:"-"`
	SKU                 string         `json:"-"`
	Barcode             string         `json:"-"`
	Status              string         `json:"-"`
	Position            int64          `json:"-"`
	Version             int64          `json:"-"`
	UnitPrice           int64          `json:"-"`
	Currency            money.Currency `json:"-"`
	ExternalReferenceID string         `json:"-"`
	CreatedAt           time.Time      `json:"-"`
	UpdatedAt           time.Time      `json:"-"`

	Selected    []Selection       `json:"selected,omitempty"` // by the position of the option
	Taxable     bool              `json:"taxable"`
	TaxCategory string            `json:"tax_category,omitempty"`
	Images      []Image           `json:"images,omitempty"` // empty: the product's
	Metadata    map[string]string `json:"metadata,omitempty"`
}

// Selection is the value that a variant has of an option.
type Selection struct {
	OptionID string `json:"option_id"`
	ValueID  string `json:"value_id"`
}

// Choice is a selection in words.
type Choice struct {
	OptionID   string `json:"option_id"`
	OptionName string `json:"option_name"`
	ValueID    string `json:"option_value_id"`
	Value      string `json:"value"`
}

// Live are the variants that are not archived.
func (p *Product) Live() []*Variant {
	return slices.DeleteFunc(slices.Clone(p.Variants), func(v *Variant) bool { return v.Status == StatusArchived })
}

// Variant is the product's variant of an id, nil when it has none.
func (p *Product) Variant(variantID string) *Variant {
	i := slices.IndexFunc(p.Variants, func(v *Variant) bool { return v.ID == variantID })
	if i < 0 {
		return nil
	}
	return p.Variants[i]
}

// Default is the variant that stands for the product: its first active one, or its first.
func (p *Product) Default() *Variant {
	live := p.Live()
	if i := slices.IndexFunc(live, func(v *Variant) bool { return v.Status == StatusActive }); i >= 0 {
		return live[i]
	}
	if len(live) == 0 {
		live = p.Variants
	}
	if len(live) == 0 {
		return nil
	}
	return live[0]
}

// ForSale tells whether the variant can be sold now.
func (p *Product) ForSale(v *Variant) bool {
	return p.Status == StatusActive && v.Status == StatusActive
}

// Choices are the variant's values in words.
func (p *Product) Choices(v *Variant) []Choice {
	var out []Choice
	for _, s := range v.Selected {
		o := p.option(s.OptionID)
		if o == nil {
			continue
		}
		if i := slices.IndexFunc(o.Values, func(x Value) bool { return x.ID == s.ValueID }); i >= 0 {
			out = append(out, Choice{OptionID: o.ID, OptionName: o.Name, ValueID: s.ValueID, Value: o.Values[i].Value})
		}
	}
	return out
}

func (p *Product) option(optionID string) *Option {
	i := slices.IndexFunc(p.Options, func(o Option) bool { return o.ID == optionID })
	if i < 0 {
		return nil
	}
	return &p.Options[i]
}

// PicturesOf are the variant's own images, or else the product's.
func (p *Product) PicturesOf(v *Variant) []Image {
	if len(v.Images) > 0 {
		return v.Images
	}
	return p.Images
}

// Label is the name under which a variant is sold: the product's, and what sets the variant apart.
func (p *Product) Label(v *Variant) string {
	apart := v.Name
	if apart == "" {
		values := []string{}
		for _, c := range p.Choices(v) {
			values = append(values, c.Value)
		}
		apart = strings.Join(values, " / ")
	}
	label := p.Name
	if apart != "" && apart != p.Name {
		label += " – " + apart
	}
	if r := []rune(label); len(r) > maxName {
		label = string(r[:maxName-1]) + "…"
	}
	return label
}

// sortVariants puts variants in their order.
func sortVariants(list []*Variant) {
	slices.SortStableFunc(list, func(a, b *Variant) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.ID, b.ID))
	})
}

// combination says which values a variant chooses; two live variants of a product never say the same.
func (v *Variant) combination() string {
	ids := make([]string, len(v.Selected))
	for i, s := range v.Selected {
		ids[i] = s.ValueID
	}
	slices.Sort(ids)
	return strings.Join(ids, " ")
}

// handleOf turns a category's name or handle into its handle.
func handleOf(name string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(name) {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte('-')
		}
		gap = false
		b.WriteRune(r)
	}
	return b.String()
}

// checkVersion refuses a change of something that was changed since it was read.
func checkVersion(expected *int64, current int64, what string) error {
	if expected == nil || *expected == current {
		return nil
	}
	return fault.Conflict("VERSION_CONFLICT", "The %s was changed since it was read.", what).
		With("current_version", current).Then("Read the %s again and repeat the change with its version.", what)
}
