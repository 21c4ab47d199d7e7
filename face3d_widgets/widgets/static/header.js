const THEMES = { auto: "Theme: system", light: "Theme: light", dark: "Theme: dark" };

const STEPS = [
  [
    "Photo",
    "The picture is turned upright and made smaller. It stays in this server's memory: it is " +
      "never written to disk and never sent elsewhere.",
  ],
  [
    "Inverse depth",
    "A neural network guesses, for every pixel, how near it is. It knows the order of near and " +
      "far, but not the scale: two numbers, scale and shift, stay unknown. The depth map shows " +
      "its guess; brighter is nearer.",
  ],
  [
    "Depth",
    "depth = 1 / (scale × inverse depth + shift). The relief slider sets the scale; 1 gives a " +
      "head its natural depth, as far as that can be known.",
  ],
  [
    "3D points",
    "A pinhole camera: each pixel lies on a ray through the lens, and its depth says how far " +
      "along. The field of view sets how much the rays spread.",
  ],
  [
    "What to doubt",
    "One photo never shows the back or what hair and hands hide. Read the result as a relief " +
      "of what the camera saw. “Measure” gives millimetres only after one true length, and they " +
      "are a guess all the same; “Wrong on purpose” shows what careless programs spoil.",
  ],
];

export default {
  render({ el }) {
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
    const steps = STEPS.map(([name, text]) => make("li", {}, make("strong", {}, name), ` ${text}`));
    el.append(
      make(
        "div",
        { class: "f3d-title" },
        make("h1", {}, "One photo, one 3D face"),
        button,
      ),
      make(
        "details",
        {},
        make("summary", {}, "How it works"),
        make("ol", { class: "f3d-steps" }, ...steps),
      ),
    );
  },
};
