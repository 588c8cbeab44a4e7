package devenv

import (
	"io"
	"net/http"

	"github.com/go-json-experiment/json"

	"flint/internal/fault"
	"flint/internal/processor/simulator"
)

// listDisputes shows the simulator's own disputes of one environment.
func (e *Environment) listDisputes(w http.ResponseWriter, r *http.Request) {
	found, err := e.Server.Simulator.Disputes(r.Context(), e.scope(r))
	if err != nil {
		e.answerDispute(w, nil, err)
		return
	}
	answer(w, http.StatusOK, map[string]any{"disputes": found})
}

// openDispute lets the buyer's bank dispute a payment: {"payment_intent_id", "amount", "case_type", "reason"}.
func (e *Environment) openDispute(w http.ResponseWriter, r *http.Request) {
	var in struct {
		PaymentIntentID string `json:"payment_intent_id"`
		Amount          int64  `json:"amount"` // minor units, 0 for all that is left
		CaseType        string `json:"case_type"`
		Reason          string `json:"reason"`
	}
	if err := json.UnmarshalRead(io.LimitReader(r.Body, maxBody), &in, json.RejectUnknownMembers(true)); err != nil {
		refuse(w, http.StatusBadRequest, `Send {"payment_intent_id": "pi_…"}, with "amount", "case_type" and "reason" if you like.`)
		return
	}
	d, err := e.Server.Simulator.OpenDispute(r.Context(), simulator.OpenInput{
		Scope: e.scope(r), PaymentID: in.PaymentIntentID, Amount: in.Amount, CaseType: in.CaseType, Reason: in.Reason,
	})
	e.answerDispute(w, &d, err)
}

// moveDispute submits evidence, {"evidence": true}, or lets the bank decide, {"status": "won"}.
func (e *Environment) moveDispute(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Status   string `json:"status"`
		Evidence bool   `json:"evidence"`
	}
	if err := json.UnmarshalRead(io.LimitReader(r.Body, maxBody), &in, json.RejectUnknownMembers(true)); err != nil {
		refuse(w, http.StatusBadRequest, `Send {"evidence": true} or {"status": "won"}.`)
		return
	}
	d, err := e.Server.Simulator.MoveDispute(r.Context(), simulator.MoveInput{Scope: e.scope(r), Ref: r.PathValue("ref"), Status: in.Status, Evidence: in.Evidence})
	e.answerDispute(w, &d, err)
}

func (e *Environment) answerDispute(w http.ResponseWriter, d *simulator.Dispute, err error) {
	f := fault.Of(err)
	switch {
	case err == nil:
		answer(w, http.StatusOK, d)
	case f != nil && f.Class == fault.ClassNotFound:
		refuse(w, http.StatusNotFound, f.Message)
	case f != nil:
		refuse(w, http.StatusBadRequest, f.Message)
	default:
		e.Server.Log.Error("a dispute of the simulator failed", "error", err)
		refuse(w, http.StatusInternalServerError, "The dispute could not be changed.")
	}
}
