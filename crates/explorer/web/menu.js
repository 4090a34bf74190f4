// The menu: a place for each screen, which takes the prompt, the step and all else along.

import { el, say, set, words } from './dom.js';
import { encode } from './state.js';

/**
 * @param {HTMLElement} root
 * @param {string[]} names of the screens
 * @param {{get: () => import('./state.js').State}} store
 * @returns {{show: (t: Function) => void}}
 */
export function createMenu(root, names, store) {
  const links = names.map(name => ({ name, text: words(), link: el('a', { href: `#${name}` }) }));
  links.forEach(({ link, text }) => link.append(text));
  root.replaceChildren(...links.map(({ link }) => link));
  // The addresses follow the state when someone is about to take one: on each tick of a slider they would be in the way.
  const aim = () => links.forEach(({ name, link }) => set(link, 'href', encode({ ...store.get(), screen: name })));
  for (const kind of ['pointerover', 'focusin', 'touchstart']) root.addEventListener(kind, aim, { passive: true });
  return {
    show(t) {
      set(root, 'aria-label', t('screens'));
      links.forEach(({ name, link, text }) => {
        say(text, t(name));
        set(link, 'aria-current', name === store.get().screen ? 'page' : null);
      });
    },
  };
}
