// The screens “Generate” and “Compare” as a test sees and moves them.

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

/** The events of a generation, as the server tells them. */
export async function generated(url, body) {
  const response = await fetch(`${url}api/v1/generate`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  return (await response.text()).trim().split('\n').map(line => JSON.parse(line));
}
