// The whole vocabulary, held to enredo-decoding: the page's chain and the server's give the same.

import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';

import english from '../../i18n/en.js';
import { useBrowser } from './browser.js';
import { chart, cost, goTo, near, nearShare, percent, settled, slider, table } from './screen.js';
import { startServer } from './server.js';

const { open } = useBrowser();
let server = null;
let about = null;
before(async () => {
  server = await startServer();
  about = await server.ask('meta');
});
after(() => server.stop());

/** The page's names for what enredo-decoding calls otherwise; absent is off. */
const NAMES = { t: 'temperature', k: 'top_k', p: 'top_p', min_p: 'min_p', typical_p: 'typical_p' };

/** Nothing cut; k counts from the notebook's 15 where the address is silent. */
const ALL = '#next?mode=whole&k=0';

const SETTINGS = [
  {},
  { t: 0.1 },
  { t: 3 },
  { k: 1 },
  { k: 7 },
  { k: 100, t: 3 },
  { p: 0.01 },
  { p: 0.9 },
  { p: 0.99, t: 2.5 },
  { min_p: 0.05 },
  { min_p: 1 },
  { typical_p: 0.2 },
  { typical_p: 0.95, t: 1.5 },
  { t: 0.7, k: 40, p: 0.9 },
  { t: 1.4, k: 60, p: 0.8, min_p: 0.02, typical_p: 0.9 },
  { t: 0.1, k: 1, p: 0.01, min_p: 1, typical_p: 0.01 },
  { t: 3, k: 0, p: 1, min_p: 0, typical_p: 1 },
];

function rusts(settings) {
  const off = { k: 0, p: 1, min_p: 0, typical_p: 1 };
  const on = Object.entries(settings).filter(([name, value]) => off[name] !== value);
  const config = { do_sample: true, ...Object.fromEntries(on.map(([name, value]) => [NAMES[name], value])), suppress_tokens: about.never_drawn };
  return server.ask('apply', { prompt: about.prompts[0], config });
}

async function holds(page, settings) {
  const where = JSON.stringify(settings);
  await goTo(page, `#next?mode=whole&${new URLSearchParams({ k: 0, ...settings })}`);
  const [shown, lines, right] = [await chart(page), await table(page), await rusts(settings)];
  right.rows.forEach((row, i) => holdsRow(row, shown.bars[i], lines[i], `rank ${i} at ${where}`));
  near(shown.top, 125 * Math.max(...right.rows.map(row => Math.max(row.p_final, row.p_raw))) + 2, 1, `the axis at ${where}`);
  holdsRest(right.other, shown, lines.at(-1), where);
  const steps = await page.$$eval('.stages tbody tr:not([hidden])', lines => lines.map(line => line.children[1].textContent));
  assert.equal(steps.at(-1), right.kept.toLocaleString('en'), where);
  const [, bits] = (await page.locator('.stages .note').textContent()).match(/before, ([\d.]+) bits after/);
  near(Number(bits), right.entropy_bits, 2, `entropy at ${where}`);
}

function holdsRow(row, bar, line, where) {
  assert.equal(line[2], String(row.id), where);
  near(Number(line[3]), row.logit, 3, where);
  assert.equal(bar.value !== 'X', row.kept, where);
  assert.equal(bar.cut, !row.kept, where);
  assert.equal(bar.reason, row.kept ? '' : english[`cut_by_${row.cut_by}`], where);
  assert.equal(line.at(-1), row.kept ? 'kept' : english[`cut_by_${row.cut_by}`], where);
  near(bar.percent, 100 * row.p_final, 1, `height of ${where}`);
  near(bar.raw, 100 * row.p_raw, 1, `outline of ${where}`);
  if (row.kept) near(percent(bar.value), 100 * row.p_final, 1, where);
  nearShare(line[4], row.p_raw, `before, ${where}`);
  nearShare(line[5], row.p_final, `after, ${where}`);
}

function holdsRest(other, { bars, rest }, line, where) {
  assert.equal(rest.label, `other ${other.n.toLocaleString('en')} tokens`, where);
  near(percent(rest.value.replace('↑ ', '')), 100 * other.p_final, 1, `the rest at ${where}`);
  nearShare(line[5], other.p_final, `the rest at ${where}`);
  const shares = [rest.value.replace('↑ ', ''), ...bars.map(bar => bar.value).filter(value => value !== 'X')].map(percent);
  const all = shares.reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(all - 100) <= 0.05 * 16 + 1e-6, `the bars of ${where} make ${all} %`);
}

test('kept sets, percents and reasons are enredo-decoding’s', async () => {
  const page = await open(server.url + ALL);
  await settled(page);
  for (const settings of SETTINGS) await holds(page, settings);
});

test('a number typed beyond the slider counts', async () => {
  const page = await open(server.url + ALL);
  await settled(page);
  const box = page.getByRole('spinbutton', { name: 'Top-k, as a number' });
  await box.fill('1500');
  await box.press('Enter');
  await settled(page);
  const { kept } = await rusts({ k: 1500 });
  assert.ok(kept >= 1500 && kept < 1999, String(kept));
  const left = await page.$$eval('.stages tbody tr', lines => lines.map(line => line.children[1].textContent));
  assert.equal(left.at(-1), kept.toLocaleString('en'));
});

test('a token that is never drawn is shown, grey and named', async () => {
  const page = await open(server.url + ALL);
  await settled(page);
  const banned = (await chart(page)).bars.filter(bar => bar.reason === 'never drawn');
  assert.equal(banned.length, about.never_drawn.length);
  assert.equal(banned[0].label, '[UNK]');
  assert.ok(banned[0].cut && banned[0].raw > 0 && banned[0].percent === 0);
});

test('the switch leads there and back', async () => {
  const page = await open(server.url);
  await settled(page);
  const before = await chart(page);
  await page.getByRole('switch', { name: 'Whole vocabulary' }).click();
  await settled(page);
  const { legend, rest, title } = await chart(page);
  assert.match(title[1], /Whole vocabulary — T=1\.0 K=off P=off min-p=off typical=off/);
  assert.equal(legend.length, 4);
  assert.ok(rest);
  assert.equal(await slider(page, 'Min-p').count(), 1);
  await page.getByRole('switch', { name: 'Whole vocabulary' }).press(' ');
  await settled(page);
  assert.deepEqual(await chart(page), before);
});

test('sliders ask nothing and make nothing here, too', async () => {
  const page = await open(server.url + ALL);
  await settled(page);
  const spent = await cost(page, async () => {
    for (const name of ['Temperature', 'Top-k', 'Top-p', 'Min-p', 'Typical']) {
      for (const key of ['Home', 'ArrowRight', 'ArrowRight', 'End', 'ArrowLeft', 'PageDown']) await slider(page, name).press(key);
    }
  });
  assert.deepEqual(spent, { requests: [], nodes: [] });
});
