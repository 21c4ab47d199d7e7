export default faceWidget({
  render({ model, el }) {
    el.classList.add("f3d", "f3d-view-bar");
    const text = make("output");
    const button = ([name, label]) =>
      make(
        "button",
        {
          type: "button",
          class: "f3d-quiet",
          onclick: () => model.send({ type: "camera", name }),
          attr: { "data-camera": name },
        },
        label,
      );
    el.append(
      text,
      make("span", { class: "f3d-note" }, "Drag turns, scroll zooms."),
      make(
        "div",
        { class: "f3d-cameras", attr: { role: "group", "aria-label": "Look from" } },
        ...model.get("_buttons").map(button),
      ),
    );
    return follow(model, ["text"], () => (text.textContent = model.get("text")));
  },
});
