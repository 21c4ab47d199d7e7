export default faceWidget({
  render({ model, el }) {
    el.classList.add("f3d", "f3d-lab-bar");
    const none = make(
      "p",
      { class: "f3d-about", attr: { "data-state": "to fetch" } },
      "No rendered heads are installed here, so there is no truth to hold an estimate to. They " +
        "come with the package: install face3d_widgets again, or let FACE3D_HEADS name a folder " +
        "of heads that face3d_widgets.training made.",
    );
    const gallery = make("div", { class: "f3d-gallery", attr: { role: "group", "aria-label": "Heads" } });
    const about = make("p", { class: "f3d-note" });
    const id = freshId("network");
    const select = make("select", { id, onchange: () => put(model, "model", select.value) });
    const network = make("div", { class: "f3d-place" }, make("label", { htmlFor: id }, "Depth network"), select);
    el.append(none, gallery, about, network);
    let buttons = [];
    const undo = [
      follow(model, ["heads"], () => {
        const heads = model.get("heads");
        none.hidden = heads.length > 0;
        gallery.hidden = about.hidden = network.hidden = !heads.length;
        buttons = heads.map(({ name, thumbnail }, i) =>
          make(
            "button",
            { type: "button", title: name, onclick: () => put(model, "head", name), value: name },
            make("img", { src: thumbnail, alt: `Head ${i + 1}, ${name}` }),
          ),
        );
        gallery.replaceChildren(...buttons);
      }),
      follow(model, ["heads", "head"], () => {
        for (const b of buttons) b.setAttribute("aria-pressed", String(b.value === model.get("head")));
      }),
      follow(model, ["about"], () => (about.textContent = model.get("about"))),
      follow(model, ["models", "model"], () => {
        const models = model.get("models");
        select.replaceChildren(...models.map(([value, text]) => make("option", { value }, text)));
        select.value = model.get("model");
      }),
    ];
    return () => undo.forEach((u) => u());
  },
});
