package fulfillment

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/go-json-experiment/json"

	"flint/internal/fault"
	"flint/internal/text"
)

// provider names the faults of a provider's reference, by what it belongs to.
type provider struct{ incomplete, conflict string }

var (
	shipmentProvider = provider{"FULFILLMENT_SHIPMENT_PROVIDER_REFERENCE_INCOMPLETE", "FULFILLMENT_SHIPMENT_PROVIDER_REFERENCE_CONFLICT"}
	packageProvider  = provider{"SHIPMENT_PACKAGE_PROVIDER_REFERENCE_INCOMPLETE", "SHIPMENT_PACKAGE_PROVIDER_REFERENCE_CONFLICT"}
)

// checkProvider refuses a reference without the system it is of. A system alone tells where something came from.
func checkProvider(l *fault.List, at string, of provider, system, reference string) {
	text.Rule{Max: 255, TooLong: tooLong}.Check(l, at+"external_system", system)
	text.Rule{Max: 255, TooLong: tooLong}.Check(l, at+"external_reference_id", reference)
	if system == "" && reference != "" {
		l.Add(of.incomplete, at+"external_system", "A reference belongs to a system; name both.")
	}
}

func providerTaken(of provider, param string) error {
	e := fault.Conflict(of.conflict, "The provider's reference belongs to something else already.").
		Then("Read it with external_system and external_reference_id, or send another reference.")
	e.Param = param
	return e
}

// fingerprint tells whether a repeated call asks for the same.
func fingerprint(v any) (string, error) {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return "", fmt.Errorf("compare a call with an earlier one: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16]), nil
}
