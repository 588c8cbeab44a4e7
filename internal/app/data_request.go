package app

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/tenant"
)

// Topics of a data request.
const (
	TopicCustomerData   = "customer_data"   // give out what you hold on a person
	TopicCustomerRedact = "customer_redact" // delete what you hold on a person
	TopicMerchantRedact = "merchant_redact" // delete what you hold of the merchant
)

// DataRequestTime is how long an app has to answer: the month that data protection law gives.
const DataRequestTime = 30 * 24 * time.Hour

const maxNote = 500 // characters

// topicEvents are the events that tell an app's owner.
var topicEvents = map[string]string{
	TopicCustomerData:   "partner_app.customer.data_requested",
	TopicCustomerRedact: "partner_app.customer.redact_requested",
	TopicMerchantRedact: "partner_app.merchant.redact_requested",
}

// DataRequest is what a merchant asks the apps that hold its customers' data.
type DataRequest struct {
	Scope      tenant.Scope
	ID         string // dsreq_…
	Topic      string
	CustomerID string // empty for the merchant's own data
	Note       string
	DueAt      time.Time
	CreatedAt  time.Time
	Apps       []DataRequestApp
}

// DataRequestApp is one install that was asked.
type DataRequestApp struct {
	InstallID      string
	AppID          string
	OwnerID        string
	AcknowledgedAt time.Time // zero: not yet
	Note           string    // of the app
}

// RaiseInput asks the apps.
type RaiseInput struct {
	Scope      tenant.Scope
	Topic      string
	CustomerID string // that the caller has checked; empty for TopicMerchantRedact
	Note       string
	Now        time.Time
	Cause      event.Cause
}

// Validate reports every fault of the input.
func (in RaiseInput) Validate() error {
	var faults fault.List
	switch _, known := topicEvents[in.Topic]; {
	case !known:
		faults.Add("INVALID_REQUEST", "topic", "The topic is customer_data, customer_redact or merchant_redact.")
	case in.Topic == TopicMerchantRedact && in.CustomerID != "":
		faults.Add("INVALID_REQUEST", "customer_id", "A merchant_redact request is about no customer.")
	case in.Topic != TopicMerchantRedact && in.CustomerID == "":
		faults.Add("FIELD_REQUIRED", "customer_id", "Name the customer.")
	}
	if utf8.RuneCountInString(in.Note) > maxNote {
		faults.Add("VALUE_TOO_LONG", "note", "A note has at most %d characters.", maxNote)
	}
	return faults.Err()
}

type dataRequestPayload struct {
	RequestID     string    `json:"data_request_id"`
	Topic         string    `json:"topic"`
	AppID         string    `json:"partner_app_id"`
	InstallID     string    `json:"partner_app_install_id"`
	MerchantID    string    `json:"merchant_id"`
	EnvironmentID string    `json:"environment_id"`
	CustomerID    string    `json:"customer_id,omitzero"`
	DueAt         time.Time `json:"due_at"`
}

// holdsPersonalData reports whether a grant let its app read about people.
func holdsPersonalData(s auth.ScopeSet) bool {
	return s.Has("customers.read") || s.Has("customers.write")
}

// RaiseDataRequest asks every app that could read customers in the environment, removed ones too: they
// may still hold what they read. TopicMerchantRedact asks every app that was ever installed there.
func (s *Service) RaiseDataRequest(ctx context.Context, tx db.Tx, in RaiseInput) (*DataRequest, error) {
	if err := errors.Join(in.Scope.Check(), in.Validate()); err != nil {
		return nil, err
	}
	d, err := s.newDataRequest(tx, in)
	if err != nil {
		return nil, err
	}
	grants, err := queryGrants(tx, `merchant_id = $1 AND environment_id = $2 ORDER BY created_at, grant_id`, in.Scope.MerchantID, in.Scope.EnvironmentID)
	if err != nil {
		return nil, err
	}
	asked := map[string]bool{}
	for _, g := range grants {
		if asked[g.InstallID] || in.Topic != TopicMerchantRedact && !holdsPersonalData(g.Scopes) {
			continue
		}
		asked[g.InstallID] = true
		if err := s.ask(ctx, tx, d, g, in.Cause); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// newDataRequest writes a request that asks nobody yet.
func (s *Service) newDataRequest(tx db.Tx, in RaiseInput) (*DataRequest, error) {
	d := &DataRequest{Scope: in.Scope, ID: s.IDs.New(id.AppDataRequest), Topic: in.Topic, CustomerID: in.CustomerID, Note: in.Note,
		DueAt: in.Now.Add(DataRequestTime), CreatedAt: in.Now}
	err := tx.Send(`INSERT INTO app_data_requests (merchant_id, environment_id, request_id, topic, customer_id, note, due_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, d.Scope.MerchantID, d.Scope.EnvironmentID, d.ID, d.Topic, d.CustomerID, d.Note, d.DueAt, d.CreatedAt)
	if err != nil {
		return nil, fmt.Errorf("insert a data request: %w", err)
	}
	return d, nil
}

// ask tells one app. The request is the root of the event, in the feed of the app's owner.
func (s *Service) ask(ctx context.Context, tx db.Tx, d *DataRequest, g Grant, cause event.Cause) error {
	d.Apps = append(d.Apps, DataRequestApp{InstallID: g.InstallID, AppID: g.AppID, OwnerID: g.OwnerID})
	err := tx.Send(`INSERT INTO app_data_request_apps (merchant_id, environment_id, request_id, install_id, app_id, owner_id)
		VALUES ($1, $2, $3, $4, $5, $6)`, d.Scope.MerchantID, d.Scope.EnvironmentID, d.ID, g.InstallID, g.AppID, g.OwnerID)
	if err == nil {
		err = tx.Send(`INSERT INTO app_data_request_index (merchant_id, app_id, request_id, installer_id, environment_id, created_at)
			VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`, g.OwnerID, g.AppID, d.ID, d.Scope.MerchantID, d.Scope.EnvironmentID, d.CreatedAt)
	}
	if err != nil {
		return fmt.Errorf("ask an app for data: %w", err)
	}
	scope, err := feed(ctx, tx, g.OwnerID, d.Scope.Mode())
	if err != nil {
		return err
	}
	err = s.Events.Record(tx, scope, d.CreatedAt, cause, event.New{Type: topicEvents[d.Topic], RootType: "app_data_request", RootID: d.ID,
		ResourceType: "app_data_request", ResourceID: d.ID, Data: dataRequestPayload{RequestID: d.ID, Topic: d.Topic, AppID: g.AppID, InstallID: g.InstallID,
			MerchantID: d.Scope.MerchantID, EnvironmentID: d.Scope.EnvironmentID, CustomerID: d.CustomerID, DueAt: d.DueAt}})
	if err != nil {
		return fmt.Errorf("record a data request: %w", err)
	}
	return nil
}

const dataRequestColumns = `merchant_id, environment_id, request_id, topic, customer_id, note, due_at, created_at`

func scanDataRequest(row func(dest ...any) error) (*DataRequest, error) {
	d := &DataRequest{}
	err := row(&d.Scope.MerchantID, &d.Scope.EnvironmentID, &d.ID, &d.Topic, &d.CustomerID, &d.Note, &d.DueAt, &d.CreatedAt)
	return d, err
}

// GetDataRequest reads a request with every app that was asked. Fault: RESOURCE_NOT_FOUND.
func GetDataRequest(tx db.Tx, scope tenant.Scope, requestID string) (*DataRequest, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	d, err := scanDataRequest(func(dest ...any) error {
		return tx.QueryRow(dest, `SELECT `+dataRequestColumns+` FROM app_data_requests WHERE merchant_id = $1 AND environment_id = $2 AND request_id = $3`,
			scope.MerchantID, scope.EnvironmentID, requestID)
	})
	if errors.Is(err, db.ErrNoRows) {
		return nil, errNoDataRequest()
	}
	if err != nil {
		return nil, fmt.Errorf("read a data request: %w", err)
	}
	return d, d.loadApps(tx)
}

func errNoDataRequest() error { return fault.NotFound("data request") }

func (d *DataRequest) loadApps(tx db.Tx) error {
	err := tx.Query(func(r db.Row) error {
		var a DataRequestApp
		err := r.Scan(&a.InstallID, &a.AppID, &a.OwnerID, &a.AcknowledgedAt, &a.Note)
		d.Apps = append(d.Apps, a)
		return err
	}, `SELECT install_id, app_id, owner_id, acknowledged_at, note FROM app_data_request_apps
		WHERE merchant_id = $1 AND environment_id = $2 AND request_id = $3 ORDER BY install_id`, d.Scope.MerchantID, d.Scope.EnvironmentID, d.ID)
	if err != nil {
		return fmt.Errorf("list the apps of a data request: %w", err)
	}
	return nil
}

// ListDataRequests reads one page of an environment's requests, newest first.
func ListDataRequests(tx db.Tx, scope tenant.Scope, after *listing.Cursor, limit int) ([]*DataRequest, *listing.Cursor, error) {
	if err := scope.Check(); err != nil {
		return nil, nil, err
	}
	q := listing.From("app_data_requests", dataRequestColumns, "request_id", scope)
	if err := q.Sort("created_at", false, true, after); err != nil {
		return nil, nil, err
	}
	found, next, err := listing.Page(tx, q, limit, func(r db.Row) (*DataRequest, error) { return scanDataRequest(r.Scan) },
		func(d *DataRequest) listing.Cursor { return listing.At(d.CreatedAt, d.ID) })
	if err != nil {
		return nil, nil, fmt.Errorf("list data requests: %w", err)
	}
	for _, d := range found {
		if err := d.loadApps(tx); err != nil {
			return nil, nil, err
		}
	}
	return found, next, nil
}

// AcknowledgeInput is an app's word that it has done what it was asked.
type AcknowledgeInput struct {
	Scope     tenant.Scope // of the request
	RequestID string
	AppID     string
	InstallID string // empty: every install of the app that was asked
	Note      string
	Now       time.Time
}

// Acknowledge notes the app's word; the first one counts. Faults: RESOURCE_NOT_FOUND, also when the app
// was not asked; VALUE_TOO_LONG.
func (s *Service) Acknowledge(_ context.Context, tx db.Tx, in AcknowledgeInput) (*DataRequest, error) {
	if utf8.RuneCountInString(in.Note) > maxNote {
		return nil, fault.Invalid("VALUE_TOO_LONG", "note", "A note has at most %d characters.", maxNote)
	}
	d, err := GetDataRequest(tx, in.Scope, in.RequestID)
	if err != nil {
		return nil, err
	}
	asked := false
	for n := range d.Apps {
		a := &d.Apps[n]
		if a.AppID != in.AppID || in.InstallID != "" && a.InstallID != in.InstallID {
			continue
		}
		asked = true
		if !a.AcknowledgedAt.IsZero() {
			continue
		}
		a.AcknowledgedAt, a.Note = in.Now, in.Note
		err := tx.Send(`UPDATE app_data_request_apps SET acknowledged_at = $5, note = $6
			WHERE merchant_id = $1 AND environment_id = $2 AND request_id = $3 AND install_id = $4 AND acknowledged_at IS NULL`,
			d.Scope.MerchantID, d.Scope.EnvironmentID, d.ID, a.InstallID, in.Now, in.Note)
		if err != nil {
			return nil, fmt.Errorf("acknowledge a data request: %w", err)
		}
	}
	if !asked {
		return nil, errNoDataRequest()
	}
	return d, nil
}

// DataRequestOf finds what an app was asked, for its owner. Fault: RESOURCE_NOT_FOUND.
func DataRequestOf(tx db.Tx, ownerID, appID, requestID string) (*DataRequest, error) {
	var scope tenant.Scope
	err := tx.QueryRow([]any{&scope.MerchantID, &scope.EnvironmentID}, `SELECT installer_id, environment_id FROM app_data_request_index
		WHERE merchant_id = $1 AND app_id = $2 AND request_id = $3`, ownerID, appID, requestID)
	if errors.Is(err, db.ErrNoRows) {
		return nil, errNoDataRequest()
	}
	if err != nil {
		return nil, fmt.Errorf("find a data request: %w", err)
	}
	return GetDataRequest(tx, scope, requestID)
}

// DataRequestsOf reads one page of what an app was asked, newest first, for its owner.
func DataRequestsOf(tx db.Tx, ownerID, appID string, after *listing.Cursor, limit int) ([]*DataRequest, *listing.Cursor, error) {
	if _, err := Get(tx, ownerID, appID); err != nil {
		return nil, nil, err
	}
	q := listing.OfMerchant("app_data_request_index", "request_id, installer_id, environment_id, created_at", "request_id", ownerID).
		Equal("app_id", appID)
	if err := q.Sort("created_at", false, true, after); err != nil {
		return nil, nil, err
	}
	found, next, err := listing.Page(tx, q, limit, func(r db.Row) (*DataRequest, error) {
		d := &DataRequest{}
		err := r.Scan(&d.ID, &d.Scope.MerchantID, &d.Scope.EnvironmentID, &d.CreatedAt)
		return d, err
	}, func(d *DataRequest) listing.Cursor { return listing.At(d.CreatedAt, d.ID) })
	if err != nil {
		return nil, nil, fmt.Errorf("list what an app was asked: %w", err)
	}
	for n, d := range found {
		if found[n], err = GetDataRequest(tx, d.Scope, d.ID); err != nil {
			return nil, nil, err
		}
	}
	return found, next, nil
}
