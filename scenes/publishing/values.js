/* A value as digits and as a colour. */
"use strict";
const minus = (text) => text.replace("-", "−");
const exact = (value) => (Number.isFinite(value) ? minus(String(value)) : minus(String(value).replace("Infinity", "∞")));
/* To as many places as the largest needs, so that a column can be compared; what would vanish is a power of ten. */
const brief = (value, scale) => {
  if (Number.isInteger(value) || !Number.isFinite(value)) return exact(value);
  const places = scale < 10 ? 3 : scale < 1000 ? 2 : 0;
  const tiny = Math.abs(value) < 0.5 * 10 ** -places;
  return minus(tiny || scale >= 1e7 ? value.toExponential(1) : value.toFixed(places));
};

/* The name of a head in the film: A for the first. */
const letterOf = (head) => `${String.fromCharCode(65 + (head % 26))}${head < 26 ? "" : Math.floor(head / 26) + 1}`;

/* The name of an entry, by which it is asked. */
const refOf = (name, axes, index) => `${name}[${axes.map((axis, i) => [axis, index[i]]).filter(([axis]) => axis !== "batch").map((pair) => pair.join("=")).join(",")}]`;
/* Arrows walk through the cells of a table, Home and End to the ends of a row. */
const walk = (event) => {
  const cell = event.target.closest("td[data-row]"), line = cell?.parentElement;
  const next = { ArrowUp: () => line.previousElementSibling?.cells[cell.cellIndex], ArrowDown: () => line.nextElementSibling?.cells[cell.cellIndex],
    ArrowLeft: () => cell.previousElementSibling, ArrowRight: () => cell.nextElementSibling, Home: () => line.cells[1], End: () => line.lastElementChild }[event.key];
  if (!cell || !next) return;
  event.preventDefault();
  const to = next();
  if (!to?.matches("td")) return;
  cell.tabIndex = -1;
  to.tabIndex = 0;
  to.focus();
};

/* Colours: the ramps of the pictures. */
const parts = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
const ramp = (level, kind) => {
  const colours = lecture.ramps[theme()][kind], stops = lecture.stops[kind];
  const at = Math.min(Math.max(stops.findLastIndex((stop) => stop <= level), 0), stops.length - 2);
  const share = Math.min(Math.max((level - stops[at]) / (stops[at + 1] - stops[at]), 0), 1);
  const [low, high] = [parts(colours[at]), parts(colours[at + 1])];
  return low.map((channel, i) => Math.round(channel + share * (high[i] - channel)));
};
const luminance = (rgb) => {
  const [r, g, b] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const inkOn = (rgb) => (luminance(rgb) > 0.179 ? "#000" : "#fff");
