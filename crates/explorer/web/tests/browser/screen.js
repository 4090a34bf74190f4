// The screen “Next token” as a test sees and moves it.

import assert from 'node:assert/strict';

/** Waits until the bars are those of the state in the address. @param {import('playwright-core').Page} page */
export async function settled(page) {
  await page.waitForSelector('figure:not([aria-busy]) .bar .value');
  await page.evaluate(() => new Promise(done => requestAnimationFrame(() => setTimeout(done))));
}

/** Goes to a state as a bookmark does. @param {import('playwright-core').Page} page @param {string} hash */
export async function goTo(page, hash) {
  await page.evaluate(to => void (location.hash = to), hash);
  await settled(page);
}

/** The chart, in the numbers and colours that the browser shows. @param {import('playwright-core').Page} page */
export const chart = page => page.evaluate(readChart);

function readChart() {
  const svg = document.querySelector('svg.chart');
  const shown = node => getComputedStyle(node).display !== 'none';
  const number = (node, name) => Number(node.getAttribute(name));
  const size = rect => ({ x: number(rect, 'x'), y: number(rect, 'y'), width: number(rect, 'width'), height: number(rect, 'height') });
  const texts = className => [...svg.querySelectorAll(`.${className}`)].filter(shown).map(node => node.textContent);
  const [, plotTop, plotBottom] = svg.querySelector('.base').getAttribute('d').match(/^M\S+ (\S+)V(\S+)H/).map(Number);
  const height = plotBottom - plotTop;
  const lines = [...svg.querySelectorAll('.grid')].filter(shown).map(line => number(line, 'y1'));
  const marks = texts('mark').map(Number);
  const top = (height * (marks[1] - marks[0])) / (lines[0] - lines[1]);
  const bar = group => {
    const [fill, raw] = ['final', 'raw'].map(name => group.querySelector(`.${name}`));
    const [value, reason, label] = ['value', 'reason', 'label'].map(name => group.querySelector(`.${name}`).textContent);
    const style = getComputedStyle(fill);
    return {
      value, reason, label, fill: style.fill, name: group.querySelector('.hit').getAttribute('aria-label'), cut: group.classList.contains('cut'), slant: group.querySelector('.label').getAttribute('transform'),
      percent: (size(fill).height / height) * top, raw: shown(raw) ? (size(raw).height / height) * top : null, x: size(fill).x,
      valueAt: ((plotBottom - Number(group.querySelector('.value').getAttribute('transform').match(/ (\S+)\)/)[1])) / height) * top,
    };
  };
  const entry = group => ({ text: group.textContent, colour: getComputedStyle(group.querySelector('.swatch')).fill });
  const rest = svg.querySelector('.bar.rest');
  return {
    top, marks,
    title: texts('title'),
    axis: texts('axis')[0],
    bars: [...svg.querySelectorAll('.bar:not(.rest)')].filter(shown).map(bar),
    rest: shown(rest) ? bar(rest) : null,
    legend: [...svg.querySelectorAll('.legend > g')].filter(shown).map(entry),
  };
}

/** The cells of the table behind the chart. @param {import('playwright-core').Page} page @returns {Promise<string[][]>} */
export const table = page =>
  page.$$eval('figure tbody tr:not([hidden])', lines => lines.map(line => [...line.children].map(cell => cell.textContent)));

/** The number in “12.3%”; as a language with a decimal comma writes it too. @param {string} text */
export function percent(text) {
  assert.match(text, /^\d+[.,]\d+%$/);
  return Number(text.replace('%', '').replace(',', '.'));
}

/** Demands that a share is shown to two digits, what rounds to nothing as “<”. @param {string} text */
export function nearShare(text, share, what) {
  if (text !== '<0.01%') return near(percent(text), 100 * share, 2, what);
  assert.ok(share > 0 && share < 0.00005 + 1e-9, `${what}: ${share} is shown as ${text}`);
}

/** Demands that a number is shown as well as its digits can. */
export function near(shown, exact, digits, what) {
  assert.ok(Math.abs(shown - exact) <= 0.5 * 10 ** -digits + 1e-4, `${what}: ${shown} is shown and ${exact} is right`);
}

/** The slider of that name. */
export const slider = (page, name) => page.getByRole('slider', { name, exact: true });

/** What it costs to do something: requests sent, nodes made or taken away. */
export async function cost(page, doing) {
  const requests = [];
  const note = request => requests.push(request.url());
  page.on('request', note);
  await page.evaluate(() => {
    window.seen = [];
    window.watcher = new MutationObserver(records => window.seen.push(...records.map(record => record.target.nodeName)));
    window.watcher.observe(document, { childList: true, subtree: true });
  });
  await doing();
  await page.waitForTimeout(700);
  const nodes = await page.evaluate(() => (window.watcher.disconnect(), window.seen));
  page.off('request', note);
  return { requests, nodes };
}
