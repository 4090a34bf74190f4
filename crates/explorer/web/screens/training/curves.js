// From the server's answer to what the screen draws and says of it: arithmetic, no elements.

/** @typedef {{step: number[], loss: (number|null)[], low: (number|null)[], high: (number|null)[], average: (number|null)[],
 *             lr: (number|null)[], grad_norm: (number|null)[], tokens: number[], seconds: (number|null)[]}} Series */

/** How fast it went between each point and the one before: tokens a second. What time does not tell is null. @param {Series} series */
export function speeds({ tokens, seconds }) {
  return tokens.map((n, i) => speed(n - (tokens[i - 1] ?? 0), seconds[i] === null ? NaN : seconds[i] - (i > 0 ? (seconds[i - 1] ?? NaN) : 0)));
}

function speed(tokens, seconds) {
  return seconds > 0 && tokens >= 0 ? tokens / seconds : null;
}

const LATELY = 20;

/** How fast it went over the last points, in tokens and in steps a second; null where that cannot be told. @param {Series} series */
export function pace({ step, tokens, seconds }) {
  const last = step.length - 1;
  const first = Math.max(0, last - LATELY);
  if (last < 1) return null;
  const time = seconds[last] - seconds[first];
  if (seconds[last] === null || seconds[first] === null || !(time > 0)) return null;
  return { tokens: (tokens[last] - tokens[first]) / time, steps: (step[last] - step[first]) / time };
}

/** How many seconds are left if it goes on as lately; null where that cannot be told. */
export function timeLeft(series, steps) {
  const now = series.step.at(-1);
  const rate = pace(series)?.steps;
  return steps == null || now === undefined || !(rate > 0) ? null : Math.max(0, steps - now) / rate;
}

/** The evaluation of the least held-out loss, of equal ones the first. @param {{step: number, val_loss: number | null}[]} evals */
export function best(evals) {
  return evals.filter(({ val_loss }) => Number.isFinite(val_loss)).reduce((least, one) => (least && least.val_loss <= one.val_loss ? least : one), null);
}

/** Evaluations that are better than can be: below the entropy by more than three standard errors. */
export function impossible(evals, floor) {
  return floor ? evals.filter(({ val_loss }) => Number.isFinite(val_loss) && val_loss < floor.nats - 3 * floor.standard_error) : [];
}

/** e^loss; null where there is none. @param {number | null | undefined} loss */
export function perplexity(loss) {
  return loss == null || !Number.isFinite(loss) ? null : Math.exp(loss);
}

/**
 * Where a step lies on another axis: between the points around it, in proportion.
 * @param {number} step @param {number[]} steps ascending @param {(number | null)[]} values as many
 * @returns {number | null}
 */
export function along(step, steps, values) {
  const after = firstFrom(step, steps);
  if (after === steps.length) return null;
  if (steps[after] === step) return values[after];
  const [from, to] = after === 0 ? [0, values[0]] : [values[after - 1], values[after]];
  const start = after === 0 ? 0 : steps[after - 1];
  if (from === null || to === null) return null;
  return from + ((step - start) / (steps[after] - start)) * (to - from);
}

/** The first place whose value is no less. */
export function firstFrom(value, sorted) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The place of the nearest value; −1 where there is none. @param {(number | null)[]} places */
export function nearest(place, places) {
  let found = -1;
  places.forEach((one, i) => {
    if (one !== null && (found < 0 || Math.abs(one - place) < Math.abs(places[found] - place))) found = i;
  });
  return found;
}

/** For each point the last evaluation since the point before, or null. @param {number[]} steps @param {{step: number}[]} evals */
export function measured(steps, evals) {
  return steps.map((step, i) => evals.findLast(one => one.step <= step && one.step > (steps[i - 1] ?? -1)) ?? null);
}
