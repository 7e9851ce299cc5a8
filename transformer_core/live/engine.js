/* A model that runs in the page, and explains every number of the run.

   `export.py` wrote the data: for each tensor the operation that makes it, and its parents. An axis that parent and
   result share has the same place in both, and over an axis that only the parent has, terms are run through. The same
   places serve to compute a whole tensor and to explain one entry of it, in double precision. */
"use strict";
const live = (() => {
  const PLACES = ["position", "query", "key"];
  const last = (name) => name.slice(name.lastIndexOf(".") + 1);
  const isLearned = (name) => name.startsWith("parameters.");
  const count = (sizes) => sizes.reduce((all, size) => all * size, 1);
  const strides = (sizes) => sizes.map((_, axis) => count(sizes.slice(axis + 1)));
  const sum = (values) => values.reduce((all, value) => all + value, 0);
  const dot = (a, b) => { let all = 0; for (let i = 0; i < a.length; i += 1) all += a[i] * b[i]; return all; };
  const times = (term) => term.reduce((all, value) => all * value, 1);

  /* A tensor: values in reading order, a word for each axis, and the words that run along an axis. */
  class Tensor {
    constructor(name, axes, shape, labels, parents = [], values = new Float64Array(count(shape))) {
      Object.assign(this, { name, axes, shape, labels, parents, values, strides: strides(shape), kept: shape.map(() => null) });
    }
    size(axis) { const at = this.axes.indexOf(axis); return at < 0 ? 0 : this.shape[at]; }
    /* The place in `values` of an entry, given by its place along each axis. */
    flat(at) { return sum(this.axes.map((axis, i) => (this.shape[i] > 1 ? (at[axis] ?? 0) : 0) * this.strides[i])); }
    /* The values along the last axis, from a place in `values` on. */
    row(flat) { return this.values.subarray(flat, flat + this.shape.at(-1)); }
    at(flat) { return Object.fromEntries(this.axes.map((axis, i) => [axis, Math.floor(flat / this.strides[i]) % this.shape[i]])); }
  }

  /* erfc(x) to 1e-15 or so: its series where x is small, a continued fraction where it is not. */
  const erfc = (x) => {
    if (x < 0) return 2 - erfc(-x);
    if (x < 2) {
      let term = x, total = x;
      for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(total); n += 1) { term *= (-x * x) / n; total += term / (2 * n + 1); }
      return 1 - (2 / Math.sqrt(Math.PI)) * total;
    }
    let below = x;
    for (let n = 60; n > 0; n -= 1) below = x + n / 2 / below;
    return Math.exp(-x * x) / (Math.sqrt(Math.PI) * below);
  };
  const ACTIVATIONS = {
    relu: (x) => Math.max(x, 0),
    gelu: (x) => x * 0.5 * erfc(-x / Math.SQRT2),
    "gelu-tanh": (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
    silu: (x) => x / (1 + Math.exp(-x)),
  };

  /* The number that an operation makes of the values of its terms. `here` has the tensor, the place along each axis,
     and the settings of the model. These are the functions of `operations.py`, by their names there. */
  const total = (_, terms) => sum(terms.map(times));
  const COMPUTE = {
    total,
    tanh: (_, terms) => Math.tanh(total(_, terms)),
    sigmoid: (_, terms) => 1 / (1 + Math.exp(-total(_, terms))),
    softmax: ({ at, along }, terms) => {
      const row = terms.map(([x]) => x), top = Math.max(...row);
      return top === -Infinity ? 0 : Math.exp(row[at[along]] - top) / sum(row.map((x) => Math.exp(x - top)));
    },
    mask: ({ tensor, at, config }, [[x]]) => {
      if (!tensor.name.startsWith("decoder.") || !tensor.name.includes(".self_attn.")) return x;
      const ahead = at.key - at.query - (tensor.size("key") - tensor.size("query")), layer = Number(tensor.name.split(".")[1]);
      const window = (config.full_attention_layers ?? []).includes(layer) ? 0 : config.sliding_window ?? 0;
      return (ahead > 0 && config.causal_mask !== false) || (window && ahead <= -window) ? -Infinity : x;
    },
    over_root: ({ tensor, config }, [[x]]) => {
      const own = tensor.name.includes(".cross_attn.") ? 0 : config.head_size ?? 0;
      return config.attention_scale === false ? x : x / Math.sqrt(own || Math.floor(config.d_model / tensor.size("head")));
    },
    times_root: ({ config }, [[x]]) => (config.embedding_scale === false ? x : x * Math.sqrt(config.d_model)),
    mean: (_, terms) => sum(terms.map(([x]) => x)) / terms.length,
    variance: (_, terms) => sum(terms.map(([x, middle]) => (x - middle) ** 2)) / terms.length,
    normalize: ({ config }, [[x, middle, spread]]) => (x - middle) / Math.sqrt(spread + config.norm_eps),
    mean_square: (_, terms) => sum(terms.map(([x]) => x * x)) / terms.length,
    root_mean_square: ({ config }, [[x, square]]) => x / Math.sqrt(square + config.norm_eps),
    activation: ({ config }, [[x]]) => ACTIVATIONS[config.activation](x),
    gathered: (_, [[, entry]]) => entry,
    sinusoid: ({ at, config }, [[position]]) => {
      const { d_model: d } = config, place = at.d_model, halves = config.positions === "halves", half = Math.ceil(d / 2);
      const [odd, pair] = halves ? [place >= half, place % half] : [place % 2 === 1, Math.floor(place / 2)];
      const angle = position * Math.exp(((2 * pair) / d) * -Math.log(10000));
      return (halves ? Math.fround : Number)(odd ? Math.cos(angle) : Math.sin(angle));
    },
    rotation: ({ tensor, at, config }, [[x, position], [partner]]) => {
      const { frequency, sign } = turn(config.rotary, tensor.size("d_head"), at.d_head);
      return x * Math.cos(position * frequency) + sign * partner * Math.sin(position * frequency);
    },
  };

  /* Of rotary positions: the frequency at which an entry of a head turns, its partner, and the sign of its share. */
  const turn = (rotary, width, entry) => {
    const pairs = Math.floor((width * rotary.fraction) / 2);
    if (entry >= 2 * pairs) return { frequency: 0, sign: 0, partner: entry };
    const halves = rotary.layout === "halves";
    const [second, pair] = halves ? [entry >= pairs, entry % pairs] : [entry % 2 === 1, Math.floor(entry / 2)];
    const plain = rotary.base ** ((-2 * pair) / (2 * pairs));
    const turns = (rotary.trained_positions * plain) / (2 * Math.PI);
    const kept = rotary.scaling !== "llama3" ? 0 : Math.min(Math.max((turns - rotary.low) / (rotary.high - rotary.low), 0), 1);
    const frequency = rotary.scaling === "none" ? plain : ((1 - kept) * plain) / rotary.factor + kept * plain;
    return { frequency, sign: second ? 1 : -1, partner: halves ? (entry + pairs) % (2 * pairs) : entry ^ 1 };
  };

  /* Which entries of the factors of one product belong to an entry of `result`: for each axis of a factor, either the
     axis of the result that it follows and its place there by that axis's place, or one of the `open` axes, which are
     run through. */
  const matched = (result, factors, operation, config, partner) => {
    const sizes = Object.fromEntries(factors.flatMap((factor) => factor.axes.map((axis, i) => [axis, factor.shape[i]])));
    const closed = result.axes.filter((axis) => !operation.along.includes(axis));
    const same = (i) => i, follows = {};
    for (const axis of closed) if (axis in sizes) follows[axis] = [axis, same];
    const behind = (axis, theirs) => (i) => i - (result.size(axis) - sizes[theirs]); /* what stands before came out of a cache */
    const gone = PLACES.filter((axis) => closed.includes(axis) && !(axis in sizes));
    const fresh = PLACES.filter((axis) => axis in sizes && !result.axes.includes(axis));
    gone.forEach((axis, i) => { if (fresh[i]) follows[fresh[i]] = [axis, behind(axis, fresh[i])]; });
    const beside = ["d_concat", "d_model"].find((axis) => closed.includes(axis) && !(axis in sizes));
    if ("d_head" in sizes && beside) { /* heads beside each other */
      follows.head = [beside, (i) => Math.floor(i / sizes.d_head)];
      follows.d_head = [beside, (i) => i % sizes.d_head];
    }
    if ("kv_head" in sizes && closed.includes("head") && !follows.kv_head) { /* which several heads share */
      const group = result.size("head") / sizes.kv_head;
      follows.kv_head = ["head", (i) => Math.floor(i / group)];
    }
    if ("d_out" in sizes && closed.includes("d_model")) { /* a square matrix whose result is as wide as the stream */
      follows.d_out = ["d_model", same];
      delete follows.d_model;
      follows.position ??= [null, () => 0]; /* BERT's pooler reads the first token */
    }
    if (partner) follows.d_head = ["d_head", (i) => turn(config.rotary, sizes.d_head, i).partner];
    const open = Object.keys(sizes).filter((axis) => !(axis in follows));
    return { follows, open, sizes };
  };

  class SentenceError extends Error {
    constructor(code, message, facts = {}) { super(message); Object.assign(this, { code }, facts); }
  }

  class Model {
    constructor(data) {
      const { name, facts, config, vocabulary, most, operations, points, parameters } = data;
      Object.assign(this, { name, facts, config, vocabulary, most, operations, points });
      this.source = vocabulary.source;
      this.target = vocabulary.target;
      this.ids = new Map(this.source.map((word, id) => [word, id]));
      this.learned = new Map(parameters.map((one) => {
        const labels = this.labels(one.labels, {});
        return [one.name, new Tensor(one.name, one.axes, one.sizes, labels, [], decoded(one.bytes, one.type))];
      }));
      this.switches = ["attention_scale", "positional", "causal_mask"];
      this.has = (stack) => points.some((point) => point.name.startsWith(`${stack}.`));
      /* The points that a further word of the target changes. */
      this.late = new Set(points.filter((point) => point.sizes.includes("target")).map((point) => point.name));
    }
    labels(named, tokens) {
      const words = { "source words": this.source, "target words": this.target, ...tokens };
      return Object.fromEntries(Object.entries(named).map(([axis, whose]) => [axis, words[whose]]));
    }
    /* The tokens of a sentence, as they were typed and as ids.
       Throws SentenceError: its `code` is "empty", "long" or "unknown". */
    read(text) {
      const labels = pieces(text), { longest } = this.vocabulary;
      if (!labels.length) throw new SentenceError("empty", "there is no word to read");
      if (labels.length > longest) throw new SentenceError("long", `${labels.length} words, at most ${longest}`, { words: labels.length, longest });
      const unknown = [...new Set(labels.map((label) => label.toLowerCase()).filter((word) => (this.ids.get(word) ?? 0) < 3))];
      if (unknown.length) throw new SentenceError("unknown", unknown.join(", "), { unknown, near: unknown.map((word) => this.near(word)) });
      return { labels, ids: labels.map((label) => this.ids.get(label.toLowerCase())) };
    }
    /* Known words that are written much like an unknown one, at most two. */
    near(unknown) {
      return this.source.slice(3).map((known) => [alike(unknown, known), known])
        .filter(([share]) => share > 0.5).sort(([a], [b]) => b - a).slice(0, 2).map(([, known]) => known);
    }
    /* Read `text`, write what the model writes, or what is given as `target`, and trace one pass over both.

       `edits` change entries before they flow on: {name, at, value} or {name, at, times}, `at` a place along some axes.
       `config` changes settings of the model for this run: attention_scale, causal_mask, positional. */
    run(text, { target = null, edits = [], config = {} } = {}) {
      const { labels, ids } = this.read(text), { start, end, longest } = this.vocabulary, { times: often, more, continued } = this.most;
      const alone = !this.has("encoder"), begun = alone ? ids : [start];
      const given = { source: alone ? null : { ids, labels }, settings: { ...this.config, ...config }, edits: [...edits] };
      if (config.positional === false) {
        for (const side of ["src", "tgt"]) given.edits.push({ name: `embed_${side}.positional`, at: {}, times: 0 });
      }
      const words = (written) => [...(alone ? labels : [this.target[start]]), ...written.map((id) => this.target[id])];
      let trace = new Trace(this, text, given, labels);
      if (!this.has("decoder")) return trace.compute(this.points);
      const room = Math.min(alone ? continued : often * ids.length + more, longest, this.config.max_positions - begun.length);
      const written = target ? [...target] : [], early = this.points.filter((point) => !this.late.has(point.name));
      const first = trace.compute(early);
      for (trace = first; !target && written.length < room;) {
        /* A row that is written changes no row before it, unless a query may see what comes after it. */
        trace = (config.causal_mask === false ? first : trace).with([...begun, ...written], config.causal_mask !== false);
        const row = trace.get("logits").values.slice(-this.target.length);
        const next = row.reduce((best, value, id) => (value > row[best] ? id : best), 0);
        if (next === end) break;
        written.push(next);
      }
      return first.with([...begun, ...written], false, words(written)).wrote(written);
    }
  }

  /* Every tensor of one run, by name. */
  class Trace {
    constructor(model, text, given, tokens) {
      Object.assign(this, { model, text, given, tokens, tensors: new Map(), output: "", targetTokens: [], before: null, skipped: 0 });
    }
    get names() { return [...this.model.points.map((point) => point.name), ...this.model.learned.keys()].filter((name) => this.has(name)); }
    get(name) { return this.tensors.get(name) ?? this.model.learned.get(name); }
    has(name) { return this.get(name) !== undefined; }
    /* The same run with these ids of the target. As a `step`, only the rows of its last id are computed; keys and values
       of those before it are taken from this run, as from a cache. */
    with(ids, step, labels = []) {
      const next = new Trace(this.model, this.text, { ...this.given, target: { ids, labels } }, this.tokens);
      for (const [name, tensor] of this.tensors) if (!this.model.late.has(name)) next.tensors.set(name, tensor);
      next.targetTokens = labels;
      next.before = step && this.given.target ? this : null;
      next.skipped = next.before ? ids.length - 1 : 0;
      return next.compute(this.model.points.filter((point) => this.model.late.has(point.name)));
    }
    wrote(written) {
      this.prompt = this.targetTokens.length - written.length;
      this.written = written.map((id) => this.model.target[id]);
      this.output = this.written.join(" ").replace(/\s+([?.,])/g, "$1").replaceAll("¿ ", "¿");
      return this;
    }
    compute(points) {
      for (const point of points) {
        const skipped = (axis, size) => (size === "target" && axis !== "key" ? this.skipped : 0);
        const sizes = point.sizes.map((size, i) => (typeof size === "string" ? this.given[size].ids.length - skipped(point.axes[i], size) : size));
        const tokens = { source: this.given.source?.labels, target: this.given.target?.labels };
        const tensor = new Tensor(point.name, point.axes, sizes, this.model.labels(point.labels, tokens), point.parents);
        if (point.operation === null) this.fill(tensor, point); else this.make(tensor, point);
        this.edit(tensor);
        this.tensors.set(point.name, tensor);
      }
      return this;
    }
    /* Numbers that the model is given: the ids, and the places at which they stand. */
    fill(tensor, point) {
      const whose = point.sizes.find((size) => typeof size === "string");
      const kind = last(point.name), ids = this.given[whose].ids, from = ids.length - tensor.values.length;
      if (kind === "ids") tensor.values.set(ids.slice(from));
      else if (kind.endsWith("positions") || kind === "position_ids") tensor.values.forEach((_, i) => { tensor.values[i] = from + i; });
    }
    /* The factors of each product of a point, each with where its entries stand (`matched`). */
    products(tensor, point) {
      const operation = this.model.operations[point.operation];
      return point.terms.flatMap((names) => {
        const factors = names.map((name) => this.get(name));
        const turned = operation.kind === "rotation" ? [false, true] : [false];
        return turned.map((partner) => ({ factors, ...matched(tensor, factors, operation, this.given.settings, partner) }));
      });
    }
    make(tensor, point) {
      const operation = this.model.operations[point.operation], products = this.products(tensor, point);
      const kept = this.before && ["k", "v"].includes(last(point.name)) && point.sizes.includes("target") && this.before.get(point.name);
      const key = kept ? tensor.axes.indexOf("key") : -1;
      if (kept) eachRow(kept, kept.axes.length - 1, (place, flat) => tensor.values.set(kept.row(flat), dot(place, tensor.strides)));
      if (operation.kind === "gather") return this.gather(tensor, products[0]);
      const plans = products.map((product) => plan(tensor, product));
      if (["total", "tanh", "sigmoid"].includes(operation.compute)) {
        plans.forEach((each) => addProducts(tensor, each, key));
        if (operation.compute !== "total") tensor.values.forEach((x, i) => { tensor.values[i] = COMPUTE[operation.compute](null, [[x]]); });
        return tensor;
      }
      const here = { tensor, config: this.given.settings, along: operation.along[0], at: {} };
      if (operation.compute === "softmax") return softmaxRows(tensor, plans[0], here);
      return eachEntry(tensor, plans, COMPUTE[operation.compute], here);
    }
    gather(tensor, { factors: [ids, table] }) {
      const width = tensor.size("d_model"), rows = tensor.values.length / width;
      for (let row = 0; row < rows; row += 1) {
        const from = ids.values[row] * width;
        tensor.values.set(table.values.subarray(from, from + width), row * width);
      }
      return tensor;
    }
    edit(tensor) {
      for (const { at, value, times: factor } of this.given.edits.filter((one) => one.name === tensor.name)) {
        const asked = Object.entries(at), late = this.model.late.has(tensor.name);
        const skipped = (axis) => (late && (axis === "position" || axis === "query") ? this.skipped : 0);
        tensor.values.forEach((old, flat) => {
          const place = tensor.at(flat);
          if (asked.every(([axis, i]) => place[axis] + skipped(axis) === i)) tensor.values[flat] = factor === undefined ? value : old * factor;
        });
      }
    }
    /* The entry of `name` at a place along each axis; an axis with one place need not be named. */
    explain(name, at = {}) { return new Entry(this, name, at); }
    /* The same; null where the tensor, or its place, is not there. */
    entry(name, at) {
      const tensor = this.has(name) ? this.get(name) : null;
      return tensor && tensor.axes.every((axis, i) => (at[axis] ?? 0) < tensor.shape[i]) ? this.explain(name, at) : null;
    }
    /* The values along the last axis at the place of an entry. */
    row({ name, index }) {
      const tensor = this.get(name);
      return tensor.row(dot([...index.slice(0, -1), 0], tensor.strides));
    }
    /* Names of the tensors that have other values in `other`, or another shape. */
    differs(other) {
      const same = (a, b) => b && a.values.length === b.values.length && a.values.every((value, i) => Object.is(value, b.values[i]));
      return this.names.filter((name) => !isLearned(name) && !same(this.get(name), other.get(name)));
    }
  }

  /* One number of a trace. Its terms are found when they are asked for, and can be asked in turn. */
  class Entry {
    constructor(trace, name, at) {
      this.trace = trace;
      this.name = name;
      this.tensor = trace.get(name);
      this.at = Object.fromEntries(this.tensor.axes.map((axis) => [axis, at[axis] ?? 0]));
      this.point = trace.model.points.find((point) => point.name === name && point.operation !== null);
      this.operation = this.point ? trace.model.operations[this.point.operation] : null;
    }
    get index() { return this.tensor.axes.map((axis) => this.at[axis]); }
    get labels() { return Object.fromEntries(this.tensor.axes.map((axis) => [axis, this.tensor.labels[axis]?.[this.at[axis]] ?? String(this.at[axis])])); }
    get value() { return this.tensor.values[this.tensor.flat(this.at)]; }
    get kind() { return this.operation?.kind ?? null; }
    get equation() { return this.operation?.equation ?? null; }
    get made() { return this.operation ? "computed" : isLearned(this.name) ? "learned" : "given"; }
    get terms() {
      if (!this.operation) return [];
      const entry = (tensor, at) => new Entry(this.trace, tensor.name, Object.fromEntries(tensor.axes.map((axis) => [axis, at[axis]])));
      return this.trace.products(this.tensor, this.point).flatMap(({ factors, follows, open, sizes }) => {
        const at = {};
        for (const [axis, [from, place]] of Object.entries(follows)) at[axis] = place(this.at[from]);
        if (this.kind === "gather") { /* the row is named by the entry of the ids that stands where this one does */
          const [ids, table] = factors, id = entry(ids, at), rows = table.axes.find((axis) => axis !== "d_model");
          return [[id, entry(table, { [rows]: id.value, d_model: this.at.d_model })]];
        }
        const found = [];
        for (let turnOf = 0; turnOf < count(open.map((axis) => sizes[axis])); turnOf += 1) {
          let left = turnOf;
          for (const axis of open.toReversed()) { at[axis] = left % sizes[axis]; left = Math.floor(left / sizes[axis]); }
          found.push(factors.map((tensor) => entry(tensor, at)));
        }
        return found;
      });
    }
    get recomputed() {
      if (!this.operation) return this.value;
      const here = { tensor: this.tensor, config: this.trace.given.settings, along: this.operation.along[0], at: this.at };
      return COMPUTE[this.operation.compute](here, this.terms.map((term) => term.map((each) => each.value)));
    }
    /* True if the trace holds another number than the terms give: an edit was made here. */
    get edited() {
      const again = this.recomputed;
      return !(again === this.value || Math.abs(again - this.value) <= 1e-9 * Math.max(1, Math.abs(again)));
    }
  }

  /* A product with all places as numbers: `from[factor][axis of the result][place]` is what a place adds to the place
     in the factor's values, and `steps` are the sizes of the open axes with what a step along them adds. */
  const plan = (result, { factors, follows, open, sizes }) => ({
    factors,
    from: factors.map((factor) => result.axes.map((axis, i) => {
      const shift = new Int32Array(result.shape[i]);
      factor.axes.forEach((own, k) => {
        const [of, place] = follows[own] ?? [];
        if (of === axis && factor.shape[k] > 1) shift.forEach((_, at) => { shift[at] += place(at) * factor.strides[k]; });
      });
      return shift;
    })),
    steps: open.map((axis) => [sizes[axis], factors.map((factor) => {
      const k = factor.axes.indexOf(axis);
      return k < 0 || factor.shape[k] === 1 ? 0 : factor.strides[k];
    })]),
  });

  /* Visit each row of a tensor: the places along all axes but `along`, and where in the values the row begins. Along an
     axis that is `fixed`, only the last place is visited. */
  const eachRow = (tensor, along, visit, fixed = -1) => {
    const place = tensor.shape.map((size, axis) => (axis === fixed ? size - 1 : 0));
    for (;;) {
      visit(place, dot(place, tensor.strides));
      let axis = place.length - 1;
      for (; axis >= 0; axis -= 1) {
        if (axis === along || axis === fixed) continue;
        place[axis] += 1;
        if (place[axis] < tensor.shape[axis]) break;
        place[axis] = 0;
      }
      if (axis < 0) return;
    }
  };
  const begin = (from, place) => { let at = 0; for (let i = 0; i < place.length; i += 1) at += from[i][place[i]]; return at; };
  /* For all combinations of places along the open axes, what they add to the place in the values: an array a factor. */
  const shifts = ({ factors, steps }) => factors.map((_, k) => {
    const found = new Int32Array(count(steps.map(([size]) => size)));
    let once = 1; /* how many combinations the axes behind have */
    for (const [size, by] of steps.toReversed()) {
      for (let n = 0; n < found.length; n += 1) found[n] += (Math.floor(n / once) % size) * by[k];
      once *= size;
    }
    return found;
  });

  /* Add to each entry its products, over all places along the open axes. Rows are added to rows: the inner loop runs
     along the last axis of the result, along which a factor stands still, goes on from entry to entry, or jumps. */
  const addProducts = (tensor, each, fixed) => {
    const { factors, from } = each, axis = tensor.shape.length - 1, size = tensor.shape[axis] ?? 1, out = tensor.values;
    const [one, other] = factors.map((factor) => factor.values), [shift, across] = shifts(each);
    const [along, beside] = from.map((own) => (axis < 0 ? [0] : own[axis]));
    const stands = along[size - 1] === 0, goesOn = other && beside.every((at, n) => at === n);
    eachRow(tensor, axis, (place, flat) => {
      const a = begin(from[0], place), b = other ? begin(from[1], place) : 0;
      let turnOf = 0;
      if (stands && goesOn) for (; turnOf + 3 < shift.length; turnOf += 4) { /* four numbers, each times its row */
        const [i, j] = [turnOf, b + across[turnOf]], [k, l, m] = [b + across[i + 1], b + across[i + 2], b + across[i + 3]];
        const w = one[a + shift[i]], x = one[a + shift[i + 1]], y = one[a + shift[i + 2]], z = one[a + shift[i + 3]];
        for (let n = 0; n < size; n += 1) out[flat + n] += w * other[j + n] + x * other[k + n] + y * other[l + n] + z * other[m + n];
      }
      for (; turnOf < shift.length; turnOf += 1) {
        const i = a + shift[turnOf];
        if (!other) for (let n = 0; n < size; n += 1) out[flat + n] += one[i + along[n]];
        else for (let n = 0, j = b + across[turnOf]; n < size; n += 1) out[flat + n] += one[i + along[n]] * other[j + beside[n]];
      }
    }, fixed);
  };

  /* Any other operation: entry by entry, of the values of its terms. */
  const eachEntry = (tensor, plans, compute, here) => {
    const all = plans.map(shifts);
    const terms = plans.flatMap(({ factors }, p) => Array.from(all[p][0], () => factors.map(() => 0)));
    eachRow(tensor, -1, (place, flat) => {
      let next = 0;
      for (let p = 0; p < plans.length; p += 1) {
        const { factors, from } = plans[p], begun = next;
        for (let k = 0; k < factors.length; k += 1) {
          const { values } = factors[k], start = begin(from[k], place), shift = all[p][k];
          for (let n = 0; n < shift.length; n += 1) terms[begun + n][k] = values[start + shift[n]];
        }
        next += all[p][0].length;
      }
      for (let i = 0; i < place.length; i += 1) here.at[tensor.axes[i]] = place[i];
      tensor.values[flat] = compute(here, terms);
    });
    return tensor;
  };

  /* The entries of a row of a softmax have the same terms. */
  const softmaxRows = (tensor, each, here) => {
    const axis = tensor.axes.indexOf(here.along), stride = tensor.strides[axis], [all] = shifts(each).map((own) => [...own]);
    eachRow(tensor, axis, (place, flat) => {
      const at = begin(each.from[0], place), row = all.map((shift) => each.factors[0].values[at + shift]);
      const top = Math.max(...row), parts = row.map((x) => (top === -Infinity ? 0 : Math.exp(x - top))), whole = sum(parts) || 1;
      parts.forEach((part, i) => { tensor.values[flat + i * stride] = part / whole; });
    });
    return tensor;
  };

  /* Numbers out of base64; a half has 5 bits of exponent and 10 of fraction (IEEE 754). */
  const decoded = (text, type) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
    if (type === "float64") return new Float64Array(bytes);
    if (type === "float32") return Float64Array.from(new Float32Array(bytes));
    return Float64Array.from(new Uint16Array(bytes), (bits) => {
      const sign = bits >> 15 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
      return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
    });
  };

  /* The words of a text as they were typed, by the rules of `vocabulary.py`. */
  const PIECE = /[\p{L}\p{Nl}\p{No}]+(?:['’][\p{L}\p{Nl}\p{No}]+)*|\S/gu;
  const TYPOGRAPHY = { "’": "'", "‘": "'", "？": "?", "。": "." };
  const CONTRACTIONS = {
    "doesn't": "does not", "don't": "do not", "didn't": "did not", "isn't": "is not", "aren't": "are not",
    "wasn't": "was not", "weren't": "were not", "it's": "it is", "there's": "there is",
  };
  const pieces = (text) => {
    const plain = text.normalize("NFC").replace(/[’‘？。]/gu, (letter) => TYPOGRAPHY[letter]);
    const found = (plain.match(PIECE) ?? []).flatMap((piece) => {
      const parts = (Object.hasOwn(CONTRACTIONS, piece.toLowerCase()) ? CONTRACTIONS[piece.toLowerCase()] : piece).split(" ");
      const large = /^\p{Lu}/u.test(piece) && parts.length > 1;
      return large ? [parts[0][0].toUpperCase() + parts[0].slice(1), ...parts.slice(1)] : parts;
    });
    while ([".", "!"].includes(found.at(-1))) found.pop();
    return found;
  };
  /* The share of the pairs of letters that two words have in common, from 0 to 1. */
  const alike = (one, other) => {
    const pairs = (word) => new Set(Array.from(`^${word}$`.slice(1), (letter, i) => `^${word}$`[i] + letter));
    const [a, b] = [pairs(one), pairs(other)];
    return (2 * [...a].filter((pair) => b.has(pair)).length) / (a.size + b.size);
  };

  return { open: (data) => new Model(data), SentenceError };
})();
