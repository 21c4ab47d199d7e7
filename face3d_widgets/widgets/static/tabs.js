export default faceWidget({
  render({ model, el }) {
    el.classList.add("f3d", "f3d-tabs");
    const nav = make("nav", { attr: { "aria-label": "Pages" } });
    el.append(nav);
    let buttons = [];
    // The keyboard's arrows walk along the row, as in every row of tabs.
    nav.addEventListener("keydown", (e) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
      const at = buttons.indexOf(document.activeElement);
      if (!step || at < 0) return;
      buttons[(at + step + buttons.length) % buttons.length].focus();
      e.preventDefault();
    });
    const undo = [
      follow(model, ["pages"], () => {
        buttons = model.get("pages").map(([name, title]) =>
          make(
            "button",
            { type: "button", onclick: () => put(model, "value", name), attr: { "data-page": name } },
            title,
          ),
        );
        nav.replaceChildren(...buttons);
      }),
      follow(model, ["pages", "value"], () => {
        for (const button of buttons) {
          if (button.dataset.page === model.get("value")) button.setAttribute("aria-current", "page");
          else button.removeAttribute("aria-current");
        }
      }),
    ];
    return () => undo.forEach((u) => u());
  },
});
