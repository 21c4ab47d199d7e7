const SVG = "http://www.w3.org/2000/svg";

/** The smallest 1, 2 or 5 times a power of ten that divides a length at most `most` times. */
function niceStep(length, most) {
  const least = length / most;
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((m) => m * power).find((step) => step >= least * (1 - 1e-9));
}

/** The cross-section with equal scales on both axes, so that a nose is a nose. */
function drawPlot(svg, plot, wide) {
  const read = (bytes) =>
    new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const distance = read(plot.distance);
  const height = read(plot.height);
  const seen = height.filter(Number.isFinite);
  svg.replaceChildren();
  if (!seen.length) return svg.setAttribute("height", 0);
  const add = (tag, attributes, text = "") => {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.textContent = text;
    svg.append(element);
  };

  const long = distance.at(-1);
  let low = Math.min(...seen);
  let high = Math.max(...seen);
  const pad = 0.04 * long;
  [low, high] = [low - pad, high + pad];
  const rise = high - low;
  // Along the line is down where the line is upright, else to the right.
  const margin = { left: 46, right: 10, top: 8, bottom: 40 };
  const room = wide - margin.left - margin.right;
  const tall = 300;
  const scale = plot.upright ? Math.min(tall / long, room / rise) : Math.min(room / long, tall / rise);
  const [w, h] = (plot.upright ? [rise, long] : [long, rise]).map((size) => size * scale);
  const alongAt = (d) => {
    const share = plot.reversed ? long - d : d;
    return (plot.upright ? margin.top : margin.left) + share * scale;
  };
  const upAt = (v) =>
    plot.upright ? margin.left + (v - low) * scale : margin.top + h - (v - low) * scale;
  const at = (d, v) => (plot.upright ? [upAt(v), alongAt(d)] : [alongAt(d), upAt(v)]);
  svg.setAttribute("viewBox", `0 0 ${wide} ${h + margin.top + margin.bottom}`);
  svg.setAttribute("height", h + margin.top + margin.bottom);
  svg.setAttribute("width", wide);

  add("rect", { class: "f3d-plot-box", x: margin.left, y: margin.top, width: w, height: h });
  const step = niceStep(long, plot.upright ? 6 : 5);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const bottom = margin.top + h;
  const tick = (value, position, horizontal) => {
    const line = horizontal
      ? { x1: position, x2: position, y1: margin.top, y2: bottom }
      : { x1: margin.left, x2: margin.left + w, y1: position, y2: position };
    add("line", { class: "f3d-plot-grid", ...line });
    const place = horizontal
      ? { x: position, y: bottom + 15, "text-anchor": "middle" }
      : { x: margin.left - 5, y: position + 4, "text-anchor": "end" };
    add("text", place, value.toFixed(digits).replace(/^-(0(\.0*)?)$/, "$1"));
  };
  for (let d = 0; d <= long + 1e-9; d += step) tick(d, alongAt(d), !plot.upright);
  for (let v = Math.ceil(low / step) * step; v <= high; v += step) tick(v, upAt(v), plot.upright);

  const runs = [];
  let open = false;
  height.forEach((v, i) => {
    if (Number.isFinite(v)) {
      runs.push(`${open ? "L" : "M"}${at(distance[i], v).map((c) => c.toFixed(1)).join(" ")}`);
    }
    open = Number.isFinite(v);
  });
  add("path", { class: "f3d-plot-line", d: runs.join("") });

  const unit = plot.unit === "mm" ? "mm" : "relative";
  const names = [`along the line (${unit})`, `nearer (${unit})`];
  if (plot.upright) names.reverse();
  add("text", { x: margin.left + w / 2, y: bottom + 33, "text-anchor": w < 110 ? "start" : "middle" }, names[0]);
  const y = margin.top + h / 2;
  add("text", { x: 12, y, "text-anchor": "middle", transform: `rotate(-90 12 ${y})` }, names[1]);
}

const MODES = [
  ["off", "Off"],
  ["ruler", "Scale"],
  ["distance", "Distance"],
  ["profile", "Profile"],
];

export default faceWidget({
  render({ model, el }) {
    el.classList.add("f3d", "f3d-measure");
    const name = freshId("measure");
    const radios = MODES.map(([value]) =>
      make("input", { type: "radio", name, value, onchange: () => put(model, "mode", value) }),
    );
    const segments = make(
      "div",
      { class: "f3d-segments", attr: { role: "radiogroup", "aria-label": "Measure" } },
      ...MODES.map(([, label], i) => make("label", {}, radios[i], make("span", {}, label))),
    );
    const text = make("output", { class: "f3d-measured", attr: { "aria-live": "polite" } });

    const id = freshId("true-mm");
    const input = make("input", {
      id,
      type: "number",
      min: 0.1,
      step: "any",
      inputMode: "decimal",
      attr: { "aria-describedby": `${id}-help` },
    });
    const set = make("button", { type: "submit" }, "Set scale");
    const back = make(
      "button",
      { type: "button", class: "f3d-quiet", onclick: () => model.send({ type: "clear_scale" }) },
      "Back to relative",
    );
    const form = make(
      "form",
      {
        class: "f3d-ruler",
        onsubmit: (e) => {
          e.preventDefault();
          act(model, { type: "set_scale", true_mm: Number(input.value) });
        },
      },
      make("label", { htmlFor: id }, "True distance in mm"),
      input,
      make("small", { id: `${id}-help` }, "Between the pupils of an adult: about 63 mm."),
      make("div", { class: "f3d-ruler-buttons" }, set, back),
    );
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("role", "img");
    const plot = make("div", { class: "f3d-plot" }, svg);
    el.append(
      make("fieldset", {}, make("legend", {}, "Measure"), segments, text, form, plot),
    );

    const draw = () => {
      const data = model.get("_plot");
      plot.hidden = !data.distance;
      if (data.distance && plot.clientWidth) drawPlot(svg, data, plot.clientWidth);
    };
    const resize = new ResizeObserver(draw);
    resize.observe(plot);
    const undo = [
      follow(model, ["mode"], () => {
        radios.forEach((r) => (r.checked = r.value === model.get("mode")));
        form.hidden = model.get("mode") !== "ruler";
      }),
      follow(model, ["text"], () => {
        text.textContent = model.get("text");
        text.hidden = !model.get("text");
        svg.setAttribute("aria-label", model.get("text"));
      }),
      follow(model, ["true_mm"], () => {
        if (input !== document.activeElement) input.value = model.get("true_mm");
      }),
      follow(model, ["_ready", "scaled"], () => {
        set.disabled = !model.get("_ready");
        back.hidden = !model.get("scaled");
      }),
      follow(model, ["_plot"], draw),
    ];
    return () => {
      undo.forEach((u) => u());
      resize.disconnect();
    };
  },
});
