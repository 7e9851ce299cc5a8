/* Film, or a model that answers: the address says which. */
"use strict";
/* Those that lie beside the page, and the one that `lecture serve` runs, if it does. That of the film comes first. */
const served = JSON.parse(byId("served").textContent), isOfFilm = ({ name }) => name === lecture.model;
if (served && lecture.models.some(({ name }) => name === served.name)) served.name += " (served)";
const models = [...lecture.models, ...(served ? [served] : [])].toSorted((a, b) => isOfFilm(b) - isOfFilm(a));
const ready = new Map(served ? [[served.name, new RemoteModel(served)]] : []);
const blank = byId("trying").cloneNode(false);
let trySection = byId("trying"), trying = null, chosen = null;
/* The steps of the film that show an entry with a number that agrees with that of the model in the page. */
const inFilm = (entry) => lecture.steps.flatMap((step) => step.shown
  .filter(([exhibit, index, , axis]) => !axis && lecture.exhibits[exhibit].name === entry.name && index.join() === entry.index.join())
  .filter(([, , , , value]) => value !== null && Math.abs(value - entry.value) <= 1e-4 * Math.max(1, Math.abs(value)))
  .slice(0, 1).map(([, , shown]) => ({ id: step.id, title: step.title, shown }))).slice(0, 3);
globalThis.liveModel = (data) => {
  ready.set(data.name, live.open(data));
  if (chosen?.name === data.name) begin();
};
/* The sentence of the film is where a model begins, unless it cannot read it or has a text of its own. */
const beginsWith = (model) => {
  const { text } = blank.dataset;
  if (chosen === served && (served.text || !isOfFilm(served))) return served.text || served.examples[0];
  try { model.read(text); return text; } catch { return EXAMPLES[0]; }
};
const begin = () => {
  const model = ready.get(chosen.name), films = isOfFilm(chosen) ? inFilm : () => [];
  trying = new Trying(trySection, model, beginsWith(model), { linked: true, films, called: chosen === models[0] ? "" : chosen.name });
  trySection.addEventListener("recorded", remember);
  if (trying.choice.asked) trying.asking.focus();
  remember();
};
/* Show `model` in the place of the one before, which leaves with all that it has begun. */
const choose = (model) => {
  if (chosen === model) return;
  chosen = model;
  trying?.end();
  trying = null;
  const fresh = blank.cloneNode(false);
  fresh.hidden = false;
  trySection.replaceWith(fresh);
  trySection = fresh;
  trySection.replaceChildren(make("p", { text: say("The model is being read.") }));
  if (ready.has(model.name)) { begin(); return; }
  const gone = () => fresh.replaceChildren(make("p", { class: "fault", role: "alert", text: say("{0} could not be read", model.file) }));
  document.head.append(make("script", { src: model.file, on: { error: gone } }));
};
/* One link a model: it takes along what a learner has typed. */
const choices = byId("models");
choices.append(...models.map(({ name }) => make("a", { text: name })));
/* What was typed a moment ago is not yet in the addresses. */
choices.addEventListener("click", () => trying?.record(false), { capture: true });
const addressOf = (model) => new Choice(trying?.choice.text ?? "").address(trying?.text ?? "", model === models[0] ? "" : model.name);
/* Keep the sentence for a learner who comes back from the film. */
const remember = () => {
  const here = TRYING.test(location.hash) ? location.hash : "#try";
  document.querySelector(".views-of [href^='#']:last-child").href = here;
  models.forEach((model, i) => {
    const link = choices.children[i];
    link.href = model === chosen ? here : addressOf(model);
    if (model === chosen) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  });
};
const view = () => {
  const now = TRYING.test(location.hash);
  trySection.hidden = !now;
  choices.hidden = !now || models.length < 2;
  document.querySelector("main").hidden = now;
  for (const link of document.querySelectorAll(".views-of a")) {
    if (TRYING.test(link.hash) === now) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  }
  if (!now) return;
  film.pause();
  const name = factsOf(location.hash).get("model");
  choose(models.find((model) => model.name === name) ?? models[0]);
  remember();
};
/* Numbers of a film whose model is too large for a page can be asked where that model is served. */
if (served && isOfFilm(served)) {
  lecture.served = served.names;
  for (const exhibit of lecture.exhibits) exhibit.asked = served.names.includes(exhibit.name);
  for (const link of document.querySelectorAll("[data-entry]")) {
    if (!served.names.includes(asked(link.dataset.entry)?.name)) continue;
    link.hash = `ask=${link.dataset.entry}`;
    delete link.dataset.entry;
  }
}
addEventListener("popstate", view);
view();
