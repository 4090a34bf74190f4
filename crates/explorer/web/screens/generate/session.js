// The trees of this run and the one text that grows. They outlive the screen: whoever goes to another one and comes back finds
// them, and so does who reloads the page.

import { Lost } from '../../api.js';
import { debounce } from '../../dom.js';
import { bounded, family, instead, onward, read, root, sequence, without, write } from './tree.js';

const KEEP = 3e6; // characters; a tab may store about 5 million
const SAVED_AFTER = 400;

let kept = null;

/** The session of a run. @param {{api: object, meta: {fingerprint: string}}} app @returns {Session} */
export function sessionOf({ api, meta }) {
  const key = `enredo-generate-${meta.fingerprint}`;
  if (kept?.key !== key) kept = new Session(api, key);
  return kept;
}

export class Session {
  /** @type {import('./tree.js').Branch[]} */
  forest = [];
  /** @type {import('./tree.js').Branch | null} the one that grows */
  growing = null;
  /** What was taken away, the last at the end. */
  removed = [];
  /** How many trees had to go. */
  dropped = 0;
  #api;
  #life = null;
  #tell = () => {};
  #later = debounce(() => this.#save(), SAVED_AFTER);

  constructor(api, key) {
    Object.assign(this, { key });
    this.#api = api;
    this.forest = read(stored(() => sessionStorage.getItem(key)));
    globalThis.addEventListener?.('pagehide', () => this.#save());
  }

  /** @param {(what: 'grown' | 'changed', error?: Error) => void} tell called after each token and each change; null forgets */
  listen(tell) {
    this.#tell = tell ?? (() => {});
  }

  /** A new tree. */
  generate(prompt, recipe) {
    return this.#grow(root(this.forest, prompt, recipe));
  }

  /** On from the end of a branch. */
  goOn(id, recipe) {
    return this.#grow(onward(this.forest, id, recipe));
  }

  /** Another token at a place of a branch, and on from there. */
  branch(id, index, choice, recipe) {
    return this.#grow(instead(this.forest, id, index, choice, recipe));
  }

  stop() {
    this.#life?.abort();
  }

  /** Takes a branch and all that springs from it away. */
  remove(id) {
    this.#takeAway(family(this.forest, id));
  }

  clear() {
    this.#takeAway(this.forest);
  }

  /** Gives back what was taken away last. */
  undo() {
    const back = this.removed.pop() ?? [];
    this.forest = [...this.forest, ...back].sort((a, b) => a.id - b.id);
    this.#changed();
  }

  #takeAway(gone) {
    if (gone.length === 0) return;
    if (gone.includes(this.growing)) this.stop();
    this.removed.push(gone);
    this.forest = without(this.forest, gone);
    this.#changed();
  }

  #grow(branch) {
    this.stop();
    const used = Math.max(0, ...this.removed.flat().map(({ id }) => id));
    branch.id = Math.max(branch.id, used + 1); // so that what is given back keeps its number
    this.forest = [...this.forest, branch];
    this.growing = branch;
    this.#run(branch, (this.#life = new AbortController()));
    return branch.id;
  }

  async #run(branch, life) {
    const started = performance.now();
    const ended = (reason, detail) => (branch.end ??= { reason, seconds: (performance.now() - started) / 1000, ...(detail && { detail }) });
    let fault = null;
    try {
      if (endsByHand(branch)) ended('eos');
      else for await (const event of this.#api.generate(this.#request(branch), life.signal)) this.#take(branch, event);
    } catch (error) {
      fault = life.signal.aborted ? null : error;
      ended(fault ? 'broken' : 'stopped', fault && !(fault instanceof Lost) ? fault.message : undefined);
    }
    if (this.growing === branch) this.growing = null;
    if (branch.tokens.length === 0) this.forest = without(this.forest, [branch]);
    this.#changed(fault);
  }

  #request({ id, parent, prompt, recipe: { step, seed, config } }) {
    return { ...(parent === null ? { prompt } : { ids: sequence(this.forest, id) }), step, config, seed };
  }

  #take(branch, { event, ...told }) {
    if (event === 'start' && branch.parent === null) Object.assign(branch, { ids: told.ids, cut: told.cut });
    if (event === 'token') branch.tokens.push(told);
    if (event === 'end') branch.end = told;
    this.#later();
    this.#tell('grown');
  }

  #changed(error) {
    this.#later();
    this.#tell('changed', error ?? undefined);
  }

  #save() {
    this.#later.cancel();
    const before = this.forest.filter(({ parent }) => parent === null).length;
    this.forest = bounded(this.forest, KEEP);
    const gone = before - this.forest.filter(({ parent }) => parent === null).length;
    this.dropped += gone;
    stored(() => sessionStorage.setItem(this.key, write(this.forest)));
    if (gone > 0) this.#tell('changed');
  }
}

/** Whoever takes the end of the text by hand has ended it. */
function endsByHand({ tokens, recipe }) {
  return tokens.length > 0 && recipe.config.eos_token_id.includes(tokens[0].id);
}

/** A browser may refuse to store anything: then trees last as long as the page. */
function stored(access) {
  try {
    return access();
  } catch {
    return null;
  }
}
