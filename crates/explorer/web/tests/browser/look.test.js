// For whom it is: any eye, any hand, any width; and texts that mean no good.

import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';

import { useBrowser } from './browser.js';
import { faults, openHelp } from './checks.js';
import { settled, slider, table } from './screen.js';
import { startServer } from './server.js';

const { open, excuse } = useBrowser();
let server = null;
before(async () => (server = await startServer()));
after(() => server.stop());

for (const theme of ['light', 'dark']) {
  for (const mode of ['notebook', 'whole']) {
    test(`axe finds nothing: ${theme}, ${mode}`, async () => {
      const page = await open(`${server.url}#next?mode=${mode}&theme=${theme}&k=5&table=1&add=40.41`);
      await settled(page);
      assert.deepEqual(await faults(page), []);
      await openHelp(page);
      assert.deepEqual(await faults(page), [], 'with all help open');
    });
  }
}

test('axe finds nothing: Portuguese, and a problem on show', async () => {
  excuse(/status of 422/);
  const page = await open(`${server.url}#next?lang=pt&add=999999`);
  await page.waitForFunction(() => document.querySelector('[role=alert]').textContent !== '');
  assert.deepEqual(await faults(page), []);
});

test('hostile texts are texts', async () => {
  const page = await open(`${server.url}#next?mode=whole&table=1&add=2.3.4.5.6.7.8.9.10.11.12.13.14.15.17`);
  await settled(page);
  const lines = await table(page);
  const hostile = lines.slice(0, 15).filter(line => Number(line[2]) < 19);
  assert.ok(hostile.length >= 10, `${hostile.length} of the bars are hostile`);
  for (const tag of ['script:not([src="main.js"])', 'img', 'main b', 'header b', 'main i', 'iframe', 'object']) assert.equal(await page.locator(tag).count(), 0, tag);
  const shown = await page.locator('main').textContent();
  assert.ok(shown.includes('<script>alert(1)</script>') && shown.includes('</svg><img␣src=x␣onerror=alert(1)>') && shown.includes('line↵line'));
  assert.doesNotMatch(shown, /[\u202a-\u202e\u2066-\u2069\u0000-\u0008\u001b]/);
  for (const line of lines.slice(0, 15)) assert.match(line[1], /\S/, 'no token is invisible');
  assert.ok((await page.locator('header').textContent()).includes('<b>toy</b>'));
  const [box, plot] = [await page.locator('svg .bar').first().boundingBox(), await page.locator('svg.chart').boundingBox()];
  assert.ok(box.width < plot.width / 4, 'a long label stays short');
});

test('at 320 pixels nothing is cut off', async () => {
  for (const [mode, lang] of [['notebook', 'en'], ['whole', 'pt']]) {
    const page = await open(`${server.url}#next?mode=${mode}&lang=${lang}&table=1&add=2.4.18`, { viewport: { width: 320, height: 700 } });
    await settled(page);
    const scroll = () => page.evaluate(() => document.documentElement.scrollWidth);
    assert.equal(await scroll(), 320, mode);
    await openHelp(page);
    assert.equal(await scroll(), 320, `${mode}, with all help open`);
    const sizes = await page.$$eval('button, select, input:not([type=checkbox])', nodes => nodes.filter(node => node.offsetParent).map(node => node.getBoundingClientRect()).map(box => [box.left >= 0, box.right <= 320, box.height >= 24].every(Boolean)));
    assert.ok(sizes.length > 8 && sizes.every(Boolean), `controls at ${mode}`);
  }
});

test('who wants no motion gets none', async () => {
  const transition = async reducedMotion => {
    const page = await open(server.url, { reducedMotion });
    await settled(page);
    await slider(page, 'Training step').press('Home');
    await page.waitForSelector('svg.moving');
    return page.locator('svg .final').first().evaluate(node => getComputedStyle(node).transitionDuration);
  };
  assert.match(await transition('no-preference'), /^0\.25s/);
  assert.equal(await transition('reduce'), '0s');
});

test('forced colours keep kept and cut apart', async () => {
  const page = await open(`${server.url}#next?mode=whole&k=5`, { forcedColors: 'active' });
  await settled(page);
  const [kept, cut] = await page.evaluate(() => ['.bar:not(.cut) .final', '.bar.cut .raw'].map(what => getComputedStyle(document.querySelector(what)).fill));
  assert.notEqual(kept, cut);
});

test('the keyboard alone reaches all there is, and sees where it is', async () => {
  const page = await open(server.url);
  await settled(page);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content');
  const seen = new Set();
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab');
    const [what, outlined] = await page.evaluate(() => {
      const node = document.activeElement;
      const mark = getComputedStyle(node)[node.matches('.hit') ? 'stroke' : 'outlineStyle'];
      return [node.getAttribute('aria-label') ?? node.labels?.[0]?.textContent ?? node.textContent, mark !== 'none'];
    });
    if (what === 'Skip to the content' || what.length > 400) break;
    assert.ok(outlined, `${what} shows its focus`);
    seen.add(what.trim());
  }
  for (const name of ['Language', 'Theme', 'Prompt', 'Text', 'Whole vocabulary', 'Temperature', 'Top-k', 'Top-p', 'Training step', 'Seed', 'Sample', 'Greedy', 'Undo', 'Show the table', 'Save as SVG', 'Save as JSON']) {
    assert.ok(seen.has(name), `${name} is reached; seen: ${[...seen].join(' | ')}`);
  }
});

test('who listens hears where a slider stopped, not each of its steps', async () => {
  const page = await open(`${server.url}#next?k=4`);
  await settled(page);
  const said = page.locator('figure [role=status]');
  await page.waitForTimeout(700);
  assert.match(await said.textContent(), /^4 of 15 kept; most probable: .+, \d+\.\d%\.$/);
  const heard = said.evaluate(node => new Promise(done => {
    const texts = [];
    new MutationObserver(() => texts.push(node.textContent)).observe(node, { subtree: true, characterData: true, childList: true });
    setTimeout(() => done(texts), 2500);
  }));
  for (const key of ['End', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft', 'Home']) await slider(page, 'Top-k').press(key);
  const texts = await heard;
  assert.match(texts.at(-1), /^1 of 15 kept/);
  assert.ok(texts.length < 6, texts.join(' | '));
});
