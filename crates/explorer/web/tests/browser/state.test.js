// What the address remembers: settings, tokens, step, language and theme.

import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';

import { useBrowser } from './browser.js';
import { chart, goTo, percent, settled, slider, table } from './screen.js';
import { floats, startServer } from './server.js';
import { likeliest } from './panel.js';

const { open } = useBrowser();
let server = null;
before(async () => (server = await startServer()));
after(() => server.stop());

test('scrubbing the checkpoints moves the bars and names the step', async () => {
  const page = await open(server.url);
  await settled(page);
  const { checkpoints, prompts } = await server.ask('meta');
  const scrubber = slider(page, 'Training step');
  assert.match(await scrubber.getAttribute('aria-valuetext'), /^step 800, held-out loss \d\.\d{3}$/);
  await scrubber.press('Home');
  const seen = new Set();
  for (const { step, val_loss } of checkpoints) {
    await page.waitForFunction(step => document.querySelector('[aria-valuetext^="step"]').getAttribute('aria-valuetext').startsWith(`step ${step}`), step);
    await settled(page);
    assert.equal((await scrubber.getAttribute('aria-valuetext')).includes('loss'), val_loss !== null);
    const answer = await server.ask('logits', { prompt: prompts[0], step });
    assert.equal(answer.step, step);
    const ids = (await table(page)).map(line => Number(line[2]));
    assert.deepEqual(ids, likeliest(floats(answer), 15));
    seen.add(String(ids));
    await scrubber.press('ArrowRight');
  }
  assert.equal(seen.size, checkpoints.length);
});

test('a reload and a new tab show the same', async () => {
  const page = await open(server.url, { locale: 'en-US' });
  await settled(page);
  await page.getByLabel('Text', { exact: true }).fill('um café & “more” #1?=+%');
  await page.waitForFunction(() => document.querySelector('.title').textContent.includes('café'));
  await page.getByRole('switch', { name: 'Whole vocabulary' }).click();
  for (const [name, key] of [['Temperature', 'End'], ['Top-k', 'End'], ['Top-p', 'ArrowLeft'], ['Min-p', 'ArrowRight'], ['Typical', 'ArrowLeft'], ['Training step', 'Home']]) {
    await slider(page, name).press(key);
  }
  await settled(page);
  await page.getByLabel('Seed', { exact: true }).fill('18446744073709551615');
  await page.getByLabel('Show the table').check();
  await slider(page, 'Top-k').focus();
  await page.keyboard.press('2');
  await settled(page);
  await page.getByLabel('Theme').selectOption('dark');
  await page.getByLabel('Language').selectOption('pt');
  await settled(page);
  await page.waitForTimeout(500);
  const seen = await everything(page);
  assert.match(seen.picture.title[1], /T=3,0 K=100 P=0,99 min-p=0,01/);
  assert.deepEqual([seen.lang, seen.theme, seen.seed], ['pt-BR', 'dark', '18446744073709551615']);
  await page.reload();
  await settled(page);
  assert.deepEqual(await everything(page), seen);
  const other = await open(page.url());
  await settled(other);
  assert.deepEqual(await everything(other), seen);
});

async function everything(page) {
  const { lang, theme } = await page.evaluate(() => ({ lang: document.documentElement.lang, theme: document.documentElement.dataset.theme }));
  const values = await page.$$eval('input:not([type=checkbox])', inputs => inputs.map(input => input.value));
  const [tokens, shown] = [await page.locator('.tokens li').allTextContents(), await page.locator('div.table.unseen').count()];
  return { picture: await chart(page), lines: await table(page), seed: values.at(-1), url: page.url(), lang, theme, values, tokens, shown };
}

test('an address that makes no sense is read as far as it does', async () => {
  const page = await open(`${server.url}#next?t=nan&k=-3&p=9&add=1..2&step=x&mode=all&theme=red&t=2`);
  await settled(page);
  assert.match((await chart(page)).title[1], /T=1\.0 K=1 P=1\.00/);
});

test('English and Portuguese: words, numbers, lang', async () => {
  const page = await open(`${server.url}#next?t=0.5`, { locale: 'pt-BR' });
  await settled(page);
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'pt-BR');
  const portuguese = await chart(page);
  assert.equal(portuguese.title[1], '[Logits reais do modelo — T=0,5 K=15 P=1,00]');
  assert.deepEqual(portuguese.legend.map(entry => entry.text), ['Token disponível', 'Filtrado (Top-K/P)']);
  assert.match(portuguese.bars[0].value, /^\d+,\d%$/);
  await page.getByLabel('Idioma').selectOption('en');
  await settled(page);
  const english = await chart(page);
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'en');
  assert.equal(await page.title(), 'Next token · enredo explorer');
  assert.deepEqual(english.bars.map(bar => percent(bar.value)), portuguese.bars.map(bar => percent(bar.value)));
  assert.match(english.bars[0].value, /^\d+\.\d%$/);
});

test('light and dark, by the system and by choice', async () => {
  const ground = page => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const [light, dark] = ['rgb(255, 255, 255)', 'rgb(20, 23, 26)'];
  const page = await open(server.url, { colorScheme: 'dark' });
  await settled(page);
  assert.equal(await ground(page), dark);
  await page.emulateMedia({ colorScheme: 'light' });
  assert.equal(await ground(page), light);
  await page.getByLabel('Theme').selectOption('dark');
  assert.equal(await ground(page), dark);
  await page.getByLabel('Theme').selectOption('auto');
  assert.equal(await ground(page), light);
  await goTo(page, '#next?theme=dark');
  assert.equal(await ground(page), dark);
  assert.equal(await page.getByLabel('Theme').inputValue(), 'dark');
});
