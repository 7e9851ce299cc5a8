/* The film, its keys, and the transcript that follows it. */
"use strict";
const film = byId("film"), seekBar = byId("seek"), playButton = byId("play");
const steps = [...document.querySelectorAll(".step")], cues = [...document.querySelectorAll(".cue")];
const marks = [...document.querySelectorAll(".chapters a")];
const SOON = 0.02; /* seconds: a browser may stand a little before where it was sent */
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
const end = Number(seekBar.max);

/* One of `parts` is now, or none. */
const nowIn = (parts, time) => parts.findLast((part) => Number(part.dataset.at) <= time + SOON);
const light = (parts, chosen) => {
  for (const part of parts) {
    if (part === chosen) part.setAttribute("aria-current", "true"); else part.removeAttribute("aria-current");
  }
};

let following = true, said = null;
const follow = (wish) => { following = wish; byId("follow").hidden = wish; };
const show = (part) => {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  part?.scrollIntoView({ block: "nearest", behavior: still ? "auto" : "smooth" });
};
const update = () => {
  const time = film.currentTime;
  seekBar.value = time;
  seekBar.style.setProperty("--done", `${(100 * time) / end}%`);
  seekBar.setAttribute("aria-valuetext", say("{0} of {1}", clock(time), clock(end)));
  byId("clock").textContent = `${clock(time)} / ${clock(end)}`;
  const cue = nowIn(cues, time), step = nowIn(steps, time);
  light(steps, step);
  light(marks, nowIn(marks, time));
  const heard = cue && step?.contains(cue) ? cue : null;
  light(cues, heard);
  if ((heard ?? step) === said) return;
  said = heard ?? step;
  if (following && (time > 0 || !film.paused)) show(said);
};
const run = () => { update(); if (!film.paused) requestAnimationFrame(run); };

const seek = (time) => { film.currentTime = Math.min(Math.max(time, 0), end); };
const toggle = () => {
  if (film.paused) film.play().catch(() => {}); /* a pause that comes before the first picture is no fault */
  else film.pause();
};
const stepBy = (by) => {
  const here = steps.indexOf(nowIn(steps, film.currentTime));
  const next = steps[Math.min(Math.max(here + by, 0), steps.length - 1)];
  follow(true);
  seek(Number(next.dataset.at));
};

film.controls = false;
for (const tick of document.querySelectorAll(".ticks i")) tick.style.left = `${tick.dataset.left}%`;
document.querySelector(".bar").hidden = false;
film.addEventListener("click", toggle);
playButton.addEventListener("click", toggle);
for (const kind of ["play", "pause", "ended"]) {
  film.addEventListener(kind, () => {
    playButton.setAttribute("aria-label", film.paused ? say("Play") : say("Pause"));
    byId("player").classList.toggle("playing", !film.paused);
    run();
  });
}
for (const kind of ["seeking", "seeked", "timeupdate", "loadedmetadata"]) film.addEventListener(kind, update);
seekBar.addEventListener("input", () => seek(Number(seekBar.value)));
byId("speed").addEventListener("change", (event) => { film.playbackRate = Number(event.target.value); });

/* Captions are a track where the picture is clean of them. */
const captions = film.textTracks[0], captionButton = byId("captions");
const caption = () => {
  if (!captions) return;
  captions.mode = captions.mode === "showing" ? "hidden" : "showing";
  captionButton.setAttribute("aria-pressed", String(captions.mode === "showing"));
};
caption();
captionButton?.addEventListener("click", caption);
const mute = () => { film.muted = !film.muted; };
byId("mute").addEventListener("click", mute);
film.addEventListener("volumechange", () => byId("mute").setAttribute("aria-pressed", String(film.muted)));
const large = () => (document.fullscreenElement ? document.exitFullscreen() : byId("player").requestFullscreen());
byId("large").addEventListener("click", large);

/* What has a time takes the film there. */
document.addEventListener("click", (event) => {
  const part = event.target.closest("a[data-at]");
  if (!part || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.replaceState(null, "", part.hash);
  follow(true);
  seek(Number(part.dataset.at));
});
const arrive = () => {
  const step = steps.find((one) => `#${one.id}` === location.hash);
  if (step) seek(Number(step.dataset.at));
};
addEventListener("hashchange", arrive);
if (film.readyState > 0) arrive(); else film.addEventListener("loadedmetadata", arrive, { once: true });

/* Who scrolls, reads on at their own pace. */
const leave = () => { if (!film.paused) follow(false); };
addEventListener("wheel", leave, { passive: true });
addEventListener("touchmove", leave, { passive: true });
byId("follow").addEventListener("click", () => { follow(true); show(said); });

/* The theme that somebody chooses is remembered. */
const themeButton = byId("theme");
const themed = () => {
  const dark = theme() !== "light";
  themeButton.textContent = dark ? say("Light") : say("Dark");
  themeButton.setAttribute("aria-label", dark ? say("Switch to the light theme") : say("Switch to the dark theme"));
  dispatchEvent(new Event("themed"));
};
const remembered = (chosen) => {
  try {
    if (chosen) localStorage.setItem("theme", chosen);
    return localStorage.getItem("theme");
  } catch { return null; } /* a browser may keep nothing for files */
};
if (["dark", "light"].includes(remembered())) root.dataset.theme = remembered();
const turn = () => {
  root.dataset.theme = theme() === "light" ? "dark" : "light";
  remembered(root.dataset.theme);
  themed();
};
themeButton.addEventListener("click", turn);
lightByMachine.addEventListener("change", themed);
themed();

const KEYS = {
  " ": toggle, ArrowLeft: () => seek(film.currentTime - 5), ArrowRight: () => seek(film.currentTime + 5),
  j: () => stepBy(1), k: () => stepBy(-1), c: caption, m: mute, f: large, t: turn,
};
document.addEventListener("keydown", (event) => {
  const target = event.target, key = event.key.length > 1 ? event.key : event.key.toLowerCase();
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !KEYS[key]) return;
  if (film.closest("[hidden]") && key !== "t") return;
  if (target.matches("select, textarea, input:not(#seek)") || (key === " " && target.matches("button"))) return;
  event.preventDefault();
  KEYS[key]();
});
update();
