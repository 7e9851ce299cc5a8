/* The panel that tells where a number comes from, and the trail that leads back. */
"use strict";
const LEAST_SEEN = 300; /* px of the panel */
const REFERENCE = /^([\w.]+)\[((?:\w+=\d+(?:,\w+=\d+)*)?)\]$/;
const asked = (reference) => {
  const found = REFERENCE.exec(reference);
  if (!found) return null;
  const at = Object.fromEntries(found[2].split(",").filter(Boolean).map((pair) => pair.split("=")).map(([axis, i]) => [axis, Number(i)]));
  return { name: found[1], at };
};
/* The entry that a reference names in a trace; null where it has none. */
const entryOf = (trace, reference) => {
  const wanted = asked(reference);
  return wanted && trace.entry(wanted.name, wanted.at);
};

class Asking {
  /* `go` asks a reference with its trail; `knobs` has what a learner may do to the entry. */
  constructor({ go, close, knobs, before, film, linked }) {
    Object.assign(this, { go, close, knobs, before, film, linked });
    this.box = make("div", { class: "asking", role: "region", "aria-label": say("Where a number comes from") });
    this.box.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
    this.rest();
  }
  /* Nothing is asked: what could be, and some `starts`, each with its words and its reference. */
  rest(starts = []) {
    this.box.classList.remove("open");
    this.box.replaceChildren(make("div", { class: "hint" }, make("h3", { text: say("Any number can be asked") }),
      make("p", { text: say("Click a cell, a bar or a word: its number is taken apart here, down to ids and what was learned.") }),
      ...starts.map(([text, reference]) => make("button", { type: "button", class: "plain", "data-ask": reference, text }))));
  }
  lost(reference) {
    this.box.classList.add("open");
    this.box.replaceChildren(this.bar([]), make("p", { class: "fault", role: "alert", text: say("This sentence has no number at {0}.", reference) }));
  }
  bar(trail) {
    const shut = make("button", { type: "button", class: "shut", "aria-label": say("Close"), text: "×", on: { click: () => this.close() } });
    return make("div", { class: "asking-bar" }, trail.length > 1 ? this.crumbs(trail) : make("span"), shut);
  }
  crumbs(trail) {
    const from = Math.max(trail.length - 4, 0);
    const list = make("ol", {}, ...trail.slice(from).map((entry, i) => {
      const here = from + i === trail.length - 1, back = trail.slice(0, from + i + 1).map(figures.entryRef);
      const text = [figures.nameOf(entry.name), make("small", { text: figures.placeOf(entry, ["head", "batch"]) })];
      if (here) return make("li", {}, make("span", { "aria-current": "true" }, ...text));
      return make("li", {}, make("button", { type: "button", on: { click: () => this.go(back.at(-1), back) } }, ...text));
    }));
    if (from) {
      const first = figures.entryRef(trail[0]);
      list.prepend(make("li", {}, make("button", { type: "button", "aria-label": say("{0}: the first", figures.spoken(trail[0])), text: "…", on: { click: () => this.go(first, [first]) } })));
    }
    return make("nav", { class: "trail", "aria-label": say("The way here") }, list);
  }
  show(trace, reference, trail) {
    const entry = entryOf(trace, reference);
    if (!entry) { this.lost(reference); return false; }
    const way = trail.map((one) => entryOf(trace, one)).filter(Boolean);
    this.box.classList.add("open");
    this.box.replaceChildren(this.bar(way), this.plate(entry), this.making(entry, trace), this.foot(entry));
    const nav = this.box.querySelector(".trail");
    if (nav) nav.scrollLeft = nav.scrollWidth;
    return true;
  }
  plate(entry) {
    const title = make("h3", { tabindex: "-1", class: "asked", "aria-label": figures.spoken(entry) }, figures.nameOf(entry.name),
      make("span", { class: "place", text: figures.placeOf(entry) }));
    const number = make("p", { class: "asked-value" }, make("b", { text: figures.shortly(entry.value), title: exact(entry.value) }));
    const past = this.before(entry);
    if (past !== null && past !== entry.value) {
      number.append(make("span", { class: "before" }, make("small", { text: say("before your changes") }), make("s", { text: figures.shortly(past) })));
    }
    return make("div", { class: "asked-plate" }, title, number, make("code", { class: "path", lang: "en", text: figures.entryRef(entry) }));
  }
  making(entry, trace) {
    const box = make("div", { class: "making" });
    if (entry.kind) {
      box.append(make("p", { class: "equation", lang: "en" }, make("span", { class: "kind", text: entry.kind }), make("em", { text: entry.equation })));
    }
    box.append(make("p", { class: "words", text: figures.told(entry).join(" ") }));
    if (!entry.kind && figures.last(entry.name) === "ids") box.append(make("p", { class: "leaf token", text: Object.values(entry.labels).at(-1) }));
    if (!entry.kind) return box;
    if (entry.edited) {
      box.append(make("p", { class: "yours", text: say("You changed it: from its inputs it would be {0}.", figures.shortly(entry.recomputed)) }));
    }
    box.append(...figures.figure(entry, trace));
    return box;
  }
  foot(entry) {
    const copy = async (event) => {
      const button = event.currentTarget;
      try { await navigator.clipboard.writeText(location.href); button.textContent = say("Copied"); } catch { button.textContent = say("The address of this page is the link"); }
    };
    return make("div", { class: "asking-foot" }, ...this.film(entry), ...this.knobs(entry),
      ...(this.linked ? [make("button", { type: "button", class: "plain", text: say("Copy a link to this number"), on: { click: copy } })] : []));
  }
  /* Scroll to the beginning of the panel, wherever on the page a number was asked. */
  reveal() {
    this.box.scrollTop = 0;
    if (this.box.getBoundingClientRect().top > innerHeight - LEAST_SEEN) this.box.scrollIntoView({ block: "nearest" });
  }
  focus() { (this.box.querySelector("h3.asked") ?? this.box).focus({ preventScroll: true }); }
}
