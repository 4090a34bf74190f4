import test from 'node:test';
import assert from 'node:assert/strict';

import { browser, made } from './dom.js';

const V = 40;
const asked = [];
let answer = null; // what the server does instead

const base64 = row => Buffer.from(row.buffer).toString('base64');
const rowAfter = (ids, step) => Float32Array.from({ length: V }, (_, i) => (i === 5 ? 5 : 4 * Math.sin(i * 1.7 + ids.length + step)));
const json = (body, status = 200) => new Response(JSON.stringify(body), { status });
const server = {
  meta: () => ({ api: 1, run: 'r', preset: 'causal', vocab_size: V, window: 64, parameters: 12, fingerprint: 'f', checkpoints: [{ step: 1, val_loss: 4 }, { step: 2, val_loss: null }], prompts: ['a', 'b', 'c'], never_drawn: [0] }),
  vocab: () => ({ tokens: Array.from({ length: V }, (_, id) => ({ id, text: id === 5 ? '<script>' : `t${id}`, special: id < 4 })) }),
  tokenize: () => ({ ids: [2, 7] }),
  logits: ({ ids = [2, 7], step }) => ({ step, ids, cut: 0, vocab_size: V, dtype: 'f32le', logits: base64(rowAfter(ids, step)) }),
};
async function fetched(url, { body, signal } = {}) {
  const name = url.split('/').at(-1);
  asked.push([name, body && JSON.parse(body)]);
  await pause(1);
  if (signal?.aborted) throw new DOMException('left', 'AbortError');
  return answer ? answer() : json(server[name](body && JSON.parse(body)));
}

const pause = ms => new Promise(done => setTimeout(done, ms));
/** In many turns of the event loop: a machine that is late is late once, and the page's own timers come between. */
const settle = async (ms = 20) => {
  for (let turn = 0; turn < 40; turn++) await pause(ms / 40);
};
const { top, main, alert } = browser(fetched);
await import('../main.js');
await settle(300);

const bars = () => main.all(node => node.attributes.get('role') === 'button' && node.localName === 'rect');
const texts = () => bars().map(bar => bar.parent.all(node => node.localName === 'text')[0].textContent);
const input = test => main.all(node => node.localName === 'input' && test(node))[0];
const slider = index => main.all(node => node.getAttribute('type') === 'range')[index];
const press = (text, root = main) => root.all(node => node.localName === 'button' && node.textContent === text)[0].fire('click');
const slide = async (index, value) => {
  slider(index).value = value;
  slider(index).fire('input');
  await settle();
};

test('the page boots into the notebook’s panel', () => {
  assert.equal(alert.textContent, '');
  assert.equal(bars().length, 15);
  assert.match(texts()[0], /^\d+\.\d%$/);
  assert.match(main.textContent, /T=1\.0 K=15 P=1\.00/);
});

test('a slider asks nothing and makes no node', async () => {
  const [requests, nodes] = [asked.length, made.nodes];
  await slide(1, 4);
  assert.equal(texts().filter(text => text === 'X').length, 11);
  await slide(0, 2.5);
  assert.match(main.textContent, /T=2\.5 K=4 P=1\.00/);
  await settle(600);
  assert.deepEqual([asked.length, made.nodes], [requests, nodes]);
  assert.match(location.hash, /t=2\.5&k=4/);
});

test('a whole vocabulary tells reasons, the others and the stages', async () => {
  const mode = input(node => node.getAttribute('role') === 'switch');
  mode.checked = true;
  mode.fire('change');
  await settle();
  const all = main.textContent;
  for (const words of ['cut by top-k', 'other 25 tokens', 'Never drawn', 'Entropy']) assert.ok(all.includes(words), words);
  const nodes = made.nodes;
  await slide(3, 0.5);
  await slide(4, 0.5);
  assert.equal(made.nodes, nodes);
  assert.match(main.textContent, /min-p=0\.50 typical=0\.50/);
});

test('keys append and undo, but not in a field', async () => {
  const label = bars()[1].getAttribute('aria-label');
  main.fire('keydown', { key: '2' });
  await settle();
  assert.match(location.hash, /add=\d+/);
  const [name, request] = asked.at(-1);
  assert.equal(name, 'logits');
  assert.equal(request.ids.length, 3);
  assert.ok(label.startsWith(`2: t${request.ids[2]}, `), label);
  input(node => node.getAttribute('type') === 'text').fire('keydown', { key: 'Backspace' });
  assert.match(location.hash, /add=\d+/);
  const requests = asked.length;
  main.fire('keydown', { key: 'Backspace' });
  await settle();
  assert.doesNotMatch(location.hash, /add=/);
  assert.equal(asked.length, requests, 'going back asked the server');
});

test('arrows move between bars, Enter appends', async () => {
  bars()[0].fire('keydown', { key: 'ArrowRight' });
  assert.equal(document.activeElement, bars()[1]);
  assert.deepEqual(bars().map(bar => bar.getAttribute('tabindex')).slice(0, 3), ['-1', '0', '-1']);
  bars()[1].fire('keydown', { key: 'Enter' });
  await settle();
  assert.match(location.hash, /add=\d+/);
  press('Remove all');
  await settle();
});

test('a text is asked for when typing pauses, and leaving the field changes nothing', async () => {
  const field = input(node => node.getAttribute('type') === 'text');
  field.value = 'my own';
  field.fire('input');
  await settle(500);
  assert.deepEqual(asked.at(-1), ['logits', { prompt: 'my own', step: 2 }]);
  main.fire('keydown', { key: '1' });
  await settle();
  field.fire('change');
  assert.match(location.hash, /prompt=my\+own&add=\d+/);
  const list = main.all(node => node.localName === 'select')[0];
  assert.equal(list.value, 'own');
  list.value = '1';
  list.fire('change');
  await settle();
  assert.deepEqual([asked.at(-1)[1].prompt, field.value], ['b', 'b']);
  assert.doesNotMatch(location.hash, /add=/);
});

test('hostile texts are words', () => {
  assert.equal(main.all(node => node.localName === 'script').length, 0);
  assert.match(bars()[0].getAttribute('aria-label'), /^1: <script>, /);
  assert.equal(main.all(node => node.localName === 'bdi').filter(node => node.textContent === '<script>').length, 1);
});

test('a seed draws the same token again', async () => {
  const draw = async () => {
    press('Sample');
    await settle();
    const { hash } = location;
    press('Undo');
    await settle();
    return hash;
  };
  assert.equal(await draw(), await draw());
});

test('the scrubber asks for that step', async () => {
  await slide(5, 0);
  assert.equal(asked.at(-1)[1].step, 1);
  await settle(400);
  assert.match(location.hash, /step=1/);
});

test('another language, with its comma', async () => {
  const language = top.all(node => node.name === 'language')[0];
  language.value = 'pt';
  language.fire('change');
  await settle();
  assert.equal(document.documentElement.getAttribute('lang'), 'pt-BR');
  assert.match(main.textContent, /T=2,5/);
  assert.equal(bars().length, 15);
});

test('a refusal is told in the server’s words, and passes', async () => {
  answer = () => json({ title: 'no', status: 422, detail: 'token 99 is beyond the vocabulary' }, 422);
  main.fire('keydown', { key: '1' });
  await settle();
  assert.equal(alert.textContent, 'token 99 is beyond the vocabulary');
  answer = null;
  press('Desfazer');
  await settle();
  assert.equal(alert.textContent, '');
});

test('a lost server is told, and found again', async () => {
  answer = () => {
    throw new TypeError('fetch failed');
  };
  main.fire('keydown', { key: '3' });
  await settle();
  assert.match(alert.textContent, /não responde/);
  main.fire('keydown', { key: '3' });
  assert.equal(location.hash.match(/add=([\d.]*)/)[1].split('.').length, 1, 'a token was appended to a row that is not there');
  answer = null;
  await settle(2300);
  assert.equal(alert.textContent, '');
  assert.match(main.textContent, /acrescentado/);
});
