/* The way of a sentence through the model, drawn down the page from a run. */
"use strict";
const MOST_NEXT = 5, MOST_WRITTEN = 10;
const BLOCK = /^(encoder|decoder)\.(\d+)\.(self_attn|cross_attn)\.weights$/;

class Journey {
  /* `turn` turns a knob, `redraw` draws all again, `done` is called when all is drawn; `whole` is false without room for all tensors. */
  constructor({ turn, redraw, done, whole }) {
    Object.assign(this, { turn, redraw, done, whole });
    this.heads = new Map();
    /* Layers that were opened (true) or closed (false), of a model with many. */
    this.unfolded = new Map();
    this.box = make("div", { class: "journey" });
    /* What paints the pictures of a station that is out of view, and when it comes near. */
    this.unpainted = new Map();
    this.nearing = new IntersectionObserver((seen) => seen.forEach(({ target, isIntersecting }) => { if (isIntersecting) this.paint(target); }), { rootMargin: "200px" });
  }
  /* From words to words, in the order in which the model computes. With `soon`, the rest is drawn after what is in view. */
  draw(runs, choice, soon = false) {
    Object.assign(this, { runs, choice });
    this.enlarge(choice.asked);
    const [reads, writes] = ["encoder", "decoder"].map((stack) => runs.now.model.has(stack));
    this.steps = make("div", { class: "next-words" });
    const stations = [
      ...(reads ? [() => this.station(say("Words become numbers"), this.tableWords("embed_src"), ...this.tokens("embed_src"))] : []),
      ...this.layers("encoder"),
      ...(writes ? [() => this.written(reads)] : []),
      ...this.layers("decoder"),
      ...(writes ? [() => this.station(say("The next word, step by step"), say("At each step the likeliest word is written, and read at the next."), this.drawSteps())] : []),
      ...(this.whole ? [() => this.inspect()] : [])];
    const old = [...this.box.children], put = (i) => this.replace(old[i], stations[i]());
    const { true: now = [], false: later = [] } = soon && old.length === stations.length ? Object.groupBy(old.keys(), (i) => inView(old[i]) || old[i].contains(document.activeElement)) : {};
    if (now.length + later.length) now.forEach(put); else { this.nearing.disconnect(); this.unpainted.clear(); this.box.replaceChildren(...stations.map((one) => one())); }
    this.waiting = later;
    const rest = () => {
      if (!later.length) { this.done(); return; }
      whenIdle(() => {
        const began = performance.now();
        if (later !== this.waiting) return; /* another run is drawn */
        do this.postpone(old[later[0]], stations[later.shift()]); while (later.length && performance.now() - began < TASK);
        rest();
      });
    };
    rest();
  }
  replace(old, station) {
    this.nearing.unobserve(old);
    this.unpainted.delete(old);
    old.replaceWith(station);
  }
  /* Replace a station that is out of view; its pictures are painted when it comes near. */
  postpone(old, draw) {
    const [station, paint] = figures.unseen(draw);
    this.replace(old, station);
    this.unpainted.set(station, paint);
    this.nearing.observe(station);
  }
  paint(station) {
    this.nearing.unobserve(station);
    this.unpainted.get(station)?.();
    this.unpainted.delete(station);
  }
  paintAll() { [...this.unpainted.keys()].forEach((station) => this.paint(station)); }
  written(reads) {
    const tokens = this.tokens("embed_tgt");
    if (reads) return this.station(say("The words that are written"), say("The decoder reads what it has written so far."), ...tokens);
    return this.station(say("Words become numbers"), `${this.tableWords("embed_tgt")} ${say("After your words come those that the model has written, in dashed frames.")}`, ...tokens);
  }
  tableWords(part) {
    const colours = say("In a row of numbers, blue is above zero and orange below.");
    if (this.runs.now.has(`${part}.positional`)) return `${say("Each word is a row of a table, and where it stands is added as a wave.")} ${colours}`;
    return `${say("Each word, or piece of a word, has a number that names a row of a table; a dot before a piece means that no space stands there.")} ${colours}`;
  }
  /* The tensors of a run that are drawn whole. */
  needs(run) {
    const layers = layersOf(run.names), open = [...layers].filter(([layer]) => layers.size <= FEW_LAYERS || this.isOpen(layer, layers));
    const small = run.targetTokens.length <= FEW_TOKENS ? [...layers.values()].flat() : [];
    return [...small, "embed_src.ids", "embed_src.sum", "embed_tgt.ids", "embed_tgt.sum", "logits", looksOf(run.names), ...open.flatMap(([layer, weights]) => inLayer(layer, weights))];
  }
  isOpen(layer, layers) { return this.unfolded.get(layer) ?? layer === [...layers.keys()].at(-1); }
  station(title, words, ...content) {
    return make("div", { class: "station", role: "group", "aria-label": title }, make("h3", { text: title }), make("p", { class: "lead", text: words }), ...content);
  }
  /* The layers of a stack; where there are many, they are folded, and each is drawn when it is opened. */
  layers(stack) {
    const all = layersOf(this.runs.now.names), own = [...all].filter(([layer]) => layer.startsWith(stack));
    if (all.size <= FEW_LAYERS) return own.map(([layer, weights]) => () => this.station(blockName(layer), this.layerWords(layer), ...this.layerParts(layer, weights)));
    const lead = `${this.layerWords(stack)} ${say("Open a layer to look closer.")}`;
    return own.length ? [() => this.station(say("{0} layers", own.length), lead, make("div", { class: "folds" }, ...own.map(([layer, weights]) => this.fold(layer, weights))))] : [];
  }
  fold(layer, weights) {
    const body = make("div", { class: "folded-body" }), layers = layersOf(this.runs.now.names);
    const fold = make("details", { class: "folded" }, make("summary", { "data-key": layer }, make("h4", { text: blockName(layer) }), this.small(layer, weights)), body);
    const fill = () => body.replaceChildren(...this.layerParts(layer, weights));
    fold.open = this.isOpen(layer, layers);
    if (fold.open) fill();
    fold.addEventListener("toggle", () => {
      if (fold.open === this.isOpen(layer, layers)) return;
      this.unfolded.set(layer, fold.open);
      if (fold.open) after(this.runs.fetch?.(inLayer(layer, weights)), fill);
    });
    return fold;
  }
  /* All heads of a layer that is folded, where their weights are at hand. */
  small(layer, weights) {
    const { now } = this.runs, known = weights.map((name) => now.get(name)).filter((tensor) => tensor?.values);
    return make("span", { class: "small-heads", "aria-hidden": "true" }, ...known.flatMap((tensor) => Array.from({ length: tensor.shape[1] }, (_, head) => this.picture(tensor, head))));
  }
  layerWords(layer) {
    if (layer.startsWith("encoder")) return say("Each word (a row) looks at all words (columns), by every head in its own way. The more a cell stands out, the larger the weight.");
    if (this.runs.now.model.has("encoder")) return say("Each written word looks back at those before it, and across at the sentence.");
    return say("Each word (a row) looks at itself and at those before it (columns), by every head in its own way. The more a cell stands out, the larger the weight; many heads give it to the first word when they have no use for it.");
  }
  /* A layer: its attentions, by the names of their weights, its hidden units, and what leaves it. */
  layerParts(layer, weights) {
    const { now } = this.runs, [hidden, result] = [`${layer}.ffn.post`, `${layer}.resid_post`];
    return [...weights.map((name) => this.attention(name.replace(/\.weights$/, ""))),
      ...(now.has(hidden) ? [make("h4", { text: say("feed-forward") }), this.rows(hidden, say("hidden units, after the activation"))] : []),
      ...(now.has(result) ? [this.rows(result, say("after this layer"))] : [])];
  }
  tokens(part) {
    const ids = this.runs.now.get(`${part}.ids`);
    const { prompt } = this.runs.now, given = part === "embed_tgt" && !this.runs.now.model.has("encoder") ? prompt : Infinity;
    const chips = make("div", { class: "tokens-row" }, ...[...ids.values].map((id, i) => make("button", { type: "button", class: `token-chip${i < given ? "" : " written"}`, "data-key": `${part}-${i}`, "data-ask": figures.refOf(ids.name, ids.axes, [0, i]),
      "data-told": say("{0}: number {1} in the vocabulary", ids.labels.position[i], id), "aria-label": say("{0}: number {1} in the vocabulary", ids.labels.position[i], id) },
    make("span", { text: ids.labels.position[i] }), make("small", { text: id }))));
    const positions = this.runs.now.has(`${part}.positional`);
    return [chips, this.rows(`${part}.sum`, positions ? say("its numbers: table row and position, added") : say("its numbers"))];
  }
  /* A row of numbers for each word. */
  rows(name, words) {
    const tensor = this.runs.now.get(name), [, count] = tensor.shape, pair = this.runs.pair(name), scale = figures.usual(tensor.values);
    const note = make("p", { class: "axis-note" }, make("span", { class: `name-of role-${figures.roleOf(name)}`, lang: "en", text: name }), make("span", { text: ` ${words}` }));
    const lines = Array.from({ length: count }, (_, row) => {
      const label = make("span", { class: "word", text: tensor.labels.position[row] });
      return make("div", { class: "figure-row" }, make("div", { class: "row-name" }, label), make("div", { class: "row-body" }, this.row(tensor, row, scale, pair)));
    });
    return make("div", { class: "rows", role: "group", "aria-label": name }, note, ...lines);
  }
  row({ name, axes, shape: [, , wide], values, labels }, row, scale, pair) {
    const own = values.subarray(row * wide, (row + 1) * wide), label = labels.position[row];
    const band = figures.strip({ values: own, scale, label: `${name}, ${label}`, refs: (i) => figures.refOf(name, axes, [0, row, i]), names: (i) => `${label}, ${figures.COUNTED[axes[2]]} ${i}` });
    band.dataset.key = `${name}-${row}`;
    if (pair && row < pair.ends[1] && own.some((value, i) => Math.abs(value - pair.old.values[row * wide + i]) > SAME)) band.classList.add("changed");
    return band;
  }
  /* Attention: every head small, one of them large. */
  attention(block) {
    const tensor = this.runs.now.get(`${block}.weights`), heads = tensor.shape[1], chosen = Math.min(this.heads.get(block) ?? 0, heads - 1);
    const kind = block.endsWith("cross_attn") ? say("cross-attention") : say("self-attention");
    const list = make("div", { class: "heads", role: "group", "aria-label": `${blockName(block)}: ${kind}` });
    for (let head = 0; head < heads; head += 1) list.append(this.thumbnail(block, tensor, head, head === chosen));
    return make("div", { class: "attention" }, make("h4", { text: kind }), make("div", { class: `attention-parts${tensor.shape[3] > MOST_WRITTEN ? " stacked" : ""}` }, list, this.grid(block, tensor, chosen)));
  }
  thumbnail(block, tensor, head, chosen) {
    const off = this.choice.off.includes(`${block}:${head}`), name = say("head {0}", letterOf(head));
    const enlarge = () => {
      this.heads.set(block, head);
      this.redraw();
    };
    const pick = make("button", { type: "button", class: "thumb", "aria-pressed": String(chosen), "aria-label": say("{0}: show it large", name), "data-key": `${block}-${head}`, on: { click: enlarge } },
      this.picture(tensor, head), make("span", { text: letterOf(head) }));
    const knob = make("button", { type: "button", class: "off", "aria-pressed": String(off), "data-key": `${block}-${head}-off`, text: off ? say("is off") : say("turn off"),
      "aria-label": say("{0}, {1}: turn off", blockName(block), name), on: { click: () => this.turn("off", `${block}:${head}`) } });
    return make("div", { class: `head${off ? " yours" : ""}` }, pick, knob);
  }
  /* The weights of a head, a point for each. */
  picture({ shape: [, , rows, columns], values }, head) {
    return figures.pixels(columns, rows, (bytes) => {
      for (let i = 0; i < rows * columns; i += 1) bytes.set([...figures.tint(values[head * rows * columns + i], 1, 1), 255], 4 * i);
    });
  }
  grid(block, tensor, head) {
    const [, , rows, columns] = tensor.shape, pair = this.runs.pair(tensor.name);
    const top = make("tr", {}, make("td", { class: "corner" }), ...tensor.labels.key.slice(0, columns).map((word) => make("th", { scope: "col" }, make("span", { text: word }))));
    const body = make("tbody");
    for (let row = 0; row < rows; row += 1) {
      const line = make("tr", {}, make("th", { scope: "row", text: tensor.labels.query[row] }));
      for (let column = 0; column < columns; column += 1) line.append(this.cell(tensor, head, row, column, pair));
      body.append(line);
    }
    const table = make("table", { class: columns > 8 ? "tight" : "", role: "grid", "aria-label": say("{0}, head {1}: weights", blockName(block), letterOf(head)) }, make("thead", {}, top), body);
    table.addEventListener("keydown", walk);
    body.querySelector("td").tabIndex = 0;
    return make("div", { class: "grid" }, table);
  }
  cell(tensor, head, row, column, pair) {
    const [, , rows, columns] = tensor.shape, value = tensor.values[(head * rows + row) * columns + column], rgb = figures.tint(value, 1, 1);
    const within = pair && row < pair.ends[2] && column < pair.ends[3];
    const was = within ? pair.old.values[(head * pair.old.shape[2] + row) * pair.old.shape[3] + column] : value;
    const told = `${tensor.labels.query[row]} → ${tensor.labels.key[column]}: ${figures.shortly(value)}`;
    const differs = Math.abs(was - value) > SAME;
    const past = differs ? `, ${say("before {0}", figures.shortly(was))}` : "";
    const cell = make("td", { tabindex: "-1", class: differs ? "changed" : "", "data-row": row, "data-column": column, "data-ask": figures.refOf(tensor.name, tensor.axes, [0, head, row, column]),
      "data-key": `${tensor.name}-${head}-${row}-${column}`, "data-told": told + past, "aria-label": told + past });
    cell.style.background = `rgb(${rgb})`;
    cell.style.color = inkOn(rgb);
    if (columns <= MOST_WRITTEN) cell.append(make("span", { text: tiny(value) }));
    return cell;
  }
  /* At each step the words that could come next. */
  drawSteps() {
    const { temperature } = this.choice, { now, before, shared, same } = this.runs, logits = now.get("logits");
    const cards = Array.from({ length: logits.shape[1] }, (_, row) => {
      const compared = row < shared && (!same || temperature !== 1);
      return this.step(logits, row, sharesAt(logits, row, temperature), compared ? sharesAt(before.get("logits"), row, 1) : null);
    });
    const note = make("p", { class: "by", text: say("at your temperature {0}", temperature.toFixed(1)) });
    this.steps.classList.toggle("yours", temperature !== 1);
    this.steps.replaceChildren(...(temperature === 1 ? [] : [note]), ...cards);
    return this.steps;
  }
  step(logits, row, shares, past) {
    const order = largestOf(shares, MOST_NEXT);
    const lines = order.map((word, i) => this.nextWord(logits, row, word, shares[word], past?.[word], i === 0));
    return make("div", { class: "next" }, make("p", { class: "after" }, make("small", { text: say("after") }), make("span", { text: spelled(this.runs.now.targetTokens[row]) })),
      make("p", { class: "chosen", text: spelled(logits.labels.vocab[order[0]]) }), make("ol", {}, ...lines));
  }
  nextWord(logits, row, word, share, was, first) {
    const text = spelled(logits.labels.vocab[word]), bar = make("i", { class: "bar-of" }), past = make("i", { class: "bar-was" });
    bar.style.width = `${100 * share}%`;
    const differs = was !== undefined && Math.abs(was - share) > 0.0005;
    if (differs) past.style.left = `${100 * was}%`;
    const told = `${text}: ${figures.share(share)}${differs ? `, ${say("before {0}", figures.share(was))}` : ""}`;
    return make("li", {}, make("button", { type: "button", class: first ? "first" : "", "data-ask": figures.refOf("probs", logits.axes, [0, row, word]), "data-key": `next-${row}-${word}`, "data-told": told, "aria-label": told },
      make("span", { class: "word", text }), make("span", { class: "bar-room" }, bar, ...(differs ? [past] : [])), make("span", { class: "number", text: figures.share(share) })));
  }
  /* Any tensor of this run. */
  inspect() {
    const names = this.runs.now.names, box = make("div", {});
    const choose = make("select", { "data-key": "tensor", "aria-label": say("A tensor of this sentence"), on: { change: () => { this.opened = choose.value; fill(); } } }, make("option", { value: "", text: say("choose a tensor") }),
      ...names.map((name) => make("option", { value: name, text: name })));
    choose.value = names.includes(this.opened) ? this.opened : "";
    const show = (tensor) => {
      this.inspector?.close();
      this.inspector = tensor ? new Inspector(tensor, [], true, { past: this.pastIn(tensor), at: this.spokenIn(tensor) }) : null;
      box.replaceChildren(...(this.inspector ? [this.inspector.box] : []));
    };
    const { now } = this.runs, name = () => choose.value;
    const fill = () => after(name() && (now.window?.(name()) ?? windowed(now.get(name()))), show);
    fill();
    return this.station(say("All tensors"), say("Every number of this run, to look into and to ask."), choose, box);
  }
  /* The number at an index of a tensor before a learner's changes; null where it is the same, or nothing stood there. */
  pastIn({ name }) {
    const pair = this.runs.pair(name);
    return (index, value) => {
      if (!pair || index.some((i, axis) => i >= pair.ends[axis])) return null;
      const was = pair.old.values[index.reduce((flat, i, axis) => flat * pair.old.shape[axis] + i, 0)];
      return Math.abs(was - value) > SAME ? was : null;
    };
  }
  /* The place at which a tensor opens: that of the entry that is asked, else at the head of its block that is shown large. */
  spokenIn({ name, axes }) {
    const wanted = asked(this.choice.asked ?? ""), block = [...this.heads.keys()].find((one) => name.startsWith(`${one}.`));
    const at = wanted?.name === name ? wanted.at : { head: this.heads.get(block) };
    return axes.map((axis) => at[axis] ?? 0);
  }
  /* Show the head large that is asked now; false if it was, or none is. */
  enlarge(reference) {
    const wanted = asked(reference), found = /^(.*_attn)\./.exec(wanted?.name ?? ""), before = this.heads.get(found?.[1]);
    if (reference === this.spoken || !found || wanted.at.head === undefined) return false;
    this.spoken = reference;
    this.heads.set(found[1], wanted.at.head);
    return before !== wanted.at.head;
  }
}

/* Stations are drawn together for so many milliseconds, since between two tasks the browser lays out the whole page. */
const TASK = 24;
/* When nothing else is to be done, and at the latest after two pictures of the screen: a busy browser may never be idle. */
const whenIdle = (draw) => (globalThis.requestIdleCallback ? requestIdleCallback(draw, { timeout: 32 }) : setTimeout(draw));
const inView = (part) => part.getBoundingClientRect().bottom > 0 && part.getBoundingClientRect().top < innerHeight;
/* Layers are drawn one below the other up to so many, and else are folded. */
const FEW_LAYERS = 6;
/* Of a text of so many tokens, all heads are shown. */
const FEW_TOKENS = 48;
/* The layers of a run, each with the names of its attention weights. */
const layersOf = (names) => {
  const found = names.map((name) => BLOCK.exec(name)).filter(Boolean);
  return new Map([...Map.groupBy(found, ([, part, layer]) => `${part}.${layer}`)].map(([layer, own]) => [layer, own.map(([name]) => name)]));
};
const inLayer = (layer, weights) => [...weights, `${layer}.ffn.post`, `${layer}.resid_post`];
/* A token as it is written: "·" marks a piece that goes on with a word, and is no letter of it. */
const SIGNS = { "[newline]": "↵", "[space]": "␣", "·": "·" };
const spelled = (token) => SIGNS[token] ?? token.replace(/^·/, "");
/* True where no space stands before a token, in a text in which it follows `before`. */
const joins = (token, before) => before === undefined || /^([?.,]$|·|\[)/.test(token) || before === "¿" || before.startsWith("[");
/* The places of the largest numbers, the largest first. */
const largestOf = (values, count) => {
  const found = [];
  values.forEach((value, i) => {
    if (found.length === count && value <= values[found.at(-1)]) return;
    const at = found.findIndex((other) => value > values[other]);
    found.splice(at < 0 ? found.length : at, 0, i);
    if (found.length > count) found.pop();
  });
  return found;
};

/* A weight in a small cell. */
const tiny = (value) => {
  if (value === 0 || value === 1) return String(value);
  return value < 0.01 ? "<.01" : value > 0.995 ? ">.99" : value.toFixed(2).slice(1);
};
/* The shares of all words after a place of the target: softmax(logits / temperature). */
const sharesAt = (logits, row, temperature) => {
  const wide = logits.shape[2], own = logits.values.subarray(row * wide, (row + 1) * wide), top = Math.max(...own);
  const powers = Array.from(own, (x) => Math.exp((x - top) / temperature)), sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
};
/* A tensor as the inspector reads it: of a large one the first places along each axis. */
const windowed = (tensor) => {
  const kept = tensor.shape.map((size) => (size > 64 && tensor.shape.reduce((a, b) => a * b, 1) > 8192 ? Array.from({ length: 32 }, (_, i) => i) : null));
  if (kept.every((one) => one === null)) return { ...tensor, kept, values: [...tensor.values] };
  const places = kept.map((own, axis) => own ?? Array.from({ length: tensor.shape[axis] }, (_, i) => i));
  const strides = tensor.shape.map((_, axis) => tensor.shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const flats = places.reduce((found, own, axis) => found.flatMap((flat) => own.map((i) => flat + i * strides[axis])), [0]);
  const labels = Object.fromEntries(tensor.axes.map((axis, i) => [axis, tensor.labels[axis] && places[i].map((at) => tensor.labels[axis][at])]));
  return { name: tensor.name, axes: tensor.axes, shape: tensor.shape, labels, kept, values: flats.map((flat) => tensor.values[flat]) };
};
