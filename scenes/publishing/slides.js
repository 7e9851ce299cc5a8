/* "Next" plays the clip of a slide to the end of a beat, where it stands until the speaker goes on. */
const { stops, loop } = document.querySelector(".reveal").dataset;
const NEAR = 0.1; /* seconds */
const clips = [...document.querySelectorAll("section video")];
let playing = null, frame = 0, repeated = false, from = null;

const clipNow = () => Reveal.getCurrentSlide()?.querySelector("video");
/* The part of a clip that is told: from and to, in seconds. Each fragment that is visible is a beat that was gone on to. */
const part = (clip) => {
  const beat = clip.closest("section").querySelectorAll(".fragment.visible").length;
  const [from, to] = clip.dataset.parts.split(" ")[beat].split("-").map(Number);
  return { from, to };
};
const rest = (clip, at = part(clip).to) => { playing = null; clip.pause(); clip.currentTime = at; };
const play = (clip) => {
  playing = clip;
  clip.muted = navigator.userActivation?.hasBeenActive === false; /* before a key is pressed, browsers play no sound */
  clip.play().then(watch, () => {});
};
const begin = (clip) => {
  const { from } = part(clip);
  if (clip.ended || Math.abs(clip.currentTime - from) > NEAR) clip.currentTime = from;
  play(clip);
};
const watch = () => {
  cancelAnimationFrame(frame);
  const clip = playing;
  if (!clip || clip !== clipNow()) return;
  if (!clip.ended && clip.currentTime < part(clip).to) {
    if (!clip.paused) frame = requestAnimationFrame(watch);
  } else if (repeated) begin(clip);
  else {
    rest(clip);
    if (stops !== "none") return;
    if (clip !== clips.at(-1)) Reveal.next();
    else if (loop) { Reveal.slide(1, 0); begin(clipNow()); }
  }
};
/* A clip also stops where the browser draws no pictures, such as in a window behind another. */
for (const kind of ["timeupdate", "ended"]) document.addEventListener(kind, watch, true);

/* Going back shows a clip as it stood. Seen from afar, on paper or by the speaker alone, it does not play at all. */
const enter = ({ type, currentSlide, previousSlide }) => {
  const clip = clipNow();
  if (!clip || Reveal.isOverview() || Reveal.isPrintView()) return;
  const back = currentSlide?.compareDocumentPosition(previousSlide ?? currentSlide) & Node.DOCUMENT_POSITION_FOLLOWING;
  if (back || type === "fragmenthidden" || Reveal.isSpeakerNotes()) rest(clip); else begin(clip);
};
const seenFromAfar = () => {
  from = Reveal.getCurrentSlide();
  for (const clip of clips) rest(clip, clip.dataset.parts.match(/[^-]+$/)[0]);
};
const seenAgain = () => {
  const clip = clipNow();
  if (!clip) return;
  if (from === Reveal.getCurrentSlide()) rest(clip);
  else { Reveal.navigateFragment(-1); begin(clip); }
};

const pause = () => {
  const clip = clipNow();
  if (!clip) Reveal.next();
  else if (!clip.paused) clip.pause();
  else if (clip.currentTime < part(clip).to - NEAR) play(clip);
  else Reveal.next();
};
const again = () => { const clip = clipNow(); if (clip) { clip.currentTime = part(clip).from; play(clip); } };
const repeat = () => {
  repeated = document.body.classList.toggle("repeated");
  if (repeated && clipNow()?.paused) again();
};
const caption = () => {
  const shown = document.body.classList.toggle("captioned");
  for (const { textTracks: [track] } of clips) if (track) track.mode = shown ? "showing" : "hidden";
};
/* Keys that are pressed in a frame of the speaker view are passed on to the slides. */
const key = (code, action) => [code, () => {
  if (Reveal.isSpeakerNotes()) parent.opener?.postMessage(JSON.stringify({ method: "triggerKey", args: [code] }), "*");
  else action();
}];

Reveal.initialize({
  width: 1920, height: 1080, margin: 0, minScale: 0.05, maxScale: 4,
  center: false, controls: false, progress: true, hash: true, transition: "none", backgroundTransition: "none",
  /* Linear: "next" walks through all steps, though the overview shows a column for each chapter. */
  navigationMode: "linear", viewDistance: 2, mobileViewDistance: 2, hideCursorTime: 2000, pdfSeparateFragments: false,
  keyboard: Object.fromEntries([key(32, pause), key(80, pause), key(82, again), key(76, repeat), key(67, caption)]),
  plugins: [RevealNotes],
});
for (const kind of ["ready", "slidechanged", "fragmentshown", "fragmenthidden"]) Reveal.on(kind, enter);
for (const kind of ["overviewshown", "pdf-ready"]) Reveal.on(kind, seenFromAfar);
Reveal.on("overviewhidden", seenAgain);
for (const clip of clips) clip.addEventListener("click", () => { if (!Reveal.isOverview()) pause(); });
