// A browser for one file of tests, and pages in which nothing may go wrong unseen.

import { after, afterEach, before } from 'node:test';
import { createRequire } from 'node:module';
import assert from 'node:assert/strict';

import { told } from './server.js';

const tools = createRequire(`${told('EXPLORER_OUT')}/`);
const { chromium } = tools('playwright-core');

/** axe-core's source, to be evaluated in a page: the page's own policy lets no script in. */
export const axeSource = () => tools('axe-core').source;

/**
 * Opens pages until the tests of this file end. After each test its pages are closed, and it fails if one of them
 * told an error or asked anyone but 127.0.0.1.
 * @returns {{open: (url: string, options?: object) => Promise<import('playwright-core').Page>, excuse: (error: RegExp) => void}}
 *     `options` are the context's, such as `locale`, `colorScheme` or `viewport`; `excuse` expects an error of this test
 */
export function useBrowser() {
  let browser = null;
  let contexts = [];
  let faults = [];
  let excused = [];
  before(async () => {
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    browser = await chromium.launch({ executablePath: told('CHROMIUM'), args });
  });
  after(() => browser?.close());
  afterEach(async () => {
    await Promise.all(contexts.map(context => context.close()));
    const found = faults.filter(fault => !excused.some(error => error.test(fault)));
    [contexts, faults, excused] = [[], [], []];
    assert.deepEqual(found, [], 'errors and requests of the page');
  });
  const open = async (url, options = {}) => {
    const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1280, height: 1000 }, ...options });
    contexts.push(context);
    context.setDefaultTimeout(10_000);
    const page = await context.newPage();
    watch(page, faults);
    await page.goto(url);
    return page;
  };
  return { open, excuse: error => excused.push(error) };
}

function watch(page, faults) {
  page.on('console', message => ['error', 'warning'].includes(message.type()) && faults.push(`console: ${message.text()}`));
  page.on('pageerror', error => faults.push(`page: ${error}`));
  page.on('dialog', dialog => (faults.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
  page.on('request', request => {
    const { protocol, hostname } = new URL(request.url());
    if (!['data:', 'blob:'].includes(protocol) && hostname !== '127.0.0.1') faults.push(`request: ${request.url()}`);
  });
}
