// The course notebook's panel once more, as NumPy computes it in f32: what the page is held to, and none of its code.

const { fround } = Math;

/** The places of the largest, of equal ones the lower first. @param {Float32Array} row @param {number} n */
export function likeliest(row, n) {
  return Array.from(row.keys()).sort((a, b) => row[b] - row[a] || a - b).slice(0, n);
}

/** `logits` best first. @returns {{percents: number[], kept: boolean[]}} */
export function panel(logits, t, k, p) {
  let scores = logits.map(x => fround(x / fround(t)));
  const least = scores[Math.min(k, scores.length) - 1];
  scores = scores.map(x => (x < least ? -Infinity : x));
  const sums = [];
  for (const mass of shares(scores)) sums.push(fround((sums.at(-1) ?? 0) + mass));
  scores = scores.map((x, i) => (i > 0 && sums[i - 1] > fround(p) ? -Infinity : x));
  return { percents: shares(scores).map(mass => fround(mass * 100)), kept: scores.map(x => x > -Infinity) };
}

function shares(scores) {
  const masses = scores.map(x => fround(Math.exp(fround(x - scores[0]))));
  const total = sum(masses);
  return masses.map(mass => fround(mass / total));
}

/** NumPy's sum of 8 to 15 numbers: the first eight in pairs of pairs, the others one by one. */
function sum(x) {
  const pair = (from, n) => (n === 1 ? x[from] : fround(pair(from, n / 2) + pair(from + n / 2, n / 2)));
  let total = pair(0, 8);
  for (const value of x.slice(8)) total = fround(total + value);
  return total;
}
