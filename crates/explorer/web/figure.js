// The chart with the table behind it, the sentence for who listens, and the files to save.

import { createChart } from './chart.js';
import { button, help, toggle, unique } from './controls.js';
import { debounce, el, say, set, words } from './dom.js';
import { csv, pngFile, save, svgFile } from './export.js';
import { picture, sentence, tableRows } from './picture.js';
import { createTable } from './table.js';

const SAID_AFTER = 500;

/**
 * @param {object} app
 * @param {{onPick: (id: number) => void, record: () => object}} about record: what the JSON file says
 */
export function createFigure(app, { onPick, record }) {
  const { t, f, vocab, store } = app;
  const token = id => vocab[id]?.text ?? `#${id}`;
  const telling = { t, f, token };
  const chart = createChart({ onPick });
  const table = createTable({ caption: t('chart'), columns: ['rank', 'column_token', 'id', 'logit', 'before', 'after', 'fate'].map(name => t(name)), rows: 16, heading: 1 });
  const box = el('div', { role: 'region', 'aria-label': t('table_name') }, table.node);
  const spoken = words();
  const speak = debounce(text => say(spoken, text), SAID_AFTER);
  const shown = toggle(on => store.change({ table: on }), { id: unique('table') });
  const files = createFiles(app, chart.node, token, record);
  const below = el('div', { class: 'below' }, el('label', {}, shown, ` ${t('table')}`), files);
  const node = el('figure', { 'aria-label': t('chart') }, el('div', { class: 'scroll' }, chart.node), el('p', { role: 'status', class: 'unseen' }, spoken), below, box);
  return {
    node,
    busy: on => set(node, 'aria-busy', on ? 'true' : null),
    move: chart.move,
    leave: speak.cancel,
    draw(result, state, context) {
      chart.draw(picture(result, state, { ...telling, context }));
      table.fill(tableRows(result, state, telling), i => result.rows[i]?.kept === false);
      speak(sentence(result, telling));
      showTable(box, shown, state.table);
    },
  };
}

/** Out of sight it stays for who listens; in sight it may scroll, so that keys must reach it. */
function showTable(box, toggle, on) {
  set(box, 'class', on ? 'table' : 'table unseen');
  set(box, 'tabindex', on ? 0 : null);
  toggle.checked = on;
}

function createFiles({ t, report }, chart, token, record) {
  const file = (kind, make) => button(kind.toUpperCase(), () => store(kind, make), { 'aria-label': `${t('save')} ${kind.toUpperCase()}` });
  const store = (kind, make) => Promise.resolve().then(make).then(blob => save(`enredo-next-token.${kind}`, blob), report);
  const json = () => new Blob([JSON.stringify(record(), finite, 2)], { type: 'application/json' });
  const buttons = [
    file('svg', () => svgFile(chart)),
    file('png', () => pngFile(chart)),
    file('csv', () => new Blob([csv(record().result, token)], { type: 'text/csv' })),
    file('json', json),
  ];
  return el('div', { class: 'files', role: 'group', 'aria-label': t('save') }, el('span', { 'aria-hidden': 'true' }, t('save')), ...buttons, help(t, t('save'), t('save_help')));
}

/** JSON has no −∞: such a logit is null, as in the server's answers. */
function finite(key, value) {
  return typeof value === 'number' && !Number.isFinite(value) ? null : value;
}
