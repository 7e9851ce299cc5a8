/* The figure where there is no film beside it: in a slide, in a cell of a notebook, or alone. */
"use strict";
globalThis.liveModel = (data) => {
  const place = byId("trying");
  const trying = new Trying(place, live.open(data), place.dataset.text, { whole: "whole" in place.dataset });
  globalThis.trying = trying;
  if (place.dataset.asked) trying.ask(place.dataset.asked);
  /* A notebook around the document hears what was asked. */
  if (parent !== window) place.addEventListener("recorded", () => parent.postMessage({ address: trying.choice.address("") }, "*"));
  /* Arrows and letters are for what has the focus; only the keys of a presenter's remote reach the slides. */
  place.addEventListener("keydown", (event) => { if (!/^Page/.test(event.key)) event.stopPropagation(); });
};
