// The tokens of a text as a picture to save. Widths are reckoned by character: a picture of its own has no browser to ask.

import { svg } from '../../dom.js';
import { plain, shorten, visible } from '../../format.js';
import { parts } from './pieces.js';

const WIDTH = 880;
const [LINE, CHIP, GAP, CHARACTER, PADDING] = [64, 42, 6, 8.2, 16];
const WIDE = /\p{Extended_Pictographic}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/u;

/** @typedef {{x: number, y: number, width: number, token: string, below: string, kind: string}} Chip */

/**
 * Chips from left to right, in as many lines as they need.
 * @param {{token: string, below: string, kind: string}[]} chips
 * @returns {{chips: Chip[], height: number}}
 */
export function layout(chips) {
  let [x, y] = [GAP, GAP];
  const placed = chips.map(chip => {
    const width = Math.min(WIDTH - 2 * GAP, PADDING + CHARACTER * Math.max(wide(chip.token), wide(chip.below)));
    if (x + width > WIDTH - GAP && x > GAP) [x, y] = [GAP, y + LINE];
    const at = { ...chip, x, y, width };
    x += width + GAP;
    return at;
  });
  return { chips: placed, height: y + LINE };
}

const wide = text => Array.from(text).reduce((sum, one) => sum + (WIDE.test(one) ? 2 : 1), 0);

/** @param {{t: Function, meta: object, vocab: object[]}} app @returns {SVGSVGElement} */
export function stripPicture({ t, meta, vocab }, text, pieces) {
  const told = parts(text, pieces).filter(part => part.piece).map(part => chip(part, { t, meta, vocab }));
  const { chips, height } = layout(told);
  return svg('svg', { class: 'strip-picture', viewBox: `0 0 ${WIDTH} ${height}` }, ...chips.map(draw));
}

function chip({ piece, text, frames }, { t, meta, vocab }) {
  const isUnknown = piece.id === meta.unknown;
  const below = isUnknown ? `${piece.id} · ${t('unknown')}: ${shorten(plain(text), 30)}` : frames ? `${piece.id} · ${t('frame')}` : String(piece.id);
  return { token: shorten(visible(vocab[piece.id]?.text ?? ''), 40), below, kind: isUnknown ? 'unknown' : frames ? 'frame' : 'plain' };
}

function draw({ x, y, width, token, below, kind }) {
  const middle = x + width / 2;
  return svg('g', { class: kind }, svg('rect', { x, y, width, height: CHIP, rx: 5 }), svg('text', { x: middle, y: y + 18 }, token), svg('text', { class: 'id', x: middle, y: y + 34 }, below));
}
