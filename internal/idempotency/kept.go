package idempotency

import (
	"errors"

	"github.com/go-json-experiment/json"

	"flint/internal/fault"
)

// kept marks an error whose effects stay.
type kept struct{ f *fault.Error }

func (k kept) Error() string { return k.f.Error() }
func (k kept) Unwrap() error { return k.f }

// Keep marks a fault as the final answer of an operation that had an effect, a recorded decline for
// instance: the transaction commits and a repeated request gets the same fault.
func Keep(f *fault.Error) error { return kept{f} }

// Kept is the fault of an error made by Keep, nil for any other.
func Kept(err error) *fault.Error {
	if k, ok := errors.AsType[kept](err); ok {
		return k.f
	}
	return nil
}

// storedFault is the form of a fault in the table; the cause stays out of it.
type storedFault struct {
	Class     fault.Class    `json:"class"`
	Code      string         `json:"code"`
	Message   string         `json:"message"`
	Param     string         `json:"param,omitzero"`
	Details   []fault.Detail `json:"details,omitempty"`
	NextSteps string         `json:"next_steps,omitzero"`
	Retryable bool           `json:"retryable,omitzero"`
	Extra     map[string]any `json:"extra,omitempty"`
}

// AnswerOf stores a fault as an answer.
func AnswerOf(f *fault.Error, apiVersion string) (Answer, error) {
	body, err := json.Marshal(storedFault{f.Class, f.Code, f.Message, f.Param, f.Details, f.NextSteps, f.Retryable, f.Extra})
	return Answer{Status: f.Class.Status(), Body: body, APIVersion: apiVersion}, err
}

// Fault reads a stored fault back, nil when the answer is a success.
func (a Answer) Fault() (*fault.Error, error) {
	if a.Status < 400 {
		return nil, nil
	}
	var f storedFault
	if err := json.Unmarshal(a.Body, &f); err != nil {
		return nil, fault.Internal("IDEMPOTENCY_RECORD_INVALID", "The stored answer cannot be read.").Because(err)
	}
	return &fault.Error{Class: f.Class, Code: f.Code, Message: f.Message, Param: f.Param, Details: f.Details,
		NextSteps: f.NextSteps, Retryable: f.Retryable, Extra: f.Extra}, nil
}
