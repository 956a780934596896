#!/usr/bin/env bash
# Draws all icons of the app from source.svg. Needs rsvg-convert (librsvg2-bin), png2icns (icnsutils) and ImageMagick.
set -euo pipefail
cd "$(dirname "$0")"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
draw() { rsvg-convert --width "$1" --height "$1" source.svg --output "$2"; }

draw 32 32x32.png
draw 128 128x128.png
draw 256 128x128@2x.png
draw 512 icon.png
for size in 16 24 32 48 64 128 256 512 1024; do draw "$size" "$work/$size.png"; done
png2icns icon.icns "$work"/{16,32,48,128,256,512,1024}.png >"$work/log"
convert "$work"/{16,24,32,48,64,256}.png icon.ico
