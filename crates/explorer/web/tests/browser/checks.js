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
  await page.$$eval('details', all => all.forEach(one => (one.open = true)));
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, 'with all help open');
}

/** The file that a button saves. @param {import('playwright-core').Locator} button @returns {Promise<Buffer>} */
export async function saved(page, button) {
  const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
  return readFile(await download.path());
}

/** Waits for the alert to say that, or, with '', to be empty. */
export const says = (page, text) =>
  page.waitForFunction(text => (shown => (text === '' ? shown === '' : shown.includes(text)))(document.querySelector('[role=alert]').textContent), text);
