/** A slider with its label, value and help; "log" sliders move by factors. */
function slider(model, spec) {
  const log = spec.scale === "log";
  const toSlider = (v) => (log ? Math.log(v / spec.min) / Math.log(spec.max / spec.min) : v);
  const fromSlider = (s) => {
    if (!log) return s;
    const value = spec.min * (spec.max / spec.min) ** s;
    // Two leading digits are as fine as a hand can choose.
    const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
    return Math.min(spec.max, Math.max(spec.min, Math.round(value / unit) * unit));
  };
  const digits = log || spec.step >= 1 ? 0 : spec.step >= 0.1 ? 1 : 2;
  const shown = (v) =>
    v.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }) +
    (spec.unit ?? "");

  const id = freshId(spec.trait);
  const help = make("small", { id: `${id}-help`, className: spec.quiet ? "f3d-unseen" : "" }, spec.help);
  const output = make("output", { htmlFor: id });
  const input = make("input", {
    id,
    type: "range",
    min: log ? 0 : spec.min,
    max: log ? 1 : spec.max,
    step: log ? 0.01 : spec.step,
    attr: { "aria-describedby": help.id },
  });
  input.addEventListener("input", () => {
    put(model, spec.trait, fromSlider(Number(input.value)));
  });
  const element = make(
    "div",
    { class: "f3d-slider" },
    make("label", { htmlFor: id }, spec.label),
    output,
    input,
    help,
  );
  const update = () => {
    const value = model.get(spec.trait);
    output.textContent = shown(value);
    input.setAttribute("aria-valuetext", shown(value));
    // The hand on the slider knows best where it is.
    if (fromSlider(Number(input.value)) !== value) input.value = toSlider(value);
    const share = (toSlider(value) - input.min) / (input.max - input.min);
    input.style.setProperty("--f3d-share", `${share * 100}%`);
  };
  return { element, update };
}

/** Two or more named choices, as radio buttons side by side. */
function choice(model, spec) {
  const name = freshId(spec.trait);
  const inputs = spec.options.map(([value]) =>
    make("input", { type: "radio", name, value, onchange: () => put(model, spec.trait, value) }),
  );
  const labels = spec.options.map(([, text], i) => make("label", {}, inputs[i], make("span", {}, text)));
  const legendId = freshId("legend");
  const element = make(
    "div",
    { class: "f3d-choice", attr: { role: "radiogroup", "aria-labelledby": legendId } },
    make("span", { id: legendId }, spec.label),
    make("div", { class: "f3d-segments" }, ...labels),
  );
  const update = () => inputs.forEach((i) => (i.checked = i.value === model.get(spec.trait)));
  return { element, update };
}

function check(model, spec) {
  const input = make("input", {
    type: "checkbox",
    onchange: () => put(model, spec.trait, input.checked),
  });
  const element = make("label", { class: "f3d-check" }, input, make("span", {}, spec.label));
  const update = () => (input.checked = model.get(spec.trait));
  return { element, update };
}

export default {
  render({ model, el }) {
    el.classList.add("f3d", "f3d-controls");
    const kinds = { slider, choice, check };
    const undo = [];
    for (const group of model.get("_groups")) {
      const fieldset = make("fieldset", {}, make("legend", {}, group.title));
      for (const spec of group.controls) {
        const { element, update } = kinds[spec.kind](model, spec);
        element.dataset.trait = spec.trait;
        fieldset.append(element);
        undo.push(follow(model, [spec.trait], update));
        for (const [trait, value] of Object.entries(spec.only ?? {})) {
          undo.push(follow(model, [trait], () => (element.hidden = model.get(trait) !== value)));
        }
      }
      el.append(fieldset);
    }
    el.append(
      make(
        "button",
        { type: "button", class: "f3d-quiet", onclick: () => model.send({ type: "reset" }) },
        "Reset the sliders",
      ),
    );
    return () => undo.forEach((u) => u());
  },
};
