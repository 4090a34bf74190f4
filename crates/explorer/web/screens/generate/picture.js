// The shaded text as a picture of its own, for a file: lines of tokens, drawn.

import { el, svg } from '../../dom.js';
import { colour } from './shade.js';

const WIDTH = 880;
const MARGIN = 24;
const LINE = 34;
const SIZE = 16;

/** @typedef {{text: string, gap: string, level: number | null, special: boolean}} Tile */

/**
 * Where each tile stands; one that does not fit goes to the next line.
 * @param {Tile[]} tiles
 * @param {(text: string) => number} measure
 * @param {number} width
 * @returns {{x: number, line: number, width: number}[]}
 */
export function layout(tiles, measure, width) {
  let [x, line] = [0, 0];
  return tiles.map(({ text, gap }) => {
    const space = measure(gap);
    const wide = measure(text);
    if (x > 0 && x + space + wide > width) [x, line] = [0, line + 1];
    else if (x > 0) x += space;
    const place = { x, line, width: wide };
    x += wide;
    return place;
  });
}

/** How wide a text is, in the drawing's letters. */
export function measurer() {
  const context = el('canvas').getContext('2d');
  context.font = `${SIZE}px system-ui, sans-serif`;
  return text => context.measureText(text).width;
}

/**
 * @param {Tile[]} tiles
 * @param {{title: string, scale: {level: number, text: string}[], name: string, theme: 'light' | 'dark', measure: (text: string) => number}} about
 * @returns {SVGSVGElement}
 */
export function picture(tiles, { title, scale, name, theme, measure }) {
  const places = layout(tiles, measure, WIDTH - 2 * MARGIN);
  const bottom = 56 + LINE * ((places.at(-1)?.line ?? 0) + 1);
  const drawn = tiles.map((tile, i) => draw(tile, MARGIN + places[i].x, 68 + LINE * places[i].line, places[i].width, theme));
  const legend = scale.map((mark, i) => draw({ ...mark, special: false }, MARGIN + 130 + i * 110, bottom + 36, measure(mark.text), theme));
  const heading = svg('text', { x: MARGIN, y: 30, class: 'label-start' }, title);
  const label = svg('text', { x: MARGIN, y: bottom + 36, class: 'label-start' }, name);
  return svg('svg', { class: 'drawn', viewBox: `0 0 ${WIDTH} ${bottom + (scale.length > 0 ? 60 : 20)}` }, heading, ...drawn, ...(scale.length > 0 ? [label, ...legend] : []));
}

function draw({ text, level, special }, x, y, width, theme) {
  const at = { x: x.toFixed(1), width: width.toFixed(1) };
  const ground = level === null ? [] : [svg('rect', { ...at, y: y - 18, height: 24, fill: colour(level, theme) }), svg('rect', { ...at, y: y + 6, height: (4 * level).toFixed(2), class: 'under' })];
  const frame = special ? [svg('rect', { ...at, y: y - 18, height: 24, class: 'framed' })] : [];
  return svg('g', {}, ...ground, ...frame, svg('text', { x: at.x, y }, text));
}
