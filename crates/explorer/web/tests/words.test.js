import test from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';

import { floats } from '../api.js';
import { csv } from '../export.js';
import { numbers } from '../screens/next/numbers.js';
import { formats, plain, shorten, visible } from '../format.js';
import en from '../i18n/en.js';
import pt from '../i18n/pt.js';
import { preferred, tag, translator } from '../i18n/index.js';
import * as next from '../screens/next/words.js';

/** Every screen's own words beside the page's. */
const screens = new URL('../screens/', import.meta.url);
const own = await Promise.all(readdirSync(screens).map(name => import(new URL(`${name}/words.js`, screens))));

test('both languages say the same things, with the same values', () => {
  const values = text => [...text.matchAll(/\{(\w+)\}/g)].map(m => m[1]).sort();
  for (const words of [{ en, pt }, ...own]) {
    assert.deepEqual(Object.keys(words.pt), Object.keys(words.en));
    for (const key of Object.keys(words.en)) assert.deepEqual(values(words.pt[key]), values(words.en[key]), key);
  }
});

test('values are put in, plurals follow the language', () => {
  const t = translator('en', next);
  assert.equal(t('other', { n: 1 }, 1), 'other 1 token');
  assert.equal(t('other', { n: '2,000' }, 2000), 'other 2,000 tokens');
  assert.equal(translator('pt', next)('other', { n: 1 }, 1), 'outro 1 token');
  assert.equal(t('token', { id: 3, text: '{id}$&' }), 'Token 3: {id}$&');
});

test('the browser’s first language that is spoken', () => {
  assert.equal(preferred(['de-DE', 'pt-PT', 'en']), 'pt');
  assert.equal(preferred(['de']), 'en');
  assert.equal(tag('pt'), 'pt-BR');
});

test('numbers as the language writes them', () => {
  assert.equal(formats('en').percent(0.3333), '33.3%');
  assert.equal(formats('pt-BR').percent(0.3333), '33,3%');
  assert.equal(formats('pt-BR').integer(50257), '50.257');
  assert.equal(formats('en').exact(0.00001), '<0.01%');
  assert.equal(formats('en').exact(0), '0.00%');
});

test('numbers short, however small or large', () => {
  assert.deepEqual([0, 0.00125, 32.6, 1234, 1.23456e6, 3e-7, -2e15].map(x => formats('en').short(x)), ['0', '0.00125', '32.6', '1,230', '1.23M', '3E-7', '-2E15']);
  assert.equal(formats('en').short(1.23456e6, 5), '1.2346M');
  assert.equal(formats('pt-BR').upTo(1.5, 2), '1,5');
});

test('halves go to the even digit, as in Python', () => {
  assert.deepEqual([0.0625, 0.1875, 0.5, 1].map(formats('en').percent), ['6.2%', '18.8%', '50.0%', '100.0%']);
});

test('nothing in a token is invisible, and nothing is markup', () => {
  assert.equal(visible(' the\n\t'), '␣the↵⇥');
  assert.equal(visible(''), '∅');
  assert.equal(visible('\u0000\u001b\u007f'), '␀␛␡');
  assert.equal(visible('\u202eabc\u200b\u00a0'), '⟨U+202E⟩abc⟨U+200B⟩⍽');
  assert.equal(visible('\u0301a'), '◌\u0301a');
  assert.equal(visible('<script>'), '<script>');
  assert.equal(visible('\ufffd'), '\ufffd');
});

test('a text for a title keeps its spaces and its direction', () => {
  assert.equal(plain('a b\u202e\n'), 'a b⟨U+202E⟩↵');
});

test('shortening counts characters', () => {
  assert.equal(shorten('abcdef', 4), 'abc…');
  assert.equal(shorten('😀😀', 2), '😀😀');
});

test('logits come out of base64 as they went in', () => {
  const row = Float32Array.of(1.5, -Infinity, -0, 3.4e38);
  assert.deepEqual(floats(Buffer.from(row.buffer).toString('base64')), row);
});

test('CSV quotes what it must', () => {
  const row = { rank: 0, id: 7, logit: 1.5, p_raw: 0.25, p_final: 1, kept: true, cut_by: null };
  const text = csv(numbers({ rows: [row], other: { n: 2, p_raw: 0.75, p_final: 0 } }, () => 'a,"b"\n'));
  assert.equal(text, 'rank,token,id,logit,p_raw,p_final,kept,cut_by\r\n0,"a,""b""\n",7,1.5,0.25,1,true,\r\n,other 2,,,0.75,0,,\r\n');
});
