import test from 'node:test';
import assert from 'node:assert/strict';

import { excerpt, lookUp, matches } from '../screens/data/matches.js';
import { counts, parts, written } from '../screens/data/pieces.js';
import { layout } from '../screens/data/strip-picture.js';
import { decode, encode, START } from '../state.js';

const texts = list => list.map(part => part.text);

test('a text is cut by characters, not by UTF-16 units', () => {
  const found = parts('👩 zé!', [{ id: 2, start: 0, end: 0 }, { id: 7, start: 0, end: 1 }, { id: 8, start: 2, end: 4 }, { id: 9, start: 4, end: 5 }]);
  assert.deepEqual(texts(found), ['', '👩', ' ', 'zé', '!']);
  assert.deepEqual(found.map(part => part.frames), [true, false, false, false, false]);
  assert.deepEqual(found.map(part => part.at), [0, 1, null, 2, 3]);
});

test('combining marks stay where their token is', () => {
  assert.deepEqual(texts(parts('e\u0301\u0323x', [{ id: 1, start: 0, end: 1 }, { id: 2, start: 1, end: 3 }])), ['e', '\u0301\u0323', 'x']);
});

test('several tokens of one character all show it, and nothing is told twice', () => {
  const found = parts('é a', [{ id: 1, start: 0, end: 1 }, { id: 2, start: 0, end: 1 }, { id: 3, start: 2, end: 3 }]);
  assert.deepEqual(texts(found), ['é', 'é', ' ', 'a']);
});

test('a text without a token is a text still', () => {
  assert.deepEqual(texts(parts('   ', [])), ['   ']);
  assert.deepEqual(parts('', []), []);
});

test('counts: characters, words, tokens, frames, unknown ones, what the window cuts', () => {
  const pieces = [{ id: 2, start: 0, end: 0 }, { id: 1, start: 0, end: 2 }, { id: 5, start: 3, end: 4 }, { id: 6, start: 4, end: 6 }];
  const told = counts('👩👩 abc', pieces, { unknown: 1, window: 3 });
  assert.deepEqual(told, { characters: 6, words: 2, tokens: 4, frames: 1, unknown: 1, share: 1 / 3, perWord: 1.5, cut: 1 });
  const none = counts('', [], { unknown: null, window: 3 });
  assert.deepEqual([none.share, none.perWord, none.cut, none.unknown], [null, null, 0, 0]);
});

test('how a token is written', () => {
  assert.deepEqual(written('é👩'), { points: ['U+00E9', 'U+1F469'], bytes: ['C3', 'A9', 'F0', '9F', '91', 'A9'] });
  assert.deepEqual(written(''), { points: [], bytes: [] });
});

test('matches are found whatever the case, and the text stays whole', () => {
  const found = matches('Zürich, ZÜRICH und zurich', 'zürich');
  assert.deepEqual(found.filter(part => part.isMatch).map(part => part.text), ['Zürich', 'ZÜRICH']);
  assert.equal(texts(found).join(''), 'Zürich, ZÜRICH und zurich');
  assert.deepEqual(matches('aaa', 'aa').map(part => part.isMatch), [true, false]);
  assert.deepEqual(matches('', 'a'), []);
  assert.deepEqual(matches('<b>', ''), [{ text: '<b>', isMatch: false }]);
});

test('a character that is two in lower case is marked whole', () => {
  const found = matches('Aİstanbul', 'i̇s');
  assert.deepEqual(found.map(part => [part.text, part.isMatch]), [['A', false], ['İs', true], ['tanbul', false]]);
  assert.deepEqual(matches('👩X👩', 'x').map(part => part.text), ['👩', 'X', '👩']);
});

test('an excerpt holds the first match', () => {
  const text = `${'a'.repeat(500)}needle${'b'.repeat(500)}`;
  const found = excerpt(text, 'NEEDLE', 100);
  assert.ok(found.text.includes('needle') && found.before && found.after && found.text.length === 100);
  assert.deepEqual(excerpt('short', 'x', 100), { text: 'short', before: false, after: false });
  assert.deepEqual(excerpt('x'.repeat(200), '', 100).before, false);
  const end = excerpt(`${'a'.repeat(500)}needle`, 'needle', 100);
  assert.ok(end.text.endsWith('needle') && !end.after && end.text.length === 100);
});

test('tokens by id or by text', () => {
  const vocab = ['a', 'B', '12', 'ab'].map((text, id) => ({ id, text }));
  const ids = query => lookUp(vocab, query).map(token => token.id);
  assert.deepEqual(ids(''), [0, 1, 2, 3]);
  assert.deepEqual(ids('b'), [1, 3]);
  assert.deepEqual(ids('#2'), [2]);
  assert.deepEqual(ids('1'), [1, 2], 'the token 1, and what has a 1 in it');
  assert.deepEqual(ids('nothing'), []);
});

test('the picture of the tokens breaks its lines and keeps within its width', () => {
  const chips = Array.from({ length: 60 }, (_, i) => ({ token: 'token'.repeat((i % 9) + 1), below: '1', kind: 'plain' }));
  const told = layout([...chips, { token: 'x'.repeat(400), below: '', kind: 'plain' }]);
  for (const { x, y, width } of told.chips) assert.ok(x >= 0 && x + width <= 880 && y < told.height);
  for (const [i, chip] of told.chips.entries()) {
    const before = told.chips[i - 1];
    assert.ok(!before || chip.y > before.y || chip.x >= before.x + before.width, 'no chip over another');
  }
  assert.ok(layout([]).height > 0);
});

test('the address keeps what one looks for', () => {
  const state = { ...START, screen: 'data', split: 'held_out', find: 'a & b #1', from: 40, doc: 3, look: '☃', voc: 20, token: 7 };
  assert.deepEqual(decode(encode(state)), state);
  assert.deepEqual(decode('#data?split=other&from=-3').split, 'all');
});
