package auth

import (
	"errors"
	"fmt"
	"strings"

	"flint/internal/db"
	"flint/internal/tenant"
)

// ActorName is how people call the API key or the user that acted in an environment: the name of the key, the
// name or e-mail address of the user. It is empty for other actors and for those that are not known.
func ActorName(tx db.Tx, scope tenant.Scope, actorType, actorID string) (string, error) {
	var name, last, email string
	var err error
	switch actorType {
	case "api_key":
		err = tx.QueryRow([]any{&name}, `SELECT name FROM api_keys WHERE merchant_id = $1 AND environment_id = $2 AND api_key_id = $3`,
			scope.MerchantID, scope.EnvironmentID, actorID)
	case "user":
		err = tx.QueryRow([]any{&name, &last, &email}, `SELECT first_name, last_name, email FROM users WHERE merchant_id = $1 AND user_id = $2`,
			scope.MerchantID, actorID)
		if name = strings.TrimSpace(name + " " + last); name == "" {
			name = email
		}
	}
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return "", fmt.Errorf("read the name of %s %s: %w", actorType, actorID, err)
	}
	return name, nil
}
