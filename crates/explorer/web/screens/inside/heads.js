// What the attention of a layer says, head by head.

/** @typedef {{map: number, head: number, future: boolean, size: number, weights: Float32Array}} Head
 *     weights: (T, T) shares, by the position that attends, then by the one attended to; future: it reads what comes after */

/**
 * The heads of all maps of a layer, in their order.
 * @param {{maps: {reads_the_future: boolean, heads: number, weights: Float32Array}[], ids: number[]}} answer
 * @returns {Head[]}
 */
export function heads({ maps, ids }) {
  const size = ids.length;
  const one = (map, number) => (_, head) => {
    const weights = map.weights.subarray(head * size * size, (head + 1) * size * size);
    return { map: number, head, future: map.reads_the_future, size, weights };
  };
  return maps.flatMap((map, number) => Array.from({ length: map.heads }, one(map, number)));
}

/** Whether a position may not look there: it comes after. @param {Head} head */
export function masked({ future }, row, column) {
  return !future && column > row;
}

/** @param {Head} head @returns {number} */
export function weight({ weights, size }, row, column) {
  return weights[row * size + column];
}

/** What a row adds up to: 1 but for rounding. @param {Head} head */
export function total({ weights, size }, row) {
  return weights.subarray(row * size, (row + 1) * size).reduce((sum, value) => sum + value, 0);
}

/** The share of the ramp: the weight's root, so that small ones can be told apart; null where masked. @param {Head} head */
export function shade(head, row, column) {
  return masked(head, row, column) ? null : Math.sqrt(weight(head, row, column));
}
