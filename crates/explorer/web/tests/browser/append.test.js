// Appending tokens: by hand, by keys, by lot, and back.

import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';

import { useBrowser } from './browser.js';
import { chart, goTo, settled, table } from './screen.js';
import { floats, startServer } from './server.js';
import { likeliest } from './panel.js';

const { open } = useBrowser();
let server = null;
let about = null;
let base = null;
before(async () => {
  server = await startServer();
  about = await server.ask('meta');
  base = (await server.ask('tokenize', { prompt: about.prompts[0] })).ids;
});
after(() => server.stop());

const appended = page => page.locator('.tokens .new').count();
const ids = async page => (await table(page)).slice(0, 15).map(line => Number(line[2]));
const added = page => page.evaluate(() => (new URLSearchParams(location.hash.split('?')[1]).get('add') ?? '').split('.').filter(Boolean).map(Number));
const bar = (page, index) => page.locator('svg .bar:not(.rest) .hit').nth(index);

/** The bars are of the prompt and these tokens. */
async function follows(page, add) {
  await settled(page);
  const row = floats(await server.ask('logits', { ids: [...base, ...add] }));
  assert.deepEqual(await ids(page), likeliest(row, 15));
  assert.deepEqual(await added(page), add);
  assert.equal(await appended(page), add.length);
}

test('a click, a digit and Enter append; Backspace undoes', async () => {
  const page = await open(server.url);
  await follows(page, []);
  const add = [];
  const steps = [
    [2, () => bar(page, 2).click()],
    [3, () => page.keyboard.press('4')],
    [1, () => bar(page, 1).press('Enter')],
    [9, () => bar(page, 9).press(' ')],
  ];
  for (const [place, step] of steps) {
    const next = (await ids(page))[place];
    await step();
    add.push(next);
    await follows(page, add);
  }
  while (add.length > 0) {
    await page.keyboard.press('Backspace');
    add.pop();
    await follows(page, add);
  }
  await page.keyboard.press('Backspace');
  await follows(page, []);
});

test('a field keeps its keys', async () => {
  const page = await open(`${server.url}#next?add=20.21`);
  await settled(page);
  const text = page.getByLabel('Text', { exact: true });
  await text.press('End');
  await text.press('Backspace');
  assert.equal(await text.inputValue(), about.prompts[0].slice(0, -1));
  assert.equal(await appended(page), 2);
  await page.getByLabel('Seed', { exact: true }).press('7');
  assert.ok((await added(page)).length < 3);
});

test('the page’s keys can be turned off', async () => {
  const page = await open(server.url);
  await settled(page);
  await page.getByLabel(/^Keys 1–9/).uncheck();
  await page.keyboard.press('1');
  await follows(page, []);
});

test('Undo, Remove all and the browser’s Back', async () => {
  const page = await open(server.url);
  await settled(page);
  const add = [];
  for (let i = 0; i < 3; i++) {
    add.push((await ids(page))[0]);
    await page.keyboard.press('1');
    await follows(page, add);
  }
  await page.getByRole('button', { name: 'Undo' }).click();
  await follows(page, add.slice(0, 2));
  await page.getByRole('button', { name: 'Remove all' }).click();
  await follows(page, []);
  await page.goBack();
  await page.waitForFunction(() => document.querySelectorAll('.tokens .new').length === 2);
  await follows(page, add.slice(0, 2));
});

test('arrows move between the bars, and Tab stops once', async () => {
  const page = await open(server.url);
  await settled(page);
  const focused = () => page.evaluate(() => [...document.querySelectorAll('svg .hit')].indexOf(document.activeElement));
  await bar(page, 0).focus();
  for (const [key, index] of [['ArrowRight', 1], ['ArrowRight', 2], ['End', 14], ['ArrowRight', 14], ['ArrowLeft', 13], ['Home', 0], ['ArrowLeft', 0]]) {
    await page.keyboard.press(key);
    assert.equal(await focused(), index, key);
  }
  await page.keyboard.press('Tab');
  assert.equal(await focused(), -1);
  assert.equal(await page.locator('svg .hit[tabindex="0"]').count(), 1);
});

test('the same seed draws the same token, of a short list the one that enredo-decoding draws', async () => {
  const page = await open(server.url);
  const drawn = new Set();
  for (const seed of [42, 42, 7, 8, 9, 10, 11, 12]) {
    await goTo(page, `#next?mode=whole&k=40&t=1.5&p=0.95&seed=${seed}`);
    await page.getByRole('button', { name: 'Sample' }).click();
    const [token] = await added(page);
    const config = { do_sample: true, temperature: 1.5, top_k: 40, top_p: 0.95, suppress_tokens: about.never_drawn };
    assert.equal(token, (await server.ask('apply', { ids: base, config, seed })).picked, `seed ${seed}`);
    drawn.add(token);
  }
  assert.ok(drawn.size > 2, 'seeds differ');
});

test('in the notebook’s panel a seed draws a kept token, always the same', async () => {
  const page = await open(server.url);
  const draw = async seed => {
    await goTo(page, `#next?k=3&seed=${seed}`);
    const kept = (await ids(page)).slice(0, 3 + (await chart(page)).bars.slice(3).filter(bar => bar.value !== 'X').length);
    await page.getByRole('button', { name: 'Sample' }).click();
    const [token] = await added(page);
    assert.ok(kept.includes(token));
    return token;
  };
  for (const seed of [1, 2, 3]) assert.equal(await draw(seed), await draw(seed));
});

test('greedy takes the best that may be drawn', async () => {
  const page = await open(`${server.url}#next?mode=whole&k=0&t=3`);
  await settled(page);
  const best = (await table(page)).find(line => line.at(-1) === 'kept');
  await page.getByRole('button', { name: 'Greedy' }).click();
  await follows(page, [Number(best[2])]);
});
