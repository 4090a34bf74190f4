// What every screen is held to.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import { axeSource } from './browser.js';

/** What axe finds against the page as it is. @param {import('playwright-core').Page} page @returns {Promise<string[]>} */
export async function faults(page) {
  await page.evaluate(axeSource());
  const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.target.join(' ')).join(', ')}`);
}

/** Demands that the page itself need not be scrolled sideways. @param {import('playwright-core').Page} page @param {number} width */
export async function fits(page, width) {
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
  await openHelp(page);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, 'with all help open');
}

/** The file of that kind that a figure saves. @param {import('playwright-core').Page | import('playwright-core').Locator} place @returns {Promise<Buffer>} */
export async function saved(place, kind, name) {
  const page = place.page?.() ?? place;
  const [download] = await Promise.all([page.waitForEvent('download'), place.getByRole('button', { name: `Save as ${kind}`, exact: true }).click()]);
  assert.equal(download.suggestedFilename(), `enredo-${name}.${kind.toLowerCase()}`);
  return readFile(await download.path());
}

/** Waits for the alert to say that, or, with '', to be empty. */
export const says = (page, text) =>
  page.waitForFunction(text => (shown => (text === '' ? shown === '' : shown.includes(text)))(document.querySelector('[role=alert]').textContent), text);

export const openHelp = page => page.$$eval('details', all => all.forEach(one => (one.open = true)));
