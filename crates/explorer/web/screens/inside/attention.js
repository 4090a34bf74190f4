// Attention: one head, large.

import { createPart } from './part.js';
import { heads, masked, shade, total, weight } from './heads.js';
import { createHeatmap } from './heatmap.js';
import { position, rowsShown, square, telling } from './telling.js';

const TICKS = [0, 0.04, 0.25, 1];

/**
 * @param {object} app
 * @param {(answer: object) => object} record what the JSON file says
 */
export function createAttention(app, record) {
  const { t, f, store } = app;
  const tell = telling(app);
  let shown = null; // the answer, the head
  let column = null; // null: what the row attends to most
  const move = (row, to) => {
    column = to;
    if (row === here().row) place();
    else store.change({ ps: row });
  };
  const map = createHeatmap('hatch', { onMove: move, onLook: (row, to) => part.look(words(row, to)) });
  const here = () => {
    const row = position(store.get().ps, shown.head.size);
    return { row, column: column === null ? highest(shown.head, row) : Math.min(column, shown.head.size - 1) };
  };
  const words = (row, to) => sentence(shown, row, to, { t, f, tell });
  const place = () => {
    const at = here();
    map.select(at.row, at.column, words(at.row, at.column));
    part.say(words(at.row, at.column));
    part.fill(rowsShown(shown.head.size, at.row).flatMap(row => cells(shown, row, { t, f, tell })));
  };
  const lines = () => [['layer', 'head', 'attends', 'attends_id', 'attended', 'attended_id', 'weight', 'masked'], ...Array.from({ length: shown.head.size }, (_, row) => numbers(shown, row)).flat()];
  const part = createPart(app, { name: 'attention', chart: map.node, columns: ['attends', 'attended', 'weight'], lines, record: () => ({ ...record(shown.answer), layer: shown.answer.layer, head: shown.number, reads_the_future: shown.head.future, weights: Array.from(shown.head.weights) }) });
  return {
    ...part,
    draw(answer, state) {
      const all = heads(answer);
      const number = Math.min(state.he, all.length - 1);
      const isNew = answer !== shown?.answer || number !== shown.number;
      shown = { answer, number, head: all[number] };
      if (isNew) map.draw(heat(shown, tell, t, f));
      place();
      part.show(state);
    },
  };
}

function heat({ answer: { ids, layer }, number, head }, tell, t, f) {
  const labels = tell.labels(ids);
  const ticks = TICKS.map(value => ({ at: Math.sqrt(value), text: `${f.integer(100 * value)}%` }));
  const name = t('attention_of', { layer: f.integer(layer + 1), head: f.integer(number + 1) });
  return { rows: labels, columns: labels, cell: square(ids.length), share: (row, column) => shade(head, row, column), ticks, scale: t('weight_scale'), empty: head.future ? '' : t('masked'), name };
}

function sentence({ answer: { ids }, head }, row, column, { t, f, tell }) {
  const values = { from: tell.at(ids, row), to: tell.at(ids, column), weight: f.exact(weight(head, row, column)), sum: f.percent(total(head, row)) };
  return t(masked(head, row, column) ? 'cell_masked' : 'cell_weight', values);
}

function cells({ answer: { ids }, head }, row, { t, f, tell }) {
  const told = column => (masked(head, row, column) ? t('masked') : f.exact(weight(head, row, column)));
  return ids.map((_, column) => [tell.at(ids, row), tell.at(ids, column), told(column)]);
}

function numbers({ answer: { ids, layer }, number, head }, row) {
  return ids.map((id, column) => [layer, number, row, ids[row], column, id, weight(head, row, column), masked(head, row, column)]);
}

function highest(head, row) {
  const values = head.weights.subarray(row * head.size, (row + 1) * head.size);
  return values.indexOf(values.reduce((a, b) => Math.max(a, b)));
}
