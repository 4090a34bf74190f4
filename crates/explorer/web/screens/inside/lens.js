// What the logit lens says: numbers, no elements.

/** @typedef {{top: {id: number, p: number}[], entropy_bits: number, divergence_bits: number, rank: number}} Cell */

/**
 * What a cell is coloured by. @param {Cell} cell @param {string} by one of COLOURS
 * @returns {number}
 */
export function measure({ top, entropy_bits, divergence_bits, rank }, by) {
  return { probability: top[0]?.p ?? 0, entropy: entropy_bits, divergence: divergence_bits ?? Infinity, rank }[by];
}

/**
 * From that number to the share of the ramp: even but for ranks, which count in powers.
 * @param {Cell[][]} layers
 * @param {string} by
 * @param {number} vocabSize
 * @returns {{most: number, share: (value: number) => number, at: (share: number) => number}} most: what the ramp ends with
 */
export function scale(layers, by, vocabSize) {
  const values = layers.flat().map(cell => measure(cell, by)).filter(Number.isFinite);
  const most = { probability: 1, entropy: Math.log2(vocabSize), divergence: Math.max(...values, 1e-9), rank: Math.max(1, vocabSize - 1) }[by];
  if (by !== 'rank') return { most, share: value => Math.min(1, value / (most || 1)), at: share => share * most };
  return { most, share: value => Math.log1p(value) / Math.log1p(most), at: share => Math.expm1(share * Math.log1p(most)) };
}

/**
 * The tokens that any layer has in the first place at a position, and how probable each layer holds them; null where a
 * token is not among those told. In the order in which they come to the first place.
 * @param {Cell[][]} layers
 * @param {number} position
 * @returns {{id: number, values: (number | null)[]}[]}
 */
export function tracks(layers, position) {
  const column = layers.map(row => row[position]);
  const ids = [...new Set(column.flatMap(({ top }) => top[0]?.id ?? []))];
  const value = id => ({ top }) => top.find(one => one.id === id)?.p ?? null;
  return ids.map(id => ({ id, values: column.map(value(id)) }));
}
