/* Two runs of one sentence, without the knobs of a learner and with them: which numbers differ. */
"use strict";
class Comparison {
  /* `told` are the changes, where they are known already. */
  constructor(before, now, told = null) { Object.assign(this, { before, now, told }); }
  get text() { return this.now.text; }
  /* Fetch entries of both runs, where they lie elsewhere. */
  get ask() { return this.now.ask && ((references) => Promise.all([this.now, this.before].map((run) => run.ask(references)))); }
  get fetch() { return this.now.fetch && ((names) => Promise.all([...new Set([this.now, this.before])].map((run) => run.fetch(names)))); }
  get same() { return this.now === this.before; }
  get names() { return this.now.names.filter((name) => !figures.learned(name)); }
  /* The places of the target up to where the two translations part: so far the decoder has read the same words. */
  get shared() {
    if (!this.now.targetTokens.length) return Infinity; /* an encoder alone writes nothing */
    const parted = this.now.targetTokens.findIndex((word, i) => word !== this.before.targetTokens[i]);
    return parted < 0 ? this.now.targetTokens.length : parted;
  }
  get parted() { return Number.isFinite(this.shared) && this.shared < Math.max(this.now.targetTokens.length, this.before.targetTokens.length); }
  /* The number of places along each axis of a tensor that stand for the same words in both runs; null if there is none. */
  endsOf(name) {
    const [now, old] = [this.now.get(name), this.before.get(name)];
    if (this.same || !now || !old) return null;
    const late = /^(decoder|embed_tgt|logits|probs)/.test(name), source = name.includes("cross_attn") ? ["key"] : [];
    const ends = now.axes.map((axis, i) => {
      const written = late && ["position", "query", "key"].includes(axis) && !source.includes(axis);
      return Math.min(now.shape[i], old.shape[i], written ? this.shared : Infinity);
    });
    return ends.includes(0) ? null : ends;
  }
  /* A tensor in both runs, with these ends; null where the numbers of one are not there. */
  pair(name) {
    const ends = this.endsOf(name), [now, old] = [this.now.get(name), this.before.get(name)];
    return ends && now.values && old.values ? { now, old, ends } : null;
  }
  /* The number that stood at the place of an entry before; null where no such place was. */
  past(entry) {
    const ends = this.endsOf(entry.name);
    if (!ends || entry.index.some((i, axis) => i >= ends[axis])) return null;
    return this.before.entry(entry.name, entry.at)?.value ?? null;
  }
  /* The largest change of a tensor, with both numbers and its place; null where nothing changed. */
  change(name) {
    const pair = this.pair(name);
    if (!pair) return null;
    const { now, old, ends } = pair, whole = [now, old].every(({ shape }) => shape.every((size, axis) => size === ends[axis]));
    let by = SAME, at = -1;
    const compare = (i, k) => {
      const change = Object.is(now.values[i], old.values[k]) ? 0 : Math.abs(now.values[i] - old.values[k]);
      if (change > by) { by = change; at = i; }
    };
    if (whole) for (let i = 0; i < now.values.length; i += 1) compare(i, i);
    else for (const place of placesWithin(ends)) compare(flatOf(place, now.shape), flatOf(place, old.shape));
    if (at < 0) return null;
    const index = placeAt(at, now.shape);
    return { name, by, value: now.values[at], was: old.values[flatOf(index, old.shape)], index, reference: figures.refOf(name, now.axes, index) };
  }
  changes() { return this.told ?? this.names.map((name) => this.change(name)).filter(Boolean); }
}
/* Numbers that differ by less came out of sums in another order. */
const SAME = 1e-9;
/* A place along each axis as one in reading order, and back. */
const flatOf = (place, shape) => place.reduce((flat, i, axis) => flat * shape[axis] + i, 0);
const placeAt = (flat, shape) => shape.map((size, axis) => Math.floor(flat / shape.slice(axis + 1).reduce((all, one) => all * one, 1)) % size);
/* Every place of an array of these sizes, in reading order. */
const placesWithin = function* (sizes) {
  const place = sizes.map(() => 0);
  for (;;) {
    yield place;
    let axis = place.length - 1;
    while (axis >= 0 && (place[axis] += 1) >= sizes[axis]) { place[axis] = 0; axis -= 1; }
    if (axis < 0) return;
  }
};
