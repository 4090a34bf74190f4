// The tree as SVG: a column a step, from left to right.

import { say, set, svg, words } from '../../dom.js';
import { layout } from './layout.js';
import { SIGNS } from './telling.js';
import { walk } from './walk.js';

const MARGIN = 10;
const FOOT = 34;
const LEGEND = ['best', 'alive', 'finished', 'pruned'];
const ENTRY = 190;

/**
 * @param {{t: Function, f: object}} app
 * @param {ReturnType<import('./telling.js').telling>} tell
 * @param {(node: import('./tree.js').Node) => void} onNode one that is in focus or pointed at
 */
export function createChart({ t, f }, tell, onNode) {
  const node = svg('svg', { class: 'tree', role: 'tree', 'aria-label': t('tree') });
  const roam = walk(node, onNode);
  let shown = [];
  return {
    node,
    focus: roam.focus,
    /** Makes the nodes and edges of a tree. @param {import('./tree.js').Node[]} nodes */
    build(nodes) {
      const { width, height, places } = layout(nodes);
      const size = { width: Math.max(width, LEGEND.length * ENTRY) + 2 * MARGIN, height: height + 2 * MARGIN + FOOT + 18 };
      set(node, 'viewBox', `0 0 ${size.width} ${size.height}`);
      Object.entries(size).forEach(([name, value]) => set(node, name, value));
      shown = nodes.map(one => item(one, places, tell));
      const heads = columns(nodes, places, { t, f });
      const tree = svg('g', { role: 'presentation', transform: `translate(${MARGIN} ${MARGIN + 18})` }, ...shown.flatMap(one => one.edge ?? []), ...shown.map(one => one.group));
      node.replaceChildren(heads, tree, legend(t, size.height - 12));
      roam.on(shown, places);
    },
    /** Shows so many steps, and which nodes are on the best path. @param {Set<number>} best ids @param {number} steps */
    mark(best, steps) {
      shown.forEach(one => mark(one, best.has(one.node.id), one.node.depth <= steps, tell));
      roam.best(best);
    },
  };
}

/** The words beside it are for the eye alone: the box is what has the focus, and its name says them all. */
function item(node, places, tell) {
  const place = places.get(node.id);
  const sign = words(SIGNS[node.kind]);
  const thin = node.kind === 'pruned';
  const told = [text('sign', 7, thin ? 14 : 15, sign), clipped(tell.label(node), place.width - (thin ? 66 : 26))];
  if (node.depth > 0) told.push(text('sum', place.width - 6, thin ? 14 : 29, words(thin ? tell.sum(node) : tell.small(node))));
  const box = svg('rect', { class: 'box', width: place.width, height: place.height, rx: 5, role: 'treeitem', tabindex: -1, 'aria-level': node.depth + 1 });
  const group = svg('g', { class: `node ${node.kind}`, role: 'presentation', transform: `translate(${place.x} ${place.y.toFixed(1)})` }, box, svg('g', { 'aria-hidden': 'true' }, ...told));
  const edge = node.parent && svg('path', { class: `edge ${node.kind}`, d: curve(places.get(node.parent.id), place), 'aria-hidden': 'true' });
  return { node, group, box, edge, sign };
}

function text(className, x, y, ...content) {
  return svg('text', { class: className, x, y }, ...content);
}

/** A token as wide as it may be. */
function clipped(label, width) {
  return svg('svg', { x: 22, y: 1, width, height: 18, overflow: 'hidden' }, text('token', 0, 13.5, label));
}

function curve(from, to) {
  const [x1, y1, x2, y2] = [from.x + from.width, from.y + from.height / 2, to.x, to.y + to.height / 2];
  const middle = (x1 + x2) / 2;
  return `M${x1} ${y1.toFixed(1)}C${middle} ${y1.toFixed(1)} ${middle} ${y2.toFixed(1)} ${x2} ${y2.toFixed(1)}`;
}

function mark({ node, group, box, edge, sign }, best, shown, tell) {
  say(sign, best && node.depth > 0 ? SIGNS.best : SIGNS[node.kind]);
  set(box, 'aria-label', tell.name(node, best));
  for (const part of [group, edge].filter(Boolean)) {
    part.classList.toggle('best', best);
    set(part, 'display', shown ? null : 'none');
  }
}

/** The number of each step over its column. */
function columns(nodes, places, { t, f }) {
  const first = new Map(nodes.map(node => [node.depth, places.get(node.id).x]));
  const head = ([depth, x]) => text('head', x + MARGIN + 58, 16, depth === 0 ? '' : t('step_n', { n: f.integer(depth) }));
  return svg('g', { 'aria-hidden': 'true' }, ...[...first].map(head));
}

function legend(t, y) {
  const entry = (kind, i) => {
    const line = svg('path', { class: `edge ${kind}`, d: 'M0 -4H26' });
    return svg('g', { transform: `translate(${MARGIN + i * ENTRY} ${y})` }, line, text('key', 32, 0, `${SIGNS[kind]} ${t(`legend_${kind}`)}`));
  };
  return svg('g', { 'aria-hidden': 'true' }, ...LEGEND.map(entry));
}
