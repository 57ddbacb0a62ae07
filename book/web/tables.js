// A wide table scrolls sideways in its frame. While it does, the keyboard reaches the frame, and a
// screen reader names it; a frame in which all fits is no stop on the way through the page.
(() => {
  const FRAMES = ".bd-content :is(.pst-scrollable-table-container, .cell_output > .output)";

  function tell(frame, number) {
    const wide = frame.scrollWidth > frame.clientWidth;
    const names = {
      tabindex: "0",
      role: "region",
      "aria-label": `Table ${number} of this page, scrolls sideways`,
    };
    for (const [key, value] of Object.entries(names)) {
      if (wide) frame.setAttribute(key, value);
      else frame.removeAttribute(key);
    }
  }

  function start() {
    const frames = [...document.querySelectorAll(FRAMES)].filter((f) => f.querySelector("table"));
    frames.forEach((frame, index) => {
      // answers at once, and whenever the frame or the table in it gets another size
      const sizes = new ResizeObserver(() => tell(frame, index + 1));
      sizes.observe(frame);
      sizes.observe(frame.querySelector("table"));
    });
  }

  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
