import test from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { Session } from '../screens/generate/session.js';
import { lines, totals } from '../screens/generate/numbers.js';
import { layout } from '../screens/generate/picture.js';
import { COLOURS, colour, contrast, level, MEASURES, valueAt } from '../screens/generate/shade.js';
import { bounded, children, family, find, instead, onward, path, read, root, sequence, without, write } from '../screens/generate/tree.js';
import { generation, strategyName } from '../strategy.js';
import { createPieces } from '../text.js';

const choice = (id, p = 0.25) => ({ id, rank: 1, logit: null, p_raw: p, p_final: 0, kept: false, cut_by: 'top_k' });
const token = id => ({ id, rank: 0, p_raw: 0.5, p_final: 0.75, surprisal_bits: 1, entropy_bits: 2, entropy_final_bits: 1.5, kept: 3, top: [choice(id + 1), choice(id + 2)] });
const recipe = { step: 4, seed: '42', config: { do_sample: true, eos_token_id: [3] } };
const END = { reason: 'length', seconds: 2 };

/** A tree 1 of the tokens 10–13, a branch 2 at 1 (90, 20), and in it a branch 3 at 2 (91). */
function forest() {
  const one = { ...root([], 'p', recipe), ids: [7, 8], tokens: [10, 11, 12, 13].map(token), end: END };
  const two = instead([one], 1, 1, choice(90), recipe);
  two.tokens.push(token(20));
  const three = instead([one, two], 2, 2, choice(91), recipe);
  return [one, two, three];
}

const ids = (trees, id) => path(trees, id).map(({ token }) => token.id);

test('a branch is what came before it and what is its own; its parent stays as it was', () => {
  const trees = forest();
  assert.deepEqual([ids(trees, 1), ids(trees, 2), ids(trees, 3)], [[10, 11, 12, 13], [10, 90, 20], [10, 90, 91]]);
  assert.deepEqual(sequence(trees, 3), [7, 8, 10, 90, 91]);
  assert.deepEqual(path(trees, 3).map(({ owner }) => owner.id), [1, 2, 3]);
  assert.deepEqual(ids(trees, 99), []);
});

test('a token chosen by hand has its own numbers and the choices of the place', () => {
  const [taken] = forest()[1].tokens;
  assert.deepEqual([taken.id, taken.p_raw, taken.surprisal_bits, taken.by_hand, taken.entropy_bits], [90, 0.25, 2, true, 2]);
  assert.deepEqual(taken.top, token(11).top);
});

test('another first token of a branch makes a sibling, a later one a child', () => {
  const trees = forest();
  assert.deepEqual([instead(trees, 2, 1, choice(5), recipe).parent, instead(trees, 2, 2, choice(5), recipe).parent], [1, 2]);
  assert.deepEqual([instead(trees, 3, 0, choice(5), recipe).parent, instead(trees, 3, 0, choice(5), recipe).at], [1, 0]);
  assert.deepEqual([onward(trees, 3, recipe).parent, onward(trees, 3, recipe).at, onward(trees, 3, recipe).id], [3, 3, 4]);
});

test('a family goes as a whole', () => {
  const trees = forest();
  assert.deepEqual(family(trees, 2).map(({ id }) => id), [2, 3]);
  assert.deepEqual(without(trees, family(trees, 2)).map(({ id }) => id), [1]);
  assert.deepEqual([children(trees, null).length, find(trees, 9)], [1, null]);
});

test('trees come back as they were written; what grew has stopped; nonsense is nothing', () => {
  const trees = forest();
  const back = read(write(trees));
  assert.deepEqual(back[0], JSON.parse(JSON.stringify({ ...trees[0], tokens: trees[0].tokens.map(one => ({ ...one, by_hand: null })) })));
  assert.deepEqual([back[2].end.reason, ids(back, 3)], ['stopped', [10, 90, 91]]);
  for (const text of [null, '', '{', '[1]', '{"a":1}', '[{"tokens":[[1]]}]']) assert.deepEqual(read(text), [], text);
});

test('the oldest trees go first, the newest never does', () => {
  const trees = [];
  for (let i = 0; i < 5; i++) trees.push({ ...root(trees, `p${i}`, recipe), tokens: [10, 11].map(token), end: END });
  const size = write([trees[0]]).length;
  assert.deepEqual(bounded(trees, 2.5 * size).map(({ id }) => id), [4, 5]);
  assert.deepEqual(bounded(trees, 1).map(({ id }) => id), [5]);
  assert.deepEqual(bounded(trees, 1e9), trees);
  assert.deepEqual(bounded(forest(), 1).length, 3, 'a tree is not cut apart');
});

// --- the session

/** A server whose answers one lets out by hand. */
function server() {
  const asked = [];
  const api = {
    async *generate(request, signal) {
      const call = { request, events: [], wake: () => {}, fail: null };
      asked.push(call);
      signal.addEventListener('abort', () => ((call.fail = new DOMException('left', 'AbortError')), call.wake()));
      for (;;) {
        while (call.events.length > 0) {
          const event = call.events.shift();
          yield event;
          if (event.event === 'end') return;
        }
        if (call.fail) throw call.fail;
        await new Promise(done => (call.wake = done));
      }
    },
  };
  const give = (...events) => (asked.at(-1).events.push(...events), asked.at(-1).wake(), turn());
  const fail = error => ((asked.at(-1).fail = error), asked.at(-1).wake(), turn());
  return { api, asked, give, fail };
}
const turn = () => new Promise(done => setTimeout(done, 5));
const made = id => ({ event: 'token', position: 0, ...token(id) });
const started = { event: 'start', step: 4, ids: [7, 8], cut: 0, seed: 42 };

test('a stop keeps what came, and a branch asks for the sequence with its token', async () => {
  const { api, asked, give } = server();
  const session = new Session(api, 'a');
  session.generate('hello', recipe);
  assert.deepEqual(asked[0].request, { prompt: 'hello', step: 4, config: recipe.config, seed: '42' });
  await give(started, made(10), made(11), made(12));
  assert.equal(session.growing.id, 1);
  session.stop();
  await turn();
  assert.deepEqual([session.growing, session.forest[0].end.reason, session.forest[0].tokens.length], [null, 'stopped', 3]);
  session.branch(1, 1, choice(90), recipe);
  assert.deepEqual(asked[1].request.ids, [7, 8, 10, 90]);
  await give(started, made(20), { event: 'end', ...END });
  assert.deepEqual(ids(session.forest, 2), [10, 90, 20]);
  assert.deepEqual(ids(session.forest, 1), [10, 11, 12]);
  session.goOn(2, recipe);
  assert.deepEqual(asked[2].request.ids, [7, 8, 10, 90, 20]);
  session.stop();
  await turn();
  assert.deepEqual(session.forest.map(({ id }) => id), [1, 2], 'what brought nothing is no branch');
});

test('what breaks off keeps what came and says why', async () => {
  const { api, give, fail } = server();
  const session = new Session(api, 'b');
  const told = [];
  session.listen((what, error) => error && told.push(error.message));
  session.generate('hello', recipe);
  await give(started, made(10));
  await fail(new Error('the model <b>broke</b>'));
  assert.deepEqual(session.forest[0].end.detail, 'the model <b>broke</b>');
  assert.deepEqual([session.forest[0].end.reason, session.forest[0].tokens.length, told], ['broken', 1, ['the model <b>broke</b>']]);
});

test('what is deleted comes back with its number, and no other gets it', async () => {
  const { api, give } = server();
  const session = new Session(api, 'c');
  session.forest = forest();
  session.remove(2);
  assert.deepEqual(session.forest.map(({ id }) => id), [1]);
  session.generate('new', recipe);
  await give(started, made(10), { event: 'end', ...END });
  session.undo();
  assert.deepEqual(session.forest.map(({ id }) => id), [1, 2, 3, 4]);
  session.clear();
  session.undo();
  assert.equal(session.forest.length, 4);
});

test('the end of the text taken by hand asks nothing', async () => {
  const { api, asked } = server();
  const session = new Session(api, 'd');
  session.forest = forest();
  session.branch(1, 2, choice(3), recipe);
  await turn();
  assert.deepEqual([asked.length, session.forest.at(-1).end.reason], [0, 'eos']);
});

// --- shades, totals, pictures

test('every shade of both themes carries its ink', () => {
  for (const theme of ['light', 'dark']) {
    for (let i = 0; i <= 1000; i++) {
      const found = contrast(colour(i / 1000, theme), COLOURS[theme].ink);
      assert.ok(found >= 4.5, `${theme} ${i / 1000}: ${found}`);
    }
    assert.ok(contrast(COLOURS[theme].heat, COLOURS[theme].ground) > 2, 'the ramp is seen');
  }
  assert.equal(contrast('#000000', '#ffffff').toFixed(2), '21.00');
});

test('the style sheets have the same colours', () => {
  const [page, own] = ['../style.css', '../screens/generate/style.css'].map(path => readFileSync(new URL(path, import.meta.url), 'utf8'));
  for (const [name, sheet] of [['ground', page], ['ink', page], ['heat', own]]) {
    assert.ok(sheet.includes(`--${name}: light-dark(${COLOURS.light[name]}, ${COLOURS.dark[name]})`), name);
  }
});

test('shades grow with surprise, and the legend’s values lie where it says', () => {
  assert.deepEqual([level('probability', 1, 16), level('probability', 0, 16), level('surprisal', 2, 16), level('rank', 16, 16), level('rank', 1, 16)], [0, 1, 0.5, 1, 0]);
  assert.deepEqual([level('surprisal', Infinity, 16), level('entropy', -1e-9, 16), level('entropy', 1, 1)], [1, 0, 1]);
  for (const measure of MEASURES) for (const at of [0, 0.5, 1]) assert.ok(Math.abs(level(measure, valueAt(measure, at, 1024), 1024) - at) < 1e-9, `${measure} ${at}`);
});

test('totals: the mean in bits, the perplexity of it, and only drawn tokens have speed', () => {
  const trees = forest();
  assert.deepEqual(totals(path(trees, 1), trees[0]), { tokens: 4, mean: 1, perplexity: 2, speed: 2 });
  assert.deepEqual(totals(path(trees, 2), { ...trees[1], end: { reason: 'eos', seconds: 0.5 } }), { tokens: 3, mean: 4 / 3, perplexity: 2 ** (4 / 3), speed: 2 });
});

test('the CSV has a line a token, positions in the whole sequence', () => {
  const trees = forest();
  const [head, , second] = lines(path(trees, 3), 2, id => `t${id}`);
  assert.deepEqual(head.slice(0, 4), ['position', 'token', 'id', 'by_hand']);
  assert.deepEqual([...second.slice(0, 4), second.at(-1)], [3, 't90', 90, true, 2]);
});

test('lines break before what does not fit, and no gap begins one', () => {
  const tiles = ['aaa', 'bbb', 'cccc', 'dd'].map(text => ({ text, gap: ' ' }));
  assert.deepEqual(layout(tiles, text => text.length, 8).map(({ x, line }) => [x, line]), [[0, 0], [4, 0], [0, 1], [5, 1]]);
});

test('tokens of a text: spaces stay, lone white space and direction marks are signs', () => {
  const vocab = [{ text: ' the', special: false }, { text: '\n', special: false }, { text: '\u202ea', special: false }, { text: '[EOS]', special: true }];
  const piece = createPieces({ separator: '' }, vocab);
  assert.deepEqual([0, 1, 2, 3, 9].map(id => piece(id, 1).text), [' the', '↵', '⟨U+202E⟩a', '[EOS]', '#9']);
  assert.deepEqual([createPieces({}, vocab)(0, 0).gap, createPieces({}, vocab)(0, 1).gap, piece(3, 1).special], ['', ' ', true]);
});

test('how to generate, in the library’s names', () => {
  const meta = { never_drawn: [0], end_of_text: [3] };
  const off = { k: 0, p: 1, min_p: 0, typical_p: 1 };
  assert.deepEqual(generation({ greedy: true, t: 2, ...off }, meta, 5), { do_sample: false, suppress_tokens: [0], max_new_tokens: 5, eos_token_id: [3] });
  const sampled = generation({ t: 0.8, ...off, k: 50, penalty: 1.2 }, meta, 5);
  assert.deepEqual(sampled, { do_sample: true, temperature: 0.8, top_k: 50, suppress_tokens: [0], repetition_penalty: 1.2, max_new_tokens: 5, eos_token_id: [3] });
  const app = { t: key => key, f: { short: String } };
  assert.equal(strategyName(sampled, app), 'Temp=0.8 K=50 penalty_short=1.2');
});
