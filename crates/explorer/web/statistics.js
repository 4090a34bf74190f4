// What is counted of a text's tokens.

/** The mean surprisal in bits of tokens under the model, before any filter. @param {{surprisal_bits: number | null}[]} tokens @returns {number} NaN of none */
export function meanSurprisal(tokens) {
  return mean(tokens.map(({ surprisal_bits }) => surprisal_bits ?? Infinity));
}

/** @param {number[]} values @returns {number} NaN of none */
export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** As hard to guess as among so many equally probable tokens. @param {number} bits a token */
export function perplexity(bits) {
  return 2 ** bits;
}

/** Distinct-n (Li et al., 2016): different n-grams by all n-grams of a text. @param {number[]} ids @param {number} n @returns {number} NaN where it has none */
export function distinct(ids, n) {
  const grams = Array.from({ length: Math.max(0, ids.length - n + 1) }, (_, i) => ids.slice(i, i + n).join(' '));
  return new Set(grams).size / grams.length;
}

/** The share of tokens that had already occurred among those before them, the prompt's not counted. @param {number[]} ids @returns {number} NaN of none */
export function repetition(ids) {
  return (ids.length - new Set(ids).size) / ids.length;
}

/** Where one text first differs from another: where it ends before the other does, its length; −1 where they are the same. */
export function firstDifference(ids, other) {
  const at = ids.findIndex((id, i) => id !== other[i]);
  if (at >= 0) return at;
  return ids.length < other.length ? ids.length : -1;
}
