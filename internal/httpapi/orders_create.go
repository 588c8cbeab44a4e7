package httpapi

import (
	"context"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/order"
)

// CreateOrderRequest describes a new order; its currency is that of the line prices.
type CreateOrderRequest struct {
	Lines               []CreateLineInput `json:"line_items" minItems:"1" maxItems:"250" fault:"required=MISSING_LINE_ITEMS,long=TOO_MANY_LINE_ITEMS"`
	CustomerID          string            `json:"customer_id,omitzero" maxLength:"64"`
	Discounts           []DiscountRequest `json:"discounts,omitempty" maxItems:"100" doc:"Of class order: lines have no ids yet."`
	RequestedTip        *TipInput         `json:"requested_tip,omitzero"`
	Tax                 *OrderTaxInput    `json:"tax,omitzero"`
	Delivery            *DeliveryInput    `json:"delivery_destination,omitzero"`
	InventoryRouting    any               `json:"inventory_routing_source,omitzero" doc:"Reserved."`
	ExternalReferenceID string            `json:"external_reference_id,omitzero" maxLength:"255" fault:"long=INVALID_EXTERNAL_REFERENCE_ID"`
	BuyerNote           string            `json:"buyer_note,omitzero" maxLength:"5000" fault:"long=NOTE_TOO_LONG"`
	InternalNote        string            `json:"internal_note,omitzero" maxLength:"5000" fault:"long=NOTE_TOO_LONG"`
	Metadata            map[string]string `json:"metadata,omitempty"`
}

// CreateOrderInput is the request of createOrder.
type CreateOrderInput struct {
	Body CreateOrderRequest

	domain order.CreateInput
}

// Validate implements Validator.
func (in *CreateOrderInput) Validate() error {
	var f fault.List
	r := &in.Body
	in.domain = order.CreateInput{
		CustomerID: r.CustomerID, Tip: r.RequestedTip.domain(), Tax: r.Tax.domain(), Delivery: r.Delivery.domain(&f),
		ExternalReferenceID: r.ExternalReferenceID, BuyerNote: r.BuyerNote, InternalNote: r.InternalNote, Metadata: r.Metadata,
		Lines: domainLines(&f, r.Lines),
	}
	for n := range r.Discounts {
		d, ask := r.Discounts[n].domain(&f, index("discounts", n)+".")
		if d != nil {
			in.domain.Discounts = append(in.domain.Discounts, *d)
		}
		if ask != nil {
			in.domain.Promotions = append(in.domain.Promotions, *ask)
		}
	}
	refuseReserved(&f, r.InventoryRouting != nil, "inventory_routing_source")
	// What is refused is missing from the domain's input, whose own faults would then name wrong places.
	if in.domain.Lines != nil && len(in.domain.Discounts)+len(in.domain.Promotions) == len(r.Discounts) {
		addRules(&f, in.domain.Validate())
	}
	return f.Err()
}

func registerCreateOrder(a *API, s *Services) {
	Write(a, "createOrder", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateOrderInput) (*Order, error) {
		in.domain.Scope, in.domain.Cause = c.Scope, s.cause(c)
		o, err := s.Orders.Create(ctx, tx, in.domain)
		return s.orderAnswer(a, tx, c, o, err)
	}, Doc("Create an order", "Prices it at once; nothing is charged until it is paid."),
		Errors("CURRENCY_MISMATCH", "UNSUPPORTED_CURRENCY", "INVALID_TOTALS", "NO_DISCOUNTABLE_BALANCE", "LINE_ITEM_UNIT_PRICE_REQUIRED",
			"LINE_ITEM_NAME_REQUIRED", "CREATE_ORDER_LINE_ITEM_DISCOUNT_UNSUPPORTED", "ORDER_TAX_LOCATION_INVALID", "TAX_MODE_MISMATCH",
			"TIP_LIMIT_EXCEEDED", "TIP_CURRENCY_MISMATCH", "VARIANT_NOT_SELLABLE", "LINE_ITEM_SOURCE_CONFLICT",
			"CATALOG_LINE_ITEM_FIELDS_READ_ONLY", "RESOURCE_NOT_FOUND", "PROMOTION_DECLINED", "PROMOTION_CONFLICT",
			"PROMOTION_NOT_REDEEMABLE", "PROMOTION_NO_ACTIVE_CODES", "PROMOTION_ID_REQUIRED"))
}

// orderAnswer is the whole order after an operation on it, with a warning for each promotion that the
// operation took off.
func (s *Services) orderAnswer(a *API, tx db.Tx, c *Caller, o *order.Order, err error) (*Order, error) {
	if err != nil {
		return nil, err
	}
	for _, d := range o.Declined {
		c.Warn(Warning{
			Code: "promotion_declined", Message: "A promotion no longer applies to the order: " + d.Name + ".", Reason: d.Reason,
			PromotionCode: d.Code, Resource: "promotion", ResourceID: d.PromotionID,
		})
	}
	return s.wireOrderNow(a, tx, c, o)
}
