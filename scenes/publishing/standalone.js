/* The figure where there is no film beside it: in a slide, in a cell of a notebook, or alone. */
"use strict";
globalThis.liveModel = (data) => shown(live.open(data));
globalThis.servedModel = (facts) => shown(new RemoteModel(facts), true);
const shown = (model, linked = false) => {
  const place = byId("trying");
  const trying = new Trying(place, model, place.dataset.text, { linked, whole: "whole" in place.dataset });
  globalThis.trying = trying;
  if (place.dataset.asked) trying.ask(place.dataset.asked);
  /* A notebook around the document hears what was asked. */
  if (parent !== window) place.addEventListener("recorded", () => parent.postMessage({ address: trying.choice.address("") }, "*"));
  /* Arrows and letters are for what has the focus; only the keys of a presenter's remote reach the slides. */
  place.addEventListener("keydown", (event) => { if (!/^Page/.test(event.key)) event.stopPropagation(); });
};
