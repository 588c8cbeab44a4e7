package httpapi

import (
	"fmt"
	"slices"
	"strings"

	"flint/internal/auth"
	"flint/internal/fault"
)

// addRules notes the faults that a domain finds in its input. That a request names nothing to change is
// not said when what it named is refused already.
func addRules(f *fault.List, err error) {
	if fault.Is(err, "NO_FIELDS_TO_UPDATE") && f.Err() != nil {
		return
	}
	f.AddError("", err)
}

// index is the path of the n-th item of a list.
func index(list string, n int) string { return fmt.Sprintf("%s[%d]", list, n) }

func trimDot(path string) string { return strings.TrimSuffix(path, ".") }

// mayExpand wants, for each expanded path, the scope to read what it shows. scopes has it by path;
// paths without one show nothing of another resource. A buyer holds no scopes and sees what buyer lists.
func mayExpand(c *Caller, expand []string, scopes map[string]string, buyer ...string) error {
	for _, path := range expand {
		scope := scopes[path]
		switch {
		case scope == "" || c.Scopes.Has(scope):
		case c.Kind != auth.CheckoutCredential:
			return insufficientScope(auth.AllOf(scope), []string{scope})
		case !slices.Contains(buyer, path):
			return fault.Invalid("FIELD_NOT_ALLOWED_FOR_CALLER", "expand", "This credential cannot expand %s.", path)
		}
	}
	return nil
}
