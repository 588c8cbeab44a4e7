package httpapi

import (
	"context"
	"slices"
	"time"

	"flint/internal/auth"
	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/payment"
	"flint/internal/settings"
)

type (
	// PaymentMethod is a card that a customer lets be charged again.
	PaymentMethod struct {
		ID         string           `json:"payment_method_id"`
		CustomerID string           `json:"customer_id"`
		Customer   *CustomerSummary `json:"customer,omitzero" flint:"nullable" doc:"With expand=customer."`
		MerchantID string           `json:"merchant_id"`
		Type       string           `json:"type" enum:"card"`
		Status     string           `json:"status" enum:"pending,active,expired,removed,failed"`
		Usage      string           `json:"usage" enum:"on_session,off_session" doc:"off_session cards can be charged without the buyer."`
		SavedWith  string           `json:"saved_with,omitzero" enum:"flint,store" doc:"In the customer's own reads."`
		Card       *SavedCard       `json:"card,omitzero" doc:"Once the card is known."`
		CreatedAt  time.Time        `json:"created_at"`
		UpdatedAt  time.Time        `json:"updated_at"`
	}
	// SavedCard is what may be shown of a saved card.
	SavedCard struct {
		Brand    string `json:"brand" enum:"visa,mastercard,amex,discover,diners,jcb,unionpay"`
		Last4    string `json:"last4"`
		ExpMonth int    `json:"exp_month,omitzero"`
		ExpYear  int    `json:"exp_year,omitzero"`
		Wallet   string `json:"wallet,omitzero" enum:"apple_pay,google_pay"`
	}
	// SavePaymentMethodRequest begins to save a card.
	SavePaymentMethodRequest struct {
		CustomerID string `json:"customer_id" minLength:"1" maxLength:"64"`
		Type       string `json:"type,omitzero" enum:"card"`
	}
	// SavePaymentMethodResult is a payment method that waits for its card.
	SavePaymentMethodResult struct {
		PaymentMethod *PaymentMethod `json:"payment_method"`
		ClientSetup   ClientSetup    `json:"client_setup" doc:"For the customer's browser; shown once."`
	}
	// ClientSetup is how the customer's browser gives the card to the processor.
	ClientSetup struct {
		Simulator *SimulatorSetup `json:"simulator,omitzero" doc:"With the built-in processor of test environments."`
	}
	// SimulatorSetup is the page on which the card is typed.
	SimulatorSetup struct {
		URL string `json:"setup_url" doc:"Holds a secret: for the customer alone, within a day."`
	}

	// PaymentMethodFilter narrows a list of payment methods.
	PaymentMethodFilter struct {
		Type   string `query:"type" enum:"card"`
		Status string `query:"status" enum:"active,pending,expired,removed,failed" doc:"Active ones when left out."`
		Usage  string `query:"usage" enum:"on_session,off_session"`
	}
	// ListPaymentMethodsInput is the request of listPaymentMethods.
	ListPaymentMethodsInput struct {
		PageQuery
		PaymentMethodFilter
		CustomerID string `query:"customer_id" maxLength:"64"`
	}
	// SavePaymentMethodInput is the request of savePaymentMethod.
	SavePaymentMethodInput struct{ Body SavePaymentMethodRequest }
	// GetPaymentMethodInput is the request of getPaymentMethod.
	GetPaymentMethodInput struct {
		MethodID string   `path:"payment_method_id" id:"pm"`
		Expand   []string `query:"expand" enum:"customer"`
	}
	// PaymentMethodInput names one payment method.
	PaymentMethodInput struct {
		MethodID string `path:"payment_method_id" id:"pm"`
	}
)

func wireSavedMethod(m *payment.Method, now time.Time) *PaymentMethod {
	out := &PaymentMethod{
		ID: m.ID, CustomerID: m.CustomerID, MerchantID: m.Scope.MerchantID, Type: m.Type, Status: m.StatusAt(now), Usage: m.Usage,
		CreatedAt: m.CreatedAt, UpdatedAt: m.UpdatedAt,
	}
	if c := m.Detail.Card; c != nil {
		out.Card = &SavedCard{Brand: c.Brand, Last4: c.Last4, ExpMonth: c.ExpMonth, ExpYear: c.ExpYear}
	}
	return out
}

func registerPaymentMethods(a *API, s *Services) {
	Get(a, "listPaymentMethods", func(_ context.Context, tx db.Tx, c *Caller, in *ListPaymentMethodsInput) (Page[*PaymentMethod], error) {
		customerID := in.CustomerID
		if c.Kind == auth.CheckoutCredential { // the cards of whom it acts for, and no others
			if c.ActsForID == "" || (customerID != "" && customerID != c.ActsForID) {
				return Page[*PaymentMethod]{Data: []*PaymentMethod{}}, nil
			}
			customerID = c.ActsForID
		}
		page, err := listMethods(tx, c, in.PageQuery, in.PaymentMethodFilter, customerID)
		return MapPage(page, func(m *payment.Method) *PaymentMethod { return wireSavedMethod(m, c.Now) }), err
	}, Doc("List saved payment methods", "Active ones unless a status is named, newest first."))

	Write(a, "savePaymentMethod", func(ctx context.Context, tx db.Tx, c *Caller, in *SavePaymentMethodInput) (*SavePaymentMethodResult, error) {
		return s.beginSetup(ctx, tx, c, in.Body.CustomerID)
	}, Doc("Begin to save a card", "The answer has a page for the customer on which the card is typed; the payment method is active once it was."),
		Errors("PAYMENT_OPTION_NOT_READY"))

	Get(a, "getPaymentMethod", func(ctx context.Context, tx db.Tx, c *Caller, in *GetPaymentMethodInput) (*PaymentMethod, error) {
		if err := mayExpand(c, in.Expand, map[string]string{"customer": "customers.read"}); err != nil {
			return nil, err
		}
		m, err := payment.GetMethod(tx, c.Scope, in.MethodID)
		if err != nil {
			return nil, err
		}
		if c.Kind == auth.CheckoutCredential && m.CustomerID != c.ActsForID {
			return nil, fault.NotFound("payment method")
		}
		out := wireSavedMethod(m, c.Now)
		if slices.Contains(in.Expand, "customer") {
			owner, err := s.Customers.Get(ctx, tx, c.Scope, m.CustomerID)
			if err != nil {
				return nil, err
			}
			out.Customer = summaryOf(owner)
		}
		return out, nil
	}, Doc("Read a saved payment method", "Poll it until it is active."))

	Write(a, "removePaymentMethod", func(ctx context.Context, tx db.Tx, c *Caller, in *PaymentMethodInput) (*Done, error) {
		return s.removeMethod(ctx, tx, c, in.MethodID, "")
	}, Doc("Remove a saved payment method", "It cannot be charged any more. A payment that has begun goes on."))

	Write(a, "setDefaultPaymentMethod", func(ctx context.Context, tx db.Tx, c *Caller, in *PaymentMethodInput) (*PaymentMethod, error) {
		return s.defaultMethod(ctx, tx, c, in.MethodID, "")
	}, Doc("Make a payment method its customer's default", "Invoices that collect by themselves charge it."),
		Errors("PAYMENT_METHOD_NOT_ACTIVE", "PAYMENT_METHOD_ON_SESSION_ONLY"))
}

func listMethods(tx db.Tx, c *Caller, page PageQuery, f PaymentMethodFilter, customerID string) (Page[*payment.Method], error) {
	return List(c, page, func(after *listing.Cursor, limit int) ([]*payment.Method, *listing.Cursor, error) {
		return payment.ListMethods(tx, payment.MethodList{
			Scope: c.Scope, CustomerID: customerID, Type: f.Type, Status: f.Status, Usage: f.Usage, Now: c.Now, After: after, Limit: limit,
		})
	})
}

func (s *Services) beginSetup(ctx context.Context, tx db.Tx, c *Caller, customerID string) (*SavePaymentMethodResult, error) {
	if _, err := s.Customers.Get(ctx, tx, c.Scope, customerID); err != nil {
		if f := fault.Of(err); f != nil && f.Class == fault.ClassNotFound {
			f.Param = "customer_id"
		}
		return nil, err
	}
	m, plain, err := s.Payments.BeginSetup(tx, payment.SetupInput{Scope: c.Scope, CustomerID: customerID})
	if err != nil {
		return nil, err
	}
	return &SavePaymentMethodResult{
		PaymentMethod: wireSavedMethod(m, c.Now), ClientSetup: ClientSetup{Simulator: &SimulatorSetup{URL: s.Settings.Address(c.Scope, settings.DomainAccount) + "/simulator/setup/" + plain.Reveal()}},
	}, nil
}

// ownMethod reads a payment method, of one customer alone when the caller is that customer.
func ownMethod(tx db.Tx, c *Caller, methodID, customerID string) (*payment.Method, error) {
	m, err := payment.GetMethod(tx, c.Scope, methodID)
	if err == nil && customerID != "" && m.CustomerID != customerID {
		return nil, fault.NotFound("payment method")
	}
	return m, err
}

func (s *Services) removeMethod(ctx context.Context, tx db.Tx, c *Caller, methodID, customerID string) (*Done, error) {
	m, err := ownMethod(tx, c, methodID, customerID)
	if err != nil {
		return nil, err
	}
	owner, err := s.Customers.Get(ctx, tx, c.Scope, m.CustomerID)
	if err != nil {
		return nil, err
	}
	if owner.DefaultPaymentMethodID == m.ID {
		err := s.Customers.SetDefaultPaymentMethod(tx, customer.DefaultPaymentMethodInput{Scope: c.Scope, ID: owner.ID, Cause: s.cause(c)})
		if err != nil {
			return nil, err
		}
	}
	if _, err := s.Payments.RemoveMethod(tx, c.Scope, m.ID, s.cause(c)); err != nil {
		return nil, err
	}
	return &Done{Success: true}, nil
}

func (s *Services) defaultMethod(_ context.Context, tx db.Tx, c *Caller, methodID, customerID string) (*PaymentMethod, error) {
	m, err := ownMethod(tx, c, methodID, customerID)
	if err != nil {
		return nil, err
	}
	if err := m.Defaultable(c.Now); err != nil {
		return nil, err
	}
	err = s.Customers.SetDefaultPaymentMethod(tx, customer.DefaultPaymentMethodInput{Scope: c.Scope, ID: m.CustomerID, MethodID: m.ID, Cause: s.cause(c)})
	return wireSavedMethod(m, c.Now), err
}
