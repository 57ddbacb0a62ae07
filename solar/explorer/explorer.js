// The SOA explorer in one module, for every front end: anywidget calls `render({ model, el })`. Of the model it needs
// get, set, on, off and save_changes; where there is `send`, a kernel listens and gives exact maps of pooled layers.

const ATTENDS = "attends to", ATTENDED = "is attended by";
const MARK = "#56B4E9";
const STATE = [
  "location", "other", "layer", "direction", "temperature", "boxes", "colours", "opacity", "hover",
  "network", "compare",
];

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const smallest = (values) => values.reduce((a, b) => Math.min(a, b));
const largest = (values) => values.reduce((a, b) => Math.max(a, b));
const range = (n) => Array.from({ length: n }, (_, i) => i);
const asBytes = (v) => new Uint8Array(...(v instanceof ArrayBuffer ? [v] : [v.buffer, v.byteOffset, v.byteLength]));

async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties))
    name in element ? (element[name] = value) : element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const asCanvas = (image, width, height) => {
  const canvas = make("canvas", { width, height });
  canvas.getContext("2d").drawImage(image, 0, 0, width, height);
  return canvas;
};

// ---- numbers -------------------------------------------------------------------------------------------------------

// A map to draw: cells of `step` x `step` positions of a `grid` (h, w). `weights[i]` is the total over the positions of
// cell i where `summed`, their mean otherwise.
class Field {
  constructor(grid, step, weights, summed) {
    Object.assign(this, { grid, step, weights, summed });
    [this.rows, this.columns] = grid.map((n) => Math.ceil(n / step));
  }
  count(i) { // positions of cell i: those at the end may be cut off
    const side = (k, n) => Math.min(this.step, n - k * this.step);
    return side(Math.floor(i / this.columns), this.grid[0]) * side(i % this.columns, this.grid[1]);
  }
  density() { return this.summed ? this.weights.map((w, i) => w / this.count(i)) : this.weights; }
  // total over positions; the cell with the largest weight a position (`home` in a tie) and that weight over the mean;
  // the spread: entropy over its largest value, 0 for one cell and 1 for all alike
  read(home) {
    const density = this.density(), positions = this.grid[0] * this.grid[1];
    let total = 0, peak = home, entropy = 0;
    density.forEach((d, i) => {
      total += d * this.count(i);
      if (d > density[peak]) peak = i;
    });
    density.forEach((d, i) => {
      const p = (d * this.count(i)) / total;
      if (p > 0) entropy -= p * Math.log(p);
    });
    const times = (d) => (d * positions) / total, spread = density.length > 1 ? entropy / Math.log(density.length) : 1;
    return { total, peak, times: times(density[peak]), least: times(smallest(density)), spread };
  }
}

// One layer of one network, packed: `pack` in maps.py says how. Rows are unpacked when they are asked for.
class Layer {
  constructor(facts, bytes) {
    Object.assign(this, facts, { bytes, totals: {} });
    const shape = new Field(this.grid, this.step, [], true);
    this.cells = shape.rows * shape.columns;
    this.counts = Float64Array.from({ length: this.cells }, (_, i) => shape.count(i));
  }
  set(temperature) {
    const offset = this.sets[temperature] ?? this.sets.network, codes = offset + 4 * this.cells;
    return {
      deepest: new Float32Array(this.bytes.slice(offset, codes).buffer),
      codes: this.bytes.subarray(codes, codes + this.cells ** 2),
      tau: temperature in this.sets ? 1 : this.tau, // softmax(tau log A) is exact, where nothing was pooled
    };
  }
  weight({ deepest, tau }, row) { // of each code, before the row is divided by its total
    return Float64Array.from({ length: 256 }, (_, v) => Math.exp(-tau * deepest[row] * (v / 255) ** 2));
  }
  total(set, row, weight) {
    let sum = 0;
    for (let j = row * this.cells; j < (row + 1) * this.cells; j++) sum += weight[set.codes[j]];
    return sum;
  }
  attendsTo(cells, temperature) { // mean of rows, over positions
    const set = this.set(temperature), out = new Float64Array(this.cells);
    const positions = cells.reduce((sum, i) => sum + this.counts[i], 0);
    for (const row of cells) {
      const weight = this.weight(set, row), share = this.counts[row] / positions / this.total(set, row, weight);
      for (let j = 0; j < this.cells; j++) out[j] += share * weight[set.codes[row * this.cells + j]];
    }
    return new Field(this.grid, this.step, out, true);
  }
  attendedBy(cells, temperature) { // mean of columns, over positions
    const set = this.set(temperature), positions = cells.reduce((sum, j) => sum + this.counts[j], 0);
    const totals = (this.totals[temperature] ??= range(this.cells).map((i) => this.total(set, i, this.weight(set, i))));
    const out = Float64Array.from(totals, (total, i) => {
      const scale = -set.tau * set.deepest[i], code = (j) => set.codes[i * this.cells + j];
      return cells.reduce((sum, j) => sum + Math.exp(scale * (code(j) / 255) ** 2), 0) / total / positions;
    });
    return new Field(this.grid, this.step, out, false);
  }
  // cells that a place or box in pixels stands for: those whose middles a box holds, or the one at its own middle
  at(place, size, average) {
    const spans = range(2).map((i) => [place[i], place.at(i - 2), this.grid[i], size[i]]);
    const held = spans.map(([first, last, n, pixels]) => {
      const middle = (i) => ((i * this.step + Math.min((i + 1) * this.step, n)) / 2) * (pixels / n);
      return range(Math.ceil(n / this.step)).filter((i) => average && first <= middle(i) && middle(i) < last);
    });
    const own = spans.map(([first, last, n, pixels]) =>
      [Math.floor(Math.min(((first + last) / 2) * (n / pixels), n - 1) / this.step)]);
    const [rows, columns] = held.every((side) => side.length) ? held : own;
    return rows.flatMap((r) => columns.map((c) => r * Math.ceil(this.grid[1] / this.step) + c));
  }
}

// A field as a picture: colours from its smallest to its largest weight, straight lines between the middles of cells.
function paint(field, table, opacity, image) {
  const { width, height } = image, density = field.density();
  const low = smallest(density), scale = 255 / (largest(density) - low || 1);
  const colours = new Uint32Array(256), channels = new Uint8Array(colours.buffer);
  const pixels = new Uint32Array(image.data.buffer);
  for (let v = 0; v < 256; v++) channels.set([...table.subarray(3 * v, 3 * v + 3), Math.round(255 * opacity)], 4 * v);
  const between = (length, n, cells) => { // of each pixel: the two cells around it, and how far it is from the first
    const first = new Int32Array(length), second = new Int32Array(length), part = new Float64Array(length);
    for (let i = 0; i < length; i++) {
      const x = clamp((((i + 0.5) / length) * n) / field.step - 0.5, 0, cells - 1);
      first[i] = Math.floor(x);
      second[i] = Math.min(first[i] + 1, cells - 1);
      part[i] = x - first[i];
    }
    return [first, second, part];
  };
  const [left, right, u] = between(width, field.grid[1], field.columns);
  const [up, down, v] = between(height, field.grid[0], field.rows);
  for (let y = 0, at = 0; y < height; y++) {
    const a = up[y] * field.columns, b = down[y] * field.columns, below = v[y], above = 1 - below;
    for (let x = 0; x < width; x++, at++) {
      const west = density[a + left[x]] * above + density[b + left[x]] * below;
      const east = density[a + right[x]] * above + density[b + right[x]] * below;
      pixels[at] = colours[Math.round((west + (east - west) * u[x] - low) * scale)];
    }
  }
  return image;
}

// ---- the widget ----------------------------------------------------------------------------------------------------

async function render({ model, el }) {
  const [height, width] = model.get("size");
  const bytes = await inflate(asBytes(model.get("packed")));
  const layers = model.get("layers").map((facts) => new Layer(facts, bytes));
  const networks = [...new Set(layers.map(({ network }) => network))];
  const tables = Object.fromEntries(Object.entries(model.get("tables")).map(([name, table]) => [name, asBytes(table)]));
  const zoom = Math.max(1, Math.ceil(512 / width)), W = width * zoom, H = height * zoom;
  const jpeg = new Blob([asBytes(model.get("photo"))], { type: "image/jpeg" });
  const photo = asCanvas(await createImageBitmap(jpeg), W, H);
  const heat = make("canvas", { width: W, height: H }), image = new ImageData(W, H);
  const exact = new Map(); // what the kernel has answered, by what was asked

  const put = (values) => {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  };

  // ---- controls: each shows and sets one name of the state
  const controls = {};
  function choice(label, name, options) {
    const entries = options.map(([value, text]) => make("option", { value, textContent: text }));
    const select = make("select", { "aria-label": label }, ...entries);
    select.addEventListener("change", () => put({ [name]: name === "layer" ? Number(select.value) : select.value }));
    controls[name] = select;
    return make("label", {}, label, select);
  }
  const opacity = (controls.opacity = make("input", { type: "range", min: 0, max: 1, step: 0.05 }));
  opacity.addEventListener("input", () => put({ opacity: Number(opacity.value) }));
  const hover = (controls.hover = make("input", { type: "checkbox" }));
  hover.addEventListener("change", () => put({ hover: hover.checked }));
  function button(text, press) {
    const element = make("button", { type: "button", textContent: text });
    element.addEventListener("click", press);
    return element;
  }
  const named = (names) => names.map((name) => [name, name]);
  const temperatures = [["network", "the network's own, c'^(-1/2)"], ["drawing", "the authors' drawing, c'^(-3/4)"]];
  const boxes = [["average", "the average of its cells"], ["centre", "its centre, as the authors' did"]];
  const numbers = [...new Set(layers.map(({ layer }) => layer))].map((layer) => [layer, `SOA${layer}`]);
  const several = networks.length > 1;
  const beside = [["", "nothing"], ["place", "another place"], ...(several ? named(networks) : [])];

  const say = make("div", { className: "soa-say", role: "status", "aria-live": "polite" });
  const hint = make("div", { className: "soa-hint", textContent:
    "Click or tap a place, or drag a box. With the keyboard: arrow keys move, Shift and an arrow stretch a box, " +
    "Escape drops it. Rows and columns count from 0." });
  const bar = make("canvas", { width: 256, height: 1, "aria-hidden": "true" });
  const least = make("span"), most = make("span");
  const stages = ["location", "other"].map(makeStage);
  const about = { role: "group", "aria-label": "Explorer of second-order attention" };
  const keys = { "data-lm-suppress-shortcuts": "true" }; // else JupyterLab would take them
  const root = make("div", { className: "soa", ...keys, ...about },
    make("div", { className: "soa-bar" },
      ...(several ? [choice("Network", "network", named(networks))] : []),
      choice("Layer", "layer", numbers),
      choice("The place", "direction", named([ATTENDS, ATTENDED])),
      choice("Beside it", "compare", beside)),
    make("div", { className: "soa-stages" }, ...stages.map(({ figure }) => figure)),
    make("div", { className: "soa-legend" }, least, bar, most),
    say, hint,
    make("details", {}, make("summary", { textContent: "More" }), make("div", { className: "soa-more" },
      make("label", {}, "Opacity", opacity),
      choice("Colours", "colours", named(Object.keys(tables))),
      choice("Temperature", "temperature", temperatures),
      choice("A box shows", "boxes", boxes),
      make("label", {}, hover, "follow the pointer"),
      button("Reset", () => put(model.get("start"))),
      button("Download PNG", download))));
  el.append(root);

  // ---- what is shown, and how it is told

  const layerOf = (network) => layers.find((one) => one.network === network && one.layer === model.get("layer"));

  // what a stage shows: its place, its network, and whether it shows anything at all
  function shownBy(stage) {
    const compare = model.get("compare"), second = stage.name === "other";
    const place = stage.peek ?? model.get(second && compare === "place" ? "other" : "location");
    const network = second && networks.includes(compare) ? compare : model.get("network");
    return { place, network, hidden: second && !compare };
  }

  function fieldOf(stage, { place, network }) {
    const layer = layerOf(network);
    const [direction, temperature, boxes] = ["direction", "temperature", "boxes"].map((name) => model.get(name));
    const cells = layer.at(place, [height, width], boxes === "average");
    if (layer.step > 1 && model.send && !stage.peek) {
      const asked = { place, network, layer: layer.layer, direction, temperature, boxes }, key = JSON.stringify(asked);
      if (exact.get(key)) return exact.get(key);
      if (!exact.has(key)) {
        exact.set(key, null); // asked, and not answered yet
        model.send({ key, ...asked });
      }
    }
    return direction === ATTENDS ? layer.attendsTo(cells, temperature) : layer.attendedBy(cells, temperature);
  }

  function answered(message, buffers) {
    if (!exact.has(message?.key)) return;
    const weights = Float64Array.from(new Float32Array(asBytes(buffers[0]).slice().buffer));
    exact.set(message.key, new Field(message.grid, 1, weights, JSON.parse(message.key).direction === ATTENDS));
    draw();
  }

  const middle = (place) => [(place[0] + place.at(-2)) / 2, (place[1] + place.at(-1)) / 2];

  function drawStage(stage) {
    const shown = shownBy(stage), { place, network, hidden } = shown;
    stage.figure.hidden = hidden;
    if (hidden) return null;
    const field = fieldOf(stage, shown), context = stage.canvas.getContext("2d");
    paint(field, tables[model.get("colours")], model.get("opacity"), image);
    heat.getContext("2d").putImageData(image, 0, 0);
    context.drawImage(photo, 0, 0);
    context.drawImage(heat, 0, 0);
    mark(context, place.map((v) => v * zoom));
    const compared = model.get("compare") === "place" ? (stage.name === "other" ? "second place" : "first place") : "";
    const title = [compared, several ? network : "", `SOA${model.get("layer")}`];
    stage.caption.textContent = title.filter(Boolean).join(", ");
    const cell = middle(place).map((v, i) => Math.min((v * field.grid[i]) / [height, width][i], field.grid[i] - 1));
    const [r, c] = cell.map((v) => Math.floor(v / field.step));
    return { ...field.read(r * field.columns + c), field, place, network, cell: [r, c] };
  }

  function mark(context, place) {
    const [top, left, bottom, end] = place, [y, x] = middle(place);
    for (const [line, colour] of [[8, "#000"], [6, "#fff"], [3, MARK]]) {
      Object.assign(context, { lineWidth: line, strokeStyle: colour });
      if (place.length === 4) context.strokeRect(left, top, end - left, bottom - top);
      context.beginPath();
      context.arc(x, y, Math.max(W / 55, 6), 0, 7);
      context.stroke();
    }
  }

  function words({ field, cell: [r, c], peak, times, total, spread, place }, name) {
    const coarse = field.step > 1 ? ` (cells of ${field.step} × ${field.step} positions)` : "";
    const where = `row ${r}, column ${c} of ${field.rows} × ${field.columns}${coarse}`;
    const at = `row ${Math.floor(peak / field.columns)}, column ${peak % field.columns}`;
    const box = model.get("boxes") === "average" ? "Box around" : "Centre of the box,";
    const verb = field.summed ? `attends most to ${at}: ${times.toFixed(1)} times the even share`
      : `gets ${total.toFixed(2)} times the even share in all; most from ${at}, ${times.toFixed(1)} times the mean`;
    const what = `${name}${place.length === 4 ? box : "Place at"} ${where}`;
    return `${what}: ${verb}. Spread ${spread.toFixed(2)} (0 one cell, 1 all alike).`;
  }

  function common(a, b) { // of two maps, each brought to a total of one
    if (a.field.weights.length !== b.field.weights.length) return "";
    const share = (m, i) => (m.field.density()[i] * m.field.count(i)) / m.total;
    const sum = a.field.weights.reduce((s, _, i) => s + Math.min(share(a, i), share(b, i)), 0);
    return `The two maps have ${(100 * sum).toFixed(0)} % in common.`;
  }

  function sentence(first, second) {
    const names = model.get("compare") === "place" ? ["First", "Second"] : [first.network, second?.network];
    const lines = second
      ? [words(first, `${names[0]}: `), words(second, `${names[1]}: `), common(first, second)]
      : [words(first, "")];
    if (model.get("temperature") === "drawing")
      lines.push("Drawn softer than the network computes: the authors' drawing temperature.");
    return lines.filter(Boolean).join("\n");
  }

  function draw() {
    const [first, second] = (root.shown = stages.map(drawStage)); // `shown`: the numbers behind the pixels, for tests
    // a listener is told where one has arrived, not every step of the way
    if (!stages.some((stage) => stage.peek)) say.textContent = sentence(first, second);
    const table = tables[model.get("colours")], line = new ImageData(256, 1);
    for (let v = 0; v < 256; v++) line.data.set([...table.subarray(3 * v, 3 * v + 3), 255], 4 * v);
    bar.getContext("2d").putImageData(line, 0, 0);
    least.textContent = second ? "least" : `${first.least.toFixed(2)} ×`;
    most.textContent = second ? "most, each map for itself" : `${first.times.toFixed(1)} × the even share`;
    for (const [name, control] of Object.entries(controls))
      control[name === "hover" ? "checked" : "value"] = model.get(name);
    root.dataset.ready = "true";
  }

  // ---- the hand

  function makeStage(name) {
    const label = `Photograph with attention map${name === "other" ? ", second" : ""}. Arrow keys move the place.`;
    const about = { role: "application", "aria-roledescription": "attention map", "aria-label": label };
    const canvas = make("canvas", { width: W, height: H, tabIndex: 0, ...about }), caption = make("figcaption");
    const stage = { name, canvas, caption, figure: make("figure", { className: "soa-stage" }, caption, canvas) };
    const target = () => (name === "other" && model.get("compare") === "place" ? "other" : "location");
    const pixel = (event) => {
      const box = canvas.getBoundingClientRect();
      return [((event.clientY - box.top) / box.height) * height, ((event.clientX - box.left) / box.width) * width]
        .map((v, i) => clamp(Math.round(10 * v) / 10, 0, [height, width][i] - 0.1));
    };
    const boxOf = ([y, x], [v, u]) => [Math.min(y, v), Math.min(x, u), Math.max(y, v), Math.max(x, u)];
    let from = null;
    const peek = (place) => {
      stage.peek = place;
      draw();
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      from = { pixel: pixel(event), x: event.clientX, y: event.clientY, drags: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (from && Math.hypot(event.clientX - from.x, event.clientY - from.y) > 6) from.drags = true;
      if (from?.drags) peek(boxOf(from.pixel, pixel(event)));
      else if (!from && model.get("hover")) peek(pixel(event));
    });
    canvas.addEventListener("pointerup", (event) => {
      if (!from) return;
      const place = from.drags ? boxOf(from.pixel, pixel(event)) : pixel(event);
      from = stage.peek = null;
      put({ [target()]: place });
      draw(); // also where the place is the same as before, and only the rubber box has gone
    });
    canvas.addEventListener("pointercancel", () => {
      from = null;
      peek(null);
    });
    canvas.addEventListener("pointerleave", () => {
      if (!from && stage.peek) peek(null);
    });
    canvas.addEventListener("keydown", (event) => {
      const place = keyed(event, model.get(target()), layerOf(shownBy(stage).network));
      if (!place) return;
      event.preventDefault();
      event.stopPropagation();
      put({ [target()]: place });
    });
    return stage;
  }

  // the place after a key, or undefined for keys that are not ours
  function keyed({ key, shiftKey }, place, { grid, step }) {
    const size = [height, width], cell = size.map((pixels, i) => (pixels / grid[i]) * step), centre = middle(place);
    const last = grid.map((n) => Math.ceil(n / step) - 1);
    const inside = (at) => at.map((v, i) => clamp(v, 0, size[i] - 0.1));
    const middleOf = (position) => inside(position.map((n, i) => (n + 0.5) * cell[i]));
    if (key === "Home") return middleOf([0, 0]);
    if (key === "End") return middleOf(last);
    if (key === "Escape" && place.length === 4) return centre;
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[key];
    if (!move) return undefined;
    const position = centre.map((v, i) => Math.floor(v / cell[i]));
    if (place.length === 2 && !shiftKey) return middleOf(position.map((n, i) => clamp(n + move[i], 0, last[i])));
    const corner = place.length === 4 ? place.slice(0, 2) : position.map((n, i) => n * cell[i]);
    const far = place.length === 4 ? place.slice(2) : corner.map((v, i) => v + cell[i]);
    if (shiftKey)
      return [...corner, ...far.map((v, i) => clamp(v + move[i] * cell[i], corner[i] + cell[i] / 2, size[i]))];
    const by = move.map((n, i) => clamp(n * cell[i], -corner[i], size[i] - far[i]));
    return [...corner, ...far].map((v, i) => v + by[i % 2]);
  }

  function download() { // what is shown, with the words that belong to it
    const shown = stages.filter(({ figure }) => !figure.hidden);
    const size = Math.max(13, Math.round(W / 40)), line = 1.5 * size;
    const canvas = make("canvas", { width: W * shown.length + 8 * (shown.length - 1) });
    const context = canvas.getContext("2d"), font = `${size}px sans-serif`, lines = [""];
    context.font = font;
    for (const word of `${model.get("direction")}. ${say.textContent}`.split(/\s+/)) {
      const longer = `${lines.at(-1)} ${word}`.trim();
      if (context.measureText(longer).width < canvas.width - 16) lines[lines.length - 1] = longer;
      else lines.push(word);
    }
    canvas.height = H + line * (lines.length + 2); // which also clears it and drops the font
    Object.assign(context, { font, fillStyle: "#fff" });
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = "#111";
    shown.forEach(({ canvas: stage, caption }, i) => {
      context.fillText(caption.textContent, i * (W + 8) + 8, size * 1.1);
      context.drawImage(stage, i * (W + 8), line);
    });
    lines.forEach((text, i) => context.fillText(text, 8, H + line * (i + 2)));
    canvas.toBlob((blob) => {
      const link = make("a", { href: URL.createObjectURL(blob), download: "soa.png" });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  }

  const events = STATE.map((name) => `change:${name}`);
  events.forEach((event) => model.on(event, draw));
  model.on("msg:custom", answered);
  draw();
  return () => {
    events.forEach((event) => model.off(event, draw));
    model.off("msg:custom", answered);
  };
}

export default { render };
