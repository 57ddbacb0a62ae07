// ---- the loss circle: LossCircle in circle.py computes the same numbers -------------------------

const R = 100; // the radius in units of the drawing
const DRAWN = 0.2; // the length of the arrow of a push of one, in radii
const NAMES = { q: "query q", p: "positive p", n: "negative n" };
const INKS = { q: "currentColor", p: GREEN, n: VERMILION };
const LOSSES = { triplet: BLUE, "second order": PURPLE };
const FULL = 5.25; // the largest loss of one tuple at the usual margin: the end of a bar

const minus = (a, b) => [a[0] - b[0], a[1] - b[1]];
const dot = (a, b) => a[0] * b[0] + a[1] * b[1];
const squared = (a, b) => dot(minus(a, b), minus(a, b));

// The point at an angle in degrees.
function pointAt(degrees) {
  const angle = (degrees * Math.PI) / 180;
  return [Math.cos(angle), Math.sin(angle)];
}

// An angle turned by some degrees: whole, from -180 to 179.
function turned(angle, by) {
  return ((((Math.round(angle) + by + 180) % 360) + 360) % 360) - 180;
}

// Everything that is told of three angles: points, squared distances, losses, and pushes, which are
// the negative gradients along the circle, against the clock.
function numbersOf({ q: qAngle, p: pAngle, n: nAngle, margin }) {
  const q = pointAt(qAngle);
  const p = pointAt(pAngle);
  const n = pointAt(nAngle);
  const distances = { qp: squared(q, p), qn: squared(q, n), pn: squared(p, n) };

  // the triplet loss, and its gradients where it is not cut off
  const order = distances.qp - distances.qn + margin;
  const works = order >= 0 ? 2 : 0;
  const triplet = { q: minus(n, p), p: minus(p, q), n: minus(q, n) };

  // the second-order loss; its gradient at zero is zero
  const delta = distances.qn - distances.pn;
  const sign = 2 * Math.sign(delta);
  const second = { q: minus(q, n), p: minus(n, p), n: minus(p, q) };

  // the part along the circle: (x, y) turned by a quarter
  const points = { q, p, n };
  const along = (gradients, factor) =>
    Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => {
      const [x, y] = points[name];
      return [name, -factor * dot(gradient, [-y, x])];
    }));
  return {
    points,
    distances,
    losses: { triplet: Math.max(order, 0), "second order": Math.abs(delta) },
    pushes: { triplet: along(triplet, works), "second order": along(second, sign) },
  };
}

// Where a place lies in the drawing, whose rows run downwards.
const onPaper = ([x, y]) => [R * x, -R * y];

// The ends of a line in the drawing.
function ends(a, b) {
  const [x1, y1] = onPaper(a);
  const [x2, y2] = onPaper(b);
  return { x1, y1, x2, y2 };
}

// An arrow along the circle from a point, at a distance from the middle.
function arrow([x, y], push, radius, colour, dash) {
  const length = DRAWN * push;
  if (Math.abs(length) < 0.01) return shape("g");
  const start = [radius * x, radius * y];
  const end = [start[0] - length * y, start[1] + length * x];
  const way = [Math.sign(length) * -y, Math.sign(length) * x];
  const back = (side) => [
    end[0] - 0.09 * way[0] + side * 0.05 * x,
    end[1] - 0.09 * way[1] + side * 0.05 * y,
  ];
  const head = [end, back(1), back(-1)].map((at) => onPaper(at).join(",")).join(" ");
  const line = { ...ends(start, end), stroke: colour, "stroke-width": 4, "stroke-dasharray": dash };
  return shape("g", {}, shape("line", line), shape("polygon", { points: head, fill: colour }));
}

function render({ model, el }) {
  const live = new Live(model, el, "Three points on a circle and two losses");

  // the circle, what changes below the points, and a handle for each point
  const moving = shape("g");
  const circle = shape("svg", { viewBox: "-145 -145 290 290", class: "live-circle" },
    shape("circle", { r: R, fill: "none", stroke: GREY, "stroke-width": 2 }), moving);
  const handles = {};
  for (const name of ["n", "p", "q"]) {
    handles[name] = makeHandle(name);
    circle.append(handles[name]);
  }

  // a handle can be dragged and moved by keys
  function makeHandle(name) {
    const handle = shape("g", {
      class: "live-point",
      tabindex: 0,
      role: "slider",
      "aria-label": `${NAMES[name]}, angle in degrees`,
      "aria-valuemin": -180,
      "aria-valuemax": 180,
    },
    shape("circle", { class: "live-ring", r: 16, fill: "transparent" }),
    shape("circle", { r: 7, style: `fill: ${INKS[name]}` }),
    shape("text", { "text-anchor": "middle", style: `font-size: 20px; font-weight: 700; fill: ${INKS[name]}` }));
    handle.lastChild.textContent = name;
    handle.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      handle.focus({ preventScroll: true });
      handle.setPointerCapture(event.pointerId);
    });
    handle.addEventListener("pointermove", (event) => {
      if (handle.hasPointerCapture(event.pointerId)) live.put({ [name]: angleAt(event) });
    });
    handle.addEventListener("keydown", (event) => {
      const to = keyed(event, live.get(name));
      if (to === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      live.put({ [name]: to });
    });
    return handle;
  }

  // The angle under the pointer, in whole degrees.
  function angleAt({ clientX, clientY }) {
    const box = circle.getBoundingClientRect();
    const x = clientX - (box.left + box.width / 2);
    const y = clientY - (box.top + box.height / 2);
    return Math.round((Math.atan2(-y, x) * 180) / Math.PI);
  }

  // The angle after a key, or undefined for keys that are not ours.
  function keyed({ key, shiftKey }, angle) {
    const steps = {
      ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 10, PageDown: -10,
    };
    if (key === "Home") return 0;
    if (!(key in steps)) return undefined;
    return turned(angle, steps[key] * (shiftKey ? 10 : 1));
  }

  // the numbers: a row for each distance, and one with a bar for each loss
  const cells = {};
  const row = (name, label, colour) => {
    cells[name] = make("td");
    const bar = make("div", { className: "live-fill" });
    cells[`${name} bar`] = bar;
    bar.style.background = colour ?? "";
    const track = colour ? make("div", { className: "live-track" }, bar) : "";
    return make("tr", {}, make("th", { scope: "row", textContent: label }), cells[name],
      make("td", {}, track));
  };
  const table = make("table", { className: "live-table" },
    make("tbody", {},
      row("qp", "d²(q, p)"), row("qn", "d²(q, n)"), row("pn", "d²(p, n)"),
      ...Object.entries(LOSSES).map(([name, colour]) => row(name, name, colour))));

  live.root.append(
    make("div", { className: "live-bar" },
      live.check("pushes of the triplet loss", "show_triplet"),
      live.check("pushes of the second-order loss (dashed)", "show_second"),
      live.reset()),
    make("div", { className: "live-sides" }, circle,
      make("div", { className: "live-numbers" }, table)),
    live.say,
    make("div", {
      className: "live-hint",
      textContent:
        "Drag a point. With the keyboard: Tab chooses a point, arrow keys move it by one degree, " +
        "Page Up and Page Down (or Shift and an arrow) by ten.",
    }));

  // One sentence for each loss.
  function sentences({ distances, losses, pushes }) {
    const all = Object.entries(losses).map(([name, loss]) => {
      const pushed = Object.keys(NAMES).filter((one) => Math.abs(pushes[name][one]) > 0.005);
      const what = pushed.length ? `It pushes ${pushed.join(", ")}.` : "It pushes nothing.";
      const title = name === "triplet" ? "Triplet loss" : "Second-order loss";
      return `${title} ${loss.toFixed(2)}. ${what}`;
    });
    const nearer = distances.qp < distances.qn ? "nearer to q than n" : "not nearer to q than n";
    return [`p is ${nearer}.`, ...all].join("\n");
  }

  return live.run(() => {
    const state = {};
    for (const name of ["q", "p", "n", "margin"]) state[name] = live.get(name);
    const numbers = numbersOf(state);
    const { points, distances, losses, pushes } = numbers;

    // lines between the points, and the arrows
    const chords = [["q", "p", ""], ["q", "n", "8 5"], ["p", "n", "2 5"]];
    const lines = chords.map(([a, b, dash]) => shape("line", {
      ...ends(points[a], points[b]), "stroke-width": 1.5, "stroke-dasharray": dash,
      stroke: "currentColor", "stroke-opacity": 0.6,
    }));
    const arrows = [];
    for (const name of Object.keys(NAMES)) {
      if (live.get("show_triplet"))
        arrows.push(arrow(points[name], pushes.triplet[name], 1, LOSSES.triplet, ""));
      if (live.get("show_second"))
        arrows.push(
          arrow(points[name], pushes["second order"][name], 0.9, LOSSES["second order"], "7 3"));
    }
    moving.replaceChildren(...lines, ...arrows);

    // the handles, with their letters outside of the circle
    for (const [name, handle] of Object.entries(handles)) {
      const [x, y] = onPaper(points[name]);
      const [ring, dot, letter] = handle.children;
      for (const each of [ring, dot]) {
        each.setAttribute("cx", x);
        each.setAttribute("cy", y);
      }
      letter.setAttribute("x", 1.24 * x);
      letter.setAttribute("y", 1.24 * y + 6);
      const angle = turned(state[name], 0);
      handle.setAttribute("aria-valuenow", angle);
      handle.setAttribute("aria-valuetext", `${angle} degrees`);
    }

    // the table and the words
    for (const [name, value] of Object.entries({ ...distances, ...losses }))
      cells[name].textContent = value.toFixed(2);
    for (const [name, loss] of Object.entries(losses))
      cells[`${name} bar`].style.width = `${clamp((100 * loss) / FULL, 0, 100)}%`;
    live.say.textContent = sentences(numbers);
    return numbers;
  });
}

export default { render };
