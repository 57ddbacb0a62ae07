// The SOA explorer in one module, for every front end: anywidget calls `render({ model, el })`.
// Of the model it needs get, set, on, off and save_changes. Where there is also `send`, a kernel
// listens and gives exact maps of pooled layers.
//
// A place is [row, column], or a box [top, left, bottom, right], in pixels of the image.
// A position is one entry of an attention map; a cell is `step` x `step` positions.

const ATTENDS = "attends to";
const ATTENDED = "is attended by";
const MARK = "#56B4E9"; // the colour of the place, as in shipping.py

// Pixels of what is drawn, as in shipping.py.
const DRAWN_WIDTH = 512;
const DRAWN_LONGEST = 2048;
const DRAWN_SHORTEST = 128;
const DRAWN_LIMIT = 8192;
const DRAWN_LEAST = 32;

// An image this many times as tall as wide, or as wide as tall, is shown in a window.
const TALL = 3;
const WIDE = 6;

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const smallest = (values) => values.reduce((a, b) => Math.min(a, b));
const largest = (values) => values.reduce((a, b) => Math.max(a, b));
const range = (n) => Array.from({ length: n }, (_, i) => i);

// The middle of a place, [row, column].
const middle = (place) => [(place[0] + place.at(-2)) / 2, (place[1] + place.at(-1)) / 2];

// The cell that holds a pixel, along one side of `pixels` pixels and `n` positions.
const cellOf = (pixel, pixels, n, step) =>
  Math.floor(Math.min((pixel * n) / pixels, n - 1) / step);

// A buffer, or a view of one, as bytes.
function asBytes(data) {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

// The width and height at which an image is drawn: `drawing_size` in shipping.py says how.
function drawingSize(width, height) {
  const longer = Math.max(width, height);
  const shorter = Math.min(width, height);
  let zoom = Math.min(Math.ceil(DRAWN_WIDTH / width), DRAWN_LONGEST / longer);
  zoom = Math.max(zoom, Math.min(DRAWN_SHORTEST / shorter, DRAWN_LIMIT / longer));
  return [width, height].map((side) => Math.max(Math.round(zoom * side), DRAWN_LEAST));
}

// What Python's zlib has compressed.
async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// A new element with properties (or attributes) and children.
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// An image, drawn into a new canvas of a size.
function asCanvas(image, width, height) {
  const canvas = make("canvas", { width, height });
  canvas.getContext("2d").drawImage(image, 0, 0, width, height);
  return canvas;
}

// ---- numbers -----------------------------------------------------------------------------------

// A map to draw: cells of `step` x `step` positions of a `grid` [h, w]. `weights[i]` is the total
// over the positions of cell i where `summed`, their mean otherwise.
class Field {
  constructor(grid, step, weights, summed) {
    Object.assign(this, { grid, step, weights, summed });
    this.rows = Math.ceil(grid[0] / step);
    this.columns = Math.ceil(grid[1] / step);
  }

  // The number of positions of cell i: cells at the end may be cut off.
  count(i) {
    const side = (k, n) => Math.min(this.step, n - k * this.step);
    const row = Math.floor(i / this.columns);
    const column = i % this.columns;
    return side(row, this.grid[0]) * side(column, this.grid[1]);
  }

  // The weight of one position in each cell.
  density() {
    if (!this.summed) return this.weights;
    return this.weights.map((weight, i) => weight / this.count(i));
  }

  // What is told of a map, for a place in cell `home`:
  //   total   over all positions
  //   peak    the cell with the largest weight per position (`home` in a tie)
  //   times   that weight over the mean, and `least` the smallest weight over the mean
  //   spread  entropy over its largest value: 0 for one cell, 1 for all alike
  read(home) {
    const density = this.density();
    const positions = this.grid[0] * this.grid[1];

    // total and peak
    let total = 0;
    let peak = home;
    density.forEach((d, i) => {
      total += d * this.count(i);
      if (d > density[peak]) peak = i;
    });

    // entropy over cells; a cell without weight adds nothing
    let entropy = 0;
    density.forEach((d, i) => {
      const p = (d * this.count(i)) / total;
      if (p > 0) entropy -= p * Math.log(p);
    });
    const spread = density.length > 1 ? entropy / Math.log(density.length) : 1;

    const overMean = (d) => (d * positions) / total;
    const least = overMean(smallest(density));
    return { total, peak, times: overMean(density[peak]), least, spread };
  }
}

// One layer of one network, packed: `pack` in maps.py says how. Rows are unpacked when they are
// asked for.
class Layer {
  constructor(facts, bytes) {
    Object.assign(this, facts, { bytes, totals: {} });
    const shape = new Field(this.grid, this.step, [], true);
    this.columns = shape.columns;
    this.cells = shape.rows * shape.columns;
    this.counts = Float64Array.from({ length: this.cells }, (_, i) => shape.count(i));
  }

  // The packed rows for a temperature. Maps that are not pooled are packed once, and brought to
  // another temperature by tau: softmax(tau log A) is exact.
  packedAt(temperature) {
    const offset = this.sets[temperature] ?? this.sets.network;
    const codes = offset + 4 * this.cells;
    return {
      deepest: new Float32Array(this.bytes.slice(offset, codes).buffer),
      codes: this.bytes.subarray(codes, codes + this.cells ** 2),
      tau: temperature in this.sets ? 1 : this.tau,
    };
  }

  // The weight of each of the 256 codes in a row, before the row is divided by its total.
  weightOfCodes({ deepest, tau }, row) {
    const weight = (code) => Math.exp(-tau * deepest[row] * (code / 255) ** 2);
    return Float64Array.from({ length: 256 }, (_, code) => weight(code));
  }

  // The total of a row.
  totalOf(packed, row, weight) {
    let sum = 0;
    for (let j = row * this.cells; j < (row + 1) * this.cells; j++) sum += weight[packed.codes[j]];
    return sum;
  }

  // The number of positions of some cells together.
  positionsOf(cells) {
    return cells.reduce((sum, i) => sum + this.counts[i], 0);
  }

  // Where cells look: the mean of their rows, over positions.
  attendsTo(cells, temperature) {
    const packed = this.packedAt(temperature);
    const positions = this.positionsOf(cells);
    const mean = new Float64Array(this.cells);
    for (const row of cells) {
      // unpack the row, divide it by its total, and add the share of its positions
      const weight = this.weightOfCodes(packed, row);
      const share = this.counts[row] / positions / this.totalOf(packed, row, weight);
      for (let j = 0; j < this.cells; j++)
        mean[j] += share * weight[packed.codes[row * this.cells + j]];
    }
    return new Field(this.grid, this.step, mean, true);
  }

  // How much each cell looks at some cells: the mean of their columns, over positions.
  attendedBy(cells, temperature) {
    const packed = this.packedAt(temperature);
    const positions = this.positionsOf(cells);

    // the totals of all rows are computed once for each temperature
    this.totals[temperature] ??= range(this.cells).map((row) =>
      this.totalOf(packed, row, this.weightOfCodes(packed, row)));
    const totals = this.totals[temperature];

    const mean = Float64Array.from(totals, (total, row) => {
      const scale = -packed.tau * packed.deepest[row];
      const code = (j) => packed.codes[row * this.cells + j];
      const sum = cells.reduce((sum, j) => sum + Math.exp(scale * (code(j) / 255) ** 2), 0);
      return sum / total / positions;
    });
    return new Field(this.grid, this.step, mean, false);
  }

  // The cells that a place stands for, on an image of `size` [height, width]: those whose middles
  // a box holds, if its average is asked; otherwise, or if it holds none, the one at its middle.
  cellsIn(place, size, average) {
    const { step } = this;
    const own = middle(place).map((v, i) => [cellOf(v, size[i], this.grid[i], step)]);
    const held = range(2).map((i) => {
      const first = place[i];
      const last = place.at(i - 2);
      const n = this.grid[i];
      const middleOf = (k) => ((k * step + Math.min((k + 1) * step, n)) / 2) * (size[i] / n);
      return range(Math.ceil(n / step)).filter((k) => first <= middleOf(k) && middleOf(k) < last);
    });
    const [rows, columns] = average && held.every((side) => side.length) ? held : own;
    return rows.flatMap((r) => columns.map((c) => r * this.columns + c));
  }
}

// For each pixel of a side: the two cells around it, and how far it is from the first one's middle.
function between(length, n, cells, step) {
  const first = new Int32Array(length);
  const second = new Int32Array(length);
  const part = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    const x = clamp((((i + 0.5) / length) * n) / step - 0.5, 0, cells - 1);
    first[i] = Math.floor(x);
    second[i] = Math.min(first[i] + 1, cells - 1);
    part[i] = x - first[i];
  }
  return [first, second, part];
}

// Paint a field into image data: colours from its smallest to its largest weight, straight lines
// between the middles of cells.
function paint(field, table, opacity, image) {
  const { width, height } = image;
  const density = field.density();
  const low = smallest(density);
  const scale = 255 / (largest(density) - low || 1);

  // the 256 colours as whole pixels
  const colours = new Uint32Array(256);
  const channels = new Uint8Array(colours.buffer);
  const alpha = Math.round(255 * opacity);
  for (let v = 0; v < 256; v++)
    channels.set([...table.subarray(3 * v, 3 * v + 3), alpha], 4 * v);

  // between the four cells around each pixel
  const pixels = new Uint32Array(image.data.buffer);
  const [left, right, u] = between(width, field.grid[1], field.columns, field.step);
  const [up, down, v] = between(height, field.grid[0], field.rows, field.step);
  for (let y = 0, at = 0; y < height; y++) {
    const a = up[y] * field.columns;
    const b = down[y] * field.columns;
    const below = v[y];
    const above = 1 - below;
    for (let x = 0; x < width; x++, at++) {
      const west = density[a + left[x]] * above + density[b + left[x]] * below;
      const east = density[a + right[x]] * above + density[b + right[x]] * below;
      pixels[at] = colours[Math.round((west + (east - west) * u[x] - low) * scale)];
    }
  }
  return image;
}

// ---- the widget --------------------------------------------------------------------------------

async function render({ model, el }) {
  // what was shipped
  const [height, width] = model.get("size");
  const size = [height, width];
  const bytes = await inflate(asBytes(model.get("packed")));
  const layers = model.get("layers").map((facts) => new Layer(facts, bytes));
  const networks = [...new Set(layers.map(({ network }) => network))];
  const several = networks.length > 1;
  const tables = {};
  for (const [name, table] of Object.entries(model.get("tables"))) tables[name] = asBytes(table);

  // the image and a canvas for its map, at the size at which they are drawn
  const [W, H] = drawingSize(width, height);
  const scale = [H / height, W / width]; // of rows and of columns
  const tall = H > TALL * W;
  const wide = W > WIDE * H;
  const jpeg = new Blob([asBytes(model.get("jpeg"))], { type: "image/jpeg" });
  const photograph = asCanvas(await createImageBitmap(jpeg), W, H);
  const heat = make("canvas", { width: W, height: H });
  const image = new ImageData(W, H);
  const exact = new Map(); // what the kernel has answered, by what was asked

  // Set several names of the state at once, and draw once.
  let setting = false;
  function put(values) {
    setting = true;
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    setting = false;
    model.save_changes();
    draw();
  }

  // ---- controls: each shows and sets one name of the state

  const controls = {};

  function choice(label, name, options) {
    const entries = options.map(([value, text]) => make("option", { value, textContent: text }));
    const select = make("select", { "aria-label": label }, ...entries);
    const chosen = () => (name === "layer" ? Number(select.value) : select.value);
    select.addEventListener("change", () => put({ [name]: chosen() }));
    controls[name] = select;
    return make("label", {}, label, select);
  }

  function button(text, press) {
    const element = make("button", { type: "button", textContent: text });
    element.addEventListener("click", press);
    return element;
  }

  const opacity = make("input", { type: "range", min: 0, max: 1, step: 0.05 });
  opacity.addEventListener("input", () => put({ opacity: Number(opacity.value) }));
  controls.opacity = opacity;

  const hover = make("input", { type: "checkbox" });
  hover.addEventListener("change", () => put({ hover: hover.checked }));
  controls.hover = hover;

  // the options of the choices: [value, text]
  const named = (names) => names.map((name) => [name, name]);
  const numbers = [...new Set(layers.map(({ layer }) => layer))];
  const layerOptions = numbers.map((layer) => [layer, `SOA${layer}`]);
  const besideOptions = [
    ["", "nothing"],
    ["place", "another place"],
    ...(several ? named(networks) : []),
  ];
  const temperatureOptions = [
    ["network", "the network's own, c'^(-1/2)"],
    ["drawing", "the authors' drawing, c'^(-3/4)"],
  ];
  const boxOptions = [
    ["average", "the average of its cells"],
    ["centre", "its centre, as the authors' did"],
  ];

  // ---- the page

  const stages = ["location", "other"].map(makeStage);
  const say = make("div", { className: "soa-say", role: "status", "aria-live": "polite" });
  const hint = make("div", {
    className: "soa-hint",
    textContent:
      "Click or tap a place, or drag a box. With the keyboard: arrow keys move, " +
      "Shift and an arrow stretch a box, Escape drops it. Rows and columns count from 0.",
  });
  const bar = make("canvas", { width: 256, height: 1, "aria-hidden": "true" });
  const least = make("span");
  const most = make("span");
  const attributes = {
    className: "soa",
    role: "group",
    "aria-label": "Explorer of second-order attention",
    "data-lm-suppress-shortcuts": "true", // else JupyterLab would take the keys
  };
  const root = make("div", attributes,
    make("div", { className: "soa-bar" },
      ...(several ? [choice("Network", "network", named(networks))] : []),
      choice("Layer", "layer", layerOptions),
      choice("The place", "direction", named([ATTENDS, ATTENDED])),
      choice("Beside it", "compare", besideOptions)),
    make("div", { className: `soa-stages${tall ? " soa-tall" : ""}${wide ? " soa-wide" : ""}` },
      ...stages.map(({ figure }) => figure)),
    make("div", { className: "soa-legend" }, least, bar, most),
    say, hint,
    make("details", {}, make("summary", { textContent: "More" }),
      make("div", { className: "soa-more" },
        make("label", {}, "Opacity", opacity),
        choice("Colours", "colours", named(Object.keys(tables))),
        choice("Temperature", "temperature", temperatureOptions),
        choice("A box shows", "box_mode", boxOptions),
        make("label", {}, hover, "follow the pointer"),
        button("Reset", () => put(model.get("start"))),
        button("Download PNG", download))));
  el.append(root);

  // ---- what is shown, and how it is told

  function layerOf(network) {
    return layers.find((one) => one.network === network && one.layer === model.get("layer"));
  }

  // What a stage shows: its place, its network, and whether it shows anything at all.
  function shownBy(stage) {
    const compare = model.get("compare");
    const second = stage.name === "other";
    const name = second && compare === "place" ? "other" : "location";
    return {
      place: stage.peek ?? model.get(name),
      network: second && networks.includes(compare) ? compare : model.get("network"),
      hidden: second && !compare,
    };
  }

  // The map of a place: from the packed rows, or the exact one as soon as a kernel has sent it.
  function fieldOf(stage, { place, network }) {
    const layer = layerOf(network);
    const direction = model.get("direction");
    const temperature = model.get("temperature");
    const box_mode = model.get("box_mode");

    // of a pooled layer the kernel is asked once for each place that is not only passed over
    if (layer.step > 1 && model.send && !stage.peek) {
      const question = { place, network, layer: layer.layer, direction, temperature, box_mode };
      const key = JSON.stringify(question);
      if (exact.get(key)) return exact.get(key);
      if (!exact.has(key)) {
        exact.set(key, null); // asked, and not answered yet
        model.send({ key, ...question });
      }
    }

    const cells = layer.cellsIn(place, size, box_mode === "average");
    if (direction === ATTENDS) return layer.attendsTo(cells, temperature);
    return layer.attendedBy(cells, temperature);
  }

  // The kernel has sent an exact map.
  function answered(message, buffers) {
    if (!exact.has(message?.key)) return;
    const weights = Float64Array.from(new Float32Array(asBytes(buffers[0]).slice().buffer));
    const summed = JSON.parse(message.key).direction === ATTENDS;
    exact.set(message.key, new Field(message.grid, 1, weights, summed));
    draw();
  }

  // Draw one stage; the numbers behind its pixels, or null where it is hidden.
  function drawStage(stage) {
    const shown = shownBy(stage);
    const { place, network, hidden } = shown;
    stage.figure.hidden = hidden;
    if (hidden) return null;

    // the image, its map over it, and the place
    const field = fieldOf(stage, shown);
    const context = stage.canvas.getContext("2d");
    paint(field, tables[model.get("colours")], model.get("opacity"), image);
    heat.getContext("2d").putImageData(image, 0, 0);
    context.drawImage(photograph, 0, 0);
    context.drawImage(heat, 0, 0);
    mark(context, place.map((v, i) => v * scale[i % 2]));

    // the title
    const title = [several ? network : "", `SOA${model.get("layer")}`];
    if (model.get("compare") === "place")
      title.unshift(stage.name === "other" ? "second place" : "first place");
    stage.caption.textContent = title.filter(Boolean).join(", ");

    const cell = middle(place).map((v, i) => cellOf(v, size[i], field.grid[i], field.step));
    const numbers = field.read(cell[0] * field.columns + cell[1]);
    return { ...numbers, field, place, network, cell };
  }

  // Draw the ring at a place, and its box: black, white and coloured lines over each other.
  function mark(context, place) {
    const [top, left, bottom, end] = place;
    const [y, x] = middle(place);
    const radius = Math.max(6, Math.min(W / 55, Math.min(W, H) / 8));
    for (const [lineWidth, strokeStyle] of [[8, "#000"], [6, "#fff"], [3, MARK]]) {
      Object.assign(context, { lineWidth, strokeStyle });
      if (place.length === 4) context.strokeRect(left, top, end - left, bottom - top);
      context.beginPath();
      context.arc(x, y, radius, 0, 7);
      context.stroke();
    }
  }

  // One sentence about a map.
  function words({ field, cell, peak, times, total, spread, place }, name) {
    // the place
    const { step, rows, columns } = field;
    const coarse = step > 1 ? ` (cells of ${step} × ${step} positions)` : "";
    const where = `row ${cell[0]}, column ${cell[1]} of ${rows} × ${columns}${coarse}`;
    const box = model.get("box_mode") === "average" ? "Box around" : "Centre of the box,";
    const what = place.length === 4 ? box : "Place at";

    // where it looks, or what looks at it
    const at = `row ${Math.floor(peak / columns)}, column ${peak % columns}`;
    const verb = field.summed
      ? `attends most to ${at}: ${times.toFixed(1)} times the even share`
      : `gets ${total.toFixed(2)} times the even share in all; ` +
        `most from ${at}, ${times.toFixed(1)} times the mean`;
    const last = `Spread ${spread.toFixed(2)} (0 one cell, 1 all alike).`;
    return `${name}${what} ${where}: ${verb}. ${last}`;
  }

  // What two maps have in common, each brought to a total of one.
  function common(a, b) {
    if (a.field.weights.length !== b.field.weights.length) return "";
    const share = (m, i) => (m.field.density()[i] * m.field.count(i)) / m.total;
    const sum = a.field.weights.reduce((s, _, i) => s + Math.min(share(a, i), share(b, i)), 0);
    return `The two maps have ${(100 * sum).toFixed(0)} % in common.`;
  }

  // All that is told of one map or of two.
  function sentence(first, second) {
    const lines = [];
    if (second) {
      const places = model.get("compare") === "place";
      lines.push(words(first, `${places ? "First" : first.network}: `));
      lines.push(words(second, `${places ? "Second" : second.network}: `));
      lines.push(common(first, second));
    } else {
      lines.push(words(first, ""));
    }
    if (model.get("temperature") === "drawing")
      lines.push("Drawn softer than the network computes: the authors' drawing temperature.");
    return lines.filter(Boolean).join("\n");
  }

  // Draw everything as the state says.
  function draw() {
    const [first, second] = (root.shown = stages.map(drawStage)); // `shown` is read by tests

    // a listener is told where one has arrived, not every step of the way
    if (!stages.some((stage) => stage.peek)) say.textContent = sentence(first, second);

    // the legend: 256 colours in a line, with words at both ends
    const table = tables[model.get("colours")];
    const line = new ImageData(256, 1);
    for (let v = 0; v < 256; v++)
      line.data.set([...table.subarray(3 * v, 3 * v + 3), 255], 4 * v);
    bar.getContext("2d").putImageData(line, 0, 0);
    least.textContent = second ? "least" : `${first.least.toFixed(2)} ×`;
    most.textContent = second
      ? "most, each map for itself"
      : `${first.times.toFixed(1)} × the even share`;

    // the controls
    for (const [name, control] of Object.entries(controls)) {
      if (name === "hover") control.checked = model.get(name);
      else control.value = model.get(name);
    }
    root.dataset.ready = "true";
  }

  // ---- the hand

  // A figure that shows a map and answers the pointer and the keys.
  function makeStage(name) {
    const second = name === "other" ? ", second" : "";
    const canvas = make("canvas", {
      width: W,
      height: H,
      tabIndex: 0,
      role: "application",
      "aria-roledescription": "attention map",
      "aria-label": `Photograph with attention map${second}. Arrow keys move the place.`,
    });
    const caption = make("figcaption");
    // an elongated image keeps its width or height, and is moved within a window
    const view = make("div", { className: "soa-view" }, canvas);
    if (tall) Object.assign(canvas.style, { width: `${W}px`, maxWidth: "100%" });
    if (wide) Object.assign(canvas.style, { width: `${W}px`, touchAction: "pan-x pinch-zoom" });
    const figure = make("figure", { className: "soa-stage" }, caption, view);
    const stage = { name, canvas, caption, figure, peek: null };

    // move the window so that the middle of a place is in its middle
    stage.follow = (place) => {
      const [y, x] = middle(place);
      const top = (y / height) * canvas.clientHeight - view.clientHeight / 2;
      const left = (x / width) * canvas.clientWidth - view.clientWidth / 2;
      view.scrollTo(left, top);
    };

    // the name of the state that this stage sets
    function target() {
      return name === "other" && model.get("compare") === "place" ? "other" : "location";
    }

    // the pixel of the image under the pointer, to a tenth
    function pixelAt(event) {
      const box = canvas.getBoundingClientRect();
      const y = ((event.clientY - box.top) / box.height) * height;
      const x = ((event.clientX - box.left) / box.width) * width;
      return [y, x].map((v, i) => clamp(Math.round(10 * v) / 10, 0, size[i] - 0.1));
    }

    // the box between two pixels
    function boxOf([y, x], [v, u]) {
      return [Math.min(y, v), Math.min(x, u), Math.max(y, v), Math.max(x, u)];
    }

    // show a place without setting it
    function peek(place) {
      stage.peek = place;
      draw();
    }

    // a press starts a click or a drag; after six pixels it is a drag
    let from = null;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      from = { pixel: pixelAt(event), x: event.clientX, y: event.clientY, drags: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (from && Math.hypot(event.clientX - from.x, event.clientY - from.y) > 6)
        from.drags = true;
      if (from?.drags) peek(boxOf(from.pixel, pixelAt(event)));
      else if (!from && model.get("hover")) peek(pixelAt(event));
    });
    canvas.addEventListener("pointerup", (event) => {
      if (!from) return;
      const place = from.drags ? boxOf(from.pixel, pixelAt(event)) : pixelAt(event);
      from = null;
      stage.peek = null;
      put({ [target()]: place });
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
      stage.follow(place);
    });
    return stage;
  }

  // The place after a key, or undefined for keys that are not ours.
  function keyed({ key, shiftKey }, place, { grid, step }) {
    const isBox = place.length === 4;
    const centre = middle(place);
    const cell = size.map((pixels, i) => (pixels / grid[i]) * step); // pixels of one cell
    const last = grid.map((n) => Math.ceil(n / step) - 1); // the last cell
    const middleOf = (position) =>
      position.map((n, i) => clamp((n + 0.5) * cell[i], 0, size[i] - 0.1));

    // keys that do not move
    if (key === "Home") return middleOf([0, 0]);
    if (key === "End") return middleOf(last);
    if (key === "Escape" && isBox) return centre;

    const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const move = moves[key];
    if (!move) return undefined;

    // an arrow moves a point to the middle of the next cell
    const position = centre.map((v, i) => cellOf(v, size[i], grid[i], step));
    if (!isBox && !shiftKey)
      return middleOf(position.map((n, i) => clamp(n + move[i], 0, last[i])));

    // Shift and an arrow move the far corner of a box; a point becomes the box of its cell first
    const near = isBox ? place.slice(0, 2) : position.map((n, i) => n * cell[i]);
    const far = isBox ? place.slice(2) : near.map((v, i) => v + cell[i]);
    if (shiftKey) {
      const stretched = far.map((v, i) =>
        clamp(v + move[i] * cell[i], near[i] + cell[i] / 2, size[i]));
      return [...near, ...stretched];
    }

    // an arrow moves a box by one cell, as far as the edge
    const by = move.map((n, i) => clamp(n * cell[i], -near[i], size[i] - far[i]));
    return [...near, ...far].map((v, i) => v + by[i % 2]);
  }

  // Break a text into lines that are no wider than a canvas.
  function wrapped(text, context, most) {
    const lines = [""];
    for (const word of text.split(/\s+/)) {
      const longer = `${lines.at(-1)} ${word}`.trim();
      if (context.measureText(longer).width < most) lines[lines.length - 1] = longer;
      else lines.push(word);
    }
    return lines;
  }

  // Save what is shown, with the words that belong to it, as a PNG.
  function download() {
    const shown = stages.filter(({ figure }) => !figure.hidden);
    const textSize = clamp(Math.round(W / 40), 13, 52);
    const line = 1.5 * textSize;
    const font = `${textSize}px sans-serif`;

    // where each stage goes: beside each other, or below each other if they are wide
    const spots = shown.map((_, i) => (wide ? [0, i * (H + line)] : [i * (W + 8), 0]));
    const [right, below] = spots.at(-1);
    const bottom = below + H + line;

    // break the words into lines; only then is the height known
    const canvas = make("canvas", { width: Math.max(right + W, DRAWN_WIDTH) });
    const context = canvas.getContext("2d");
    context.font = font;
    const text = `${model.get("direction")}. ${say.textContent}`;
    const lines = wrapped(text, context, canvas.width - 16);
    canvas.height = bottom + line * (lines.length + 1); // which clears it and drops the font

    // white paper, the stages with their titles, the words below
    Object.assign(context, { font, fillStyle: "#fff" });
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = "#111";
    shown.forEach(({ canvas: stage, caption }, i) => {
      const [x, y] = spots[i];
      context.fillText(caption.textContent, x + 8, y + textSize * 1.1);
      context.drawImage(stage, x, y + line);
    });
    lines.forEach((words, i) => context.fillText(words, 8, bottom + line * (i + 1)));

    // hand it to the browser as a file
    canvas.toBlob((blob) => {
      const link = make("a", { href: URL.createObjectURL(blob), download: "soa.png" });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  }

  // ---- follow the state: one drawing for each change, also if it changes several names

  function changed() {
    if (!setting) draw();
  }

  model.on("change", changed);
  model.on("msg:custom", answered);
  draw();
  for (const stage of stages) stage.follow(shownBy(stage).place);
  return () => {
    model.off("change", changed);
    model.off("msg:custom", answered);
  };
}

export default { render };
