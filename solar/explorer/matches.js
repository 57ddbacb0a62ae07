// ---- the match slider: MatchSlider in matches.py computes the same numbers ----------------------

const GAP = 8; // pixels between two photographs
const NARROW = 480; // pixels below which they stand below each other

// The numbers of the candidates that pass the tests.
function keptOf(candidates, { test, ratio, distance, mutual }) {
  return range(candidates.length).filter((i) => {
    const [near, second, returned] = candidates[i].slice(4, 7);
    const limit = test === "ratio" ? ratio * second : distance;
    return near < limit && (returned > 0 || !mutual);
  });
}

async function render({ model, el }) {
  const live = new Live(model, el, "Matches of two photographs and a threshold");
  const candidates = model.get("candidates");
  const judged = model.get("judged");
  const sizes = model.get("sizes");
  const photographs = await Promise.all(model.get("jpegs").map((bytes) =>
    createImageBitmap(new Blob([asBytes(bytes)], { type: "image/jpeg" }))));

  const canvas = make("canvas", { role: "img" });
  const value = make("span", { className: "live-value" });
  const ratio = live.slider("Largest ratio", "ratio", 0, 1, 0.01);
  const distance = live.slider("Largest distance", "distance", 0, 2, 0.02);
  const tests = [["ratio", "ratio to the second nearest"], ["distance", "distance to the nearest"]];

  // bars for right and wrong matches
  const bars = {};
  const row = (name, colour) => {
    const bar = make("div", { className: "live-fill" });
    bar.style.background = colour;
    const number = make("td");
    bars[name] = { bar, number };
    return make("tr", {}, make("th", { scope: "row", textContent: name }), number,
      make("td", {}, make("div", { className: "live-track" }, bar)));
  };
  const rows = judged ? [row("right", GREEN), row("wrong", VERMILION)] : [row("matches", BLUE)];
  live.root.append(
    make("div", { className: "live-bar" },
      live.choice("Test", "test", tests), ratio, distance, value,
      live.check("mutual", "mutual"), live.reset()),
    canvas,
    make("table", { className: "live-table" }, make("tbody", {}, ...rows)),
    live.say,
    make("div", {
      className: "live-hint",
      textContent:
        "Move the slider, by hand or with the arrow keys. " +
        (judged ? "Full green lines are right, dashed orange ones are wrong." : ""),
    }));

  // Where both photographs lie on the canvas: beside each other, or below each other.
  function layout() {
    const [[h, w], [v, u]] = sizes;
    if (el.clientWidth && el.clientWidth < NARROW)
      return { width: Math.max(w, u), height: h + GAP + v, shift: [0, h + GAP] };
    return { width: w + GAP + u, height: Math.max(h, v), shift: [w + GAP, 0] };
  }

  // Draw the photographs and the lines; right ones last, so that they lie on top.
  function paint(kept) {
    const { width, height, shift } = layout();
    const zoom = Math.max(1, Math.min(3, 1400 / width));
    canvas.width = Math.round(zoom * width);
    canvas.height = Math.round(zoom * height);
    const context = canvas.getContext("2d");
    context.scale(zoom, zoom);
    photographs.forEach((photograph, i) => {
      const [h, w] = sizes[i];
      context.drawImage(photograph, i * shift[0], i * shift[1], w, h);
    });
    context.lineWidth = Math.max(1.2, width / 600);
    for (const right of [0, 1]) {
      context.strokeStyle = judged ? [VERMILION, GREEN][right] : BLUE;
      context.setLineDash(judged && !right ? [width / 100, width / 150] : []);
      for (const i of kept.filter((i) => candidates[i][7] === right)) {
        const [x, y, u, v] = candidates[i];
        context.beginPath();
        context.moveTo(x + 0.5, y + 0.5);
        context.lineTo(u + 0.5 + shift[0], v + 0.5 + shift[1]);
        context.stroke();
      }
    }
  }

  // The share of right matches in words; without matches there is none.
  const precisionOf = (right, total) =>
    total ? `${((100 * right) / total).toFixed(0)} % of them are right` : "none is right or wrong";

  const end = live.run(() => {
    const state = {};
    for (const name of ["test", "ratio", "distance", "mutual"]) state[name] = live.get(name);
    const kept = keptOf(candidates, state);
    const right = kept.filter((i) => candidates[i][7] > 0).length;
    const counts = { matches: kept.length, right, wrong: kept.length - right };
    paint(kept);

    // the controls and the numbers
    ratio.hidden = state.test !== "ratio";
    distance.hidden = state.test === "ratio";
    value.textContent = state[state.test].toFixed(2);
    for (const [name, { bar, number }] of Object.entries(bars)) {
      number.textContent = counts[name];
      bar.style.width = `${(100 * counts[name]) / candidates.length}%`;
    }
    const told = judged ? `${counts.right} right, ${counts.wrong} wrong: ` : "";
    live.say.textContent =
      `${counts.matches} of ${candidates.length} keypoints keep their match` +
      (judged ? `; ${told}${precisionOf(right, kept.length)}.` : ".");
    canvas.setAttribute("aria-label",
      `Two photographs joined by ${counts.matches} lines between matches.`);
    return { kept, counts };
  });

  // a change of the width may change the layout
  const watcher = new ResizeObserver(() => live.update());
  watcher.observe(el);
  return () => {
    watcher.disconnect();
    end();
  };
}

export default { render };
