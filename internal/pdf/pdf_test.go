package pdf

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

var out = flag.String("out", "", "a folder to write the samples to, for looking at them")

// golden is the hash of the sample "one". It changes with the layout, the fonts and the library: look at the
// document (-out) before writing a new one here.
const golden = "2e859174a40cb064f191820e8eb685552e5e7ff5ad8cfd8b56070c07fe84a6a7"

func TestTheSameDocumentIsTheSameBytes(t *testing.T) {
	t.Parallel()
	first, second := New(), New()
	for name, d := range samples() {
		data, err := first.Render(d)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		again, err := second.Render(d)
		if err != nil || !slices.Equal(data, again) {
			t.Errorf("%s: two renderings differ (%v)", name, err)
		}
		if sum := sha256.Sum256(data); name == "one" && hex.EncodeToString(sum[:]) != golden {
			t.Errorf("%s: hash %x, want %s", name, sum, golden)
		}
		if *out != "" {
			if err := os.WriteFile(filepath.Join(*out, name+".pdf"), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// shown puts down what a line shows from left to right; glyphs stand for their characters.
func shown(t *testing.T, s string) string {
	t.Helper()
	runs, err := New().lay(s, false)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, part := range runs {
		b.WriteString(part.alone)
		for _, c := range part.shapes {
			b.WriteString(c.text)
		}
	}
	return b.String()
}

func TestOrderOnThePaper(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"latin", "Oak desk (180)", "Oak desk (180)"},
		{"hebrew", "שלום", "םולש"},
		{"a number in hebrew", "רחוב 12 א", "א 12 בוחר"},
		{"brackets turn around", "א (ב)", "(ב) א"},
		{"latin in hebrew", "דנה ACME כהן", "ןהכ ACME הנד"},
		{"hebrew in latin", "to דנה כהן now", "to ןהכ הנד now"},
		{"marks join their letters", "e\u0301te\u0301", "été"},
		{"what cannot be seen goes", "a\x00b\u00ad\ue000c", "abc"},
		{"no font has it", "a😀b", "a?b"},
		{"a flag of the east", "東京 서울", "東京 서울"},
	} {
		if got := shown(t, c.in); got != c.want {
			t.Errorf("%s: %q is shown as %q, want %q", c.name, c.in, got, c.want)
		}
	}
}

func TestEveryScriptHasAFont(t *testing.T) {
	t.Parallel()
	r := New()
	for name, s := range map[string]string{
		"latin": "Łódź ñandú Tiếng Việt", "greek": "Ελληνικός", "cyrillic": "Кофе Їжак", "arabic": "شركة النور، پارسی اردو ١٢٣", "hebrew": "שלום",
		"thai": "กาแฟ", "lao": "ກາເຟ", "khmer": "កាហ្វេ", "myanmar": "ကော်ဖီ", "devanagari": "क्षत्रिय।", "bengali": "বাংলা", "gurmukhi": "ਪੰਜਾਬੀ",
		"gujarati": "ગુજરાતી", "tamil": "தமிழ்", "telugu": "తెలుగు", "kannada": "ಕನ್ನಡ", "malayalam": "മലയാളം", "sinhala": "සිංහල", "ethiopic": "አማርኛ",
		"georgian": "ქართული", "armenian": "Հայերեն", "chinese": "北京烤鸭臺灣", "japanese": "東京タワー ひらがな", "korean": "김치찌개",
		"money": "€ £ ¥ ₹ ₪ ₩ ₫ ₺ ₴ ₱ ₦ ₡ ₲ ₸ ₼ ₽ ₾ ฿",
	} {
		runs, err := r.lay(s, true)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range runs {
			if part.spoken != "" || strings.ContainsRune(part.alone, missing) {
				t.Errorf("%s: %q has characters without a font: %q", name, s, part.alone)
			}
			for _, c := range part.shapes {
				if slices.ContainsFunc(c.glyphs, func(g glyph) bool { return g.code == privateGlyph }) {
					t.Errorf("%s: %q has no glyph", name, c.text)
				}
			}
		}
	}
}

func TestWrappedLinesFitAndLoseNothing(t *testing.T) {
	t.Parallel()
	r := New()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("abc WmÄß 東京 กา שלום مرحبا क्ष -/😀"))).Draw(t, "text")
		width := rapid.Float64Range(3, 40).Draw(t, "width")
		lines, err := r.wrap(text, false, width)
		if err != nil {
			t.Fatal(err)
		}
		letters := func(s string) string {
			return strings.Map(func(c rune) rune {
				if unicode.IsSpace(c) {
					return -1
				}
				return c
			}, norm.NFC.String(s))
		}
		if got := letters(strings.Join(lines, "")); got != letters(text) {
			t.Fatalf("%q became %q", text, lines)
		}
		for _, line := range lines {
			if w, _ := r.measure(line, false); w > width+0.001 && len([]rune(line)) > 3 {
				t.Fatalf("%q is %.2f wide, the line %.2f", line, w, width)
			}
		}
	})
}

func TestRenderRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Document){
		"a currency that does not exist": func(d *Document) { d.Currency = "XXQ" },
		"a logo that is no picture":      func(d *Document) { d.Logo = []byte("<svg/>") },
	} {
		d := invoice()
		change(&d)
		if _, err := New().Render(d); err == nil {
			t.Errorf("%s was drawn", name)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	r := New()
	for _, name := range []string{"one", "forty", "scripts"} {
		d := samples()[name]
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := r.Render(d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
