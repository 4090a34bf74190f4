// Which words of a text were not there before.

/** @param {string} text @returns {string[]} */
export const words = text => text.split(/\s+/u).filter(word => word !== '');

/**
 * Which of `now` do not belong to the longest sequence of words that both have in the same order.
 * @param {string[]} before @param {string[]} now
 * @returns {boolean[]} one for each of `now`
 */
export function changes(before, now) {
  const common = lengths(before, now);
  const changed = now.map(() => true);
  for (let i = 0, j = 0; i < before.length && j < now.length; ) {
    if (before[i] === now[j]) (changed[j] = false), i++, j++;
    else if (common[i + 1][j] >= common[i][j + 1]) i++;
    else j++;
  }
  return changed;
}

/** How long the longest common sequence is from each pair of places on. */
function lengths(a, b) {
  const table = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) table[i][j] = a[i] === b[j] ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
  }
  return table;
}
