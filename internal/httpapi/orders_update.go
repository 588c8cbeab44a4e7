package httpapi

import (
	"context"

	"flint/internal/auth"
	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/order"
)

// UpdateOrderRequest changes the fields that are sent.
type UpdateOrderRequest struct {
	CustomerID          *string            `json:"customer_id,omitzero" maxLength:"64" doc:"Set once, before any payment."`
	BuyerNote           *string            `json:"buyer_note,omitzero" maxLength:"5000" fault:"long=NOTE_TOO_LONG"`
	InternalNote        *string            `json:"internal_note,omitzero" maxLength:"5000" fault:"long=NOTE_TOO_LONG"`
	ExternalReferenceID *string            `json:"external_reference_id,omitzero" maxLength:"255" fault:"long=INVALID_EXTERNAL_REFERENCE_ID"`
	Metadata            MetadataPatch      `json:"metadata,omitzero" doc:"Merged by key; a null value removes its key, null as a whole removes all."`
	Tax                 *OrderTaxInput     `json:"tax,omitzero"`
	RequestedTip        Opt[TipInput]      `json:"requested_tip,omitzero" doc:"null takes the tip away."`
	Delivery            Opt[DeliveryInput] `json:"delivery_destination,omitzero" doc:"null takes the destination away."`
	InventoryRouting    any                `json:"inventory_routing_source,omitzero" doc:"Reserved."`
	Revision            *int64             `json:"order_revision,omitzero" minimum:"1" doc:"The revision that was read; nothing changes when it is no longer current."`
}

// UpdateOrderInput is the request of updateOrder.
type UpdateOrderInput struct {
	OrderID string `path:"order_id" id:"ord"`
	Body    UpdateOrderRequest

	domain order.PatchInput
}

// Validate implements Validator.
func (in *UpdateOrderInput) Validate() error {
	var f fault.List
	r := &in.Body
	in.domain = order.PatchInput{
		OrderID: in.OrderID, Revision: r.Revision, CustomerID: r.CustomerID, BuyerNote: r.BuyerNote, InternalNote: r.InternalNote,
		ExternalReferenceID: r.ExternalReferenceID, Tax: r.Tax.domain(), ClearTip: r.RequestedTip.Null, ClearDelivery: r.Delivery.Null,
		Metadata: metadataIf(r.Metadata),
	}
	if r.RequestedTip.Set() {
		in.domain.Tip = r.RequestedTip.Value.domain()
	}
	if r.Delivery.Set() {
		in.domain.Delivery = r.Delivery.Value.domain(&f)
	}
	refuseReserved(&f, r.InventoryRouting != nil, "inventory_routing_source")
	addRules(&f, in.domain.Validate())
	return f.Err()
}

// checkBuyer lets a buyer change the tip, as the session offers it, and where the order is taxed.
func (in *UpdateOrderInput) checkBuyer(session *checkout.Session) error {
	var f fault.List
	r := &in.Body
	for _, field := range []struct {
		sent bool
		name string
	}{
		{r.CustomerID != nil, "customer_id"}, {r.BuyerNote != nil, "buyer_note"}, {r.InternalNote != nil, "internal_note"},
		{r.ExternalReferenceID != nil, "external_reference_id"}, {r.Metadata.Sent, "metadata"}, {r.Delivery.Sent, "delivery_destination"},
		{r.Tax != nil && r.Tax.Enabled != nil, "tax.enabled"}, {r.Tax != nil && r.Tax.Calculation != nil, "tax.calculation"},
	} {
		if field.sent {
			f.Add("CHECKOUT_ORDER_UPDATE_FIELD_NOT_ALLOWED", field.name, "A buyer cannot change this field.")
		}
	}
	if r.RequestedTip.Sent && !session.Detail.Tip.Enabled {
		f.Add("CHECKOUT_TIPPING_DISABLED", "requested_tip", "This checkout takes no tips.")
	} else if r.RequestedTip.Set() && !session.Detail.Tip.Takes(r.RequestedTip.Value.Percent, r.RequestedTip.Value.Amount.amount()) {
		f.Add("CHECKOUT_TIP_NOT_ALLOWED", "requested_tip", "This checkout takes only the tips that it offers.")
	}
	return f.Err()
}

func registerUpdateOrder(a *API, s *Services) {
	Write(a, "updateOrder", func(ctx context.Context, tx db.Tx, c *Caller, in *UpdateOrderInput) (*Order, error) {
		session, err := s.openSessionOf(tx, c, in.OrderID)
		if err != nil {
			return nil, err
		}
		if session != nil {
			if err := in.checkBuyer(session); err != nil {
				return nil, err
			}
		}
		in.domain.Scope, in.domain.Cause = c.Scope, s.cause(c)
		o, err := s.Orders.Patch(ctx, tx, in.domain)
		return s.orderAnswer(a, tx, c, o, err)
	}, Doc("Change an order", "A sparse update. A buyer's credential changes the tip and where the order is taxed."),
		Errors("ORDER_CLOSED", "ORDER_CONFLICT", "PAYMENT_ATTEMPT_IN_PROGRESS", "ORDER_CUSTOMER_ALREADY_SET", "ORDER_CUSTOMER_NOT_CLEARABLE",
			"ORDER_CUSTOMER_NOT_UPDATABLE_AFTER_PAYMENT", "ORDER_TAX_NOT_UPDATABLE_AFTER_PAYMENT", "ORDER_TOTAL_BELOW_NET_COLLECTED",
			"DELIVERY_DESTINATION_FROZEN", "CHECKOUT_ORDER_UPDATE_FIELD_NOT_ALLOWED", "CHECKOUT_TIPPING_DISABLED",
			"CHECKOUT_TIP_NOT_ALLOWED", "NO_FIELDS_TO_UPDATE"))
}

// openSessionOf is orderOf for a change: the buyer's session must still be open. The order is locked before
// the session is read, so the session cannot end in between. A session that ended over an unresolved
// attempt lets its buyer see that one through and nothing else.
func (s *Services) openSessionOf(tx db.Tx, c *Caller, orderID string) (*checkout.Session, error) {
	if c.Kind != auth.CheckoutCredential {
		return nil, nil
	}
	if _, err := s.orderOf(tx, c, orderID); err != nil {
		return nil, err
	}
	if _, err := s.Orders.Load(tx, c.Scope, orderID); err != nil {
		return nil, err
	}
	session, err := s.orderOf(tx, c, orderID)
	if err != nil || session.Open(c.Now) {
		return session, err
	}
	if err := session.MayUse("", c.Now); err != nil {
		return nil, err
	}
	return nil, fault.Conflict("CHECKOUT_SESSION_NOT_OPEN", "The checkout session has ended.")
}
