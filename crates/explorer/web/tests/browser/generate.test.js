// The screen “Generate”: a text that comes, its choices, its branches, and what goes wrong meanwhile.

import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';

import { useBrowser } from './browser.js';
import { faults, openHelp, saved, says } from './checks.js';
import { slider } from './screen.js';
import { startServer } from './server.js';
import { generated, lines, press, tokens, written } from './texts.js';

const { open, excuse } = useBrowser();
let server = null;
let about = null;
before(async () => {
  server = await startServer();
  about = await server.ask('meta');
});
after(() => server.stop());

const made = (page, index) => page.locator('.shown .made').nth(index);
const items = page => page.getByRole('treeitem');
const ids = async page => (await lines(page)).filter(line => line.length === 7).map(line => Number(line[2]));

async function generate(page) {
  await press(page, 'Generate');
  await written(page);
}

test('the text is the one that the server writes, shaded, with its numbers', async () => {
  const page = await open(`${server.url}#generate?seed=7&gn=12`);
  await generate(page);
  const config = { do_sample: true, temperature: 0.8, top_k: 50, top_p: 0.9, suppress_tokens: about.never_drawn, max_new_tokens: 12, eos_token_id: about.end_of_text };
  const events = (await generated(server.url, { prompt: about.prompts[0], config, seed: 7 })).filter(({ event }) => event === 'token');
  assert.deepEqual(await ids(page), events.map(({ id }) => id));
  const shades = await page.$$eval('.shown .made', nodes => nodes.map(node => Number(node.style.getPropertyValue('--level'))));
  events.forEach(({ surprisal_bits }, i) => assert.ok(Math.abs(shades[i] - Math.min(1, surprisal_bits / Math.log2(2000))) < 1e-3));
  assert.match(await made(page, 0).getAttribute('aria-label'), /^Token 1: .+, Surprisal \d+\.\d\d bits$/);
  const mean = events.reduce((sum, { surprisal_bits }) => sum + surprisal_bits, 0) / events.length;
  assert.ok((await page.locator('.facts').first().textContent()).includes(`Mean surprisal ${mean.toFixed(2)} bits`));
  await page.getByLabel('Shaded by', { exact: true }).selectOption('off');
  assert.equal(await page.locator('.scale').isVisible(), false);
  await page.getByLabel('Shaded by', { exact: true }).selectOption('rank');
  assert.match(await made(page, 0).getAttribute('aria-label'), /Rank \d+$/);
  assert.match(await page.locator('.scale').textContent(), /^Rank1.*2,000/);
});

test('with the mouse: an alternative branches, and both texts stay', async () => {
  const page = await open(`${server.url}#generate`);
  await generate(page);
  const first = await ids(page);
  await made(page, 3).click();
  const choices = page.locator('.choice-token:not([aria-disabled])');
  const taken = await choices.nth(2).locator('bdi').textContent();
  await choices.nth(2).click();
  await written(page);
  const second = await ids(page);
  assert.deepEqual(second.slice(0, 3), first.slice(0, 3));
  assert.notEqual(second[3], first[3]);
  assert.equal((await tokens(page))[3].trim(), taken.trim());
  assert.match(await made(page, 3).getAttribute('aria-label'), /chosen by hand$/);
  assert.equal(await page.locator('tr.taken bdi').textContent(), taken);
  assert.equal(await items(page).count(), 2);
  await items(page).first().click();
  assert.deepEqual(await ids(page), first);
  await page.goBack();
  await page.waitForFunction(() => document.querySelector('[aria-level="2"]').getAttribute('aria-selected') === 'true');
  assert.deepEqual(await ids(page), second);
});

test('with the keyboard alone: tokens, digits, the tree, Delete and Undo', async () => {
  const page = await open(`${server.url}#generate?gd=greedy`);
  await page.getByRole('button', { name: 'Generate', exact: true }).focus();
  await page.keyboard.press('Enter');
  await written(page);
  assert.equal(await page.locator('.shown [tabindex="0"]').count(), 1);
  await made(page, 0).focus();
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowLeft', 'End', 'Home', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
  assert.equal(await made(page, 1).getAttribute('aria-pressed'), 'true');
  const digit = 1 + (await page.$$eval('.choice-token', nodes => nodes.findIndex(node => !node.hasAttribute('aria-disabled'))));
  await page.keyboard.press(String(digit));
  await written(page);
  assert.equal(await items(page).count(), 2);
  assert.equal(await page.evaluate(() => document.activeElement.className.includes('by-hand')), true);
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('.panel').isVisible(), false);
  await items(page).nth(1).focus();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Enter');
  assert.equal(await items(page).nth(0).getAttribute('aria-selected'), 'true');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Delete');
  assert.equal(await items(page).count(), 1);
  await press(page, 'Undo');
  assert.equal(await items(page).count(), 2);
  await press(page, 'Delete all');
  assert.equal(await items(page).count(), 0);
  assert.match(await page.locator('main').textContent(), /No text yet/);
  await press(page, 'Undo');
  assert.equal(await items(page).count(), 2);
});

test('Escape stops, what came stays and can be looked into, and Continue goes on', async () => {
  const page = await open(`${server.url}#generate?prompt=a+slow+one&gn=200`);
  await press(page, 'Generate');
  await made(page, 2).waitFor();
  await made(page, 1).click();
  await page.keyboard.press('Escape');
  await written(page);
  const came = await ids(page);
  assert.ok(came.length >= 3 && came.length < 100, String(came.length));
  assert.match(await items(page).first().textContent(), /stopped/);
  assert.ok((await page.locator('.choice-token').count()) >= 10);
  await page.getByLabel('New tokens', { exact: true }).press('Home');
  await press(page, 'Continue');
  await page.waitForFunction(() => document.querySelectorAll('[role=treeitem]').length === 2);
  await written(page);
  const now = await ids(page);
  assert.deepEqual([now.length, now.slice(0, came.length)], [came.length + 1, came]);
});

test('trees are there after a reload and after another screen, and a text grows meanwhile', async () => {
  const page = await open(`${server.url}#generate?prompt=a+slow+one&gn=25`);
  await press(page, 'Generate');
  await made(page, 1).waitFor();
  await page.getByRole('link', { name: 'Next token' }).click();
  await page.waitForSelector('figure:not([aria-busy]) .bar .value');
  await page.getByRole('link', { name: 'Generate' }).click();
  await written(page);
  const text = await tokens(page);
  assert.ok(text.length > 10, `${text.length} tokens`);
  await page.getByLabel('Language').selectOption('pt');
  await page.getByRole('button', { name: 'Gerar', exact: true }).waitFor();
  assert.match(await page.locator('.facts').first().textContent(), /Surpresa média \d+,\d\d bits/);
  await page.reload();
  await made(page, text.length - 1).waitFor();
  assert.deepEqual(await tokens(page), text);
});

test('settings are in the address', async () => {
  const page = await open(server.url + '#generate');
  for (const [name, key] of [['Temperature', 'End'], ['Top-k', 'Home'], ['Top-p', 'ArrowLeft'], ['Min-p', 'ArrowRight'], ['Typical', 'ArrowLeft'], ['New tokens', 'Home']]) await slider(page, name).press(key);
  await page.waitForTimeout(500);
  assert.match(page.url(), /#generate\?gt=3&gk=0&gp=0\.89&gm=0\.01&gy=0\.99&gn=1$/);
  await page.reload();
  await page.waitForSelector('form');
  assert.equal(await slider(page, 'Temperature').getAttribute('aria-valuetext'), '3.0');
  assert.equal(await slider(page, 'Top-k').getAttribute('aria-valuetext'), 'off');
});

test('a model that breaks leaves what came and says why', async () => {
  const page = await open(`${server.url}#generate?prompt=it+will+break`);
  await press(page, 'Generate');
  await page.waitForFunction(() => document.querySelector('[role=alert]').textContent !== '');
  const why = await page.locator('[role=alert]').textContent();
  assert.ok((await tokens(page)).length > 0);
  assert.ok((await items(page).first().textContent()).includes(why));
  await page.getByLabel('Text', { exact: true }).fill('it will do');
  await page.waitForTimeout(500);
  await generate(page);
  await says(page, '');
});

test('a refusal is told, and is no branch', async () => {
  excuse(/status of 422/);
  const page = await open(`${server.url}#generate?step=5`);
  await press(page, 'Generate');
  await says(page, 'step 5');
  assert.equal(await items(page).count(), 0);
});

test('a server that dies amid a text: what came stays, and it recovers', async () => {
  excuse(/ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE/);
  let mortal = await startServer();
  try {
    const page = await open(`${mortal.url}#generate?prompt=a+slow+one&gn=100`);
    await press(page, 'Generate');
    await made(page, 2).waitFor();
    await mortal.stop();
    await says(page, 'The server does not answer');
    assert.match(await items(page).first().textContent(), /broke off/);
    const came = (await tokens(page)).length;
    assert.ok(came >= 3);
    mortal = await startServer({ port: mortal.port });
    await says(page, '');
    assert.equal((await tokens(page)).length, came);
    await page.getByLabel('Text', { exact: true }).fill('a new one');
    await page.waitForTimeout(500);
    await slider(page, 'New tokens').press('Home');
    await generate(page);
    assert.equal(await items(page).count(), 2);
  } finally {
    await mortal.stop();
  }
});

test('files: the tree, the text, the picture', async () => {
  const page = await open(`${server.url}#generate`);
  await generate(page);
  await made(page, 2).click();
  await page.locator('.choice-token:not([aria-disabled])').nth(1).click();
  await written(page);
  const shown = await ids(page);
  const told = JSON.parse(await saved(page, 'JSON', 'text'));
  assert.deepEqual([told.branches.length, told.shown, told.branches[1].parent], [2, 2, 1]);
  assert.deepEqual(told.branches[1].sequence, [...told.branches[0].ids, ...shown]);
  const { recipe, tokens: own } = told.branches[1];
  const again = await generated(server.url, { ids: told.branches[1].sequence.slice(0, told.branches[0].ids.length + 3), step: recipe.step, seed: Number(recipe.seed), config: recipe.config });
  assert.deepEqual(again.filter(({ event }) => event === 'token').map(({ id }) => id), own.slice(1).map(({ id }) => id), 'the file does not tell how to write it again');
  const csv = String(await saved(page, 'CSV', 'text'));
  assert.match(csv, /^position,token,id,by_hand,rank,p_raw/);
  const svg = await page.evaluate(text => {
    const root = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement;
    return { name: root.localName, texts: root.querySelectorAll('text').length, strange: root.querySelectorAll('script, image, foreignObject, [onerror]').length };
  }, String(await saved(page, 'SVG', 'text')));
  assert.deepEqual([svg.name, svg.strange], ['svg', 0]);
  assert.ok(svg.texts >= shown.length + 6);
  assert.equal((await saved(page, 'PNG', 'text')).subarray(1, 4).toString(), 'PNG');
});

for (const theme of ['light', 'dark']) {
  test(`axe finds nothing: ${theme}`, async () => {
    const page = await open(`${server.url}#generate?theme=${theme}&table=1&lang=${theme === 'dark' ? 'pt' : 'en'}`);
    await page.waitForSelector('.empty');
    assert.deepEqual(await faults(page), []);
    await page.locator('button.main').click();
    await written(page);
    await made(page, 4).click();
    await page.locator('.choice-token:not([aria-disabled])').nth(1).click();
    await written(page);
    await openHelp(page);
    assert.deepEqual(await faults(page), []);
  });
}

test('hostile texts are texts, and at 320 pixels nothing is cut off', async () => {
  const page = await open(`${server.url}#generate?gt=1.5&gn=60&table=1`, { viewport: { width: 320, height: 700 } });
  await generate(page);
  await made(page, 4).click();
  await openHelp(page);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
  for (const tag of ['main script', 'main img', 'main b b', 'iframe', 'main i']) assert.equal(await page.locator(tag).count(), 0, tag);
  const shown = await page.locator('main').textContent();
  assert.ok(shown.includes('<script>alert(1)</script>') || shown.includes('</table>'));
  assert.doesNotMatch(shown, /[\u202a-\u202e\u2066-\u2069\u0000-\u0008\u001b]/);
});

test('who listens hears the start and the end, not each token', async () => {
  const page = await open(`${server.url}#generate?prompt=a+slow+one&gn=20`);
  const status = page.locator('figure [role=status]');
  await page.waitForSelector('.empty');
  await page.evaluate(() => {
    window.heard = [];
    const watch = new MutationObserver(() => window.heard.push(document.querySelector('figure [role=status]').textContent));
    watch.observe(document.querySelector('figure [role=status]'), { subtree: true, characterData: true, childList: true });
  });
  await generate(page);
  await page.waitForTimeout(800);
  assert.match(await status.textContent(), /^20 tokens; as long as asked\.$/);
  assert.ok((await page.evaluate(() => window.heard)).length <= 3);
});
