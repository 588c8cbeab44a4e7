package webhook

import (
	"fmt"
	"maps"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/event"
)

// sealedMember is the member of an event's data that keeps, sealed, what only the endpoint of the app that
// the event is about may read. It is put where nobody else looks: it is in no body and no record.
const sealedMember = "sealed"

// split separates the sealed member from the data of an event. data is nil when there is none.
func split(e event.Event) (data map[string]jsontext.Value, sealed string, err error) {
	if t, ok := event.TypeOf(e.Type); !ok || !t.From(event.SourcePartnerApp) {
		return nil, "", nil
	}
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return nil, "", fmt.Errorf("read the data of event %s: %w", e.ID, err)
	}
	value, has := data[sealedMember]
	if !has {
		return nil, "", nil
	}
	delete(data, sealedMember)
	if err := json.Unmarshal(value, &sealed); err != nil {
		return nil, "", fmt.Errorf("read what event %s keeps sealed: %w", e.ID, err)
	}
	return data, sealed, nil
}

// public is the data of an event for everybody: without what is sealed in it. What cannot be read is not
// shown at all.
func public(e event.Event) jsontext.Value {
	data, _, err := split(e)
	if err != nil {
		return nil
	}
	if data == nil {
		return jsontext.Value(e.Data)
	}
	b, err := json.Marshal(data, json.Deterministic(true))
	if err != nil {
		return nil
	}
	return b
}

// opened is the event for an endpoint of an app: with what was sealed for that app while it is of use, and
// without it otherwise.
func (s *Service) opened(e event.Event, to Endpoint, now time.Time) (event.Event, error) {
	data, sealed, err := split(e)
	if err != nil || data == nil {
		return e, err
	}
	if s.Apps.Open != nil && appOf(e) == to.PartnerAppID {
		more, err := s.Apps.Open(e, sealed, now)
		if err != nil {
			return e, fmt.Errorf("open what event %s keeps sealed: %w", e.ID, err)
		}
		maps.Copy(data, more)
	}
	if e.Data, err = json.Marshal(data, json.Deterministic(true)); err != nil {
		return e, fmt.Errorf("encode the data of event %s: %w", e.ID, err)
	}
	return e, nil
}
