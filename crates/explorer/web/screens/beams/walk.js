// Arrow keys through the tree: left is the parent, right the best child, up and down are the same step's.

import { set } from '../../dom.js';

/**
 * One stop for Tab; whatever is in focus or pointed at is told.
 * @param {SVGElement} root
 * @param {(node: import('./tree.js').Node) => void} tell
 */
export function walk(root, tell) {
  let items = new Map();
  let places = new Map();
  let best = new Set();
  let current = 0;
  const shown = id => items.has(id) && !items.get(id).group.hasAttribute('display');
  const stop = id => {
    set(items.get(current)?.box, 'tabindex', -1);
    current = id;
    set(items.get(current)?.box, 'tabindex', 0);
  };
  const stand = id => {
    stop(id);
    tell(items.get(id).node);
  };
  const go = node => node && shown(node.id) && items.get(node.id).box.focus();
  const to = (key, node) => step(key, node, [...items.values()].map(one => one.node).filter(one => shown(one.id)), places, best);
  root.addEventListener('keydown', pressed(key => go(to(key, items.get(current).node))));
  return {
    focus: go,
    /** After nodes were shown or hidden: the stop is one that is shown. */
    best(ids) {
      best = ids;
      if (!shown(current)) stop(0);
    },
    on(made, where) {
      items = new Map(made.map(one => [one.node.id, one]));
      places = where;
      for (const { node, group } of made) {
        group.addEventListener('focusin', () => stand(node.id));
        group.addEventListener('pointerenter', () => tell(node));
        group.addEventListener('click', () => go(node));
      }
      stop(shown(current) ? current : 0);
    },
  };
}

const KEYS = new Set(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End']);

function pressed(then) {
  return event => {
    if (event.ctrlKey || event.metaKey || event.altKey || !KEYS.has(event.key)) return;
    event.preventDefault();
    then(event.key);
  };
}

/**
 * Where a key leads from a node.
 * @param {string} key
 * @param {import('./tree.js').Node} from
 * @param {import('./tree.js').Node[]} nodes those on show
 * @param {Map<number, import('./layout.js').Place>} places
 * @param {Set<number>} best ids of the best path
 * @returns {import('./tree.js').Node | null | undefined}
 */
export function step(key, from, nodes, places, best) {
  const order = node => places.get(node.id).order;
  const beside = by => nodes.find(node => node.depth === from.depth && order(node) === order(from) + by);
  const onBest = nodes.filter(node => best.has(node.id));
  if (key === 'ArrowLeft') return from.parent;
  if (key === 'ArrowRight') return child(from, nodes, best);
  if (key === 'ArrowUp') return beside(-1);
  if (key === 'ArrowDown') return beside(1);
  return key === 'Home' ? nodes[0] : onBest.at(-1);
}

/** The child on the best path, or else one that lives on before one that does not, the likelier before the others. */
function child(from, nodes, best) {
  const worth = node => [best.has(node.id), node.kind !== 'pruned', node.total];
  const before = (a, b) => worth(b).map((value, i) => value - worth(a)[i]).find(difference => difference) ?? 0;
  return nodes.filter(node => node.parent === from).sort(before)[0];
}
