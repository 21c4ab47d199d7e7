export default faceWidget({
  render({ model, el }) {
    el.classList.add("f3d", "f3d-pane-titles");
    return follow(model, ["titles", "columns"], () => {
      el.style.setProperty("--f3d-columns", model.get("columns"));
      const titles = model.get("titles");
      el.replaceChildren(
        ...titles.map((title) => make("div", {}, make("span", { class: "f3d-badge" }, title))),
      );
    });
  },
});
