// One row of the causality probe, as bars under its columns.

import { set, svg } from '../../dom.js';
import { colour } from '../../ramp.js';
import { LEFT } from './heatmap.js';
import { createPart } from './part.js';
import { moved, scale } from './probe.js';
import { cells, numbers, power, told } from './probe_lines.js';
import { square } from './telling.js';

const BARS = { height: 150, top: 14, bottom: 96 };

/** @param {object} app and `tell` @param {(answer: object) => object} record */
export function createProbeRow(app, record) {
  let shown = null; // the answer, the row
  const bars = svg('svg', { class: 'moves', role: 'img', tabindex: 0 });
  const part = createPart(app, { name: 'probe_row', chart: bars, columns: ['looked_at', 'furthest'], lines: () => numbers(shown.probe, [shown.row]), record: () => ({ ...told(record, shown.probe), row: shown.row }) });
  return {
    ...part,
    draw(probe, row) {
      shown = { probe, row };
      drawBars(bars, probe, row, app);
      part.say(bars.getAttribute('aria-label'));
      part.fill(cells(probe, row, app).map(line => line.slice(1)));
    },
  };
}

/** How far each logit moved, and a 0 where none did. */
function drawBars(node, probe, row, { t, tell }) {
  const { width } = square(probe.ids.length);
  const { low, high, share } = scale(probe);
  const size = { width: Math.max(460, LEFT + probe.ids.length * width + 40), height: BARS.height };
  set(node, 'viewBox', `0 0 ${size.width} ${size.height}`);
  Object.entries(size).forEach(([name, value]) => set(node, name, value));
  set(node, 'aria-label', t('row_of', { token: tell.at(probe.ids, row), by: tell.token(probe.replacements[row]) }));
  const marks = [[low, BARS.bottom], [high, BARS.top + 8]].map(([exponent, y]) => svg('text', { class: 'row', x: LEFT - 6, y }, power(exponent)));
  const one = (_, column) => bar(share(moved(probe, row, column)), LEFT + column * width, width, column === row);
  const labels = tell.labels(probe.ids).map((label, i) => svg('text', { class: i === row ? 'column here' : 'column', 'text-anchor': 'end', transform: `translate(${LEFT + (i + 0.5) * width + 3} ${BARS.bottom + 12}) rotate(-50)` }, label));
  node.replaceChildren(...marks, svg('path', { class: 'axis', d: `M${LEFT} ${BARS.top}V${BARS.bottom}H${LEFT + probe.ids.length * width}` }), ...probe.ids.map(one), ...labels);
}

function bar(share, x, width, isChanged) {
  if (share === null) return svg('text', { class: 'zero', x: x + width / 2, y: BARS.bottom - 4 }, '0');
  const height = Math.max(2, share * (BARS.bottom - BARS.top));
  return svg('rect', { class: isChanged ? 'moved changed' : 'moved', x: x + 1.5, y: BARS.bottom - height, width: width - 3, height, fill: colour(share) });
}
