/* The choice of a learner: a sentence, knobs, and a number that is asked. An address has all of it. */
"use strict";
const KNOBS = { attention_scale: say("Divide scores by √d"), positional: say("Positions"), causal_mask: say("Mask: no word sees later ones") };
/* The effect of each switch, when it is off. */
const MEANINGS = {
  attention_scale: say("Without it, scores are larger, and the softmax gives nearly all to one word."),
  positional: say("Without them, the model cannot tell in which order the words stand."),
  causal_mask: say("Without it, a word sees those that come after it, as it never did in training."),
};
/* Of a decoder alone the mask gives the order away. */
const meaningOf = (name, model) => (name === "positional" && !model.has("encoder") && model.has("decoder") ? say("Without them, only the mask tells the model in which order the words stand.") : MEANINGS[name]);
/* The addresses of this part of a page. */
const TRYING = /^#(try$|model=|ask=|text=|temperature=|off=|cut=|without=)/;
/* The attention of a layer, which has knobs. */
const EDITED = /^(encoder|decoder)\.\d+\.(self_attn|cross_attn)$/;
/* A layer or its attention, as the page calls it. */
const blockName = (block) => {
  const [part, layer, kind] = block.split(".");
  const stack = part === "encoder" ? say("Encoder, layer {0}", Number(layer) + 1) : say("Decoder, layer {0}", Number(layer) + 1);
  return kind === "cross_attn" ? `${stack}, ${say("cross-attention")}` : stack;
};

/* The parts of an address; a plus in it is one. */
const factsOf = (hash) => new URLSearchParams(hash.replace(/^#/, "").replaceAll("+", "%2B"));

class Choice {
  constructor(text) { Object.assign(this, { text, temperature: 1, off: [], cut: [], switched: [], asked: "" }); }
  static read(hash, text) {
    const found = new Choice(text), facts = factsOf(hash);
    found.text = facts.get("text") ?? text;
    const temperature = Number(facts.get("temperature") ?? 1);
    if (temperature >= 0.1 && temperature <= 5) found.temperature = temperature;
    const list = (name) => (facts.get(name) ?? "").split(";").filter(Boolean);
    found.off = list("off").filter((one) => /^[\w.]+:\d+$/.test(one) && EDITED.test(one.split(":")[0]));
    found.cut = list("cut").filter((one) => EDITED.test(asked(one)?.name ?? "") && ["head", "query", "key"].every((axis) => axis in asked(one).at));
    found.switched = list("without").filter((one) => one in KNOBS);
    found.asked = facts.get("ask") ?? "";
    return found;
  }
  /* `text` is that of a figure which is as it began, and `model` is named where a page has several. */
  address(text, model = "") {
    const facts = { model, ask: this.asked, text: this.text === text ? "" : this.text, temperature: this.temperature === 1 ? "" : this.temperature,
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
