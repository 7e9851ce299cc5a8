/* Film, or the model that answers: the address says which. */
"use strict";
const trySection = byId("trying");
/* The steps of the film that show an entry with a number that agrees with that of the model in the page. */
const inFilm = (entry) => lecture.steps.flatMap((step) => step.shown
  .filter(([exhibit, index, , axis]) => !axis && lecture.exhibits[exhibit].name === entry.name && index.join() === entry.index.join())
  .filter(([, , , , value]) => value !== null && Math.abs(value - entry.value) <= 1e-4 * Math.max(1, Math.abs(value)))
  .slice(0, 1).map(([, , shown]) => ({ id: step.id, title: step.title, shown }))).slice(0, 3);
let trying = null, asking = false;
globalThis.liveModel = (data) => {
  trying = new Trying(trySection, live.open(data), trySection.dataset.text, { linked: true, films: inFilm });
  if (trying.choice.asked) trying.asking.focus();
};
const begin = () => {
  if (asking) return;
  asking = true;
  const gone = () => trySection.replaceChildren(make("p", { class: "fault", role: "alert", text: say("{0} could not be read", lecture.live) }));
  document.head.append(make("script", { src: lecture.live, on: { error: gone } }));
};
/* Keep the sentence for a learner who comes back from the film. */
const remember = () => { document.querySelector(".views-of [href^='#']:last-child").href = location.hash; };
const view = () => {
  const now = TRYING.test(location.hash);
  trySection.hidden = !now;
  document.querySelector("main").hidden = now;
  for (const link of document.querySelectorAll(".views-of a")) {
    if (TRYING.test(link.hash) === now) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  }
  if (!now) return;
  film.pause();
  remember();
  begin();
};
if (trySection) {
  trySection.addEventListener("recorded", remember);
  addEventListener("popstate", view);
  view();
}
