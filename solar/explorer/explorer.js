// The SOA explorer in one module, for every front end: anywidget calls `render({ model, el })`. Of the model it needs get,
// set, on, off and save_changes; where there is `send`, a kernel is listening and gives exact maps of pooled layers.

const ATTENDS = "attends to", ATTENDED = "is attended by";
const MARK = "#56B4E9";
const STATE = ["location", "other", "layer", "direction", "temperature", "boxes", "colours", "opacity", "hover", "network", "compare"];

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const asBytes = (v) => (v instanceof ArrayBuffer ? new Uint8Array(v) : new Uint8Array(v.buffer, v.byteOffset, v.byteLength));

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

// A map to draw. Cells of `step` x `step` positions of a `grid` (h, w); `weights[i]` is the total over positions of cell i
// where `summed`, their mean otherwise.
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
  // total over positions; the cell with the largest weight a position (towards `home` in a tie) and that weight over the
  // mean; the spread: entropy over its largest value, 0 for one cell and 1 for all alike
  read(home) {
    const density = this.density(), positions = this.grid[0] * this.grid[1];
    let total = 0, peak = home, entropy = 0;
    density.forEach((d, i) => { total += d * this.count(i); if (d > density[peak]) peak = i; });
    density.forEach((d, i) => { const p = (d * this.count(i)) / total; if (p > 0) entropy -= p * Math.log(p); });
    const times = (d) => (d * positions) / total;
    return {
      total, peak, times: times(density[peak]), least: times(density.reduce((a, b) => Math.min(a, b))),
      spread: density.length > 1 ? entropy / Math.log(density.length) : 1,
    };
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
    const totals = (this.totals[temperature] ??= Float64Array.from({ length: this.cells }, (_, i) => this.total(set, i, this.weight(set, i))));
    const out = Float64Array.from(totals, (total, i) => {
      const scale = -set.tau * set.deepest[i];
      return cells.reduce((sum, j) => sum + Math.exp(scale * (set.codes[i * this.cells + j] / 255) ** 2), 0) / total / positions;
    });
    return new Field(this.grid, this.step, out, false);
  }
  // cells that a place or box in pixels stands for: those whose middles a box holds, or the one at its own middle
  at(place, [height, width], average) {
    const spans = [[place[0], place.at(-2), this.grid[0], height], [place[1], place.at(-1), this.grid[1], width]];
    const sides = spans.map(([first, last, n, pixels]) => {
      const middle = (i) => ((Math.min((i + 1) * this.step, n) + i * this.step) / 2) * (pixels / n);
      return Array.from({ length: Math.ceil(n / this.step) }, (_, i) => i).filter((i) => average && first <= middle(i) && middle(i) < last);
    });
    const [rows, columns] = sides.every((side) => side.length) ? sides : spans.map(([first, last, n, pixels]) =>
      [Math.floor(Math.min(((first + last) / 2) * (n / pixels), n - 1) / this.step)]);
    const across = Math.ceil(this.grid[1] / this.step);
    return rows.flatMap((r) => columns.map((c) => r * across + c));
  }
}

// A field as a picture of width x height pixels: from its smallest to its largest weight, straight lines between middles.
function paint(field, table, opacity, image) {
  const { width, height } = image, density = field.density();
  const low = density.reduce((a, b) => Math.min(a, b)), high = density.reduce((a, b) => Math.max(a, b)), scale = 255 / (high - low || 1);
  const colours = new Uint32Array(256), channels = new Uint8Array(colours.buffer), pixels = new Uint32Array(image.data.buffer);
  for (let v = 0; v < 256; v++) channels.set([...table.subarray(3 * v, 3 * v + 3), Math.round(255 * opacity)], 4 * v);
  const between = (length, n, cells) => { // of each pixel: the two cells around it, and how far it is from the first
    const first = new Int32Array(length), second = new Int32Array(length), part = new Float64Array(length);
    for (let i = 0; i < length; i++) {
      const x = clamp((((i + 0.5) / length) * n) / field.step - 0.5, 0, cells - 1);
      first[i] = Math.floor(x); second[i] = Math.min(first[i] + 1, cells - 1); part[i] = x - first[i];
    }
    return [first, second, part];
  };
  const [left, right, u] = between(width, field.grid[1], field.columns), [up, down, v] = between(height, field.grid[0], field.rows);
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
  const tables = Object.fromEntries(Object.entries(model.get("tables")).map(([name, v]) => [name, asBytes(v)]));
  const zoom = Math.max(1, Math.ceil(512 / width)), W = width * zoom, H = height * zoom;
  const photo = asCanvas(await createImageBitmap(new Blob([asBytes(model.get("photo"))], { type: "image/jpeg" })), W, H);
  const heat = make("canvas", { width: W, height: H }), image = new ImageData(W, H);
  const exact = new Map(); // what the kernel has answered, by what was asked

  const put = (values) => { for (const [name, value] of Object.entries(values)) model.set(name, value); model.save_changes(); };

  function choice(label, name, options) {
    const select = make("select", { "aria-label": label }, ...options.map(([value, text]) => make("option", { value, textContent: text })));
    select.addEventListener("change", () => put({ [name]: name === "layer" ? Number(select.value) : select.value }));
    controls[name] = select;
    return make("label", {}, label, select);
  }
  const controls = {};
  const opacity = (controls.opacity = make("input", { type: "range", min: 0, max: 1, step: 0.05 }));
  opacity.addEventListener("input", () => put({ opacity: Number(opacity.value) }));
  const hover = (controls.hover = make("input", { type: "checkbox" }));
  hover.addEventListener("change", () => put({ hover: hover.checked }));
  const button = (text, press) => { const b = make("button", { type: "button", textContent: text }); b.addEventListener("click", press); return b; };

  const say = make("div", { className: "soa-say", role: "status", "aria-live": "polite" });
  const hint = make("div", { className: "soa-hint", textContent:
    "Click or tap a place, or drag a box. With the keyboard: arrow keys move, Shift and an arrow stretch a box, Escape drops it. Rows and columns count from 0." });
  const bar = make("canvas", { width: 256, height: 1, "aria-hidden": "true" }), least = make("span"), most = make("span");
  const stages = ["location", "other"].map(makeStage);
  const root = make("div", { className: "soa", role: "group", "aria-label": "Explorer of second-order attention", "data-lm-suppress-shortcuts": "true" },
    make("div", { className: "soa-bar" },
      ...(networks.length > 1 ? [choice("Network", "network", networks.map((n) => [n, n]))] : []),
      choice("Layer", "layer", [...new Set(layers.map(({ layer }) => layer))].map((n) => [n, `SOA${n}`])),
      choice("The place", "direction", [[ATTENDS, ATTENDS], [ATTENDED, ATTENDED]]),
      choice("Beside it", "compare", [["", "nothing"], ["place", "another place"], ...(networks.length > 1 ? networks.map((n) => [n, n]) : [])])),
    make("div", { className: "soa-stages" }, ...stages.map(({ figure }) => figure)),
    make("div", { className: "soa-legend" }, least, bar, most),
    say, hint,
    make("details", {}, make("summary", { textContent: "More" }), make("div", { className: "soa-more" },
      make("label", {}, "Opacity", opacity),
      choice("Colours", "colours", Object.keys(tables).map((n) => [n, n])),
      choice("Temperature", "temperature", [["network", "the network's own, c'^(-1/2)"], ["drawing", "the authors' drawing, c'^(-3/4)"]]),
      choice("A box shows", "boxes", [["average", "the average of its cells"], ["centre", "its centre, as the authors' did"]]),
      make("label", {}, hover, "follow the pointer"),
      button("Reset", () => put(model.get("start"))), button("Download PNG", download))));
  el.append(root);

  function layerOf(network) {
    return layers.find((l) => l.network === network && l.layer === model.get("layer"));
  }

  // what a stage shows: its place, its network, and whether it shows anything at all
  function shownBy(stage) {
    const compare = model.get("compare"), second = stage.name === "other";
    const place = stage.peek ?? model.get(second && compare === "place" ? "other" : "location");
    return { place, network: second && networks.includes(compare) ? compare : model.get("network"), hidden: second && !compare };
  }

  function fieldOf(stage, { place, network }) {
    const layer = layerOf(network), [direction, temperature, boxes] = ["direction", "temperature", "boxes"].map((n) => model.get(n));
    const cells = layer.at(place, [height, width], boxes === "average");
    if (layer.step > 1 && model.send && !stage.peek) {
      const asked = { place, network, layer: layer.layer, direction, temperature, boxes }, key = JSON.stringify(asked);
      if (exact.has(key) && exact.get(key)) return exact.get(key);
      if (!exact.has(key)) { exact.set(key, null); model.send({ key, ...asked }); }
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
    heat.getContext("2d").putImageData(paint(field, tables[model.get("colours")], model.get("opacity"), image), 0, 0);
    context.drawImage(photo, 0, 0);
    context.drawImage(heat, 0, 0);
    const [y, x] = middle(place).map((v) => v * zoom);
    for (const [line, colour] of [[8, "#000"], [6, "#fff"], [3, MARK]]) {
      context.lineWidth = line; context.strokeStyle = colour;
      if (place.length === 4) context.strokeRect(place[1] * zoom, place[0] * zoom, (place[3] - place[1]) * zoom, (place[2] - place[0]) * zoom);
      context.beginPath(); context.arc(x, y, Math.max(W / 55, 6), 0, 7); context.stroke();
    }
    const [r, c] = middle(place).map((v, i) => Math.floor(Math.min(v * field.grid[i] / [height, width][i], field.grid[i] - 1) / field.step));
    const reading = field.read(r * field.columns + c);
    stage.caption.textContent = [model.get("compare") === "place" ? (stage.name === "other" ? "second place" : "first place") : "",
      networks.length > 1 ? network : "", `SOA${model.get("layer")}`].filter(Boolean).join(", ");
    return Object.assign(reading, { field, place, network, cell: [r, c] });
  }

  function words({ field, cell: [r, c], peak, times, total, spread, place }, name) {
    const coarse = field.step > 1 ? ` (cells of ${field.step} × ${field.step} positions)` : "";
    const where = `row ${r}, column ${c} of ${field.rows} × ${field.columns}${coarse}`;
    const at = `row ${Math.floor(peak / field.columns)}, column ${peak % field.columns}`;
    const what = place.length === 4 ? (model.get("boxes") === "average" ? "Box around" : "Centre of the box,") : "Place at";
    const verb = field.summed ? `attends most to ${at}: ${times.toFixed(1)} times the even share`
      : `gets ${total.toFixed(2)} times the even share in all; most from ${at}, ${times.toFixed(1)} times the mean`;
    return `${name}${what} ${where}: ${verb}. Spread ${spread.toFixed(2)} (0 one cell, 1 all alike).`;
  }

  function common(a, b) { // of two maps, each brought to a total of one
    if (a.field.weights.length !== b.field.weights.length) return "";
    const share = (m, i) => (m.field.density()[i] * m.field.count(i)) / m.total;
    const sum = a.field.weights.reduce((s, _, i) => s + Math.min(share(a, i), share(b, i)), 0);
    return `\nThe two maps have ${(100 * sum).toFixed(0)} % in common.`;
  }

  function draw() {
    const [first, second] = (root.shown = stages.map(drawStage)); // `shown`: the numbers behind the pixels, for tests
    const drawing = model.get("temperature") === "drawing";
    if (!stages.some((stage) => stage.peek)) { // a listener is told where one has arrived, not every step of the way
      const names = !second ? ["", ""] : model.get("compare") === "place" ? ["First: ", "\nSecond: "] : [`${first.network}: `, `\n${second.network}: `];
      say.textContent = words(first, names[0]) + (second ? words(second, names[1]) + common(first, second) : "") +
        (drawing ? "\nDrawn softer than the network computes: the authors' drawing temperature." : "");
    }
    const table = tables[model.get("colours")], line = new ImageData(256, 1);
    for (let v = 0; v < 256; v++) line.data.set([...table.subarray(3 * v, 3 * v + 3), 255], 4 * v);
    bar.getContext("2d").putImageData(line, 0, 0);
    least.textContent = second ? "least" : `${first.least.toFixed(2)} ×`;
    most.textContent = second ? "most, each map for itself" : `${first.times.toFixed(1)} × the even share`;
    for (const [name, control] of Object.entries(controls))
      name === "hover" ? (control.checked = model.get(name)) : (control.value = model.get(name));
    root.dataset.ready = "true";
  }

  function makeStage(name) {
    const canvas = make("canvas", { width: W, height: H, tabIndex: 0, role: "application", "aria-roledescription": "attention map",
      "aria-label": `Photograph with attention map${name === "other" ? ", second" : ""}. Arrow keys move the place.` });
    const caption = make("figcaption"), stage = { name, canvas, caption, figure: make("figure", { className: "soa-stage" }, caption, canvas) };
    const target = () => (name === "other" && model.get("compare") === "place" ? "other" : "location");
    const pixel = (event) => {
      const box = canvas.getBoundingClientRect();
      return [((event.clientY - box.top) / box.height) * height, ((event.clientX - box.left) / box.width) * width]
        .map((v, i) => clamp(Math.round(10 * v) / 10, 0, [height, width][i] - 0.1));
    };
    const boxOf = ([y, x], [v, u]) => [Math.min(y, v), Math.min(x, u), Math.max(y, v), Math.max(x, u)];
    let from = null;
    const peek = (place) => { stage.peek = place; draw(); };
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
      JSON.stringify(place) === JSON.stringify(model.get(target())) ? draw() : put({ [target()]: place });
    });
    canvas.addEventListener("pointercancel", () => { from = null; peek(null); });
    canvas.addEventListener("pointerleave", () => { if (!from && stage.peek) peek(null); });
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
    const cell = [(height / grid[0]) * step, (width / grid[1]) * step], [y, x] = middle(place);
    const home = { Home: [0.5, 0.5], End: [Math.ceil(grid[0] / step) - 0.5, Math.ceil(grid[1] / step) - 0.5] }[key];
    const keep = (v, i) => clamp(v, 0, [height, width][i] - 0.1);
    if (home) return home.map((v, i) => keep(v * cell[i], i));
    if (key === "Escape" && place.length === 4) return [y, x];
    const step2 = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[key];
    if (!step2) return undefined;
    const [down, right] = step2.map((v, i) => v * cell[i]), corner = [y, x].map((v, i) => Math.floor(v / cell[i]) * cell[i]);
    if (shiftKey) {
      const [top, left, bottom, end] = place.length === 4 ? place : [...corner, corner[0] + cell[0], corner[1] + cell[1]];
      return [top, left, clamp(bottom + down, top + cell[0] / 2, height), clamp(end + right, left + cell[1] / 2, width)];
    }
    if (place.length === 2) return [keep(corner[0] + cell[0] / 2 + down, 0), keep(corner[1] + cell[1] / 2 + right, 1)];
    const dy = clamp(down, -place[0], height - place[2]), dx = clamp(right, -place[1], width - place[3]);
    return [place[0] + dy, place[1] + dx, place[2] + dy, place[3] + dx];
  }

  function download() { // what is shown, with the words that belong to it
    const shown = stages.filter(({ figure }) => !figure.hidden), size = Math.max(13, Math.round(W / 40)), line = 1.5 * size;
    const canvas = make("canvas", { width: W * shown.length + 8 * (shown.length - 1) }), context = canvas.getContext("2d");
    const font = `${size}px sans-serif`, lines = [];
    context.font = font;
    for (const word of `${model.get("direction")}. ${say.textContent}`.split(/\s+/))
      lines.length && context.measureText(`${lines.at(-1)} ${word}`).width < canvas.width - 16 ? (lines[lines.length - 1] += ` ${word}`) : lines.push(word);
    canvas.height = H + line * (lines.length + 2);
    context.fillStyle = "#fff"; context.fillRect(0, 0, canvas.width, canvas.height);
    context.font = font; context.fillStyle = "#111";
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
  return () => { events.forEach((event) => model.off(event, draw)); model.off("msg:custom", answered); };
}

export default { render };
