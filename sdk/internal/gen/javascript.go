package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// jsOperations is what the Node client knows of each operation at run time.
func jsOperations(b *bytes.Buffer, d document, ops []operation) error {
	fmt.Fprintf(b, "%sexport const version = %q;\n\n// id: [method, path, flags]; flags: k takes an idempotency key, l is a list, r answers raw bytes.\nexport const operations = {\n", generated, d.Info.Version)
	for _, op := range ops {
		var flags strings.Builder
		for flag, on := range map[string]bool{"k": op.Keyed, "l": op.List, "r": op.Raw} {
			if on {
				flags.WriteString(flag)
			}
		}
		sorted := []byte(flags.String())
		slices.Sort(sorted)
		fmt.Fprintf(b, "  %q: [%q, %q, %q],\n", op.ID, op.Method, op.Path, string(sorted))
	}
	b.WriteString("};\n")
	return nil
}

func tsTypes(b *bytes.Buffer, d document, ops []operation) error {
	b.WriteString(generated)
	for _, name := range slices.Sorted(maps.Keys(d.Components.Schemas)) {
		s := d.Components.Schemas[name]
		if s.Properties == nil {
			t, err := tsType(s)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			fmt.Fprintf(b, "export type %s = %s;\n\n", name, t)
			continue
		}
		fmt.Fprintf(b, "%sexport interface %s {\n", tsComment("", s.Description), name)
		for _, field := range slices.Sorted(maps.Keys(s.Properties)) {
			p := s.Properties[field]
			t, err := tsType(p)
			if err != nil {
				return fmt.Errorf("%s.%s: %w", name, field, err)
			}
			fmt.Fprintf(b, "%s  %s%s: %s;\n", tsComment("  ", p.Description), field, mark(!slices.Contains(s.Required, field)), t)
		}
		b.WriteString("}\n\n")
	}
	groups := map[string][]operation{}
	for _, op := range ops {
		group, _, nested := strings.Cut(op.ID, ".")
		if !nested {
			group = ""
		}
		groups[group] = append(groups[group], op)
	}
	b.WriteString("/** Operations has one method for each operation of the API. */\nexport interface Operations {\n")
	for _, group := range slices.Sorted(maps.Keys(groups)) {
		indent := "  "
		if group != "" {
			fmt.Fprintf(b, "  %s: {\n", group)
			indent = "    "
		}
		for _, op := range groups[group] {
			if err := tsOperation(b, indent, op); err != nil {
				return fmt.Errorf("%s: %w", op.ID, err)
			}
		}
		if group != "" {
			b.WriteString("  };\n")
		}
	}
	b.WriteString("}\n\n" + tsTail)
	return nil
}

func tsOperation(b *bytes.Buffer, indent string, op operation) error {
	params, required := []string{}, false
	if len(op.PathParams) > 0 {
		var fields strings.Builder
		for _, p := range op.PathParams {
			fields.WriteString(p.Name + ": string; ")
		}
		params, required = append(params, "path: { "+fields.String()+"}"), true
	}
	if len(op.Query) > 0 {
		fields, must := "", false
		for _, p := range op.Query {
			t, err := tsType(p.Schema)
			if err != nil {
				return err
			}
			fields += p.Name + mark(!p.Required) + ": " + t + "; "
			must = must || p.Required
		}
		params, required = append(params, "query"+mark(!must)+": { "+fields+"}"), required || must
	}
	if op.Body != nil {
		t, err := tsType(op.Body)
		if err != nil {
			return err
		}
		params, required = append(params, "body"+mark(!op.BodyRequired)+": "+t), required || op.BodyRequired
	}
	result := "void"
	if op.Result != nil {
		t, err := tsType(op.Result)
		if err != nil {
			return err
		}
		result = t
	}
	switch {
	case op.Raw:
		result = "Promise<Uint8Array>"
	case op.List:
		result = "List<" + result + ">"
	default:
		result = "Promise<" + result + ">"
	}
	_, name, nested := strings.Cut(op.ID, ".")
	if !nested {
		name = op.ID
	}
	fmt.Fprintf(b, "%s%s%s(params%s: { %s }, options?: CallOptions): %s;\n",
		tsComment(indent, op.Summary), indent, name, mark(!required), strings.Join(params, "; "), result)
	return nil
}

func tsType(s *schema) (string, error) {
	s, null := s.nullable()
	t, err := tsPlain(s)
	if null {
		t += " | null"
	}
	return t, err
}

func tsPlain(s *schema) (string, error) {
	if s.Ref != "" {
		return s.refName(), nil
	}
	if len(s.Enum) > 0 {
		values := make([]string, len(s.Enum))
		for i, v := range s.Enum {
			text, err := json.Marshal(v)
			if err != nil {
				return "", err
			}
			values[i] = string(text)
		}
		return strings.Join(values, " | "), nil
	}
	if len(s.Type) == 0 {
		return "unknown", nil
	}
	switch s.Type[0] {
	case "string", "boolean":
		return s.Type[0], nil
	case "integer", "number":
		return "number", nil
	case "array":
		item, err := tsType(s.Items)
		return "Array<" + item + ">", err
	case "object":
		v, err := s.values()
		if err != nil || v == nil {
			return "Record<string, unknown>", err
		}
		item, err := tsType(v)
		return "Record<string, " + item + ">", err
	}
	return "", fmt.Errorf("no TypeScript type for %v", s.Type)
}

func mark(optional bool) string {
	if optional {
		return "?"
	}
	return ""
}

func tsComment(indent, text string) string {
	if text == "" {
		return ""
	}
	return indent + "/** " + strings.ReplaceAll(one(text), "*/", "*\\/") + " */\n"
}

// tsTail are the types of the hand-written part of the client.
const tsTail = `/** List is a page when awaited, and every item of every page when iterated. */
export interface List<T> extends Promise<Page<T>>, AsyncIterable<T> {}

export interface Page<T> {
  data: Array<T>;
  next_page_token?: string;
  request_id: string;
}

export interface CallOptions {
  /** Repeats with the same key get the same answer; one is made up when left out. */
  idempotencyKey?: string;
  /** Sent beside the client's own. */
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export interface ClientOptions {
  /** Address of the installation, without a path. */
  baseUrl: string;
  /** API key, or the access token of an installed app. */
  token?: string;
  /** Credential of one checkout session, instead of a token. */
  checkout?: { sessionId: string; secret: string };
  /** Further tries after a lost connection, a 429 or a 5xx; 2 when left out. */
  retries?: number;
  /** Milliseconds one try may take; 30,000 when left out. */
  timeout?: number;
  fetch?: typeof fetch;
}

/** FlintError is every answer that is no success. */
export class FlintError extends Error {
  status: number;
  code: string;
  param?: string;
  requestId?: string;
  details: Array<Record<string, unknown>>;
  body: unknown;
}

export type Client = Operations;
export function createClient(options: ClientOptions): Client;

/**
 * verifyWebhook gives the event of a delivery, and throws when its signature is not good or older than
 * five minutes. body is the raw text of the request.
 */
export function verifyWebhook(body: string, headers: Headers | Record<string, string | string[] | undefined>, secret: string, now?: Date): { webhook_event_id: string; event_type: string; created_at: string; data: unknown; [field: string]: unknown };

export const version: string;
`
