import test from 'node:test';
import assert from 'node:assert/strict';

import { chain, draw, notebook, rank } from '../sampler.js';

const row = (...logits) => Float32Array.from(logits);
const logs = (...probabilities) => Float32Array.from(probabilities, Math.log);
const run = (logits, config, topN) => chain(logits, rank(logits), config, topN);
const kept = (logits, config) => [...run(logits, config).left.ids].sort((a, b) => a - b);
const close = (a, b, epsilon = 1e-9) => assert.ok(Math.abs(a - b) <= epsilon, `${a} is not ${b}`);
const bell = n => Float32Array.from({ length: n }, (_, i) => 4 * Math.sin(i * 12.9898) * Math.cos(i * 78.233 + 1));
const total = ({ rows, other }) => rows.reduce((sum, r) => sum + r.p_final, 0) + other.p_final;

// --- the total order

test('scores order by value, then by id; −0 is 0 and −∞ is last', () => {
  assert.deepEqual([...rank(row(-1, 3, -Infinity, 3, -0, 0))], [1, 3, 4, 5, 0, 2]);
  assert.deepEqual([...rank(row(-1e-45, 1e-45, -3.4e38, 3.4e38))], [3, 1, 0, 2]);
});

test('an order holds for a large row', () => {
  const big = bell(262_144);
  const order = rank(big);
  const wrong = order.findIndex((id, i) => i > 0 && !(big[order[i - 1]] > big[id] || (big[order[i - 1]] === big[id] && order[i - 1] < id)));
  assert.equal(wrong, -1);
});

test('a row with NaN or +∞ is refused, by token', () => {
  assert.throws(() => rank(row(1, NaN)), /token 1 is NaN/);
  assert.throws(() => rank(row(1, 2, Infinity)), /token 2 is Infinity/);
});

// --- the whole vocabulary

test('with nothing on, the final probabilities are the model’s', () => {
  const { rows, other, kept } = run(logs(0.1, 0.5, 0.4));
  assert.deepEqual(rows.map(r => r.id), [1, 2, 0]);
  [0.5, 0.4, 0.1].forEach((p, i) => (close(rows[i].p_raw, p, 1e-7), assert.equal(rows[i].p_final, rows[i].p_raw)));
  assert.deepEqual([kept, other.n, other.p_final], [3, 0, 0]);
});

test('temperature divides: 0.5 squares the odds', () => {
  const { rows } = run(logs(0.8, 0.2), { temperature: 0.5 });
  close(rows[0].p_final, 16 / 17, 1e-7);
  close(rows[0].p_raw, 0.8, 1e-7);
});

test('a temperature of 0 keeps the first of the best', () => {
  assert.deepEqual(kept(row(1, 7, 7), { temperature: 0 }), [1]);
  assert.equal(run(row(1, 7, 7), { temperature: 0 }).rows[1].cut_by, 'temperature');
});

test('the extremes of temperature stay finite', () => {
  for (const temperature of [0.1, 3, 1e-38, 1e38]) {
    const result = run(row(3e38, -3e38, 0, 1), { temperature });
    close(total(result), 1, 1e-12);
    assert.ok(Number.isFinite(result.entropy_bits));
  }
});

test('top-k keeps its ties', () => {
  assert.deepEqual(kept(row(5, 3, 3, 1, 3), { top_k: 2 }), [0, 1, 2, 4]);
  assert.deepEqual(kept(row(-0, 0, -1), { top_k: 1 }), [0, 1]);
  assert.deepEqual(kept(row(1, 4, 3, 2), { top_k: 1 }), [1]);
  assert.deepEqual(kept(row(1, 4), { top_k: 9 }), [0, 1]);
  assert.deepEqual(kept(row(1, 4), { top_k: 0 }), [0, 1]);
});

test('top-p keeps the crossing token, and of equal ones the lower ids', () => {
  const odds = logs(0.1, 0.5, 0.3, 0.1);
  assert.deepEqual(kept(odds, { top_p: 0.6 }), [1, 2]);
  assert.deepEqual(kept(odds, { top_p: 0.01 }), [1]);
  assert.deepEqual(kept(odds, { top_p: 0.85 }), [0, 1, 2]);
  assert.deepEqual(kept(logs(0.2, 0.2, 0.2, 0.2, 0.2), { top_p: 0.3 }), [0, 1]);
});

test('a top-p of 1 is off, exactly', () => {
  const flat = new Float32Array(32_000);
  assert.equal(run(flat, { top_p: 1 }).kept, 32_000);
  assert.equal(run(flat, { top_p: 1 }).stages.find(s => s.name === 'top_p').on, false);
});

test('top-p counts what top-k left, at the temperature', () => {
  assert.deepEqual(kept(logs(0.4, 0.3, 0.2, 0.1), { top_k: 2, top_p: 0.57 }), [0]);
  assert.deepEqual(kept(logs(0.4, 0.3, 0.2, 0.1), { top_p: 0.57 }), [0, 1]);
  assert.deepEqual(kept(row(3, 2, 1), { temperature: 0.5, top_p: 0.8 }), [0]);
  assert.deepEqual(kept(row(3, 2, 1), { temperature: 1, top_p: 0.8 }), [0, 1]);
});

test('min-p follows the best token, at the temperature', () => {
  const odds = logs(0.5, 0.3, 0.12, 0.08);
  assert.deepEqual(kept(odds, { min_p: 0.1 }), [0, 1, 2, 3]);
  assert.deepEqual(kept(odds, { min_p: 0.2 }), [0, 1, 2]);
  assert.deepEqual(kept(odds, { min_p: 1 }), [0]);
  assert.deepEqual(kept(odds, { min_p: 0.5, temperature: 0.5 }), [0]);
  assert.deepEqual(kept(logs(0.2, 0.4, 0.4), { min_p: 1 }), [1, 2]);
});

test('typical may cut the best, and equally far tokens go together', () => {
  const odds = logs(0.5, 0.2, 0.2, 0.2, 0.1);
  assert.deepEqual(kept(odds, { typical_p: 0.3 }), [1, 2, 3]);
  assert.deepEqual(kept(odds, { typical_p: 0.55 }), [0, 1, 2, 3]);
  assert.deepEqual(kept(odds, { typical_p: 1 }), [0, 1, 2, 3, 4]);
  assert.deepEqual(kept(logs(0.5, 0, 0.2, 0.2, 0, 0.2, 0.1), { typical_p: 0.3 }), [2, 3, 5]);
  const { rows } = run(odds, { typical_p: 0.3 });
  assert.deepEqual(rows.map(r => r.cut_by), ['typical_p', null, null, null, 'typical_p']);
  close(rows[1].p_final, 1 / 3, 1e-7);
});

test('typical equals a plain sort by distance', () => {
  const logits = bell(500);
  for (const p of [0.05, 0.3, 0.6, 0.9, 0.999]) {
    const z = logits.reduce((sum, l) => sum + Math.exp(l), 0);
    const q = Float64Array.from(logits, l => Math.exp(l) / z);
    const entropy = -q.reduce((sum, x) => sum + x * Math.log(x), 0);
    const nearest = [...q.keys()].sort((a, b) => Math.abs(-Math.log(q[a]) - entropy) - Math.abs(-Math.log(q[b]) - entropy));
    let [mass, n] = [0, 0];
    while (mass < p) mass += q[nearest[n++]];
    assert.deepEqual(kept(logits, { typical_p: p }), nearest.slice(0, n).sort((a, b) => a - b), `p = ${p}`);
  }
});

test('masked and banned tokens have no part, and say why', () => {
  const { rows, left, stages } = run(row(2, -Infinity, 3, 1), { suppress_tokens: [2], top_k: 1 });
  assert.deepEqual([...left.ids], [0]);
  assert.deepEqual(rows.map(r => [r.id, r.cut_by]), [[2, 'suppress_tokens'], [0, null], [3, 'top_k'], [1, 'model']]);
  assert.deepEqual(rows.map(r => r.rank), [0, 1, 2, 3]);
  assert.equal(rows[1].p_final, 1);
  assert.ok(rows[0].p_raw > 0.6 && rows[3].p_raw === 0);
  assert.deepEqual(stages.map(s => s.kept), [3, 2, 2, 1, 1, 1, 1]);
});

test('another list of banned tokens is seen on the same order', () => {
  const logits = row(1, 2, 3);
  const order = rank(logits);
  assert.equal(chain(logits, order, { suppress_tokens: [2] }).left.ids[0], 1);
  assert.equal(chain(logits, order, {}).left.ids[0], 2);
});

test('nothing left, and parameters out of range, are refused', () => {
  assert.throws(() => run(row(1), { suppress_tokens: [0] }), /no token is left/);
  assert.throws(() => run(row(-Infinity, -Infinity)), /no token is left/);
  for (const [name, value] of [['temperature', -1], ['temperature', NaN], ['top_k', 1.5], ['top_p', 0], ['min_p', 2], ['typical_p', 0]]) {
    assert.throws(() => run(row(1, 2), { [name]: value }), new RegExp(`${name} is ${value}`));
  }
});

test('a vocabulary of one token is certain', () => {
  const one = run(row(-3), { temperature: 3, top_k: 1, top_p: 0.1, min_p: 1, typical_p: 0.1 });
  assert.deepEqual([one.kept, one.rows[0].p_final, one.entropy_bits, one.effective, one.other.n], [1, 1, 0, 1, 0]);
});

test('entropy in bits and effective choices, by hand', () => {
  const even = run(logs(0.25, 0.25, 0.25, 0.25));
  close(even.entropy_bits, 2, 1e-12);
  close(even.effective, 4, 1e-12);
  const two = run(logs(0.5, 0.25, 0.125, 0.125), { top_k: 2 });
  close(two.entropy_raw_bits, 1.75, 1e-7);
  close(two.entropy_bits, Math.log2(3) - 2 / 3, 1e-7);
  close(two.kept_mass, 0.75, 1e-7);
});

test('each stage tells survivors and the model’s mass', () => {
  const { stages } = run(logs(0.4, 0.3, 0.2, 0.1), { top_k: 3, top_p: 0.7, min_p: 0.8 });
  const told = Object.fromEntries(stages.map(s => [s.name, [s.kept, Math.round(s.mass * 100)]]));
  assert.deepEqual(told, { model: [4, 100], suppress_tokens: [4, 100], temperature: [4, 100], top_k: [3, 90], top_p: [2, 70], min_p: [1, 40], typical_p: [1, 40] });
});

test('shown rows and the others add up to 1', () => {
  const logits = bell(5_000);
  for (const temperature of [0.1, 1, 3]) for (const top_p of [0.1, 0.7, 1]) for (const top_k of [0, 1, 15, 400]) {
    const result = run(logits, { temperature, top_p, top_k, min_p: 0.01, typical_p: 0.95 });
    close(total(result), 1, 1e-12);
    close(result.rows.reduce((sum, r) => sum + r.p_raw, 0) + result.other.p_raw, 1, 1e-12);
    assert.equal(result.rows.length + result.other.n, 5_000);
  }
});

test('kept sets grow with k and with p', () => {
  const logits = bell(300);
  const order = rank(logits);
  const grows = configs => configs.map(c => chain(logits, order, c).kept).every((n, i, all) => i === 0 || n >= all[i - 1]);
  const to = (n, f) => Array.from({ length: n }, (_, i) => f(i + 1));
  assert.ok(grows(to(300, k => ({ top_k: k }))));
  assert.ok(grows(to(100, i => ({ top_p: i / 100 }))));
  assert.ok(grows(to(100, i => ({ typical_p: i / 100 }))));
  assert.ok(grows(to(100, i => ({ min_p: 1 - i / 101 }))));
});

// --- drawing

test('a draw walks the ids upwards', () => {
  const at = u => draw([9, 2, 4], [1, 2, 1], u);
  assert.deepEqual([0, 0.49, 0.5, 0.74, 0.75, 0.9999].map(at), [2, 2, 4, 4, 9, 9]);
  assert.equal(draw([3, 1], [1, 0], 0), 3);
});

// --- the notebook

const notebookKept = (logits, t, k, p) => notebook(logits, t, k, p).rows.flatMap(r => (r.kept ? [r.rank] : []));
const fifteen = Array.from({ length: 15 }, (_, i) => 5 - i * 0.4);

test('the notebook: with nothing cut, a softmax over its candidates', () => {
  const { rows, kept } = notebook([2, 1, 0], 1, 15, 1);
  const z = Math.exp(2) + Math.exp(1) + 1;
  [2, 1, 0].forEach((x, i) => close(rows[i].p_final, Math.exp(x) / z, 1e-7));
  assert.equal(kept, 3);
  assert.equal(rows[0].p_final, Math.fround(rows[0].p_final));
});

test('the notebook: top-k keeps ties, top-p the crossing token', () => {
  assert.deepEqual(notebookKept([5, 3, 3, 3, 1], 1, 2, 1), [0, 1, 2, 3]);
  const odds = [0.5, 0.3, 0.15, 0.05].map(Math.log);
  assert.deepEqual(notebookKept(odds, 1, 15, 0.6), [0, 1]);
  assert.deepEqual(notebookKept(odds, 1, 15, 0.1), [0]);
  assert.deepEqual(notebook(odds, 1, 3, 0.6).rows.map(r => r.cut_by), [null, null, 'top_p', 'top_k']);
});

test('the notebook: a running sum that equals p does not cut', () => {
  assert.deepEqual(notebookKept([0, 0], 1, 15, 0.5), [0, 1]);
  assert.deepEqual(notebookKept([0, 0, 0, 0], 1, 15, 0.5), [0, 1, 2]);
});

test('the notebook: a top-p of 1 is not off', () => {
  const cuts = Array.from({ length: 400 }, (_, n) => notebook(fifteen.map(x => x * (1 + n / 40)), 1, 15, 1).kept);
  assert.ok(cuts.some(kept => kept < 15), 'no f32 sum passed 1');
  assert.ok(cuts.some(kept => kept === 15));
});

test('the notebook: extremes of its sliders', () => {
  for (const t of [0.1, 1, 3]) for (const k of [1, 15]) for (const p of [0.1, 1]) {
    const { rows, kept } = notebook(fifteen, t, k, p);
    close(rows.reduce((sum, r) => sum + r.p_final, 0), 1, 1e-6);
    assert.ok(kept >= 1 && rows[0].kept);
    if (k === 1) assert.equal(rows[0].p_final, 1);
  }
  assert.equal(notebook([1, 0], 0, 15, 1).rows[0].p_final, 1);
  assert.deepEqual(notebookKept([4], 1, 15, 1), [0]);
  assert.equal(notebook([1, -Infinity], 1, 15, 1).rows[1].cut_by, 'model');
});

test('the notebook: sums are NumPy’s, in f32', () => {
  // 2²⁴ and fourteen ones: added one by one in f32 they vanish; eight lanes, then the rest, keep some.
  const { rows } = notebook([0, ...Array(14).fill(-Math.log(2 ** 24))], 1, 15, 1);
  const one = Math.fround(Math.exp(Math.fround(-Math.log(2 ** 24))));
  const f = Math.fround;
  const lanes = f(f(f(1 + one) + f(one + one)) + f(f(one + one) + f(one + one)));
  const sum = Array(7).fill(one).reduce((a, b) => f(a + b), lanes);
  assert.equal(rows[0].p_final, f(1 / sum));
});

// --- speed: told, not judged

test('milliseconds a tick', t => {
  for (const v of [2_000, 50_257, 262_144]) {
    const logits = bell(v);
    const started = performance.now();
    const order = rank(logits);
    const sorted = performance.now();
    const banned = [0, 1, 2];
    const ticks = Array.from({ length: 60 }, (_, i) => {
      const from = performance.now();
      chain(logits, order, { temperature: 0.1 + i / 20, top_p: 0.95, min_p: 0.001, typical_p: 0.99, suppress_tokens: banned });
      return performance.now() - from;
    });
    const first = ticks.shift();
    ticks.sort((a, b) => a - b);
    t.diagnostic(`V = ${v}: rank ${(sorted - started).toFixed(1)}, first ${first.toFixed(1)}, tick p50 ${ticks[29].toFixed(2)}, max ${ticks.at(-1).toFixed(2)} ms`);
  }
});
