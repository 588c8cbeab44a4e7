package httpapi

import (
	"context"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
)

const capabilityReady = "ready"

// Capability tells whether something can be done in the caller's environment.
type Capability struct {
	Capability     string                    `json:"capability" enum:"accept_card_payments,save_payment_methods,accept_affirm_payments,receive_payouts,create_standard_payouts,manage_payout_destinations,manage_payout_settings"`
	Domain         string                    `json:"domain" enum:"payments,money_movement"`
	Status         string                    `json:"status" enum:"ready,blocked,pending,not_available"`
	Requirements   CapabilityRequirements    `json:"requirements"`
	BlockedReasons []CapabilityBlockedReason `json:"blocked_reasons,omitzero"`
	NextActions    []NextAction              `json:"next_actions,omitzero"`
	ObservedAt     *time.Time                `json:"observed_at,omitzero"`
}

// CapabilityRequirements is what a processor still asks for; nothing, for Flint asks for no paper.
type CapabilityRequirements struct {
	CurrentlyDue        []string   `json:"currently_due_fields,omitzero"`
	PastDue             []string   `json:"past_due_fields,omitzero"`
	EventuallyDue       []string   `json:"eventually_due_fields,omitzero"`
	PendingVerification []string   `json:"pending_verification_fields,omitzero"`
	DisabledReason      string     `json:"disabled_reason,omitzero" enum:"account_attention_required,account_paused,account_rejected,account_requirements_due,account_under_review,requirements_past_due,requirements_pending_verification"`
	CurrentDeadlineAt   *time.Time `json:"current_deadline_at,omitzero"`
}

// CapabilityBlockedReason tells why a capability cannot be used and who can change that.
type CapabilityBlockedReason struct {
	Code            string `json:"code"`
	Message         string `json:"message,omitzero"`
	NextSteps       string `json:"next_steps,omitzero"`
	Param           string `json:"param,omitzero"`
	ResolutionOwner string `json:"resolution_owner,omitzero" enum:"merchant,flint,integrator,buyer"`
	Retryable       bool   `json:"retryable,omitzero"`
}

const (
	domainPayments = "payments"
	domainMoney    = "money_movement"
)

// Why a capability is not available.
var (
	noProcessor = CapabilityBlockedReason{Code: "no_processor", Message: "No processor takes the money of this environment.",
		NextSteps: "Connect a processor.", ResolutionOwner: "merchant"}
	notOffered = CapabilityBlockedReason{Code: "not_offered", Message: "This server does not offer it.", ResolutionOwner: "flint"}
	paidOut    = CapabilityBlockedReason{Code: "paid_out_by_processor", Message: "The processor pays out by itself; Flint holds no money.",
		NextSteps: "Manage payouts with the processor.", ResolutionOwner: "merchant"}
)

// capabilities are all of them, in the contract's order.
func (a *API) capabilities(c *Caller) []Capability {
	cards := &noProcessor
	if a.processor(c.Scope) != "" {
		cards = nil
	}
	out := make([]Capability, 0, 7)
	add := func(name, domain string, lacks *CapabilityBlockedReason) {
		v := Capability{Capability: name, Domain: domain, Status: capabilityReady, ObservedAt: moment(c.Now)}
		if lacks != nil {
			v.Status, v.BlockedReasons = "not_available", []CapabilityBlockedReason{*lacks}
		}
		out = append(out, v)
	}
	add("accept_card_payments", domainPayments, cards)
	add("save_payment_methods", domainPayments, &notOffered)
	add("accept_affirm_payments", domainPayments, &notOffered)
	for _, name := range []string{"receive_payouts", "create_standard_payouts", "manage_payout_destinations", "manage_payout_settings"} {
		add(name, domainMoney, &paidOut)
	}
	return out
}

type listCapabilitiesInput struct {
	PageQuery
	Domain     string `query:"domain" enum:"money_movement,payments"`
	Capability string `query:"capability" enum:"accept_card_payments,save_payment_methods,accept_affirm_payments,receive_payouts,create_standard_payouts,manage_payout_destinations,manage_payout_settings"`
	Status     string `query:"status" enum:"ready,blocked,pending,not_available"`
}

func listCapabilities(a *API) {
	Get(a, "listCapabilities", func(_ context.Context, _ db.Tx, c *Caller, in *listCapabilitiesInput) (Page[Capability], error) {
		return List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]Capability, *listing.Cursor, error) {
			all := a.capabilities(c)
			if after != nil { // a token of ours names one that is there
				all = all[slices.IndexFunc(all, func(v Capability) bool { return v.Capability == after.ID })+1:]
			}
			all = slices.DeleteFunc(all, func(v Capability) bool {
				return in.Domain != "" && v.Domain != in.Domain || in.Capability != "" && v.Capability != in.Capability || in.Status != "" && v.Status != in.Status
			})
			if len(all) <= limit {
				return all, nil, nil
			}
			return all[:limit], &listing.Cursor{ID: all[limit-1].Capability}, nil
		})
	}, Doc("List capabilities", "What can be done in this environment: payments need a processor, and payouts are the processor's own."))
}
