/* A sentence of the learner's, read by the model in this page: its journey, its numbers, and what knobs make of them. */
"use strict";
const TYPING = 400; /* milliseconds after which what was typed is in the address */
/* Go on with what was found: at once, unless it is still on its way. */
const after = (found, then, failed) => (found instanceof Promise ? found.then(then, failed) : then(found));

/* Questions that begin with a click: a sentence, and what is taken from the model. */
const TRIALS = [
  { sentence: "The house is red", words: (text) => say("no word of “{0}” could look at another?", text), off: "encoder" },
  { sentence: "The car is red", words: (text) => say("“{0}” had no positions?", text), switched: ["positional"] },
];

class Trying {
  /* The figure in `place`. `linked` ties it to the address of the page, `films` finds where the film shows an entry,
     `whole` is false where there is no room for all tensors, and the address names a model that is `called` something. */
  constructor(place, model, text, { linked = false, whole = true, films = () => [], called = "" } = {}) {
    Object.assign(this, { place, model, text, linked, films, called, runs: null, trail: [], ended: new AbortController() });
    this.choice = linked ? Choice.read(location.hash, text) : new Choice(text);
    const turn = (list, one) => this.turn(list, one);
    this.sentence = new SentenceBox(model, text, (typed) => this.typed(typed));
    this.knobs = new Knobs({ turn, setTemperature: (temperature) => this.setTemperature(temperature), restore: () => this.restore() });
    this.journey = new Journey({ turn, redraw: () => this.draw(), whole, done: () => { this.mark(); if (!this.reading) this.place.removeAttribute("aria-busy"); } });
    this.asking = new Asking({ go: (reference, trail) => this.ask(reference, trail), close: () => this.shut(),
      knobs: (entry) => this.knobs.of(entry), before: (entry) => this.runs.past(entry), film: (entry) => this.filmOf(entry), linked });
    this.told = make("div", { class: "told-box", "aria-hidden": "true" });
    document.body.append(this.told);
    /* The sentence and its translation, while the box for them is out of sight. */
    this.bar = make("div", { class: "answer-bar", "aria-hidden": "true" });
    if (linked || whole) new IntersectionObserver(([seen]) => this.bar.classList.toggle("on", !seen.isIntersecting && seen.boundingClientRect.top < 0)).observe(this.sentence.form);
    /* Of a model that goes on with the text: the words that may come next, each to go on with. */
    this.nexts = make("p", { class: "examples nexts", role: "group" });
    place.replaceChildren(make("div", { class: "try-top" }, make("h2", { class: "unseen", text: say("Try it") }), this.sentence.form, this.nexts, this.sentence.examples(), this.trials(), this.sentence.vocabulary(), this.knobs.box), this.bar,
      make("div", { class: "try-parts" }, this.journey.box, make("div", { class: "try-side" }, this.knobs.changes, this.asking.box)));
    this.read();
    this.listen();
  }

  /* Read a text at once while it is typed; one that cannot be read leaves the last result as it is. */
  typed(text) {
    const fault = this.faultOf(text);
    this.sentence.tell(fault, true);
    this.place.classList.toggle("stale", this.sentence.faulty);
    this.sentence.keep(this.sentence.faulty ? this.choice.text : "");
    if (fault) return;
    if (text.trim() !== this.choice.text) this.choice.cut = []; /* an edge is one between words of a sentence */
    this.choice.text = text.trim();
    this.run(true);
    clearTimeout(this.pause);
    this.pause = setTimeout(() => this.record(false), TYPING);
  }
  /* Read what was chosen; the sentence of the film takes the place of one that cannot be read. */
  read() {
    const fault = this.faultOf(this.choice.text);
    this.sentence.input.value = this.choice.text;
    this.sentence.tell(fault, false);
    this.place.classList.remove("stale");
    this.sentence.keep("");
    if (fault) this.choice.text = this.text;
    this.run();
  }
  faultOf(text) {
    try { this.model.read(text); } catch (error) {
      if (error instanceof live.SentenceError) return error;
      throw error;
    }
    return null;
  }
  /* Read and draw what was chosen; with `soon`, what is in view first. */
  run(soon = false) {
    const { choice } = this, began = this.reading = performance.now();
    this.place.setAttribute("aria-busy", "true");
    return after(this.compared(choice), (runs) => {
      if (!runs) return; /* a later text is read */
      this.reading = null;
      this.place.classList.remove("stale");
      if (this.model.compare) this.sentence.tell(null, false);
      this.runs = runs;
      this.draw(soon);
      this.place.dataset.took = (performance.now() - began).toFixed(1);
    }, (error) => this.refused(error));
  }
  compared(choice) {
    if (this.model.compare) return this.model.compare(choice, (run) => this.journey.needs(run));
    if (this.before?.text !== choice.text) this.before = this.model.run(choice.text); /* a knob leaves it as it is */
    const { before } = this;
    choice.cut = choice.cut.filter((one) => entryOf(before, one.replace("[", ".masked[")));
    return new Comparison(before, choice.changed ? this.model.run(choice.text, { edits: choice.edits, config: choice.config }) : before);
  }
  /* A text that the model could not read after all. */
  refused(error) {
    if (!(error instanceof live.SentenceError)) throw error;
    this.reading = null;
    this.place.removeAttribute("aria-busy");
    this.sentence.tell(error, false);
    this.place.classList.add("stale");
    if (this.runs) this.sentence.keep(this.runs.text);
  }

  /* Draw a run. The focus stays where it was. */
  draw(soon = false) {
    if (!this.runs) return; /* the model is still reading */
    const key = this.place.contains(document.activeElement) ? document.activeElement.dataset.key : "";
    this.drawAnswer();
    this.drawNext();
    this.knobs.draw(this.runs, this.choice);
    this.journey.draw(this.runs, this.choice, soon);
    after(this.drawAsked(false), () => { if (key) this.keyed(key)?.focus({ preventScroll: true }); });
  }
  keyed(key) { return this.place.querySelector(`[data-key="${CSS.escape(key)}"]`); }
  drawAnswer() {
    const { before, now, same } = this.runs, longest = Math.max(this.choice.text.length, now.output.length);
    this.place.dataset.long = longest > 44 ? "very" : longest > 26 ? "somewhat" : "";
    this.sentence.answer.replaceChildren(make("span", { class: "arrow", "aria-hidden": "true", text: "→" }), make("b", {}, ...this.answerWords()));
    const was = same ? "" : now.output === before.output ? this.moved() : say("before: {0}", before.output);
    if (!same) this.sentence.answer.append(make("span", { class: "by", text: say("with your changes") }), make("span", { class: "was", text: was }));
    this.bar.replaceChildren(make("span", { text: `${this.choice.text} →` }), make("b", { text: now.output }), make("span", { class: "was", text: was }));
  }
  drawNext() {
    const { now } = this.runs;
    if (this.model.has("encoder") || !now.prompt) return;
    const logits = now.get("logits"), shares = sharesAt(logits, now.prompt - 1, this.choice.temperature), last = now.targetTokens[now.prompt - 1];
    this.nexts.replaceChildren(make("span", { text: say("What may come next") }), ...largestOf(shares, MOST_NEXT).map((word, i) => {
      const token = logits.labels.vocab[word], text = spelled(token), bar = make("i", { class: "bar-of" });
      bar.style.width = `${100 * shares[word]}%`;
      return make("button", { type: "button", "data-key": `go-${i}`, ...(token.startsWith("[") ? { disabled: "" } : {}), on: { click: () => this.sentence.put(`${this.choice.text}${joins(token, last) ? "" : " "}${text}`) } },
        make("span", { text }), make("small", { text: figures.share(shares[word]) }), bar);
    }));
  }
  /* The same words may be less sure: that whose probability changed most. */
  moved() {
    const { before, now } = this.runs, words = now.written.map((text, i) => {
      const [was, is] = [before, now].map((run) => sharesAt(run.get("logits"), run.prompt - 1 + i, 1)[this.model.target.indexOf(text)]);
      return { text: spelled(text), was, is, by: Math.abs(is - was) };
    });
    const most = words.reduce((best, word) => (word.by > best.by ? word : best), { by: 0 });
    const [was, is] = most.text ? [most.was, most.is].map(figures.share) : [];
    return was === is ? say("the same as before") : say("the same as before; of “{0}” it was {1} sure, and is {2}", most.text, was, is);
  }
  /* The words of the translation, each to be asked, with a space between two that stand apart. */
  answerWords() {
    const { now, before } = this.runs;
    if (!now.prompt) return []; /* nothing is written */
    const words = now.targetTokens, { axes } = now.get("logits");
    return words.slice(now.prompt).flatMap((word, i) => {
      const at = now.prompt + i, text = spelled(word);
      return [joins(word, i ? words[at - 1] : undefined) ? "" : " ", make("button", { type: "button", class: word === before.targetTokens[at] ? "" : "differs-word", text, "data-key": `answer-${i}`,
        "data-ask": figures.refOf("probs", axes, [0, at - 1, this.model.target.indexOf(word)]), "data-told": say("“{0}”: why this word?", text) })];
    });
  }

  /* Changes of the model that show something of it, each with a sentence. */
  trials() {
    const all = this.model.compare ? [] : TRIALS.filter(({ sentence }) => !this.faultOf(sentence) && this.model.has("encoder"));
    return all.length === 0 ? null : make("p", { class: "examples" }, make("span", { text: say("What if") }), ...all.map(({ sentence, words, off, switched = [] }) => make("button", { type: "button", text: words(sentence), on: { click: () => {
      Object.assign(this.choice, new Choice(sentence), { off: off ? this.headsOf(off) : [], switched });
      this.trail = [];
      this.read();
      this.record(true);
    } } })));
  }
  headsOf(stack) {
    const blocks = this.runs.before.names.filter((name) => name.startsWith(`${stack}.`) && name.endsWith("self_attn.weights"));
    return blocks.flatMap((name) => Array.from({ length: this.runs.before.get(name).shape[1] }, (_, head) => `${name.replace(/\.weights$/, "")}:${head}`));
  }

  /* Knobs. */
  turn(list, one) {
    const { choice } = this;
    choice[list] = choice[list].includes(one) ? choice[list].filter((other) => other !== one) : [...choice[list], one];
    this.run(true);
    this.record(true);
  }
  setTemperature(temperature) {
    this.choice.temperature = temperature;
    if (!this.runs) return;
    this.drawNext();
    this.journey.drawSteps();
    this.drawAsked(false);
    this.record(false);
  }
  restore() {
    Object.assign(this.choice, { temperature: 1, off: [], cut: [], switched: [] });
    this.run();
    this.record(true);
    this.sentence.input.focus();
  }

  /* Asking: an input of what was asked before goes on with the trail. */
  ask(reference, trail) {
    const from = this.choice.asked;
    this.choice.asked = reference;
    this.trail = trail ?? (from && this.isInput(from, reference) ? [...this.trail, reference] : [reference]);
    this.record(true);
    if (!this.runs) return;
    if (this.journey.enlarge(reference)) this.journey.draw(this.runs, this.choice);
    this.drawAsked(true);
  }
  isInput(from, reference) {
    const entry = entryOf(this.runs.now, from);
    return Boolean(entry) && entry.terms.some((term) => term.some((cell) => figures.entryRef(cell) === reference));
  }
  drawAsked(focus) {
    const { asked: reference } = this.choice;
    if (reference && !this.trail.length) this.trail = [reference];
    return after(this.runs.ask?.(reference ? this.trail : []), () => { if (reference === this.choice.asked) this.showAsked(focus); }, (error) => this.refused(error));
  }
  showAsked(focus) {
    const reference = this.choice.asked, within = this.asking.box.contains(document.activeElement);
    this.mark();
    if (!reference) { this.asking.rest(startsOf(this.runs.now)); return; }
    this.asking.show(this.runs.now, reference, this.trail);
    if (focus || within) this.asking.focus();
    if (focus) this.asking.reveal();
  }
  /* Wherever the number stands that is asked. */
  mark() {
    for (const old of this.place.querySelectorAll(".is-asked")) old.classList.remove("is-asked");
    for (const one of this.journey.box.querySelectorAll(`[data-ask="${CSS.escape(this.choice.asked)}"]`)) one.classList.add("is-asked");
  }
  shut() {
    this.choice.asked = "";
    this.trail = [];
    this.record(true);
    this.drawAsked(false);
    (this.keyed(this.came ?? "") ?? this.sentence.input).focus({ preventScroll: true });
  }
  filmOf(entry) {
    if (!this.runs.same || this.choice.text !== this.text) return [];
    return this.films(entry).map(({ id, title, shown }) => make("p", { class: "in-film" }, make("a", { href: `#${id}`, text: say("The film shows it as {0}: {1}", shown, title) })));
  }

  /* The address: asking and knobs are steps of the history, typing is none. */
  record(step) {
    const address = this.choice.address(this.text, this.called);
    if (this.linked && address === location.hash && step) return;
    if (this.linked) history[step ? "pushState" : "replaceState"]({ trail: this.trail }, "", address);
    this.place.dispatchEvent(new Event("recorded"));
  }
  arrive(state) {
    const before = this.choice.asked;
    this.choice = Choice.read(location.hash, this.text);
    this.trail = state?.trail ?? [];
    this.read();
    if (this.choice.asked && this.choice.asked !== before) this.asking.focus();
  }
  listen() {
    const ask = (event) => {
      const one = event.target.closest("[data-ask]");
      if (!one) return;
      event.preventDefault();
      if (!this.asking.box.contains(one)) this.came = one.dataset.key;
      this.ask(one.dataset.ask);
    };
    this.place.addEventListener("click", ask);
    this.place.addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.target.matches("button, a")) ask(event); });
    for (const kind of ["pointermove", "focusin", "told"]) this.place.addEventListener(kind, (event) => this.tell(event.target.closest("[data-told]"), event));
    for (const kind of ["pointerleave", "focusout"]) this.place.addEventListener(kind, () => this.tell(null));
    const { signal } = this.ended;
    addEventListener("themed", () => this.draw(), { signal });
    addEventListener("beforeprint", () => this.journey.paintAll(), { signal });
    if (this.linked) addEventListener("popstate", (event) => { if (TRYING.test(location.hash)) this.arrive(event.state); }, { signal });
  }
  /* Leave the page to another figure; the place is theirs. */
  end() {
    clearTimeout(this.pause);
    this.ended.abort();
    this.told.remove();
  }
  /* Beside the pointer, or above what has the focus, stands what it is. */
  tell(one, event) {
    this.told.classList.toggle("on", Boolean(one));
    if (!one) return;
    this.told.textContent = one.dataset.told;
    const box = one.getBoundingClientRect(), x = event.clientX || box.left + box.width / 2;
    this.told.style.left = `${Math.min(Math.max(x, 90), innerWidth - 90)}px`;
    this.told.style.top = `${box.top - 8}px`;
  }
}

/* The attention weights from which such a question is taken: of the last layer of the encoder, or of the decoder. */
const looksOf = (names) => names.findLast((name) => /^encoder.*self_attn\.weights$/.test(name)) ?? names.findLast((name) => /self_attn\.weights$/.test(name));
const FIRST = /^embed_\w+\.sum$/;
/* Numbers to begin with: a word that is written, the strongest look at another word, and a number of a word. */
const startsOf = (trace) => {
  const { names, targetTokens, prompt } = trace, looks = trace.get(looksOf(names)), first = trace.get(names.find((name) => FIRST.test(name)));
  const position = targetTokens.findLastIndex((word, i) => i >= prompt && /^·?\p{L}/u.test(word)) - 1, word = targetTokens[position + 1];
  const logits = trace.get("logits"), [, , rows, columns] = looks.shape;
  const placeOf = (flat) => [0, Math.floor(flat / (rows * columns)), Math.floor(flat / columns) % rows, flat % columns];
  const away = looks.values.map((value, flat) => (placeOf(flat)[2] === placeOf(flat)[3] ? 0 : value)), place = placeOf(away.indexOf(Math.max(...away)));
  return [
    ...(position < 0 || !prompt ? [] : [[say("Why is the last word “{0}”?", spelled(word)), figures.refOf("probs", logits.axes, [0, position, logits.labels.vocab.indexOf(word)])]]),
    [say("Why does “{0}” look at “{1}”?", looks.labels.query[place[2]], looks.labels.key[place[3]]), figures.refOf(looks.name, looks.axes, place)],
    [say("What is a number of “{0}” made of?", first.labels.position[0]), figures.refOf(first.name, first.axes, [0, 0, 0])],
  ];
};
