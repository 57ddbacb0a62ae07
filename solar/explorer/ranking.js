// ---- the ranked list: RankedList in ranking.py computes the same numbers ------------------------

const COLOURS = { easy: GREEN, hard: GREEN, junk: GREY, other: VERMILION };
const WIDE = 320; // of the drawing of precision over recall
const HIGH = 170;

// Ranks of the right images, zero-based, after the ignored ones are taken out.
function ranksOf(labels, [positive, ignored]) {
  const counted = labels.filter((label) => !ignored.includes(label));
  return range(counted.length).filter((rank) => positive.includes(counted[rank]));
}

// Precision just before and just after each right image; before the first rank it is 1.
function stepsOf(ranks) {
  return ranks.map((rank, i) => [rank ? i / rank : 1, (i + 1) / (rank + 1)]);
}

// Average precision: the mean over right images of the mean of both.
function averagePrecision(ranks) {
  const total = stepsOf(ranks).reduce((sum, [before, after]) => sum + (before + after) / 2, 0);
  return total / ranks.length;
}

// The share of right images among the first k, capped at the last right one.
function precisionAt(ranks, k) {
  const depth = Math.min(ranks.at(-1) + 1, k);
  return ranks.filter((rank) => rank < depth).length / depth;
}

// Precision over recall: a trapezoid for each right image, with its height.
function plot(ranks) {
  const x = (recall) => 34 + (WIDE - 44) * recall;
  const y = (precision) => HIGH - 30 - (HIGH - 44) * precision;
  const line = (x1, y1, x2, y2) => shape("line", { x1, y1, x2, y2, stroke: "currentColor" });
  const word = (text, left, top, anchor = "middle") => {
    const element = shape("text", {
      x: left, y: top, "text-anchor": anchor, style: "font-size: 11px",
    });
    element.textContent = text;
    return element;
  };
  const parts = stepsOf(ranks).flatMap(([before, after], i) => {
    const left = x(i / ranks.length);
    const right = x((i + 1) / ranks.length);
    const corners = [[left, y(0)], [left, y(before)], [right, y(after)], [right, y(0)]];
    return [
      shape("polygon", {
        points: corners.join(" "), fill: BLUE, "fill-opacity": 0.3, stroke: BLUE,
        "stroke-width": 1.5,
      }),
      word(((before + after) / 2).toFixed(2), (left + right) / 2, y(0) - 5),
    ];
  });
  return [
    ...parts, line(x(0), y(0), x(1), y(0)), line(x(0), y(0), x(0), y(1)),
    word("0", x(0) - 6, y(0), "end"), word("1", x(0) - 6, y(1) + 6, "end"),
    word("recall", x(0.5), HIGH - 12), word("1", x(1), HIGH - 14),
    word("precision", x(0) + 4, y(1) - 6, "start"),
  ];
}

function render({ model, el }) {
  const live = new Live(model, el, "A ranked list and its average precision");
  const labels = model.get("labels");
  const count = labels.length;
  const protocols = model.get("protocols");
  let chosen = null; // the image that the buttons move
  let from = null; // a press that may become a drag

  // a tile for each image: its picture or its colour
  const pictures = model.get("thumbnails").map((bytes) =>
    URL.createObjectURL(new Blob([asBytes(bytes)], { type: "image/jpeg" })));
  const tiles = range(count).map(makeTile);
  const list = make("ol", { className: "live-list", role: "list" });

  function makeTile(image) {
    const picture = make("span", { className: "live-picture" });
    picture.style.borderColor = COLOURS[labels[image]];
    if (pictures.length) picture.style.backgroundImage = `url(${pictures[image]})`;
    else picture.style.backgroundColor = COLOURS[labels[image]];
    const words = make("span");
    const tile = make("button", { type: "button", className: "live-tile" }, picture, words);
    tile.addEventListener("click", () => choose(image));
    tile.addEventListener("keydown", (event) => {
      const at = live.get("order").indexOf(image);
      const places = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: count - 1 };
      if (!(event.key in places)) return;
      event.preventDefault();
      event.stopPropagation();
      move(image, places[event.key]);
    });

    // a drag of more than six pixels moves the tile to the place of the tile below the pointer
    tile.addEventListener("pointerdown", (event) => {
      if (event.button === 0) from = { image, x: event.clientX, y: event.clientY };
    });
    tile.addEventListener("pointermove", (event) => {
      if (from?.image !== image) return;
      if (Math.hypot(event.clientX - from.x, event.clientY - from.y) < 6) return;
      if (!tile.hasPointerCapture(event.pointerId)) tile.setPointerCapture(event.pointerId);
      const below = tiles.findIndex((one) => {
        const box = one.getBoundingClientRect();
        const beside = box.left <= event.clientX && event.clientX < box.right;
        return beside && box.top <= event.clientY && event.clientY < box.bottom;
      });
      if (below >= 0 && below !== image) move(image, live.get("order").indexOf(below));
    });
    for (const end of ["pointerup", "pointercancel"])
      tile.addEventListener(end, () => {
        from = null;
      });
    return tile;
  }

  // Choose the image that the buttons move.
  function choose(image) {
    chosen = image;
    live.update();
  }

  // Move an image to a place of the list; the others keep their order.
  function move(image, place) {
    const others = live.get("order").filter((one) => one !== image);
    others.splice(clamp(place, 0, count - 1), 0, image);
    chosen = image;
    live.put({ order: others });
  }

  // Move the chosen image by some places.
  function step(by) {
    if (chosen !== null) move(chosen, live.get("order").indexOf(chosen) + by);
  }

  const named = Object.keys(protocols).map((name) => [name, name]);
  const depths = [...new Set([1, 3, 5, 10, live.get("k")])].sort((a, b) => a - b);
  const forward = button("move forward", () => step(-1));
  const backward = button("move back", () => step(1));
  const drawing = shape("svg", {
    viewBox: `0 0 ${WIDE} ${HIGH}`, class: "live-plot", role: "img",
    "aria-label": "Precision over recall",
  });
  live.root.append(
    make("div", { className: "live-bar" },
      live.choice("Protocol", "protocol", named),
      live.choice("k", "k", depths.map((k) => [k, `${k}`])),
      forward, backward, live.reset()),
    list, live.say, drawing,
    make("div", {
      className: "live-hint",
      textContent:
        "Best first. Drag an image, or choose one and use the buttons. With the keyboard: Tab " +
        "chooses an image, left and right arrows move it, Home and End move it to an end.",
    }));

  // What an image is under the protocol.
  function meaning(label, [positive, ignored]) {
    if (ignored.includes(label)) return "ignored";
    return positive.includes(label) ? "right" : "wrong";
  }

  // Put the tiles into the order, without moving the one that is held or has the focus: it would
  // lose it.
  function arrange(order) {
    const items = order.map((image) => tiles[image].parentNode ?? make("li", {}, tiles[image]));
    const focused = tiles.findIndex((tile) => tile === tile.ownerDocument.activeElement);
    const middle = order.indexOf(from ? from.image : focused);
    items.forEach((item, i) => {
      if (i < middle) list.insertBefore(item, items[middle]);
      else if (i !== middle || !item.isConnected) list.append(item);
    });
  }

  return live.run(() => {
    const order = live.get("order");
    const sides = protocols[live.get("protocol")];
    const ranks = ranksOf(order.map((image) => labels[image]), sides);
    arrange(order);

    // below each image its rank and what it is
    let rank = 0;
    order.forEach((image) => {
      const what = meaning(labels[image], sides);
      const place = what === "ignored" ? "no rank" : `rank ${rank++}`;
      const tile = tiles[image];
      tile.classList.toggle("live-out", what === "ignored");
      tile.setAttribute("aria-pressed", image === chosen);
      tile.lastChild.textContent = `${place}, ${what} (${labels[image]})`;
    });
    forward.disabled = chosen === null || order[0] === chosen;
    backward.disabled = chosen === null || order.at(-1) === chosen;

    // the numbers
    drawing.replaceChildren(...plot(ranks));
    if (!ranks.length) {
      live.say.textContent = "No image is right under this protocol: the query does not count.";
      return { ranks, ap: null, precision: null };
    }
    const k = live.get("k");
    const ap = averagePrecision(ranks);
    const precision = precisionAt(ranks, k);
    live.say.textContent =
      `Ranks of the right images: ${ranks.join(", ")}.\n` +
      `AP ${(100 * ap).toFixed(1)} %, P@${k} ${(100 * precision).toFixed(1)} %.`;
    return { ranks, ap, precision };
  });
}

export default { render };
