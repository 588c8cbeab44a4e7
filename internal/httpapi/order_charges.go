package httpapi

import (
	"context"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/metadata"
	"flint/internal/money"
	"flint/internal/order"
)

// ChargeRequest is a new fee: a flat amount, or a percentage of the merchandise with its basis.
type ChargeRequest struct {
	Type          string            `json:"type" enum:"service_fee,delivery_fee,shipping_fee,handling_fee,packaging_fee,small_order_fee,service_area_fee,setup_fee,installation_fee,cleaning_fee,booking_fee,reservation_fee,ticket_fee,fulfillment_fee,restocking_fee,rush_fee,other"`
	Name          string            `json:"name" maxLength:"255" fault:"required=NAME_REQUIRED,long=NAME_TOO_LONG"`
	Amount        *Money            `json:"amount_money,omitzero" fault:"small=INVALID_AMOUNT"`
	Percent       *money.Percent    `json:"percent,omitzero" fault:"invalid=INVALID_CHARGE_PERCENT" doc:"Above 0 and at most 100, step 0.0001."`
	Basis         string            `json:"calculation_basis,omitzero" enum:"subtotal_pre_discount,subtotal_post_discount" doc:"Belongs to a percentage."`
	Description   string            `json:"description,omitzero" maxLength:"5000" fault:"long=DESCRIPTION_TOO_LONG"`
	FulfillmentID string            `json:"fulfillment_id,omitzero" maxLength:"64" doc:"Reserved."`
	Tax           *ChargeTax        `json:"tax,omitzero"`
	Metadata      map[string]string `json:"metadata,omitempty"`
}

// AddOrderChargeRequest adds a fee.
type AddOrderChargeRequest struct {
	Charge ChargeRequest `json:"charge"`
}

// AddOrderChargeInput is the request of addOrderCharge.
type AddOrderChargeInput struct {
	OrderID string `path:"order_id" id:"ord"`
	Body    AddOrderChargeRequest

	domain order.AddChargeInput
}

// Validate implements Validator.
func (in *AddOrderChargeInput) Validate() error {
	var f fault.List
	r := &in.Body.Charge
	refuseReserved(&f, r.FulfillmentID != "", "charge.fulfillment_id")
	in.domain = order.AddChargeInput{OrderID: in.OrderID, Charge: order.ChargeInput{
		Type: r.Type, Name: r.Name, Description: r.Description, Amount: r.Amount.amount(), Percent: r.Percent, Basis: r.Basis,
		Tax: r.Tax.domain(), Metadata: r.Metadata,
	}}
	addRules(&f, in.domain.Validate())
	return f.Err()
}

// UpdateOrderChargeRequest changes the fields that are sent; an amount replaces a percentage and the
// other way round.
type UpdateOrderChargeRequest struct {
	Type          *string        `json:"type,omitzero" enum:"service_fee,delivery_fee,shipping_fee,handling_fee,packaging_fee,small_order_fee,service_area_fee,setup_fee,installation_fee,cleaning_fee,booking_fee,reservation_fee,ticket_fee,fulfillment_fee,restocking_fee,rush_fee,other"`
	Name          *string        `json:"name,omitzero" maxLength:"255" fault:"long=NAME_TOO_LONG"`
	Amount        *Money         `json:"amount_money,omitzero" fault:"small=INVALID_AMOUNT"`
	Percent       *money.Percent `json:"percent,omitzero" fault:"invalid=INVALID_CHARGE_PERCENT"`
	Basis         *string        `json:"calculation_basis,omitzero" enum:"subtotal_pre_discount,subtotal_post_discount"`
	Description   *string        `json:"description,omitzero" maxLength:"5000" fault:"long=DESCRIPTION_TOO_LONG"`
	FulfillmentID *string        `json:"fulfillment_id,omitzero" maxLength:"64" doc:"Reserved."`
	Tax           *ChargeTax     `json:"tax,omitzero"`
	Metadata      MetadataPatch  `json:"metadata,omitzero" doc:"Merged by key; a null value removes its key, null as a whole removes all."`
}

// UpdateOrderChargeInput is the request of updateOrderCharge.
type UpdateOrderChargeInput struct {
	OrderID  string `path:"order_id" id:"ord"`
	ChargeID string `path:"order_charge_id" id:"chg"`
	Body     UpdateOrderChargeRequest

	domain order.UpdateChargeInput
}

// Validate implements Validator.
func (in *UpdateOrderChargeInput) Validate() error {
	var f fault.List
	r := &in.Body
	refuseReserved(&f, r.FulfillmentID != nil, "fulfillment_id")
	in.domain = order.UpdateChargeInput{
		OrderID: in.OrderID, ChargeID: in.ChargeID, Type: r.Type, Name: r.Name, Description: r.Description, Amount: r.Amount.amount(),
		Percent: r.Percent, Basis: r.Basis, Tax: r.Tax.domain(), Metadata: metadataIf(r.Metadata),
	}
	addRules(&f, in.domain.Validate())
	return f.Err()
}

// OrderChargeInput names a charge of an order.
type OrderChargeInput struct {
	OrderID  string `path:"order_id" id:"ord"`
	ChargeID string `path:"order_charge_id" id:"chg"`
}

func registerOrderCharges(a *API, s *Services) {
	Write(a, "addOrderCharge", func(ctx context.Context, tx db.Tx, c *Caller, in *AddOrderChargeInput) (*Order, error) {
		in.domain.Scope, in.domain.Cause = c.Scope, s.cause(c)
		o, err := s.Orders.AddCharge(ctx, tx, in.domain)
		return s.orderAnswer(a, tx, c, o, err)
	}, Doc("Add a fee to an order", "Discounts of merchandise never touch it."),
		Errors("CHARGE_VALUE_REQUIRED", "CALCULATION_BASIS_REQUIRED", "CALCULATION_BASIS_FORBIDDEN", "INVALID_CHARGE_PERCENT",
			"CURRENCY_MISMATCH", "RESOURCE_LIMIT_EXCEEDED", "ORDER_CLOSED", "PAYMENT_ATTEMPT_IN_PROGRESS"))

	Write(a, "updateOrderCharge", func(ctx context.Context, tx db.Tx, c *Caller, in *UpdateOrderChargeInput) (*Order, error) {
		in.domain.Scope, in.domain.Cause = c.Scope, s.cause(c)
		o, err := s.Orders.UpdateCharge(ctx, tx, in.domain)
		return s.orderAnswer(a, tx, c, o, err)
	}, Doc("Change a fee of an order", "Its tax stands once money settled."),
		Errors("ORDER_CHARGE_NOT_FOUND", "CHARGE_VALUE_REQUIRED", "CALCULATION_BASIS_REQUIRED", "CALCULATION_BASIS_FORBIDDEN",
			"CURRENCY_MISMATCH", "ORDER_TAX_NOT_UPDATABLE_AFTER_PAYMENT", "ORDER_TOTAL_BELOW_NET_COLLECTED", "ORDER_CLOSED",
			"PAYMENT_ATTEMPT_IN_PROGRESS"))

	Write(a, "deleteOrderCharge", func(ctx context.Context, tx db.Tx, c *Caller, in *OrderChargeInput) (*Order, error) {
		o, err := s.Orders.DeleteCharge(ctx, tx, order.DeleteChargeInput{Scope: c.Scope, Cause: s.cause(c), OrderID: in.OrderID, ChargeID: in.ChargeID})
		return s.orderAnswer(a, tx, c, o, err)
	}, Doc("Remove a fee from an order", "Unless part of it was refunded, or the total would fall below what was collected."),
		Errors("ORDER_CHARGE_NOT_FOUND", "ORDER_FINANCIAL_MUTATION_NOT_ALLOWED", "ORDER_TOTAL_BELOW_NET_COLLECTED", "ORDER_CLOSED",
			"PAYMENT_ATTEMPT_IN_PROGRESS"))
}

// metadataIf is nil when metadata was left out.
func metadataIf(p MetadataPatch) *metadata.Patch {
	if !p.Sent {
		return nil
	}
	out := metadataPatch(p)
	return &out
}
