import test from 'node:test';
import assert from 'node:assert/strict';

import { layout, spread } from '../screens/beams/layout.js';
import { numbers } from '../screens/beams/numbers.js';
import { exact, rerank, score } from '../screens/beams/ranking.js';
import { groupsIn, groupsOf, search } from '../screens/beams/request.js';
import { grow, path, tokens } from '../screens/beams/tree.js';
import { step } from '../screens/beams/walk.js';
import { START, decode, encode } from '../state.js';

const END = 9;
const candidate = (parent, token, logprob, total, fate) => ({ group: 0, parent, token, logprob, total, fate });
/** Two beams and three steps: a text ends at the second, two at the last. */
const STEPS = [
  { candidates: [candidate(0, 1, -1, -1, { alive: { beam: 0 } }), candidate(0, 2, -2, -2, { alive: { beam: 1 } }), candidate(0, 3, null, null, 'pruned')] },
  { candidates: [candidate(1, 4, -0.5, -2.5, { alive: { beam: 0 } }), candidate(0, END, -2, -3, { finished: { score: -1.5 } }), candidate(0, 5, -2.5, -3.5, { alive: { beam: 1 } }), candidate(1, END, -3, -5, 'pruned')] },
  { candidates: [candidate(0, 6, -1, -3.5, { finished: { score: -3.5 / 3 } }), candidate(1, 7, -1, -4.5, { finished: { score: -1.5 } }), candidate(1, 8, -9, -12.5, 'pruned')] },
];
const tree = () => grow(STEPS, { ends: [END], most: 3 });
const texts = ended => ended.map(one => one.tokens.join(' '));

test('a candidate hangs on the beam that it continues, and on no other of that number', () => {
  const nodes = tree();
  assert.equal(nodes.length, 11);
  assert.deepEqual(nodes.map(node => node.id), nodes.map((_, i) => i));
  assert.deepEqual(tokens(nodes.find(node => node.token === 6)), [2, 4, 6]);
  assert.deepEqual(tokens(nodes.find(node => node.token === 7)), [1, 5, 7]);
  assert.deepEqual(path(nodes.find(node => node.token === 8)).map(node => node.depth), [0, 1, 2, 3]);
  assert.deepEqual(path(null), []);
});

test('each fate has its reason', () => {
  const why = tree().slice(1).map(node => node.why);
  assert.deepEqual(why, ['alive', 'alive', 'cut', 'alive', 'finished', 'alive', 'ended_low', 'finished', 'finished', 'ended_low']);
  const over = grow([{ candidates: [candidate(0, 1, -1, -1, 'pruned')] }], { ends: [], most: 5 });
  assert.equal(over[1].why, 'over');
  const groups = grow([{ candidates: [{ ...candidate(0, 1, -1, -1, 'pruned'), group: 1 }, candidate(0, 2, -1, -1, { alive: { beam: 0 } }), candidate(0, 3, -4, -4, 'pruned')] }], { ends: [], most: 5 });
  assert.deepEqual(groups.slice(1).map(node => node.why), ['over', 'alive', 'worse']);
});

test('what ended is ranked by log-probability over length to the penalty', () => {
  const nodes = tree();
  assert.deepEqual(texts(rerank(nodes, 1)), ['2 4 6', '1 9', '1 5 7', '2 9', '1 5 8']);
  assert.deepEqual(texts(rerank(nodes, 0)), ['1 9', '2 4 6', '1 5 7', '2 9', '1 5 8']);
  assert.equal(rerank(nodes, -2)[0].score, -3 * 4);
  assert.equal(score(-8, 4, 0.5), -4);
  assert.equal(score(-8, 4, 0), -8);
});

test('as the search ranked them: those that it returned, then the others', () => {
  const ranked = exact(tree(), 1, [{ tokens: [2, 4, 6] }, { tokens: [1, 5, 7] }]);
  assert.deepEqual(texts(ranked), ['2 4 6', '1 5 7', '1 9', '2 9', '1 5 8']);
  assert.deepEqual(ranked.map(one => one.kept), [true, true, false, false, false]);
});

/** A tree as large as they come: every beam lives on with `beams` children more than it can keep. */
function large(beams, count) {
  let random = 1;
  const next = () => (random = (random * 48271) % 2147483647) / 2147483647;
  let alive = [0];
  let totals = [0];
  return Array.from({ length: count }, () => {
    const all = alive.flatMap(beam => Array.from({ length: 6 }, (_, token) => ({ parent: beam, token, logprob: -next(), group: 0 })));
    all.forEach(one => (one.total = totals[one.parent] + one.logprob));
    const kept = all.sort((a, b) => b.total - a.total).slice(0, 2 * beams);
    kept.forEach((one, i) => (one.fate = i < beams ? { alive: { beam: i } } : 'pruned'));
    alive = kept.slice(0, beams).map((_, i) => i);
    totals = kept.slice(0, beams).map(one => one.total);
    return { candidates: kept };
  });
}

for (const [beams, count] of [[1, 3], [4, 8], [8, 30]]) {
  test(`a layout places every node, none over another, none out of the picture: ${beams} beams, ${count} steps`, () => {
    const nodes = grow(large(beams, count), { ends: [], most: count });
    const { width, height, places } = layout(nodes);
    assert.equal(places.size, nodes.length);
    for (const { x, y, width: w, height: h } of places.values()) assert.ok(x >= 0 && y >= -1e-9 && x + w <= width && y + h <= height + 1e-9);
    const all = [...places.entries()];
    for (const [id, a] of all) {
      for (const [other, b] of all) assert.ok(id === other || a.x !== b.x || a.y + a.height <= b.y || b.y + b.height <= a.y, `${id} lies over ${other}`);
    }
    assert.deepEqual(layout(grow(large(beams, count), { ends: [], most: count })).places, places, 'twice the same');
  });
}

test('children stand in the order of their parents, siblings by their totals, so that no edges cross', () => {
  const nodes = grow(large(4, 8), { ends: [], most: 8 });
  const { places } = layout(nodes);
  const order = node => places.get(node.id).order;
  for (const a of nodes.slice(1)) {
    for (const b of nodes.filter(one => one.depth === a.depth)) {
      if (order(a.parent) < order(b.parent) || (a.parent === b.parent && a.total > b.total)) assert.ok(order(a) < order(b));
    }
  }
});

test('without the pruned the others are placed still, and it is lower', () => {
  const nodes = grow(large(4, 8), { ends: [], most: 8 });
  const some = layout(nodes.filter(node => node.kind !== 'pruned'));
  assert.equal(some.places.size, 1 + 4 * 8);
  assert.ok(some.height < layout(nodes).height);
});

test('tops come as near to the wished ones as order, gaps and room allow', () => {
  assert.deepEqual(spread([5, 40], [10, 10], 2, 100), [5, 40]);
  assert.deepEqual(spread([20, 20], [10, 10], 2, 100), [14, 26]);
  assert.deepEqual(spread([-5, 200], [10, 10], 2, 100), [0, 90]);
  assert.deepEqual(spread([50, 50, 50], [10, 10, 10], 0, 30), [0, 10, 20]);
});

test('arrows walk: to the parent, to the best child, within the step', () => {
  const nodes = tree();
  const { places } = layout(nodes);
  const named = token => nodes.find(node => node.token === token);
  const best = new Set(path(named(6)).map(node => node.id));
  const from = (key, node) => step(key, node, nodes, places, best)?.token;
  assert.equal(from('ArrowRight', nodes[0]), 2, 'the best path before the higher total');
  assert.equal(from('ArrowRight', named(1)), END);
  assert.equal(from('ArrowRight', named(8)), undefined);
  assert.equal(from('ArrowLeft', named(6)), 4);
  assert.equal(from('ArrowDown', named(1)), 2);
  assert.equal(from('ArrowUp', named(1)), undefined);
  assert.equal(from('Home', named(6)), null);
  assert.equal(from('End', nodes[0]), 6);
});

test('groups are those that divide the beams', () => {
  assert.deepEqual(groupsOf(8), [1, 2, 4, 8]);
  assert.deepEqual(groupsOf(7), [1, 7]);
  assert.equal(groupsIn({ nb: 6, bg: 4 }), 1);
  assert.equal(groupsIn({ nb: 6, bg: 3 }), 3);
});

test('the request says what the page shows', () => {
  const meta = { never_drawn: [0], end_of_text: [END] };
  assert.deepEqual(search({ ...START }, meta), {
    config: { max_new_tokens: 8, suppress_tokens: [0], eos_token_id: [END], do_sample: false },
    beams: { num_beams: 4, length_penalty: 1, early_stopping: false, num_beam_groups: 1, diversity_penalty: 0, num_return_sequences: 4 },
  });
  const other = search({ ...START, nb: 6, bg: 3, dp: 0.5, es: 'at_once', bs: true, bt: 0.7, seed: '7' }, meta);
  assert.deepEqual([other.beams.num_beam_groups, other.beams.diversity_penalty, other.beams.early_stopping, other.seed], [3, 0.5, true, '7']);
  assert.deepEqual([other.config.do_sample, other.config.temperature], [true, 0.7]);
  assert.equal(search({ ...START, es: 'never' }, meta).beams.early_stopping, 'never');
});

test('the lines of the CSV', () => {
  const lines = numbers(tree(), id => `t${id}`);
  assert.equal(lines.length, 11);
  assert.deepEqual(lines[5], [2, 0, 0, null, 't9', END, -2, -3, 'finished', -1.5, true]);
});

test('the address of a search', () => {
  const state = { ...START, screen: 'beams', nb: 6, lp: -0.3, es: 'never', bg: 3, at: 2, hp: true };
  assert.deepEqual(decode(encode(state)), state);
  assert.deepEqual([decode('#beams?nb=99&lp=x&es=soon&nt=0').nb, decode('#beams?lp=x').lp, decode('#beams?es=soon').es, decode('#beams?nt=0').nt], [8, 1, 'heuristic', 1]);
});
