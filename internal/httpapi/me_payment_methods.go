package httpapi

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/payment"
)

type (
	// SaveMyPaymentMethodRequest begins to save an own card.
	SaveMyPaymentMethodRequest struct {
		Type string `json:"type,omitzero" enum:"card"`
	}
	// ListMyPaymentMethodsInput is the request of me.listPaymentMethods.
	ListMyPaymentMethodsInput struct {
		PageQuery
		PaymentMethodFilter
	}
	// SaveMyPaymentMethodInput is the request of me.savePaymentMethod.
	SaveMyPaymentMethodInput struct {
		Body SaveMyPaymentMethodRequest
	}
)

func wireMyMethod(m *payment.Method, now time.Time) *PaymentMethod {
	out := wireSavedMethod(m, now)
	out.SavedWith = "store"
	return out
}

func registerMyPaymentMethods(a *API, s *Services) {
	Get(a, "me.listPaymentMethods", func(_ context.Context, tx db.Tx, c *Caller, in *ListMyPaymentMethodsInput) (Page[*PaymentMethod], error) {
		page, err := listMethods(tx, c, in.PageQuery, in.PaymentMethodFilter, c.SubjectID)
		return MapPage(page, func(m *payment.Method) *PaymentMethod { return wireMyMethod(m, c.Now) }), err
	}, Doc("List own saved cards", "Active ones unless a status is named, newest first."))

	Write(a, "me.savePaymentMethod", func(ctx context.Context, tx db.Tx, c *Caller, _ *SaveMyPaymentMethodInput) (*SavePaymentMethodResult, error) {
		return s.beginSetup(ctx, tx, c, c.SubjectID)
	}, Doc("Begin to save an own card", "The answer has a page on which the card is typed."), Errors("PAYMENT_OPTION_NOT_READY"))

	Get(a, "me.getPaymentMethod", func(_ context.Context, tx db.Tx, c *Caller, in *PaymentMethodInput) (*PaymentMethod, error) {
		m, err := ownMethod(tx, c, in.MethodID, c.SubjectID)
		if err != nil {
			return nil, err
		}
		return wireMyMethod(m, c.Now), nil
	}, Doc("Read an own saved card", "Poll it until it is active."))

	Write(a, "me.setDefaultPaymentMethod", func(ctx context.Context, tx db.Tx, c *Caller, in *PaymentMethodInput) (*PaymentMethod, error) {
		return s.defaultMethod(ctx, tx, c, in.MethodID, c.SubjectID)
	}, Doc("Make an own card the default", "Only one that was saved for later charges."),
		Errors("PAYMENT_METHOD_NOT_ACTIVE", "PAYMENT_METHOD_ON_SESSION_ONLY"))

	Write(a, "me.removePaymentMethod", func(ctx context.Context, tx db.Tx, c *Caller, in *PaymentMethodInput) (*Done, error) {
		return s.removeMethod(ctx, tx, c, in.MethodID, c.SubjectID)
	}, Doc("Remove an own saved card", "It cannot be charged any more."))
}
