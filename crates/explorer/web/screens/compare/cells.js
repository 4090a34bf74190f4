// The texts of the grid, by what makes them: each is asked for once, two at a time, and those that nobody wants any more are not
// gone on with.

const AT_ONCE = 2;
const KEPT = 200;

/** @typedef {{state: 'waiting' | 'growing' | 'done' | 'stopped' | 'failed', prompt: number[], tokens: object[], reason?: string, error?: Error}} Cell */

/** What tells one text from another. @param {object} request */
export const keyOf = request => JSON.stringify(request);

export class Cells {
  #generate;
  #tell = () => {};
  #cells = new Map();
  #wanted = [];
  #running = new Map();

  /** @param {(request: object, signal: AbortSignal) => AsyncIterable<object>} generate */
  constructor(generate) {
    this.#generate = generate;
  }

  /** @param {(cell: Cell | null) => void} tell that something has changed */
  listen(tell) {
    this.#tell = tell;
  }

  /** @returns {Cell} */
  get(request) {
    return this.#cells.get(keyOf(request)) ?? { state: 'waiting', prompt: [], tokens: [] };
  }

  /** Whether any is waited for. */
  get busy() {
    return this.#running.size > 0 || this.#next() !== undefined;
  }

  /** These, in this order; what is there stays, what is under way and not among them is left. @param {object[]} requests */
  want(requests) {
    this.#wanted = requests;
    const keys = new Set(requests.map(keyOf));
    this.#leave(key => !keys.has(key));
    this.#forget(keys);
    this.#fill();
  }

  /** Ends what is under way; what came stays. */
  stop() {
    this.#leave(() => true);
    for (const request of this.#wanted) if (!this.#cells.has(keyOf(request))) this.#cells.set(keyOf(request), { state: 'stopped', prompt: [], tokens: [] });
    this.#tell(null);
  }

  /** Once more, what was stopped or failed. */
  again() {
    this.#cells.forEach((cell, key) => ['stopped', 'failed'].includes(cell.state) && this.#cells.delete(key));
    this.#fill();
  }

  #leave(which) {
    this.#running.forEach((life, key) => {
      if (!which(key)) return;
      this.#running.delete(key);
      this.#cells.get(key).state = 'stopped';
      life.abort();
    });
  }

  /** What is not wanted stays while there is room, so that going back asks nothing; what is not whole does not. */
  #forget(wanted) {
    const others = [...this.#cells.keys()].filter(key => !wanted.has(key));
    const halves = others.filter(key => this.#cells.get(key).state !== 'done');
    const old = others.slice(0, Math.max(0, others.length - KEPT));
    [...halves, ...old].forEach(key => this.#cells.delete(key));
  }

  #next() {
    return this.#wanted.find(request => !this.#cells.has(keyOf(request)));
  }

  #fill() {
    for (let request = this.#next(); request && this.#running.size < AT_ONCE; request = this.#next()) this.#run(request, keyOf(request));
    this.#tell(null);
  }

  async #run(request, key) {
    const cell = { state: 'growing', prompt: [], tokens: [] };
    const life = new AbortController();
    this.#cells.set(key, cell);
    this.#running.set(key, life);
    try {
      for await (const event of this.#generate(request, life.signal)) this.#take(cell, event, life);
      cell.state = 'done';
    } catch (error) {
      if (!life.signal.aborted) Object.assign(cell, { state: 'failed', error });
    }
    if (life.signal.aborted) return;
    this.#running.delete(key);
    this.#tell(cell);
    if (cell.state === 'done') this.#fill();
    else this.stop();
  }

  #take(cell, told, life) {
    if (life.signal.aborted) return;
    if (told.event === 'start') cell.prompt = told.ids;
    if (told.event === 'token') cell.tokens.push(told);
    if (told.event === 'end') cell.reason = told.reason;
    this.#tell(cell);
  }
}
