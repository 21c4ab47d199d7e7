export default {
  render({ model, el }) {
    el.classList.add("f3d", "f3d-view-buttons");
    el.append(
      make("span", { class: "f3d-note" }, "Drag to turn, scroll or pinch to zoom."),
      make(
        "button",
        { type: "button", class: "f3d-quiet", onclick: () => model.send({ type: "reset" }) },
        "Reset the view",
      ),
    );
  },
};
