package httpapi

import "flint/internal/metadata"

// MetadataPatch is metadata in a PATCH body: merged by key, a null value removes its key, null as a
// whole removes all.
type MetadataPatch = Opt[map[string]*string]

// metadataPatch is the domain's form of a patch; what was left out changes nothing.
func metadataPatch(p MetadataPatch) metadata.Patch {
	return metadata.Patch{Clear: p.Null, Set: p.Value}
}
