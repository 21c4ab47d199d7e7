export default {
  render({ model, el }) {
    el.classList.add("f3d", "f3d-models");
    const id = freshId("model");
    const select = make("select", { id, onchange: () => put(model, "value", select.value) });
    const about = make("p", { class: "f3d-note", id: freshId("about") });
    select.setAttribute("aria-describedby", about.id);
    el.append(make("label", { htmlFor: id }, "Depth network"), select, about);
    return follow(model, ["value", "options"], () => {
      const options = model.get("options");
      select.replaceChildren(
        ...options.map((o) => make("option", { value: o.name }, o.title)),
      );
      select.value = model.get("value");
      const chosen = options.find((o) => o.name === model.get("value"));
      about.textContent = chosen ? `${chosen.facts}. ${chosen.summary}` : "";
    });
  },
};
