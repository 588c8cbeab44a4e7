package order

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/metadata"
	"flint/internal/tenant"
)

// CreateInput describes a new order. Its currency is that of the line prices.
type CreateInput struct {
	Scope  tenant.Scope
	Cause  event.Cause
	Origin string // api when empty

	Lines               []LineInput
	CustomerID          string
	Discounts           []DiscountInput // of class order: lines have no ids yet
	Promotions          []PromotionAsk
	AutomaticOff        bool // no promotion comes by itself
	Tip                 *TipInput
	Tax                 *TaxInput
	Delivery            *DeliveryInput
	ExternalReferenceID string
	BuyerNote           string
	InternalNote        string
	Metadata            map[string]string
	ReturnID            string // whose goods the order replaces; set by the returns domain only
	ReturnResolutionID  string
}

// Validate reports every fault of the input that can be told without looking at other data.
func (in CreateInput) Validate() error {
	var l fault.List
	checkOneOf(&l, "INVALID_REQUEST", "origin", given(in.Origin), origins)
	checkLines(&l, in.Lines)
	if in.CustomerID != "" && !id.Valid(id.Customer, in.CustomerID) {
		l.Add("INVALID_ID", "customer_id", "This is not the id of a customer.")
	}
	if len(in.Discounts) > MaxDiscounts {
		l.Add("RESOURCE_LIMIT_EXCEEDED", "discounts", "An order has at most %d discounts.", MaxDiscounts)
	} else {
		for i, d := range in.Discounts {
			at := "discounts[" + strconv.Itoa(i) + "].manual"
			d.check(&l, at)
			if d.class() != DiscountOrder {
				l.Add("CREATE_ORDER_LINE_ITEM_DISCOUNT_UNSUPPORTED", at, "A discount of a new order applies to the order as a whole.")
			}
		}
	}
	for i, p := range in.Promotions {
		p.check(&l, cmp.Or(p.Param, "discounts["+strconv.Itoa(i)+"].promotion"))
	}
	if in.Tip != nil {
		in.Tip.check(&l, "requested_tip")
	}
	if in.Tax != nil {
		in.Tax.check(&l, "tax")
	}
	if in.Delivery != nil {
		in.Delivery.check(&l, "delivery_destination")
	}
	checkReference(&l, "external_reference_id", in.ExternalReferenceID)
	checkNote(&l, "buyer_note", in.BuyerNote)
	checkNote(&l, "internal_note", in.InternalNote)
	l.AddError("metadata", metadata.Check(in.Metadata))
	return l.Err()
}

// Create prices and writes a new open order, its first journal entry and activity, and order.created.
func (s *Service) Create(ctx context.Context, tx db.Tx, in CreateInput) (*Order, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	if err := in.Scope.Check(); err != nil {
		return nil, err
	}
	buyer, err := s.buyer(ctx, tx, in.Scope, in.CustomerID)
	if err != nil {
		return nil, err
	}
	if in.Lines, err = s.readVariants(tx, in.Scope, in.Lines, in.Lines[0].currency()); err != nil {
		return nil, err
	}
	o, err := s.draft(ctx, tx, in, buyer)
	if err != nil {
		return nil, err
	}
	if o.Number, err = nextNumber(tx, in.Scope); err != nil {
		return nil, err
	}
	created := NewActivity{Type: ActivityCreated, Description: "Order created with " + count(len(o.Lines), "line item") + "."}
	if err := insertOrder(tx, o, 1); err != nil {
		return nil, fmt.Errorf("insert the order: %w", err)
	}
	if err := noteVariants(tx, o, o.Lines); err != nil {
		return nil, err
	}
	s.Failpoints.Hit("order.created")
	return o, s.record(tx, o, o.CreatedAt, in.Cause, Change{Activities: []NewActivity{created}}, []string{EventCreated})
}

// Quote prices the order that Create would make of in, and writes nothing. The input names no promotions and lets
// none take part by itself, because those would count.
func (s *Service) Quote(ctx context.Context, tx db.Tx, in CreateInput) (*Order, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	if !in.AutomaticOff || len(in.Promotions) > 0 {
		return nil, errors.New("quote an order: promotions would be counted")
	}
	buyer, err := s.buyer(ctx, tx, in.Scope, in.CustomerID)
	if err != nil {
		return nil, err
	}
	if in.Lines, err = s.readVariants(tx, in.Scope, in.Lines, in.Lines[0].currency()); err != nil {
		return nil, err
	}
	return s.draft(ctx, tx, in, buyer)
}

// draft builds and prices the order of in; of it nothing is written yet, but uses of promotions are taken.
func (s *Service) draft(ctx context.Context, tx db.Tx, in CreateInput, buyer *customer.Customer) (*Order, error) {
	now := s.Clock.Now()
	o := &Order{
		Scope: in.Scope, ID: s.IDs.New(id.Order), Revision: 1, Origin: cmp.Or(in.Origin, "api"), Status: StatusOpen,
		Currency: in.Lines[0].UnitPrice.Currency, FulfillmentStatus: "not_fulfilled",
		Tax:        Tax{Mode: TaxAutomatic, PriceMode: PriceAdditive},
		CustomerID: in.CustomerID, BuyerNote: in.BuyerNote, InternalNote: in.InternalNote, ExternalReferenceID: in.ExternalReferenceID,
		Metadata: in.Metadata, AutomaticOff: in.AutomaticOff, CreatedAt: now, UpdatedAt: now,
	}
	o.ReturnID, o.ReturnResolutionID = in.ReturnID, in.ReturnResolutionID
	if in.Cause.ActorType == "app" {
		o.AppID = in.Cause.ActorID
	}
	for _, line := range in.Lines {
		o.Lines = append(o.Lines, line.newLine(s.IDs))
	}
	for i, d := range in.Discounts {
		discount, err := d.newDiscount(o, s.IDs, now, "discounts["+strconv.Itoa(i)+"].manual")
		if err != nil {
			return nil, err
		}
		o.Discounts = append(o.Discounts, discount)
	}
	if in.Delivery != nil {
		o.Delivery = in.Delivery.delivery()
	}
	if in.Tax != nil {
		if err := in.Tax.checkCurrency(o.Currency); err != nil {
			return nil, err
		}
		o.Tax.Enabled = in.Tax.Enabled == nil
		in.Tax.apply(&o.Tax)
	}
	exempt(o, buyer)
	locate(o, buyer)
	if in.Tip != nil {
		if _, err := in.Tip.request(o, s.IDs, now); err != nil {
			return nil, err
		}
	}
	if err := s.reprice(ctx, tx, o, in.Promotions...); err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(o.Discounts, func(d Discount) bool { return d.Applied == 0 }); i >= 0 {
		return nil, noDiscountableBalance("discounts[" + strconv.Itoa(i) + "]")
	}
	return o, nil
}

// buyer reads the customer with the id, nil when the id is empty.
func (s *Service) buyer(ctx context.Context, tx db.Tx, scope tenant.Scope, customerID string) (*customer.Customer, error) {
	if customerID == "" {
		return nil, nil
	}
	c, err := s.Customers.Get(ctx, tx, scope, customerID)
	if e := fault.Of(err); e != nil && e.Class == fault.ClassNotFound {
		e.Param = "customer_id"
		return nil, e
	}
	return c, err
}
