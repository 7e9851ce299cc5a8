/* The figure where there is no film beside it: in a slide, or in a document of its own. */
"use strict";
globalThis.liveModel = (data) => {
  const place = byId("trying");
  globalThis.trying = new Trying(place, live.open(data), place.dataset.text, { whole: false });
  /* Arrows and letters are for what has the focus; only the keys of a presenter's remote reach the slides. */
  place.addEventListener("keydown", (event) => { if (!/^Page/.test(event.key)) event.stopPropagation(); });
};
