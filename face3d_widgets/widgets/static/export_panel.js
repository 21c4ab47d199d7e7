const MOST_FACES = 500_000; // the faces slider ends in "all"
const FEWEST_FACES = 1_000;

/** Two or more named choices as radio buttons. */
function radios(model, label, options, className, chosen, choose) {
  const name = freshId("radio");
  const inputs = options.map(([value]) =>
    make("input", { type: "radio", name, value, onchange: () => choose(value) }),
  );
  const element = make(
    "div",
    { class: className, attr: { role: "radiogroup", "aria-label": label } },
    ...options.map(([value, text], i) => {
      const item = make("label", {}, inputs[i], make("span", {}, text));
      item.dataset.value = value;
      return item;
    }),
  );
  const update = () => inputs.forEach((input) => (input.checked = input.value === chosen()));
  return { element, update };
}

/** How many faces: a slider that moves by factors and ends in all of them. */
function facesSlider(model) {
  const id = freshId("faces");
  const range = Math.log(MOST_FACES / FEWEST_FACES);
  const output = make("output", { htmlFor: id });
  const input = make("input", { id, type: "range", min: 0, max: 1, step: 0.01 });
  const faces = () => {
    const share = Number(input.value);
    if (share >= 1) return 0;
    const value = FEWEST_FACES * Math.exp(share * range);
    const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
    return Math.round(value / unit) * unit;
  };
  input.addEventListener("input", () => put(model, "n_faces", faces()));
  const update = () => {
    const value = model.get("n_faces");
    const shown = value === 0 ? "all" : value.toLocaleString("en");
    output.textContent = shown;
    input.setAttribute("aria-valuetext", shown);
    if (faces() !== value) input.value = value === 0 ? 1 : Math.log(value / FEWEST_FACES) / range;
    input.style.setProperty("--f3d-share", `${input.value * 100}%`);
  };
  const label = make("label", { htmlFor: id }, "Faces");
  return { element: make("div", { class: "f3d-slider" }, label, output, input), update };
}

function numberField(model, trait, label, min, max, step) {
  const id = freshId(trait);
  const input = make("input", { id, type: "number", min, max, step, inputMode: "decimal" });
  const valid = () => input.value !== "" && input.checkValidity();
  input.addEventListener("input", () => valid() && put(model, trait, Number(input.value)));
  input.addEventListener("change", () => {
    // A number beyond the limits becomes the limit; nonsense becomes what was there.
    const number = Number.parseFloat(input.value);
    if (Number.isFinite(number)) put(model, trait, Math.min(max, Math.max(min, number)));
    input.value = model.get(trait);
  });
  const element = make("div", { class: "f3d-field" }, make("label", { htmlFor: id }, label), input);
  const update = () => {
    if (document.activeElement !== input) input.value = model.get(trait);
  };
  return { element, update };
}

function selectField(model, trait, label, options) {
  const id = freshId(trait);
  const select = make(
    "select",
    { id, onchange: () => put(model, trait, options[select.selectedIndex][0]) },
    ...options.map(([value, text]) => make("option", { value }, text)),
  );
  const element = make("div", { class: "f3d-field" }, make("label", { htmlFor: id }, label), select);
  return { element, update: () => (select.value = model.get(trait)) };
}

/** Every choice there is; the kind of file says which are shown. */
function fields(model) {
  const resolutions = [96, 150, 300, 600].map((dpi) => [dpi, `${dpi} dpi`]);
  const note = "As many points as the point density slider says.";
  return {
    n_faces: facesSlider(model),
    density: { element: make("small", {}, note), update: () => {} },
    model_size: selectField(model, "model_size", "Size", [
      ["auto", "By the ruler, else a guess"],
      ["head", "By the head’s width"],
      ["width", "By its whole width"],
    ]),
    head_mm: {
      ...numberField(model, "head_mm", "Head across, mm", 1, 10000, "any"),
      wanted: () => model.get("model_size") === "head",
    },
    model_width_mm: {
      ...numberField(model, "model_width_mm", "Model across, mm", 1, 10000, "any"),
      wanted: () => model.get("model_size") === "width",
    },
    print_width_mm: numberField(model, "print_width_mm", "Width, mm", 10, 500, "any"),
    print_depth: numberField(model, "print_depth", "Depth, % of width", 1, 100, "any"),
    thickest_mm: numberField(model, "thickest_mm", "Thickness, mm", 1, 10, "any"),
    width_mm: numberField(model, "width_mm", "Width, mm", 10, 500, "any"),
    dpi: selectField(model, "dpi", "Resolution", resolutions),
    background: selectField(model, "background", "Ground", [
      ["white", "White"],
      ["transparent", "Transparent"],
    ]),
    whole_turn: selectField(model, "whole_turn", "Turntable", [
      [false, "Swings to both sides"],
      [true, "Goes all the way round"],
    ]),
  };
}

/** The lines of Python, with a button that copies them. */
function pythonCode(model) {
  const text = make("textarea", {
    readOnly: true,
    rows: 9,
    spellcheck: false,
    attr: { "aria-label": "Python code", wrap: "off" },
  });
  const copy = make("button", { type: "button" }, "Copy");
  const said = make("span", { class: "f3d-note", attr: { role: "status" } });
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.value);
    } catch {
      // Not over plain http, or not allowed: the old way.
      text.select();
      if (!document.execCommand("copy")) {
        said.textContent = "Press Ctrl+C to copy.";
        return;
      }
    }
    said.textContent = "Copied.";
    setTimeout(() => (said.textContent = ""), 3000);
  });
  const close = make("button", { type: "button", onclick: () => dialog.close() }, "Close");
  const dialog = make(
    "dialog",
    { class: "f3d-code", attr: { "aria-label": "As Python" } },
    make("p", {}, "These lines make the same result in a notebook."),
    text,
    make("div", { class: "f3d-code-row" }, copy, said, close),
  );
  dialog.addEventListener("close", () => put(model, "code_shown", false));
  const open = make("button", { type: "button", class: "f3d-quiet" }, "As Python");
  open.addEventListener("click", () => {
    put(model, "code_shown", true);
    dialog.showModal();
    copy.focus();
  });
  const update = () => {
    text.value = model.get("code");
    open.disabled = !model.get("enabled");
  };
  return { open, dialog, update };
}

export default faceWidget({
  render({ model, el }) {
    el.classList.add("f3d", "f3d-export");
    const groups = model.get("_groups");
    const groupOf = (kind) => groups.find((g) => g.kinds.some((k) => k.name === kind));
    const last = Object.fromEntries(groups.map((g) => [g.name, g.kinds[0].name]));

    const tabs = radios(
      model,
      "What to save",
      groups.map((g) => [g.name, g.title]),
      "f3d-segments",
      () => groupOf(model.get("kind")).name,
      (group) => put(model, "kind", last[group]),
    );
    const chips = groups.map((group) =>
      radios(
        model,
        `Kind of file: ${group.title}`,
        group.kinds.map((k) => [k.name, k.label]),
        "f3d-chips",
        () => model.get("kind"),
        (kind) => put(model, "kind", kind),
      ),
    );
    const help = make("small", { class: "f3d-kind-help" });
    const all = fields(model);
    const choices = make("div", { class: "f3d-choices" }, ...Object.values(all).map((f) => f.element));
    const preview = make("output", { class: "f3d-preview" });
    const save = make(
      "button",
      { type: "button", class: "f3d-primary", onclick: () => act(model, { type: "save" }) },
      "Save",
    );
    const cancel = make(
      "button",
      { type: "button", onclick: () => model.send({ type: "cancel" }) },
      "Cancel",
    );
    const bar = make("progress", { max: 1, attr: { "aria-label": "Progress of the file" } });
    const code = pythonCode(model);
    const outcome = make("div", { class: "f3d-save" }, bar, cancel, save, code.open);
    el.append(
      make(
        "fieldset",
        {},
        make("legend", {}, "Save"),
        tabs.element,
        make("div", { class: "f3d-kinds" }, ...chips.map((c) => c.element), help),
        make("div", { class: "f3d-ask" }, choices, outcome),
        preview,
        code.dialog,
      ),
    );

    const showKind = () => {
      const kind = model.get("kind");
      const group = groupOf(kind);
      last[group.name] = kind;
      const { choices: matter, help: text } = group.kinds.find((k) => k.name === kind);
      groups.forEach((g, i) => {
        chips[i].element.hidden = g !== group || g.kinds.length < 2;
        chips[i].update();
      });
      tabs.update();
      help.textContent = text;
      for (const [name, field] of Object.entries(all))
        field.element.hidden = !matter.includes(name) || !(field.wanted?.() ?? true);
      choices.hidden = matter.length === 0;
    };
    const showState = () => {
      const busy = model.get("busy") !== "";
      save.hidden = busy;
      save.disabled = !model.get("enabled");
      cancel.hidden = bar.hidden = !busy;
      bar.value = model.get("progress");
      preview.textContent = model.get("preview");
      preview.dataset.state = model.get("preview_state");
    };
    const undo = [
      follow(model, ["kind", "model_size"], showKind),
      follow(model, ["enabled", "busy", "progress", "preview", "preview_state"], showState),
      follow(model, ["code", "enabled"], code.update),
      ...Object.entries(all).map(([name, field]) => follow(model, [name], field.update)),
      saveFiles(model),
    ];
    return () => undo.forEach((u) => u());
  },
});
