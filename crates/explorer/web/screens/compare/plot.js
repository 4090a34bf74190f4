// Mean surprisal against distinct-2: how far a strategy goes from what the model expects, and how varied it is for that. A small
// mark a text, a large one a strategy; a shape of its own each.

import { svg } from '../../dom.js';
import { shorten } from '../../format.js';

const [WIDTH, HEIGHT] = [880, 380];
const PLOT = { left: 70, right: 590, top: 46, bottom: 320 };
const SHAPES = [
  r => `M${-r} 0A${r} ${r} 0 1 0 ${r} 0A${r} ${r} 0 1 0 ${-r} 0Z`,
  r => `M${-r} ${-r}H${r}V${r}H${-r}Z`,
  r => `M0 ${-1.2 * r}L${1.1 * r} ${r}H${-1.1 * r}Z`,
  r => `M0 ${-1.35 * r}L${1.35 * r} 0L0 ${1.35 * r}L${-1.35 * r} 0Z`,
  r => `M0 ${1.2 * r}L${1.1 * r} ${-r}H${-1.1 * r}Z`,
  r => `M${-r} ${-r / 3}H${-r / 3}V${-r}H${r / 3}V${-r / 3}H${r}V${r / 3}H${r / 3}V${r}H${-r / 3}V${r / 3}H${-r}Z`,
  r => `M${-r} 0L${-r / 2} ${-r}H${r / 2}L${r} 0L${r / 2} ${r}H${-r / 2}Z`,
];

/**
 * @param {{name: string, texts: {x: number, y: number}[], whole: {x: number, y: number}}[]} strategies x: bits, y: a share
 * @param {{title: string, x: string, y: string, note: string, f: object}} words
 * @returns {SVGSVGElement}
 */
export function plot(strategies, { title, x: xName, y: yName, note, f }) {
  const highest = Math.max(1, ...strategies.flatMap(({ texts }) => texts.map(({ x }) => x)).filter(Number.isFinite));
  const step = [0.25, 0.5, 1, 2, 5, 10].find(step => highest / step < 7) ?? 20;
  const top = Math.ceil(highest / step) * step;
  const x = bits => PLOT.left + (bits / top) * (PLOT.right - PLOT.left);
  const low = Math.min(0.8, lowest(strategies));
  const y = share => PLOT.bottom - ((share - low) / (1 - low)) * (PLOT.bottom - PLOT.top);
  const marks = strategies.flatMap(({ texts, whole }, i) => [...texts.map(at => mark(i, at, 4, 'small', x, y)), mark(i, whole, 8, 'large', x, y)]);
  const axes = svg('g', { 'aria-hidden': 'true' }, ...across(top, step, x, f), ...up(low, y, f), svg('path', { class: 'base', d: `M${PLOT.left} ${PLOT.top}V${PLOT.bottom}H${PLOT.right}` }));
  const label = (words, at, turn = '') => svg('text', { class: 'axis', transform: `translate(${at})${turn}` }, words);
  const names = [label(title, `${(PLOT.left + PLOT.right) / 2} 24`), label(xName, `${(PLOT.left + PLOT.right) / 2} ${HEIGHT - 16}`), label(yName, `18 ${(PLOT.top + PLOT.bottom) / 2}`, ' rotate(-90)')];
  return svg('svg', { class: 'chart dots', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': title }, axes, ...names, ...marks.filter(Boolean), ...legend(strategies, note));
}

/** In tenths, below all: where many texts repeat nothing, the others are still told apart. */
function lowest(strategies) {
  const shares = strategies.flatMap(({ texts }) => texts.map(({ y }) => y)).filter(Number.isFinite);
  return Math.max(0, Math.floor(10 * Math.min(1, ...shares) - 0.01) / 10);
}

function mark(i, { x: bits, y: share }, r, size, x, y) {
  if (!Number.isFinite(bits) || !Number.isFinite(share)) return null;
  return svg('path', { class: `dot ${size} dot-${i}`, d: SHAPES[i % SHAPES.length](r), transform: `translate(${x(bits).toFixed(1)} ${y(share).toFixed(1)})` });
}

function across(top, step, x, f) {
  return Array.from({ length: Math.round(top / step) + 1 }, (_, i) => i * step).flatMap(bits => [
    svg('line', { class: 'grid', x1: x(bits), x2: x(bits), y1: PLOT.top, y2: PLOT.bottom }),
    svg('text', { class: 'axis', x: x(bits), y: PLOT.bottom + 18 }, f.short(bits)),
  ]);
}

function up(low, y, f) {
  return [0, 0.25, 0.5, 0.75, 1].map(part => low + part * (1 - low)).flatMap(share => [
    svg('line', { class: 'grid', x1: PLOT.left, x2: PLOT.right, y1: y(share), y2: y(share) }),
    svg('text', { class: 'mark', x: PLOT.left - 8, y: y(share) + 4 }, f.short(share)),
  ]);
}

function legend(strategies, note) {
  const entry = ({ name }, i) => [
    svg('path', { class: `dot large dot-${i}`, d: SHAPES[i % SHAPES.length](7), transform: `translate(620 ${PLOT.top + 12 + 28 * i})` }),
    svg('text', { class: 'entry', x: 638, y: PLOT.top + 16 + 28 * i }, shorten(name, 38)),
  ];
  return [...strategies.flatMap(entry), svg('text', { class: 'entry', x: 612, y: PLOT.top + 24 + 28 * strategies.length }, note)];
}
