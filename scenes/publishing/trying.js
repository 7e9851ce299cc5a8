/* A sentence of the learner's, read by the model in this page: its journey, its numbers, and knobs that change it. */
"use strict";
const MOST_NEXT = 5, MOST_CHANGES = 6, MOST_SUGGESTED = 12, TYPING = 400;
/* Sentences to begin with: a gender, a word with two senses, an “it”, a question, an order that makes no sense. */
const EXAMPLES = ["The house is red", "The bank is closed", "The bank is wide", "He eats the apple because it is red", "Is the car red?", "car red the is"];
const KNOBS = { attention_scale: say("Divide scores by √d"), positional: say("Positions"), causal_mask: say("Mask: no word sees later ones") };
const BLOCK = /^(encoder|decoder)\.(\d+)\.(self_attn|cross_attn)\.weights$/;
/* The addresses of this part of a page. */
const TRYING = /^#(try$|ask=|text=|temperature=|off=|cut=|without=)/;
const EDITED = /^(encoder|decoder)\.\d+\.(self_attn|cross_attn)$/;

/* What the learner chose, as an address has it. */
class Choice {
  constructor(text) { Object.assign(this, { text, temperature: 1, off: [], cut: [], switched: [], asked: "" }); }
  static read(hash, text) {
    const found = new Choice(text), facts = new URLSearchParams(hash.replace(/^#/, "").replaceAll("+", "%2B"));
    found.text = facts.get("text") ?? text;
    const warmth = Number(facts.get("temperature") ?? 1);
    if (warmth >= 0.1 && warmth <= 5) found.temperature = warmth;
    const list = (name) => (facts.get(name) ?? "").split(";").filter(Boolean);
    found.off = list("off").filter((one) => /^[\w.]+:\d+$/.test(one) && EDITED.test(one.split(":")[0]));
    found.cut = list("cut").filter((one) => EDITED.test(asked(one)?.name ?? "") && ["head", "query", "key"].every((axis) => axis in asked(one).at));
    found.switched = list("without").filter((one) => one in KNOBS);
    found.asked = facts.get("ask") ?? "";
    return found;
  }
  address(text) {
    const facts = { ask: this.asked, text: this.text === text ? "" : this.text, temperature: this.temperature === 1 ? "" : this.temperature,
      off: this.off.join(";"), cut: this.cut.join(";"), without: this.switched.join(";") };
    const parts = Object.entries(facts).filter(([, value]) => value !== "").map(([name, value]) => `${name}=${plainly(value)}`);
    return `#${parts.length ? parts.join("&") : "try"}`;
  }
  get edits() {
    const off = this.off.map((one) => one.split(":")).map(([block, head]) => ({ name: `${block}.z`, at: { head: Number(head) }, value: 0 }));
    const cut = this.cut.map(asked).map(({ name, at }) => ({ name: `${name}.masked`, at, value: -Infinity }));
    return [...off, ...cut];
  }
  get config() { return Object.fromEntries(this.switched.map((name) => [name, false])); }
  get changed() { return this.off.length + this.cut.length + this.switched.length > 0; }
}
/* An address that can be read: only what would end a part of it is written otherwise. */
const plainly = (value) => encodeURIComponent(value).replace(/%(5B|5D|3D|2C|3A|3B)/g, decodeURIComponent);

class Trying {
  /* The figure in `place`. `linked` ties it to the address of the page, `films` finds where the film shows an entry, and
     `whole` is false where there is no room for all tensors. */
  constructor(place, model, text, { linked = false, whole = true, films = () => [] } = {}) {
    Object.assign(this, { place, model, linked, whole, films });
    this.text = text;
    this.choice = linked ? Choice.read(location.hash, text) : new Choice(text);
    this.heads = new Map();
    this.trail = [];
    this.asking = new Asking({ go: (reference, trail) => this.ask(reference, trail), close: () => this.shut(),
      knobs: (entry) => this.edgeKnob(entry), before: (entry) => this.beforeOf(entry), film: (entry) => this.filmOf(entry), linked });
    this.told = make("div", { class: "told-box", "aria-hidden": "true" });
    this.build();
    this.read(this.choice.text);
    this.listen();
  }

  /* The frame, made once. */
  build() {
    const id = `sentence-${document.querySelectorAll(".sentence-box").length}`;
    this.input = make("input", { id, type: "text", class: "typed", autocomplete: "off", autocapitalize: "sentences", spellcheck: "false", list: `${id}-words`, "aria-describedby": `${id}-fault ${id}-hint` });
    this.words = make("datalist", { id: `${id}-words` });
    this.fault = make("p", { class: "fault", role: "alert", id: `${id}-fault` });
    this.hint = make("p", { class: "near", id: `${id}-hint` });
    this.answer = make("p", { class: "answer", "aria-live": "polite" });
    this.knobBox = make("div", { class: "knobs", role: "group", "aria-label": say("Change the model") });
    this.changes = make("div", { class: "changes" });
    this.journey = make("div", { class: "journey" });
    const form = make("form", { class: "sentence-box", on: { submit: (event) => event.preventDefault() } },
      make("label", { for: id, text: say("Type a sentence: the model reads it here") }), this.input, this.words, this.fault, this.hint, this.answer);
    this.place.replaceChildren(make("div", { class: "try-top" }, form, this.examples(), this.vocabulary(), this.knobBox), this.changes,
      make("div", { class: "try-parts" }, this.journey, this.asking.box));
    document.body.append(this.told);
    this.input.value = this.choice.text;
    this.input.addEventListener("input", () => this.typed());
  }
  put(text) {
    this.input.value = text;
    this.typed();
  }
  examples() {
    const known = [this.text, ...EXAMPLES].filter((text, i, all) => {
      try { return this.model.read(text) && all.indexOf(text) === i; } catch { return false; }
    });
    return make("p", { class: "examples" }, make("span", { text: say("For instance") }), ...known.map((text) => make("button", { type: "button", lang: "en", text, on: { click: () => this.put(text) } })));
  }
  vocabulary() {
    const words = this.model.source.filter((word) => /^\p{L}/u.test(word)).toSorted();
    const buttons = words.map((word) => make("button", { type: "button", text: word, on: { click: () => this.put(`${this.input.value.trimEnd()} ${word}`.trimStart()) } }));
    return make("details", { class: "vocabulary" }, make("summary", { text: say("The {0} words that it knows", words.length) }), make("div", { lang: "en" }, ...buttons));
  }
  typed() {
    this.suggest();
    this.read(this.input.value, true);
    clearTimeout(this.pause);
    this.pause = setTimeout(() => this.record(false), TYPING);
  }
  /* The sentence with each known word that the last one may become. */
  suggest() {
    const [, before, begun] = /^(.*?)(\S*)$/s.exec(this.input.value);
    const fits = begun ? this.model.source.filter((word) => word.startsWith(begun.toLowerCase()) && word !== begun.toLowerCase()) : [];
    const cased = (word) => (/^\p{Lu}/u.test(begun) ? word[0].toUpperCase() + word.slice(1) : word);
    this.words.replaceChildren(...fits.slice(0, MOST_SUGGESTED).map((word) => make("option", { value: before + cased(word) })));
  }

  /* Read a text; where it cannot be read, say why, and leave what there is. */
  read(text, typing = false) {
    const good = this.readable(text, typing) ? text.trim() : this.now?.text ?? this.text;
    if (typing && good !== text.trim()) return;
    if (this.now && good !== this.now.text) this.choice.cut = [];
    this.choice.text = good;
    this.run();
  }
  readable(text, typing) {
    try {
      this.model.read(text);
      this.fault.textContent = "";
      this.hint.replaceChildren();
      return true;
    } catch (error) {
      if (!(error instanceof live.SentenceError)) throw error;
      this.refuse(error, typing);
      return false;
    }
  }
  refuse(error, typing) {
    const { unknown = [], near = [] } = error;
    const begun = /(\S*)$/.exec(this.input.value)[1].toLowerCase();
    const halfway = typing && unknown.length === 1 && unknown[0] === begun && this.model.source.some((word) => word.startsWith(begun));
    const texts = { empty: () => say("There is no word to read yet."), long: () => say("That is too long: it reads {0} words at most.", error.longest),
      unknown: () => (unknown.length === 1 ? say("It does not know the word “{0}”.", unknown[0]) : say("It does not know the words {0}.", unknown.map((word) => `“${word}”`).join(", "))) };
    this.fault.textContent = halfway ? "" : texts[error.code]();
    const put = (word) => () => {
      const escaped = unknown[0].replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      this.input.value = this.input.value.replace(new RegExp(escaped, "i"), () => word);
      this.input.focus();
      this.typed();
    };
    const buttons = near.map((word) => make("button", { type: "button", class: "plain", text: word, on: { click: put(word) } }));
    this.hint.replaceChildren(...(buttons.length && !halfway ? [make("span", { text: say("Near it:") }), ...buttons] : []));
    this.place.classList.toggle("stale", !halfway && Boolean(this.now));
  }
  run() {
    const { choice } = this, began = performance.now();
    this.before = this.model.run(choice.text);
    choice.cut = choice.cut.filter((one) => entryOf(this.before, one.replace("[", ".masked[")));
    this.now = choice.changed ? this.model.run(choice.text, { edits: choice.edits, config: choice.config }) : this.before;
    if (this.fault.textContent === "") this.place.classList.remove("stale");
    this.draw();
    this.place.dataset.took = (performance.now() - began).toFixed(1);
  }

  /* What is drawn of a run. The focus stays where it was. */
  draw() {
    const key = this.place.contains(document.activeElement) ? document.activeElement.dataset?.key : null;
    this.enlarge();
    this.drawAnswer();
    this.drawKnobs();
    this.drawChanges();
    this.drawJourney();
    this.drawAsked(false);
    if (key) this.place.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
  }
  drawAnswer() {
    const { changed } = this.choice, longest = Math.max(this.choice.text.length, this.now.output.length);
    this.place.dataset.long = longest > 44 ? "very" : longest > 26 ? "somewhat" : "";
    const { targetTokens: words } = this.now, old = this.before.targetTokens, probs = this.now.get("probs");
    const marked = words.slice(1).flatMap((word, i) => {
      const told = say("“{0}”: why this word?", word), near = i === 0 || /^[?.,]$/.test(word) || words[i] === "¿";
      return [near ? "" : " ", make("button", { type: "button", class: changed && word !== old[i + 1] ? "differs-word" : "", text: word, "data-key": `answer-${i}`,
        "data-ask": figures.refOf("probs", probs.axes, [0, i, this.model.target.indexOf(word)]), "data-told": told })];
    });
    const same = this.now.output === this.before.output;
    this.answer.replaceChildren(make("span", { class: "arrow", "aria-hidden": "true", text: "→" }), make("b", {}, ...marked));
    if (changed) {
      this.answer.append(make("span", { class: "by", text: say("with your changes") }),
        make("span", { class: "was", text: same ? say("the same as before") : say("before: {0}", this.before.output) }));
    }
  }
  drawKnobs() {
    const { choice } = this;
    const warm = make("input", { type: "range", min: 0.1, max: 3, step: 0.1, value: choice.temperature, "data-key": "temperature", on: { input: (event) => {
      choice.temperature = Number(event.target.value);
      event.target.closest("label").classList.toggle("yours", choice.temperature !== 1);
      event.target.nextElementSibling.textContent = choice.temperature.toFixed(1);
      this.drawSteps();
      this.drawAsked(false);
      this.drawReset();
      this.record(false);
    } } });
    const knob = ([name, text]) => {
      const box = make("input", { type: "checkbox", role: "switch", "data-key": name, on: { change: () => this.turn("switched", name) } });
      box.checked = !choice.switched.includes(name);
      return make("label", { class: choice.switched.includes(name) ? "yours" : "" }, box, make("span", { text }));
    };
    const known = Object.entries(KNOBS).filter(([name]) => name !== "causal_mask" || this.now.names.some((one) => one.startsWith("decoder.")));
    this.reset = make("button", { type: "button", class: "plain reset", "data-key": "reset", text: say("Reset all"), on: { click: () => this.restore() } });
    this.knobBox.replaceChildren(make("label", { class: `warm${choice.temperature === 1 ? "" : " yours"}` }, make("span", { text: say("Temperature") }), warm, make("output", { text: choice.temperature.toFixed(1) })),
      ...known.map(knob), ...choice.off.map((one) => this.chip("off", one, this.headName(one))), ...choice.cut.map((one) => this.chip("cut", one, this.edgeName(one))), this.reset);
    this.drawReset();
  }
  drawReset() { this.reset.hidden = !this.choice.changed && this.choice.temperature === 1; }
  chip(list, one, text) {
    return make("button", { type: "button", class: "chip yours", "data-key": `${list}-${one}`, text: `${text} ×`, "aria-label": say("{0}: take this change back", text), on: { click: () => this.turn(list, one) } });
  }
  headName(one) { const [block, head] = one.split(":"); return say("{0}, head {1} off", this.blockName(block), figures.letter(Number(head))); }
  edgeName(one) {
    const { name, at } = asked(one), weights = this.before.get(`${name}.weights`);
    return say("{0}, head {1}: {2} cut", this.blockName(name), figures.letter(at.head), `${weights.labels.query[at.query]} → ${weights.labels.key[at.key]}`);
  }
  blockName(block) {
    const [part, layer, kind] = block.split(".");
    const stack = part === "encoder" ? say("Encoder, layer {0}", Number(layer) + 1) : say("Decoder, layer {0}", Number(layer) + 1);
    return kind === "cross_attn" ? `${stack}, ${say("cross-attention")}` : stack;
  }
  turn(list, one) {
    const { choice } = this;
    choice[list] = choice[list].includes(one) ? choice[list].filter((other) => other !== one) : [...choice[list], one];
    this.run();
    this.record(true);
  }
  restore() {
    Object.assign(this.choice, { temperature: 1, off: [], cut: [], switched: [] });
    this.run();
    this.record(true);
    this.input.focus();
  }

  /* Tensors that the knobs changed, the largest change first. Rows of the decoder are compared up to where its words part. */
  get shared() {
    const parted = this.now.targetTokens.findIndex((word, i) => word !== this.before.targetTokens[i]);
    return parted < 0 ? this.now.targetTokens.length : parted;
  }
  compared(name) {
    const [now, old] = [this.now.get(name), this.before.get(name)];
    if (!now || !old || now.axes.join() !== old.axes.join()) return null;
    const late = /^(decoder|embed_tgt|logits|probs)/.test(name);
    const ends = now.axes.map((axis, i) => (late && ["position", "query", "key"].includes(axis) && !(axis === "key" && name.includes("cross_attn")) ? Math.min(this.shared, now.shape[i], old.shape[i]) : Math.min(now.shape[i], old.shape[i])));
    return { now, old, ends };
  }
  beforeOf(entry) {
    if (this.now === this.before) return null;
    const pair = this.compared(entry.name);
    if (!pair || entry.index.some((i, axis) => i >= pair.ends[axis])) return null;
    return this.before.explain(entry.name, entry.at).value;
  }
  changesOf(name) {
    const pair = this.compared(name);
    if (!pair) return null;
    const { now, old, ends } = pair, place = ends.map(() => 0);
    let most = { by: 0 };
    if (ends.some((end) => end === 0)) return null;
    for (;;) {
      const flat = (shape) => place.reduce((all, i, axis) => all * shape[axis] + i, 0);
      const [value, was] = [now.values[flat(now.shape)], old.values[flat(old.shape)]];
      const by = Object.is(value, was) ? 0 : Math.abs(value - was);
      if (by > most.by) most = { by, value, was, index: [...place] };
      let axis = place.length - 1;
      while (axis >= 0 && (place[axis] += 1) >= ends[axis]) { place[axis] = 0; axis -= 1; }
      if (axis < 0) break;
    }
    return most.by > 1e-9 ? { name, ...most, reference: figures.refOf(name, now.axes, most.index) } : null;
  }
  drawChanges() {
    if (this.now === this.before) { this.changes.replaceChildren(); return; }
    const found = this.now.names.filter((name) => !figures.learned(name)).map((name) => this.changesOf(name)).filter(Boolean);
    const order = found.toSorted((a, b) => b.by - a.by), box = make("ol", {});
    const line = ({ name, value, was, reference }) => make("li", {}, make("button", { type: "button", "data-ask": reference, "data-key": `change-${name}` },
      make("span", { class: "where", lang: "en", text: name }), make("s", { text: figures.shortly(was) }), make("span", { "aria-hidden": "true", text: "→" }), make("b", { text: figures.shortly(value) })));
    const parted = this.shared < Math.max(this.now.targetTokens.length, this.before.targetTokens.length);
    const notes = [say("{0} of {1} tensors have other numbers.", found.length, this.now.names.filter((name) => !figures.learned(name)).length)];
    if (parted) notes.push(say("The translations part at word {0}: up to there the decoder is compared.", this.shared));
    notes.push(say("Of each, the number that changed most:"));
    const fill = (all) => {
      box.replaceChildren(...(all ? order : found.slice(0, MOST_CHANGES)).map(line));
      more.textContent = all ? say("Only the first") : say("All {0}, the largest change first", found.length);
      more.onclick = () => fill(!all);
    };
    const more = make("button", { type: "button", class: "plain", "data-key": "all-changes" });
    fill(false);
    this.changes.replaceChildren(make("div", { class: "effects", role: "region", "aria-label": say("What your changes did") }, make("h3", {}, make("span", { class: "by", text: say("made by you") }), say("What your changes did")),
      make("p", { text: notes.join(" ") }), box, ...(found.length > MOST_CHANGES ? [more] : [])));
  }

  /* The journey: from words to words, in the order in which the model computes. */
  drawJourney() {
    const blocks = this.now.names.map((name) => BLOCK.exec(name)).filter(Boolean);
    const layers = Map.groupBy(blocks, ([, part, layer]) => `${part}.${layer}`);
    const parts = [this.station(say("Words become numbers"), say("Each word is a row of a table, and where it stands is added as a wave."), ...this.tokens("embed_src"))];
    for (const [layer, found] of layers) {
      const [part] = layer.split(".");
      if (layer === "decoder.0") {
        parts.push(this.station(say("The words that are written"), say("The decoder reads what it has written so far."), ...this.tokens("embed_tgt")));
      }
      parts.push(this.station(this.blockName(layer), part === "encoder" ? say("Each word (a row) looks at all words (columns), by every head in its own way.") : say("Each written word looks back at those before it, and across at the sentence."),
        ...found.map(([name]) => this.attention(name.replace(/\.weights$/, ""))), make("h4", { text: say("feed-forward") }),
        this.rows(`${layer}.ffn.post`, say("hidden units, after the activation")), this.rows(`${layer}.resid_post`, say("after this layer"))));
    }
    this.steps = make("div", { class: "next-words" });
    parts.push(this.station(say("The next word, step by step"), say("At each step the likeliest word is written, and read at the next."), this.steps));
    if (this.whole) parts.push(this.inspect());
    this.journey.replaceChildren(...parts);
    this.drawSteps();
  }
  station(title, words, ...content) { return make("div", { class: "station", role: "group", "aria-label": title }, make("h3", { text: title }), make("p", { class: "lead", text: words }), ...content); }
  tokens(part) {
    const ids = this.now.get(`${part}.ids`);
    const chips = make("div", { class: "tokens-row" }, ...[...ids.values].map((id, i) => make("button", { type: "button", class: "token-chip", "data-key": `${part}-${i}`, "data-ask": figures.refOf(ids.name, ids.axes, [0, i]),
      "data-told": say("{0}: number {1} in the vocabulary", ids.labels.position[i], id), "aria-label": say("{0}: number {1} in the vocabulary", ids.labels.position[i], id) },
    make("span", { text: ids.labels.position[i] }), make("small", { text: id }))));
    return [chips, this.rows(`${part}.sum`, say("its numbers: table row and position, added"))];
  }
  /* A row of numbers for each word. */
  rows(name, words) {
    const tensor = this.now.get(name), [, count, wide] = tensor.shape, pair = this.now === this.before ? null : this.compared(name);
    const scale = figures.usual(tensor.values);
    const lines = Array.from({ length: count }, (_, row) => {
      const values = tensor.values.subarray(row * wide, (row + 1) * wide), label = tensor.labels.position[row];
      const differs = pair && row < pair.ends[1] ? [...values].map((v, i) => (Math.abs(v - pair.old.values[row * wide + i]) > 1e-9 ? i : -1)).filter((i) => i >= 0) : [];
      const band = figures.strip({ values, scale, label: `${name}, ${label}`, refs: (i) => figures.refOf(name, tensor.axes, [0, row, i]), names: (i) => `${label}, ${figures.COUNTED[tensor.axes[2]]} ${i}` });
      band.dataset.key = `${name}-${row}`;
      if (differs.length) band.classList.add("changed");
      return make("div", { class: "figure-row" }, make("div", { class: "row-name" }, make("span", { class: "word", text: label })), make("div", { class: "row-body" }, band));
    });
    return make("div", { class: "rows", role: "group", "aria-label": name }, make("p", { class: "axis-note" }, make("span", { class: `name-of role-${figures.roleOf(name)}`, lang: "en", text: name }), make("span", { text: ` ${words}` })), ...lines);
  }

  /* Attention: every head small, one of them large. */
  attention(block) {
    const tensor = this.now.get(`${block}.weights`), heads = tensor.shape[1], chosen = Math.min(this.heads.get(block) ?? 0, heads - 1);
    const kind = block.endsWith("cross_attn") ? say("cross-attention") : say("self-attention");
    const list = make("div", { class: "heads", role: "group", "aria-label": `${this.blockName(block)}: ${kind}` });
    for (let head = 0; head < heads; head += 1) list.append(this.thumbnail(block, tensor, head, head === chosen));
    return make("div", { class: "attention" }, make("h4", { text: kind }), make("div", { class: "attention-parts" }, list, this.grid(block, tensor, chosen)));
  }
  thumbnail(block, tensor, head, chosen) {
    const [, , rows, columns] = tensor.shape, canvas = make("canvas", { width: columns, height: rows, "aria-hidden": "true" });
    const pen = canvas.getContext("2d"), picture = pen.createImageData(columns, rows);
    for (let i = 0; i < rows * columns; i += 1) picture.data.set([...figures.tint(tensor.values[head * rows * columns + i], 1, 1), 255], 4 * i);
    pen.putImageData(picture, 0, 0);
    const off = this.choice.off.includes(`${block}:${head}`), name = say("head {0}", figures.letter(head));
    const pick = make("button", { type: "button", class: "thumb", "aria-pressed": String(chosen), "aria-label": say("{0}: show it large", name), "data-key": `${block}-${head}`, on: { click: () => {
      this.heads.set(block, head);
      this.draw();
    } } }, canvas, make("span", { text: figures.letter(head) }));
    const knob = make("button", { type: "button", class: "off", "aria-pressed": String(off), "data-key": `${block}-${head}-off`, text: off ? say("is off") : say("turn off"),
      "aria-label": say("{0}, {1}: turn off", this.blockName(block), name), on: { click: () => this.turn("off", `${block}:${head}`) } });
    return make("div", { class: `head${off ? " yours" : ""}` }, pick, knob);
  }
  grid(block, tensor, head) {
    const [, , rows, columns] = tensor.shape, pair = this.now === this.before ? null : this.compared(tensor.name);
    const top = make("tr", {}, make("td", { class: "corner" }), ...tensor.labels.key.slice(0, columns).map((word) => make("th", { scope: "col" }, make("span", { text: word }))));
    const body = make("tbody");
    for (let row = 0; row < rows; row += 1) {
      const line = make("tr", {}, make("th", { scope: "row", text: tensor.labels.query[row] }));
      for (let column = 0; column < columns; column += 1) line.append(this.cell(tensor, head, row, column, pair));
      body.append(line);
    }
    const table = make("table", { class: columns > 8 ? "tight" : "", role: "grid", "aria-label": say("{0}, head {1}: weights", this.blockName(block), figures.letter(head)) }, make("thead", {}, top), body);
    table.addEventListener("keydown", walk);
    const largest = body.querySelector("td");
    largest.tabIndex = 0;
    return make("div", { class: "grid" }, table);
  }
  cell(tensor, head, row, column, pair) {
    const [, , rows, columns] = tensor.shape, value = tensor.values[(head * rows + row) * columns + column], rgb = figures.tint(value, 1, 1);
    const within = pair && row < pair.ends[2] && column < pair.ends[3];
    const was = within ? pair.old.values[(head * pair.old.shape[2] + row) * pair.old.shape[3] + column] : value;
    const told = `${tensor.labels.query[row]} → ${tensor.labels.key[column]}: ${figures.shortly(value)}`;
    const differs = Math.abs(was - value) > 1e-9;
    const past = differs ? `, ${say("before {0}", figures.shortly(was))}` : "";
    const cell = make("td", { tabindex: "-1", class: differs ? "changed" : "", "data-row": row, "data-column": column, "data-ask": figures.refOf(tensor.name, tensor.axes, [0, head, row, column]),
      "data-key": `${tensor.name}-${head}-${row}-${column}`, "data-told": told + past, "aria-label": told + past });
    cell.style.background = `rgb(${rgb})`;
    cell.style.color = inkOn(rgb);
    if (columns <= 10) cell.append(make("span", { text: value === 0 ? "0" : value < 0.01 ? "<.01" : value > 0.995 && value < 1 ? ">.99" : value === 1 ? "1" : value.toFixed(2).slice(1) }));
    return cell;
  }

  /* At each step the words that could come next. */
  drawSteps() {
    const logits = this.now.get("logits"), old = this.before.get("logits"), [, count, wide] = logits.shape;
    const yours = this.choice.temperature !== 1;
    const shares = (tensor, row, warmth) => {
      const own = tensor.values.subarray(row * wide, (row + 1) * wide), top = Math.max(...own);
      const powers = Array.from(own, (x) => Math.exp((x - top) / warmth)), sum = powers.reduce((a, b) => a + b, 0);
      return powers.map((power) => power / sum);
    };
    const cards = Array.from({ length: count }, (_, row) => {
      const now = shares(logits, row, this.choice.temperature);
      const comparable = row < this.shared && (this.now !== this.before || yours);
      const was = comparable ? shares(old, row, 1) : null;
      const order = now.map((_share, i) => i).sort((a, b) => now[b] - now[a]).slice(0, MOST_NEXT);
      const after = this.now.targetTokens[row], [first] = order;
      const line = (word) => this.nextWord(logits, row, word, now[word], was?.[word], word === first);
      return make("div", { class: "next" }, make("p", { class: "after" }, make("small", { text: say("after") }), make("span", { text: after })),
        make("p", { class: "chosen", text: logits.labels.vocab[first] }), make("ol", {}, ...order.map(line)));
    });
    this.steps.classList.toggle("yours", yours);
    const note = make("p", { class: "by", text: say("at your temperature {0}", this.choice.temperature.toFixed(1)) });
    this.steps.replaceChildren(...(yours ? [note] : []), ...cards);
  }
  nextWord(logits, row, word, share, was, first) {
    const text = logits.labels.vocab[word], bar = make("i", { class: "bar-of" }), past = make("i", { class: "bar-was" });
    bar.style.width = `${100 * share}%`;
    const differs = was !== undefined && Math.abs(was - share) > 0.0005;
    if (differs) past.style.left = `${100 * was}%`;
    const told = `${text}: ${figures.share(share)}${differs ? `, ${say("before {0}", figures.share(was))}` : ""}`;
    return make("li", {}, make("button", { type: "button", class: first ? "first" : "", "data-ask": figures.refOf("probs", logits.axes, [0, row, word]), "data-key": `next-${row}-${word}`, "data-told": told, "aria-label": told },
      make("span", { class: "word", text }), make("span", { class: "bar-room" }, bar, ...(differs ? [past] : [])), make("span", { class: "number", text: figures.share(share) })));
  }

  /* Any tensor of this run. */
  inspect() {
    const names = this.now.names, box = make("div", {});
    const choose = make("select", { "data-key": "tensor", "aria-label": say("A tensor of this sentence"), on: { change: () => { this.opened = choose.value; fill(); } } }, make("option", { value: "", text: say("choose a tensor") }),
      ...names.map((name) => make("option", { value: name, text: name })));
    choose.value = names.includes(this.opened) ? this.opened : "";
    const fill = () => {
      this.inspector?.close();
      this.inspector = choose.value ? new Inspector(windowed(this.now.get(choose.value)), [], true) : null;
      box.replaceChildren(...(this.inspector ? [this.inspector.box] : []));
    };
    fill();
    return this.station(say("All tensors"), say("Every number of this run, to look into and to ask."), choose, box);
  }

  /* Show the head large that is spoken of; false if it was. */
  enlarge() {
    const wanted = asked(this.choice.asked), found = /^(.*_attn)\./.exec(wanted?.name ?? "");
    if (!found || wanted.at.head === undefined || this.heads.get(found[1]) === wanted.at.head) return false;
    this.heads.set(found[1], wanted.at.head);
    return true;
  }
  /* Asking. */
  ask(reference, trail) {
    const { asked: from } = this.choice;
    this.choice.asked = reference;
    if (trail) this.trail = trail;
    else if (from && this.isInput(from, reference)) this.trail = [...this.trail, reference];
    else this.trail = [reference];
    this.record(true);
    if (this.enlarge()) this.drawJourney();
    this.drawAsked(true);
  }
  /* Numbers to begin with: a word that is written, the strongest look at another word, and a number of a word. */
  starts() {
    const { names, targetTokens } = this.now, found = [], looks = names.findLast((name) => /^encoder.*self_attn\.weights$/.test(name));
    const position = targetTokens.findLastIndex((word, i) => i > 0 && /^\p{L}/u.test(word)) - 1;
    if (position >= 0) {
      const word = targetTokens[position + 1], probs = this.now.get("probs");
      found.push([say("Why is the last word “{0}”?", word), figures.refOf("probs", probs.axes, [0, position, probs.labels.vocab.indexOf(word)])]);
    }
    if (looks) {
      const { axes, shape: [, , rows, columns], values, labels } = this.now.get(looks);
      const away = Array.from(values, (value, i) => ((Math.floor(i / columns) % rows) === i % columns ? 0 : value)), at = away.indexOf(Math.max(...away));
      const [head, row, column] = [Math.floor(at / (rows * columns)), Math.floor(at / columns) % rows, at % columns];
      found.push([say("Why does “{0}” look at “{1}”?", labels.query[row], labels.key[column]), figures.refOf(looks, axes, [0, head, row, column])]);
    }
    const first = this.now.get("embed_src.sum");
    if (first) found.push([say("What is a number of “{0}” made of?", first.labels.position[0]), figures.refOf("embed_src.sum", first.axes, [0, 0, 0])]);
    return found;
  }
  isInput(from, reference) {
    const entry = entryOf(this.now, from);
    return Boolean(entry) && entry.terms.some((term) => term.some((cell) => figures.entryRef(cell) === reference));
  }
  drawAsked(focus) {
    for (const old of this.place.querySelectorAll(".is-asked")) old.classList.remove("is-asked");
    if (!this.choice.asked) { this.asking.rest(this.starts()); return; }
    if (!this.trail.length) this.trail = [this.choice.asked];
    const within = this.asking.box.contains(document.activeElement);
    this.asking.show(this.now, this.choice.asked, this.trail);
    for (const one of this.journey.querySelectorAll(`[data-ask="${CSS.escape(this.choice.asked)}"]`)) one.classList.add("is-asked");
    if (focus || within) this.asking.focus();
    if (focus) this.asking.box.scrollTop = 0;
  }
  shut() {
    const back = this.came;
    this.choice.asked = "";
    this.trail = [];
    this.record(true);
    this.drawAsked(false);
    (this.place.querySelector(`[data-key="${CSS.escape(back ?? "")}"]`) ?? this.input).focus({ preventScroll: true });
  }
  edgeKnob(entry) {
    const found = /^(.*)\.(weights|masked|scaled|scores)$/.exec(entry.name);
    const notes = [];
    if (entry.name === "probs" && this.choice.temperature !== 1) notes.push(make("p", { class: "yours", text: say("At your temperature {0} this is {1}.", this.choice.temperature.toFixed(1), figures.share(this.warm(entry))) }));
    if (!found || !EDITED.test(found[1])) return notes;
    const one = figures.refOf(found[1], entry.labels ? Object.keys(entry.labels) : [], entry.index), cut = this.choice.cut.includes(one);
    return [...notes, make("div", { class: "edge" }, make("button", { type: "button", class: `plain${cut ? " yours" : ""}`, "aria-pressed": String(cut), "data-key": "edge", text: cut ? say("Join this edge again") : say("Cut this edge"), on: { click: () => this.turn("cut", one) } }),
      make("small", { text: say("A cut edge has the masked score −∞, as if a mask hid it: the other words share the whole.") }))];
  }
  warm(entry) {
    const logits = this.now.get("logits"), wide = logits.shape[2], own = logits.values.subarray(entry.at.position * wide, (entry.at.position + 1) * wide), top = Math.max(...own);
    const power = (x) => Math.exp((x - top) / this.choice.temperature);
    return power(own[entry.at.vocab]) / own.reduce((all, x) => all + power(x), 0);
  }
  filmOf(entry) {
    if (this.now !== this.before || this.choice.text !== this.text) return [];
    return this.films(entry).map(({ id, title, shown }) => make("p", { class: "in-film" }, make("a", { href: `#${id}`, text: say("The film shows it as {0}: {1}", shown, title) })));
  }

  /* The address: asking and knobs are steps of the history, typing is none. */
  record(step) {
    const address = this.choice.address(this.text);
    if (this.linked && address === location.hash && step) return;
    if (this.linked) history[step ? "pushState" : "replaceState"]({ trail: this.trail }, "", address);
    this.place.dispatchEvent(new Event("recorded"));
  }
  arrive(state) {
    const { asked: before } = this.choice;
    this.choice = Choice.read(location.hash, this.text);
    this.trail = state?.trail ?? (this.choice.asked ? [this.choice.asked] : []);
    this.input.value = this.choice.text;
    this.now = null;
    this.read(this.choice.text);
    if (this.choice.asked && this.choice.asked !== before) this.asking.focus();
  }
  listen() {
    this.place.addEventListener("click", (event) => {
      const one = event.target.closest("[data-ask]");
      if (!one) return;
      event.preventDefault();
      this.remember(one);
      this.ask(one.dataset.ask);
    });
    this.place.addEventListener("keydown", (event) => {
      const one = event.target.closest("[data-ask]");
      if (event.key !== "Enter" || !one || one.matches("button, a")) return;
      event.preventDefault();
      this.remember(one);
      this.ask(one.dataset.ask);
    });
    const tell = (event) => this.tell(event.target.closest?.("[data-told]"), event);
    for (const kind of ["pointermove", "focusin", "told"]) this.place.addEventListener(kind, tell);
    for (const kind of ["pointerleave", "focusout"]) this.place.addEventListener(kind, () => this.tell(null));
    addEventListener("themed", () => this.draw());
    if (this.linked) addEventListener("popstate", (event) => { if (TRYING.test(location.hash)) this.arrive(event.state); });
  }
  remember(one) { if (!this.asking.box.contains(one)) this.came = one.dataset.key; }
  tell(one, event) {
    this.told.classList.toggle("on", Boolean(one));
    if (!one) return;
    this.told.textContent = one.dataset.told;
    const box = one.getBoundingClientRect(), x = event.clientX || box.left + box.width / 2;
    this.told.style.left = `${Math.min(Math.max(x, 90), innerWidth - 90)}px`;
    this.told.style.top = `${box.top - 8}px`;
  }
}

/* Arrows walk through a table. */
const walk = (event) => {
  const cell = event.target.closest("td[data-row]"), by = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
  if (!cell || !by) return;
  event.preventDefault();
  const [row, column] = [Number(cell.dataset.row) + by[0], Number(cell.dataset.column) + by[1]];
  const next = event.currentTarget.querySelector(`td[data-row="${row}"][data-column="${column}"]`);
  if (!next) return;
  cell.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
};
/* A tensor as the inspector reads it: of a large one the first places along each axis. */
const windowed = (tensor) => {
  const kept = tensor.shape.map((size) => (size > 64 && tensor.shape.reduce((a, b) => a * b, 1) > 8192 ? Array.from({ length: 32 }, (_, i) => i) : null));
  if (kept.every((one) => one === null)) return { ...tensor, kept, values: [...tensor.values] };
  const places = kept.map((own, axis) => own ?? Array.from({ length: tensor.shape[axis] }, (_, i) => i));
  const strides = tensor.shape.map((_, axis) => tensor.shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const flats = places.reduce((found, own, axis) => found.flatMap((flat) => own.map((i) => flat + i * strides[axis])), [0]);
  const labels = Object.fromEntries(tensor.axes.map((axis, i) => [axis, tensor.labels[axis] && places[i].map((at) => tensor.labels[axis][at])]));
  return { name: tensor.name, axes: tensor.axes, shape: tensor.shape, labels, kept, values: flats.map((flat) => tensor.values[flat]) };
};
