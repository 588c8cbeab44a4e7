package httpapi

import (
	"context"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/order"
)

// AddOrderLinesRequest adds lines.
type AddOrderLinesRequest struct {
	Lines []CreateLineInput `json:"line_items" minItems:"1" maxItems:"250" fault:"required=MISSING_LINE_ITEMS,long=TOO_MANY_LINE_ITEMS"`
}

// AddOrderLinesInput is the request of addOrderLineItems.
type AddOrderLinesInput struct {
	OrderID string `path:"order_id" id:"ord"`
	Body    AddOrderLinesRequest

	domain order.AddLinesInput
}

// Validate implements Validator.
func (in *AddOrderLinesInput) Validate() error {
	var f fault.List
	in.domain = order.AddLinesInput{OrderID: in.OrderID, Lines: domainLines(&f, in.Body.Lines)}
	if in.domain.Lines != nil {
		addRules(&f, in.domain.Validate())
	}
	return f.Err()
}

// UpdateOrderLineRequest changes the fields that are sent.
type UpdateOrderLineRequest struct {
	Name              *string       `json:"name,omitzero" maxLength:"255" fault:"long=LINE_ITEM_NAME_TOO_LONG"`
	Description       *string       `json:"description,omitzero" maxLength:"5000" fault:"long=DESCRIPTION_TOO_LONG"`
	Quantity          *int64        `json:"quantity,omitzero" minimum:"1" maximum:"1000000" fault:"small=LINE_ITEM_INVALID_QUANTITY,long=LINE_ITEM_QUANTITY_TOO_LARGE"`
	UnitPrice         *Money        `json:"unit_price_money,omitzero" fault:"small=LINE_ITEM_NEGATIVE_PRICE"`
	Tax               *LineItemTax  `json:"tax,omitzero"`
	Metadata          MetadataPatch `json:"metadata,omitzero" doc:"Merged by key; a null value removes its key, null as a whole removes all."`
	ExpectedVersion   *int64        `json:"expected_version,omitzero" minimum:"1" fault:"invalid=INVALID_EXPECTED_VERSION" doc:"The line's version that was read; nothing changes when it is no longer current."`
	Modifiers         any           `json:"modifiers,omitzero" doc:"Reserved."`
	GiftCardRecipient any           `json:"gift_card_recipient,omitzero" doc:"Reserved."`
	Subscription      any           `json:"subscription,omitzero" doc:"Reserved."`
}

// UpdateOrderLineInput is the request of updateOrderLineItem.
type UpdateOrderLineInput struct {
	OrderID string `path:"order_id" id:"ord"`
	LineID  string `path:"order_line_item_id" id:"li"`
	Body    UpdateOrderLineRequest

	domain order.UpdateLineInput
}

// Validate implements Validator.
func (in *UpdateOrderLineInput) Validate() error {
	var f fault.List
	r := &in.Body
	refuseReserved(&f, r.Modifiers != nil, "modifiers")
	refuseReserved(&f, r.GiftCardRecipient != nil, "gift_card_recipient")
	refuseReserved(&f, r.Subscription != nil, "subscription")
	in.domain = order.UpdateLineInput{
		OrderID: in.OrderID, LineID: in.LineID, ExpectedVersion: r.ExpectedVersion, Name: r.Name, Description: r.Description,
		Quantity: r.Quantity, UnitPrice: r.UnitPrice.amount(), Tax: r.Tax.domain(), Metadata: metadataIf(r.Metadata),
	}
	addRules(&f, in.domain.Validate())
	return f.Err()
}

// OrderLineInput names a line of an order.
type OrderLineInput struct {
	OrderID string `path:"order_id" id:"ord"`
	LineID  string `path:"order_line_item_id" id:"li"`
}

func registerOrderLines(a *API, s *Services) {
	Write(a, "addOrderLineItems", func(ctx context.Context, tx db.Tx, c *Caller, in *AddOrderLinesInput) (*Order, error) {
		in.domain.Scope, in.domain.Cause = c.Scope, s.cause(c)
		o, err := s.Orders.AddLines(ctx, tx, in.domain)
		return s.orderAnswer(a, tx, c, o, err)
	}, Doc("Add lines to an order", "In the order's currency; the order is priced again."),
		Errors("ORDER_CLOSED", "PAYMENT_ATTEMPT_IN_PROGRESS", "CURRENCY_MISMATCH", "RESOURCE_LIMIT_EXCEEDED", "INVALID_TOTALS",
			"VARIANT_NOT_SELLABLE", "LINE_ITEM_SOURCE_CONFLICT", "CATALOG_LINE_ITEM_FIELDS_READ_ONLY"))

	Write(a, "updateOrderLineItem", func(ctx context.Context, tx db.Tx, c *Caller, in *UpdateOrderLineInput) (*Order, error) {
		if _, err := s.openSessionOf(tx, c, in.OrderID); err != nil {
			return nil, err
		}
		if c.Kind == auth.CheckoutCredential {
			// A buyer chooses modifiers, the recipient of a gift card or a subscription; lines have none yet.
			return nil, fault.Invalid("FIELD_NOT_ALLOWED_FOR_CALLER", "", "A buyer cannot change these fields of a line item.")
		}
		in.domain.Scope, in.domain.Cause = c.Scope, s.cause(c)
		o, err := s.Orders.UpdateLine(ctx, tx, in.domain)
		return s.orderAnswer(a, tx, c, o, err)
	}, Doc("Change a line of an order", "Once money settled, price and tax stand and the quantity only rises."),
		Errors("ORDER_LINE_ITEM_VERSION_CONFLICT", "ORDER_CLOSED", "PAYMENT_ATTEMPT_IN_PROGRESS", "PAID_LINE_ITEM_PRICE_CHANGE_FORBIDDEN",
			"PAID_LINE_ITEM_QUANTITY_DECREASE_FORBIDDEN", "PAID_LINE_ITEM_QUANTITY_CHANGE_FORBIDDEN", "PAID_LINE_ITEM_TAX_CHANGE_FORBIDDEN",
			"CATALOG_LINE_ITEM_FIELDS_READ_ONLY", "CURRENCY_MISMATCH", "NO_FIELDS_TO_UPDATE"))

	Write(a, "deleteOrderLineItem", func(ctx context.Context, tx db.Tx, c *Caller, in *OrderLineInput) (*Order, error) {
		o, err := s.Orders.DeleteLine(ctx, tx, order.DeleteLineInput{Scope: c.Scope, Cause: s.cause(c), OrderID: in.OrderID, LineID: in.LineID})
		return s.orderAnswer(a, tx, c, o, err)
	}, Doc("Remove a line of an order", "The last line stays, and none goes once money settled."),
		Errors("MISSING_LINE_ITEMS", "PAID_LINE_ITEM_REMOVAL_FORBIDDEN", "ORDER_CLOSED", "PAYMENT_ATTEMPT_IN_PROGRESS"))
}
