// What goes wrong is told, and passes.

import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';

import { useBrowser } from './browser.js';
import { says } from './checks.js';
import { chart, goTo, settled, slider, table } from './screen.js';
import { startServer } from './server.js';

const { open, excuse } = useBrowser();
let server = null;
before(async () => (server = await startServer()));
after(() => server.stop());

const alert = page => page.getByRole('alert');
const write = (page, text) => page.getByLabel('Text', { exact: true }).fill(text);

test('a model’s fault is told in its words, and the next answer takes it back', async () => {
  excuse(/status of 500/);
  const page = await open(server.url);
  await settled(page);
  await write(page, 'this will fail');
  await says(page, 'the toy\'s <i>tokenizer</i> broke');
  assert.equal(await page.locator('[role=alert] i').count(), 0);
  await write(page, 'this will do');
  await says(page, '');
  assert.match((await chart(page)).title[0], /this will do/);
});

test('a value that the server refuses is told', async () => {
  excuse(/status of 422/);
  const page = await open(`${server.url}#next?add=123456789`);
  await says(page, '123456789');
  await page.keyboard.press('Backspace');
  await settled(page);
  assert.equal(await alert(page).textContent(), '');
  await goTo(page, '#next?step=5');
  await says(page, 'step 5');
  await slider(page, 'Training step').press('Home');
  await says(page, '');
});

test('a slow answer shows as such, and never overtakes one that was known', async () => {
  const page = await open(server.url);
  await settled(page);
  const known = [await chart(page), await table(page)];
  await write(page, 'a slow one');
  await page.waitForSelector('figure[aria-busy]');
  await page.goBack();
  await settled(page);
  assert.deepEqual([await chart(page), await table(page)], known);
  await page.waitForTimeout(1800);
  assert.deepEqual([await chart(page), await table(page)], known);
  assert.equal(await alert(page).textContent(), '');
});

test('while an answer is under way no bar is appended', async () => {
  const page = await open(server.url);
  await settled(page);
  await write(page, 'a slow one');
  await page.waitForSelector('figure[aria-busy]');
  await slider(page, 'Top-k').focus();
  await page.keyboard.press('1');
  await page.waitForFunction(() => document.querySelector('.title').textContent.includes('a slow one'));
  assert.equal(await page.locator('.tokens .new').count(), 0);
});

test('a server that is gone shows, and its return ends it', async () => {
  excuse(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/);
  let mortal = await startServer();
  try {
    const page = await open(mortal.url);
    await settled(page);
    await mortal.stop();
    await slider(page, 'Top-k').press('Home');
    await settled(page);
    assert.equal((await chart(page)).bars.filter(bar => bar.value !== 'X').length > 0, true, 'sliders work without it');
    await slider(page, 'Training step').press('Home');
    await says(page, 'The server does not answer');
    mortal = await startServer({ port: mortal.port });
    await says(page, '');
    await settled(page);
    assert.match(await slider(page, 'Training step').getAttribute('aria-valuetext'), /^step 100/);
  } finally {
    await mortal.stop();
  }
});

test('a server that is gone amid an answer shows, too', async () => {
  excuse(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/);
  const mortal = await startServer();
  const page = await open(mortal.url);
  await settled(page);
  await write(page, 'a slow one');
  await page.waitForSelector('figure[aria-busy]');
  await mortal.stop();
  await says(page, 'The server does not answer');
});

test('a screen that cannot come now comes when the server is back', async () => {
  excuse(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/);
  let mortal = await startServer();
  try {
    const page = await open(mortal.url);
    await settled(page);
    await mortal.stop();
    await page.getByRole('link', { name: 'Compare' }).click();
    await says(page, 'The server does not answer');
    mortal = await startServer({ port: mortal.port });
    await page.getByRole('heading', { level: 1, name: 'Compare' }).waitFor();
    await says(page, '');
  } finally {
    await mortal.stop();
  }
});

test('another run on the same port starts the page anew', async () => {
  excuse(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/);
  let mortal = await startServer();
  try {
    const page = await open(mortal.url);
    await settled(page);
    await mortal.stop();
    await page.keyboard.press('1');
    await says(page, 'The server does not answer');
    mortal = await startServer({ port: mortal.port, vocab: 3000 });
    await page.waitForFunction(() => document.querySelector('header').textContent.includes('3,000'));
    await settled(page);
  } finally {
    await mortal.stop();
  }
});
