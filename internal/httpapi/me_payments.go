package httpapi

import (
	"context"

	"flint/internal/db"
	"flint/internal/payment"
)

type (
	// ListMyPaymentsInput is the request of me.listPayments.
	ListMyPaymentsInput struct {
		PageQuery
		PaymentIntentFilter
	}
	// ListMyRefundsInput is the request of listMeRefunds.
	ListMyRefundsInput struct {
		PageQuery
		RefundFilter
	}
)

func registerMyPayments(a *API, s *Services) {
	Get(a, "me.listPayments", func(_ context.Context, tx db.Tx, c *Caller, in *ListMyPaymentsInput) (Page[*PaymentIntent], error) {
		page, err := listIntents(tx, c, in.PageQuery, in.PaymentIntentFilter, c.SubjectID)
		return MapPage(page, func(i *payment.Intent) *PaymentIntent { return wireMyIntent(i, c.Now) }), err
	}, Doc("List own payments", "Newest first unless sorted otherwise."), Errors("CURRENCY_REQUIRED"))

	Get(a, "listMeRefunds", func(_ context.Context, tx db.Tx, c *Caller, in *ListMyRefundsInput) (Page[*BuyerRefund], error) {
		page, err := listRefunds(tx, c, in.PageQuery, in.RefundFilter, c.SubjectID)
		return MapPage(page, wireMyRefund), err
	}, Doc("List own refunds", "Newest first unless sorted otherwise."), Errors("CURRENCY_REQUIRED"))
}
