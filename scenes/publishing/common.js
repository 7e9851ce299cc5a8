/* Shared by all scripts of a page: its data, its texts, elements and the theme. */
"use strict";
const byId = (id) => document.getElementById(id);
const lecture = JSON.parse(byId("lecture").textContent);
/* A text of the page, in the language of the lecture; "{0}" is the first of what comes with it. */
const say = (text, ...slots) => (lecture.words[text] ?? text).replace(/\{(\d)\}/g, (_, at) => slots[at]);
/* An element with attributes, a text, listeners, and parts; null is no part. */
const make = (tag, facts = {}, ...children) => {
  const { text, on = {}, ...rest } = facts;
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  for (const [name, value] of Object.entries(rest)) element.setAttribute(name, value);
  for (const [name, listener] of Object.entries(on)) element.addEventListener(name, listener);
  element.append(...children.filter((child) => child !== null));
  return element;
};
/* Dark or light: as the machine has it, until somebody chooses. */
const root = document.documentElement;
const lightByMachine = matchMedia("(prefers-color-scheme: light)");
const theme = () => root.dataset.theme ?? (lightByMachine.matches ? "light" : "dark");
