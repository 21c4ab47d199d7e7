export default {
  render({ model, el }) {
    el.classList.add("f3d", "f3d-badges");
    const units = make("span", { class: "f3d-badge", title: "The unit of every length" });
    const wrong = make("strong", { class: "f3d-badge f3d-badge-wrong", attr: { role: "status" } });
    el.append(units, wrong);
    return follow(model, ["units", "wrong"], () => {
      units.textContent = model.get("units");
      wrong.textContent = model.get("wrong");
      wrong.classList.toggle("f3d-unseen", !wrong.textContent);
    });
  },
};
