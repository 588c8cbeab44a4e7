package ui

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
)

// Brand is what a merchant may change about the look. The zero Brand is Flint's own.
type Brand struct {
	Accent string // "#rrggbb" or "#rgb"; anything else means the default
	Radius *int   // corner radius in px, held between 0 and 20; nil means 10
	Font   string // a family of the settings: system_sans, system_serif, monospace or instrument_sans
}

// RGB is a colour, 0 to 255 a channel.
type RGB struct{ R, G, B uint8 }

// Palette is an accent that is safe to use on one ground: Accent stands out from it (3:1), OnAccent is
// readable on Accent and on Hover (4.5:1), Link is readable on the ground (4.5:1).
type Palette struct{ Accent, Hover, OnAccent, Link RGB }

var (
	white       = RGB{255, 255, 255}
	black       = RGB{0, 0, 0}
	flintAccent = RGB{0x25, 0x4f, 0xc4}
	// The grounds are --tint of flint.css, where contrast is lower than on --bg.
	lightGround = RGB{0xf7, 0xf6, 0xf3}
	darkGround  = RGB{0x21, 0x1f, 0x1d}
)

// Minimum contrasts of WCAG 2.2: 1.4.3 for text and 1.4.11 for controls.
const (
	textContrast    = 4.5
	controlContrast = 3.0
)

// ParseColor reads "#rrggbb" or "#rgb".
func ParseColor(s string) (RGB, bool) {
	if len(s) == 4 && s[0] == '#' {
		s = string([]byte{'#', s[1], s[1], s[2], s[2], s[3], s[3]})
	}
	if len(s) != 7 || s[0] != '#' {
		return RGB{}, false
	}
	n, err := strconv.ParseUint(s[1:], 16, 32)
	if err != nil {
		return RGB{}, false
	}
	return RGB{uint8(n >> 16), uint8(n >> 8), uint8(n)}, true
}

// String is the colour as "#rrggbb".
func (c RGB) String() string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// Contrast is the WCAG contrast ratio of two colours, 1 to 21.
func Contrast(a, b RGB) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(c RGB) float64 {
	channel := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(c.R) + 0.7152*channel(c.G) + 0.0722*channel(c.B)
}

// mix is percent of b in a.
func mix(a, b RGB, percent int) RGB {
	channel := func(x, y uint8) uint8 { return uint8((int(x)*(100-percent) + int(y)*percent + 50) / 100) }
	return RGB{channel(a.R, b.R), channel(a.G, b.G), channel(a.B, b.B)}
}

// away moves c from ground, towards black or white, as little as reaches the contrast.
func away(c, ground RGB, contrast float64) RGB {
	target := black
	if Contrast(ground, white) > Contrast(ground, black) {
		target = white
	}
	for percent := range 100 {
		if m := mix(c, target, percent); Contrast(m, ground) >= contrast {
			return m
		}
	}
	return target
}

// PaletteOn corrects an accent for a ground.
func PaletteOn(accent, ground RGB) Palette {
	p := Palette{Accent: away(accent, ground, controlContrast), OnAccent: white, Link: away(accent, ground, textContrast)}
	shade := black
	if Contrast(p.Accent, white) < textContrast {
		// White or black is always readable on a colour; the hover shade moves away from the text.
		if Contrast(p.Accent, black) >= textContrast {
			p.OnAccent, shade = black, white
		}
	}
	p.Hover = mix(p.Accent, shade, 14)
	return p
}

// css is the brand as custom properties for both colour schemes. Every value is made from numbers.
func (b Brand) css() template.CSS {
	light, dark := b.Palettes()
	radius := 10
	if b.Radius != nil {
		radius = min(max(*b.Radius, 0), 20)
	}
	vars := func(p Palette) string {
		return fmt.Sprintf("--accent:%s;--accent-hover:%s;--on-accent:%s;--link:%s", p.Accent, p.Hover, p.OnAccent, p.Link)
	}
	font := ""
	if stack := FontStack(b.Font); stack != "" {
		font = ";--sans:" + stack
	}
	return template.CSS(fmt.Sprintf( //nolint:gosec // colors, numbers and our own families only
		":root{%s;--radius:%dpx%s}@media (prefers-color-scheme:dark){:root{%s}}", vars(light), radius, font, vars(dark)))
}

// Palettes is the accent corrected for the light and the dark ground.
func (b Brand) Palettes() (light, dark Palette) {
	accent, ok := ParseColor(b.Accent)
	if !ok {
		accent = flintAccent
	}
	return PaletteOn(accent, lightGround), PaletteOn(accent, darkGround)
}

// FontStack is the CSS list of a family of the settings, empty for the stylesheet's own. No font is ever
// downloaded: a family shows where the device has it.
func FontStack(family string) string {
	const system = `system-ui,-apple-system,Segoe UI,Roboto,Helvetica Neue,Arial,sans-serif`
	switch family {
	case "instrument_sans":
		return "Instrument Sans," + system
	case "system_serif":
		return "Georgia,Cambria,Times New Roman,Times,serif"
	case "monospace":
		return "ui-monospace,SFMono-Regular,Menlo,Consolas,Liberation Mono,monospace"
	}
	return ""
}
