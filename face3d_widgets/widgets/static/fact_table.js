export default faceWidget({
  render({ model, el }) {
    el.classList.add("f3d", "f3d-table");
    const table = make("table");
    const note = make("p", { class: "f3d-note" });
    // Wider than a phone, it scrolls by itself and leaves the page where it is.
    const around = make("div", { class: "f3d-scrolls", tabIndex: 0, attr: { role: "group" } }, table);
    el.append(around, note);
    return follow(model, ["caption", "columns", "rows", "note"], () => {
      const head = model.get("columns").map((text) => make("th", { scope: "col" }, text));
      const rows = model.get("rows").map(([name, ...facts]) =>
        make(
          "tr",
          {},
          make("th", { scope: "row" }, name),
          ...facts.map((text) =>
            text.startsWith("!")
              ? make("td", { class: "f3d-worse" }, text.slice(1))
              : make("td", {}, text),
          ),
        ),
      );
      around.setAttribute("aria-label", model.get("caption"));
      table.replaceChildren(
        make("caption", {}, model.get("caption")),
        make("thead", {}, make("tr", {}, ...head)),
        make("tbody", {}, ...rows),
      );
      table.hidden = !rows.length;
      note.textContent = model.get("note");
    });
  },
});
