// Package pdf draws the documents that people keep: invoices, credit notes and receipts.
//
// A Document says what stands on the paper; Render draws it. The same Document gives the same bytes,
// always, so a document is known by its hash and can be drawn again instead of stored.
//
// # Scripts
//
// Fonts for Latin, Greek, Cyrillic, Arabic, Hebrew, Armenian, Georgian, Ethiopic, the scripts of India
// and South-East Asia, and Chinese, Japanese and Korean are in the binary, compressed, and unpacked when
// a document first needs them; a document carries only the glyphs that it shows. Text is laid out by the
// Unicode bidirectional algorithm and shaped by HarfBuzz's rules, and what is shown shaped carries its
// characters beside it, so that copying and searching find the text as it was written. A character that
// no font has is shown as a question mark and copies as itself.
package pdf
