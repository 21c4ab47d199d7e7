export default faceWidget({
  render({ model, el }) {
    el.classList.add("f3d", "f3d-badges");
    const units = make("span", { class: "f3d-badge", title: "The unit of every length" });
    const wrong = make("strong", { class: "f3d-badge f3d-badge-wrong", attr: { role: "status" } });
    const bar = make("i");
    const before = make("span");
    const after = make("span");
    const legend = make("span", { class: "f3d-badge f3d-colors" }, before, bar, after);
    el.append(units, wrong, legend);
    const unfollow = follow(model, ["legend"], () => {
      const { before: low, after: high, colors } = model.get("legend");
      legend.hidden = !colors;
      before.textContent = low ?? "";
      after.textContent = high ?? "";
      bar.style.background = colors ? `linear-gradient(90deg, ${colors.join(",")})` : "";
    });
    const undo = follow(model, ["units", "wrong"], () => {
      units.textContent = model.get("units");
      wrong.textContent = model.get("wrong");
      wrong.classList.toggle("f3d-unseen", !wrong.textContent);
    });
    return () => [undo, unfollow].forEach((u) => u());
  },
});
