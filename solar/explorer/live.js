// What the live figures share; the module of each figure follows it in one file. anywidget calls
// `render({ model, el })`. Of the model it needs get, set, on, off and save_changes.

const SVG = "http://www.w3.org/2000/svg";
const BLUE = "#0072B2";
const VERMILION = "#D55E00";
const GREEN = "#009E73";
const PURPLE = "#CC79A7";
const GREY = "#999999";

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const range = (n) => Array.from({ length: n }, (_, i) => i);

// A buffer, or a view of one, as bytes.
function asBytes(data) {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
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

// A new element of a drawing with attributes and children.
function shape(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// A button that does something.
function button(text, press) {
  const element = make("button", { type: "button", textContent: text });
  element.addEventListener("click", press);
  return element;
}

// What all figures do with their state: set several names at once and draw once, follow what
// Python sets, and keep controls in step. Each control shows and sets one name.
class Live {
  constructor(model, el, label) {
    this.model = model;
    this.controls = {};
    this.setting = false;
    this.root = make("div", {
      className: "live",
      role: "group",
      "aria-label": label,
      "data-lm-suppress-shortcuts": "true", // else JupyterLab would take the keys
    });
    this.say = make("div", { className: "live-say", role: "status", "aria-live": "polite" });
    this.root.put = (values) => this.put(values); // read by tests, as is `shown`
    el.append(this.root);
  }

  get(name) {
    return this.model.get(name);
  }

  put(values) {
    this.setting = true;
    for (const [name, value] of Object.entries(values)) this.model.set(name, value);
    this.setting = false;
    this.model.save_changes();
    this.update();
  }

  choice(label, name, options) {
    const entries = options.map(([value, text]) => make("option", { value, textContent: text }));
    const select = make("select", {}, ...entries);
    const values = Object.fromEntries(options.map(([value]) => [String(value), value]));
    select.addEventListener("change", () => this.put({ [name]: values[select.value] }));
    this.controls[name] = select;
    return make("label", {}, label, select);
  }

  check(label, name) {
    const box = make("input", { type: "checkbox" });
    box.addEventListener("change", () => this.put({ [name]: box.checked }));
    this.controls[name] = box;
    return make("label", {}, box, label);
  }

  slider(label, name, min, max, step) {
    const input = make("input", { type: "range", min, max, step });
    input.addEventListener("input", () => this.put({ [name]: Number(input.value) }));
    this.controls[name] = input;
    return make("label", {}, label, input);
  }

  reset() {
    return button("Reset", () => this.put(this.get("start")));
  }

  // Draw as the state says, and bring the controls into step.
  update() {
    this.root.shown = this.draw();
    for (const [name, control] of Object.entries(this.controls)) {
      if (control.type === "checkbox") control.checked = this.get(name);
      else control.value = this.get(name);
    }
    this.root.dataset.ready = "true";
  }

  // Begin to draw; the result ends it.
  run(draw) {
    this.draw = draw;
    const changed = () => {
      if (!this.setting) this.update();
    };
    this.model.on("change", changed);
    this.update();
    return () => this.model.off("change", changed);
  }
}
