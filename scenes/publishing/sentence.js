/* The box for a sentence: what is typed, words that are known, and what is wrong with others. */
"use strict";
const MOST_SUGGESTED = 12;
/* Sentences to begin with: a gender, a word with two senses, an “it”, a question, an order that makes no sense. */
const EXAMPLES = ["The house is red", "The bank is closed", "The bank is wide", "He eats the apple because it is red", "Is the car red?", "car red the is"];

class SentenceBox {
  /* `read` takes a text that is typed. */
  constructor(model, text, read) {
    Object.assign(this, { model, text, read });
    const id = `sentence-${document.querySelectorAll(".sentence-box").length}`;
    this.input = make("input", { id, type: "text", class: "typed", autocomplete: "off", autocapitalize: "sentences", spellcheck: "false", list: `${id}-words`,
      "aria-describedby": `${id}-fault ${id}-hint`, on: { input: () => this.typed() } });
    this.words = make("datalist", { id: `${id}-words` });
    this.fault = make("p", { class: "fault", role: "alert", id: `${id}-fault` });
    this.hint = make("p", { class: "near", id: `${id}-hint` });
    this.answer = make("p", { class: "answer", "aria-live": "polite" });
    this.still = make("p", { class: "still" });
    this.form = make("form", { class: "sentence-box", on: { submit: (event) => event.preventDefault() } },
      make("label", { for: id, text: say("Type a sentence: the model reads it here") }), this.input, this.words, this.fault, this.hint, this.answer, this.still);
  }
  typed() {
    this.suggest();
    this.read(this.input.value);
  }
  put(text) {
    this.input.value = text;
    this.typed();
  }
  examples() {
    const known = [this.text, ...(this.model.examples ?? EXAMPLES)].filter((text, i, all) => {
      try { return this.model.read(text) && all.indexOf(text) === i; } catch { return false; }
    });
    return make("p", { class: "examples" }, make("span", { text: say("For instance") }), ...known.map((text) => make("button", { type: "button", lang: "en", text, on: { click: () => this.put(text) } })));
  }
  /* A vocabulary of whole words can be offered; one of pieces of words can write anything. */
  vocabulary() {
    if (this.model.compare) return null;
    const words = this.model.source.filter((word) => /^\p{L}/u.test(word)).toSorted();
    const buttons = words.map((word) => make("button", { type: "button", text: word, on: { click: () => this.put(`${this.input.value.trimEnd()} ${word}`.trimStart()) } }));
    return make("details", { class: "vocabulary" }, make("summary", { text: say("The {0} words that it knows", words.length) }), make("div", { lang: "en" }, ...buttons));
  }
  /* The sentence with each known word that the last one may become. */
  suggest() {
    const [, before, begun] = /^(.*?)(\S*)$/s.exec(this.input.value);
    const fits = begun && !this.model.compare ? this.model.source.filter((word) => word.startsWith(begun.toLowerCase()) && word !== begun.toLowerCase()) : [];
    const cased = (word) => (/^\p{Lu}/u.test(begun) ? word[0].toUpperCase() + word.slice(1) : word);
    this.words.replaceChildren(...fits.slice(0, MOST_SUGGESTED).map((word) => make("option", { value: before + cased(word) })));
  }
  get faulty() { return this.fault.textContent !== ""; }
  /* Tell the fault of the text, if it has one; a word that is being `typed` and may become a known one is none. */
  tell(fault, typing) {
    const { unknown = [], near = [] } = fault ?? {}, begun = /(\S*)$/.exec(this.input.value)[1].toLowerCase();
    const halfway = typing && unknown.length === 1 && unknown[0] === begun && this.model.source.some((word) => word.startsWith(begun));
    const wrong = fault && !halfway, named = unknown.length > 1;
    const parts = unknown.flatMap((word, i) => (near[i].length ? [make("span", { text: named ? say("Near “{0}”:", word) : say("Near it:") }), ...near[i].map((known) => this.nearButton(word, known))] : []));
    this.fault.textContent = wrong ? this.faultWords(fault) : "";
    this.hint.replaceChildren(...(wrong ? parts : []));
  }
  /* Say that the translation is still that of an earlier sentence. */
  keep(text) { this.still.textContent = text ? say("This is still “{0}”.", text) : ""; }
  faultWords({ code, longest, unknown, message }) {
    if (code === "refused") return message;
    if (code === "empty") return say("There is no word to read yet.");
    if (code === "long") return say("That is too long: it reads {0} words at most.", longest);
    if (unknown.length === 1) return say("It does not know the word “{0}”.", unknown[0]);
    return say("It does not know the words {0}.", unknown.map((word) => `“${word}”`).join(", "));
  }
  /* A button that puts a known word in the place of an unknown one. */
  nearButton(unknown, word) {
    const whole = new RegExp(`(?<!\\p{L})${unknown.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?!\\p{L})`, "iu");
    return make("button", { type: "button", class: "plain", text: word, on: { click: () => {
      this.input.focus();
      this.put(this.input.value.replace(whole, () => word));
    } } });
  }
}
