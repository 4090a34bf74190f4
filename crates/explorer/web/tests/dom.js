// As much of a browser as the page's own calls need, so that `node --test` can press its buttons. It counts the nodes made.

export const made = { nodes: 0 };

class Node {
  parent = null;
  children = [];
  constructor() {
    made.nodes += 1;
  }
  get textContent() {
    return this.children.map(child => child.textContent).join('');
  }
  set textContent(text) {
    this.replaceChildren(...(text === '' ? [] : [text]));
  }
  append(...children) {
    for (const child of children) this.children.push(Object.assign(typeof child === 'string' ? new Text(child) : child, { parent: this }));
  }
  replaceChildren(...children) {
    this.children = [];
    this.append(...children);
  }
  contains(node) {
    return node === this || (node?.parent ? this.contains(node.parent) : false);
  }
}

class Text extends Node {
  constructor(data) {
    super();
    this.data = data;
  }
  get textContent() {
    return this.data;
  }
}

class Element extends Node {
  attributes = new Map();
  listeners = [];
  value = '';
  checked = false;
  constructor(name) {
    super();
    this.localName = name;
  }
  setAttribute(name, value) {
    this.attributes.set(name, String(value));
    if (name === 'value') this.value = String(value);
  }
  removeAttribute = name => void this.attributes.delete(name);
  hasAttribute = name => this.attributes.has(name);
  getAttribute = name => this.attributes.get(name) ?? null;
  get name() {
    return this.getAttribute('name');
  }
  get hidden() {
    return this.hasAttribute('hidden');
  }
  set hidden(on) {
    if (on) this.setAttribute('hidden', '');
    else this.removeAttribute('hidden');
  }
  get classList() {
    const names = new Set((this.getAttribute('class') ?? '').split(' ').filter(Boolean));
    const toggle = (name, on) => {
      names[on ? 'add' : 'delete'](name);
      this.setAttribute('class', [...names].join(' '));
    };
    return { toggle, contains: name => names.has(name) };
  }
  addEventListener(type, listener, { signal } = {}) {
    this.listeners.push({ type, listener, signal });
  }
  fire(type, props = {}) {
    const event = { type, target: this, preventDefault: () => (event.defaultPrevented = true), ...props };
    for (let node = this; node && !event.stopped; node = node.parent ?? (node === document ? null : document)) {
      node.listeners.filter(one => one.type === type && !one.signal?.aborted).forEach(one => one.listener(event));
    }
    return event;
  }
  focus() {
    document.activeElement = this;
  }
  closest = () => (['input', 'select'].includes(this.localName) && !['range', 'checkbox'].includes(this.getAttribute('type')) ? this : null);
  querySelector() {
    return null;
  }
  all(test) {
    return this.children.filter(child => child instanceof Element).flatMap(child => [...(test(child) ? [child] : []), ...child.all(test)]);
  }
}

/** Puts a page in place of the globals that the modules use. @returns {{top: Element, menu: Element, main: Element, alert: Element}} */
export function browser(fetch) {
  const [top, menu, main, alert, html] = ['header', 'nav', 'main', 'div', 'html'].map(name => new Element(name));
  const document = Object.assign(new Element('#document'), {
    documentElement: html,
    activeElement: null,
    getElementById: id => ({ top, menu, main, alert })[id],
    createElement: name => new Element(name),
    createElementNS: (_, name) => new Element(name),
    createTextNode: data => new Text(data),
  });
  const location = { hash: '', reload: () => {} };
  const go = (_, __, hash) => (location.hash = hash);
  const history = { pushState: go, replaceState: go };
  const frames = { requestAnimationFrame: f => setTimeout(f, 0), cancelAnimationFrame: clearTimeout, addEventListener: () => {} };
  const globals = { document, location, history, fetch, navigator: { languages: ['en'] }, ...frames };
  for (const [name, value] of Object.entries(globals)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  return { top, menu, main, alert };
}
