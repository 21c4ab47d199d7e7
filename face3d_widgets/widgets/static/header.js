const THEMES = { auto: "Theme: system", light: "Theme: light", dark: "Theme: dark" };

/** One step: its text, formula, numbers and line of Python; kept where only numbers change. */
function stepView() {
  const title = make("strong");
  const text = make("span");
  const formula = make("div", { class: "f3d-formula" });
  const numbers = make("dl", { class: "f3d-numbers-now" });
  const code = make("pre", { class: "f3d-line", tabIndex: 0 });
  const element = make("li", {}, title, " ", text, formula, numbers, code);
  let drawn;
  const update = (step) => {
    title.textContent = step.title;
    text.textContent = step.text;
    // MathML of our own making; nothing in it comes from a person.
    if (drawn !== step.formula) formula.innerHTML = drawn = step.formula;
    numbers.replaceChildren(
      ...step.numbers.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]),
    );
    code.textContent = step.code;
    code.hidden = !step.code;
    code.setAttribute("aria-label", `Python: ${step.title}`);
  };
  return { element, update };
}

export default faceWidget({
  render({ model, el }) {
    el.classList.add("f3d", "f3d-header");
    const root = document.documentElement;
    const order = Object.keys(THEMES);
    let stored = null;
    try {
      stored = localStorage.getItem("face3d-theme");
    } catch {
      // Private windows may forbid storage; the choice then lasts as long as the page.
    }
    let theme = order.includes(stored) ? stored : "auto";
    const button = make("button", { type: "button", class: "f3d-quiet" });
    const apply = () => {
      if (theme === "auto") delete root.dataset.face3dTheme;
      else root.dataset.face3dTheme = theme;
      button.textContent = THEMES[theme];
    };
    button.onclick = () => {
      theme = order[(order.indexOf(theme) + 1) % order.length];
      try {
        localStorage.setItem("face3d-theme", theme);
      } catch {
        // as above
      }
      apply();
    };
    apply();
    button.hidden = !("face3dPage" in root.dataset); // a notebook has a theme of its own
    const list = make("ol", { class: "f3d-steps" });
    const details = make("details", {}, make("summary", {}, "How it works"), list);
    details.addEventListener("toggle", () => put(model, "shown", details.open));
    el.append(make("div", { class: "f3d-title" }, make("h1", {}, "One photo, one 3D face"), button), details);
    const views = [];
    const undo = follow(model, ["steps"], () => {
      const steps = model.get("steps");
      while (views.length < steps.length) {
        views.push(stepView());
        list.append(views.at(-1).element);
      }
      while (views.length > steps.length) views.pop().element.remove();
      steps.forEach((step, i) => views[i].update(step));
    });
    model.send({ type: "mounted" });
    return () => {
      model.send({ type: "unmounted" });
      undo();
    };
  },
});
