// “Save as”: a figure's picture and numbers as files.

import { button, help } from './controls.js';
import { el } from './dom.js';
import { pngFile, save, svgFile } from './export.js';

/**
 * @param {{t: Function, report: Function}} app
 * @param {string} name of the files, without “enredo-” and the kind
 * @param {{chart?: () => SVGSVGElement, csv?: () => string, record?: () => object}} made what there is to save; record is the JSON's
 * @returns {HTMLElement}
 */
export function createFiles({ t, report }, name, { chart, csv, record }) {
  const file = (kind, make) => button(kind.toUpperCase(), () => store(kind, make), { 'aria-label': `${t('save')} ${kind.toUpperCase()}` });
  const store = (kind, make) => Promise.resolve().then(make).then(blob => save(`enredo-${name}.${kind}`, blob), report);
  const buttons = [
    chart && file('svg', () => svgFile(chart())),
    chart && file('png', () => pngFile(chart())),
    csv && file('csv', () => new Blob([csv()], { type: 'text/csv' })),
    record && file('json', () => new Blob([JSON.stringify(record(), finite, 2)], { type: 'application/json' })),
  ];
  return el('div', { class: 'files', role: 'group', 'aria-label': t('save') }, el('span', { 'aria-hidden': 'true' }, t('save')), ...buttons.filter(Boolean), help(t, t('save'), t('save_help')));
}

/** JSON has no −∞: such a number is null, as in the server's answers. */
function finite(key, value) {
  return typeof value === 'number' && !Number.isFinite(value) ? null : value;
}
