package arch

import (
	"cmp"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const migrations = "internal/db/migrations"

// tablesOfAll are tables that belong to no merchant environment, by name, with the reason.
var tablesOfAll = map[string]string{
	"goose_db_version": "the migration tool's own record of what ran",
	"goose_lock":       "the migration tool's own lock between nodes that start together",
}

// platformPrefix marks tables of the installation as a whole (leases, users before they choose a
// merchant, partner apps). The name says so, so that nobody looks for a tenant in them.
const platformPrefix = "platform_"

// tablesOfMerchants hold rows of a merchant as a whole, across its environments: merchant_id comes
// first in their keys and nothing more is asked.
var tablesOfMerchants = map[string]string{
	"merchants":    "one row is one merchant",
	"environments": "one row is one environment; the list of a merchant's environments cannot lie in one of them",
	"users":        "a person works for the merchant, in whichever environment",

	"organizations":            "a tree lies with the merchant it was founded for; real and test money know the same people",
	"organization_memberships": "a role holds in every environment of a merchant; it lies with its organization's tree",
	"organization_merchants":   "the tree's list of its merchants",
	"merchant_organizations":   "the merchant's own note of where its tree lies",
	"merchant_api_versions":    "one row is the last change of a merchant's version, which its environments share",

	"apps":              "an app belongs to the merchant that wrote it; its installs lie in environments of others",
	"app_versions":      "part of an app",
	"app_installs":      "an install spans the environments of the merchant that installed; its grants lie in one each",
	"app_install_index": "the owner's way to the installs of an app",

	"app_data_request_index": "the owner's way to what its apps were asked, in environments of others",
}

// table is what the rules need to know of a CREATE TABLE.
type table struct {
	name, at string
	primary  []string
	unique   [][]string // UNIQUE constraints and unique indexes
	foreign  [][]string // local columns of each foreign key
	columns  string     // the whole body, lower case
}

var (
	comments     = regexp.MustCompile(`--[^\n]*|/\*(?s:.*?)\*/`)
	quoted       = regexp.MustCompile(`'(?:[^']|'')*'`)
	createTable  = regexp.MustCompile(`(?i)^create\s+(?:temp(?:orary)?\s+|unlogged\s+)?table\s+(?:if\s+not\s+exists\s+)?"?(\w+)"?\s*\(`)
	createUnique = regexp.MustCompile(`(?i)^create\s+unique\s+index\s+(?:concurrently\s+)?(?:if\s+not\s+exists\s+)?"?\w*"?\s*on\s+(?:only\s+)?"?(\w+)"?\s*(?:using\s+\w+\s*)?\(`)
	alterTable   = regexp.MustCompile(`(?i)^alter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?"?(\w+)"?\s+add\s+`)
	listed       = regexp.MustCompile(`(?i)^(?:constraint\s+"?\w+"?\s+)?(primary\s+key|unique|foreign\s+key)\s*(?:nulls\s+(?:not\s+)?distinct\s*)?\(`)
	inColumn     = regexp.MustCompile(`(?i)^"?(\w+)"?\s.*?\b(primary\s+key|unique|references)\b`)
	unportable   = regexp.MustCompile(`(?i)\b(autoincrement|(?:small|big)?serial|generated\s+(?:always|by\s+default)\s+as\s+identity|real|double\s+precision|float\d*|numeric|decimal)\b`)
	procedural   = regexp.MustCompile(`(?i)^create\s+(?:or\s+replace\s+)?(?:temp(?:orary)?\s+)?(trigger|sequence|function|procedure|rule)\b`)
)

// schemaBreaches reads every migration below dir and judges the tables they make.
func schemaBreaches(fsys fs.FS, dir string) ([]breach, error) {
	names, err := fs.Glob(fsys, path.Join(dir, "*.sql"))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return []breach{{dir, "has no migration: the schema rules would pass over nothing"}}, nil
	}
	slices.Sort(names)
	tables := map[string]*table{}
	var out []breach
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		out = append(out, readMigration(name, string(data), tables)...)
	}
	if len(tables) == 0 {
		out = append(out, breach{dir, "makes no table that these rules can read"})
	}
	for _, t := range tables {
		out = append(out, judge(t)...)
	}
	return out, nil
}

func readMigration(name, sql string, tables map[string]*table) []breach {
	if i := strings.Index(sql, "-- +goose Down"); i >= 0 {
		sql = sql[:i]
	}
	sql = quoted.ReplaceAllString(comments.ReplaceAllString(sql, " "), "''")
	var out []breach
	for statement := range strings.SplitSeq(sql, ";") {
		statement = strings.Join(strings.Fields(statement), " ")
		if m := procedural.FindStringSubmatch(statement); m != nil {
			out = append(out, breach{name, "creates a " + strings.ToLower(m[1]) + ": rules live in Go, where both engines share them and a test can read them"})
		}
		if m := createTable.FindStringSubmatchIndex(statement); m != nil {
			t := &table{name: strings.ToLower(statement[m[2]:m[3]]), at: name}
			body, _ := parenthesised(statement[m[1]-1:])
			t.columns = strings.ToLower(body)
			for _, part := range topLevel(body) {
				t.constraint(part)
			}
			if tables[t.name] == nil {
				tables[t.name] = t
			}
		}
		if m := createUnique.FindStringSubmatchIndex(statement); m != nil {
			body, _ := parenthesised(statement[m[1]-1:])
			if t := tables[strings.ToLower(statement[m[2]:m[3]])]; t != nil {
				t.unique = append(t.unique, columnNames(body))
			} else {
				out = append(out, breach{name, "makes a unique index on " + statement[m[2]:m[3]] + " before the table: the rules cannot tell whose it is"})
			}
		}
		if m := alterTable.FindStringSubmatchIndex(statement); m != nil {
			if t := tables[strings.ToLower(statement[m[2]:m[3]])]; t != nil {
				t.constraint(strings.TrimPrefix(statement[m[1]:], "column "))
			}
		}
	}
	return out
}

// constraint takes note of a key in one element of a table's body.
func (t *table) constraint(part string) {
	part = strings.TrimSpace(part)
	kind, cols := "", []string(nil)
	if m := listed.FindStringSubmatchIndex(part); m != nil {
		body, _ := parenthesised(part[m[1]-1:])
		kind, cols = part[m[2]:m[3]], columnNames(body)
	} else if m := inColumn.FindStringSubmatch(part); m != nil {
		kind, cols = m[2], []string{strings.ToLower(m[1])}
	}
	switch strings.Join(strings.Fields(strings.ToLower(kind)), " ") {
	case "primary key":
		t.primary = cols
	case "unique":
		t.unique = append(t.unique, cols)
	case "foreign key", "references":
		t.foreign = append(t.foreign, cols)
	}
}

func judge(t *table) []breach {
	at := t.at + ":" + t.name
	var out []breach
	if m := unportable.FindString(t.columns); m != "" {
		out = append(out, breach{at, "uses " + m + ": ids are made in Go, amounts are 64-bit integers, and every type exists on both engines"})
	}
	if strings.HasPrefix(t.name, platformPrefix) || tablesOfAll[t.name] != "" {
		return out
	}
	first := []string{"merchant_id", "environment_id"}
	if tablesOfMerchants[t.name] != "" {
		first = first[:1]
	}
	if len(t.primary) < len(first) || !slices.Equal(t.primary[:len(first)], first) {
		out = append(out, breach{at, "primary key (" + cmp.Or(strings.Join(t.primary, ", "), "none") + ") does not start with " + strings.Join(first, ", ") +
			": a merchant's rows lie together and can move to another database as they are"})
	}
	for _, u := range t.unique {
		if !slices.Contains(u, "merchant_id") {
			out = append(out, breach{at, "UNIQUE (" + strings.Join(u, ", ") + ") lacks merchant_id: uniqueness across merchants cannot hold once they are spread " +
				"over databases, and tells one merchant about another"})
		}
	}
	for _, f := range t.foreign {
		if !slices.Contains(f, "merchant_id") {
			out = append(out, breach{at, "the foreign key of (" + strings.Join(f, ", ") + ") lacks merchant_id: a row must never point at another merchant's"})
		}
	}
	return out
}

// parenthesised returns what stands between the opening bracket that s starts with and its partner.
func parenthesised(s string) (inside, rest string) {
	depth := 0
	for i, r := range s {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
			if depth == 0 {
				return s[1:i], s[i+1:]
			}
		}
	}
	return strings.TrimPrefix(s, "("), ""
}

// topLevel splits at the commas that are in no bracket.
func topLevel(s string) []string {
	var parts []string
	depth, from := 0, 0
	for i, r := range s {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				parts = append(parts, s[from:i])
				from = i + 1
			}
		}
	}
	return append(parts, s[from:])
}

func columnNames(list string) []string {
	var names []string
	for _, part := range topLevel(list) {
		if f := strings.Fields(part); len(f) > 0 {
			names = append(names, strings.ToLower(strings.Trim(f[0], `"`)))
		}
	}
	return names
}

func TestSchema(t *testing.T) {
	t.Parallel()
	root := os.DirFS(repository(t))
	if _, err := fs.Stat(root, migrations); err != nil {
		t.Logf("%s does not exist yet", migrations)
		return
	}
	found, err := schemaBreaches(root, migrations)
	if err != nil {
		t.Fatal(err)
	}
	report(t, found)
}

func TestSchemaRulesSeeBadExamples(t *testing.T) {
	t.Parallel()
	const tail = "\n) {{options}};\n"
	cases := []struct{ name, sql, reason string }{
		{"tenant first", "CREATE TABLE IF NOT EXISTS refunds (merchant_id {{text}} NOT NULL, environment_id {{text}} NOT NULL, refund_id {{text}} NOT NULL, " +
			"amount {{int}} NOT NULL CHECK (amount > 0), note {{text}} NOT NULL DEFAULT 'unique; primary key',\n PRIMARY KEY (merchant_id, environment_id, refund_id)" + tail +
			"CREATE UNIQUE INDEX IF NOT EXISTS refunds_by_reference ON refunds (merchant_id, environment_id, reference) WHERE reference <> '';", ""},
		{"named constraint", "CREATE TABLE t (merchant_id {{text}}, environment_id {{text}}, a {{text}}, CONSTRAINT t_pk PRIMARY KEY (merchant_id, environment_id, a)" + tail, ""},
		{"platform", "CREATE TABLE platform_leases (name {{text}} PRIMARY KEY" + tail, ""},
		{"merchant", "CREATE TABLE merchants (merchant_id {{text}} PRIMARY KEY" + tail, ""},
		{"goose", "CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY" + tail, ""},
		{"after down", "CREATE TABLE platform_a (a {{text}} PRIMARY KEY" + tail + "-- +goose Down\nCREATE TABLE b (b {{text}} PRIMARY KEY);", ""},

		{"no key", "CREATE TABLE t (merchant_id {{text}}" + tail, "primary key (none)"},
		{"id first", "CREATE TABLE t (a {{text}}, PRIMARY KEY (a, merchant_id, environment_id)" + tail, "does not start with"},
		{"in column", "CREATE TABLE t (a {{text}} PRIMARY KEY" + tail, "does not start with"},
		{"no environment", "CREATE TABLE t (a {{text}}, PRIMARY KEY (merchant_id, a)" + tail, "does not start with"},
		{"unique", "CREATE TABLE t (a {{text}}, b {{text}}, UNIQUE (a, b), PRIMARY KEY (merchant_id, environment_id, a)" + tail, "UNIQUE (a, b)"},
		{"unique column", "CREATE TABLE t (a {{text}} NOT NULL UNIQUE, PRIMARY KEY (merchant_id, environment_id, a)" + tail, "UNIQUE (a)"},
		{"unique index", "CREATE TABLE t (a {{text}}, PRIMARY KEY (merchant_id, environment_id, a)" + tail + "CREATE UNIQUE INDEX x ON t (lower(a));", "UNIQUE (lower(a))"},
		{"unique added", "CREATE TABLE t (a {{text}}, PRIMARY KEY (merchant_id, environment_id, a)" + tail + "ALTER TABLE t ADD CONSTRAINT c UNIQUE (a);", "UNIQUE (a)"},
		{"unknown index", "CREATE TABLE platform_t (a {{text}} PRIMARY KEY" + tail + "CREATE UNIQUE INDEX x ON u (a);", "before the table"},
		{"foreign", "CREATE TABLE t (a {{text}} REFERENCES u (a), PRIMARY KEY (merchant_id, environment_id, a)" + tail, "foreign key"},
		{"foreign list", "CREATE TABLE t (a {{text}}, PRIMARY KEY (merchant_id, environment_id, a), FOREIGN KEY (a) REFERENCES u (a)" + tail, "foreign key"},
		{"float", "CREATE TABLE platform_t (a DOUBLE PRECISION PRIMARY KEY" + tail, "double precision"},
		{"serial", "CREATE TABLE platform_t (a BIGSERIAL PRIMARY KEY" + tail, "bigserial"},
		{"trigger", "CREATE TABLE platform_t (a {{text}} PRIMARY KEY" + tail + "CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END;", "trigger"},
		{"nothing", "SELECT 1;", "makes no table"},
	}
	for _, c := range cases {
		fsys := fstest.MapFS{migrations + "/0001_x.sql": {Data: []byte(c.sql)}}
		found, err := schemaBreaches(fsys, migrations)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(ordered(found), "\n")
		if (got == "") != (c.reason == "") || !strings.Contains(got, c.reason) {
			t.Errorf("%s: %q, want %q", c.name, got, c.reason)
		}
	}
	found, err := schemaBreaches(fstest.MapFS{migrations + "/doc.go": {}}, migrations)
	if err != nil || len(found) != 1 {
		t.Errorf("an empty folder: %v, %v", found, err)
	}
}
