// Texts whose colour differs too little from what they stand on: [text, ratio], each colour pair once.
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const read = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const over = (top, below) => top.slice(0, 3).map((part, at) => (part * top[3] + below[at] * (255 - top[3])) / 255);
  const ground = (element) => {
    if (!element) return read(getComputedStyle(document.documentElement).colorScheme && matchMedia("(prefers-color-scheme: dark)").matches ? "#000" : "#fff").slice(0, 3);
    const own = read(getComputedStyle(element).backgroundColor);
    return own[3] === 255 ? own.slice(0, 3) : over(own, ground(element.parentElement));
  };
  const weak = new Map();
  for (const element of document.querySelectorAll("body *")) {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join("");
    if (!text || element.closest("svg, .hidden, .skip") || !element.getClientRects().length) continue;
    const [ink, below] = [read(getComputedStyle(element).color), ground(element)];
    const [dark, bright] = [light(over(ink, below)), light(below)].sort((a, b) => a - b);
    const ratio = (bright + 0.05) / (dark + 0.05);
    if (ratio < 4.5) weak.set(`${ink} ${below}`, [text.slice(0, 40), ratio.toFixed(2)]);
  }
  return [...weak.values()];
}
