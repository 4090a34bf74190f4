// The files that one can save, and the weight of the page.

import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';

import { useBrowser } from './browser.js';
import { saved } from './checks.js';
import { chart, percent, settled } from './screen.js';
import { startServer } from './server.js';

const MOST = 120 * 1024;
const { open } = useBrowser();
let server = null;
before(async () => (server = await startServer()));
after(() => server.stop());

const STATE = '#next?mode=whole&t=0.8&k=9&p=0.9';

test('SVG: stands alone and shows what the page shows', async () => {
  const page = await open(server.url + STATE);
  await settled(page);
  const [text, shown] = [String(await saved(page, 'SVG', 'next-token')), await chart(page)];
  const told = await page.evaluate(text => {
    const root = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement;
    const fills = [...root.querySelectorAll('rect')].map(rect => rect.getAttribute('fill'));
    return { name: root.localName, texts: [...root.querySelectorAll('text')].map(node => node.textContent), fills, width: root.getAttribute('width'), strange: root.querySelectorAll('script, image, foreignObject, style, [class], [onclick]').length };
  }, text);
  assert.deepEqual([told.name, told.width, told.strange], ['svg', '880', 0]);
  for (const line of [...shown.title, shown.axis, ...shown.bars.map(bar => bar.label), ...shown.bars.map(bar => bar.value)]) assert.ok(told.texts.includes(line), line);
  assert.equal(told.fills.filter(fill => fill === 'rgb(33, 150, 243)').length >= shown.bars.filter(bar => !bar.cut).length, true);
  assert.doesNotMatch(text, /https?:\/\/(?!www\.w3\.org)/);
});

test('PNG: twice the size, and not of one colour', async () => {
  const page = await open(server.url + STATE);
  await settled(page);
  const bytes = await saved(page, 'PNG', 'next-token');
  assert.equal(bytes.subarray(0, 8).toString('hex'), '89504e470d0a1a0a');
  const told = await page.evaluate(async base64 => {
    const image = Object.assign(new Image(), { src: `data:image/png;base64,${base64}` });
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
    const blue = pixels.filter(pixel => pixel === 0xfff39621).length;
    return { width: image.width, height: image.height, blue, colours: new Set(pixels).size };
  }, bytes.toString('base64'));
  assert.deepEqual([told.width, told.height], [1760, 840]);
  assert.ok(told.blue > 1000 && told.colours > 20, JSON.stringify(told));
});

test('CSV: RFC 4180, all numbers and hostile texts whole', async () => {
  const page = await open(server.url + STATE);
  await settled(page);
  const lines = records(String(await saved(page, 'CSV', 'next-token')));
  assert.deepEqual(lines[0], ['rank', 'token', 'id', 'logit', 'p_raw', 'p_final', 'kept', 'cut_by']);
  const { tokens } = await server.ask('vocab');
  const { bars } = await chart(page);
  assert.equal(lines.length, 17);
  assert.ok(lines.every(line => line.length === 8));
  bars.forEach((bar, i) => {
    const [rank, token, id, , , share, kept] = lines[i + 1];
    assert.deepEqual([rank, token, kept], [String(i), tokens[id].text, String(!bar.cut)]);
    if (!bar.cut) assert.ok(Math.abs(percent(bar.value) - 100 * share) < 0.051);
  });
  const total = lines.slice(1).reduce((sum, line) => sum + Number(line[5]), 0);
  assert.ok(Math.abs(total - 1) < 1e-9);
});

/** The records of a CSV file. */
function records(text) {
  const fields = [...text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)];
  const lines = [[]];
  for (const [, quoted, bare, end] of fields) {
    lines.at(-1).push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
    if (end === '\r\n') lines.push([]);
  }
  return lines.slice(0, -1);
}

test('JSON: settings, context and result', async () => {
  const page = await open(`${server.url}${STATE}&seed=7&add=20`);
  await settled(page);
  const told = JSON.parse(await saved(page, 'JSON', 'next-token'));
  const { ids } = await server.ask('tokenize', { prompt: 'This movie is a' });
  assert.deepEqual([told.run, told.step, told.mode, told.seed, told.ids], ['<b>toy</b>', 800, 'whole', '7', [...ids, 20]]);
  const { never_drawn } = await server.ask('meta');
  assert.deepEqual(told.config, { temperature: 0.8, top_k: 9, top_p: 0.9, suppress_tokens: never_drawn });
  const right = await server.ask('apply', { ids: told.ids, config: { do_sample: true, ...told.config } });
  assert.equal(told.result.kept, right.kept);
  told.result.rows.forEach((row, i) => {
    assert.deepEqual([row.id, row.kept, row.cut_by], [right.rows[i].id, right.rows[i].kept, right.rows[i].cut_by]);
    assert.ok(Math.abs(row.p_final - right.rows[i].p_final) < 1e-12 && Math.abs(row.p_raw - right.rows[i].p_raw) < 1e-12);
  });
});

/** What a screen loads, as name and compressed bytes. */
async function loaded(screen) {
  const page = await open(`${server.url}#${screen}`);
  await page.locator('main h1').waitFor();
  const urls = await page.evaluate(() => [location.origin + '/', ...performance.getEntriesByType('resource').map(entry => entry.name)].filter(url => !url.includes('/api/')));
  return Promise.all([...new Set(urls)].map(async url => [url, gzipSync(await (await fetch(url)).text()).length]));
}

test('the page weighs little, on each screen', async () => {
  const all = new Map();
  for (const screen of ['next', 'generate', 'compare', 'beams', 'inside', 'training', 'data']) {
    const files = await loaded(screen);
    files.forEach(file => all.set(...file));
    assert.ok(files.length > 20);
    assert.ok(told(screen, files) <= MOST);
  }
  told('all screens together', [...all]);
});

function told(name, files) {
  const weight = files.reduce((sum, [, bytes]) => sum + bytes, 0);
  console.log(`${name}: ${files.length} files, ${(weight / 1024).toFixed(1)} KiB compressed`);
  return weight;
}
