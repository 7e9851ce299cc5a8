/* Search: steps by their titles and by what is said, terms, and tensors by their names. */
"use strict";
const MOST_FOUND = 12, AROUND = 40;
const searchBox = byId("search"), foundList = byId("found"), foundTold = byId("found-told");
/* Without case and accents, letter by letter, so that places stay. */
const folded = (text) => Array.from(text, (letter) => letter.normalize("NFD")[0].toLowerCase()).join("");
const searched = [
  ...lecture.terms.map(({ term, meaning, step }) => ({ term, step: byId(step), parts: [term, meaning].map((text) => ({ text, plain: folded(text) })) })),
  ...steps.map((step) => {
    const title = step.querySelector("h3 a");
    const parts = [{ text: title.lastChild.textContent, at: title.dataset.at }, ...[...step.querySelectorAll(".cue")].map((cue) => ({ text: cue.textContent, at: cue.dataset.at }))];
    return { step, parts: parts.map((part) => ({ ...part, plain: folded(part.text) })) };
  }),
  ...lecture.exhibits.map(({ name }, i) => ({ button: document.querySelector(`.tensor[data-exhibit="${i}"]`), parts: [{ text: name, plain: folded(name) }] })).filter(({ button }) => button),
];
/* The part of an entry that has all words, or the first that has one while the others stand elsewhere in the entry. */
const hit = ({ parts }, words) => {
  if (!words.every((word) => parts.some(({ plain }) => plain.includes(word)))) return null;
  return parts.find(({ plain }) => words.every((word) => plain.includes(word))) ?? parts.find(({ plain }) => words.some((word) => plain.includes(word)));
};
const marked = ({ text, plain }, words) => {
  const at = Math.min(...words.map((word) => plain.indexOf(word)).filter((i) => i >= 0)), word = words.find((one) => plain.indexOf(one) === at);
  const letters = Array.from(text), from = at > AROUND ? at - AROUND / 2 : 0;
  return [from ? "…" : "", letters.slice(from, at).join(""), make("mark", { text: letters.slice(at, at + word.length).join("") }), letters.slice(at + word.length, at + 2 * AROUND).join("")];
};
const resultOf = (entry, part, words) => {
  if (entry.button) {
    const go = () => { entry.button.scrollIntoView({ block: "center" }); if (entry.button.getAttribute("aria-expanded") !== "true") entry.button.click(); entry.button.focus(); };
    return make("li", {}, make("button", { type: "button", lang: "en", on: { click: go } }, make("small", { text: say("Tensor") }), make("span", {}, ...marked(part, words))));
  }
  if (entry.term) {
    const { at } = entry.step.querySelector("h3 a").dataset, [term, meaning] = entry.parts;
    const shown = (one) => (one === part ? marked(part, words) : [one.text]);
    return make("li", {}, make("a", { href: `#${entry.step.id}`, "data-at": at }, make("small", { text: say("Term") }), make("b", {}, ...shown(term)), make("span", {}, ": ", ...shown(meaning))));
  }
  const [title] = entry.parts, where = part === title ? [] : [make("small", { text: title.text })];
  return make("li", {}, make("a", { href: `#${entry.step.id}`, "data-at": part.at }, ...where, make("span", {}, ...marked(part, words))));
};
const search = () => {
  const words = folded(searchBox.value).split(/\s+/).filter(Boolean);
  const found = words.length ? searched.map((entry) => [entry, hit(entry, words)]).filter(([, part]) => part) : [];
  /* A whole name comes first, and a term or title says more than a sentence in passing. */
  const rank = ([entry, part]) => (part.plain === words.join(" ") ? 2 : Number(part === entry.parts[0])) + (entry.term ? 0.5 : 0);
  found.sort((a, b) => rank(b) - rank(a));
  foundList.replaceChildren(...found.slice(0, MOST_FOUND).map(([entry, part]) => resultOf(entry, part, words)));
  const more = found.length > MOST_FOUND ? say("{0} found, the first {1} are shown", found.length, MOST_FOUND) : say("{0} found", found.length);
  foundTold.textContent = words.length ? more : "";
};
searchBox.addEventListener("input", search);
searchBox.form.addEventListener("submit", (event) => {
  event.preventDefault();
  foundList.querySelector("a, button")?.click();
});
searchBox.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && searchBox.value) { event.stopPropagation(); searchBox.value = ""; search(); }
});
