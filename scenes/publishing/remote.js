/* A model that `lecture serve` runs, asked over the network of this machine. It answers as `engine.js` does, but later:
   what a drawing needs is fetched first, and then read at once. */
"use strict";
const KINDS_OF = { float32: Float32Array, float64: Float64Array };
const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
const numbersOf = ({ type, bytes }) => new KINDS_OF[type](bytesOf(bytes));

class RemoteModel {
  constructor({ name, stacks, words, switches, token, examples }) {
    Object.assign(this, { name, stacks, token, examples, source: words.source, target: words.target, waiting: null, busy: null });
    this.switches = Object.keys(switches);
    this.switchEdits = switches;
  }
  has(stack) { return this.stacks.includes(stack); }
  /* Only the model itself can say what it cannot read: `compare` is refused then. */
  read(text) {
    if (!text.trim()) throw new live.SentenceError("empty", "there is no word to read");
    return text;
  }
  async call(what, given) {
    const asked = { method: "POST", headers: { "Content-Type": "application/json", "X-Lecture-Token": this.token }, body: JSON.stringify(given) };
    const gone = say("The model does not answer. Is lecture serve still running? Then reload this page.");
    const answer = await fetch(`/model/${what}`, asked).catch(() => { throw new live.SentenceError("refused", gone); });
    const told = await answer.json().catch(() => ({ error: gone })); /* a refusal may have no content */
    if (told.refused ?? told.error) throw new live.SentenceError("refused", told.refused ?? told.error);
    return told;
  }
  /* A text without the knobs of a choice and with them. While one text is read, of those that are typed only the last
     one waits; the others are never read. */
  async compare(choice, names) {
    const turn = this.waiting = {};
    while (this.busy) await this.busy.catch(() => null);
    if (turn !== this.waiting) return null;
    this.busy = this.readBoth(choice, names);
    try {
      const found = await this.busy;
      return turn === this.waiting ? found : null;
    } catch (error) {
      if (turn === this.waiting) throw error;
      return null;
    } finally { this.busy = null; }
  }
  /* The choice is taken as it was asked: while a text is read, another one is typed. */
  async readBoth(chosen, names) {
    const choice = Object.assign(new Choice(chosen.text), chosen);
    const before = await this.run(choice.text, []);
    choice.cut = chosen.cut = choice.cut.filter((one) => before.mayCut(one));
    choice.off = chosen.off = choice.off.filter((one) => before.has(`${one.split(":")[0]}.z`));
    const needed = names(before).concat(choice.cut.map((one) => `${asked(one).name}.weights`));
    const now = choice.changed ? await this.run(choice.text, this.edits(choice)) : before;
    await Promise.all([...new Set([before, now])].map((run) => run.fetch(needed)));
    const changes = now === before ? [] : await this.call("changes", { key: now.key, before: before.key });
    return new Comparison(before, now, changes.map((one) => {
      const [value, was] = numbersOf(one.numbers);
      return { ...one, value, was, by: Math.abs(value - was), reference: figures.refOf(one.name, one.axes, one.index) };
    }));
  }
  edits(choice) {
    const own = choice.edits.map((edit) => (edit.value === -Infinity ? { ...edit, value: "-inf" } : edit));
    return [...own, ...choice.switched.flatMap((name) => this.switchEdits[name] ?? [])];
  }
  async run(text, edits) { return new RemoteTrace(this, text, await this.call("run", { text, edits })); }
}

/* A run, as far as it was fetched. */
class RemoteTrace {
  constructor(model, text, { key, tokens, target, prompt, written, names }) {
    Object.assign(this, { model, text, key, tokens, prompt, names, targetTokens: target, tensors: new Map(), windows: new Map(), entries: new Map(), rows: new Map() });
    this.written = written.map((id) => model.target[id]);
    this.output = this.written.map((word, i, all) => `${joins(word, all[i - 1]) ? "" : " "}${spelled(word)}`).join("");
  }
  has(name) { return this.names.includes(name); }
  mayCut(one) {
    const { name, at } = asked(one), count = name.startsWith("encoder") ? this.tokens.length : this.targetTokens.length;
    return this.has(`${name}.masked`) && at.query < count && at.key < (name.includes("cross_attn") ? this.tokens.length : count);
  }
  tensorOf({ name, axes, shape, labels }) {
    const words = Object.entries(labels).map(([axis, own]) => [axis, typeof own === "string" ? this.model[own] : own]);
    return { name, axes, shape, labels: Object.fromEntries(words), kept: shape.map(() => null) };
  }
  async fetch(names, whole = true) {
    const place = whole ? this.tensors : this.windows, wanted = [...new Set(names)].filter((name) => this.has(name) && !place.get(name)?.values);
    if (!wanted.length) return;
    for (const told of await this.model.call("tensors", { key: this.key, names: wanted, whole })) {
      const values = numbersOf(told.values), tensor = this.tensorOf(told);
      if (whole && told.kept.every((one) => one === null)) { place.set(told.name, { ...tensor, values }); continue; }
      const labels = Object.fromEntries(tensor.axes.map((axis, i) => [axis, tensor.labels[axis]?.slice(0, told.kept[i]?.length)]));
      this.windows.set(told.name, { ...tensor, labels, kept: told.kept, values: [...values] });
    }
  }
  async window(name) { await this.fetch([name], false); return this.windows.get(name); }
  /* Entries with their terms, and all that their pictures show. */
  async ask(references) {
    const wanted = references.filter((one) => asked(one) && !this.entries.has(one));
    const found = wanted.length ? await this.model.call("ask", { key: this.key, references: wanted.map((one) => [asked(one).name, asked(one).at]) }) : [];
    found.forEach((told, i) => this.entries.set(told ? this.referenceOf(told.name, told.at, told.tensors) : wanted[i], told && this.keep(told)));
  }
  referenceOf(name, at, tensors) {
    const axes = tensors.find((one) => one.name === name).axes;
    return figures.refOf(name, axes, axes.map((axis) => at[axis]));
  }
  keep(told) {
    for (const one of told.tensors) if (!this.tensors.has(one.name)) this.tensors.set(one.name, this.tensorOf(one));
    for (const { name, place, values } of told.rows) this.rows.set(`${name}:${place}`, numbersOf(values));
    const [value, recomputed] = numbersOf(told.numbers);
    const terms = told.terms.flatMap(({ names, places, values }) => {
      const factors = names.map((name, k) => ({ name, places: new Int32Array(bytesOf(places[k])), values: numbersOf(values[k]) }));
      return Array.from(factors[0].values, (_, i) => factors.map((own) => {
        const wide = own.places.length / own.values.length;
        return this.cell(own.name, [...own.places.subarray(i * wide, (i + 1) * wide)], own.values[i]);
      }));
    });
    const { axes } = this.tensors.get(told.name);
    return Object.assign(this.cell(told.name, axes.map((axis) => told.at[axis]), value), { kind: told.kind, equation: told.equation, made: told.made, edited: told.edited, recomputed, terms });
  }
  cell(name, index, value) { return new RemoteEntry(this.tensors.get(name), index, value); }
  get(name) { return this.tensors.get(name); }
  entry(name, at) {
    const axes = this.tensors.get(name)?.axes ?? [];
    return this.entries.get(figures.refOf(name, axes, axes.map((axis) => at[axis] ?? 0))) ?? null;
  }
  row({ name, index }) { return this.rows.get(`${name}:${index.slice(0, -1)}`); }
}

/* A number of a run; its terms are there once it was asked. */
class RemoteEntry {
  constructor(tensor, index, value) { Object.assign(this, { tensor, index, value, name: tensor.name, terms: [], kind: null }); }
  get at() { return Object.fromEntries(this.tensor.axes.map((axis, i) => [axis, this.index[i]])); }
  get labels() { return Object.fromEntries(this.tensor.axes.map((axis, i) => [axis, this.tensor.labels[axis]?.[this.index[i]] ?? String(this.index[i])])); }
}
