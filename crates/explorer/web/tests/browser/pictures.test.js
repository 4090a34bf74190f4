// Every screen as it looks: light, dark, and on a phone in Portuguese. `EXPLORER_URL` is the page of a run of one's own
// to be taken instead of the toy, and `EXPLORER_LEAKS` that of a run whose model reads the future.

import test, { after, before } from 'node:test';
import { join } from 'node:path';

import { useBrowser } from './browser.js';
import { startServer, told } from './server.js';
import { compared, press, written } from './texts.js';

const { open } = useBrowser();
const own = { plain: process.env.EXPLORER_URL, leaks: process.env.EXPLORER_LEAKS };
const urls = { ...own };
const servers = [];
before(async () => {
  for (const [name, flags] of Object.entries({ plain: [], leaks: ['--leaks'] })) {
    if (own[name]) continue;
    servers.push(await startServer({ flags }));
    urls[name] = servers.at(-1).url;
  }
});
after(() => Promise.all(servers.map(server => server.stop())));

const count = (page, selector, least = 1) => page.waitForFunction(([selector, least]) => document.querySelectorAll(selector).length >= least, [selector, least]);
const quiet = page => page.waitForFunction(() => document.querySelectorAll('[aria-busy]').length === 0);

const documents = page => count(page, '.documents li');

const TEXT = 'A+story+about+love+and+war+,+in+which+a+young';

/** How each is asked for, and what is done there before the picture is taken. */
const SCREENS = {
  next: { hash: 'next?t=0.8&k=12&p=0.9' },
  whole: { hash: 'next?mode=whole&t=0.8&k=12&p=0.9&typical_p=0.95' },
  generate: { hash: 'generate?gn=24', act: branch },
  compare: { hash: 'compare', act: compared },
  beams: { hash: 'beams?nb=4&nt=7', act: lastNode },
  inside: { hash: `inside?prompt=${TEXT}&la=1&he=2`, act: allMaps },
  probe: { hash: `inside?prompt=${TEXT}&he=4`, act: allMaps, of: 'leaks', from: 'section.inside >> nth=2' },
  training: { hash: 'training', act: samples },
  data: { hash: 'data?find=love&doc=2', act: documents },
};

async function branch(page) {
  await press(page, page.url().includes('lang=pt') ? 'Gerar' : 'Generate');
  await written(page);
  await page.locator('.shown .made').nth(3).click();
  await page.locator('.choice-token:not([aria-disabled])').nth(1).click();
  await written(page);
}

async function lastNode(page) {
  await count(page, '.tree .node');
  await page.locator('.tree .node:not([display]) .box').first().focus();
  await page.keyboard.press('End');
}

async function allMaps(page) {
  await count(page, '.inside:not([hidden])', 3);
  await page.locator('.maps').scrollIntoViewIfNeeded();
}

async function samples(page) {
  await count(page, '.sample', 6);
  await page.locator('.sample').last().scrollIntoViewIfNeeded();
}

const LOOKS = {
  '': { viewport: { width: 1200, height: 1400 }, more: 'theme=light' },
  '-dark': { viewport: { width: 1200, height: 900 }, more: 'theme=dark', fullPage: true },
  '-phone': { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, more: 'lang=pt', fullPage: true },
};

for (const [name, { hash, act, of = 'plain', from = 'body' }] of Object.entries(SCREENS)) {
  test(`the screen “${name}” in pictures`, async () => {
    for (const [look, { more, fullPage, ...options }] of Object.entries(LOOKS)) {
      const page = await open(`${urls[of]}#${hash}${hash.includes('?') ? '&' : '?'}${more}`, options);
      await count(page, 'main h1');
      await act?.(page);
      await quiet(page);
      await page.locator(from).evaluate(node => node.scrollIntoView());
      await page.waitForTimeout(400);
      await page.screenshot({ path: join(told('EXPLORER_OUT'), `${name}${look}.png`), fullPage });
    }
  });
}
