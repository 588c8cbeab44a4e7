package httpapi

import (
	"context"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/requestlog"
)

// APIRequestLog is one request of the calling credential, without headers, query and bodies.
type APIRequestLog struct {
	ID            string           `json:"api_request_log_id"`
	RequestID     string           `json:"request_id"`
	Method        string           `json:"http_method"`
	Path          string           `json:"path"`
	Route         string           `json:"route_pattern" doc:"Method and path with the names of its parameters."`
	Status        int              `json:"status_code"`
	Latency       int64            `json:"latency_milliseconds"`
	CreatedAt     time.Time        `json:"created_at"`
	AskedVersion  string           `json:"requested_api_version,omitzero"`
	VersionSource string           `json:"requested_api_version_source,omitzero" enum:"header,partner_app,merchant,current"`
	ServedVersion string           `json:"served_api_version,omitzero"`
	ResourceType  string           `json:"resource_type,omitzero" enum:"api_key,api_request_log,balance,balance_transaction,bundle,bundle_component,capability,category,checkout_session,credit_note,credit_note_allocation,custom_domain,customer,customer_address,customer_deletion_request,customer_session,customer_verification,delivery_location_set,delivery_method,delivery_profile,delivery_quote,delivery_rate,delivery_rate_callback,delivery_revocation,delivery_selection,delivery_zone,device,dispute,email_change_request,environment_grant,feedback_report,fraud_warning,fulfillment,fulfillment_event,fulfillment_notification,gift_card,gift_card_load,gift_card_notification,gift_card_redemption,inventory_allocation_policy,inventory_count,inventory_item,inventory_level,inventory_receipt,inventory_reservation,inventory_reservation_line,inventory_transfer,invoice,invoice_late_fee,invoice_payment_attempt,invoice_payment_term,location,merchant,merchant_billing_balance,merchant_subscription_invoice,modifier,modifier_group,modifier_set,order,order_charge,order_line_item,order_payment_attempt,organization,package,package_item,partner_app,partner_app_install,payment_intent,payment_link,payment_method,payment_method_domain,payout,payout_destination,payout_settings,product,product_option,product_variant,promotion,promotion_code,refund,report,report_download,return,return_disposition,return_inspection,return_inspection_line_item,return_line_item,return_policy,return_policy_revision,return_reason,return_receipt,return_receipt_line_item,return_resolution,review,risk_list,risk_list_item,risk_rule,sandbox,shipment,subscription,subscription_delivery_migration,subscription_line_item,subscription_offer,subscription_payment_retry,subscription_plan,user,webhook_delivery,webhook_endpoint,webhook_event"`
	ResourceID    string           `json:"resource_id,omitzero"`
	CorrelationID string           `json:"correlation_id,omitzero" doc:"Also on every event that the request caused."`
	ErrorCode     string           `json:"error_code,omitzero"`
	ErrorCategory string           `json:"error_category,omitzero" enum:"authentication,authorization,validation,server_error,rate_limit,idempotency,merchant_readiness,payment,request_error,webhook_timeout,webhook_dns,webhook_tls,webhook_connection,webhook_blocked_target,webhook_request,webhook_http_5xx,webhook_http_4xx,webhook_delivery"`
	ErrorSummary  string           `json:"error_summary,omitzero"`
	Action        string           `json:"recommended_action,omitzero"`
	Reference     string           `json:"reference_url,omitzero"`
	Retryable     *bool            `json:"retryable,omitzero"`
	Shape         *RequestLogShape `json:"response_shape_metadata,omitzero"`
}

// RequestLogShape tells what form of answer the request got.
type RequestLogShape struct {
	AuthMode        string                     `json:"auth_mode" enum:"api_key_or_partner,checkout_session"`
	Key             string                     `json:"response_shape_key" doc:"The operation whose answer it is."`
	ExpandPaths     []string                   `json:"normalized_expand_paths"`
	ExpansionShapes []RequestLogExpansionShape `json:"expansion_shapes"`
}

// RequestLogExpansionShape is the form of one expanded path.
type RequestLogExpansionShape struct {
	Path  string `json:"path"`
	Shape string `json:"shape"`
}

// APIRequestLogDetail is the whole of a log. Secrets were taken out before it was stored.
type APIRequestLogDetail struct {
	APIRequestLog
	Query        []RequestLogQueryParam `json:"query_params"`
	Reproduction RequestLogReproduction `json:"reproduction"`
	Headers      string                 `json:"request_headers,omitzero" doc:"A JSON object as text."`
	Request      string                 `json:"request_body,omitzero"`
	Response     string                 `json:"response_body,omitzero" doc:"At most 16 KiB of it."`
	ResponseType string                 `json:"response_content_type,omitzero"`
}

// RequestLogQueryParam is one parameter of the query.
type RequestLogQueryParam struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// RequestLogReproduction is how to make the request again.
type RequestLogReproduction struct {
	Method            string                 `json:"http_method"`
	Path              string                 `json:"path"`
	Query             []RequestLogQueryParam `json:"query_params"`
	Headers           map[string]string      `json:"headers"`
	Body              string                 `json:"body,omitzero"`
	Curl              string                 `json:"curl" doc:"A command for a shell in which FLINT_API_KEY holds a key."`
	Environment       string                 `json:"recommended_environment" doc:"sandbox, or live for what only reads live data."`
	Safe              bool                   `json:"safe_to_reproduce" doc:"Making it again changes nothing that is real."`
	Complete          bool                   `json:"reproduction_complete" doc:"Nothing of the request is missing."`
	RedactionsPresent bool                   `json:"redactions_present"`
	Warnings          []string               `json:"warnings,omitzero"`
}

// ListRequestLogsInput is the request of listCurrentAPIKeyRequestLogs.
type ListRequestLogsInput struct {
	PageQuery
	RequestID     string    `query:"request_id" maxLength:"128"`
	Method        string    `query:"http_method" enum:"GET,POST,PATCH,PUT,DELETE" fault:"invalid=INVALID_METHOD"`
	PathQuery     string    `query:"path_query" maxLength:"200" doc:"A part of the path."`
	ResourceType  string    `query:"resource_type" maxLength:"64" fault:"invalid=INVALID_RESOURCE_TYPE"`
	ResourceID    string    `query:"resource_id" maxLength:"64"`
	StatusBucket  string    `query:"status_bucket" enum:"all,success,client_error,server_error" default:"all"`
	CreatedAfter  time.Time `query:"created_after"`
	CreatedBefore time.Time `query:"created_before"`
}

// RequestLogInput names a log.
type RequestLogInput struct {
	LogID string `path:"api_request_log_id" id:"rlog"`
}

func registerRequestLogs(a *API, _ *Services) {
	byRoute := map[string]string{}
	for _, r := range a.routes {
		byRoute[r.Method+" "+r.Path] = r.ID
	}
	wire := func(s requestlog.Summary) *APIRequestLog { return wireRequestLog(s, a.BaseURL, byRoute[s.Route]) }

	Handle(a, "listCurrentAPIKeyRequestLogs", func(ctx context.Context, c *Caller, in *ListRequestLogsInput) (Page[*APIRequestLog], error) {
		a.catchUp(ctx)
		return read(ctx, a, func(tx db.Tx) (Page[*APIRequestLog], error) {
			page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]requestlog.Summary, *listing.Cursor, error) {
				return requestlog.List(tx, c.Scope, c.ID, requestlog.Filter{
					RequestID: in.RequestID, Method: in.Method, PathQuery: in.PathQuery, ResourceType: in.ResourceType, ResourceID: in.ResourceID,
					Bucket: in.StatusBucket, CreatedAfter: in.CreatedAfter, CreatedBefore: in.CreatedBefore,
				}, after, limit)
			})
			return MapPage(page, wire), err
		})
	}, Doc("List your own requests", "Those made with the credential in use, newest first, for 30 days. A request may be missing when the server was overloaded or ended."),
		Errors("INVALID_STATUS_BUCKET", "INVALID_METHOD", "INVALID_RESOURCE_TYPE", "INVALID_CREATED_RANGE"))

	Handle(a, "getCurrentAPIKeyRequestLog", func(ctx context.Context, c *Caller, in *RequestLogInput) (*APIRequestLogDetail, error) {
		a.catchUp(ctx)
		return read(ctx, a, func(tx db.Tx) (*APIRequestLogDetail, error) {
			d, err := requestlog.Get(tx, c.Scope, c.ID, in.LogID)
			if err != nil {
				return nil, err
			}
			return wireRequestLogDetail(d, wire(d.Summary), a.BaseURL), nil
		})
	}, Doc("Read one of your own requests", "With headers, query and bodies, from which secrets were taken out, and with how to make it again."))
}

// catchUp lets a caller read the log of the request it made just before.
func (a *API) catchUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := a.Requests.Flush(ctx); err != nil {
		a.Log.Warn("the request log is behind", "error", err)
	}
}

func wireRequestLog(s requestlog.Summary, baseURL, operation string) *APIRequestLog {
	out := &APIRequestLog{
		ID: s.ID, RequestID: s.RequestID, Method: s.Method, Path: s.Path, Route: s.Route, Status: s.Status, Latency: s.Latency.Milliseconds(),
		CreatedAt: s.CreatedAt, AskedVersion: s.AskedVersion, VersionSource: s.VersionSource, ServedVersion: s.ServedVersion,
		ResourceType: s.ResourceType, ResourceID: s.ResourceID, CorrelationID: s.ID, ErrorCode: s.Fault.Code,
		ErrorCategory: requestlog.Category(s.Status, s.Fault.Code), ErrorSummary: s.Fault.Message, Action: s.Fault.Advice,
		Shape: &RequestLogShape{AuthMode: "api_key_or_partner", Key: operation, ExpandPaths: []string{}, ExpansionShapes: []RequestLogExpansionShape{}},
	}
	if s.Fault.Code != "" {
		out.Reference, out.Retryable = baseURL+"/docs/errors#"+s.Fault.Code, &s.Fault.Retryable
		out.Shape.Key = "error"
	}
	return out
}

func wireRequestLogDetail(d requestlog.Detail, summary *APIRequestLog, baseURL string) *APIRequestLogDetail {
	out := &APIRequestLogDetail{
		APIRequestLog: *summary, Query: []RequestLogQueryParam{}, Headers: d.Headers, Request: d.Request, Response: d.Response,
		ResponseType: d.ResponseType, Reproduction: reproduce(d, baseURL),
	}
	for _, p := range d.Query {
		out.Query = append(out.Query, RequestLogQueryParam(p))
		if p.Name == "expand" && !slices.Contains(out.Shape.ExpandPaths, p.Value) {
			out.Shape.ExpandPaths = append(out.Shape.ExpandPaths, p.Value)
			out.Shape.ExpansionShapes = append(out.Shape.ExpansionShapes, RequestLogExpansionShape{Path: p.Value, Shape: "object"})
		}
	}
	return out
}

// timelineToken turns faults of page tokens into the one that timelines have.
func timelineToken(err error) error {
	if fault.Is(err, "INVALID_PAGE_TOKEN") || fault.Is(err, "CURSOR_MISMATCH") {
		return fault.Invalid("RESOURCE_TIMELINE_TOKEN_INVALID", "page_token", "This page token was not made for this timeline and these filters.").
			Then("Start again without page_token.")
	}
	return err
}
