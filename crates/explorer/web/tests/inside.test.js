import test from 'node:test';
import assert from 'node:assert/strict';

import { colour, ink, luminance, ramp } from '../ramp.js';
import { meant, offers, written } from '../screens/inside/choice.js';
import { heads, masked, shade, total, weight } from '../screens/inside/heads.js';
import { moved as step } from '../screens/inside/heatmap.js';
import { measure, scale as lensScale, tracks } from '../screens/inside/lens.js';
import { pixels } from '../screens/inside/pixels.js';
import { moved, scale, verdict } from '../screens/inside/probe.js';
import { position, rowsShown, square } from '../screens/inside/telling.js';
import { START, decode, encode } from '../state.js';

test('the ramp grows lighter from end to end, and text on it reads', () => {
  const all = Array.from({ length: 256 }, (_, i) => i / 255);
  all.slice(1).forEach((share, i) => assert.ok(luminance(ramp(share)) > luminance(ramp(all[i])) - 1e-9, share));
  assert.ok(luminance(ramp(1)) > 0.75 && luminance(ramp(0)) < 0.03);
  for (const share of all) {
    const lights = [luminance(ramp(share)), ink(share) === '#ffffff' ? 1 : 0].sort();
    assert.ok((lights[1] + 0.05) / (lights[0] + 0.05) >= 4.5, `contrast at ${share}`);
  }
  assert.deepEqual([ramp(-3), ramp(9)], [ramp(0), ramp(1)]);
  assert.match(colour(0.5), /^#[0-9a-f]{6}$/);
});

test('pixels: colours where there is a share, clear where there is none', () => {
  const bytes = pixels(1, 3, (_, column) => [0, null, 1][column]);
  assert.deepEqual([...bytes], [...ramp(0), 255, 0, 0, 0, 0, ...ramp(1), 255]);
});

const ATTENTION = {
  ids: [5, 6],
  maps: [
    { reads_the_future: false, heads: 2, weights: Float32Array.of(1, 0, 0.25, 0.75, 1, 0, 0.5, 0.5) },
    { reads_the_future: true, heads: 1, weights: Float32Array.of(0.5, 0.5, 0, 1) },
  ],
};

test('heads of all maps, each with its own square', () => {
  const all = heads(ATTENTION);
  assert.deepEqual(all.map(({ map, head, future }) => [map, head, future]), [[0, 0, false], [0, 1, false], [1, 0, true]]);
  assert.deepEqual(all.map(head => weight(head, 1, 0)), [0.25, 0.5, 0]);
  assert.equal(total(all[0], 1), 1);
});

test('what is masked has no colour; a zero that could be seen has one', () => {
  const [causal, , open] = heads(ATTENTION);
  assert.deepEqual([masked(causal, 0, 1), masked(causal, 1, 0), masked(open, 0, 1)], [true, false, false]);
  assert.deepEqual([shade(causal, 0, 1), shade(causal, 1, 0), shade(open, 1, 0)], [null, 0.5, 0]);
});

const cell = (top, rank = 0, divergence = 0) => ({ top: top.map(([id, p]) => ({ id, p })), entropy_bits: 2, divergence_bits: divergence, rank });
const LENS = [[cell([[1, 0.5], [2, 0.25]], 3, 2)], [cell([[2, 0.75], [3, 0.125]], 0, 1)], [cell([[2, 0.5], [1, 0.5]])]];

test('tracks are of the tokens that any layer has first; what is not told is no zero', () => {
  assert.deepEqual(tracks(LENS, 0), [{ id: 1, values: [0.5, null, 0.5] }, { id: 2, values: [0.25, 0.75, 0.5] }]);
});

test('what colours a cell, and its scale', () => {
  assert.deepEqual(['probability', 'entropy', 'divergence', 'rank'].map(by => measure(LENS[0][0], by)), [0.5, 2, 2, 3]);
  assert.equal(lensScale(LENS, 'entropy', 16).share(2), 0.5);
  assert.equal(lensScale(LENS, 'divergence', 16).share(1), 0.5);
  assert.equal(lensScale(LENS, 'divergence', 16).share(Infinity), 1);
  const ranks = lensScale(LENS, 'rank', 16);
  assert.deepEqual([ranks.share(0), ranks.share(15), Math.round(ranks.at(0.5))], [0, 1, 3]);
});

const probe = (moved, sees_the_future, leak) => ({ ids: [4, 5, 6], replacements: [7, 7, 7], moved: Float32Array.from(moved), sees_the_future, leak });
const CAUSAL = probe([10, 1, 0.1, 0, 10, 1, 0, 0, 100], false, 0);
const SEEING = probe([10, 1, 0.1, 0.5, 10, 1, 0, 2, 100], true, 2);

test('the verdict names the change that moved most before it', () => {
  assert.deepEqual(verdict(SEEING), { key: 'future', position: 2, leak: 2 });
  assert.equal(verdict(CAUSAL).key, 'causal');
  assert.equal(verdict({ ...CAUSAL, ids: [4], moved: Float32Array.of(3) }).key, 'one');
  assert.equal(verdict({ ...SEEING, leak: null }).leak, Infinity, 'JSON has no infinity');
});

test('movement counts in powers of ten, and none at all is no small one', () => {
  const { low, high, share } = scale(CAUSAL);
  assert.deepEqual([low, high], [-2, 2].map((power, i) => (i === 0 ? Math.floor(Math.log10(Math.fround(0.1))) : power)));
  assert.equal(share(0), null);
  assert.equal(share(100), 1);
  assert.ok(share(10) > share(1) && share(1) > share(0.1) && share(0.1) >= 0);
  assert.equal(share(Infinity), 1);
  assert.equal(moved(SEEING, 2, 1), 2);
  const still = scale(probe(Array(9).fill(0), false, 0));
  assert.deepEqual([still.low, still.high, still.share(0)], [-1, 0, null]);
});

test('a token is meant by its id or by its text', () => {
  const vocab = [' a', 'b', 'a#1', '3', 'b'].map((text, id) => ({ id, text }));
  assert.deepEqual(['␣a', ' a', 'b', 'x #4', '3', 'none', '#77'].map(given => meant(given, vocab)), [0, 0, 1, 4, 3, null, null]);
  assert.equal(meant(written(4, 'b'), vocab), 4);
  assert.deepEqual(offers('B', vocab), [1, 4]);
  assert.deepEqual(offers('', vocab, 2), [0, 1]);
});

test('keys stay within the cells', () => {
  const from = { row: 1, column: 2 };
  assert.deepEqual(['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'Home', 'End', 'PageUp', 'PageDown'].map(key => step(key, from, 2, 3)), [[0, 2], [1, 2], [1, 1], [1, 2], [1, 0], [1, 2], [0, 2], [1, 2]]);
  assert.equal(step('a', from, 2, 3), null);
});

test('positions, sizes and rows of a table', () => {
  assert.deepEqual([position(null, 5), position(9, 5), position(2, 5)], [4, 4, 2]);
  assert.ok(square(128).width >= 14 && square(2).width <= 50);
  assert.deepEqual([rowsShown(3, 1), rowsShown(64, 7)], [[0, 1, 2], [7]]);
});

test('the address of a look inside', () => {
  const state = { ...START, screen: 'inside', la: 2, he: 3, ps: 4, ly: 1, cb: 'rank', rp: 20, rw: 0 };
  assert.deepEqual(decode(encode(state)), state);
  assert.equal(decode('#inside?cb=mood').cb, 'probability');
});
