// Where the nodes of a tree stand: a column a step, children beside their parent, nothing over anything. No edges cross.

const COLUMN = { width: 116, gap: 28 };
const HEIGHT = { full: 36, thin: 20 };
const GAP = 8;

/** @typedef {{x: number, y: number, width: number, height: number, order: number}} Place  order: from the top of its column */

/**
 * @param {import('./tree.js').Node[]} nodes those to place, each parent among them
 * @returns {{width: number, height: number, places: Map<number, Place>}}
 */
export function layout(nodes) {
  const columns = [];
  for (const node of nodes) (columns[node.depth] ??= []).push(node);
  const height = Math.max(0, ...columns.map(tall));
  const places = new Map();
  columns.forEach((column, depth) => place(column, depth, height, places));
  return { width: columns.length * (COLUMN.width + COLUMN.gap) - COLUMN.gap, height, places };
}

function place(column, depth, height, places) {
  const order = node => places.get(node.parent?.id)?.order ?? 0;
  const sorted = [...column].sort((a, b) => order(a) - order(b) || b.total - a.total || a.id - b.id);
  const sizes = sorted.map(size);
  const wished = sorted.map((node, i) => middle(places.get(node.parent?.id), height) - sizes[i] / 2);
  spread(wished, sizes, GAP, height).forEach((y, i) => {
    places.set(sorted[i].id, { x: depth * (COLUMN.width + COLUMN.gap), y, width: COLUMN.width, height: sizes[i], order: i });
  });
}

function middle(place, height) {
  return place ? place.y + place.height / 2 : height / 2;
}

function size({ kind }) {
  return kind === 'pruned' ? HEIGHT.thin : HEIGHT.full;
}

function tall(column) {
  return column.reduce((sum, node) => sum + size(node) + GAP, -GAP);
}

/**
 * Tops as near to the wished ones as they can be (least squares), in this order, `gap` apart and within `room`: pool
 * adjacent violators (Ayer et al., 1955), then the bounds.
 * @param {number[]} wished @param {number[]} sizes @param {number} gap @param {number} room
 * @returns {number[]}
 */
export function spread(wished, sizes, gap, room) {
  let offset = 0;
  const offsets = sizes.map(size => (offset += size + gap) - size - gap);
  const pools = [];
  wished.forEach((y, i) => {
    let pool = { sum: y - offsets[i], n: 1 };
    while (pools.length > 0 && mean(pools.at(-1)) > mean(pool)) pool = joined(pools.pop(), pool);
    pools.push(pool);
  });
  const most = room - (offset - gap);
  const shifts = pools.flatMap(pool => Array(pool.n).fill(Math.max(0, Math.min(most, mean(pool)))));
  return shifts.map((shift, i) => shift + offsets[i]);
}

function mean({ sum, n }) {
  return sum / n;
}

function joined(a, b) {
  return { sum: a.sum + b.sum, n: a.n + b.n };
}
