package order

import (
	"time"

	"flint/internal/catalog"
	"flint/internal/event"
	"flint/internal/money"
)

// Event types of the order record.
const (
	EventCreated               = "order.created"
	EventUpdated               = "order.updated"
	EventClosed                = "order.closed"
	EventPaid                  = "order.paid"
	EventPartiallyPaid         = "order.partially_paid"
	EventRefunded              = "order.refunded"
	EventAuthorized            = "order.payment_authorized"
	EventCaptured              = "order.payment_captured"
	EventAuthorizationCanceled = "order.payment_authorization_canceled"
	EventAuthorizationExpired  = "order.payment_authorization_expired"
)

// lifecycleData is the payload of order.created, order.updated and order.closed.
type lifecycleData struct {
	OrderID           string    `json:"order_id"`
	OrderNumber       string    `json:"order_number"`
	CustomerID        string    `json:"customer_id,omitempty"`
	Origin            string    `json:"origin,omitempty"` // order.created only
	Status            string    `json:"status"`
	PaymentStatus     string    `json:"payment_status"`
	RefundStatus      string    `json:"refund_status"`
	ResourceUpdatedAt time.Time `json:"resource_updated_at"`
}

// paidData is the payload of order.paid and order.partially_paid.
type paidData struct {
	OrderID          string      `json:"order_id"`
	Status           string      `json:"status"`
	PaymentStatus    string      `json:"payment_status"`
	Total            moneyData   `json:"total_money"`
	Paid             moneyData   `json:"paid_money"`
	Outstanding      moneyData   `json:"outstanding_money"`
	PaymentIntentIDs []string    `json:"order_payment_intent_ids"`
	Lines            []eventLine `json:"line_items"`
}

type eventLine struct {
	ID       string `json:"order_line_item_id"`
	Name     string `json:"name"`
	Quantity int64  `json:"quantity"`
	*sourceData
	UnitPrice     moneyData `json:"unit_price_money"`
	BaseSubtotal  moneyData `json:"base_subtotal_money"`
	ModifierTotal moneyData `json:"modifier_total_money"`
	Subtotal      moneyData `json:"subtotal_money"`
	Discount      moneyData `json:"discount_money"`
	Tax           moneyData `json:"tax_money"`
	Total         moneyData `json:"total_money"`
}

// sourceData is where a line of a variant comes from.
type sourceData struct {
	SourceType string           `json:"source_type"`
	ProductID  string           `json:"product_id"`
	VariantID  string           `json:"variant_id"`
	Selected   []catalog.Choice `json:"selected_options,omitempty"`
	Categories []categoryData   `json:"categories,omitempty"`
}

type categoryData struct {
	CategoryID string `json:"category_id"`
	Handle     string `json:"handle"`
	Name       string `json:"name"`
}

func newSourceData(from *LineSource) *sourceData {
	if from == nil {
		return nil
	}
	d := &sourceData{SourceType: "variant", ProductID: from.ProductID, VariantID: from.VariantID, Selected: from.Selected}
	for _, c := range from.Categories {
		d.Categories = append(d.Categories, categoryData{c.ID, c.Handle, c.Name})
	}
	return d
}

// stateData is the payload of the events that promise the id and little more.
type stateData struct {
	OrderID           string    `json:"order_id"`
	Status            string    `json:"status"`
	PaymentStatus     string    `json:"payment_status"`
	RefundStatus      string    `json:"refund_status"`
	ResourceUpdatedAt time.Time `json:"resource_updated_at"`
}

type moneyData struct {
	Amount   int64          `json:"amount"`
	Currency money.Currency `json:"currency"`
}

func newEvent(o *Order, kind string) event.New {
	n := event.New{Type: kind, RootType: "order", RootID: o.ID, ResourceType: "order", ResourceID: o.ID}
	switch kind {
	case EventCreated, EventUpdated, EventClosed:
		d := lifecycleData{
			OrderID: o.ID, OrderNumber: o.Number, CustomerID: o.CustomerID, Status: o.Status,
			PaymentStatus: o.DerivePaymentStatus(), RefundStatus: o.DeriveRefundStatus(), ResourceUpdatedAt: o.UpdatedAt,
		}
		if kind == EventCreated {
			d.Origin = o.Origin
		}
		n.Data = d
	case EventPaid, EventPartiallyPaid:
		n.Data = newPaidData(o)
	default:
		n.Data = stateData{
			OrderID: o.ID, Status: o.Status, PaymentStatus: o.DerivePaymentStatus(), RefundStatus: o.DeriveRefundStatus(),
			ResourceUpdatedAt: o.UpdatedAt,
		}
	}
	return n
}

func newPaidData(o *Order) paidData {
	m := func(v int64) moneyData { return moneyData{v, o.Currency} }
	d := paidData{
		OrderID: o.ID, Status: o.Status, PaymentStatus: o.DerivePaymentStatus(), Total: m(o.Pricing.Total), Paid: m(o.Settlement.Paid),
		Outstanding: m(o.Outstanding()), PaymentIntentIDs: o.PaymentIntentIDs, Lines: make([]eventLine, len(o.Lines)),
	}
	for i := range o.Lines {
		l := &o.Lines[i]
		d.Lines[i] = eventLine{
			ID: l.ID, Name: l.Name, Quantity: l.Quantity, sourceData: newSourceData(l.Source), UnitPrice: m(l.UnitPrice), BaseSubtotal: m(l.BaseSubtotal),
			ModifierTotal: m(0), Subtotal: m(l.Subtotal), Discount: m(l.Discount), Tax: m(l.TaxAmount), Total: m(l.Total),
		}
	}
	return d
}
