// The screen “Data and tokens”: a text and its tokens, the documents, the vocabulary.

import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';

import { useBrowser } from './browser.js';
import { faults, saved } from './checks.js';
import { startServer } from './server.js';

const { open, excuse } = useBrowser();
let server = null;
before(async () => (server = await startServer()));
after(() => server.stop());

const screen = async (hash = '', options = {}) => {
  const page = await open(`${server.url}#data${hash}`, options);
  await page.waitForSelector('.own-text .strip li');
  await page.waitForSelector('.documents li');
  return page;
};
const own = page => page.locator('.own-text');
const chips = page => page.$$eval('.own-text .strip li:not(.gap, .edge)', all => all.map(one => ({ id: Number(one.querySelector('.id').textContent), text: one.querySelector('.text').textContent, why: one.querySelector('.why')?.textContent ?? '', kind: one.className })));
const shown = page => page.$$eval('.documents li[data-index]', all => all.map(one => Number(one.dataset.index)));
const counted = page => page.locator('section[aria-label=Documents] .pager .note').textContent();
const says = (page, text) => page.waitForFunction(text => [...document.querySelectorAll('.pager .note')].some(one => one.textContent === text), text);

test('a text becomes tokens as one types; unknown ones say what they stand for', async () => {
  const page = await screen();
  await own(page).getByLabel('Text', { exact: true }).fill('café 👩 … story');
  await page.waitForFunction(() => document.querySelector('.own-text .strip').textContent.includes('…'));
  const { ids } = await server.ask('tokenize', { prompt: 'café 👩 … story' });
  const { unknown } = await server.ask('meta');
  const told = await chips(page);
  assert.deepEqual(told.map(chip => chip.id), ids);
  const strange = told.filter(chip => chip.id === unknown);
  assert.ok(strange.length > 0 && strange.every(chip => chip.kind.includes('unknown') && chip.why.startsWith('unknown ')));
  assert.ok(strange.some(chip => chip.why.includes('…')));
  assert.match(await own(page).locator('.facts').textContent(), new RegExp(`Characters14.*Unknown${strange.length} \\(`));
});

test('where the window cuts is said and marked', async () => {
  const { window } = await server.ask('meta');
  const page = await screen(`?prompt=${Array.from({ length: window + 3 }, (_, i) => `w${i}`).join('+')}`);
  assert.equal(await page.locator('.own-text .strip .cut').count(), 3);
  assert.equal(await page.locator('.own-text .strip .edge').count(), 1);
  assert.ok((await own(page).locator('.facts').textContent()).includes('the first 3 are not read'));
});

test('a slow answer never comes after a newer one', async () => {
  const page = await screen();
  await own(page).getByLabel('Text', { exact: true }).fill('a slow one');
  await page.waitForSelector('.own-text [aria-busy]');
  await own(page).getByLabel('Text', { exact: true }).fill('quick');
  await page.waitForFunction(() => document.querySelectorAll('.own-text .strip li').length === 1);
  await page.waitForTimeout(1800);
  assert.equal((await chips(page)).length, 1);
});

test('documents: pages, splits, a search with its matches marked', async () => {
  const page = await screen();
  const all = await server.ask('documents');
  const number = n => n.toLocaleString('en');
  assert.equal(await counted(page), `1–20 of ${number(all.total)}`);
  const turn = name => page.locator('section[aria-label=Documents] .pager').getByRole('button', { name }).click();
  await turn('Next');
  await says(page, `21–40 of ${number(all.total)}`);
  assert.equal((await shown(page))[0], 20);
  await turn('Last');
  await says(page, `${number(Math.floor((all.total - 1) / 20) * 20 + 1)}–${number(all.total)} of ${number(all.total)}`);
  await turn('First');
  await page.getByLabel('Which', { exact: true }).selectOption('held_out');
  await page.waitForFunction(() => [...document.querySelectorAll('.documents .badge')].every(one => one.textContent === 'held out'));
  await page.getByLabel('Which', { exact: true }).selectOption('all');
  await page.getByLabel('Search', { exact: true }).first().fill('LIGHTHOUSE');
  const found = await server.ask('documents?q=LIGHTHOUSE');
  await says(page, `1–20 of ${number(found.matching)} matching of ${number(found.total)}`);
  assert.deepEqual(await shown(page), found.documents.map(one => one.index));
  const marks = await page.locator('.documents mark').allTextContents();
  assert.ok(marks.length >= 20 && marks.every(text => text === 'Lighthouse'));
  await page.getByLabel('Search', { exact: true }).first().fill('no such text anywhere');
  await page.waitForSelector('.documents .empty');
});

test('a document opens its tokens by key, and becomes the text', async () => {
  const page = await screen();
  const button = page.getByRole('button', { name: 'Tokens: Text 2', exact: true });
  await button.focus();
  await page.keyboard.press('Enter');
  await page.waitForSelector('.documents .strip li');
  assert.equal(await button.getAttribute('aria-expanded'), 'true');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Tokens: Text 2');
  await page.getByRole('button', { name: 'Take as the text: Text 2', exact: true }).click();
  const { documents } = await server.ask('documents');
  await page.waitForFunction(text => document.querySelector('textarea').value === text, documents[1].text);
  await button.press('Enter');
  await page.waitForFunction(() => document.querySelector('.documents .strip') === null);
});

test('the vocabulary: by text, by id, and how a token is written', async () => {
  const page = await screen();
  const { tokens } = await server.ask('vocab');
  const box = page.locator('.vocabulary');
  await box.getByLabel('Search', { exact: true }).fill('#12');
  await says(page, '1–1 of 1');
  assert.equal(await box.locator('tbody th').textContent(), '12');
  await box.getByRole('button', { name: 'How?: 12' }).press('Enter');
  await box.locator('.detail dl').waitFor();
  assert.ok((await box.locator('.detail').textContent()).includes('U+0009'), 'a tab');
  await box.getByLabel('Search', { exact: true }).fill('WORD1');
  const n = tokens.filter(token => token.text.toLowerCase().includes('word1')).length;
  await says(page, `1–20 of ${n.toLocaleString('en')}`);
});

test('the address keeps it all over a reload', async () => {
  const page = await screen('?find=sea&from=20&doc=40&look=word1&voc=20&token=30&prompt=two+words');
  const all = () => page.evaluate(() => [...document.querySelectorAll('main section')].map(one => one.textContent));
  await page.waitForTimeout(500);
  const seen = await all();
  assert.ok(seen[0].includes('Words2'));
  await page.reload();
  await page.waitForSelector('.own-text .strip li');
  await page.waitForSelector('.documents li');
  await page.waitForTimeout(500);
  assert.deepEqual(await all(), seen);
});

test('an address beyond the last page leads to it', async () => {
  const page = await screen('?from=99980&voc=99980');
  const { total } = await server.ask('documents');
  await says(page, `${total - 19}–${total} of ${total}`);
  assert.equal((await shown(page)).at(-1), total - 1);
  assert.equal(await page.locator('.vocabulary tbody th').last().textContent(), '1999');
});

test('files of the tokens, the documents and the vocabulary', async () => {
  const page = await screen('?prompt=a+…+story');
  const tokens = kind => saved(own(page), kind, 'tokens');
  assert.equal(String(await tokens('CSV')).trim().split('\r\n').length, 4);
  const record = JSON.parse(await tokens('JSON'));
  assert.deepEqual(record.tokens.map(one => [one.text, one.start, one.end]), [['a', 0, 1], ['…', 2, 3], ['story', 4, 9]]);
  const svg = String(await tokens('SVG'));
  assert.ok(svg.startsWith('<svg') && svg.includes('unknown: …') && !svg.includes('class='));
  assert.equal((await tokens('PNG')).subarray(1, 4).toString(), 'PNG');
  const documents = JSON.parse(await saved(page.locator('section[aria-label=Documents]').last(), 'JSON', 'documents'));
  assert.equal(documents.documents.length, 20);
  const vocabulary = await saved(page.locator('.vocabulary'), 'JSON', 'vocabulary');
  assert.equal(JSON.parse(vocabulary).tokens.length, 2000);
});

test('hostile texts are texts: in documents, tokens, vocabulary and source', async () => {
  const page = await screen('?find=story+14&prompt=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E+%E2%80%AE');
  await page.waitForTimeout(300);
  const text = await page.locator('main').evaluate(node => node.innerText);
  assert.ok(text.includes('<i>made up</i>') && text.includes('<script>alert(1)</script>') && text.includes('⟨U+202E⟩'));
  assert.doesNotMatch(text, /[\u202a-\u202e\u2066-\u2069\u0000-\u0008\u001b]/);
  for (const tag of ['main script', 'main img', 'main b', 'main i', 'main iframe']) assert.equal(await page.locator(tag).count(), 0, tag);
});

test('texts of another run, and none at all, are said', async () => {
  excuse(/status of 404/);
  const page = await open('about:blank');
  const answer = await server.ask('documents');
  let status = 200;
  await page.route('**/api/v1/documents?*', route => (status === 200 ? route.fulfill({ json: { ...answer, is_the_runs_own: false } }) : route.fulfill({ status, contentType: 'application/problem+json', body: JSON.stringify({ status, detail: 'no texts here' }) })));
  await page.goto(`${server.url}#data`);
  await page.waitForFunction(() => document.querySelector('.notice')?.textContent.includes('not the texts that the run was trained on'));
  status = 404;
  await page.reload();
  await page.waitForFunction(() => document.querySelector('.notice')?.textContent === 'no texts here');
  await page.waitForSelector('.own-text .strip li');
  assert.equal(await page.locator('[role=alert]').textContent(), '');
});

test('the server’s problem is shown and passes; one that is gone shows, and comes back', async () => {
  excuse(/status of 500|ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/);
  let mortal = await startServer();
  try {
    const page = await open(`${mortal.url}#data`);
    await page.waitForSelector('.documents li');
    const area = page.locator('.own-text').getByLabel('Text', { exact: true });
    await area.fill('this will fail');
    await page.waitForFunction(() => document.querySelector('[role=alert]').textContent.includes('tokenizer'));
    await area.fill('this will do');
    await page.waitForFunction(() => document.querySelector('[role=alert]').textContent === '');
    await mortal.stop();
    await page.getByLabel('Which', { exact: true }).selectOption('train');
    await page.waitForFunction(() => document.querySelector('[role=alert]').textContent.includes('does not answer'));
    mortal = await startServer({ port: mortal.port });
    await page.waitForFunction(() => document.querySelector('[role=alert]').textContent === '');
    await page.waitForFunction(() => [...document.querySelectorAll('.documents .badge')].every(one => one.textContent === 'training'));
  } finally {
    await mortal.stop();
  }
});

for (const theme of ['light', 'dark']) {
  test(`axe finds nothing: ${theme}`, async () => {
    const page = await screen(`?theme=${theme}&find=sea&doc=0&token=5&prompt=a+…+story`);
    await page.waitForSelector('.documents .strip li');
    await page.$$eval('details', all => all.forEach(one => (one.open = true)));
    assert.deepEqual(await faults(page), []);
  });
}

test('Portuguese, at 320 pixels: nothing is cut off', async () => {
  const page = await screen('?lang=pt&doc=7&token=19&look=long', { viewport: { width: 320, height: 700 } });
  await page.waitForSelector('.documents .strip li');
  assert.ok((await page.locator('main').textContent()).includes('Vocabulário'));
  await page.$$eval('details', all => all.forEach(one => (one.open = true)));
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
});
