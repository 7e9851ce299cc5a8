/* A tensor under its step: a slice of it as a heatmap or as numbers, each entry with its full value. */
"use strict";
/* The scripts with the values: each calls `exhibit` once. */
const read = new Map();
/* Of numbers that the page cannot compute, what they were made of, by their references. */
const provenances = new Map();
const keep = ({ tensors = [], entries = [] }) => {
  const cell = ([number, ...rest]) => {
    const tensor = tensors[number], index = rest.slice(0, -1);
    return { tensor, index, value: rest.at(-1), reference: refOf(tensor.name, tensor.axes, index) };
  };
  for (const { entry, inputs, more } of entries) {
    const own = cell(entry), known = provenances.get(own.reference)?.terms ?? [];
    if (!known.length) provenances.set(own.reference, { ...own, more, terms: inputs.map((term) => term.map(cell)) });
  }
  /* An input leads on to its own inputs, where they are known, or to what it is. */
  for (const { inputs } of entries) {
    for (const one of inputs.flat().map(cell)) if (!provenances.has(one.reference)) provenances.set(one.reference, { ...one, more: 0, terms: [] });
  }
};
globalThis.exhibit = (tensor) => {
  read.set(tensor.name, tensor);
  keep(tensor.provenance);
};
const fetched = ({ name, file }) => new Promise((done, failed) => {
  if (read.has(name)) { done(read.get(name)); return; }
  const gone = () => failed(new Error(say("{0} could not be read", file)));
  document.head.append(make("script", { src: file, on: { load: () => done(read.get(name)), error: gone } }));
});

/* The two axes of the table, and the fixed index along each of the others. */
class Slice {
  constructor(tensor, shown) {
    this.tensor = tensor;
    this.kept = tensor.shape.map((size, axis) => tensor.kept[axis] ?? [...Array(size).keys()]);
    const axes = tensor.axes.length;
    const flat = axes === 1 && !tensor.labels[tensor.axes[0]];
    this.columns = flat ? 0 : axes > 1 ? axes - 1 : -1;
    this.rows = flat || axes === 0 ? -1 : axes > 1 ? axes - 2 : 0;
    this.numbers = shown.filter(([, , , axis]) => !axis);
    this.tokens = shown.filter(([, , , axis]) => axis);
    this.rings = new Set(this.numbers.map(([, index]) => index.join()));
    this.at = tensor.shape.map(() => 0);
    if (this.numbers.length) this.go(this.numbers[0][1]);
    const finite = tensor.values.map(Number).filter(Number.isFinite);
    const [least, most] = finite.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
    this.kind = least >= 0 && most <= 1 ? 1 : 0;
    this.scale = this.kind ? 1 : Math.max(-least, most) || 1;
  }
  go(index) { this.at = index.map((i, axis) => Math.max(this.kept[axis].indexOf(i), 0)); }
  place(row, column) {
    return this.at.map((at, axis) => (axis === this.rows ? row : axis === this.columns ? column : at));
  }
  index(place) { return place.map((at, axis) => this.kept[axis][at]); }
  value(place) {
    return Number(this.tensor.values[place.reduce((flat, at, axis) => flat * this.kept[axis].length + at, 0)]);
  }
  /* A token, or the letter that a head has in the film. */
  label(axis, at) {
    const name = this.tensor.axes[axis];
    return name === "head" ? letterOf(this.kept[axis][at]) : this.tensor.labels[name]?.[at];
  }
  called(axis, at) {
    const label = this.label(axis, at);
    return `${this.tensor.axes[axis]} ${this.kept[axis][at]}${label === undefined ? "" : ` “${label}”`}`;
  }
  spoken(place) { return place.map((at, axis) => this.called(axis, at)).join(", "); }
  isToken(axis, at) {
    return this.tokens.some(([, [index], , name]) => name === this.tensor.axes[axis] && index === this.kept[axis][at]);
  }
  size(axis) { return axis < 0 ? 1 : this.kept[axis].length; }
  gap(axis, at) { return axis >= 0 && at > 0 && this.kept[axis][at] !== this.kept[axis][at - 1] + 1; }
}

/* So many inputs of a number are in sight; the others are folded. */
const MOST_INPUTS = 8;
/* The operation that made a number, and the tensors that it read. */
const originOf = (made, of) => {
  const names = of.flatMap((name, i) => [i ? ", " : " ", make("code", { text: name })]);
  return make("span", { lang: "en" }, made, ...(of.length ? [", from", ...names] : []));
};
/* An entry of a provenance: its tensor, and its place along each axis. */
const calledAt = ({ tensor: { name, axes, labels }, index }) => {
  const places = axes.map((axis, i) => [axis, axis === "head" ? letterOf(index[i]) : labels[axis]?.[index[i]] ?? index[i]]).filter(([axis]) => axis !== "batch");
  return `${name}[${places.map((pair) => pair.join("=")).join(", ")}]`;
};
/* An input of a number, which leads on: to the model in the page, or to what it was made of. */
const inputOf = (one, trail) => {
  const { reference, value, tensor } = one, called = calledAt(one), number = make("b", { text: exact(value) });
  const link = tensor.computed || lecture.served?.includes(tensor.name)
    ? make("a", { href: `#ask=${reference}`, text: called })
    : make("button", { type: "button", class: "input", "data-made": reference, "data-trail": JSON.stringify(trail), text: called });
  return make("span", {}, number, " ", link);
};

let asNumbers = false;
class Inspector {
  /* `asks`: each cell can be asked where it comes from. `past` has the number that stood at an index before a
     learner's changes, null where it is the same, and `at` is the index at which it opens. */
  constructor(tensor, shown, asks, { past = () => null, at = null } = {}) {
    this.slice = new Slice(tensor, shown);
    if (at) this.slice.go(at);
    Object.assign(this, { asks, past });
    this.readout = make("p", { class: "readout" });
    this.table = make("div", { class: "table", tabindex: "-1" });
    this.picks = make("div", { class: "picks" });
    this.provenance = make("div", { class: "made-of", role: "region", "aria-label": say("Where a number comes from") });
    this.provenance.hidden = true;
    this.box = make("div", { class: "inspector", role: "region", "aria-label": say("Tensor {0}", tensor.name) },
      this.head(tensor), this.shown(), this.picks, this.table, this.readout, this.provenance, this.foot(tensor), this.source(tensor), this.meanings(tensor));
    this.box.addEventListener("click", (event) => {
      const asked = event.target.closest("[data-made]");
      if (asked) this.explain(asked.dataset.made, JSON.parse(asked.dataset.trail ?? "[]"));
    });
    this.draw();
    this.repaint = () => this.draw();
    addEventListener("themed", this.repaint);
  }
  close() { removeEventListener("themed", this.repaint); this.box.remove(); }
  head(tensor) {
    const sizes = tensor.axes.map((axis, i) => make("span", { text: `${axis} ${tensor.shape[i]}` }));
    const views = make("div", { class: "views", role: "group", "aria-label": say("View") });
    for (const [text, numbers] of [[say("Colours"), false], [say("Numbers"), true]]) {
      const choose = (event) => {
        asNumbers = numbers;
        for (const one of views.children) one.setAttribute("aria-pressed", String(one === event.target));
        this.draw();
      };
      views.append(make("button", { type: "button", text, "aria-pressed": String(asNumbers === numbers), on: { click: choose } }));
    }
    const title = make("div", { lang: "en" }, make("p", { class: "name", text: tensor.name }), make("p", { class: "shape" }, ...sizes));
    return make("div", { class: "top" }, title, ...(tensor.axes.length ? [views] : []));
  }
  shown() {
    const list = make("p", { class: "shown" });
    const { numbers } = this.slice;
    numbers.slice(0, 12).forEach(([, index, written]) => {
      const said = say("{0}: show where it stands", written);
      list.append(make("button", { type: "button", text: written, "aria-label": said, on: { click: () => this.go(index) } }));
    });
    if (numbers.length) list.prepend(`${say("On screen")} `);
    if (numbers.length > 12) list.append(` ${say("and {0} more", numbers.length - 12)}`);
    return list;
  }
  go(index) { this.slice.go(index); this.draw(); this.focus(this.slice.at); }
  source({ made = "", of = [] }) {
    return made ? make("p", { class: "made" }, `${say("Where it comes from")}: `, originOf(made, of)) : null;
  }
  /* What a number was made of, which the page cannot compute; a `trail` of references led here. */
  explain(reference, trail = []) {
    const entry = provenances.get(reference), way = [...trail, reference];
    const back = trail.length ? [make("button", { type: "button", class: "plain", "data-made": trail.at(-1), "data-trail": JSON.stringify(trail.slice(0, -1)), text: say("Back to {0}", calledAt(provenances.get(trail.at(-1)))) })] : [];
    const lines = entry.terms.map((term) => make("li", {}, ...term.flatMap((one, i) => [i ? " · " : "", inputOf(one, way)])));
    const rest = lines.splice(MOST_INPUTS);
    const title = make("p", { tabindex: "-1", class: "asked-made" }, make("b", { text: exact(entry.value) }), " ", make("span", { text: calledAt(entry) }));
    this.provenance.replaceChildren(...back, title, make("p", { class: "made" }, originOf(entry.tensor.made, entry.terms.length ? [] : entry.tensor.of)),
      ...(lines.length ? [make("ul", {}, ...lines)] : []),
      ...(rest.length ? [make("details", {}, make("summary", { text: say("and {0} more", rest.length) }), make("ul", {}, ...rest))] : []),
      ...(entry.more ? [make("p", { text: say("and {0} smaller ones", entry.more) })] : []));
    this.provenance.hidden = false;
    title.focus();
  }
  meanings(tensor) {
    const known = tensor.axes.filter((axis) => lecture.axes[axis]).map((axis) => `${axis}: ${lecture.axes[axis]}`);
    return make("p", { class: "axes", text: known.join(" · ") });
  }
  foot(tensor) {
    const { slice } = this;
    const cut = tensor.axes.filter((_, i) => tensor.kept[i]).map((axis) => {
      const i = tensor.axes.indexOf(axis);
      return say("{0} of {1} along {2}", slice.kept[i].length, tensor.shape[i], axis);
    });
    const [low, high] = slice.kind ? ["0", "1"] : [-1, 1].map((sign) => brief(sign * slice.scale, slice.scale));
    this.legend = make("span", { class: "legend" }, make("span", { text: low }), make("i"), make("span", { text: high }));
    const note = make("p", { class: "note" }, ...(tensor.axes.length ? [this.legend] : []));
    if (slice.numbers.length) note.append(make("span", { class: "key", text: say("on screen in this step") }));
    if (cut.length) note.append(make("span", { class: "cut", text: say("A window: {0}", cut.join(", ")) }));
    return note;
  }
  draw() {
    const { slice } = this, { rows, columns } = slice;
    this.drawPicks();
    const body = make("tbody");
    for (let row = 0; row < slice.size(rows); row += 1) {
      const line = make("tr", slice.gap(rows, row) ? { class: "gap" } : {}, this.heading(rows, row, "row"));
      for (let column = 0; column < slice.size(columns); column += 1) line.append(this.cell(row, column));
      body.append(line);
    }
    const top = make("tr", {}, this.corner());
    for (let column = 0; column < slice.size(columns); column += 1) top.append(this.heading(columns, column, "col"));
    const long = columns >= 0 && slice.size(columns) > 6;
    const grid = make("table", { role: "grid", "aria-label": say("Slice of {0}", slice.tensor.name),
      class: `${asNumbers ? "numbers" : "heat"}${long ? " long" : ""}` }, make("thead", {}, top), body);
    grid.addEventListener("pointerover", (event) => this.tell(event.target.closest("td")));
    grid.addEventListener("focusin", (event) => this.tell(event.target.closest("td")));
    grid.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.target.dataset.ask || event.target.dataset.made)) event.target.click(); else walk(event); });
    this.table.replaceChildren(grid);
    const start = grid.querySelector("td.ring") ?? grid.querySelector("td[data-row]");
    start.tabIndex = 0;
    this.tell(start);
    const ends = lecture.stops[slice.kind], place = (level) => `${(100 * (level - ends[0])) / (ends.at(-1) - ends[0])}%`;
    this.legend.children[1].style.background = `linear-gradient(90deg, ${ends.map((level) => `rgb(${ramp(level, slice.kind)}) ${place(level)}`)})`;
  }
  corner() {
    const { slice } = this, names = slice.tensor.axes;
    const text = [slice.rows >= 0 ? `${names[slice.rows]} ↓` : "", slice.columns >= 0 ? `${names[slice.columns]} →` : ""];
    return make("td", { class: "corner", text: text.filter(Boolean).join(" ") });
  }
  heading(axis, at, scope) {
    if (axis < 0) return scope === "row" ? make("td", { class: "corner" }) : make("th", { scope, text: say("value") });
    const { slice } = this, label = slice.label(axis, at), index = slice.kept[axis][at];
    const seldom = !asNumbers && scope === "col" && slice.size(axis) > 16 && label === undefined;
    const text = seldom && index % 8 && !slice.gap(axis, at) ? "" : String(label ?? index);
    const kinds = [slice.isToken(axis, at) ? "token" : "", slice.gap(axis, at) ? "gap" : ""].filter(Boolean).join(" ");
    return make("th", { scope, class: kinds, "aria-label": slice.called(axis, at) }, make("span", { text }));
  }
  reference(place) { return refOf(this.slice.tensor.name, this.slice.tensor.axes, this.slice.index(place)); }
  cell(row, column) {
    const { slice } = this, place = slice.place(row, column), value = slice.value(place);
    const ring = slice.rings.has(slice.index(place).join()), was = this.before(place, value);
    const rgb = ramp(Number.isNaN(value) ? 0 : value / slice.scale, slice.kind);
    const cell = make("td", {
      tabindex: "-1", "data-row": row, "data-column": column,
      class: [ring ? "ring" : "", was ? "changed" : "", slice.gap(slice.columns, column) ? "gap" : ""].filter(Boolean).join(" "),
      "aria-label": [`${slice.spoken(place)}: ${exact(value)}`, was, ring ? say("on screen in this step") : ""].filter(Boolean).join(", "),
      ...this.way(place),
    });
    cell.style.cssText = `background:rgb(${rgb});color:${inkOn(rgb)}`; /* an attribute would need a policy that allows it */
    if (asNumbers) cell.textContent = brief(value, slice.scale);
    return cell;
  }
  /* The number before a learner's changes, in words; "" where it is the same. */
  before(place, value) {
    const was = this.past(this.slice.index(place), value);
    return was === null ? "" : say("before {0}", exact(was));
  }
  /* How a cell is asked: of the model in the page, or of what the page knows of it. */
  way(place) {
    const reference = this.reference(place);
    return this.asks ? { "data-ask": reference } : provenances.has(reference) ? { "data-made": reference } : {};
  }
  drawPicks() {
    const { slice } = this;
    const free = slice.tensor.axes.map((_, axis) => axis).filter((a) => a !== slice.rows && a !== slice.columns);
    const chooser = (axis) => {
      const name = slice.tensor.axes[axis];
      if (slice.tensor.shape[axis] === 1) return make("span", { text: slice.called(axis, 0) });
      const choose = (event) => { slice.at[axis] = Number(event.target.value); this.draw(); this.picks.querySelector(`[name="${name}"]`).focus(); };
      const select = make("select", { name, on: { change: choose } });
      slice.kept[axis].forEach((index, at) => {
        const option = make("option", { value: at, text: slice.label(axis, at) ?? index });
        option.selected = at === slice.at[axis];
        select.append(option);
      });
      return make("label", { text: `${name} ` }, select);
    };
    this.picks.replaceChildren(...free.map(chooser));
  }
  focus(place) {
    const { rows, columns } = this.slice;
    this.table.querySelector(`td[data-row="${rows < 0 ? 0 : place[rows]}"][data-column="${columns < 0 ? 0 : place[columns]}"]`)?.focus();
  }
  tell(cell) {
    if (!cell?.dataset.row) return;
    const { slice } = this, place = slice.place(Number(cell.dataset.row), Number(cell.dataset.column));
    for (const old of this.table.querySelectorAll('.told, td[tabindex="0"]')) { old.tabIndex = -1; old.classList.remove("told"); }
    cell.tabIndex = 0;
    cell.classList.add("told");
    const value = slice.value(place), was = this.before(place, value), way = this.way(place), text = say("where it comes from");
    const link = way["data-ask"] ? [make("a", { href: `#ask=${way["data-ask"]}`, ...way, text })] : way["data-made"] ? [make("button", { type: "button", class: "plain", ...way, text })] : [];
    this.readout.replaceChildren(
      make("b", { text: exact(value) }), ...(was ? [make("span", { class: "was", text: was })] : []), make("span", { text: slice.spoken(place) }),
      ...(place.length ? [make("code", { text: `[${slice.index(place).join(", ")}]` })] : []), ...link);
  }
}

/* A cell of a tensor under a step is asked in the other part of the page; what no model is asked for is seen in its tensor. */
byId("transcript")?.addEventListener("click", (event) => {
  const cell = event.target.closest("[data-ask]"), link = event.target.closest("[data-entry]");
  if (link) {
    event.preventDefault();
    open(link.closest(".step").querySelector(`.tensor[data-exhibit="${link.dataset.exhibit}"]`), JSON.parse(link.dataset.index));
  }
  if (!cell) return;
  event.preventDefault();
  location.hash = `ask=${cell.dataset.ask}`;
});

/* One is open at a time; `opening` is the button that was clicked last, whose values may still be read. */
let opened = null, opening = null;
const shut = () => {
  opened?.inspector.close();
  opened?.button.setAttribute("aria-expanded", "false");
  opened = null;
};
const open = async (button, index) => {
  const number = Number(button.dataset.exhibit), step = button.closest(".step");
  const shown = lecture.steps[steps.indexOf(step)].shown.filter(([one]) => one === number);
  shut();
  opening = button;
  try {
    const exhibited = lecture.exhibits[number], tensor = await fetched(exhibited);
    if (opening !== button) return;
    shut();
    const inspector = new Inspector(tensor, shown, exhibited.asked);
    opened = { button, inspector };
    button.setAttribute("aria-expanded", "true");
    step.append(inspector.box);
    if (!index) return;
    inspector.go(index);
    const reference = refOf(exhibited.name, inspector.slice.tensor.axes, index);
    if (provenances.has(reference) && !exhibited.asked) inspector.explain(reference);
  } catch (error) {
    step.append(make("p", { class: "fault", role: "alert", text: error.message }));
  }
};
for (const button of document.querySelectorAll(".tensor")) {
  button.addEventListener("click", () => (opened?.button === button ? shut() : open(button)));
}
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !opened) return;
  const { button } = opened;
  shut();
  button.focus();
});
