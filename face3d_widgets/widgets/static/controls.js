/** A slider with its label, value and help; "log" sliders move by factors. */
function slider(model, spec) {
  const log = spec.scale === "log";
  // A log slider is 1 at `max`; one with a farther `end` goes on beyond that.
  const end = () => (spec.end ? model.get(spec.end) : spec.max);
  const toSlider = (v) => (log ? Math.log(v / spec.min) / Math.log(spec.max / spec.min) : v);
  const fromSlider = (s) => {
    if (!log) return s;
    if (spec.off && s >= 1) return spec.off;
    const value = spec.min * (spec.max / spec.min) ** s;
    // Two leading digits are as fine as a hand can choose.
    const digits = Math.max(spec.percent ? -3 : 0, Math.floor(Math.log10(value)) - 1);
    const rounded = digits < 0 ? Number(value.toFixed(-digits)) : Math.round(value / 10 ** digits) * 10 ** digits;
    return Math.min(end(), Math.max(spec.min, rounded));
  };
  const digits = log || spec.step >= 1 ? 0 : spec.step >= 0.1 ? 1 : 2;
  const percent = (v) => `${Number((100 * v).toPrecision(2))} %`;
  const shown = (v) =>
    spec.percent
      ? v === spec.off ? "off" : percent(v)
      : spec.end_name && end() > spec.max && v >= end()
      ? spec.end_name
      : v.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }) +
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
    if (log) input.max = Math.ceil(100 * toSlider(end()) - 1e-9) / 100;
    output.textContent = shown(value);
    input.setAttribute("aria-valuetext", shown(value));
    // The hand on the slider knows best where it is.
    if (fromSlider(Number(input.value)) !== value) input.value = toSlider(value);
    const share = (Number(input.value) - input.min) / (input.max - input.min);
    input.style.setProperty("--f3d-share", `${share * 100}%`);
    if (spec.instead) {
      input.disabled = Boolean(model.get(spec.instead.trait));
      help.textContent = input.disabled ? spec.instead.help : spec.help;
    }
  };
  const traits = [spec.trait, spec.end, spec.instead?.trait].filter(Boolean);
  return { element, undo: [follow(model, traits, update)] };
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
  return { element, undo: [follow(model, [spec.trait], update)] };
}

function check(model, spec) {
  const id = freshId(spec.trait);
  const input = make("input", {
    id,
    type: "checkbox",
    onchange: () => put(model, spec.trait, input.checked),
  });
  const element = make("div", {}, make("label", { class: "f3d-check" }, input, make("span", {}, spec.label)));
  if (spec.help) {
    input.setAttribute("aria-describedby", `${id}-help`);
    element.append(make("small", { id: `${id}-help`, class: "f3d-check-help" }, spec.help));
  }
  const update = () => (input.checked = model.get(spec.trait));
  return { element, undo: [follow(model, [spec.trait], update)] };
}

/** Two numbers in use, which a person may take over by typing, with the way back. */
function numbers(model, spec) {
  const inputs = spec.names.map(() => make("input", { type: "number", step: "any", inputMode: "decimal" }));
  const send = () => {
    const [scale, shift] = inputs.map((i) => (i.value === "" ? null : Number(i.value)));
    model.send({ type: "numbers", scale, shift });
  };
  inputs.forEach((input) => (input.onchange = send));
  const back = make("button", { type: "button", onclick: () => put(model, spec.trait, null) }, spec.back);
  const trouble = make("p", { class: "f3d-trouble", attr: { role: "alert" } });
  const element = make(
    "details",
    { class: "f3d-numbers" },
    make("summary", {}, spec.label),
    make("small", {}, spec.help),
    make(
      "div",
      { class: "f3d-pair" },
      ...spec.names.map((name, i) => make("label", {}, name, inputs[i])),
    ),
    trouble,
    back,
  );
  const update = () => {
    back.hidden = !model.get(spec.trait);
    trouble.textContent = model.get(spec.trouble);
    trouble.hidden = !trouble.textContent;
    // What was typed wrongly stays to be mended, and so does what is being typed.
    if (trouble.textContent) return;
    const shown = model.get(spec.shown);
    inputs.forEach((input, i) => {
      if (input !== document.activeElement && shown.length) input.value = Number(shown[i].toPrecision(5));
    });
  };
  return { element, undo: [follow(model, [spec.trait, spec.shown, spec.trouble], update)] };
}

/** Work that a control has begun: its step, how far it is, and the way to stop it. */
function progress(model, spec) {
  const text = make("span");
  const bar = make("progress", { max: 1, attr: { "aria-label": "Progress" } });
  const cancel = make(
    "button",
    { type: "button", class: "f3d-quiet", onclick: () => model.send({ type: spec.message }) },
    "Cancel",
  );
  const element = make("div", { class: "f3d-working", attr: { role: "status" } }, text, bar, cancel);
  const update = () => {
    text.textContent = model.get(spec.trait);
    element.hidden = !text.textContent;
    bar.value = model.get(spec.share);
  };
  return { element, undo: [follow(model, [spec.trait, spec.share], update)] };
}

/** Rarer controls, closed until somebody wants them. */
function details(model, spec) {
  const element = make("details", {}, make("summary", {}, spec.title));
  if (spec.intro) element.append(make("small", {}, spec.intro));
  const undo = addControls(model, element, spec.controls);
  return { element, undo };
}

function addControls(model, parent, controls) {
  const kinds = { slider, choice, check, numbers, progress, details };
  return controls.flatMap((spec) => {
    const { element, undo } = kinds[spec.kind](model, spec);
    if (spec.trait) element.dataset.trait = spec.trait;
    parent.append(element);
    const hidden = Object.entries(spec.only ?? {}).map(([trait, value]) =>
      follow(model, [trait], () => (element.hidden = model.get(trait) !== value)),
    );
    return [...undo, ...hidden];
  });
}

export default faceWidget({
  render({ model, el }) {
    el.classList.add("f3d", "f3d-controls");
    const undo = model.get("_groups").flatMap((group) => {
      const fieldset = make("fieldset");
      if (group.title) fieldset.append(make("legend", {}, group.title));
      el.append(fieldset);
      return addControls(model, fieldset, group.controls);
    });
    el.append(
      make(
        "button",
        { type: "button", class: "f3d-quiet", onclick: () => act(model, { type: "reset" }) },
        "Reset the sliders",
      ),
    );
    return () => undo.forEach((u) => u());
  },
});
