// The screen “Beams”: the tree, by mouse and by keys, the penalty, files, troubles.

import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';

import { useBrowser } from './browser.js';
import { faults, fits, saved, says } from './checks.js';
import { slider } from './screen.js';
import { startServer } from './server.js';

const { open, excuse } = useBrowser();
let server = null;
before(async () => (server = await startServer()));
after(() => server.stop());

const PROMPT = 'A story about love and';
const STATE = `#beams?prompt=${encodeURIComponent(PROMPT)}&nb=3&nt=6`;

async function settled(page) {
  await page.waitForSelector('.beams figure:not([aria-busy]) .tree .node');
  await page.waitForTimeout(50);
}

const nodes = page => page.locator('.tree .node:not([display])');
const list = page => page.$$eval('.hypotheses tbody tr', lines => lines.map(line => [...line.children].map(cell => cell.textContent)));
const ask = async (beams, config = {}) => {
  const { never_drawn, end_of_text } = await server.ask('meta');
  const all = { num_beams: 3, length_penalty: 1, num_return_sequences: 3, ...beams };
  return server.ask('beams', { prompt: PROMPT, config: { max_new_tokens: 6, suppress_tokens: never_drawn, eos_token_id: end_of_text, do_sample: false, ...config }, beams: all });
};
const count = ({ steps }) => 1 + steps.reduce((sum, { candidates }) => sum + candidates.length, 0);

test('the tree is the server’s: every candidate, and the best path', async () => {
  const page = await open(server.url + STATE);
  await settled(page);
  const answer = await ask();
  assert.equal(await nodes(page).count(), count(answer));
  const kinds = kind => page.locator(`.tree .node.${kind}`).count();
  for (const kind of ['alive', 'pruned', 'finished']) {
    const right = answer.steps.flatMap(step => step.candidates).filter(({ fate }) => fate === kind || fate[kind]);
    assert.equal(await kinds(kind), right.length, kind);
  }
  assert.equal(await kinds('best'), 1 + answer.hypotheses[0].tokens.length);
  const shown = await list(page);
  answer.hypotheses.forEach(({ logprob, score, tokens }, i) => assert.deepEqual(shown[i].slice(2), [logprob.toFixed(3), String(tokens.length), score.toFixed(3), 'returned']));
  assert.match(shown[0][0], /★/);
  const widths = await page.$$eval('.tree .edge', edges => edges.map(edge => [edge.classList.contains('best'), parseFloat(getComputedStyle(edge).strokeWidth), getComputedStyle(edge).strokeDasharray]));
  assert.ok(widths.every(([best, width]) => (width > 3) === best), 'the best path is thicker than all else');
});

test('no node lies over another', async () => {
  const page = await open(`${server.url}#beams?nb=8&nt=12`);
  await settled(page);
  const boxes = await page.$$eval('.tree .box', all => all.map(box => box.getBoundingClientRect()).map(({ left, top, right, bottom }) => ({ left, top, right, bottom })));
  assert.ok(boxes.length > 100);
  const over = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  boxes.forEach((a, i) => assert.ok(!boxes.slice(i + 1).some(b => over(a, b)), `node ${i}`));
});

test('arrow keys walk, and tell all of a node', async () => {
  const page = await open(server.url + STATE);
  await settled(page);
  const answer = await ask();
  const details = () => page.locator('.details dd').allTextContents();
  await nodes(page).first().locator('.box').focus();
  for (const { candidates } of answer.steps.slice(0, 2)) {
    await page.keyboard.press('ArrowRight');
    const name = await page.evaluate(() => document.activeElement.getAttribute('aria-label'));
    assert.match(name, /on the path of the best sequence/);
    const [, logprob, total] = await details();
    assert.ok(candidates.some(one => one.logprob.toFixed(3) === logprob && one.total.toFixed(3) === total));
  }
  const level = () => page.evaluate(() => document.activeElement.getAttribute('aria-level'));
  assert.equal(await level(), '3');
  const before = await details();
  await page.keyboard.press('ArrowDown');
  assert.notDeepEqual(await details(), before);
  assert.equal(await level(), '3');
  await page.keyboard.press('ArrowLeft');
  assert.equal(await level(), '2');
  await page.keyboard.press('End');
  assert.equal(await level(), String(1 + answer.hypotheses[0].tokens.length));
  assert.match((await details()).at(-1), /ended/);
  await page.keyboard.press('Home');
  assert.equal(await level(), '1');
});

test('the pointer tells, and a sequence leads to its node', async () => {
  const page = await open(server.url + STATE);
  await settled(page);
  await nodes(page).nth(2).hover();
  const [text, logprob] = await page.locator('.details dd').allTextContents();
  assert.ok(text.length > 0 && Number(logprob) < 0);
  await page.locator('.hypotheses button').nth(1).click();
  const [whole] = await page.locator('.details dd').allTextContents();
  assert.equal(whole, await page.locator('.hypotheses button').nth(1).textContent());
});

test('the penalty re-ranks at once, and then the exact search comes', async () => {
  const page = await open(server.url + STATE);
  await settled(page);
  const note = page.locator('.hypotheses .note');
  assert.match(await note.textContent(), /^The exact search with length penalty 1\.0/);
  let let_go = null;
  await page.route('**/api/v1/beams', async route => {
    await new Promise(done => (let_go = done));
    await route.continue();
  });
  const first = await list(page);
  await slider(page, 'Length penalty').press('Home');
  await page.waitForFunction(() => document.querySelector('.hypotheses .note').textContent.startsWith('Re-ranked with length penalty -2.0; the tree is that of the search with 1.0'));
  const again = await list(page);
  assert.equal(again.length, first.length, 'the same tree');
  const scores = again.map(line => Number(line[4]));
  assert.deepEqual(scores, [...scores].sort((a, b) => b - a));
  again.forEach(line => assert.ok(Math.abs(Number(line[4]) - Number(line[2]) * Number(line[3]) ** 2) < 0.05 * Number(line[3]) ** 2));
  while (!let_go) await page.waitForTimeout(20);
  let_go();
  await page.waitForFunction(() => document.querySelector('.hypotheses .note').textContent.startsWith('The exact search with length penalty -2.0'));
  const right = await ask({ length_penalty: -2 });
  assert.equal((await list(page))[0][4], right.hypotheses[0].score.toFixed(3));
});

test('steps grow, the pruned hide, groups divide', async () => {
  const page = await open(server.url + STATE);
  await settled(page);
  const answer = await ask();
  await nodes(page).last().locator('.box').focus();
  await slider(page, 'Steps shown').press('Home');
  assert.equal(await page.locator('.tree .node:not([display]) .box[tabindex="0"]').count(), 1, 'Tab still finds the tree');
  assert.equal(await nodes(page).count(), 1 + answer.steps[0].candidates.length);
  await slider(page, 'Steps shown').press('End');
  await page.getByLabel('Hide the pruned').check();
  assert.equal(await page.locator('.tree .node.pruned').count(), 0);
  assert.deepEqual(await page.getByLabel('Groups', { exact: true }).locator('option').allTextContents(), ['1', '3']);
  assert.equal(await slider(page, 'Diversity penalty').count(), 0);
  await page.getByLabel('Groups', { exact: true }).selectOption('3');
  await slider(page, 'Diversity penalty').press('ArrowRight');
  await page.getByLabel('Early stopping', { exact: true }).selectOption('never');
  await page.waitForTimeout(250);
  await settled(page);
  const right = await ask({ num_beam_groups: 3, diversity_penalty: 0.1, early_stopping: 'never' });
  assert.equal((await list(page))[0][4], right.hypotheses[0].score.toFixed(3));
});

test('sampling: a seed and a temperature, and the same again', async () => {
  const page = await open(`${server.url}${STATE}`);
  await settled(page);
  assert.equal(await page.getByLabel('Seed', { exact: true }).isVisible(), false);
  await page.getByLabel('Sample instead of taking the best', { exact: true }).check();
  await page.getByLabel('Seed', { exact: true }).fill('7');
  await page.waitForTimeout(250);
  await settled(page);
  const seven = await list(page);
  await page.waitForTimeout(400);
  const other = await open(page.url());
  await settled(other);
  assert.deepEqual(await list(other), seven);
});

test('the address keeps all over a reload; Portuguese', async () => {
  const page = await open(`${server.url}${STATE}&lp=-0.5&es=at_once&at=2&hp=1&table=1&lang=pt`);
  await settled(page);
  const all = async () => [await list(page), await page.locator('.tree').innerHTML(), await page.$$eval('main input', inputs => inputs.map(input => [input.value, input.checked]))];
  const seen = await all();
  assert.match(await page.locator('.hypotheses .note').textContent(), /^A busca exata com penalidade de comprimento -0,5/);
  await page.reload();
  await settled(page);
  assert.equal(JSON.stringify(await all()).replace(/-\d+"/g, '"'), JSON.stringify(seen).replace(/-\d+"/g, '"'));
  assert.equal(await page.locator('h1').textContent(), 'Feixes');
});

test('axe finds nothing, in both themes', async () => {
  for (const theme of ['light', 'dark']) {
    const page = await open(`${server.url}#beams?theme=${theme}&table=1&bs=1&nb=4&bg=2`);
    await settled(page);
    await nodes(page).nth(3).locator('.box').focus();
    assert.deepEqual(await faults(page), [], theme);
  }
});

test('at 320 pixels only the tree scrolls', async () => {
  const page = await open(`${server.url}#beams?lang=pt&table=1&bs=1&nb=4&bg=2`, { viewport: { width: 320, height: 700 } });
  await settled(page);
  await fits(page, 320);
});

test('hostile texts are texts', async () => {
  const page = await open(`${server.url}#beams?nb=8&nt=6&table=1`);
  await settled(page);
  for (const tag of ['script:not([src="main.js"])', 'img', 'main b', 'main i', 'iframe']) assert.equal(await page.locator(tag).count(), 0, tag);
  const shown = await page.locator('main').textContent();
  assert.ok(shown.includes('alert(1)'));
  assert.doesNotMatch(shown, /[\u202a-\u202e\u2066-\u2069\u0000-\u0008\u001b]/);
});

test('files: SVG, PNG, CSV, JSON', async () => {
  const page = await open(server.url + STATE);
  await settled(page);
  const answer = await ask();
  const file = kind => saved(page, kind, 'beams');
  const svg = String(await file('SVG'));
  const read = await page.evaluate(text => {
    const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');
    return [parsed.querySelector('parsererror') === null, parsed.querySelectorAll('script, [onclick], [tabindex], [role]').length, parsed.querySelectorAll('rect').length];
  }, svg);
  assert.deepEqual(read.slice(0, 2), [true, 0]);
  assert.equal(read[2], 1 + count(answer));
  assert.deepEqual([...(await file('PNG')).subarray(1, 4)], [...Buffer.from('PNG')]);
  const lines = String(await file('CSV')).trim().split(/\r\n(?=\d)/);
  assert.equal(lines.length, count(answer));
  assert.equal(lines[0], 'step,group,parent,beam,token,id,logprob,total,fate,score,ended');
  const record = JSON.parse(await file('JSON'));
  assert.deepEqual([record.hypotheses, record.steps, record.exact, record.beams.num_beams], [answer.hypotheses, answer.steps, true, 3]);
});

test('a refusal is told, and passes', async () => {
  excuse(/status of (422|500)/);
  const page = await open(`${server.url}#beams?add=999999`);
  await says(page, '999999');
  await page.getByLabel('Text', { exact: true }).fill('this will fail');
  await says(page, '<i>tokenizer</i>');
  await page.getByLabel('Text', { exact: true }).fill('this will do');
  await says(page, '');
  await settled(page);
});

test('a server that is gone shows, and its return ends it', async () => {
  excuse(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/);
  let mortal = await startServer();
  try {
    const page = await open(mortal.url + STATE);
    await settled(page);
    await mortal.stop();
    await slider(page, 'Beams').press('ArrowRight');
    await says(page, 'does not answer');
    mortal = await startServer({ port: mortal.port });
    await says(page, '');
    await settled(page);
    assert.ok((await list(page)).filter(line => line[5] === 'returned').length === 4);
  } finally {
    await mortal.stop();
  }
});
