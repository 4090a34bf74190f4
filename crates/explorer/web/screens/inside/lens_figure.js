// The logit lens: what each layer would say, were it the last.

import { select, field } from '../../controls.js';
import { el } from '../../dom.js';
import { shorten } from '../../format.js';
import { ink } from '../../ramp.js';
import { createTable } from '../../table.js';
import { COLOURS } from './fields.js';
import { createHeatmap } from './heatmap.js';
import { measure, scale } from './lens.js';
import { createPart } from './part.js';
import { position, telling } from './telling.js';

const CELL = { width: 76, height: 26 };
const COLUMNS = ['layer', 'position', 'top_1', 'p', 'entropy', 'divergence', 'lens_rank'];
const TOP = 5;

/** @param {object} app @param {(answer: object) => object} record */
export function createLens(app, record) {
  const { t, f, store } = app;
  const tell = telling(app);
  let shown = null; // the answer, and what it is coloured by
  const words = (row, column) => sentence(shown.answer, row, column, { t, f, tell });
  const map = createHeatmap('points', { onMove: (ly, ps) => store.change({ ly, ps }), onLook: (row, column) => part.look(words(row, column)) });
  const lines = () => [['layer', 'position', 'token_id', 'top_1', 'top_1_id', 'p', 'entropy_bits', 'divergence_bits', 'rank'], ...numbers(shown.answer, app.vocab)];
  const part = createPart(app, { name: 'lens', chart: map.node, columns: COLUMNS, lines, record: () => ({ ...record(shown.answer), layers: shown.answer.layers }) });
  const list = select(COLOURS.map(value => [value, t(`by_${value}`)]), cb => store.change({ cb }));
  const five = createTable({ caption: t('top_five'), columns: ['rank', 'column_token', 'id', 'p'].map(name => t(name)), rows: TOP, heading: 1 });
  const place = state => {
    const { ids, layers } = shown.answer;
    const [row, column] = [position(state.ly, layers.length), position(state.ps, ids.length)];
    map.select(row, column, words(row, column));
    part.say(words(row, column));
    five.fill(layers[row][column].top.slice(0, TOP).map(({ id, p }, i) => [f.integer(i + 1), tell.token(id), String(id), f.exact(p)]));
  };
  const node = el('div', {}, field(t, t('cb'), t('cb_help'), list), part.node, el('div', { class: 'table five', role: 'region', tabindex: 0, 'aria-label': t('top_five') }, five.node));
  return {
    ...part,
    node,
    draw(answer, state) {
      const isNew = answer !== shown?.answer;
      if (isNew || state.cb !== shown.by) map.draw(heat(answer, state.cb, app, tell));
      shown = { answer, by: state.cb };
      list.value = state.cb;
      if (isNew) part.fill(rows(answer, { t, f, tell }));
      place(state);
      part.show(state);
    },
  };
}

/** The name of a row: the embeddings, a layer, and the last, which is the model. */
export function rowName(row, count, t, f) {
  if (row === 0) return t('embeddings');
  return t(row === count - 1 ? 'layer_model' : 'layer_n', { n: f.integer(row) });
}

function heat({ ids, layers }, by, { t, f, meta }, tell) {
  const { share, at, most } = scale(layers, by, meta.vocab_size);
  const of = (row, column) => share(measure(layers[row][column], by));
  const written = value => (by === 'probability' ? f.percent(value) : by === 'rank' ? f.integer(Math.round(value) + 1) : f.fixed(value, most < 1 ? 3 : 1));
  const ticks = [0, 0.5, 1].map(x => ({ at: x, text: written(at(x)) }));
  const text = (row, column) => ({ text: shorten(tell.token(layers[row][column].top[0]?.id), 9), ink: ink(of(row, column)) });
  return { rows: layers.map((_, row) => rowName(row, layers.length, t, f)), columns: tell.labels(ids), cell: CELL, share: of, text, ticks, scale: t(`by_${by}`), name: t('lens') };
}

function sentence({ ids, layers }, row, column, { t, f, tell }) {
  const { top, entropy_bits, divergence_bits, rank } = layers[row][column];
  const values = { row: rowName(row, layers.length, t, f), after: tell.at(ids, column), token: tell.token(top[0]?.id), p: f.exact(top[0]?.p ?? 0), entropy: f.fixed(entropy_bits, 2), divergence: tell.size(divergence_bits ?? Infinity), rank: f.integer(rank + 1) };
  return t('lens_cell', values);
}

function rows({ ids, layers }, { t, f, tell }) {
  const line = (cell, row, column) => [rowName(row, layers.length, t, f), tell.at(ids, column), tell.token(cell.top[0]?.id), f.exact(cell.top[0]?.p ?? 0), f.fixed(cell.entropy_bits, 2), tell.size(cell.divergence_bits ?? Infinity), f.integer(cell.rank + 1)];
  return layers.flatMap((cells, row) => cells.map((cell, column) => line(cell, row, column)));
}

function numbers({ ids, layers }, vocab) {
  const line = ({ top: [first], entropy_bits, divergence_bits, rank }, row, column) => [row, column, ids[column], vocab[first?.id]?.text, first?.id, first?.p, entropy_bits, divergence_bits, rank];
  return layers.flatMap((cells, row) => cells.map((cell, column) => line(cell, row, column)));
}
