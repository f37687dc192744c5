// Comforts only: every page works without them. "/" goes to the search, times also say how long ago, graphs zoom and pan.
"use strict";
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    const box = document.getElementById("q");
    box.focus();
    box.select();
  }
});

const ago = (seconds) => {
  for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (seconds >= size) return new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(-Math.floor(seconds / size), unit);
  }
  return "just now";
};
for (const time of document.querySelectorAll("time[datetime]")) {
  const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
  if (seconds >= 0 && seconds < 14 * 86400) time.textContent = ago(seconds);
}

for (const graph of document.querySelectorAll(".graph")) {
  const canvas = graph.querySelector(".canvas");
  const svg = canvas.querySelector("svg");
  const [width, height] = ["width", "height"].map((side) => Number(svg.getAttribute(side)));
  const focus = canvas.querySelector(".focus");
  let scale = 1;
  const zoom = (to) => {
    const middle = [(canvas.scrollLeft + canvas.clientWidth / 2) / scale, (canvas.scrollTop + canvas.clientHeight / 2) / scale];
    scale = Math.min(2, Math.max(0.1, to));
    svg.setAttribute("width", width * scale);
    svg.setAttribute("height", height * scale);
    canvas.scrollTo(middle[0] * scale - canvas.clientWidth / 2, middle[1] * scale - canvas.clientHeight / 2);
  };
  const fit = () => zoom(Math.min(1, canvas.clientWidth / width, graph.classList.contains("tall") ? (innerHeight * 0.78) / height : 1));
  const centre = () => {
    if (!focus) return canvas.scrollTo(0, (canvas.scrollHeight - canvas.clientHeight) / 2);
    const box = focus.getBoundingClientRect(), frame = canvas.getBoundingClientRect();
    canvas.scrollBy(box.left - frame.left - (frame.width - box.width) / 2, box.top - frame.top - (frame.height - box.height) / 2);
  };
  graph.querySelector(".tools").addEventListener("click", (event) => {
    const step = Number(event.target.dataset.zoom);
    if (step) zoom(scale * (step > 0 ? 1.3 : 1 / 1.3));
    else if (event.target.dataset.zoom) fit();
  });
  if (width > canvas.clientWidth && width * 0.72 <= canvas.clientWidth) fit();
  graph.querySelector(".tools").hidden = width * scale <= canvas.clientWidth && height * scale <= canvas.clientHeight;
  centre();

  let held = null;
  let moved = false;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" && event.button === 0) held = [event.clientX, event.clientY];
    moved = false;
  });
  addEventListener("pointermove", (event) => {
    if (!held) return;
    const by = [held[0] - event.clientX, held[1] - event.clientY];
    if (!moved && Math.hypot(...by) < 5) return;
    moved = true;
    canvas.classList.add("drag");
    canvas.scrollBy(...by);
    held = [event.clientX, event.clientY];
  });
  addEventListener("pointerup", () => { held = null; canvas.classList.remove("drag"); });
  canvas.addEventListener("dragstart", (event) => event.preventDefault());
  canvas.addEventListener("click", (event) => { if (moved) event.preventDefault(); }, true);

  const light = (event) => {
    const key = event.target.closest(".box")?.dataset.key;
    for (const line of svg.querySelectorAll(".lines path")) {
      line.classList.toggle("lit", key !== undefined && (line.dataset.from === key || line.dataset.to === key));
    }
  };
  for (const kind of ["pointerover", "focusin", "pointerleave", "focusout"]) svg.addEventListener(kind, light);
}
