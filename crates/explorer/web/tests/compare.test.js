import test from 'node:test';
import assert from 'node:assert/strict';

import { Cells } from '../screens/compare/cells.js';
import { averages, counts, lines } from '../screens/compare/numbers.js';
import { columns, FRESH, promptsOf, read, write } from '../screens/compare/strategies.js';
import { distinct, firstDifference, meanSurprisal, repetition } from '../statistics.js';

test('distinct-n counts different n-grams, repetition what has been there', () => {
  assert.deepEqual([distinct([1, 2, 1, 2, 1], 1), distinct([1, 2, 1, 2, 1], 2), repetition([1, 2, 1, 2, 1])], [0.4, 0.5, 0.6]);
  assert.deepEqual([distinct([1, 2, 3], 1), distinct([12, 3, 1, 23], 2), repetition([5])], [1, 1, 0]);
  for (const nothing of [distinct([], 1), distinct([7], 2), repetition([]), meanSurprisal([])]) assert.ok(Number.isNaN(nothing));
});

test('where a text first differs', () => {
  assert.deepEqual([[1, 2], [1, 3], [1], [1, 2, 3], []].map(ids => firstDifference(ids, [1, 2])), [-1, 1, 1, 2, 0]);
});

const texts = (...tokens) => ({ state: 'done', reason: 'length', tokens: tokens.map(([id, surprisal_bits]) => ({ id, surprisal_bits })) });

test('means: of texts each, of surprisal over all tokens; what has no number has none', () => {
  const cells = [texts([1, 1], [1, 1], [1, 1]), texts([2, 5]), { state: 'waiting', tokens: [] }];
  const { surprisal, perplexity, distinct_1, distinct_2, repetition, length } = averages(cells);
  assert.deepEqual([surprisal, perplexity, distinct_2, length], [2, 4, 0.5, 2]);
  assert.ok(Math.abs(distinct_1 - 2 / 3) < 1e-12 && Math.abs(repetition - 1 / 3) < 1e-12);
  assert.equal(counts(texts([1, null])).surprisal, Infinity);
});

test('a CSV line a text', () => {
  const [head, line] = lines([{ prompt: 'p', strategy: 'Greedy', cell: texts([1, 1]), text: 'a', difference: null }]);
  assert.deepEqual(Object.fromEntries(head.map((name, i) => [name, line[i]])), { prompt: 'p', strategy: 'Greedy', text: 'a', first_difference: '', ended: 'length', surprisal: 1, perplexity: 2, distinct_1: 1, distinct_2: NaN, repetition: 0, length: 1 });
});

// --- what is compared

const app = { meta: { never_drawn: [0], end_of_text: [3] }, t: (key, { n, name } = {}) => `${key} ${n} ${name}`, f: { short: String } };

test('the notebook’s four strategies, and own ones', () => {
  const all = columns([{ ...FRESH, penalty: 1.3 }], 15, app);
  const shared = { suppress_tokens: [0], max_new_tokens: 15, eos_token_id: [3] };
  assert.deepEqual(all.map(({ config }) => config), [
    { do_sample: false, ...shared },
    { do_sample: true, temperature: 0.5, top_k: 10, top_p: 0.9, ...shared },
    { do_sample: true, temperature: 1, top_k: 50, top_p: 0.9, ...shared },
    { do_sample: true, temperature: 1.5, top_p: 0.95, ...shared },
    { do_sample: true, temperature: 0.8, top_k: 50, top_p: 0.9, repetition_penalty: 1.3, ...shared },
  ]);
});

test('own strategies and prompts come back from the address', () => {
  const own = [{ ...FRESH, t: 0.05 * 15, penalty: 1.25 }, FRESH];
  assert.deepEqual(read(write(own)), own.map(one => ({ ...one, t: Number(one.t.toFixed(4)) })));
  assert.deepEqual([write([]), read(null)], [null, []]);
  assert.deepEqual(read('x_-1_9~~1~2~3'), [{ ...FRESH, k: 0, p: 1 }, FRESH, { ...FRESH, t: 1 }]);
  assert.deepEqual(promptsOf('["a","b"]', ['x']), ['a', 'b']);
  for (const text of [null, '', '[]', '[1]', '{', '{"a":1}']) assert.deepEqual(promptsOf(text, ['x']), ['x'], text);
});

// --- the queue

function server() {
  const open = new Map();
  const log = [];
  async function* generate(request, signal) {
    log.push(request.prompt);
    const end = new Promise((done, fail) => {
      open.set(request.prompt, { done, fail });
      signal.addEventListener('abort', () => (log.push(`-${request.prompt}`), open.delete(request.prompt), fail(new DOMException('left', 'AbortError'))));
    });
    yield { event: 'start', ids: [1] };
    yield { event: 'token', id: 5 };
    await end;
    open.delete(request.prompt);
    yield { event: 'end', reason: 'length' };
  }
  const turn = () => new Promise(done => setTimeout(done, 2));
  return { generate, open, log, turn, finish: async name => (open.get(name).done(), turn()), fail: async name => (open.get(name).fail(new Error('no')), turn()) };
}
const want = (...names) => names.map(prompt => ({ prompt }));

test('two at a time, each once, in order', async () => {
  const { generate, open, log, turn, finish } = server();
  const cells = new Cells(generate);
  cells.want(want('a', 'b', 'c', 'd', 'a'));
  await turn();
  assert.deepEqual([...open.keys()], ['a', 'b']);
  await finish('a');
  assert.deepEqual([...open.keys()], ['b', 'c']);
  for (const name of ['b', 'c', 'd']) await finish(name);
  assert.deepEqual([log, cells.busy], [['a', 'b', 'c', 'd'], false]);
  assert.deepEqual([cells.get({ prompt: 'a' }).state, cells.get({ prompt: 'a' }).tokens.length, cells.get({ prompt: 'x' }).state], ['done', 1, 'waiting']);
});

test('a change asks only for what is new, and leaves what nobody wants', async () => {
  const { generate, log, turn, finish } = server();
  const cells = new Cells(generate);
  cells.want(want('a', 'b', 'c'));
  await turn();
  await finish('a');
  cells.want(want('a', 'c', 'e'));
  await turn();
  assert.deepEqual(log, ['a', 'b', 'c', '-b', 'e']);
  for (const name of ['c', 'e']) await finish(name);
  cells.want(want('a', 'e'));
  await turn();
  assert.equal(cells.busy, false);
  assert.equal(log.length, 5, 'what was there was asked for again');
});

test('a stop keeps what came, and the rest is written when asked to', async () => {
  const { generate, log, open, turn } = server();
  const cells = new Cells(generate);
  cells.want(want('a', 'b', 'c'));
  await turn();
  cells.stop();
  await turn();
  assert.deepEqual([cells.busy, open.size, cells.get({ prompt: 'a' }).state, cells.get({ prompt: 'a' }).tokens.length, cells.get({ prompt: 'c' }).state], [false, 0, 'stopped', 1, 'stopped']);
  cells.again();
  await turn();
  assert.deepEqual(log.slice(-2), ['a', 'b']);
});

test('a failure is told once and ends the others', async () => {
  const { generate, turn, fail } = server();
  const cells = new Cells(generate);
  const told = [];
  cells.listen(cell => cell?.state === 'failed' && told.push(cell.error.message));
  cells.want(want('a', 'b', 'c'));
  await turn();
  await fail('a');
  assert.deepEqual([told, cells.busy, cells.get({ prompt: 'c' }).state], [['no'], false, 'stopped']);
});
