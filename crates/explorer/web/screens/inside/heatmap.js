// A picture of cells in rows and columns, of which one is in focus. The cells are the pixels of one image, so that many
// cost no more than few; where there is no colour the ground shows: stripes or points.

import { unique } from '../../controls.js';
import { set, svg } from '../../dom.js';
import { colour } from '../../ramp.js';
import { image } from './pixels.js';

/** Where the columns begin. */
export const LEFT = 136;
const TOP = 78;
const FOOT = 62;
const LEAST = 460;
const BAR = 200;

/** @typedef {{rows: string[], columns: string[], cell: {width: number, height: number}, share: (row: number, column: number) => number | null,
 *     text?: (row: number, column: number) => {text: string, ink: string}, ticks: {at: number, text: string}[], scale: string,
 *     empty?: string, diagonal?: boolean, name: string}} Heat
 *     share: what the ramp shows, null for the ground; empty: what the ground means */

/**
 * @param {'hatch' | 'points'} ground
 * @param {{onMove: (row: number, column: number) => void, onLook?: (row: number, column: number) => void}} listeners
 *     onMove: by keys or a click; onLook: by the pointer
 * @returns {{node: SVGSVGElement, draw: (heat: Heat) => void, select: (row: number, column: number, name: string) => void}}
 */
export function createHeatmap(ground, { onMove, onLook = () => {} }) {
  const node = svg('svg', { class: 'heat', tabindex: 0, role: 'application' });
  const cursor = svg('g', { class: 'cursor' }, svg('rect', { class: 'under' }), svg('rect', { class: 'over' }));
  const state = { heat: null, row: 0, column: 0, heads: [] };
  listen(node, state, { onMove, onLook });
  return {
    node,
    draw(heat) {
      state.heat = heat;
      const size = measure(heat);
      set(node, 'viewBox', `0 0 ${size.width} ${size.height}`);
      Object.entries(size).forEach(([name, value]) => set(node, name, value));
      state.heads = [labels(heat.rows, rowLabel(heat)), labels(heat.columns, columnLabel(heat))];
      const told = svg('g', { 'aria-hidden': 'true' }, ...state.heads.flat().map(one => one.node), ...cells(heat), legend(heat, ground, size));
      node.replaceChildren(...plot(heat, ground), told, cursor);
    },
    select(row, column, name) {
      Object.assign(state, { row, column });
      set(node, 'aria-label', `${state.heat.name}. ${name}`);
      [...cursor.children].forEach(rect => frame(rect, state.heat.cell, row, column));
      state.heads.forEach((heads, i) => heads.forEach((head, j) => head.node.classList.toggle('here', j === [row, column][i])));
    },
  };
}

function measure({ rows, columns, cell }) {
  return { width: Math.max(LEAST, LEFT + columns.length * cell.width + 40), height: TOP + rows.length * cell.height + FOOT };
}

/** The ground, the cells and, where asked for, the diagonal. */
function plot({ rows, columns, cell, share, diagonal }, ground) {
  const place = { x: LEFT, y: TOP, width: columns.length * cell.width, height: rows.length * cell.height };
  const id = unique(ground);
  const pixels = svg('image', { ...place, href: image(rows.length, columns.length, share), preserveAspectRatio: 'none', 'image-rendering': 'pixelated' });
  const line = rows.map((_, i) => `M${LEFT + i * cell.width + 1} ${TOP + i * cell.height + 1}h${cell.width - 2}v${cell.height - 2}h${2 - cell.width}z`).join('');
  const parts = [pattern(id, ground), svg('rect', { ...place, fill: `url(#${id})` }), pixels, svg('rect', { ...place, class: 'border' })];
  return diagonal ? [...parts, svg('path', { class: 'diagonal', d: line })] : parts;
}

function pattern(id, ground) {
  const mark = ground === 'hatch' ? svg('path', { class: 'stripes', d: 'M-2 2l4-4M0 8l8-8M6 10l4-4' }) : svg('circle', { class: 'point', cx: 4, cy: 4, r: 1 });
  return svg('defs', {}, svg('pattern', { id, width: 8, height: 8, patternUnits: 'userSpaceOnUse' }, svg('rect', { class: 'ground', width: 8, height: 8 }), mark));
}

function cells({ rows, columns, cell, text }) {
  if (!text) return [];
  const one = (row, column) => {
    const told = text(row, column);
    const [x, y] = [LEFT + column * cell.width, TOP + row * cell.height];
    return svg('svg', { x: x + 2, y, width: cell.width - 4, height: cell.height, overflow: 'hidden' }, svg('text', { class: 'in', x: (cell.width - 4) / 2, y: cell.height / 2 + 4, fill: told.ink }, told.text));
  };
  return rows.flatMap((_, row) => columns.map((_, column) => one(row, column)));
}

function labels(texts, transform) {
  return texts.map((text, i) => ({ node: svg('text', transform(i), text) }));
}

function rowLabel({ cell }) {
  return i => ({ class: 'row', x: LEFT - 6, y: TOP + (i + 0.5) * cell.height + 4 });
}

function columnLabel({ cell }) {
  return i => ({ class: 'column', transform: `translate(${LEFT + (i + 0.5) * cell.width + 3} ${TOP - 6}) rotate(-50)` });
}

function frame(rect, { width, height }, row, column) {
  const place = { x: LEFT + column * width, y: TOP + row * height, width, height };
  Object.entries(place).forEach(([name, value]) => set(rect, name, value));
}

/** The ramp with its ticks, and what the ground means. */
function legend({ ticks, scale, empty }, ground, { height }) {
  const id = unique('ramp');
  const stops = Array.from({ length: 17 }, (_, i) => svg('stop', { offset: i / 16, 'stop-color': colour(i / 16) }));
  const marks = ticks.map(({ at, text }) => svg('text', { class: 'tick', x: at * BAR, y: 24 }, text));
  const bar = [svg('defs', {}, svg('linearGradient', { id }, ...stops)), svg('text', { class: 'scale', y: -6 }, scale), svg('rect', { class: 'border', width: BAR, height: 12, fill: `url(#${id})` }), ...marks];
  const own = unique(ground);
  const sign = empty ? [pattern(own, ground), svg('rect', { class: 'border', x: BAR + 24, width: 24, height: 12, fill: `url(#${own})` }), svg('text', { class: 'scale', x: BAR + 54, y: 10 }, empty)] : [];
  return svg('g', { transform: `translate(16 ${height - 34})` }, ...bar, ...sign);
}

// --- the pointer and the keyboard

function listen(node, state, { onMove, onLook }) {
  const at = event => {
    const { left, top } = node.getBoundingClientRect();
    const { rows, columns, cell } = state.heat;
    const [row, column] = [Math.floor((event.clientY - top - TOP) / cell.height), Math.floor((event.clientX - left - LEFT) / cell.width)];
    return row >= 0 && column >= 0 && row < rows.length && column < columns.length ? [row, column] : null;
  };
  const when = then => event => {
    const found = state.heat && at(event);
    if (found) then(...found);
  };
  node.addEventListener('pointermove', when(onLook));
  node.addEventListener('click', when(onMove));
  node.addEventListener('keydown', event => {
    if (!state.heat || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = moved(event.key, state, state.heat.rows.length, state.heat.columns.length);
    if (!to) return;
    event.preventDefault();
    onMove(...to);
    node.querySelector('.over').scrollIntoView({ block: 'nearest', inline: 'nearest' });
  });
}

/**
 * Where a key leads.
 * @param {string} key
 * @param {{row: number, column: number}} from
 * @param {number} rows @param {number} columns
 * @returns {[number, number] | null}
 */
export function moved(key, { row, column }, rows, columns) {
  const to = {
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    Home: [row, 0],
    End: [row, columns - 1],
    PageUp: [0, column],
    PageDown: [rows - 1, column],
  }[key];
  return to ? [Math.max(0, Math.min(rows - 1, to[0])), Math.max(0, Math.min(columns - 1, to[1]))] : null;
}
