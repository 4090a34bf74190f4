// The screen “Inside”: attention, lens and probe, by mouse and by keys, files, troubles.

import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';

import { useBrowser } from './browser.js';
import { faults, fits, saved, says } from './checks.js';
import { startServer } from './server.js';

const { open, excuse } = useBrowser();
let server = null;
let leaky = null;
before(async () => ([server, leaky] = await Promise.all([startServer(), startServer({ flags: ['--leaks'] })])));
after(() => Promise.all([server.stop(), leaky.stop()]));

const PROMPT = 'A story about love and war';
const STATE = `#inside?prompt=${encodeURIComponent(PROMPT)}`;

/** The figures in their order: attention, lens, tracks, probe, one row of it. */
const figure = (page, i) => page.locator('main figure').nth(i);

async function settled(page) {
  await page.waitForFunction(() => document.querySelectorAll('.inside:not([hidden])').length === 3 && document.querySelectorAll('figure[aria-busy]').length === 0);
  await page.waitForTimeout(50);
}

const numbers = base64 => {
  const bytes = Buffer.from(base64, 'base64');
  return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
};
const sentence = (page, i) => figure(page, i).locator('.told').textContent();

/** The pixels of a picture’s cells: [red, green, blue, opacity]. */
const cells = (page, i) =>
  figure(page, i).locator('image').evaluate(async node => {
    const image = Object.assign(new Image(), { src: node.getAttribute('href') });
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    return Array.from({ length: image.width * image.height }, (_, i) => [...data.slice(4 * i, 4 * i + 4)]);
  });

test('attention: what is masked has no colour, and each weight is the server’s', async () => {
  const page = await open(`${server.url}${STATE}&la=1&he=2`);
  await settled(page);
  const { ids, maps } = await server.ask('attention', { prompt: PROMPT, layer: 1 });
  const size = ids.length;
  const weights = numbers(maps[0].weights).slice(2 * size * size);
  const drawn = await cells(page, 0);
  drawn.forEach(([, , , opacity], i) => assert.equal(opacity, i % size > Math.floor(i / size) ? 0 : 255, `cell ${i}`));
  const map = figure(page, 0).locator('.heat');
  await map.focus();
  await page.keyboard.press('Home');
  for (let column = 0; column < 3; column++) {
    const percent = (100 * weights[(size - 1) * size + column]).toFixed(2);
    assert.match(await sentence(page, 0), new RegExp(`\\(${size}\\) attends to .*\\(${column + 1}\\): <?${percent}%\\. The row adds up to 100\\.0%`));
    await page.keyboard.press('ArrowRight');
  }
  await page.keyboard.press('PageUp');
  assert.match(await sentence(page, 0), /may not attend to/);
  assert.match(await page.locator('.verdict').first().textContent(), /what comes after is masked/);
});

test('a model that reads the future: the whole square is real, and a sentence says so', async () => {
  const page = await open(leaky.url + STATE);
  await settled(page);
  const { maps } = await leaky.ask('attention', { prompt: PROMPT, layer: 0 });
  const open_map = maps.findIndex(map => map.reads_the_future);
  assert.ok(open_map >= 0);
  const head = maps.slice(0, open_map).reduce((sum, map) => sum + map.heads, 0);
  await page.locator('.heads').first().locator('button').nth(head).click();
  assert.ok((await cells(page, 0)).every(([, , , opacity]) => opacity === 255));
  assert.match(await page.locator('.verdict').first().textContent(), /reads what comes after/);
});

test('the small maps: all heads of all layers, chosen by arrow keys', async () => {
  const page = await open(server.url + STATE);
  await settled(page);
  await page.locator('.maps').scrollIntoViewIfNeeded();
  const { layers } = await server.ask('meta');
  await page.waitForFunction(n => document.querySelectorAll('.layer:not([aria-busy]) canvas').length >= n, layers);
  await page.locator('.heads button[aria-pressed=true]').focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  await page.waitForTimeout(400);
  assert.match(page.url(), /la=1&he=1/);
  assert.match(await figure(page, 0).locator('.heat').getAttribute('aria-label'), /^Attention of layer 2, head 2/);
});

test('the lens: the last row is the model, and a cell tells its five', async () => {
  const page = await open(server.url + STATE);
  await settled(page);
  const { layers } = await server.ask('lens', { prompt: PROMPT });
  const labels = await figure(page, 1).locator('.row').allTextContents();
  assert.deepEqual([labels.length, labels[0]], [layers.length, 'embeddings']);
  assert.match(labels.at(-1), /the model/);
  const ids = () => page.locator('.five tr:not([hidden]) td:nth-child(3)').allTextContents();
  assert.deepEqual(await ids(), layers.at(-1).at(-1).top.map(({ id }) => String(id)));
  await figure(page, 1).locator('.heat').focus();
  await page.keyboard.press('PageUp');
  await page.keyboard.press('Home');
  assert.deepEqual(await ids(), layers[0][0].top.map(({ id }) => String(id)));
  const before = await cells(page, 1);
  await page.getByLabel('Colour by', { exact: true }).selectOption('entropy');
  assert.notDeepEqual(await cells(page, 1), before);
  const firsts = new Set(layers.map(row => row[0].top[0].id));
  assert.equal(await figure(page, 2).locator('.lines .key').count(), firsts.size);
});

test('the probe: a causal model stays empty before each change, one that leaks does not', async () => {
  const quiet = await open(server.url + STATE);
  await settled(quiet);
  const size = (await server.ask('probe', { prompt: PROMPT })).ids.length;
  const before = (all, then) => all.forEach((cell, i) => i % size < Math.floor(i / size) && then(cell, i));
  before(await cells(quiet, 3), ([, , , opacity], i) => assert.equal(opacity, 0, `cell ${i}`));
  assert.equal(await quiet.locator('.verdict').nth(1).textContent(), 'Causal: no logit before a changed token moved.');
  const loud = await open(leaky.url + STATE);
  await settled(loud);
  const { moved, leak } = await leaky.ask('probe', { prompt: PROMPT });
  const values = numbers(moved);
  before(await cells(loud, 3), ([, , , opacity], i) => assert.equal(opacity, values[i] > 0 ? 255 : 0, `cell ${i}`));
  assert.match(await loud.locator('.verdict').nth(1).textContent(), new RegExp(`reads the future: changing .* moved logits before it by up to ${leak.toFixed(3).replace('.', '\\.')}`));
});

test('a row of the probe by keys, and a replacement of one’s own', async () => {
  const page = await open(leaky.url + STATE);
  await settled(page);
  await figure(page, 3).locator('.heat').focus();
  await page.keyboard.press('PageUp');
  await page.keyboard.press('ArrowDown');
  await page.getByLabel('Replacement', { exact: true }).fill('word7');
  await page.getByLabel('Replacement', { exact: true }).press('Enter');
  await page.waitForFunction(() => document.querySelectorAll('figure')[4].querySelector('.told').textContent.includes('“word7”'));
  await settled(page);
  const { tokens } = await leaky.ask('vocab');
  const token = tokens.find(({ text }) => text === 'word7').id;
  const { moved, ids } = await leaky.ask('probe', { prompt: PROMPT, token });
  const row = numbers(moved).slice(ids.length, 2 * ids.length);
  assert.equal(await figure(page, 4).locator('.moved').count(), row.filter(value => value > 0).length);
  assert.equal(await figure(page, 4).locator('.zero').count(), row.filter(value => value === 0).length);
  await page.waitForTimeout(400);
  assert.match(page.url(), new RegExp(`rp=${token}&rw=1`));
  await page.getByLabel('Replacement', { exact: true }).fill('no such word');
  await page.getByLabel('Replacement', { exact: true }).press('Tab');
  assert.equal(await page.getByLabel('Replacement', { exact: true }).evaluate(input => input.validity.valid), false);
});

test('the address keeps all over a reload; Portuguese', async () => {
  const page = await open(`${server.url}${STATE}&la=2&he=1&ps=2&ly=1&cb=rank&rp=30&rw=3&lang=pt`);
  await settled(page);
  const all = () => page.$$eval('.told, .verdict, main h2', parts => parts.map(part => part.textContent));
  const seen = await all();
  assert.ok(seen.includes('Lente de logits'));
  await page.reload();
  await settled(page);
  assert.deepEqual(await all(), seen);
});

test('axe finds nothing, in both themes', async () => {
  for (const theme of ['light', 'dark']) {
    const page = await open(`${server.url}${STATE}&theme=${theme}&table=1`);
    await settled(page);
    assert.deepEqual(await faults(page), [], theme);
  }
});

test('at 320 pixels only the pictures scroll', async () => {
  const page = await open(`${server.url}${STATE}&lang=pt&table=1`, { viewport: { width: 320, height: 700 } });
  await settled(page);
  await fits(page, 320);
});

test('hostile texts are texts', async () => {
  const page = await open(`${server.url}#inside?add=2.3.4.5.6.7.14.15&table=1`);
  await settled(page);
  for (const tag of ['script:not([src="main.js"])', 'img', 'main b', 'main i', 'iframe']) assert.equal(await page.locator(tag).count(), 0, tag);
  const shown = await page.locator('main').textContent();
  assert.ok(shown.includes('<script>alert(1)</script>'));
  assert.doesNotMatch(shown, /[\u202a-\u202e\u2066-\u2069\u0000-\u0008\u001b]/);
});

test('files of each figure', async () => {
  const { ids, layers } = await server.ask('lens', { prompt: PROMPT });
  const size = ids.length;
  const lines = [size * size, layers.length * size, null, size * size, size];
  const names = ['attention', 'lens', 'tracks', 'probe', 'probe-row'];
  for (const [i, right] of lines.entries()) {
    const page = await open(server.url + STATE); // a page may save so many files and no more
    await settled(page);
    const file = kind => saved(figure(page, i), kind, names[i]);
    const svg = String(await file('SVG'));
    assert.ok(await page.evaluate(text => new DOMParser().parseFromString(text, 'image/svg+xml').querySelector('parsererror') === null, svg));
    assert.deepEqual([...(await file('PNG')).subarray(1, 4)], [...Buffer.from('PNG')]);
    const csv = String(await file('CSV')).trim().split('\r\n');
    if (right) assert.equal(csv.length, 1 + right, `figure ${i}`);
    assert.deepEqual(JSON.parse(await file('JSON')).ids, ids);
  }
});

test('a refusal is told, and passes', async () => {
  excuse(/status of (422|500)/);
  const page = await open(`${server.url}#inside?add=999999`);
  await says(page, '999999');
  await page.getByLabel('Text', { exact: true }).fill('this will fail');
  await says(page, '<i>tokenizer</i>');
  await page.getByLabel('Text', { exact: true }).fill('this will do');
  await says(page, '');
  await settled(page);
});

test('a replacement that the server refuses is told', async () => {
  excuse(/status of 422/);
  const page = await open(server.url + STATE);
  await settled(page);
  await page.evaluate(hash => void (location.hash = `${hash}&rp=99999`), STATE);
  await says(page, '99999');
  await page.evaluate(hash => void (location.hash = `${hash}&rp=30`), STATE);
  await says(page, '');
  await settled(page);
});

test('a server that is gone shows, and its return ends it', async () => {
  excuse(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/);
  let mortal = await startServer();
  try {
    const page = await open(mortal.url + STATE);
    await settled(page);
    await mortal.stop();
    await page.getByLabel('Text', { exact: true }).fill('two words');
    await says(page, 'does not answer');
    mortal = await startServer({ port: mortal.port });
    await says(page, '');
    await settled(page);
    assert.equal(await page.locator('.tokens li').count(), 2);
  } finally {
    await mortal.stop();
  }
});
