// Boots the page: what the server has, the language and the theme, and the screen that the address names.

import * as api from './api.js';
import { select, unique } from './controls.js';
import { el, set } from './dom.js';
import { formats } from './format.js';
import { preferred, tag, translator } from './i18n/index.js';
import { createMenu } from './menu.js';
import { rowSource } from './rows.js';
import { keepState } from './state.js';
import { createReader } from './text.js';

/** In the order of the menu; each has `mount(root, app)` and its `words`, and comes when one goes there first. */
const SCREENS = ['next', 'generate', 'compare', 'beams', 'inside', 'training', 'data'];
const AGAIN_AFTER = 2000;
const WATCHED_EVERY = 2000;

const [top, menu, main, alert] = ['top', 'menu', 'main', 'alert'].map(id => document.getElementById(id));
const store = keepState((state, names) => changed(state, names));
const shownMenu = createMenu(menu, SCREENS, store);
let about = null;
let screen = null;
let waiting = 0;
const again = {};
let building = null; // which screen is on its way: the last that was asked for

start();

async function start() {
  dress(store.get());
  main.textContent = words()('loading');
  try {
    const [meta, { tokens }] = await Promise.all([api.meta(), api.vocab()]);
    const vocab = [];
    for (const token of tokens) vocab[token.id] = token;
    about = { api, meta, vocab, rows: rowSource(api, meta.vocab_size), text: createReader(meta, vocab) };
    report(null);
    build();
    watch();
  } catch (error) {
    report(error, start);
  }
}

/** While the run goes on there come more checkpoints, and whoever is on show is told. */
async function watch() {
  if (about.meta.state !== 'running') return;
  await new Promise(done => setTimeout(done, WATCHED_EVERY));
  const had = about.meta.checkpoints.length;
  const fresh = await api.meta().catch(() => about.meta);
  Object.assign(about.meta, fresh);
  if (fresh.checkpoints.length !== had || fresh.state !== 'running') screen?.changed(store.get(), new Set(['checkpoints']));
  watch();
}

function changed(state, names) {
  if (names.has('theme')) rethemed(state);
  if (names.has('lang') || names.has('screen')) build();
  else screen?.changed(state, names);
}

function rethemed(state) {
  dress(state);
  if (about) buildTop(words(), formats(tag(language())));
}

function language() {
  return store.get().lang ?? preferred(navigator.languages);
}

function words(own) {
  return translator(language(), own);
}

function dress({ theme }) {
  set(document.documentElement, 'data-theme', theme === 'auto' ? null : theme);
  set(document.documentElement, 'lang', tag(language()));
}

/** Everything anew: at the start, in another language, on another screen. */
function build() {
  dress(store.get());
  screen?.leave();
  screen = null;
  if (!about) return;
  const t = words();
  const f = formats(tag(language()));
  const { screen: name } = store.get();
  document.title = `${t(name)} · ${t('page')}`;
  buildTop(t, f);
  shownMenu.show(t);
  building = {};
  if (SCREENS.includes(name)) open(name, f, building);
  else main.replaceChildren(el('p', {}, t('unknown_screen', { screen: name })), el('a', { href: '#next' }, t('next')));
}

/** What was there stays until the screen is here. */
async function open(name, f, mine) {
  set(main, 'aria-busy', 'true');
  const found = await load(name);
  if (building !== mine) return;
  set(main, 'aria-busy', null);
  report(found ? null : new api.Lost(), build);
  if (found) screen = found.mount(main, { ...about, t: words(found.words), f, store, report });
}

/** A browser asks for a module once, even if nobody answered: under another address it asks again. */
function load(name) {
  return import(`./screens/${name}/index.js${again[name] ?? ''}`).catch(() => void (again[name] = `?${Date.now()}`));
}

function buildTop(t, f) {
  const { run, preset, parameters, vocab_size, window } = about.meta;
  const told = t('run', { run, preset, parameters: f.integer(parameters), vocab: f.integer(vocab_size), window: f.integer(window) });
  const had = top.contains(document.activeElement) ? document.activeElement.name : null;
  const lang = choice(t, 'language', language(), [['en', 'English'], ['pt', 'Português']], lang => store.change({ lang }));
  const themes = ['auto', 'light', 'dark'].map(theme => [theme, t(`theme_${theme}`)]);
  const theme = choice(t, 'theme', store.get().theme, themes, theme => store.change({ theme }));
  top.replaceChildren(el('a', { class: 'skip', href: `#${main.id}`, onclick: skip }, t('skip')), el('p', { class: 'brand' }, t('page')), el('p', { class: 'note' }, told), lang, theme);
  if (had) top.querySelector(`[name=${had}]`)?.focus();
}

function choice(t, name, value, options, onChange) {
  const list = select(options, onChange);
  set(list, 'name', name);
  list.value = value;
  const id = unique(name);
  set(list, 'id', id);
  return el('div', { class: 'choice' }, el('label', { for: id }, t(name)), list);
}

/** The address is the page's state, so the link moves the focus itself. */
function skip(event) {
  event.preventDefault();
  main.focus();
}

/** Shows an error until the next report; a lost server is asked for until it is back. */
function report(error, retry) {
  clearTimeout(waiting);
  if (error instanceof api.Lost) waiting = setTimeout(look, AGAIN_AFTER, retry);
  const text = error instanceof api.Lost ? words()('lost') : (error?.message ?? '');
  if (alert.textContent !== text) alert.textContent = text;
}

async function look(retry) {
  try {
    const { fingerprint } = await api.meta();
    if (about && fingerprint !== about.meta.fingerprint) location.reload();
    else retry?.();
  } catch (error) {
    report(error, retry);
  }
}
