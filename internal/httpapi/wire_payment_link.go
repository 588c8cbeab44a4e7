package httpapi

import (
	"time"

	"flint/internal/auth"
	"flint/internal/catalog"
	"flint/internal/checkout"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/paymentlink"
)

// LinkImage is a picture of a payment link.
type LinkImage struct {
	URL    string `json:"url"`
	Alt    string `json:"alt,omitzero"`
	Width  int64  `json:"width,omitzero" doc:"Reserved: pictures are not measured."`
	Height int64  `json:"height,omitzero" doc:"Reserved."`
	Ref    string `json:"external_reference_id,omitzero" doc:"The merchant's, not shown to buyers."`
}

// LinkCustomer is what a link's checkouts ask of the buyer.
type LinkCustomer struct {
	RequireEmail bool `json:"require_email,omitzero"`
	Autocomplete bool `json:"enable_address_autocomplete,omitzero"`
}

// LinkEvent is the event of a link.
type LinkEvent struct {
	At               *time.Time `json:"event_at,omitzero"`
	Timezone         string     `json:"timezone,omitzero" maxLength:"64" fault:"long=INVALID_TIMEZONE" doc:"Required: an IANA name such as Europe/Berlin."`
	Venue            string     `json:"venue,omitzero" maxLength:"255"`
	MaxTotalQuantity *int64     `json:"max_total_quantity,omitzero" minimum:"1" fault:"invalid=INVALID_MAX_TOTAL_QUANTITY,small=INVALID_MAX_TOTAL_QUANTITY" doc:"Tickets that can be sold."`
	TicketPrefix     string     `json:"ticket_prefix,omitzero" maxLength:"20" fault:"long=TICKET_PREFIX_TOO_LONG"`
	SendTicketEmails *bool      `json:"send_ticket_emails,omitzero" doc:"Mails a ticket with a code for every unit that was paid, to the address of the order."`
}

// LinkLineItem is a line that a link sells.
type LinkLineItem struct {
	ID              string       `json:"payment_link_line_item_id"`
	Quantity        int64        `json:"quantity"`
	IsUnavailable   bool         `json:"is_catalog_item_unavailable"`
	ResolvedName    string       `json:"resolved_name,omitzero" doc:"Of the catalogue as it is now."`
	ResolvedPrice   *Money       `json:"resolved_unit_price_money,omitzero"`
	Key             string       `json:"key,omitzero" doc:"Names the line in a buyer's choices."`
	VariantID       string       `json:"variant_id,omitzero"`
	BundleID        string       `json:"bundle_id,omitzero" doc:"Reserved."`
	Name            string       `json:"name,omitzero"`
	Description     string       `json:"description,omitzero"`
	UnitPrice       *Money       `json:"unit_price_money,omitzero"`
	Tax             *LineItemTax `json:"tax,omitzero"`
	AdjustQuantity  bool         `json:"allow_quantity_adjustment,omitzero"`
	MinQuantity     *int64       `json:"min_quantity,omitzero"`
	MaxQuantity     *int64       `json:"max_quantity,omitzero"`
	AdjustPrice     bool         `json:"allow_unit_price_adjustment,omitzero"`
	MinPrice        *Money       `json:"min_unit_price_money,omitzero"`
	MaxPrice        *Money       `json:"max_unit_price_money,omitzero"`
	SuggestedPrices []Money      `json:"suggested_unit_price_money_options,omitempty"`
}

// LinkField is something asked of every buyer.
type LinkField struct {
	ID          string   `json:"payment_link_custom_field_id"`
	Type        string   `json:"custom_field_type" enum:"text,dropdown,checkbox,textarea"`
	Key         string   `json:"key"`
	Label       string   `json:"label"`
	Placeholder string   `json:"placeholder,omitzero"`
	Required    bool     `json:"required,omitzero"`
	Position    int64    `json:"position"`
	Options     []string `json:"options,omitempty"`
	MaxLength   int64    `json:"max_length,omitzero" doc:"Characters."`
}

// LinkPlan is reserved: a subscription plan behind a link.
type LinkPlan struct {
	ID              string    `json:"subscription_plan_id"`
	Name            string    `json:"name"`
	Currency        string    `json:"currency"`
	Status          string    `json:"status" enum:"active,archived"`
	Interval        string    `json:"billing_interval" enum:"daily,weekly,monthly,yearly"`
	IntervalCount   int64     `json:"billing_interval_count"`
	IntervalOptions []any     `json:"billing_interval_options,omitempty"`
	QuantityOptions []int64   `json:"quantity_options,omitempty"`
	Lines           []any     `json:"line_items,omitempty"`
	SetupFee        *Money    `json:"setup_fee_money,omitzero"`
	TrialDays       int64     `json:"trial_period_days,omitzero"`
	Description     string    `json:"description,omitzero"`
	CreatedAt       time.Time `json:"created_at,omitzero"`
	UpdatedAt       time.Time `json:"updated_at,omitzero"`
}

// PaymentLink is a link that anybody can pay.
type PaymentLink struct {
	ID                string              `json:"payment_link_id"`
	MerchantID        string              `json:"merchant_id"`
	URL               string              `json:"url" doc:"The page that buyers open."`
	Status            string              `json:"status" enum:"active,inactive"`
	Name              string              `json:"name"`
	Description       string              `json:"description,omitzero"`
	Image             *LinkImage          `json:"image,omitzero"`
	Type              string              `json:"payment_link_type" enum:"standard,donation,event"`
	OrderID           string              `json:"order_id,omitzero" doc:"Ours: the order that a bound link collects."`
	Lines             []LinkLineItem      `json:"line_items,omitempty"`
	PlanID            string              `json:"subscription_plan_id,omitzero" doc:"Reserved."`
	Plan              *LinkPlan           `json:"subscription_plan,omitzero" doc:"Reserved."`
	DonationMin       *Money              `json:"donation_min_amount_money,omitzero"`
	DonationMax       *Money              `json:"donation_max_amount_money,omitzero"`
	Suggested         []Money             `json:"donation_suggested_amount_money_options,omitempty"`
	Event             *LinkEvent          `json:"event_config,omitzero"`
	MaxCompletions    int64               `json:"max_completions,omitzero"`
	CompletedCount    int64               `json:"completed_count" doc:"Orders paid. Above the cap when money arrived after its place was given back."`
	Sold              int64               `json:"total_quantity_sold,omitzero" doc:"Units of the orders paid."`
	Fields            []LinkField         `json:"custom_fields,omitempty"`
	Collection        *LinkCustomer       `json:"customer_collection,omitzero"`
	Text              *CheckoutText       `json:"custom_text,omitzero"`
	DeliveryMethodIDs []string            `json:"delivery_method_ids,omitempty" doc:"Reserved."`
	Expiration        *CheckoutExpiration `json:"expiration,omitzero"`
	InactiveMessage   string              `json:"inactive_message,omitzero"`
	InventoryRouting  any                 `json:"inventory_routing_source,omitzero" doc:"Reserved."`
	Legal             *CheckoutLegal      `json:"legal,omitzero"`
	Payments          *CheckoutPayments   `json:"payments,omitzero"`
	Promotions        *CheckoutPromotions `json:"promotion_config,omitzero"`
	Redirects         *CheckoutRedirects  `json:"redirects,omitzero"`
	Tax               *CheckoutTax        `json:"tax,omitzero"`
	Theme             *CheckoutTheme      `json:"theme,omitzero"`
	Tip               *CheckoutTip        `json:"tip,omitzero"`
	Metadata          map[string]string   `json:"metadata,omitempty"`
	ExternalReference string              `json:"external_reference_id,omitzero"`
	Version           int64               `json:"version"`
	CreatedAt         time.Time           `json:"created_at"`
	UpdatedAt         time.Time           `json:"updated_at"`
}

func wirePaymentLink(l *paymentlink.Link, offers map[string]*catalog.Offer, base string) *PaymentLink {
	config := wireSession(&checkout.Session{Detail: l.Session}, auth.APIKey, time.Time{})
	out := &PaymentLink{
		ID: l.ID, MerchantID: l.Scope.MerchantID, URL: l.Address(base), Status: l.Status, Name: l.Name, Description: l.Description,
		Image: wireLinkImage(l.Image), Type: l.Type, OrderID: l.OrderID, Lines: wireLinkLines(l, offers), DonationMin: wireAmount(l.DonationMin),
		DonationMax: wireAmount(l.DonationMax), Suggested: wireLinkAmounts(l.Suggested), Event: wireLinkEvent(l), MaxCompletions: l.MaxCompletions,
		CompletedCount: l.Completed, Sold: l.Sold, Fields: wireLinkFields(l), Text: config.Text, InactiveMessage: l.InactiveMessage,
		Legal: config.Legal, Promotions: config.Promotions, Redirects: config.Redirects, Tax: config.Tax, Theme: config.Theme, Tip: wireLinkTip(l),
		Metadata: l.Metadata, ExternalReference: l.ExternalReferenceID, Version: l.Version, CreatedAt: l.CreatedAt, UpdatedAt: l.UpdatedAt,
	}
	if c := l.Session.Collection; c.RequireEmail || c.Autocomplete {
		out.Collection = &LinkCustomer{c.RequireEmail, c.Autocomplete}
	}
	if l.Session.ExpiresIn != 0 || l.Session.ExpirationURL != "" {
		out.Expiration = config.Expiration
	}
	if d := &l.Session; len(d.Options) > 0 || d.PaymentNote != "" || d.PaymentRef != "" {
		out.Payments = config.Payments
	}
	return out
}

// wireLinkTip is the offer of tips as the link says it; what it leaves open, the settings decide for each
// session.
func wireLinkTip(l *paymentlink.Link) *CheckoutTip {
	if l.Choices.Tip == nil && l.Choices.CustomTip == nil && len(l.Session.Tip.Options)+len(l.Session.Tip.SmartOptions) == 0 {
		return nil
	}
	out := wireSessionTip(l.Session.Tip)
	out.Enabled, out.Custom = l.Choices.Tip, l.Choices.CustomTip
	return out
}

func wireLinkImage(im *paymentlink.Image) *LinkImage {
	if im == nil {
		return nil
	}
	return &LinkImage{URL: im.URL, Alt: im.Alt, Ref: im.Ref}
}

func wireLinkEvent(l *paymentlink.Link) *LinkEvent {
	e := l.Event
	if e == nil {
		return nil
	}
	out := &LinkEvent{At: timeIf(e.At), Timezone: e.Timezone, Venue: e.Venue, TicketPrefix: e.TicketPrefix, SendTicketEmails: e.SendTickets}
	if l.MaxQuantity > 0 {
		out.MaxTotalQuantity = &l.MaxQuantity
	}
	return out
}

func wireLinkLines(l *paymentlink.Link, offers map[string]*catalog.Offer) []LinkLineItem {
	var out []LinkLineItem
	for i := range l.Lines {
		x := &l.Lines[i]
		line := LinkLineItem{
			ID: x.ID, Quantity: x.Quantity, Key: x.Key, VariantID: x.VariantID, Name: x.Name, Description: x.Description,
			UnitPrice: wireAmount(x.UnitPrice), AdjustQuantity: x.AdjustQuantity, MinQuantity: x.MinQuantity, MaxQuantity: x.MaxQuantity,
			AdjustPrice: x.AdjustPrice, MinPrice: wireAmount(x.MinPrice), MaxPrice: wireAmount(x.MaxPrice), SuggestedPrices: wireLinkAmounts(x.SuggestedPrices),
		}
		if t := x.Tax; t != nil {
			line.Tax = &LineItemTax{Taxable: t.Taxable, Category: t.Category, Calculation: wireTaxMethod(t.Calculation)}
		}
		if x.VariantID != "" {
			o := offers[x.VariantID]
			line.IsUnavailable = o == nil || !o.Sellable()
			if o != nil {
				line.ResolvedName = o.Product.Label(o.Variant)
				line.ResolvedPrice = &Money{o.Variant.UnitPrice, string(o.Variant.Currency)}
			}
		}
		out = append(out, line)
	}
	return out
}

func wireLinkFields(l *paymentlink.Link) []LinkField {
	var out []LinkField
	for _, f := range l.Fields {
		out = append(out, LinkField(f))
	}
	return out
}

func wireLinkAmounts(in []money.Amount) []Money {
	var out []Money
	for _, a := range in {
		out = append(out, Money{a.Minor, string(a.Currency)})
	}
	return out
}

func linkAmounts(in []Money) []money.Amount {
	var out []money.Amount
	for _, m := range in {
		out = append(out, *m.amount())
	}
	return out
}

// PublicPaymentLink is a link as buyers see it.
type PublicPaymentLink struct {
	ID              string            `json:"payment_link_id"`
	Name            string            `json:"name"`
	Status          string            `json:"status" enum:"active,inactive"`
	Version         int64             `json:"version"`
	CompletedCount  int64             `json:"completed_count"`
	MaxCompletions  int64             `json:"max_completions,omitzero"`
	Type            string            `json:"payment_link_type" enum:"standard,donation,event"`
	Description     string            `json:"description,omitzero"`
	Image           *LinkImage        `json:"image,omitzero"`
	InactiveMessage string            `json:"inactive_message,omitzero"`
	Lines           []LinkLineItem    `json:"line_items,omitempty"`
	PlanID          string            `json:"subscription_plan_id,omitzero" doc:"Reserved."`
	Fields          []LinkField       `json:"custom_fields,omitempty"`
	Text            *CheckoutText     `json:"custom_text,omitzero"`
	DonationMin     *Money            `json:"donation_min_amount_money,omitzero"`
	DonationMax     *Money            `json:"donation_max_amount_money,omitzero"`
	Suggested       []Money           `json:"donation_suggested_amount_money_options,omitempty"`
	Event           *LinkEvent        `json:"event_config,omitzero"`
	Legal           *CheckoutLegal    `json:"legal,omitzero"`
	Payments        *CheckoutPayments `json:"payments,omitzero"`
	Theme           *CheckoutTheme    `json:"theme,omitzero"`
}

// ResolvedLine is a line with what the catalogue, or the order of a bound link, says of it now.
type ResolvedLine struct {
	Key             string           `json:"key"`
	Type            string           `json:"catalog_object_type,omitzero" enum:"variant,bundle"`
	VariantID       string           `json:"variant_id,omitzero"`
	BundleID        string           `json:"bundle_id,omitzero" doc:"Reserved."`
	ProductID       string           `json:"product_id,omitzero"`
	Name            string           `json:"resolved_name,omitzero"`
	Description     string           `json:"resolved_description,omitzero"`
	UnitPrice       *Money           `json:"resolved_unit_price_money,omitzero"`
	Image           *LinkImage       `json:"image,omitzero"`
	SelectedOptions []SelectedOption `json:"selected_options,omitempty"`
	Modifiers       []any            `json:"available_modifiers,omitempty" doc:"Reserved."`
	Components      []any            `json:"bundle_components,omitempty" doc:"Reserved."`
	IsTracked       bool             `json:"is_inventory_tracked,omitzero" doc:"Always false: stock is not kept yet."`
}

// LinkSubscription is reserved: what a link of a plan would start.
type LinkSubscription struct {
	PlanName      string     `json:"plan_name"`
	Interval      string     `json:"billing_interval" enum:"daily,weekly,monthly,yearly"`
	IntervalCount int64      `json:"billing_interval_count"`
	Recurring     Money      `json:"recurring_total_money"`
	Image         *LinkImage `json:"plan_image,omitzero"`
	SetupFee      *Money     `json:"setup_fee_money,omitzero"`
	TrialDays     int64      `json:"trial_period_days,omitzero"`
	ContractTerm  int64      `json:"contract_term_months,omitzero"`
	EndFee        *Money     `json:"early_termination_fee_money,omitzero"`
}

// PublicLinkResult is what a buyer's page needs to show a link and to resolve it.
type PublicLinkResult struct {
	Link         PublicPaymentLink `json:"payment_link"`
	Context      string            `json:"resolution_context" doc:"Signed; send it back with the choices."`
	Expires      time.Time         `json:"resolution_context_expires_at" doc:"Until then a resolve that started can be repeated."`
	StartBy      time.Time         `json:"resolution_context_start_deadline_at" doc:"Until then a resolve can start."`
	Lines        []ResolvedLine    `json:"resolved_line_items,omitempty"`
	Subscription *LinkSubscription `json:"subscription_preview,omitzero" doc:"Reserved."`
	Theme        *CheckoutTheme    `json:"checkout_theme,omitzero"`
	MerchantName string            `json:"merchant_name,omitzero"`
	Logo         *LinkImage        `json:"merchant_logo,omitzero"`
	Icon         *LinkImage        `json:"merchant_icon,omitzero"`
	IsSoldOut    bool              `json:"is_sold_out"`
	Remaining    *int64            `json:"remaining_quantity,omitzero" doc:"Tickets of an event, else completions; without it there is no cap."`
	Outstanding  *Money            `json:"outstanding_money,omitzero" doc:"Ours: what a bound link collects."`
}

func wirePublicLink(p *paymentlink.Public) *PublicLinkResult {
	l := wirePaymentLink(p.Link, p.Offers, "")
	completions, units := p.Link.Remaining()
	out := &PublicLinkResult{
		Link: PublicPaymentLink{
			ID: l.ID, Name: l.Name, Status: l.Status, Version: l.Version, CompletedCount: l.CompletedCount, MaxCompletions: l.MaxCompletions, Type: l.Type,
			Description: l.Description, Image: l.Image, InactiveMessage: l.InactiveMessage, Lines: l.Lines, Fields: l.Fields, Text: l.Text,
			DonationMin: l.DonationMin, DonationMax: l.DonationMax, Suggested: l.Suggested, Event: l.Event, Legal: l.Legal, Payments: l.Payments, Theme: l.Theme,
		},
		Context: p.Context.Text, Expires: p.Context.Expires, StartBy: p.Context.StartBy, Theme: l.Theme, IsSoldOut: p.Link.SoldOut(), Remaining: units,
	}
	if units == nil {
		out.Remaining = completions
	}
	if out.Link.Image != nil {
		out.Link.Image.Ref = ""
	}
	if out.Link.Payments != nil { // the merchant's note and reference are not the buyer's
		out.Link.Payments = &CheckoutPayments{Options: out.Link.Payments.Options}
	}
	for i := range p.Link.Lines {
		if o := p.Offers[p.Link.Lines[i].VariantID]; o != nil {
			out.Lines = append(out.Lines, resolvedOffer(p.Link.Lines[i].Key, o))
		}
	}
	if o := p.Order; o != nil {
		out.Outstanding = &Money{o.Outstanding(), string(o.Currency)}
		for i := range o.Lines {
			out.Lines = append(out.Lines, resolvedOrderLine(&o.Lines[i], o.Currency))
		}
	}
	return out
}

func resolvedOffer(key string, o *catalog.Offer) ResolvedLine {
	out := ResolvedLine{
		Key: key, Type: "variant", VariantID: o.Variant.ID, ProductID: o.Product.ID, Name: o.Product.Label(o.Variant), Description: o.Product.Description,
		UnitPrice: &Money{o.Variant.UnitPrice, string(o.Variant.Currency)}, SelectedOptions: wireChoices(o.Product.Choices(o.Variant)),
	}
	if pictures := o.Product.PicturesOf(o.Variant); len(pictures) > 0 {
		out.Image = &LinkImage{URL: pictures[0].URL, Alt: pictures[0].Alt}
	}
	return out
}

func resolvedOrderLine(l *order.Line, c money.Currency) ResolvedLine {
	out := ResolvedLine{Key: l.ID, Name: l.Name, Description: l.Description, UnitPrice: &Money{l.UnitPrice, string(c)}}
	if l.Image != nil {
		out.Image = &LinkImage{URL: l.Image.URL, Alt: l.Image.Alt}
	}
	return out
}
