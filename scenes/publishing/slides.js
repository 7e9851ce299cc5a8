/* Linear: "next" walks through all steps, though the overview shows a column for each chapter. */
Reveal.initialize({
  width: 1920, height: 1080, margin: 0, minScale: 0.05, maxScale: 4,
  center: false, controls: false, progress: true, hash: true, transition: "none", backgroundTransition: "none",
  navigationMode: "linear", viewDistance: 2, mobileViewDistance: 2, hideCursorTime: 2000,
  plugins: [RevealNotes],
});
/* Seen from afar, or on paper, a step is its last picture. */
const lastPicture = (video) => {
  const rest = () => { if (Number.isFinite(video.duration)) video.currentTime = video.duration; };
  if (video.readyState > 0) rest(); else video.addEventListener("loadedmetadata", rest, { once: true });
};
Reveal.on("overviewshown", () => document.querySelectorAll("section video").forEach(lastPicture));
Reveal.on("pdf-ready", () => document.querySelectorAll("section video").forEach(lastPicture));
