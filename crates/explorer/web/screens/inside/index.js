import { el } from '../../dom.js';
export const words = { en: {}, pt: {} };
export function mount(root) { root.replaceChildren(el('p', {}, 'x')); return { changed() {}, leave() {} }; }
