package httpapi

import (
	"context"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/paymentlink"
)

// LinkImageInput is a picture by its public address.
type LinkImageInput struct {
	URL string `json:"source_url" minLength:"1" maxLength:"2048" fault:"required=IMAGE_URL_INVALID,long=IMAGE_URL_INVALID"`
	Alt string `json:"alt,omitzero" maxLength:"255" fault:"long=INVALID_IMAGE_ALT"`
	Ref string `json:"external_reference_id,omitzero" maxLength:"255" fault:"long=INVALID_EXTERNAL_REFERENCE_ID"`
}

// LinkLineInput is a line of a link: of a variant, or with a name and a price, or with a price of the buyer's.
type LinkLineInput struct {
	VariantID       string       `json:"variant_id,omitzero" maxLength:"64"`
	BundleID        string       `json:"bundle_id,omitzero" maxLength:"64" doc:"Reserved."`
	Name            string       `json:"name,omitzero" maxLength:"255" fault:"long=LINE_ITEM_NAME_TOO_LONG"`
	Description     string       `json:"description,omitzero" maxLength:"5000" fault:"long=DESCRIPTION_TOO_LONG"`
	UnitPrice       *Money       `json:"unit_price_money,omitzero" fault:"small=INVALID_AMOUNT"`
	Quantity        *int64       `json:"quantity,omitzero" minimum:"1" maximum:"1000000" fault:"small=LINE_ITEM_INVALID_QUANTITY,long=LINE_ITEM_QUANTITY_TOO_LARGE" doc:"1 when left out."`
	Key             string       `json:"key,omitzero" maxLength:"255" doc:"Names the line in a buyer's choices; made of the name when left out."`
	Tax             *LineItemTax `json:"tax,omitzero"`
	AdjustQuantity  bool         `json:"allow_quantity_adjustment,omitzero"`
	MinQuantity     *int64       `json:"min_quantity,omitzero"`
	MaxQuantity     *int64       `json:"max_quantity,omitzero"`
	AdjustPrice     bool         `json:"allow_unit_price_adjustment,omitzero"`
	MinPrice        *Money       `json:"min_unit_price_money,omitzero" fault:"small=INVALID_AMOUNT_RANGE"`
	MaxPrice        *Money       `json:"max_unit_price_money,omitzero" fault:"small=INVALID_AMOUNT_RANGE"`
	SuggestedPrices []Money      `json:"suggested_unit_price_money_options,omitempty" maxItems:"6" fault:"long=TOO_MANY_SUGGESTED_AMOUNTS"`
}

func (in *LinkLineInput) domain(f *fault.List, at string) paymentlink.Line {
	refuseReserved(f, in.BundleID != "", at+".bundle_id")
	out := paymentlink.Line{
		Key: in.Key, VariantID: in.VariantID, Name: in.Name, Description: in.Description, UnitPrice: in.UnitPrice.amount(), Tax: in.Tax.domain(),
		AdjustQuantity: in.AdjustQuantity, MinQuantity: in.MinQuantity, MaxQuantity: in.MaxQuantity, AdjustPrice: in.AdjustPrice,
		MinPrice: in.MinPrice.amount(), MaxPrice: in.MaxPrice.amount(), SuggestedPrices: linkAmounts(in.SuggestedPrices),
	}
	if in.Quantity != nil {
		out.Quantity = *in.Quantity
	}
	return out
}

// LinkFieldInput is something to ask every buyer.
type LinkFieldInput struct {
	Type        string   `json:"custom_field_type" enum:"text,dropdown,checkbox,textarea" fault:"required=INVALID_PAYMENT_LINK_CUSTOM_FIELD_TYPE,invalid=INVALID_PAYMENT_LINK_CUSTOM_FIELD_TYPE"`
	Key         string   `json:"key" fault:"required=CUSTOM_FIELD_KEY_REQUIRED" doc:"The answer goes into the order's metadata as custom_field_{key}."`
	Label       string   `json:"label" fault:"required=CUSTOM_FIELD_LABEL_REQUIRED"`
	Placeholder string   `json:"placeholder,omitzero" maxLength:"255"`
	Required    bool     `json:"required,omitzero"`
	Position    *int64   `json:"position,omitzero"`
	Options     []string `json:"options,omitempty" maxItems:"100" doc:"Of a dropdown."`
	MaxLength   int64    `json:"max_length,omitzero" doc:"Characters, 1 to 4096; 255 for text, 1000 for textarea when left out."`
}

func (in *LinkFieldInput) domain(place int) paymentlink.Field {
	out := paymentlink.Field{
		Type: in.Type, Key: in.Key, Label: in.Label, Placeholder: in.Placeholder, Required: in.Required, Position: int64(place), Options: in.Options,
		MaxLength: in.MaxLength,
	}
	if in.Position != nil {
		out.Position = *in.Position
	}
	return out
}

// LinkConfig is what a link says about each session that it opens.
type LinkConfig struct {
	Text       *CheckoutText       `json:"custom_text,omitzero"`
	Expiration *CheckoutExpiration `json:"expiration,omitzero" doc:"Of each session that the link opens."`
	Legal      *CheckoutLegal      `json:"legal,omitzero"`
	Payments   *CheckoutPayments   `json:"payments,omitzero"`
	Promotions *CheckoutPromotions `json:"promotion_config,omitzero"`
	Redirects  *CheckoutRedirects  `json:"redirects,omitzero"`
	Tax        *CheckoutTax        `json:"tax,omitzero"`
	Theme      *CheckoutTheme      `json:"theme,omitzero"`
	Tip        *CheckoutTip        `json:"tip,omitzero"`
	Collection *LinkCustomer       `json:"customer_collection,omitzero"`
}

// over lays what was sent over the config of a session and what it leaves open, and notes what a session
// would refuse.
func (c *LinkConfig) over(f *fault.List, d checkout.Detail, open checkout.Choices) (checkout.Detail, checkout.Choices) {
	r := CreateCheckoutSessionRequest{
		Redirects: c.Redirects, Expiration: c.Expiration, Payments: c.Payments, Promotions: c.Promotions, Tip: c.Tip, Tax: c.Tax, Theme: c.Theme,
		Text: c.Text, Legal: c.Legal,
	}
	f.AddError("", (&CreateCheckoutSessionInput{Body: r}).Validate())
	asked := r.domain(&Caller{})
	asked.OrderID = "the order that a buyer makes"
	f.AddError("", asked.Validate())
	n := asked.Detail
	if c.Redirects != nil {
		d.SuccessURL, d.CancelURL = n.SuccessURL, n.CancelURL
	}
	if c.Expiration != nil {
		d.ExpiresIn, d.ExpirationURL = n.ExpiresIn, n.ExpirationURL
	}
	if c.Payments != nil {
		d.Options, d.PaymentNote, d.PaymentRef = n.Options, n.PaymentNote, n.PaymentRef
	}
	if c.Promotions != nil {
		d.AutoPromotions, d.CodesEnabled = n.AutoPromotions, n.CodesEnabled
	}
	if c.Tip != nil {
		d.Tip, open.Tip, open.CustomTip = n.Tip, asked.Choices.Tip, asked.Choices.CustomTip
	}
	if c.Tax != nil {
		d.TaxEnabled = n.TaxEnabled
	}
	if c.Theme != nil {
		d.Theme = n.Theme
	}
	if c.Text != nil {
		d.Text = n.Text
	}
	if c.Legal != nil {
		d.Legal, open.RequireTerms = n.Legal, asked.Choices.RequireTerms
	}
	if c.Collection != nil {
		d.Collection.RequireEmail, d.Collection.Autocomplete = c.Collection.RequireEmail, c.Collection.Autocomplete
	}
	return d, open
}

func (e *LinkEvent) onto(l *paymentlink.Link) {
	if e == nil {
		return
	}
	l.Event = &paymentlink.Event{Timezone: e.Timezone, Venue: e.Venue, TicketPrefix: e.TicketPrefix, SendTickets: e.SendTicketEmails}
	if e.At != nil {
		l.Event.At = *e.At
	}
	l.MaxQuantity = 0
	if e.MaxTotalQuantity != nil {
		l.MaxQuantity = *e.MaxTotalQuantity
	}
}

// CreatePaymentLinkRequest describes a new link.
type CreatePaymentLinkRequest struct {
	Name              string            `json:"name" maxLength:"255" fault:"required=NAME_REQUIRED,long=NAME_TOO_LONG"`
	Description       string            `json:"description,omitzero" maxLength:"5000" fault:"long=DESCRIPTION_TOO_LONG"`
	Image             *LinkImageInput   `json:"image,omitzero"`
	Type              string            `json:"payment_link_type,omitzero" enum:"standard,donation,event" fault:"invalid=INVALID_PAYMENT_LINK_TYPE" doc:"standard when left out."`
	OrderID           string            `json:"order_id,omitzero" maxLength:"64" doc:"Ours: binds the link to an open order, whose balance it collects once."`
	Lines             []LinkLineInput   `json:"line_items,omitempty" maxItems:"50" fault:"long=TOO_MANY_LINE_ITEMS"`
	PlanID            string            `json:"subscription_plan_id,omitzero" maxLength:"64" doc:"Reserved."`
	DonationMin       *Money            `json:"donation_min_amount_money,omitzero" fault:"small=INVALID_DONATION_AMOUNT_RANGE"`
	DonationMax       *Money            `json:"donation_max_amount_money,omitzero" fault:"small=INVALID_DONATION_AMOUNT_RANGE"`
	Suggested         []Money           `json:"donation_suggested_amount_money_options,omitempty" maxItems:"6" fault:"long=TOO_MANY_SUGGESTED_AMOUNTS"`
	Event             *LinkEvent        `json:"event_config,omitzero"`
	MaxCompletions    *int64            `json:"max_completions,omitzero" minimum:"1" fault:"invalid=INVALID_MAX_COMPLETIONS,small=INVALID_MAX_COMPLETIONS" doc:"How often the link can be paid."`
	Fields            []LinkFieldInput  `json:"custom_fields,omitempty" maxItems:"20" fault:"long=TOO_MANY_CUSTOM_FIELDS"`
	DeliveryMethodIDs []string          `json:"delivery_method_ids,omitempty" maxItems:"25" doc:"Reserved."`
	InventoryRouting  any               `json:"inventory_routing_source,omitzero" doc:"Reserved."`
	InactiveMessage   string            `json:"inactive_message,omitzero" maxLength:"1000"`
	Metadata          map[string]string `json:"metadata,omitempty"`
	ExternalReference string            `json:"external_reference_id,omitzero" maxLength:"255" fault:"long=INVALID_EXTERNAL_REFERENCE_ID"`
	LinkConfig
}

// CreatePaymentLinkInput is the request of paymentLinks.create.
type CreatePaymentLinkInput struct {
	Body CreatePaymentLinkRequest

	domain paymentlink.Link
}

// Validate implements Validator.
func (in *CreatePaymentLinkInput) Validate() error {
	var f fault.List
	r := &in.Body
	refuseReserved(&f, r.PlanID != "", "subscription_plan_id")
	refuseReserved(&f, len(r.DeliveryMethodIDs) > 0, "delivery_method_ids")
	refuseReserved(&f, r.InventoryRouting != nil, "inventory_routing_source")
	l := paymentlink.Link{
		Name: r.Name, Description: r.Description, Image: (*paymentlink.Image)(r.Image), Type: r.Type, OrderID: r.OrderID,
		DonationMin: r.DonationMin.amount(), DonationMax: r.DonationMax.amount(), Suggested: linkAmounts(r.Suggested),
		InactiveMessage: r.InactiveMessage, Metadata: r.Metadata, ExternalReferenceID: r.ExternalReference,
	}
	l.Session, l.Choices = r.over(&f, checkout.Detail{}, checkout.Choices{})
	if r.MaxCompletions != nil {
		l.MaxCompletions = *r.MaxCompletions
	}
	r.Event.onto(&l)
	for n := range r.Lines {
		l.Lines = append(l.Lines, r.Lines[n].domain(&f, index("line_items", n)))
	}
	for n := range r.Fields {
		l.Fields = append(l.Fields, r.Fields[n].domain(n))
	}
	in.domain = l
	return f.Err()
}

// LinkLinePatch is a line of the complete list of a changed link.
type LinkLinePatch struct {
	ID string `json:"payment_link_line_item_id,omitzero" maxLength:"64" doc:"Keeps a line; without it the line is new."`
	LinkLineInput
}

// LinkFieldPatch is a field of the complete list of a changed link.
type LinkFieldPatch struct {
	ID string `json:"payment_link_custom_field_id,omitzero" maxLength:"64" doc:"Keeps a field; without it the field is new."`
	LinkFieldInput
}

// UpdatePaymentLinkRequest changes the fields that are sent.
type UpdatePaymentLinkRequest struct {
	ExpectedVersion   *int64              `json:"expected_version,omitzero" minimum:"1" fault:"invalid=INVALID_EXPECTED_VERSION" doc:"Needed to replace line_items or custom_fields."`
	Status            *string             `json:"status,omitzero" enum:"active,inactive" fault:"invalid=INVALID_STATUS"`
	Name              *string             `json:"name,omitzero" maxLength:"255" fault:"long=NAME_TOO_LONG"`
	Description       *string             `json:"description,omitzero" maxLength:"5000" fault:"long=DESCRIPTION_TOO_LONG"`
	Image             Opt[LinkImageInput] `json:"image,omitzero" doc:"null removes it."`
	Lines             []LinkLinePatch     `json:"line_items,omitzero" maxItems:"50" fault:"long=TOO_MANY_LINE_ITEMS" doc:"The complete list."`
	Fields            []LinkFieldPatch    `json:"custom_fields,omitzero" maxItems:"20" fault:"long=TOO_MANY_CUSTOM_FIELDS" doc:"The complete list."`
	DeliveryMethodIDs []string            `json:"delivery_method_ids,omitzero" maxItems:"25" doc:"Reserved."`
	DonationMin       Opt[Money]          `json:"donation_min_amount_money,omitzero" fault:"small=INVALID_DONATION_AMOUNT_RANGE"`
	DonationMax       Opt[Money]          `json:"donation_max_amount_money,omitzero" fault:"small=INVALID_DONATION_AMOUNT_RANGE"`
	Suggested         []Money             `json:"donation_suggested_amount_money_options,omitzero" maxItems:"6" fault:"long=TOO_MANY_SUGGESTED_AMOUNTS"`
	Event             *LinkEvent          `json:"event_config,omitzero"`
	MaxCompletions    *int64              `json:"max_completions,omitzero" minimum:"1" fault:"invalid=INVALID_MAX_COMPLETIONS,small=INVALID_MAX_COMPLETIONS"`
	InventoryRouting  any                 `json:"inventory_routing_source,omitzero" doc:"Reserved."`
	InactiveMessage   *string             `json:"inactive_message,omitzero" maxLength:"1000"`
	Metadata          MetadataPatch       `json:"metadata,omitzero" doc:"Merged by key; a null value removes its key, null as a whole removes all."`
	ExternalReference *string             `json:"external_reference_id,omitzero" maxLength:"255" fault:"long=INVALID_EXTERNAL_REFERENCE_ID"`
	LinkConfig
}

// UpdatePaymentLinkInput is the request of paymentLinks.update.
type UpdatePaymentLinkInput struct {
	LinkID string `path:"payment_link_id" id:"pl"`
	Body   UpdatePaymentLinkRequest

	lines  []paymentlink.Line
	fields []paymentlink.Field
}

// Validate implements Validator.
func (in *UpdatePaymentLinkInput) Validate() error {
	var f fault.List
	r := &in.Body
	refuseReserved(&f, len(r.DeliveryMethodIDs) > 0, "delivery_method_ids")
	refuseReserved(&f, r.InventoryRouting != nil, "inventory_routing_source")
	r.over(&f, checkout.Detail{}, checkout.Choices{})
	for n := range r.Lines {
		line := r.Lines[n].domain(&f, index("line_items", n))
		line.ID = r.Lines[n].ID
		in.lines = append(in.lines, line)
	}
	for n := range r.Fields {
		field := r.Fields[n].domain(n)
		field.ID = r.Fields[n].ID
		in.fields = append(in.fields, field)
	}
	c := &r.LinkConfig
	if *c == (LinkConfig{}) && r.Status == nil && r.Name == nil && r.Description == nil && !r.Image.Sent && r.Lines == nil && r.Fields == nil &&
		!r.DonationMin.Sent && !r.DonationMax.Sent && r.Suggested == nil && r.Event == nil && r.MaxCompletions == nil && r.InactiveMessage == nil &&
		!r.Metadata.Sent && r.ExternalReference == nil {
		addRules(&f, fault.Invalid("NO_FIELDS_TO_UPDATE", "", "The request names no field to change."))
	}
	return f.Err()
}

// edit changes a link as the request says.
func (in *UpdatePaymentLinkInput) edit(l *paymentlink.Link) {
	r := &in.Body
	for _, v := range []struct {
		to   *string
		from *string
	}{{&l.Status, r.Status}, {&l.Name, r.Name}, {&l.Description, r.Description}, {&l.InactiveMessage, r.InactiveMessage}, {&l.ExternalReferenceID, r.ExternalReference}} {
		if v.from != nil {
			*v.to = *v.from
		}
	}
	switch {
	case r.Image.Null:
		l.Image = nil
	case r.Image.Sent:
		l.Image = (*paymentlink.Image)(&r.Image.Value)
	}
	if r.Lines != nil {
		l.Lines = append([]paymentlink.Line{}, in.lines...)
	}
	if r.Fields != nil {
		l.Fields = append([]paymentlink.Field{}, in.fields...)
	}
	if r.DonationMin.Sent {
		if l.DonationMin = nil; !r.DonationMin.Null {
			l.DonationMin = r.DonationMin.Value.amount()
		}
	}
	if r.DonationMax.Sent {
		if l.DonationMax = nil; !r.DonationMax.Null {
			l.DonationMax = r.DonationMax.Value.amount()
		}
	}
	if r.Suggested != nil {
		l.Suggested = linkAmounts(r.Suggested)
	}
	r.Event.onto(l)
	if r.MaxCompletions != nil {
		l.MaxCompletions = *r.MaxCompletions
	}
	var ignored fault.List // Validate has reported them
	l.Session, l.Choices = r.over(&ignored, l.Session, l.Choices)
}

func registerWritePaymentLinks(a *API, s *Services) {
	answer := func(ctx context.Context, tx db.Tx, l *paymentlink.Link, err error) (*PaymentLink, error) {
		if err != nil {
			return nil, err
		}
		return s.wireLinkNow(ctx, tx, l)
	}
	rules := []string{"TOO_MANY_LINE_ITEMS", "TOO_MANY_CUSTOM_FIELDS", "TOO_MANY_SUGGESTED_AMOUNTS", "SUGGESTED_AMOUNT_BELOW_MIN",
		"SUGGESTED_AMOUNT_ABOVE_MAX", "SUGGESTED_AMOUNT_OUT_OF_RANGE", "INVALID_SUGGESTED_AMOUNT", "INVALID_AMOUNT_RANGE", "INVALID_QUANTITY_RANGE",
		"INVALID_DONATION_AMOUNT_RANGE", "INVALID_MAX_LENGTH", "INVALID_MAX_COMPLETIONS", "INVALID_MAX_TOTAL_QUANTITY", "INVALID_EVENT_AT",
		"LINE_ITEM_SOURCE_CONFLICT", "OPTIONS_REQUIRED", "MAX_LENGTH_NOT_APPLICABLE", "PAYMENT_LINK_METADATA_TOO_MANY_KEYS", "PAYMENT_LINK_METADATA_TOO_LARGE",
		"RESERVED_METADATA_KEY", "PAYMENT_LINK_LINE_ITEM_UNAVAILABLE", "CURRENCY_MISMATCH"}

	Write(a, "paymentLinks.create", func(ctx context.Context, tx db.Tx, c *Caller, in *CreatePaymentLinkInput) (*PaymentLink, error) {
		l, err := s.PaymentLinks.Create(ctx, tx, paymentlink.CreateInput{Scope: c.Scope, Cause: c.Cause(), Link: in.domain})
		return answer(ctx, tx, l, err)
	}, Doc("Create a payment link", "Anybody can pay it: every buyer gets an order and a checkout of their own."), Errors(rules...))

	Write(a, "paymentLinks.update", func(ctx context.Context, tx db.Tx, c *Caller, in *UpdatePaymentLinkInput) (*PaymentLink, error) {
		r := &in.Body
		l, err := s.PaymentLinks.Update(ctx, tx, paymentlink.UpdateInput{
			Scope: c.Scope, ID: in.LinkID, ExpectedVersion: r.ExpectedVersion, Replaces: r.Lines != nil || r.Fields != nil, Edit: in.edit,
			Metadata: metadataIf(r.Metadata),
		})
		return answer(ctx, tx, l, err)
	}, Doc("Change a payment link", "A sparse update; status activates and deactivates. Pages that show the link as it was ask to be read again."),
		Errors(append([]string{"PAYMENT_LINK_CHANGED", "EXPECTED_VERSION_REQUIRED", "UNKNOWN_PAYMENT_LINK_LINE_ITEM_ID", "UNKNOWN_PAYMENT_LINK_CUSTOM_FIELD_ID",
			"ACTIVE_LINE_ITEM_SOURCE_CHANGE", "NO_FIELDS_TO_UPDATE"}, rules...)...))
}
