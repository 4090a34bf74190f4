// Elements by one call. Text is only ever text: nothing here parses markup.

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @param {string} tag
 * @param {Record<string, unknown>} [props] attributes; `on…` functions are listeners; false and null are left out
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function el(tag, props = {}, ...children) {
  return furnish(document.createElement(tag), props, children);
}

/** As {@link el}, for SVG. */
export function svg(tag, props = {}, ...children) {
  return furnish(document.createElementNS(SVG, tag), props, children);
}

function furnish(node, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === 'function') node.addEventListener(name.slice(2), value);
    else set(node, name, value);
  }
  node.append(...children);
  return node;
}

/** Sets an attribute; false, null and undefined remove it, true leaves it empty. */
export function set(node, name, value) {
  if (value === false || value == null) node.removeAttribute(name);
  else node.setAttribute(name, value === true ? '' : value);
}

/** A text node of its own, whose words {@link say} changes without making another. */
export function words(text = '') {
  return document.createTextNode(text);
}

/** Changes a text node, if it changes. */
export function say(node, text) {
  if (node.data !== text) node.data = text;
}

/** Calls `f` once, `ms` after the last call; `cancel()` forgets it. */
export function debounce(f, ms) {
  let timer = 0;
  const later = (...args) => {
    clearTimeout(timer);
    timer = setTimeout(f, ms, ...args);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}
