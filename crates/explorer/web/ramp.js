// A ramp of colours from dark blue over green to light yellow, for shares from 0 to 1. Its lightness rises evenly (Oklab:
// B. Ottosson, 2020), so that it reads without its hues, and on light and dark grounds alike.

const DARK = { lightness: 0.24, hue: 290 };
const LIGHT = { lightness: 0.93, hue: 105 };
const STEPS = 256;

/** @typedef {[number, number, number]} Rgb  from 0 to 255 */

const RAMP = Array.from({ length: STEPS }, (_, i) => made(i / (STEPS - 1)));

/** The colour of a share; what lies beyond 0 and 1 has theirs. @param {number} share @returns {Rgb} */
export function ramp(share) {
  return RAMP[Math.round(Math.max(0, Math.min(1, share)) * (STEPS - 1))];
}

/** The same for CSS and SVG. @param {number} share */
export function colour(share) {
  return hex(ramp(share));
}

/** Black or white, whichever reads better on that colour: a contrast of 4.5 at the least. @param {number} share */
export function ink(share) {
  const ground = luminance(ramp(share));
  return (ground + 0.05) / 0.05 > 1.05 / (ground + 0.05) ? '#000000' : '#ffffff';
}

/** Relative luminance, as WCAG has it. @param {Rgb} rgb */
export function luminance(rgb) {
  const [r, g, b] = rgb.map(value => linear(value / 255));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function hex(rgb) {
  return `#${rgb.map(value => value.toString(16).padStart(2, '0')).join('')}`;
}

function made(share) {
  const lightness = DARK.lightness + share * (LIGHT.lightness - DARK.lightness);
  const hue = ((DARK.hue + share * (LIGHT.hue - DARK.hue)) * Math.PI) / 180;
  const within = chroma => oklab(lightness, chroma * Math.cos(hue), chroma * Math.sin(hue));
  let chroma = 0.15;
  while (chroma > 0 && within(chroma).some(value => value < 0 || value > 1)) chroma -= 0.005;
  return within(Math.max(0, chroma)).map(value => Math.round(255 * gamma(Math.max(0, Math.min(1, value)))));
}

/** Linear sRGB. */
function oklab(lightness, a, b) {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s, -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s, -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s];
}

function gamma(value) {
  return value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055;
}

function linear(value) {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}
