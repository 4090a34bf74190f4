// How strongly a token is shaded: the less the model expected it, or the more open the choice was, the stronger. One hue from
// the page's ground to a colour on which its ink still has a contrast of 4.5; the style sheet has the same colours.

/** What a token can be shaded by. */
export const MEASURES = ['probability', 'surprisal', 'entropy', 'rank'];

/** The ramp's ends and the ink in both themes: `--ground`, `--heat` and `--ink` of the style sheets. */
export const COLOURS = {
  light: { ground: '#ffffff', heat: '#62a8ee', ink: '#1c2024' },
  dark: { ground: '#14171a', heat: '#1f5f9f', ink: '#eceff1' },
};

const VALUES = {
  probability: token => token.p_raw,
  surprisal: token => token.surprisal_bits ?? Infinity,
  entropy: token => token.entropy_bits,
  rank: token => token.rank + 1,
};

/** The number that a measure reads of a token; ranks count from 1. */
export function value(measure, token) {
  return VALUES[measure](token);
}

/** From 0 (expected) to 1. @param {number} vocabSize a uniform choice among all tokens is 1 */
export function level(measure, x, vocabSize) {
  const most = Math.log2(Math.max(2, vocabSize));
  const raw = { probability: 1 - x, surprisal: x / most, entropy: x / most, rank: Math.log2(x) / most }[measure] ?? 0;
  return Math.min(1, Math.max(0, raw));
}

/** The value at a level, for the legend. */
export function valueAt(measure, level, vocabSize) {
  const most = Math.log2(Math.max(2, vocabSize));
  return { probability: 1 - level, surprisal: level * most, entropy: level * most, rank: Math.round(2 ** (level * most)) }[measure];
}

/** @param {'light' | 'dark'} theme @returns {string} */
export function colour(level, theme) {
  const { ground, heat } = COLOURS[theme];
  const [from, to] = [ground, heat].map(channels);
  return `#${from.map((c, i) => Math.round(c + (to[i] - c) * level).toString(16).padStart(2, '0')).join('')}`;
}

function channels(hex) {
  return [1, 3, 5].map(i => Number.parseInt(hex.slice(i, i + 2), 16));
}

/** The contrast of two colours, as WCAG 2 defines it. @param {string} a as #rrggbb @param {string} b */
export function contrast(a, b) {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

function luminance(hex) {
  const [r, g, b] = channels(hex).map(c => c / 255).map(c => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
