import test from 'node:test';
import assert from 'node:assert/strict';

import { rowSource } from '../rows.js';
import { decode, encode, LIMITS, SHARED, snap, START, switchMode } from '../state.js';
import { apply, config, greedy, sample } from '../strategy.js';
import { rank } from '../sampler.js';

test('an empty address is the start, and the start an empty address', () => {
  assert.deepEqual(decode(''), { ...START });
  assert.deepEqual([encode({ ...START }), decode('#next')], ['#next', { ...START }]);
});

test('every state comes back from its address', () => {
  const states = [
    { prompt: 'a & b=c? #100% ␣', add: [5, 0, 12], mode: 'whole', t: 0.7, k: 0, p: 0.33, min_p: 0.05, typical_p: 0.9 },
    { prompt: '', seed: '18446744073709551615', step: 0, lang: 'pt', theme: 'dark', table: true },
    { mode: 'whole', k: 5000 },
    { t: 3, k: 1, p: 0.1 },
  ];
  for (const state of states) assert.deepEqual(decode(encode({ ...START, ...state })), { ...START, ...state });
});

test('no two screens call different things by one name', async () => {
  const screens = ['beams', 'compare', 'data', 'generate', 'inside', 'training'];
  const own = await Promise.all(screens.map(async name => Object.keys((await import(`../screens/${name}/fields.js`)).fields)));
  const names = [...Object.keys(SHARED), ...own.flat()];
  assert.deepEqual(names.filter((name, i) => names.indexOf(name) !== i), []);
});

test('what an address says wrongly is as at the start, or at the limit', () => {
  const state = decode('#next?t=99&k=abc&p=-1&seed=x&step=1e3&lang=xx&theme=pink&add=1..2&mode=evil');
  assert.deepEqual(state, { ...START, t: 3, p: 0.1 });
  assert.equal(decode('#nowhere').screen, 'nowhere');
});

test('sliders have the notebook’s values and no others', () => {
  const values = name => {
    const { min, max, step } = LIMITS.notebook[name];
    return Array.from({ length: Math.round((max - min) / step) + 1 }, (_, i) => snap('notebook', name, min + i * step));
  };
  assert.deepEqual([values('t').length, values('t')[2], values('t').at(-1)], [30, 0.3, 3]);
  assert.deepEqual(values('k'), Array.from({ length: 15 }, (_, i) => i + 1));
  assert.deepEqual([values('p').length, values('p')[1], values('p').at(-1)], [19, 0.15, 1]);
});

test('what cuts nothing in one mode cuts nothing in the other', () => {
  assert.equal(switchMode({ ...START }, 'whole').k, 0);
  assert.deepEqual(switchMode({ ...START, k: 0, p: 0.33 }, 'notebook'), { mode: 'notebook', t: 1, k: 15, p: 0.35 });
  assert.equal(switchMode({ ...START, k: 4 }, 'whole').k, 4);
  assert.equal(switchMode({ ...START, k: 90 }, 'notebook').k, 15);
});

test('what is off is absent', () => {
  const state = { ...START, mode: 'whole', k: 0 };
  assert.deepEqual(config(state, [1]), { temperature: 1, suppress_tokens: [1] });
  const all = config({ ...state, k: 3, p: 0.9, min_p: 0.1, typical_p: 0.8 }, []);
  assert.deepEqual(all, { temperature: 1, top_k: 3, top_p: 0.9, min_p: 0.1, typical_p: 0.8, suppress_tokens: [] });
});

const row = Float32Array.from({ length: 40 }, (_, i) => Math.sin(i * 7) * 3);
const ranked = { row, order: rank(row) };

test('the panel sees fifteen tokens and bans none; the whole vocabulary bans', () => {
  const best = ranked.order[0];
  const panel = apply(ranked, { ...START }, [best]);
  assert.deepEqual([panel.rows.length, panel.rows[0].id, panel.rows[0].kept, panel.other], [15, best, true, undefined]);
  const whole = apply(ranked, { ...START, mode: 'whole', k: 0 }, [best]);
  assert.deepEqual([whole.rows[0].cut_by, whole.kept, whole.other.n], ['suppress_tokens', 39, 25]);
  assert.equal(greedy(whole), ranked.order[1]);
});

test('the same seed, context and settings draw the same token, which was kept', () => {
  for (const mode of ['notebook', 'whole']) {
    const result = apply(ranked, { ...START, mode, k: 3 }, []);
    const drawn = Array.from({ length: 50 }, (_, position) => sample(result, '42', position));
    assert.deepEqual(drawn, Array.from({ length: 50 }, (_, position) => sample(result, '42', position)));
    assert.deepEqual(new Set(drawn), new Set(ranked.order.slice(0, 3)));
  }
});

test('rows are asked for once, and appended tokens follow the prompt’s ids', async () => {
  const asked = [];
  const api = {
    tokenize: async () => ({ ids: [8, 9] }),
    logits: async request => (asked.push(request), { step: request.step, ids: request.ids ?? [8, 9], cut: 0, row }),
  };
  const rows = rowSource(api, 40);
  await rows('x', [], 5);
  await rows('x', [3], 5);
  await rows('x', [], 5);
  await rows('x', [], 6);
  assert.deepEqual(asked, [{ prompt: 'x', step: 5 }, { ids: [8, 9, 3], step: 5 }, { ids: [8, 9], step: 6 }]);
  const few = rowSource(api, 2 ** 21);
  await few('x', [4], 5);
  assert.deepEqual(asked.at(-1), { ids: [8, 9, 4], step: 5 });
  await few('x', [], 6);
  await few('x', [], 7);
  const before = asked.length;
  await few('x', [4], 5);
  assert.equal(asked.length, before + 1, 'more large rows were kept than fit');
});
