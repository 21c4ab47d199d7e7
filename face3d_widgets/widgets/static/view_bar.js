export default {
  render({ model, el }) {
    el.classList.add("f3d", "f3d-view-bar");
    const text = make("output");
    el.append(
      text,
      make("span", { class: "f3d-note" }, "Drag to turn, scroll or pinch to zoom."),
      make(
        "button",
        { type: "button", class: "f3d-quiet", onclick: () => model.send({ type: "reset" }) },
        "Reset the view",
      ),
    );
    return follow(model, ["text"], () => (text.textContent = model.get("text")));
  },
};
