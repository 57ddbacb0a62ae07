// Brings the widgets of a page to life without a kernel and without a network: it reads the state
// that the page holds and runs each widget's own module. Used by saved pages and by the built book.
// Widgets of other kinds than anywidget's would do nothing when touched, so they are replaced by a
// note.
(() => {
  const MIME = "application/vnd.jupyter.widget-";
  const NOTE = "(This control needs a running kernel: open the chapter in Jupyter to use it.)";

  // The bytes of a buffer, as ipywidgets embeds them.
  function decode({ data, encoding }) {
    if (encoding !== "base64") throw new Error(`a buffer in ${encoding}; expected base64`);
    return new DataView(Uint8Array.from(atob(data), (c) => c.charCodeAt(0)).buffer);
  }

  // What a widget's module asks of its model, kept in the page. It has no `send`: nobody would
  // answer.
  class Model {
    constructor({ state, buffers = [] }) {
      this.values = { ...state };
      this.listeners = {};
      // put each buffer into the place of the state that its path names
      for (const buffer of buffers) {
        const path = [...buffer.path];
        const last = path.pop();
        const owner = path.reduce((inner, key) => inner[key], this.values);
        owner[last] = decode(buffer);
      }
    }

    get(name) {
      return this.values[name];
    }

    set(name, value) {
      if (JSON.stringify(this.values[name]) === JSON.stringify(value)) return;
      this.values[name] = value;
      for (const event of [`change:${name}`, "change"])
        (this.listeners[event] ?? []).forEach((listener) => listener(this, value));
    }

    on(event, listener) {
      (this.listeners[event] ??= []).push(listener);
    }

    off(event, listener) {
      this.listeners[event] = (this.listeners[event] ?? []).filter((one) => one !== listener);
    }

    save_changes() {} // the page is its own memory
  }

  // Run the module of a model and let it draw into an element.
  async function show(model, element) {
    const style = document.createElement("style");
    style.textContent = model.get("_css") ?? "";
    element.append(style, document.createElement("div"));
    const module = new Blob([model.get("_esm")], { type: "text/javascript" });
    const address = URL.createObjectURL(module);
    const { default: widget } = await import(address);
    URL.revokeObjectURL(address);
    await widget.initialize?.({ model });
    await widget.render({ model, el: element.lastChild });
  }

  function start() {
    // the states of all widgets of the page, by their id
    const states = {};
    for (const tag of document.querySelectorAll(`script[type="${MIME}state+json"]`))
      Object.assign(states, JSON.parse(tag.textContent).state);

    // each view becomes an element; views of one widget share its model
    const models = {};
    for (const tag of document.querySelectorAll(`script[type="${MIME}view+json"]`)) {
      const id = JSON.parse(tag.textContent).model_id;
      const element = document.createElement("div");
      tag.replaceWith(element);
      if (states[id]?.model_module !== "anywidget") {
        element.textContent = NOTE;
        continue;
      }
      models[id] ??= new Model(states[id]);
      show(models[id], element).catch((error) => {
        console.error(error);
        element.textContent = `This interactive figure could not start: ${error.message}`;
      });
    }
  }

  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
