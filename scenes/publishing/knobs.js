/* Knobs with which a learner changes the model, and a list of what they did. */
"use strict";
const MOST_CHANGES = 4;

class Knobs {
  /* `turn` turns the knob `one` of a list of the choice, `setTemperature` sets the temperature, `restore` takes all back. */
  constructor({ turn, setTemperature, restore }) {
    Object.assign(this, { turn, setTemperature, restore });
    this.box = make("div", { class: "knobs", role: "group", "aria-label": say("Change the model") });
    this.changes = make("div", { class: "changes" });
  }
  draw(runs, choice) {
    Object.assign(this, { runs, choice });
    this.reset = make("button", { type: "button", class: "plain reset", "data-key": "reset", text: say("Reset all"), on: { click: () => this.restore() } });
    this.box.replaceChildren(this.temperature(), ...Object.entries(KNOBS).filter(([name]) => runs.now.model.switches.includes(name)).map(([name, text]) => this.switch(name, text)),
      ...choice.off.map((one) => this.chip("off", one, this.headName(one))), ...choice.cut.map((one) => this.chip("cut", one, this.edgeName(one))), this.reset);
    this.drawReset();
    this.changes.replaceChildren(...(runs.same ? [] : [this.effects(runs.changes())]));
  }
  drawReset() { this.reset.hidden = !this.choice.changed && this.choice.temperature === 1; }
  temperature() {
    const { temperature } = this.choice, meaning = say("Above 1 the shares become more alike, below 1 the largest takes more. The likeliest word stays the likeliest.");
    const label = make("label", { class: temperature === 1 ? "" : "yours", "data-told": meaning });
    const told = make("output", { text: temperature.toFixed(1) });
    const slider = make("input", { type: "range", min: 0.1, max: 3, step: 0.1, value: temperature, "data-key": "temperature", on: { input: () => {
      this.setTemperature(Number(slider.value));
      label.classList.toggle("yours", this.choice.temperature !== 1);
      told.textContent = this.choice.temperature.toFixed(1);
      this.drawReset();
    } } });
    label.append(make("span", { text: say("Temperature of the next word") }), slider, told);
    return label;
  }
  switch(name, text) {
    const off = this.choice.switched.includes(name);
    const box = make("input", { type: "checkbox", role: "switch", "data-key": name, on: { change: () => this.turn("switched", name) } });
    box.checked = !off;
    return make("label", { class: off ? "yours" : "", "data-told": meaningOf(name, this.runs.now.model) }, box, make("span", { text }));
  }
  chip(list, one, text) {
    return make("button", { type: "button", class: "chip yours", "data-key": `${list}-${one}`, text: `${text} ×`, "aria-label": say("{0}: take this change back", text), on: { click: () => this.turn(list, one) } });
  }
  headName(one) {
    const [block, head] = one.split(":");
    return say("{0}, head {1} off", blockName(block), letterOf(Number(head)));
  }
  edgeName(one) {
    const { name, at } = asked(one), { labels } = this.runs.before.get(`${name}.weights`);
    return say("{0}, head {1}: {2} cut", blockName(name), letterOf(at.head), `${labels.query[at.query]} → ${labels.key[at.key]}`);
  }
  /* The tensors that changed: the first that were computed, or all with the largest change first. */
  effects(found) {
    const list = make("ol", {}), more = make("button", { type: "button", class: "plain", "data-key": "all-changes" });
    const fill = (all) => {
      const shown = all ? found.toSorted((a, b) => b.by - a.by) : found.slice(0, MOST_CHANGES);
      list.replaceChildren(...shown.map((one) => this.effect(one)));
      more.textContent = all ? say("Only the first") : say("All {0}, the largest change first", found.length);
      more.onclick = () => fill(!all);
    };
    fill(false);
    const heading = make("h3", {}, make("span", { class: "by", text: say("made by you") }), say("What your changes did"));
    return make("div", { class: "effects", role: "region", "aria-label": say("What your changes did") }, heading,
      make("p", { text: this.effectWords(found.length) }), list, ...(found.length > MOST_CHANGES ? [more] : []));
  }
  effect({ name, value, was, reference }) {
    return make("li", {}, make("button", { type: "button", "data-ask": reference, "data-key": `change-${name}` }, make("span", { class: "where", lang: "en", text: name }),
      make("s", { text: figures.shortly(was) }), make("span", { "aria-hidden": "true", text: "→" }), make("b", { text: figures.shortly(value) })));
  }
  effectWords(count) {
    const { names, parted, shared } = this.runs, words = [say("{0} of {1} tensors have other numbers.", count, names.length)];
    if (parted) words.push(say("From word {0} on they write different words, so what comes before it is compared.", shared));
    return [...words, say("Of each, the number that changed most:")].join(" ");
  }
  /* The changes that an entry which is asked offers. */
  of(entry) {
    const { temperature } = this.choice, found = /^(.*)\.(weights|masked|scaled|scores)$/.exec(entry.name);
    if (entry.name === "probs" && temperature !== 1) {
      const share = sharesAt(this.runs.now.get("logits"), entry.at.position, temperature)[entry.at.vocab];
      return [make("p", { class: "yours", text: say("At your temperature {0} this is {1}.", temperature.toFixed(1), figures.share(share)) })];
    }
    return found && EDITED.test(found[1]) ? [this.edge(figures.refOf(found[1], Object.keys(entry.labels), entry.index))] : [];
  }
  edge(one) {
    const cut = this.choice.cut.includes(one), text = cut ? say("Join this edge again") : say("Cut this edge");
    return make("div", { class: "edge" },
      make("button", { type: "button", class: `plain${cut ? " yours" : ""}`, "aria-pressed": String(cut), "data-key": "edge", text, on: { click: () => this.turn("cut", one) } }),
      make("small", { text: say("A cut edge has the masked score −∞, as if a mask hid it: the other words share the whole.") }));
  }
}
