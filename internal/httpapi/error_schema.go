package httpapi

// The types of this file document the contract's envelopes; writeFault and succeed write them.

// ErrorEnvelope is the body of every answer that is not a success.
type ErrorEnvelope struct {
	Error ErrorObject `json:"error"`
}

// ErrorObject tells what went wrong. Fields beyond the first nine appear with the codes they explain.
type ErrorObject struct {
	Type           string            `json:"type" doc:"Class of the error; new values may appear." enum:"validation_error,authentication_error,payment_error,authorization_error,not_found_error,invalid_request_error,conflict_error,rate_limit_error,external_service_error,unavailable_error,timeout_error,internal_error"`
	Code           string            `json:"code" doc:"Stable name of what went wrong; new values may appear."`
	Message        string            `json:"message" doc:"For developers and logs; wording may change."`
	DocURL         string            `json:"doc_url" doc:"Where the code is explained."`
	ErrorSource    string            `json:"error_source" doc:"Who has to act." enum:"merchant,integration,flint"`
	Param          string            `json:"param,omitzero" doc:"Path of the field at fault, such as line_items[0].name."`
	RequestID      string            `json:"request_id,omitzero" doc:"Id of this request."`
	RequestLogURL  string            `json:"request_log_url,omitzero" doc:"Where the log of this request is found."`
	Details        []ErrorDetail     `json:"details,omitzero" doc:"Every fault of the request."`
	Remediation    *Remediation      `json:"remediation,omitzero" doc:"What to do next."`
	Reason         string            `json:"reason,omitzero" doc:"A finer reason than the code."`
	Requirement    *ScopeRequirement `json:"scope_requirement,omitzero" doc:"The scopes the operation asks for."`
	MissingScopes  []string          `json:"missing_scopes,omitzero" doc:"Scopes the credential lacks."`
	CurrentStatus  string            `json:"current_status,omitzero" doc:"Status of the resource, for conflicts."`
	CurrentVersion int64             `json:"current_version,omitzero" doc:"Version of the resource, for conflicts."`
	Limit          int64             `json:"limit,omitzero" doc:"The limit that was passed."`
}

// ErrorDetail is one fault among several.
type ErrorDetail struct {
	Code                 string   `json:"code"`
	Message              string   `json:"message"`
	Param                string   `json:"param,omitzero"`
	AllowedKeyModes      []string `json:"allowed_key_modes,omitzero"`
	AvailableQuantity    int64    `json:"available_quantity,omitzero"`
	CurrentVersion       int64    `json:"current_version,omitzero"`
	SupportedAPIVersions []string `json:"supported_api_versions,omitzero"`
	Suggestions          []string `json:"suggestions,omitzero"`
}

// Remediation is what a caller can do about an error.
type Remediation struct {
	NextSteps              string   `json:"next_steps,omitzero"`
	Retryable              bool     `json:"retryable"`
	MissingOrInvalidFields []string `json:"missing_or_invalid_fields,omitzero"`
}

// ScopeRequirement is what an operation asks of a credential.
type ScopeRequirement struct {
	Mode   string   `json:"mode" enum:"all,any"`
	Scopes []string `json:"scopes"`
}

// ResponseMeta stands beside the data of every success.
type ResponseMeta struct {
	APIVersion          string    `json:"api_version,omitzero" doc:"Version that encoded the answer."`
	IdempotencyReplayed bool      `json:"idempotency_replayed,omitzero" doc:"The answer repeats that of an earlier request."`
	RequestID           string    `json:"request_id,omitzero"`
	Warnings            []Warning `json:"warnings,omitzero"`
}
