// What the strategies come to: the means of each, the picture, the table of all texts, and the files.

import { el } from '../../dom.js';
import { csv } from '../../export.js';
import { createFiles } from '../../files.js';
import { createFrame } from '../../frame.js';
import { createList } from '../../table.js';
import { endText } from './grid.js';
import { COUNTS, averages, countText, counts, lines } from './numbers.js';
import { plot } from './plot.js';

/**
 * @param {object} app
 * @param {{record: () => object}} about record: what the JSON file says
 */
export function createFigure(app, { record }) {
  const { t, f } = app;
  const names = COUNTS.map(name => t(name));
  const means = createList({ caption: t('means'), columns: [t('strategy'), ...names] });
  const all = createList({ caption: t('all_texts'), columns: [t('prompt'), t('strategy'), t('text'), ...names, t('ended')], heading: 1 });
  const place = el('div');
  let entries = [];
  const files = createFiles(app, 'compare', { chart: () => place.firstChild, csv: () => csv(lines(entries)), record });
  const frame = createFrame(app, { name: t('plot'), chart: place, table: all.node, tableName: t('all_texts'), files });
  const node = el('div', {}, el('div', { class: 'wide', tabindex: 0, role: 'region', 'aria-label': t('means') }, means.node), frame.node);
  return {
    node,
    say: frame.say,
    leave: frame.leave,
    /** @param {{prompt: string, strategy: string, column: number, cell: object, text: string, difference: number | null}[]} all of the grid */
    show(shown, columns, state, busy) {
      entries = shown;
      const cellsOf = i => shown.filter(({ column }) => column === i).map(({ cell }) => cell);
      means.fill(columns.map(({ name }, i) => [name, ...textsOf(averages(cellsOf(i)), f)]));
      const dots = columns.map(({ name }, i) => ({ name, texts: cellsOf(i).map(cell => dot(counts(cell))), whole: dot(averages(cellsOf(i))) }));
      place.replaceChildren(plot(dots, { title: t('plot'), x: t('axis_x'), y: t('distinct_2'), note: t('plot_note'), f }));
      all.fill(shown.map(({ prompt, strategy, text, cell }) => [prompt, strategy, text, ...textsOf(counts(cell), f), endText(cell, t)]));
      frame.show(state);
      frame.busy(busy);
    },
  };
}

const textsOf = (numbers, f) => COUNTS.map(name => countText(name, numbers[name], f));
const dot = ({ surprisal, distinct_2 }) => ({ x: surprisal, y: distinct_2 });
