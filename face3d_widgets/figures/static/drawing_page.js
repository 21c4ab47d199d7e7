// For Kaleido's page, which turns figures into pictures, mostly on machines without a
// graphics card, where every pixel drawn takes time.

// Kaleido asks for twice the picture's pixels along each side; the figure says how many
// it needs, and whether edges are to be smoothed.
let antialias = true;
const toImage = Plotly.toImage;
Plotly.toImage = async (figure, options) => {
  await window.face3dMarkers;
  const { pixelRatio, smooth } = figure.layout?.meta ?? {};
  antialias = smooth ?? true;
  const config = { ...figure.config, ...(pixelRatio && { plotGlPixelRatio: pixelRatio }) };
  return toImage({ ...figure, config }, options);
};
const getContext = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, options) {
  return getContext.call(this, kind, kind.startsWith("webgl") ? { ...options, antialias } : options);
};

// Before the picture itself, Plotly draws several times on a canvas of the window's size,
// for nobody to see, and waits half a second for that.
for (const side of ["innerWidth", "innerHeight"]) {
  Object.defineProperty(window, side, { get: () => 8 });
}
const wait = window.setTimeout;
window.setTimeout = (work, delay, ...rest) => wait(work, delay === 500 ? 0 : delay, ...rest);

// A PDF's page is the figure and nothing around it.
const style = document.createElement("style");
style.textContent = "@page { margin: 0 } img { display: block }";
document.head.append(style);
