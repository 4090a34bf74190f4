// The screen “Compare”: the grid of prompts and strategies, and what is counted.

import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';

import { useBrowser } from './browser.js';
import { faults, openHelp, saved, says } from './checks.js';
import { slider } from './screen.js';
import { startServer } from './server.js';
import { compared, generated, press } from './texts.js';

const { open, excuse } = useBrowser();
let server = null;
let about = null;
before(async () => {
  server = await startServer();
  about = await server.ask('meta');
});
after(() => server.stop());

const cells = page => page.locator('.cell');

/** The requests for texts while something is done. */
async function asked(page, doing) {
  const bodies = [];
  const note = request => request.url().endsWith('/generate') && bodies.push(request.postDataJSON());
  page.on('request', note);
  await doing();
  await page.waitForTimeout(300);
  await compared(page);
  await page.waitForTimeout(100);
  page.off('request', note);
  return bodies;
}

test('three prompts, four strategies, one seed: the server’s own texts, and where they first differ', async () => {
  const page = await open(`${server.url}#compare`);
  await compared(page);
  assert.equal(await cells(page).count(), 12);
  assert.deepEqual((await page.locator('.row').first().locator('h2').allTextContents()).map(text => text.replace('reference', '')), ['Greedy', 'Temp=0.5 K=10 P=0.9', 'Temp=1.0 K=50 P=0.9', 'Temp=1.5 K=None P=0.95']);
  const told = JSON.parse(await saved(page, 'JSON', 'compare'));
  assert.deepEqual([told.prompts.map(({ prompt }) => prompt), told.seed, told.reference], [about.prompts, '42', 'Greedy']);
  for (const { prompt, texts } of told.prompts) {
    for (const [i, { config, ids, first_difference, distinct_1, surprisal }] of texts.entries()) {
      const events = (await generated(server.url, { prompt, config, seed: 42 })).filter(({ event }) => event === 'token');
      assert.deepEqual(ids, events.map(({ id }) => id));
      const at = ids.findIndex((id, j) => id !== texts[0].ids[j]);
      assert.equal(first_difference, i === 0 || at < 0 ? (i > 0 && ids.length < texts[0].ids.length ? ids.length : null) : at);
      assert.equal(distinct_1, new Set(ids).size / ids.length);
      assert.ok(Math.abs(surprisal - events.reduce((sum, event) => sum + event.surprisal_bits, 0) / ids.length) < 1e-9);
    }
  }
  const marks = told.prompts.flatMap(({ texts }) => texts).filter(({ first_difference }) => first_difference !== null).length;
  assert.equal(await page.locator('.cell mark').count(), marks);
  assert.match(await page.locator('.cell mark').first().textContent(), /^≠ differs from here:/);
  assert.equal(await page.locator('.dots .dot.large').count(), 8);
});

test('changes ask only for what they change', async () => {
  const page = await open(`${server.url}#compare`);
  await compared(page);
  const one = await asked(page, () => press(page, 'Add a strategy'));
  assert.deepEqual(one.map(({ config }) => config.temperature), [0.8, 0.8, 0.8]);
  const penalty = page.getByLabel('Repetition penalty', { exact: true });
  const two = await asked(page, () => penalty.fill('1.3').then(() => penalty.press('Tab')));
  assert.deepEqual(two.map(({ config }) => config.repetition_penalty), [1.3, 1.3, 1.3]);
  const three = await asked(page, () => page.getByRole('textbox', { name: 'Prompt 2' }).fill('something else').then(() => page.keyboard.press('Enter')));
  assert.deepEqual([three.length, new Set(three.map(({ prompt }) => prompt))], [5, new Set(['something else'])]);
  const none = await asked(page, () => page.getByLabel('Compared with', { exact: true }).selectOption('2'));
  assert.deepEqual(none, []);
  assert.equal(await page.locator('.row').first().locator('.cell').nth(2).locator('mark').count(), 0);
  const seeds = await asked(page, () => page.getByLabel('Seed', { exact: true }).fill('7'));
  assert.deepEqual([seeds.length, seeds[0].seed], [15, 7]);
});

test('all of it is in the address; prompts and strategies come and go', async () => {
  const page = await open(`${server.url}#compare?cn=5`);
  await compared(page);
  await press(page, 'Add a prompt');
  await page.getByRole('textbox', { name: 'Prompt 4' }).waitFor();
  await page.getByRole('textbox', { name: 'Prompt 4' }).fill('um café & “more” #1');
  await page.getByRole('textbox', { name: 'Prompt 4' }).press('Enter');
  await press(page, 'Remove prompt 1');
  await press(page, 'Add a strategy');
  await page.waitForTimeout(500);
  await compared(page);
  const seen = await page.locator('.texts').textContent();
  await page.reload();
  await compared(page);
  assert.equal(await page.locator('.texts').textContent(), seen);
  assert.deepEqual(await page.$$eval('.prompt input', nodes => nodes.map(node => node.value)), [...about.prompts.slice(1), 'um café & “more” #1']);
  await press(page, 'Remove my strategy 1');
  await page.waitForFunction(() => document.querySelectorAll('.cell').length === 12);
  await compared(page);
  await page.getByLabel('Language').selectOption('pt');
  await compared(page);
  assert.match(await cells(page).first().textContent(), /Surpresa média\d+,\d\d bits/);
});

test('a stop keeps what came, and the rest is written by the keyboard alone', async () => {
  const page = await open(`${server.url}#compare?cp=${encodeURIComponent('["a slow one"]')}&cn=8`);
  await page.locator('.cell bdi').nth(1).waitFor();
  await page.keyboard.press('Escape');
  const rest = page.getByRole('button', { name: 'Write the rest' });
  await rest.waitFor();
  assert.ok((await page.locator('.cell bdi').count()) > 0);
  assert.match(await page.locator('.texts').textContent(), /stopped/);
  await rest.focus();
  await page.keyboard.press('Enter');
  await compared(page);
  await page.waitForFunction(() => !document.querySelector('.texts').textContent.includes('stopped'));
});

test('a model’s fault, and a server that dies amid the texts', async () => {
  excuse(/ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE/);
  let mortal = await startServer();
  try {
    const page = await open(`${mortal.url}#compare?cp=${encodeURIComponent('["it will break"]')}`);
    await page.waitForFunction(() => document.querySelector('[role=alert]').textContent !== '');
    assert.match(await page.locator('.texts').textContent(), /broke off/);
    await page.getByRole('textbox', { name: 'Prompt 1' }).fill('a slow one');
    await page.locator('.cell bdi').nth(2).waitFor();
    await mortal.stop();
    await says(page, 'The server does not answer');
    mortal = await startServer({ port: mortal.port });
    await says(page, '');
    await slider(page, 'New tokens').press('Home');
    await compared(page);
    assert.equal(await page.locator('.cell bdi').count(), 4);
  } finally {
    await mortal.stop();
  }
});

test('files: a line a text, a picture that stands alone', async () => {
  const page = await open(`${server.url}#compare`);
  await compared(page);
  const csv = String(await saved(page, 'CSV', 'compare'));
  assert.match(csv, /^prompt,strategy,text,first_difference,ended,surprisal,perplexity,distinct_1,distinct_2,repetition,length\r\n/);
  assert.equal(csv.split('\r\nThis movie is a,').length + csv.split('\r\n"In the future, the world",').length - 2, 8);
  const svg = await page.evaluate(text => {
    const root = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement;
    return { name: root.localName, paths: root.querySelectorAll('path').length, strange: root.querySelectorAll('script, image, [class]').length };
  }, String(await saved(page, 'SVG', 'compare')));
  assert.deepEqual([svg.name, svg.strange], ['svg', 0]);
  assert.ok(svg.paths > 16);
  assert.equal((await saved(page, 'PNG', 'compare')).subarray(1, 4).toString(), 'PNG');
});

for (const theme of ['light', 'dark']) {
  test(`axe finds nothing: ${theme}`, async () => {
    const page = await open(`${server.url}#compare?theme=${theme}&table=1&cs=0.7_20_0.9_0_1_1.2&lang=${theme === 'dark' ? 'pt' : 'en'}`);
    await compared(page);
    assert.deepEqual(await faults(page), []);
    await openHelp(page);
    assert.deepEqual(await faults(page), []);
  });
}

test('hostile texts are texts, and at 320 pixels nothing is cut off', async () => {
  const page = await open(`${server.url}#compare?table=1&cn=40&cs=0.7_20_0.9_0_1_1.2`, { viewport: { width: 320, height: 700 } });
  await compared(page);
  await openHelp(page);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
  for (const tag of ['main script', 'main img', 'main b', 'main i', 'iframe']) assert.equal(await page.locator(tag).count(), 0, tag);
  const shown = await page.locator('main').textContent();
  assert.ok(shown.includes('<script>alert(1)</script>') || shown.includes('</table>'));
  assert.doesNotMatch(shown, /[\u202a-\u202e\u2066-\u2069\u0000-\u0008\u001b]/);
  const boxes = await page.$$eval('.cell', nodes => nodes.slice(0, 2).map(node => node.getBoundingClientRect()).map(({ top, bottom }) => ({ top, bottom })));
  assert.ok(boxes[1].top >= boxes[0].bottom, 'one under the other');
});
