package httpapi

import (
	"time"

	"flint/internal/auth/buyer"
	"flint/internal/customer"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/refund"
)

// BuyerAction is something a buyer may do with a resource, and why not when they may not.
type BuyerAction struct {
	Kind        string     `json:"kind" enum:"start_return,resend_receipt,cancel,pause,resume,reactivate,update_payment_method,pay,withdraw,ship_items,pay_balance,retry_payment"`
	IsAvailable bool       `json:"is_available"`
	IsRequired  bool       `json:"is_required"`
	Reason      string     `json:"unavailable_reason,omitzero" enum:"sign_in_required,store_policy,not_in_state,window_closed,nothing_to_return,collection_unavailable"`
	DueAt       *time.Time `json:"due_at,omitzero"`
}

// BuyerRefund is a refund as its buyer sees it. What the merchant noted on it is not shown.
type BuyerRefund struct {
	ID                  string                 `json:"refund_id"`
	Status              string                 `json:"status" enum:"pending,in_transit,succeeded,failed,requires_action,canceled,partially_succeeded"`
	Amount              Money                  `json:"amount_money"`
	Tip                 Money                  `json:"refunded_tip_money"`
	Reason              *string                `json:"reason" nullable:"true" enum:"duplicate,fraudulent,requested_by_customer,defective_product,wrong_item_shipped,never_received,not_as_described,arrived_too_late,customer_changed_mind,better_price_found,accidental_order,other"`
	ReasonMessage       string                 `json:"reason_message,omitzero"`
	Method              string                 `json:"refund_method" enum:"original_payment,manual,exchange_credit"`
	FailureReason       string                 `json:"failure_reason,omitzero" enum:"expired_or_canceled_card,lost_or_stolen_card,insufficient_funds,insufficient_available_balance,declined,merchant_request,payment_disputed,payment_refund_failed,payment_refund_not_attempted,refund_failed"`
	OrderID             string                 `json:"order_id"`
	InvoiceID           string                 `json:"invoice_id,omitzero"`
	PaymentIntentID     string                 `json:"payment_intent_id,omitzero"`
	CreditNoteID        string                 `json:"credit_note_id,omitzero"`
	ReturnID            string                 `json:"return_id,omitzero"`
	ReturnResolutionID  string                 `json:"return_resolution_id,omitzero"`
	CustomerID          string                 `json:"customer_id,omitzero"`
	MerchantID          string                 `json:"merchant_id"`
	PaymentRefunds      []PaymentRefund        `json:"payment_refunds"`
	Lines               []RefundLineAllocation `json:"line_item_allocations,omitempty"`
	Tenders             []RefundTender         `json:"tender_allocations"`
	Taxes               []RefundTaxShare       `json:"tax_breakdown_refunds,omitempty"`
	IdempotencyKey      string                 `json:"idempotency_key,omitzero" doc:"Of a refund that the buyer asked for; the merchant's own are not shown."`
	ExternalReferenceID string                 `json:"external_reference_id,omitzero" doc:"The merchant's own are not shown."`
	Metadata            map[string]string      `json:"metadata,omitempty" doc:"The merchant's own are not shown."`
	CreatedAt           time.Time              `json:"created_at"`
	UpdatedAt           time.Time              `json:"updated_at"`
}

// CustomerAddress is an address that a customer keeps.
type CustomerAddress struct {
	ID                string    `json:"customer_address_id"`
	CustomerID        string    `json:"customer_id"`
	RecipientName     string    `json:"recipient_name"`
	Address           Address   `json:"address"`
	Label             string    `json:"label,omitzero"`
	Phone             string    `json:"phone,omitzero" doc:"E.164."`
	IsDefaultBilling  bool      `json:"is_default_billing"`
	IsDefaultShipping bool      `json:"is_default_shipping"`
	CreatedAt         time.Time `json:"created_at"`
	UpdatedAt         time.Time `json:"updated_at"`
}

func wireCustomerAddress(a *customer.SavedAddress) *CustomerAddress {
	return &CustomerAddress{ID: a.ID, CustomerID: a.CustomerID, RecipientName: a.RecipientName, Address: Address(a.Address), Label: a.Label, Phone: a.Phone,
		IsDefaultBilling: a.DefaultBilling, IsDefaultShipping: a.DefaultShipping, CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt}
}

// CustomerDeletionRequest is a wish to have a customer's data deleted, and what became of it.
type CustomerDeletionRequest struct {
	ID          string     `json:"customer_deletion_request_id"`
	CustomerID  string     `json:"customer_id"`
	Status      string     `json:"status" enum:"pending_review,processing,completed,rejected,failed"`
	Policy      string     `json:"retention_policy" enum:"retain_required_commerce_records" doc:"Orders, payments and refunds stay."`
	RequestedAt time.Time  `json:"requested_at"`
	ResolvedAt  *time.Time `json:"resolved_at,omitzero"`
}

func wireDeletion(d *customer.DeletionRequest) *CustomerDeletionRequest {
	return &CustomerDeletionRequest{ID: d.ID, CustomerID: d.CustomerID, Status: d.Status, Policy: customer.RetentionPolicy, RequestedAt: d.RequestedAt,
		ResolvedAt: timeIf(d.ResolvedAt)}
}

// CustomerSession is a buyer's credential. Secrets are shown only in the answer that makes them.
type CustomerSession struct {
	ID                string     `json:"customer_session_id"`
	CustomerID        string     `json:"customer_id"`
	Secret            string     `json:"secret" doc:"The bearer of /v1/me, shown once."`
	ExpiresAt         time.Time  `json:"expires_at"`
	RefreshToken      string     `json:"refresh_token" doc:"Shown once."`
	RefreshExpiresAt  time.Time  `json:"refresh_token_expires_at"`
	AccountURL        string     `json:"account_url,omitzero" doc:"Opens the hosted account once; absent when the merchant hosts its accounts itself."`
	AccountURLExpires *time.Time `json:"account_url_expires_at,omitzero" flint:"nullable"`
}

func wireCustomerSession(i *buyer.Issued) *CustomerSession {
	return &CustomerSession{ID: i.Session.ID, CustomerID: i.Session.CustomerID, Secret: i.Secret.Reveal(), ExpiresAt: i.SecretExpiresAt,
		RefreshToken: i.Refresh.Reveal(), RefreshExpiresAt: i.RefreshExpiresAt, AccountURL: i.AccountURL, AccountURLExpires: timeIf(i.AccountExpiresAt)}
}

// wireMyOrder is an order as its customer sees it, with what they may do.
func wireMyOrder(o *order.Order) *Order {
	out := wireBuyerOrder(o)
	for i := range out.Lines {
		out.Lines[i].Metadata = nil
	}
	for i := range out.Charges {
		out.Charges[i].Metadata = nil
	}
	receipt := BuyerAction{Kind: "resend_receipt", IsAvailable: o.DerivePaymentStatus() == order.PaymentPaid}
	if !receipt.IsAvailable {
		receipt.Reason = "not_in_state"
	}
	out.BuyerActions = []BuyerAction{{Kind: "start_return", Reason: "store_policy"}, receipt}
	return out
}

// wireMyIntent is a payment as its customer sees it.
func wireMyIntent(i *payment.Intent, now time.Time) *PaymentIntent {
	out := wireIntent(i, now)
	out.Metadata, out.ExternalReferenceID = nil, ""
	return out
}

func wireMyRefund(r *refund.Refund) *BuyerRefund {
	out := wireRefund(r)
	return &BuyerRefund{ID: out.ID, Status: out.Status, Amount: out.Amount, Tip: out.Tip, Reason: out.Reason, ReasonMessage: out.ReasonMessage, Method: out.Method,
		FailureReason: out.FailureReason, OrderID: out.OrderID, PaymentIntentID: out.PaymentIntentID, CustomerID: out.CustomerID, MerchantID: out.MerchantID,
		PaymentRefunds: out.PaymentRefunds, Lines: out.Lines, Tenders: out.Tenders, Taxes: out.Taxes, CreatedAt: out.CreatedAt, UpdatedAt: out.UpdatedAt}
}

// wireMe is a customer as they see themselves.
func wireMe(c *customer.Customer) *Customer {
	out := wireCustomer(c)
	out.InternalNote, out.GroupID, out.ExternalReferenceID, out.Metadata = "", "", "", nil
	return out
}
