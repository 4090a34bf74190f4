// Numbers to places on an axis, and the round numbers that stand beside it.

/** @typedef {{low: number, high: number, log: boolean}} Domain */

const FLAT = 1e-6; // what rounding adds to a constant is not made a curve of

/**
 * What an axis must hold: a little more than the values, and something even where they are all the same.
 * @param {Iterable<number | null>} values null and what has no place on the axis are passed over
 * @param {{log?: boolean, room?: number}} [options] room: a share of the span that is left free on both ends
 * @returns {Domain}
 */
export function domain(values, { log = false, room = 0 } = {}) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!placed(value, log)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return { low: log ? 1 : 0, high: log ? 10 : 1, log };
  const [from, to] = log ? [Math.log(low), Math.log(high)] : [low, high];
  const isFlat = to - from <= FLAT * Math.max(Math.abs(from), Math.abs(to));
  const [a, b] = isFlat ? widened(from, log) : [from - room * (to - from), to + room * (to - from)];
  return log ? { low: Math.exp(a), high: Math.exp(b), log } : { low: a, high: b, log };
}

/** A single value stands in the middle. */
function widened(value, log) {
  const around = log ? Math.LN10 / 2 : Math.abs(value) * 0.1 || 1;
  return [value - around, value + around];
}

/** Whether a value has a place on such an axis. @param {number | null} value @param {boolean} log */
export function placed(value, log) {
  return value !== null && Number.isFinite(value) && (!log || value > 0);
}

/**
 * From a value to a place between `from` and `to`; null for what has none.
 * @param {Domain} domain
 * @returns {(value: number | null) => number | null}
 */
export function scale({ low, high, log }, from, to) {
  const share = log ? value => Math.log(value / low) / Math.log(high / low) : value => (value - low) / (high - low);
  return value => (placed(value, log) ? from + share(value) * (to - from) : null);
}

/**
 * Round numbers within a domain, at most `most` of them.
 * @param {Domain} domain @param {number} most
 * @returns {number[]}
 */
export function ticks({ low, high, log }, most) {
  return log ? decades(low, high, most) : multiples(low, high, roundStep((high - low) / most));
}

/** The least of 1, 2, 5 × 10ⁿ that is no less. @param {number} step */
export function roundStep(step) {
  const power = 10 ** Math.floor(Math.log10(step));
  return power * ([1, 2, 5, 10].find(factor => factor * power >= step * (1 - 1e-9)) ?? 10);
}

/** The multiples of `step` from `low` to `high`. */
export function multiples(low, high, step) {
  const [first, last] = [Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9)];
  const digits = Math.max(0, 2 - Math.floor(Math.log10(step)));
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toFixed(Math.min(20, digits))) + 0);
}

/** Powers of ten where there are enough, with 2 and 5 between where not; where even those are few, even steps. */
function decades(low, high, most) {
  for (const factors of [[1, 2, 5], [1, 3], [1]]) {
    const found = powers(low, high, factors);
    if (found.length <= most) return found.length >= 2 ? found : multiples(low, high, roundStep((high - low) / most));
  }
  const found = powers(low, high, [1]);
  const every = Math.ceil(found.length / most);
  return found.filter((_, i) => i % every === 0);
}

function powers(low, high, factors) {
  const [from, to] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const all = Array.from({ length: to - from + 1 }, (_, i) => factors.map(factor => Number(`${factor}e${from + i}`))).flat();
  return all.filter(value => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9));
}

const TIMES = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

/** As {@link ticks}, for seconds: in steps of which a minute, an hour, a day is a multiple. */
export function timeTicks(domain, most) {
  const step = (domain.high - domain.low) / most;
  const round = TIMES.find(time => time >= step);
  return domain.log || step < 1 || !round ? ticks(domain, most) : multiples(domain.low, domain.high, round);
}
