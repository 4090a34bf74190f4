// The screen “Training”: curves, readout, samples of each checkpoint; a run that ends and one that goes on.

import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';

import { useBrowser } from './browser.js';
import { faults, saved } from './checks.js';
import { slider } from './screen.js';
import { startServer } from './server.js';

const { open, excuse } = useBrowser();
let server = null;
let answer = null;
before(async () => {
  server = await startServer();
  answer = await server.ask('training?points=1000');
});
after(() => server.stop());

const drawn = page => page.waitForSelector('.panel-loss .curve.average[d]');
const written = page => page.waitForFunction(() => document.querySelectorAll('.sample').length === 6 && [...document.querySelectorAll('.sample')].every(one => !one.hasAttribute('aria-busy')));
const readout = page => page.$$eval('.readout > div', cells => Object.fromEntries(cells.map(cell => [cell.querySelector('dt').textContent, cell.querySelector('dd').textContent])));
const crosshair = page => page.getByRole('slider', { name: 'Crosshair on the curves' });
const samples = page => page.$$eval('.sample', all => all.map(one => one.textContent));
const screen = async (hash = '', options = {}) => {
  const page = await open(`${server.url}#training${hash}`, options);
  await drawn(page);
  return page;
};

test('the curves are the server’s, what is not finite is marked, and the average is stated', async () => {
  const page = await screen();
  const points = kind => page.locator(`.panel-loss .curve.${kind}`).getAttribute('d').then(d => d.match(/[ML]/g).length);
  assert.equal(await points('average'), answer.series.average.filter(x => x !== null).length);
  assert.equal(await points('loss'), answer.series.loss.filter(x => x !== null).length);
  assert.equal(await points('held'), answer.evals.length);
  const missing = answer.series.loss.filter(x => x === null).length;
  assert.ok(missing > 0);
  assert.equal(await points('beyond'), missing);
  const text = await page.locator('main').textContent();
  assert.ok(text.includes('The moving average is the mean of the losses of the last 100 steps'));
  assert.ok(text.includes(`Known entropy: ${answer.floor.nats.toFixed(3)}`));
  const best = Math.min(...answer.evals.map(one => one.val_loss));
  assert.ok((await page.locator('.summary').textContent()).includes(best.toFixed(4)));
});

test('the crosshair by keys and by mouse: numbers, and a sentence for who listens', async () => {
  const page = await screen();
  await crosshair(page).focus();
  await page.keyboard.press('Home');
  const { series } = answer;
  assert.deepEqual([(await readout(page)).Step, (await readout(page)).Loss], [String(series.step[0]), series.loss[0].toFixed(4)]);
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Shift+ArrowRight');
  assert.equal((await readout(page)).Average, series.average[11].toFixed(4));
  assert.match(await crosshair(page).getAttribute('aria-valuetext'), new RegExp(`^Step ${series.step[11]}; Loss ${series.loss[11].toFixed(4)}; Average`));
  await page.keyboard.press('End');
  assert.equal((await readout(page)).Loss, series.loss.at(-1).toFixed(4));
  const missing = series.loss.indexOf(null);
  await page.keyboard.press('Home');
  for (let i = 0; i < Math.floor(missing / 10); i++) await page.keyboard.press('Shift+ArrowRight');
  for (let i = 0; i < missing % 10; i++) await page.keyboard.press('ArrowRight');
  assert.equal((await readout(page)).Loss, 'not finite');
  const box = await page.locator('.curves .hit').boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + 50);
  const middle = Number((await readout(page)).Step.replace(',', ''));
  assert.ok(Math.abs(middle - (series.step[0] + series.step.at(-1)) / 2) <= 2, `${middle}`);
});

test('checkpoints are chosen on the axis, by slider and by key, and open on other screens', async () => {
  const page = await screen();
  const steps = answer.checkpoints.map(({ step }) => step);
  await crosshair(page).focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('PageUp');
  assert.equal((await readout(page)).Step, String(steps[0]));
  await page.keyboard.press('Enter');
  assert.match(await slider(page, 'Training step').getAttribute('aria-valuetext'), new RegExp(`^step ${steps[0]}`));
  await slider(page, 'Training step').press('ArrowRight');
  await page.waitForFunction(step => location.hash.includes(`step=${step}`), steps[1]);
  const [first, last] = [answer.series.step[0], answer.series.step.at(-1)];
  await page.locator('path.checkpoints').scrollIntoViewIfNeeded();
  const box = await page.locator('.curves .hit').boundingBox();
  const strip = await page.locator('path.checkpoints').boundingBox();
  await page.mouse.click(box.x + ((steps[0] - first) / (last - first)) * box.width, strip.y + strip.height / 2);
  await page.waitForFunction(step => location.hash.includes(`step=${step}`), steps[0]);
  await page.getByRole('link', { name: `Next token at step ${steps[1]}` }).click();
  await page.waitForSelector('figure:not([aria-busy]) .bar .value');
  assert.match(page.url(), new RegExp(`#next\\?.*step=${steps[1]}`));
});

test('every prompt is written on at every checkpoint, asked once, with what changed marked', async () => {
  const page = await screen('?step=100');
  const asked = [];
  page.on('request', request => request.url().endsWith('/generate') && asked.push(request.postDataJSON()));
  await written(page);
  assert.equal(await page.locator('.sample ins').count(), 0, 'nothing is before the first');
  const first = await samples(page);
  await slider(page, 'Training step').press('ArrowRight');
  await page.waitForFunction(before => document.querySelector('.sample').textContent !== before, first[0]);
  await written(page);
  await page.waitForSelector('.sample ins');
  assert.match(await page.locator('.cell .note').last().textContent(), /^\d+ of \d+ words changed$/);
  await page.waitForTimeout(1500);
  const count = asked.length;
  await slider(page, 'Training step').press('Home');
  await page.waitForFunction(before => document.querySelector('.sample').textContent === before, first[0]);
  assert.deepEqual(await samples(page), first);
  assert.equal(asked.length, count, 'known samples are not asked for again');
  for (const one of asked) assert.deepEqual([one.seed, one.config.max_new_tokens], [42, 15]);
});

test('play goes through the checkpoints and stops at the last', async () => {
  const page = await screen();
  await written(page);
  await page.getByRole('button', { name: 'Play' }).click();
  await page.waitForFunction(() => document.querySelector('.gallery [aria-valuetext^="step"]').getAttribute('aria-valuetext').startsWith('step 100'));
  await page.getByRole('button', { name: 'Pause' }).waitFor();
  await page.getByRole('button', { name: 'Play' }).waitFor();
  assert.match(await slider(page, 'Training step').getAttribute('aria-valuetext'), /^step 800/);
});

test('the address keeps the axes over a reload', async () => {
  const page = await screen();
  await page.getByLabel('Along', { exact: true }).selectOption('seconds');
  await page.getByLabel('Log upwards', { exact: true }).check();
  await page.waitForFunction(() => location.hash.includes('logy=1'));
  const look = () => page.evaluate(() => [document.querySelector('.panel-loss .curve.average').getAttribute('d'), document.querySelector('select').value]);
  const seen = await look();
  await page.reload();
  await drawn(page);
  assert.deepEqual(await look(), seen);
  assert.ok((await page.locator('svg.curves').textContent()).includes('Time of training'));
});

test('files: SVG, PNG, CSV and JSON say what the server said', async () => {
  const page = await screen();
  const lines = String(await saved(page, 'CSV', 'training')).trim().split('\r\n').map(line => line.split(','));
  assert.deepEqual([lines.length, lines[0][0], lines[0][4]], [answer.series.step.length + 1, 'step', 'average']);
  assert.equal(Number(lines[1][1]), answer.series.loss[0]);
  const record = JSON.parse(await saved(page, 'JSON', 'training'));
  assert.deepEqual(record.series, answer.series);
  const svg = String(await saved(page, 'SVG', 'training'));
  assert.ok(svg.startsWith('<svg') && svg.includes('Loss (nats per token)') && !svg.includes('class=') && !svg.includes('tabindex'));
  assert.equal((await saved(page, 'PNG', 'training')).subarray(1, 4).toString(), 'PNG');
});

test('the table behind the curves, newest first, by pages', async () => {
  const page = await screen('?table=1');
  const cells = () => page.$$eval('figure tbody tr:not([hidden])', lines => lines.map(line => [...line.children].map(cell => cell.textContent)));
  assert.equal((await cells())[0][0], String(answer.series.step.at(-1)));
  await page.locator('figure').getByRole('button', { name: 'Last' }).click();
  assert.deepEqual((await cells()).at(-1).slice(0, 2), [String(answer.series.step[0]), answer.series.loss[0].toFixed(4)]);
});

test('a run that goes on is followed to its end, with attributes alone, and then left alone', async () => {
  const live = await startServer({ flags: ['--live'] });
  try {
    const page = await open(`${live.url}#training`);
    await drawn(page);
    assert.match(await page.locator('.summary').textContent(), /Running.*an estimate/);
    const path = () => page.locator('.panel-loss .curve.average').getAttribute('d');
    const early = await path();
    await page.evaluate(() => {
      window.made = 0;
      new MutationObserver(records => records.forEach(record => (window.made += record.addedNodes.length))).observe(document.querySelector('svg.curves'), { childList: true, subtree: true });
    });
    await page.waitForFunction(before => document.querySelector('.panel-loss .curve.average').getAttribute('d') !== before, early);
    await page.waitForFunction(() => document.querySelector('.summary').textContent.includes('Ended'), null, { timeout: 30_000 });
    assert.equal(await page.evaluate(() => window.made), 0, 'no node of the picture is made');
    const { checkpoints } = await live.ask('meta');
    await page.waitForFunction(n => document.querySelectorAll('.checkpoints tbody tr').length === n, checkpoints.length);
    let asked = 0;
    page.on('request', request => (asked += request.url().includes('/training') ? 1 : 0));
    await page.waitForTimeout(2500);
    assert.equal(asked, 0);
  } finally {
    await live.stop();
  }
});

test('a server that is gone shows, and its return goes on', async () => {
  excuse(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED/);
  let mortal = await startServer({ flags: ['--live'] });
  try {
    const page = await open(`${mortal.url}#training`);
    await drawn(page);
    await mortal.stop();
    await page.waitForFunction(() => document.querySelector('[role=alert]').textContent.includes('The server does not answer'));
    mortal = await startServer({ port: mortal.port, flags: ['--live'] });
    await page.waitForFunction(() => document.querySelector('[role=alert]').textContent === '');
    await drawn(page);
  } finally {
    await mortal.stop();
  }
});

test('a run without records says so, and the rest works', async () => {
  excuse(/status of 404/);
  const page = await open('about:blank');
  await page.route('**/api/v1/training?*', route => route.fulfill({ status: 404, contentType: 'application/problem+json', body: JSON.stringify({ status: 404, detail: 'nothing <i>recorded</i>' }) }));
  await page.goto(`${server.url}#training`);
  await written(page);
  assert.equal(await page.locator('.notice[role=status]').textContent(), 'nothing <i>recorded</i>');
  assert.equal(await page.locator('[role=alert]').textContent(), '');
  assert.equal(await page.locator('.panel-loss .curve.average').isVisible(), false);
});

test('better than can be is said', async () => {
  const page = await open('about:blank');
  const cheat = { ...answer, evals: [...answer.evals, { step: 999, train_loss: 1, val_loss: 1, train_seconds: 20 }] };
  await page.route('**/api/v1/training?*', route => route.fulfill({ json: cheat }));
  await page.goto(`${server.url}#training`);
  await drawn(page);
  assert.match(await page.locator('.notice.warning').textContent(), /step 999.*reading ahead/);
});

test('hostile texts are texts', async () => {
  const page = await screen();
  await written(page);
  await page.waitForTimeout(1000);
  const text = await page.locator('main').textContent();
  assert.doesNotMatch(text, /[\u202a-\u202e\u2066-\u2069\u0000-\u0008\u001b]/);
  for (const tag of ['main script', 'main img', 'main b', 'main iframe']) assert.equal(await page.locator(tag).count(), 0, tag);
});

for (const theme of ['light', 'dark']) {
  test(`axe finds nothing: ${theme}`, async () => {
    const page = await screen(`?theme=${theme}&table=1&step=200`);
    await written(page);
    await page.$$eval('details', all => all.forEach(one => (one.open = true)));
    assert.deepEqual(await faults(page), []);
  });
}

test('Portuguese, at 320 pixels: nothing is cut off', async () => {
  const page = await screen('?lang=pt&table=1', { viewport: { width: 320, height: 700 } });
  await written(page);
  assert.ok((await page.locator('main').textContent()).includes('Perda de validação'));
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
  await page.$$eval('details', all => all.forEach(one => (one.open = true)));
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
});
