package server

import (
	"context"
	"fmt"

	"flint/internal/app"
	"flint/internal/auth/buyer"
	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/notification"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/refund"
	"flint/internal/settings"
	"flint/internal/tenant"
	"flint/internal/throttle"
	webaccount "flint/internal/web/account"
	"flint/internal/web/ui"
)

// buildBuyer wires what customers prove and what ends when a customer's data is deleted.
func (s *Server) buildBuyer(customers *customer.Service, orders *order.Service) {
	s.Buyers = &buyer.Service{
		DB: s.DB, Clock: s.Clock, IDs: s.IDs, Log: s.Log, Box: s.Box, Key: s.derive("codes of customers"), Address: s.accountAddress,
		Find: FindBuyer(customers), ByEmail: BuyerByEmail(customers), Guest: orders.HasGuestPurchases,
		Hosted: func(tx db.Tx, scope tenant.Scope) (bool, error) {
			e, err := s.Settings.Effective(tx, scope)
			if err != nil {
				return false, err
			}
			return e.CustomerAccount.Mode != settings.AccountMerchantHosted, nil
		},
	}
	if s.Limits != nil {
		s.Buyers.Addresses = throttle.New[string]()
	}
	if s.Receipts.Sender != nil {
		s.Buyers.SendCode = SendBuyerCode(s.Receipts)
	}
	orders.Claimed = append(orders.Claimed, payment.OrderClaimed, refund.OrderClaimed)
	customers.Blocks = append(customers.Blocks, NothingMoves)
	customers.Erased = append(customers.Erased, func(_ context.Context, tx db.Tx, c *customer.Customer, cause event.Cause) error {
		if err := notification.Forget(tx, c.Scope, c.ID, c.Email); err != nil {
			return err
		}
		return s.Services.Payments.RemoveMethodsOf(tx, c.Scope, c.ID, cause)
	})
	customers.Erased = append(customers.Erased, func(ctx context.Context, tx db.Tx, c *customer.Customer, cause event.Cause) error {
		if err := s.Buyers.EndCustomer(tx, c.Scope, c.ID, buyer.EndErased); err != nil {
			return err
		}
		_, err := s.Apps.RaiseDataRequest(ctx, tx, app.RaiseInput{Scope: c.Scope, Topic: app.TopicCustomerRedact, CustomerID: c.ID, Now: s.Clock.Now(), Cause: cause})
		return err
	})
}

// buildAccount makes the pages of customers.
func (s *Server) buildAccount() {
	s.account = webaccount.NewHandler(webaccount.Config{
		DB: s.DB, Clock: s.Clock, Log: s.Log, UI: s.UI, Key: s.derive("forms of customers"), BaseURL: s.BaseURL, Here: s.Settings.Here, Pages: s.Settings.Address, Buyers: s.Buyers,
		Customers: s.Services.Customers, Orders: s.Services.Orders, Checkouts: s.Services.Checkouts, Mails: s.Receipts, Payments: s.Services.Payments, Invoices: s.Invoices, Merchants: s.Merchants,
		Returns: s.Services.Returns, Policies: s.Services.ReturnPolicies, HandedOver: s.Services.HandedOver,
		Payable: func(scope tenant.Scope) bool { return s.processorFor(scope) != "" },
		Address: clientAddress(s.Proxies), Throttle: s.pageThrottle(),
		Brand: func(tx db.Tx, scope tenant.Scope) (ui.Brand, error) {
			e, err := s.Settings.Effective(tx, scope)
			if err != nil {
				return ui.Brand{}, err
			}
			radius := int(e.Branding.CornerRadius)
			return ui.Brand{Accent: e.Branding.PrimaryColor, Radius: &radius}, nil
		},
	})
}

// FindBuyer tells package buyer, which knows no customers, who a customer is. One whose data was deleted is
// nobody.
func FindBuyer(customers *customer.Service) func(db.Tx, tenant.Scope, string) (buyer.Buyer, error) {
	return func(tx db.Tx, scope tenant.Scope, customerID string) (buyer.Buyer, error) {
		c, err := customers.Get(tx.Context(), tx, scope, customerID)
		if err == nil && !c.ErasedAt.IsZero() {
			err = fault.NotFound("customer")
		}
		if err != nil {
			return buyer.Buyer{}, err
		}
		return buyer.Buyer{CustomerID: c.ID, Email: c.Email}, nil
	}
}

// BuyerByEmail finds a customer by address for package buyer.
func BuyerByEmail(customers *customer.Service) func(db.Tx, tenant.Scope, string) (buyer.Buyer, error) {
	return func(tx db.Tx, scope tenant.Scope, address string) (buyer.Buyer, error) {
		c, err := customers.ByEmail(tx.Context(), tx, scope, address)
		if err != nil || c == nil || !c.ErasedAt.IsZero() {
			return buyer.Buyer{}, err
		}
		return buyer.Buyer{CustomerID: c.ID, Email: c.Email}, nil
	}
}

// NothingMoves keeps a customer while a payment of theirs is under way: its outcome has to reach them.
func NothingMoves(tx db.Tx, scope tenant.Scope, customerID string) error {
	moving, err := order.Moving(tx, scope, customerID)
	if err == nil && moving {
		err = fault.Conflict("CUSTOMER_DELETION_BLOCKED", "A payment of this customer is under way.").Then("Decide again when it has ended.")
	}
	return err
}

// codeTexts is what the mail with a code says, by purpose.
var codeTexts = map[string]struct{ subject, heading, text string }{
	buyer.PurposeLink:         {"Your confirmation code", "Confirm your e-mail address", "Enter this code to add your earlier purchases to your account."},
	buyer.PurposeSignIn:       {"Your sign-in code", "Sign in to your account", "Enter this code in the browser that asked for it."},
	buyer.PurposeEmailNew:     {"Confirm your new e-mail address", "Confirm your new e-mail address", "Enter this code to use this address for your account."},
	buyer.PurposeEmailCurrent: {"Your e-mail address is about to change", "Somebody wants to change your e-mail address", "If it was you, enter this code together with the one we sent to the new address. If it was not, do nothing: without the code nothing changes."},
}

// SendBuyerCode mails the codes of package buyer. The subject carries no code: it is shown on locked screens.
func SendBuyerCode(mails *notification.Service) func(tx db.Tx, m buyer.CodeMail) error {
	return func(tx db.Tx, m buyer.CodeMail) error {
		t, plain := codeTexts[m.Purpose], m.Code.Reveal()
		_, err := mails.Queue(tx.Context(), tx, notification.Letter{
			Scope: m.Scope, Key: m.Key, Family: notification.FamilySecurity, To: m.To, Subject: t.subject, Heading: t.heading, CustomerID: m.CustomerID,
			Blocks: []notification.Block{notification.Paragraph(t.text), notification.Code(plain[:3] + " " + plain[3:]),
				notification.Paragraph(fmt.Sprintf("It works once, for %d minutes. Nobody will ask you for it.", int(m.Life.Minutes())))},
		})
		if err != nil {
			return fmt.Errorf("queue a code: %w", err)
		}
		return nil
	}
}
