package ui

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestContrast(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want float64
	}{
		{"#000", "#fff", 21}, {"#777777", "#ffffff", 4.48}, {"#254fc4", "#254fc4", 1},
	} {
		a, _ := ParseColor(tt.a)
		b, _ := ParseColor(tt.b)
		if got := Contrast(a, b); got < tt.want-0.01 || got > tt.want+0.01 {
			t.Errorf("Contrast(%s, %s) = %.2f, want %.2f", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestParseColor(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"#0b5d4f": "#0b5d4f", "#ABC": "#aabbcc", "": "", "0b5d4f": "", "#12345": "", "#12345g": "", "red": "", "#+12345": "",
	} {
		c, ok := ParseColor(in)
		if ok != (want != "") || ok && c.String() != want {
			t.Errorf("ParseColor(%q) = %s, %v", in, c, ok)
		}
	}
}

// TestPaletteIsReadable holds any accent on both grounds to WCAG's contrasts.
func TestPaletteIsReadable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		accent := RGB{rapid.Byte().Draw(t, "r"), rapid.Byte().Draw(t, "g"), rapid.Byte().Draw(t, "b")}
		for _, ground := range []RGB{lightGround, darkGround, white} {
			p := PaletteOn(accent, ground)
			for what, pair := range map[string]struct {
				a, b RGB
				min  float64
			}{
				"accent on ground": {p.Accent, ground, 3}, "text on accent": {p.OnAccent, p.Accent, 4.5},
				"text on hover": {p.OnAccent, p.Hover, 4.5}, "link on ground": {p.Link, ground, 4.5},
			} {
				if got := Contrast(pair.a, pair.b); got < pair.min {
					t.Fatalf("%s for %s on %s: %.2f", what, accent, ground, got)
				}
			}
		}
	})
}

func TestPaletteKeepsGoodColours(t *testing.T) {
	t.Parallel()
	if p := PaletteOn(flintAccent, lightGround); p.Accent != flintAccent || p.Link != flintAccent || p.OnAccent != white {
		t.Errorf("a readable accent was changed: %+v", p)
	}
}

func TestBrandCSS(t *testing.T) {
	t.Parallel()
	radius := 99
	css := string(Brand{Accent: "#ffdd00", Radius: &radius}.css())
	for _, want := range []string{"--radius:20px", "prefers-color-scheme:dark"} {
		if !strings.Contains(css, want) {
			t.Errorf("%s is not in %s", want, css)
		}
	}
	if css := string(Brand{Accent: "}body{display:none"}.css()); css != string(Brand{}.css()) {
		t.Errorf("a colour that is none reached the page: %s", css)
	}
}
