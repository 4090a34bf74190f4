// The screens “Generate” and “Compare” as a test sees and moves them.

import { join } from 'node:path';

import { axeSource } from './browser.js';
import { told } from './server.js';

/** The button of that name. */
export const press = (page, name) => page.getByRole('button', { name, exact: true }).click();

/** Waits until nothing grows. @param {import('playwright-core').Page} page */
export async function written(page) {
  await page.waitForSelector('.shown .made');
  await page.waitForSelector('figure:not([aria-busy])');
  await page.waitForFunction(() => !document.querySelector('button.main').textContent.includes('Esc'));
}

/** Waits until all texts of the grid are whole. */
export const compared = page => page.waitForFunction(() => document.querySelector('.cell') && [...document.querySelectorAll('.cell dl')].every(list => !/waiting|written|na fila|escrito/.test(list.lastChild.textContent) && list.textContent.length > 20));

/** The texts of the generated tokens. @returns {Promise<string[]>} */
export const tokens = page => page.locator('.shown .made').allTextContents();

/** The pieces of the server's text that a page may show: signs for what is not seen. */
export const lines = page => page.$$eval('.table tbody tr, .unseen tbody tr', rows => rows.map(row => [...row.children].map(cell => cell.textContent)));

export const alertSays = (page, text) => page.waitForFunction(text => document.querySelector('[role=alert]').textContent.includes(text), text);
export const alertGone = page => page.waitForFunction(() => document.querySelector('[role=alert]').textContent === '');

export const openHelp = page => page.$$eval('details', all => all.forEach(one => (one.open = true)));

/** What axe finds. */
export async function faults(page) {
  await page.evaluate(axeSource());
  const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.target.join(' ')).join(', ')}`);
}

export const picture = (page, name) => page.screenshot({ path: join(told('EXPLORER_OUT'), `${name}.png`), fullPage: true });

/** The events of a generation, as the server tells them. */
export async function generated(url, body) {
  const response = await fetch(`${url}api/v1/generate`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  return (await response.text()).trim().split('\n').map(line => JSON.parse(line));
}
