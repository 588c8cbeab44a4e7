package settings

import (
	"time"

	"flint/internal/event"
)

// domainData is what custom_domain.status_changed tells.
type domainData struct {
	Type          string       `json:"domain_type"`
	Hostname      string       `json:"hostname"`
	Status        string       `json:"domain_status"`
	Previous      string       `json:"previous_status,omitzero"`
	Reason        string       `json:"status_reason,omitzero"`
	Records       []recordData `json:"dns_records"`
	CheckedAt     time.Time    `json:"last_checked_at,omitzero"`
	RedirectUntil time.Time    `json:"redirect_expires_at,omitzero"`
}

type recordData struct {
	Type  string `json:"dns_record_type"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

func domainChanged(d *Domain, previous string) event.New {
	data := domainData{Type: d.Type, Hostname: d.Hostname, Status: d.Status, Previous: previous, Reason: d.Reason, CheckedAt: d.CheckedAt}
	if d.Status == DomainRemoved {
		data.RedirectUntil = d.RedirectUntil
	}
	for _, r := range d.Records {
		data.Records = append(data.Records, recordData(r))
	}
	return event.New{Type: "custom_domain.status_changed", RootType: "settings", RootID: ID(d.Scope), ResourceType: "custom_domain", ResourceID: ID(d.Scope), Data: data}
}
