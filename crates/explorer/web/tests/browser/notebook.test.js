// The notebook's panel, held to NumPy's arithmetic on the logits that the server gives.

import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';

import { useBrowser } from './browser.js';
import { likeliest, panel } from './panel.js';
import { chart, cost, near, percent, settled, slider, table } from './screen.js';
import { floats, startServer } from './server.js';

const PROMPTS = ['This movie is a', 'A story about love and', 'In the future, the world'];
const [BLUE, GREY] = ['rgb(33, 150, 243)', 'rgb(189, 189, 189)'];
const { open } = useBrowser();
let server = null;
before(async () => (server = await startServer()));
after(() => server.stop());

async function bestLogits(prompt) {
  const row = floats(await server.ask('logits', { prompt }));
  return likeliest(row, 15).map(id => row[id]);
}

async function holds(page, logits, t, k, p) {
  await settled(page);
  const shown = await chart(page);
  const right = panel(logits, t, k, p);
  const where = `T=${t} K=${k} P=${p}`;
  assert.equal(shown.bars.length, 15, where);
  assert.match(shown.title[1], new RegExp(`^\\[Real logits of the model — T=${t.toFixed(1)} K=${k} P=${p.toFixed(2)}\\]$`));
  near(shown.top, Math.max(...right.percents) * 1.25 + 2, 1, `the axis at ${where}`);
  shown.bars.forEach((bar, i) => holdsBar(bar, right.percents[i], right.kept[i], `bar ${i} at ${where}`));
  assert.ok(shown.bars.every((bar, i) => i === 0 || bar.x > shown.bars[i - 1].x), 'bars run from left to right');
}

function holdsBar(bar, share, kept, where) {
  assert.equal(bar.value === 'X', !kept, where);
  assert.equal(bar.fill, kept ? BLUE : GREY, where);
  assert.equal(bar.raw, null, where);
  near(bar.percent, share, 1, where);
  if (kept) {
    near(percent(bar.value), share, 1, where);
    assert.match(bar.value, /^\d+\.\d%$/);
  } else {
    near(bar.valueAt, 1, 1, `the X of ${where}`);
  }
}

test('every extreme of the sliders is the notebook’s', async () => {
  const page = await open(server.url);
  const logits = await bestLogits(PROMPTS[0]);
  await holds(page, logits, 1, 15, 1);
  for (const [keyT, t] of [['Home', 0.1], ['End', 3]]) {
    for (const [keyK, k] of [['Home', 1], ['End', 15]]) {
      for (const [keyP, p] of [['Home', 0.1], ['End', 1]]) {
        await slider(page, 'Temperature').press(keyT);
        await slider(page, 'Top-k').press(keyK);
        await slider(page, 'Top-p').press(keyP);
        await holds(page, logits, t, k, p);
      }
    }
  }
});

test('settings between them are, too', async () => {
  const page = await open(server.url);
  const logits = await bestLogits(PROMPTS[0]);
  for (const [t, k, p] of [[0.7, 5, 0.9], [1.3, 9, 0.55], [2, 12, 0.8], [0.4, 15, 0.95], [3, 15, 0.5]]) {
    await page.evaluate(hash => void (location.hash = hash), `#next?t=${t}&k=${k}&p=${p}`);
    await holds(page, logits, t, k, p);
  }
});

test('each of the three prompts has its own bars', async () => {
  const page = await open(server.url);
  const list = page.getByLabel('Prompt', { exact: true });
  await list.waitFor();
  assert.deepEqual((await list.locator('option').allTextContents()).slice(0, 3), PROMPTS);
  for (const prompt of PROMPTS) {
    await list.selectOption(prompt);
    await holds(page, await bestLogits(prompt), 1, 15, 1);
    assert.equal((await chart(page)).title[0], `Next token after: “${prompt}”`);
    assert.equal(await page.getByLabel('Text', { exact: true }).inputValue(), prompt);
  }
});

test('a text of one’s own is asked for when one stops to write', async () => {
  const page = await open(server.url);
  await page.getByLabel('Text', { exact: true }).fill('my own words');
  await page.waitForFunction(() => document.querySelector('.title').textContent.includes('my own words'));
  await holds(page, await bestLogits('my own words'), 1, 15, 1);
  const list = page.getByLabel('Prompt', { exact: true });
  assert.equal(await list.locator('option:checked').textContent(), 'My own text');
});

test('axis, labels and legend are there', async () => {
  const page = await open(`${server.url}#next?k=5`);
  await settled(page);
  const { axis, bars, legend, marks } = await chart(page);
  assert.equal(axis, 'Probability (%)');
  assert.equal(marks[0], 0);
  assert.deepEqual(legend, [{ text: 'Available token', colour: BLUE }, { text: 'Filtered (Top-K/P)', colour: GREY }]);
  for (const { slant, label } of bars) {
    assert.match(slant, /rotate\(-30\)$/);
    assert.ok(label.length > 0);
  }
});

test('the sliders have the notebook’s ranges', async () => {
  const page = await open(server.url);
  await settled(page);
  const range = name => slider(page, name).evaluate(({ min, max, step, value }) => [min, max, step, value].map(Number));
  assert.deepEqual(await range('Temperature'), [0.1, 3, 0.1, 1]);
  assert.deepEqual(await range('Top-k'), [1, 15, 1, 15]);
  assert.deepEqual(await range('Top-p'), [0.1, 1, 0.05, 1]);
  assert.equal(await slider(page, 'Min-p').count(), 0);
  for (const name of ['Temperature', 'Top-k', 'Top-p']) await slider(page, name).press('ArrowLeft');
  await settled(page);
  assert.match((await chart(page)).title[1], /T=0\.9 K=14 P=0\.95/);
});

test('dragging a slider asks nothing and makes nothing', async () => {
  const page = await open(server.url);
  await settled(page);
  const before = await chart(page);
  const { x, y, width, height } = await slider(page, 'Temperature').boundingBox();
  const spent = await cost(page, async () => {
    await page.mouse.move(x + width / 3, y + height / 2);
    await page.mouse.down();
    for (let i = 1; i <= 20; i++) await page.mouse.move(x + (width * (20 + i)) / 41, y + height / 2);
    await page.mouse.up();
    for (let i = 0; i < 10; i++) await slider(page, 'Top-k').press('ArrowLeft');
  });
  assert.deepEqual(spent, { requests: [], nodes: [] });
  const after = await chart(page);
  assert.match(after.title[1], /T=(2\.[89]|3\.0) K=5 /);
  assert.notDeepEqual(after.bars, before.bars);
});

test('behind the chart is a table of the same numbers', async () => {
  const page = await open(`${server.url}#next?t=0.5&k=7`);
  await settled(page);
  const { bars } = await chart(page);
  const lines = await table(page);
  assert.equal(lines.length, 15);
  lines.forEach((line, i) => {
    assert.equal(line[0], String(i + 1));
    assert.equal(line.at(-1), i < 7 || bars[i].value !== 'X' ? 'kept' : 'cut by top-k');
    if (bars[i].value !== 'X') assert.equal(line.at(-2), bars[i].value);
  });
  await page.getByLabel('Show the table').check();
  const seen = await page.getByRole('region', { name: 'Table of the probabilities' }).boundingBox();
  assert.ok(seen.height > 300);
});
