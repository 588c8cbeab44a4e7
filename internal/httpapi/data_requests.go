package httpapi

import (
	"context"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
)

// CreateDataRequestRequest asks the apps that hold data.
type CreateDataRequestRequest struct {
	Topic      string `json:"topic" enum:"customer_data,customer_redact,merchant_redact" doc:"Give out or delete what is held on a customer, or delete what is held of the merchant."`
	CustomerID string `json:"customer_id,omitzero" maxLength:"64" doc:"Needed for the topics about a customer."`
	Note       string `json:"note,omitzero" maxLength:"500" doc:"For the merchant's own files."`
}

// CreateDataRequestInput is the request of createDataRequest.
type CreateDataRequestInput struct {
	Body CreateDataRequestRequest
}

// ListDataRequestsInput is the request of listDataRequests.
type ListDataRequestsInput struct {
	PageQuery
}

// DataRequestInput names a data request.
type DataRequestInput struct {
	DataRequestID string `path:"data_request_id" id:"dsreq"`
}

// AcknowledgeDataRequestRequest may say what was done.
type AcknowledgeDataRequestRequest struct {
	Note string `json:"note,omitzero" maxLength:"500" doc:"For the merchant."`
}

// AcknowledgeDataRequestInput is the request of acknowledgeDataRequest.
type AcknowledgeDataRequestInput struct {
	DataRequestInput
	Body AcknowledgeDataRequestRequest
}

// ListPartnerAppDataRequestsInput is the request of listDeveloperPartnerAppDataRequests.
type ListPartnerAppDataRequestsInput struct {
	PartnerAppInput
	PageQuery
}

// AcknowledgePartnerAppDataRequestInput is the request of acknowledgeDeveloperPartnerAppDataRequest.
type AcknowledgePartnerAppDataRequestInput struct {
	PartnerAppInput
	DataRequestInput
	Body AcknowledgeDataRequestRequest
}

// seenByApp hides from an app the requests it was not asked.
func seenByApp(d *app.DataRequest, appID string) error {
	for _, a := range d.Apps {
		if a.AppID == appID {
			return nil
		}
	}
	return fault.NotFound("data request")
}

func registerDataRequests(a *API, s *Services) {
	Write(a, "createDataRequest", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateDataRequestInput) (*DataRequest, error) {
		r := &in.Body
		if r.CustomerID != "" {
			if _, err := s.Customers.Get(ctx, tx, c.Scope, r.CustomerID); err != nil {
				return nil, err
			}
		}
		made, err := s.Apps.RaiseDataRequest(ctx, tx, app.RaiseInput{Scope: c.Scope, Topic: r.Topic, CustomerID: r.CustomerID, Note: r.Note,
			Now: c.Now, Cause: c.Cause()})
		if err != nil {
			return nil, err
		}
		return wireDataRequest(made, "", c.Now), nil
	}, Doc("Ask apps for data, or to delete it", "Every app that could read customers in this environment is told, removed ones too, and has 30 days to answer."))

	Get(a, "listDataRequests", func(ctx context.Context, tx db.Tx, c *Caller, in *ListDataRequestsInput) (Page[*DataRequest], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*app.DataRequest, *listing.Cursor, error) {
			return app.ListDataRequests(tx, c.Scope, after, limit)
		})
		return MapPage(page, func(d *app.DataRequest) *DataRequest { return wireDataRequest(d, "", c.Now) }), err
	}, Doc("List data requests", "Newest first, with the answer of each app."))

	Get(a, "getDataRequest", func(ctx context.Context, tx db.Tx, c *Caller, in *DataRequestInput) (*DataRequest, error) {
		d, err := app.GetDataRequest(tx, c.Scope, in.DataRequestID)
		if err == nil && c.Kind == auth.InstallToken {
			err = seenByApp(d, c.AppID)
		}
		if err != nil {
			return nil, err
		}
		return wireDataRequest(d, appOf(c), c.Now), nil
	}, Doc("Read a data request", "An app sees those it was asked, and its own answer."))

	Write(a, "acknowledgeDataRequest", func(ctx context.Context, tx db.Tx, c *Caller, in *AcknowledgeDataRequestInput) (*DataRequest, error) {
		g, _, err := app.GetGrant(tx, c.Scope, c.GrantID)
		if err != nil {
			return nil, err
		}
		d, err := s.Apps.Acknowledge(ctx, tx, app.AcknowledgeInput{Scope: c.Scope, RequestID: in.DataRequestID, AppID: c.AppID, InstallID: g.InstallID,
			Note: in.Body.Note, Now: c.Now})
		if err != nil {
			return nil, err
		}
		return wireDataRequest(d, c.AppID, c.Now), nil
	}, Doc("Say that a data request is done", "With a token of the install that was asked. The first answer counts."))

	Get(a, "listDeveloperPartnerAppDataRequests", func(ctx context.Context, tx db.Tx, c *Caller, in *ListPartnerAppDataRequestsInput) (Page[*DataRequest], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*app.DataRequest, *listing.Cursor, error) {
			return app.DataRequestsOf(tx, c.Scope.MerchantID, in.PartnerAppID, after, limit)
		})
		return MapPage(page, func(d *app.DataRequest) *DataRequest { return wireDataRequest(d, in.PartnerAppID, c.Now) }), err
	}, Doc("List what an own app was asked", "Newest first."))

	Write(a, "acknowledgeDeveloperPartnerAppDataRequest", func(ctx context.Context, tx db.Tx, c *Caller, in *AcknowledgePartnerAppDataRequestInput) (*DataRequest, error) {
		d, err := app.DataRequestOf(tx, c.Scope.MerchantID, in.PartnerAppID, in.DataRequestID)
		if err != nil {
			return nil, err
		}
		d, err = s.Apps.Acknowledge(ctx, tx, app.AcknowledgeInput{Scope: d.Scope, RequestID: d.ID, AppID: in.PartnerAppID, Note: in.Body.Note, Now: c.Now})
		if err != nil {
			return nil, err
		}
		return wireDataRequest(d, in.PartnerAppID, c.Now), nil
	}, Doc("Say that a data request is done, as the owner of the app", "For every install of it that was asked, also for those that were removed."))
}
