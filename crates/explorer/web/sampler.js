// What a strategy does to a row of logits. Pure: no DOM, no server.
//
// `notebook` repeats the course notebook's panel (NumPy, f32); `chain` is a twin of enredo-decoding's own preset
// (f64 over the whole vocabulary). Parameters pass through f32 first, as they do in Rust.

/** @typedef {{temperature?: number, top_k?: number, top_p?: number, min_p?: number, typical_p?: number,
 *             suppress_tokens?: number[]}} Config  absent is off */
/** @typedef {{id: number, rank: number, logit: number, p_raw: number, p_final: number, kept: boolean,
 *             cut_by: string | null}} Row */
/** @typedef {{name: string, on: boolean, from: number, to: number, kept: number, mass: number}} Stage */

const f32 = Math.fround;
const NOTHING = Object.freeze([]);

// --- the notebook's panel -------------------------------------------------------------------------------------

/**
 * The panel's arithmetic on the likeliest logits, in f32 and in its order: T, top-k, top-p, softmax.
 * Its top-p is not off at 1: the running sum may pass 1 and cut tokens.
 *
 * @param {ArrayLike<number>} logits best first (of equal ones the first counts as better)
 * @param {number} temperature
 * @param {number} k
 * @param {number} p
 * @returns {{rows: {rank: number, logit: number, p_final: number, kept: boolean, cut_by: string | null}[], kept: number}}
 */
export function notebook(logits, temperature, k, p) {
  const divisor = f32(Math.max(temperature, 1e-5));
  const divided = Float32Array.from(logits, x => x / divisor);
  const afterK = keepBest(divided, k);
  const afterP = keepNucleus(afterK, f32(p));
  const probabilities = softmax(afterP);
  const rows = Array.from(logits, (logit, rank) => {
    const kept = afterP[rank] > -Infinity;
    return { rank, logit, p_final: probabilities[rank], kept, cut_by: kept ? null : cutter(divided[rank], afterK[rank]) };
  });
  return { rows, kept: rows.filter(row => row.kept).length };
}

function cutter(divided, afterK) {
  if (divided === -Infinity) return 'model';
  return afterK === -Infinity ? 'top_k' : 'top_p';
}

function keepBest(logits, k) {
  return k >= logits.length ? logits : logits.map(x => (x < logits[k - 1] ? -Infinity : x));
}

function keepNucleus(logits, p) {
  const probabilities = softmax(logits);
  let before = 0;
  return logits.map((x, i) => {
    const stays = i === 0 || before <= p;
    before = f32(before + probabilities[i]);
    return stays ? x : -Infinity;
  });
}

/** In f32; the sum is NumPy's: eight running ones folded in pairs, then what is left over. */
function softmax(logits) {
  const max = logits.reduce((a, b) => Math.max(a, b));
  const masses = logits.map(x => Math.exp(f32(x - max)));
  const total = pairwiseSum(masses);
  return masses.map(mass => mass / total);
}

function pairwiseSum(x) {
  const whole = x.length < 8 ? 0 : x.length - (x.length % 8);
  const [a, b, c, d, e, f, g, h] = lanes(x, whole);
  const pairs = whole ? f32(f32(f32(a + b) + f32(c + d)) + f32(f32(e + f) + f32(g + h))) : 0;
  return x.subarray(whole).reduce((sum, value) => f32(sum + value), pairs);
}

function lanes(x, whole) {
  const sums = new Float32Array(8);
  for (let i = 0; i < whole; i++) sums[i % 8] += x[i];
  return sums;
}

// --- the whole vocabulary -------------------------------------------------------------------------------------

/**
 * All ids in the total order: score descending, then id ascending; masked ones (−∞) last. O(V log V), once a row.
 * @param {Float32Array} row
 * @returns {Uint32Array}
 */
export function rank(row) {
  // 32 bits of score and 21 of id fit an f64, and numbers sort without a comparator.
  const keys = new Float64Array(row.length);
  const bits = new Uint32Array(1);
  const score = new Float32Array(bits.buffer);
  for (let id = 0; id < row.length; id++) {
    score[0] = row[id] + 0; // −0 counts as 0
    if (!(score[0] < Infinity)) throw new RangeError(`the logit of token ${id} is ${row[id]}`);
    const descending = bits[0] >>> 31 ? bits[0] : ~bits[0] & 0x7fffffff;
    keys[id] = descending * 2 ** 21 + id;
  }
  return Uint32Array.from(keys.sort(), key => key % 2 ** 21);
}

/**
 * Banned tokens, T, top-k (ties stay), top-p (the crossing token stays, lower ids first), min-p, typical.
 *
 * `stages` count the tokens that each step leaves and the probability that the model gave them (T = 1).
 * `left` is a view for {@link draw}, valid until the next call on the same order. O(V), no sort.
 *
 * @param {Float32Array} row one logit a token
 * @param {Uint32Array} order of {@link rank}
 * @param {Config} [config]
 * @param {number} [topN] how many rows to tell, best first
 * @throws {RangeError} where a parameter is out of range or no token is left
 */
export function chain(row, order, config = {}, topN = 15) {
  check(config);
  const known = study(row, order, config.suppress_tokens ?? NOTHING);
  const left = { ...known, inverse: inverse(config), from: 0, to: known.ids.length, weighed: false };
  const stages = begin(known);
  for (const [name, apply] of STEPS) {
    const on = apply(left, config[name]);
    stages.push(stage(known, name, on, left));
  }
  return report(known, left, stages, topN);
}

const STEPS = [
  ['temperature', cool],
  ['top_k', topK],
  ['top_p', topP],
  ['min_p', minP],
  ['typical_p', typical],
];

function check({ temperature = 1, top_k = 0, top_p = 1, min_p = 1, typical_p = 1 }) {
  demand(temperature >= 0 && temperature < Infinity, 'temperature', temperature);
  demand(Number.isInteger(top_k) && top_k >= 0, 'top_k', top_k);
  demand(top_p > 0 && top_p <= 1, 'top_p', top_p);
  demand(min_p >= 0 && min_p <= 1, 'min_p', min_p);
  demand(typical_p > 0 && typical_p <= 1, 'typical_p', typical_p);
}

function demand(holds, name, value) {
  if (!holds) throw new RangeError(`${name} is ${value}`);
}

function inverse({ temperature = 1 }) {
  return temperature === 0 ? 1 : 1 / f32(temperature);
}

// Each step narrows the positions `from..to` of the ranked tokens, and says whether it is on.

function cool(left, temperature) {
  if (temperature === 0) left.to = 1;
  return temperature !== undefined;
}

function topK(left, k = 0) {
  if (k === 0) return false;
  const { scores } = left;
  let to = Math.min(k, left.to);
  while (to < left.to && scores[to] === scores[to - 1]) to++;
  left.to = to;
  return true;
}

function topP(left, p = 1) {
  if (p === 1) return false;
  const budget = f32(p) * sums(left).mass;
  const { masses, to } = left;
  let before = masses[0];
  left.to = 1;
  while (left.to < to && before < budget) before += masses[left.to++];
  return true;
}

function minP(left, p = 0) {
  if (p === 0) return false;
  const threshold = left.scores[0] + Math.log(f32(p)) / left.inverse;
  left.to = firstWhere(1, left.to, i => left.scores[i] < threshold);
  return true;
}

function typical(left, p = 1) {
  if (p === 1) return false;
  const { masses, scores, inverse, from, to } = left;
  const { mass, moment } = sums(left);
  const centre = moment / mass;
  const far = i => Math.abs((scores[i] - scores[0]) * inverse - centre);
  let below = firstWhere(from, to, i => relative(left, i) < centre);
  let above = below - 1;
  let sum = 0;
  let edge = 0;
  do {
    const next = above >= from && (below >= to || far(above) <= far(below)) ? above-- : below++;
    sum += masses[next];
    edge = far(next);
  } while (sum < f32(p) * mass && (above >= from || below < to));
  while (above >= from && far(above) <= edge) above--;
  while (below < to && far(below) <= edge) below++;
  [left.from, left.to] = [above + 1, below];
  return true;
}

/** The first of `low..high` for which a property holds that all later ones have too; `high` where there is none. */
function firstWhere(low, high, holds) {
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** r = (x − max) / T ≤ 0. */
function relative(left, i) {
  return (left.scores[i] - left.scores[0]) * left.inverse;
}

/** Σ exp(r) and Σ r exp(r) over the candidates; writes their masses. */
function sums(left) {
  const { masses, scores, inverse, from, to } = left;
  const max = scores[0];
  if (!left.weighed) for (let i = from; i < to; i++) masses[i] = Math.exp((scores[i] - max) * inverse);
  left.weighed = true;
  let [mass, moment] = [0, 0];
  for (let i = from; i < to; i++) {
    mass += masses[i];
    moment += masses[i] * ((scores[i] - max) * inverse);
  }
  return { mass, moment };
}

// --- what does not change while sliders move ------------------------------------------------------------------

const studied = new WeakMap();

/** What all settings share: the ranked tokens that may be drawn, and the model's own probabilities. */
function study(row, order, banned) {
  const known = studied.get(order);
  if (known?.row === row && known.banned === banned) return known;
  const fresh = { row, order, banned, never: new Set(banned), ...allowed(row, order, new Set(banned)), ...raw(row, order) };
  if (fresh.ids.length === 0) throw new RangeError('no token is left: all are masked or banned');
  fresh.rawUpTo = runningSum(fresh.ids, id => fresh.pRaw(id));
  studied.set(order, fresh);
  return fresh;
}

function allowed(row, order, never) {
  const ids = order.filter(id => row[id] > -Infinity && !never.has(id));
  return { ids, scores: Float64Array.from(ids, id => row[id]), masses: new Float64Array(ids.length) };
}

function raw(row, order) {
  const max = row[order[0]];
  let [total, moment, live] = [0, 0, 0];
  for (; live < order.length && row[order[live]] > -Infinity; live++) {
    const relative = row[order[live]] - max;
    total += Math.exp(relative);
    moment += relative * Math.exp(relative);
  }
  const pRaw = id => Math.exp(row[id] - max) / total;
  return { live, pRaw, rankedUpTo: runningSum(order, pRaw), rawEntropy: Math.log(total) - moment / total };
}

function runningSum(ids, value) {
  const sums = new Float64Array(ids.length + 1);
  ids.forEach((id, i) => (sums[i + 1] = sums[i] + value(id)));
  return sums;
}

// --- the report -----------------------------------------------------------------------------------------------

function begin(known) {
  const { banned, ids, live, rankedUpTo } = known;
  const model = { name: 'model', on: true, from: 0, to: ids.length, kept: live, mass: rankedUpTo[live] };
  return [model, stage(known, 'suppress_tokens', banned.length > 0, { from: 0, to: ids.length })];
}

function stage({ rawUpTo }, name, on, { from, to }) {
  return { name, on, from, to, kept: to - from, mass: rawUpTo[to] - rawUpTo[from] };
}

function report(known, left, stages, topN) {
  const { mass, moment } = sums(left);
  const { from, to, ids, masses } = left;
  const entropy = Math.max(0, Math.log(mass) - moment / mass);
  const { rows, next } = describe(known, left, stages, mass, Math.min(topN, known.order.length));
  return {
    rows,
    other: others(known, left, rows.length, next, mass),
    stages,
    kept: to - from,
    kept_mass: stages.at(-1).mass,
    entropy_bits: entropy / Math.LN2,
    entropy_raw_bits: Math.max(0, known.rawEntropy) / Math.LN2,
    effective: Math.exp(entropy),
    left: { ids: ids.subarray(from, to), masses: masses.subarray(from, to) },
  };
}

/** The first rows, and the place of the next token among those that may be drawn. */
function describe({ row, order, never, pRaw }, left, stages, mass, count) {
  let next = 0;
  const rows = Array.from(order.subarray(0, count), (id, rank) => {
    const fate = row[id] === -Infinity ? 'model' : never.has(id) ? 'suppress_tokens' : null;
    const at = fate === null ? next++ : -1;
    const cut_by = fate ?? stages.find(({ from, to }) => at < from || at >= to)?.name ?? null;
    const p_final = cut_by === null ? left.masses[at] / mass : 0;
    return { id, rank, logit: row[id], p_raw: pRaw(id), p_final, kept: cut_by === null, cut_by };
  });
  return { rows, next };
}

function others({ order, rankedUpTo }, { from, to, masses }, shown, next, mass) {
  let sum = 0;
  for (let i = Math.max(from, next); i < to; i++) sum += masses[i];
  const p_raw = Math.max(0, rankedUpTo[order.length] - rankedUpTo[shown]);
  return { n: order.length - shown, p_raw, p_final: sum / mass };
}

// --- drawing --------------------------------------------------------------------------------------------------

/**
 * The token at which the running mass first exceeds u of all, by ascending id (inverse transform). O(V).
 * @param {ArrayLike<number>} ids
 * @param {ArrayLike<number>} masses in proportion to probabilities
 * @param {number} u in [0, 1)
 * @returns {number}
 */
export function draw(ids, masses, u) {
  const byId = new Float64Array(Array.prototype.reduce.call(ids, (a, b) => Math.max(a, b), 0) + 1);
  for (let i = 0; i < ids.length; i++) byId[ids[i]] = masses[i];
  const threshold = u * byId.reduce((a, b) => a + b, 0);
  let [running, last] = [0, ids[0]];
  for (let id = 0; id < byId.length; id++) {
    if (byId[id] === 0) continue;
    [running, last] = [running + byId[id], id];
    if (running > threshold) break;
  }
  return last;
}
