/* The making of a number, drawn as the film draws it. Everything with `data-ask` can be asked in turn. */
"use strict";
const figures = (() => {
  const MOST_TERMS = 5, FEWEST = 3, MOST_WORDS = 12;
  const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";
  const ROLES = { q: "query", k: "key", v: "value" };
  const MODULES = [["ln", "norm"], ["norm", "norm"], ["attn", "attention"], ["ffn", "ffn"]];
  const COUNTED = { d_ff: say("unit"), d_model: say("entry"), d_head: say("entry") };
  /* Each operation, in the words of the film. */
  const TERMWISE = say("Each product is a step of the sum.");
  const DONE = {
    "matrix product": [say("A row meets a column of weights, entry over entry."), TERMWISE],
    "dot product": [say("A query meets a key, entry over entry."), TERMWISE],
    "weighted sum": [say("Each value is weighted by its share."), TERMWISE],
    sum: [say("They are added.")],
    mean: [say("Each is a step, over the length of the row.")],
    variance: [say("Each squared distance from the mean is a step. On average it is the variance.")],
    "mean square": [say("Each square is a step. On average it is the mean square.")],
    softmax: [say("The largest is subtracted from each, e is raised to the power of that, and divided by the sum of all.")],
    scale: [say("A root scales it.")],
    "scale and shift": [say("A gain scales it, and a bias shifts it.")],
    activation: [say("An activation function takes it.")],
    gather: [say("The id names a row of a table.")],
    copy: [say("It is copied as it is.")],
    sinusoid: [say("It is a wave over the positions.")],
    rotation: [say("It is one of a pair, turned by an angle that grows with its position.")],
    product: [say("They are multiplied.")],
  };

  /* Numbers, places and names. */
  const shortly = (value) => {
    const size = Math.abs(value);
    if (Number.isInteger(value) || !Number.isFinite(value)) return exact(value);
    if (size < 0.0005) return minus(value.toExponential(1));
    return minus(value.toFixed(size < 9.9995 ? 3 : size < 99.995 ? 2 : size < 999.95 ? 1 : 0));
  };
  const share = (value) => {
    if (value >= 0.995 && value < 1) return ">99 %";
    if (value > 0 && value < 0.005) return "<1 %";
    return `${Math.round(100 * value)} %`;
  };
  const entryRef = (entry) => refOf(entry.name, Object.keys(entry.labels), entry.index);
  const last = (name) => name.slice(name.lastIndexOf(".") + 1);
  const learned = (name) => name.startsWith("parameters.");
  const isWord = (entry, axis) => entry.labels[axis] !== String(entry.at[axis]);
  const placed = (entry, axis) => {
    if (axis === "head") return say("head {0}", letterOf(entry.at.head));
    return isWord(entry, axis) ? entry.labels[axis] : `${COUNTED[axis] ?? axis.replaceAll("_", " ")} ${entry.labels[axis]}`;
  };
  const placeOf = (entry, without = []) => {
    const axes = Object.keys(entry.labels).filter((axis) => axis !== "batch" && !without.includes(axis));
    const pair = axes.includes("query") && axes.includes("key");
    const rest = axes.filter((axis) => !pair || (axis !== "query" && axis !== "key"));
    const found = pair ? [`${entry.labels.query} → ${entry.labels.key}`] : [];
    return [...found, ...rest.map((axis) => placed(entry, axis))].join(", ");
  };
  const roleOf = (name) => {
    if (learned(name)) return "ink";
    return /^(resid|sum)/.test(last(name)) ? "residual" : ROLES[last(name).split("_")[0]] ?? "ink";
  };
  const plainName = (name) => {
    const own = last(name), module = name.split(".").at(-2) ?? "";
    const called = own === "out" ? MODULES.find(([start]) => module.includes(start))?.[1] : null;
    const text = called ? `${called} out` : own;
    return text.replaceAll("_", " ").replace(/\d/g, (digit) => SUBSCRIPTS[digit]);
  };
  const nameOf = (name) => {
    const box = make("span", { class: `name-of role-${roleOf(name)}`, lang: "en" });
    const found = learned(name) ? /^([wub])(?:_([a-z]+)|(\d))?$/.exec(last(name)) : null;
    if (!found) { box.textContent = plainName(name); return box; }
    const upper = found[1] === "b" ? "b" : found[1].toUpperCase();
    const own = found[2] ?? found[3] ?? (upper === "W" ? "e" : ""), below = own.length === 1 ? own.toUpperCase() : own;
    box.append(make("i", { text: upper }), ...(below ? [make("sub", { text: below })] : []));
    return box;
  };
  const spoken = (entry) => `${plainName(entry.name)}, ${placeOf(entry) || entry.name}: ${shortly(entry.value)}`;

  /* Colours and small drawings. */
  const tint = (value, scale, kind = 0) => ramp(Number.isFinite(value) ? value / (scale || 1) : 0, kind);
  const largest = (values) => values.reduce((most, v) => (Number.isFinite(v) ? Math.max(most, Math.abs(v)) : most), 0) || 1;
  /* A number that few are larger than: full colour there lets the others be seen beside an outlier. */
  const usual = (values) => Float64Array.from(values, (v) => (Number.isFinite(v) ? Math.abs(v) : 0)).sort()[Math.floor(0.97 * (values.length - 1))] || largest(values);
  /* Computed once for many cells: the colours of a theme, each as the four bytes of a pixel. */
  const SHADES = 64, shades = new Map();
  const shadesOf = (name) => {
    if (!shades.has(name)) shades.set(name, Array.from({ length: 2 * SHADES + 1 }, (_, i) => [...ramp(i / SHADES - 1, 0), 255]));
    return shades.get(name);
  };
  /* A picture whose pixels get their bytes from `fill`: at once, or later where it is a part of what is drawn `unseen`. */
  let waiting = null;
  const pixels = (wide, high, fill) => {
    const canvas = make("canvas", { width: wide, height: high, "aria-hidden": "true" });
    const paint = () => {
      const pen = canvas.getContext("2d", { willReadFrequently: true }), picture = pen.createImageData(wide, high);
      fill(picture.data);
      pen.putImageData(picture, 0, 0);
    };
    if (waiting) waiting.push(paint); else paint();
    return canvas;
  };
  /* What is drawn out of view, and what paints its pictures: making their surfaces takes a browser a quarter of the time. */
  const unseen = (draw) => {
    const paints = waiting = [];
    try { return [draw(), () => paints.splice(0).forEach((paint) => paint())]; } finally { waiting = null; }
  };
  /* Cells of a row, of seven pixels each of which the last is a gap, or of one where they are many. A gradient with as
     many stops looks the same, and takes a browser four times as long. */
  const striped = (values, scale) => {
    const colours = shadesOf(theme()), wide = values.length > 90 ? 1 : 7;
    return pixels(wide * values.length, 1, (bytes) => values.forEach((value, i) => {
      const colour = colours[SHADES + Math.round(SHADES * Math.min(Math.max(value / scale || 0, -1), 1))];
      for (let x = 0; x < Math.max(wide - 1, 1); x += 1) bytes.set(colour, 4 * (wide * i + x));
    }));
  };
  /* A row of numbers as one strip: arrows walk through it, and a click or Enter asks. */
  const strip = ({ values, scale, refs, names, label, start = 0 }) => {
    const box = make("div", { class: "strip", role: "slider", tabindex: "0", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": values.length - 1 });
    const mark = make("i", { class: "at" });
    const go = (i) => {
      const at = Math.min(Math.max(i, 0), values.length - 1);
      box.dataset.ask = refs(at);
      box.dataset.told = `${names(at)}: ${shortly(values[at])}`;
      box.setAttribute("aria-valuenow", at);
      box.setAttribute("aria-valuetext", box.dataset.told);
      mark.style.left = `${(100 * at) / values.length}%`;
      mark.style.width = `${86 / values.length}%`;
    };
    const under = (event) => {
      const { left, width } = box.getBoundingClientRect();
      go(Math.floor(((event.clientX - left) / width) * values.length));
    };
    box.addEventListener("pointermove", under);
    box.addEventListener("pointerdown", under);
    box.addEventListener("keydown", (event) => {
      const now = Number(box.getAttribute("aria-valuenow"));
      const to = { ArrowRight: now + 1, ArrowUp: now + 1, ArrowLeft: now - 1, ArrowDown: now - 1, Home: 0, End: values.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      go(to);
      box.dispatchEvent(new Event("told", { bubbles: true }));
    });
    box.append(striped(values, scale ?? largest(values)), mark);
    go(start);
    return box;
  };
  const svg = (tag, facts, ...children) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(facts)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  /* An entry as a plate: name, place, number, and a note on its part. */
  const plate = (entry, note = "") => make("button", { type: "button", class: "plate", "data-ask": entryRef(entry), "aria-label": say("{0}: where it comes from", spoken(entry)) },
    nameOf(entry.name), make("span", { class: "place", text: placeOf(entry) }), make("b", { text: shortly(entry.value) }), ...(note ? [make("small", { text: note })] : []));
  const operator = (text) => make("span", { class: "operator", "aria-hidden": "true", text });
  const joined = (plates, signs) => plates.flatMap((one, i) => (i ? [operator(signs[i - 1] ?? signs.at(-1)), one] : [one]));

  /* The terms of a sum: what each of them adds. */
  const stepsOf = (entry, terms) => terms.map((term) => {
    if (entry.kind === "variance") return (term[0].value - term[1].value) ** 2 / terms.length;
    if (entry.kind === "mean square") return term[0].value ** 2 / terms.length;
    return term.reduce((product, one) => product * one.value, 1) / (entry.kind === "mean" ? terms.length : 1);
  });
  const openAxis = (terms) => {
    const [one, two] = [terms[0], terms[1]].map((term) => Object.assign({}, ...term.map((cell) => cell.at)));
    return Object.keys(one).find((axis) => one[axis] !== two[axis]);
  };

  /* Bars that build up a sum, each from where the last one ended. */
  const waterfall = (steps, wide) => {
    const sums = steps.reduce((all, step) => [...all, all.at(-1) + step], [0]);
    const low = Math.min(...sums), high = Math.max(...sums), span = high - low || 1, tall = 132;
    const y = (value) => ((high - value) / span) * (tall - 8) + 4;
    const scale = largest(steps);
    const chart = svg("svg", { class: "waterfall", viewBox: `0 0 ${wide} ${tall}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    const line = (at, kind) => svg("line", { x1: 0, x2: wide, y1: y(at), y2: y(at), class: kind, "vector-effect": "non-scaling-stroke" });
    chart.append(line(0, "ground"));
    steps.forEach((step, i) => {
      const top = y(Math.max(sums[i], sums[i + 1])), own = Math.max(Math.abs(y(sums[i]) - y(sums[i + 1])), 0.8);
      chart.append(svg("rect", { x: i + 0.05, width: 0.86, y: top, height: own, fill: `rgb(${tint(step, scale * 0.6)})` }));
      chart.append(svg("line", { x1: i + 0.05, x2: Math.min(i + 1.91, wide), y1: y(sums[i + 1]), y2: y(sums[i + 1]), class: "step-line", "vector-effect": "non-scaling-stroke" }));
    });
    chart.append(line(sums.at(-1), "level"));
    return chart;
  };

  const labelled = (label, ...row) => make("div", { class: "figure-row" }, make("div", { class: "row-name" }, ...label), make("div", { class: "row-body" }, ...row));
  const factorRow = (cells, axis) => {
    const values = cells.map((cell) => cell.value);
    const where = placeOf(cells[0], [axis, "head", "batch"]);
    const names = (i) => `${plainName(cells[i].name)}, ${placeOf(cells[i])}`;
    const most = values.reduce((top, v, i) => (Math.abs(v) > Math.abs(values[top]) ? i : top), 0);
    const heading = [...new Set(cells.map((cell) => cell.name))].length === 1 ? nameOf(cells[0].name) : make("span", { text: say("inputs") });
    return labelled([heading, make("span", { class: "place", text: where })],
      strip({ values, refs: (i) => entryRef(cells[i]), names, start: most, label: `${plainName(cells[0].name)} ${where}` }));
  };
  const wordsOver = (terms, axis) => {
    const cells = terms.map((term) => term.find((cell) => axis in cell.at));
    if (terms.length > MOST_WORDS || (!isWord(cells[0], axis) && axis !== "head")) {
      return make("div", { class: "ends" }, make("span", { text: placed(cells[0], axis) }), make("span", { text: placed(cells.at(-1), axis) }));
    }
    return make("div", { class: "over" }, ...cells.map((cell) => make("span", { text: placed(cell, axis) })));
  };
  /* The terms that are summed over an axis; a bias is added to them and is none. */
  const mainOf = (terms) => {
    const names = (term) => term.map((cell) => cell.name).join();
    return terms.filter((term) => names(term) === names(terms[0]));
  };
  const summation = (entry, terms, main) => {
    const axis = openAxis(main), steps = stepsOf(entry, terms), mainSteps = steps.slice(0, main.length);
    const squared = entry.kind === "variance" || entry.kind === "mean square";
    const factors = main[0].slice(0, entry.kind === "variance" ? 1 : undefined).map((_, i) => main.map((term) => term[i]));
    const rows = [labelled([], wordsOver(main, axis)), ...factors.map((cells) => factorRow(cells, axis))];
    if (factors.length > 1 || squared) {
      const band = make("div", { class: "strip plain-strip", "aria-hidden": "true" }, striped(mainSteps, 0.6 * largest(mainSteps)));
      rows.push(labelled([make("em", { text: squared ? say("squares") : say("products") })], band));
    }
    rows.push(labelled([make("em", { text: say("sum so far") })], waterfall(mainSteps, main.length)));
    return [make("div", { class: "summation" }, ...rows), termList(entry, terms, main, axis)];
  };

  /* The largest terms, with what is left over, and all of them on request. */
  const factorButton = (cell) => make("button", { type: "button", class: "factor", "data-ask": entryRef(cell), "aria-label": say("{0}: where it comes from", spoken(cell)) }, make("b", { text: shortly(cell.value) }));
  const termLine = (entry, term, step, scale, axis) => {
    const bar = make("i", { class: "bar-of" }), cell = term.find((one) => axis in one.at && one.labels[axis] !== undefined);
    bar.style.width = `${(100 * Math.abs(step)) / scale}%`;
    bar.style.background = `rgb(${tint(step, 0.6 * scale)})`;
    const main = term.length > 1 || entry.terms[0].length === 1 && term[0].name === entry.terms[0][0].name;
    const called = main ? make("span", { class: "term-name", text: placed(cell, axis) }) : make("span", { class: "term-name" }, nameOf(term[0].name));
    return make("li", {}, called, make("span", { class: "factors" }, ...joined(term.map(factorButton), [entry.kind === "variance" ? "−" : "·"])),
      make("b", { text: shortly(step) }), make("span", { class: "bar-room", "aria-hidden": "true" }, bar));
  };
  const termList = (entry, terms, main, axis) => {
    const steps = stepsOf(entry, terms), scale = largest(steps), order = steps.map((_, i) => i).sort((a, b) => Math.abs(steps[b]) - Math.abs(steps[a]));
    const few = order.slice(0, order.length <= MOST_TERMS + 1 ? order.length : MOST_TERMS), rest = order.slice(few.length);
    const list = make("ol", { class: "terms" }), head = make("p", { class: "terms-head", "aria-hidden": "true" }, make("span"),
      make("span", { class: "factors" }, ...joined(main[0].map((cell) => nameOf(cell.name)), ["·"])), make("span", { text: say("term") }));
    return foldable({ list, before: [head], few, all: steps.map((_, i) => i), row: (i) => termLine(entry, terms[i], steps[i], scale, axis),
      left: shortly(rest.reduce((sum, i) => sum + steps[i], 0)), kind: "term-box" });
  };
  /* A list of a few rows, with what the others come to and a button for all. */
  const foldable = ({ list, before, few, all, row, left, kind }) => {
    const box = make("div", { class: kind }), foot = make("p", { class: "rest" });
    const fill = (whole) => {
      list.replaceChildren(...(whole ? all : few).map(row));
      if (few.length === all.length) return;
      const turn = () => { fill(!whole); foot.querySelector("button").focus(); };
      foot.replaceChildren(...(whole ? [] : [make("span", { text: say("and {0} smaller ones, together {1}", all.length - few.length, left) })]),
        make("button", { type: "button", class: "plain", text: whole ? say("Only the largest") : say("Show all {0}", all.length), on: { click: turn } }));
    };
    fill(false);
    box.append(...before, list, foot);
    return box;
  };

  /* A softmax: powers of e that share one whole. */
  const softmax = (entry) => {
    const axis = "key" in entry.at ? "key" : "vocab", cells = entry.terms.map(([cell]) => cell);
    const scores = cells.map((cell) => cell.value), top = Math.max(...scores);
    const powers = scores.map((score) => (top === -Infinity ? 0 : Math.exp(score - top)));
    const sum = powers.reduce((a, b) => a + b, 0), shares = powers.map((power) => (sum ? power / sum : 0));
    const own = entry.at[axis], order = shares.map((_, i) => i);
    const few = cells.length <= MOST_WORDS ? order : [...new Set([...order.toSorted((a, b) => shares[b] - shares[a]).slice(0, 8), own])];
    const whole = make("div", { class: "whole", "aria-hidden": "true" });
    for (const i of few) {
      const part = make("i", { class: i === own ? "own" : "", title: cells[i].labels[axis] });
      part.style.flexGrow = Math.max(shares[i], 0.0001);
      if (shares[i] > 0.12) part.append(make("span", { text: cells[i].labels[axis] }));
      whole.append(part);
    }
    const left = 1 - few.reduce((all, i) => all + shares[i], 0);
    if (few.length < cells.length) { const part = make("i"); part.style.flexGrow = Math.max(left, 0.0001); whole.append(part); }
    const row = (i) => {
      const bar = make("i", { class: "bar-of" });
      bar.style.width = `${100 * shares[i]}%`;
      return make("li", { class: i === own ? "own" : "" }, make("span", { class: "token", text: cells[i].labels[axis] }),
        factorButton(cells[i]),
        make("span", { class: "power", text: shortly(powers[i]) }), make("span", { class: "bar-room" }, bar, make("b", { text: share(shares[i]) })));
    };
    const head = make("p", { class: "shares-head", "aria-hidden": "true" }, make("span"), make("span", { text: axis === "key" ? say("score") : say("logit") }), make("span", { text: say("e^({0} − largest)", axis === "key" ? say("score") : say("logit")) }), make("span", { text: say("share of the whole") }));
    return [foldable({ list: make("ol", { class: "shares" }), before: [whole, head], few, all: order, row, left: share(left), kind: "softmax" })];
  };

  /* A norm: the number on the line of its row, with the mean and the spread. */
  const centred = (entry) => entry.terms[0].length > 2; /* an RMSNorm leaves the mean as it is */
  const norm = (entry, trace) => {
    const [x, ...others] = entry.terms[0], centre = centred(entry) ? others[0].value : 0;
    const spread = Math.sqrt(others.at(-1).value);
    const row = [...trace.row(x)], low = Math.min(...row, centre - spread), high = Math.max(...row, centre + spread);
    const at = (value) => `${(100 * (value - low)) / (high - low || 1)}%`;
    const put = (tag, kind, value, text = "") => { const one = make(tag, { class: kind, text }); one.style.left = at(value); return one; };
    const band = put("i", "band", centre - spread);
    band.style.width = `${(200 * spread) / (high - low || 1)}%`;
    const line = make("div", { class: "number-line", "aria-hidden": "true" }, band, ...row.map((value) => put("i", "tick", value)), put("i", "middle", centre), put("i", "mine", x.value),
      put("span", "mine-name", x.value, `x ${shortly(x.value)}`), put("span", "middle-name", centre, centred(entry) ? `${say("mean")} ${shortly(centre)}` : "0"));
    const notes = ["x", ...(centred(entry) ? [say("mean"), say("spread {0}", shortly(spread))] : [say("size {0}", shortly(spread))])];
    return [line, make("div", { class: "plates" }, ...joined([x, ...others].map((cell, i) => plate(cell, notes[i])), centred(entry) ? ["−", "÷ √"] : ["÷ √"]))];
  };

  /* A row picked from a table. */
  const gather = (entry, trace) => {
    const [id, picked] = entry.terms[0], table = trace.get(picked.name), [axis] = table.axes;
    const rows = table.shape[0], here = picked.index[0], column = picked.index[1];
    const first = Math.min(Math.max(here - 2, 0), Math.max(rows - 5, 0));
    const from = Math.min(Math.max(column - 8, 0), table.shape[1] - 16);
    const near = Array.from({ length: Math.min(5, rows) }, (_, i) => first + i);
    const seen = near.map((row) => trace.row({ name: picked.name, index: [row, 0] }).subarray(from, from + 16));
    const scale = Math.max(...seen.map(largest));
    const lines = near.map((row, i) => {
      const values = seen[i], word = table.labels[axis]?.[row];
      const line = strip({ values, scale, start: column - from, label: `${word ?? row}`,
        refs: (k) => refOf(picked.name, table.axes, [row, from + k]), names: (k) => `${word ?? row}, ${COUNTED.d_model} ${from + k}` });
      const one = labelled([make("span", { class: "place", text: row }), make("span", { text: word ?? "" })], line);
      if (row === here) one.classList.add("picked");
      return one;
    });
    return [make("div", { class: "summation lookup" }, ...lines), make("div", { class: "plates" }, ...joined([plate(id), plate(picked)], ["→"]))];
  };

  /* A curve with a point on it. */
  const curve = (f, [low, high], at) => {
    const xs = Array.from({ length: 121 }, (_, i) => low + ((high - low) * i) / 120), ys = xs.map(f);
    const top = Math.max(...ys, f(at)), bottom = Math.min(...ys, f(at)), span = top - bottom || 1;
    const point = (x) => [((x - low) / (high - low)) * 240, 6 + ((top - f(x)) / span) * 88];
    const chart = svg("svg", { class: "curve", viewBox: "0 0 240 100", "aria-hidden": "true" });
    const [px, py] = point(at), ground = 6 + (Math.min(Math.max(top, 0), span) / span) * 88;
    chart.append(svg("line", { class: "ground", x1: 0, x2: 240, y1: ground, y2: ground }), svg("polyline", { points: xs.map((x) => point(x).join()).join(" ") }),
      svg("line", { class: "drop", x1: px, x2: px, y1: ground, y2: py }), svg("circle", { cx: px, cy: py, r: 4.5 }));
    return chart;
  };
  /* Of the curves that it may be, the one on which the number lies. */
  const fitting = (curves, x, value) => curves.toSorted((f, g) => Math.abs(f(x) - value) - Math.abs(g(x) - value))[0];
  const ACTIVATIONS = [(x) => Math.max(x, 0), Math.tanh, (x) => x / (1 + Math.exp(-x)), (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))];
  const activation = (entry) => {
    const x = entry.terms[0][0], reach = Math.max(3, 1.2 * Math.abs(x.value));
    return [curve(fitting(ACTIVATIONS, x.value, entry.value), [-reach, reach], x.value), make("div", { class: "plates" }, plate(x))];
  };
  const sinusoid = (entry, trace) => {
    const place = entry.terms[0][0], wide = trace.get(entry.name).shape.at(-1), own = entry.at.d_model;
    const waves = [own - (own % 2), 2 * (own % (wide / 2))].flatMap((even) => [Math.sin, Math.cos].map((wave) => (p) => wave(p * 10000 ** (-even / wide))));
    return [curve(fitting(waves, place.value, entry.value), [0, Math.max(16, place.value * 1.3)], place.value), make("div", { class: "plates" }, plate(place))];
  };
  /* A pair as a point, before it is turned by its position and after. */
  const turned = (entry) => entry.terms[0][0].at.d_head !== entry.terms[1][0].at.d_head;
  const rotation = (entry, trace) => {
    const [[x, position], [partner]] = entry.terms;
    if (!turned(entry)) return [make("div", { class: "plates" }, plate(x))];
    const [first, second] = [x, partner].toSorted((one, other) => one.at.d_head - other.at.d_head), row = trace.row(entry);
    const size = Math.hypot(x.value, partner.value) || 1, place = ([a, b]) => [(50 * a) / size, (-50 * b) / size];
    const [[ax, ay], [bx, by]] = [place([first.value, second.value]), place([row[first.at.d_head], row[second.at.d_head]])];
    const chart = svg("svg", { class: "curve turn", viewBox: "-60 -60 120 120", "aria-hidden": "true" },
      svg("line", { class: "ground", x1: -56, x2: 56, y1: 0, y2: 0 }), svg("line", { class: "ground", x1: 0, x2: 0, y1: -56, y2: 56 }),
      svg("line", { class: "drop", x1: 0, y1: 0, x2: ax, y2: ay }), svg("polyline", { points: `0,0 ${bx},${by}` }), svg("circle", { cx: bx, cy: by, r: 3 }));
    return [chart, make("div", { class: "plates" }, ...[x, partner, position].map((one) => plate(one)))];
  };
  const scaled = (entry) => {
    const [x] = entry.terms[0], ratio = entry.value / x.value;
    const by = !Number.isFinite(ratio) ? "" : ratio < 1 ? `÷ ${shortly(Number((1 / ratio).toFixed(3)))}` : `· ${shortly(Number(ratio.toFixed(3)))}`;
    return [make("div", { class: "plates" }, plate(x), ...(by ? [operator(by)] : []))];
  };
  const masked = (entry) => {
    const hidden = entry.value === -Infinity;
    return [make("div", { class: "plates" }, plate(entry.terms[0][0]), operator(hidden ? say("hidden") : say("not hidden")))];
  };
  const added = (entry) => {
    const { terms } = entry;
    const plates = terms.map((term) => (term.length === 1 ? plate(term[0]) : make("span", { class: "product" }, ...joined(term.map((cell) => plate(cell)), ["·"]))));
    const steps = stepsOf(entry, terms);
    const bars = terms.length > 1 ? [make("div", { class: "summation added" }, labelled([make("em", { text: say("sum so far") })], waterfall(steps, terms.length)))] : [];
    return [make("div", { class: "plates" }, ...joined(plates, ["+"])), ...bars];
  };

  const summed = (entry) => {
    const main = mainOf(entry.terms);
    return main.length >= FEWEST ? summation(entry, entry.terms, main) : added(entry);
  };
  const copied = (entry) => [make("div", { class: "plates" }, ...entry.terms.map(([cell]) => plate(cell)))];
  const drawn = { softmax, norm, gather, activation, sinusoid, rotation, scale: scaled, mask: masked, copy: copied, product: added, "scale and shift": added, sum: summed,
    "matrix product": summed, "dot product": summed, "weighted sum": summed, mean: summed, variance: summed, "mean square": summed };
  const figure = (entry, trace) => (entry.terms.length ? (drawn[entry.kind] ?? summed)(entry, trace) : []);
  const told = (entry) => {
    if (entry.made === "learned") return [say("Here the way ends: this number was learned in training.")];
    if (!entry.kind) return [last(entry.name) === "ids" ? say("Here the way ends: this is the number of the word in the vocabulary, and it was given.") : say("This number was given.")];
    if (entry.kind === "mask") return [entry.value === -Infinity ? say("A mask hides this key.") : say("No mask hides this key.")];
    if (entry.kind === "rotation" && !turned(entry)) return [say("It stays as it is: only a part of each head is turned.")];
    if (entry.kind === "norm") return [centred(entry) ? say("Subtract the mean, and divide by the spread.") : say("Divide by the size of the row.")];
    return DONE[entry.kind] ?? [say("This is computed from them.")];
  };

  return { COUNTED, roleOf, shortly, share, refOf, entryRef, placeOf, nameOf, spoken, tint, usual, pixels, unseen, strip, figure, told, last, learned, kinds: Object.keys(drawn) };
})();
