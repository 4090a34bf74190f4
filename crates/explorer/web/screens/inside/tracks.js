// How the layers come to the model's word at one position: a line for each token that any of them has first.

import { set, svg } from '../../dom.js';
import { shorten } from '../../format.js';
import { rowName } from './lens_figure.js';
import { tracks } from './lens.js';
import { createPart } from './part.js';
import { position, telling } from './telling.js';

const SIZE = { width: 720, height: 280 };
const PLOT = { left: 56, right: 540, top: 16, bottom: 236 };
const DASHES = [null, '7 4', '2 3', '10 3 2 3'];
const NAMES = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** @param {object} app @param {(answer: object) => object} record */
export function createTracks(app, record) {
  const { t, f } = app;
  const tell = telling(app);
  const node = svg('svg', { class: 'lines', viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, ...SIZE, role: 'img', tabindex: 0 });
  let shown = null;
  const lines = () => [['layer', 'token', 'id', 'p'], ...shown.series.flatMap(({ id, values }) => values.map((p, layer) => [layer, app.vocab[id]?.text, id, p]))];
  const part = createPart(app, { name: 'tracks', chart: node, columns: ['layer', 'column_token', 'p'], heading: 1, lines, record: () => ({ ...record(shown.answer), position: shown.at, tracks: shown.series }) });
  return {
    ...part,
    draw(answer, state) {
      const at = position(state.ps, answer.ids.length);
      if (answer !== shown?.answer || at !== shown.at) {
        shown = { answer, at, series: tracks(answer.layers, at) };
        const told = t('tracks_of', { token: tell.at(answer.ids, at) });
        const names = answer.layers.map((_, row) => rowName(row, answer.layers.length, t, f));
        set(node, 'aria-label', told);
        const y = height(shown.series);
        const order = shown.series.map((_, i) => i).reverse();
        node.replaceChildren(...axes(names, y, f), ...order.map(i => line(shown.series[i], i, names.length, y)), ...shown.series.map((one, i) => key(one, i, tell)));
        part.fill(shown.series.flatMap(({ id, values }) => values.map((p, row) => [names[row], tell.token(id), p === null ? t('not_told') : f.exact(p)])));
        part.say(told);
      }
      part.show(state);
    },
  };
}

const x = (layer, count) => PLOT.left + 14 + (layer / Math.max(1, count - 1)) * (PLOT.right - PLOT.left - 28);

/** The least of a few tops over which no probability lies. */
function height(series) {
  const most = Math.max(...series.flatMap(({ values }) => values).map(Number));
  const top = [0.1, 0.2, 0.4, 1].find(top => most <= top) ?? 1;
  return Object.assign(p => PLOT.bottom - (p / top) * (PLOT.bottom - PLOT.top), { top });
}

function axes(names, y, f) {
  const grid = [0, 0.25, 0.5, 0.75, 1].map(share => share * y.top).flatMap(p => [svg('path', { class: 'grid', d: `M${PLOT.left} ${y(p)}H${PLOT.right}` }), svg('text', { class: 'mark', x: PLOT.left - 6, y: y(p) + 4 }, f.percent(p))]);
  const every = Math.ceil(names.length / 6);
  const marks = names.flatMap((name, i) => (i % every === 0 || i === names.length - 1 ? [svg('text', { class: 'layer-name', x: x(i, names.length), y: PLOT.bottom + 22 + (Math.ceil(i / every) % 2) * 14 }, name)] : []));
  return [...grid, ...marks];
}

function line({ values }, index, count, y) {
  const known = values.map((p, i) => (p === null ? null : [x(i, count), y(p)]));
  const d = known.map((point, i) => (point ? `${i > 0 && known[i - 1] ? 'L' : 'M'}${point.map(n => n.toFixed(1)).join(' ')}` : '')).join('');
  const points = known.flatMap(point => (point ? [mark(index, ...point)] : []));
  return svg('g', { class: 'track' }, svg('path', { d, 'stroke-dasharray': DASHES[index % DASHES.length] }), ...points);
}

function mark(index, at, height) {
  const name = NAMES[index % NAMES.length];
  return svg('g', { class: 'point', transform: `translate(${at.toFixed(1)} ${height.toFixed(1)})` }, svg('circle', { r: 8 }), svg('text', { y: 4 }, name));
}

function key({ id }, index, tell) {
  return svg('g', { class: 'track' }, mark(index, PLOT.right + 24, PLOT.top + 10 + 20 * index), svg('text', { class: 'key', x: PLOT.right + 40, y: PLOT.top + 14 + 20 * index }, shorten(tell.token(id), 16)));
}
