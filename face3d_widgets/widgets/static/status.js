export default faceWidget({
  render({ model, el }) {
    el.classList.add("f3d", "f3d-status");
    const text = make("span", { class: "f3d-status-text", attr: { role: "status" } });
    const bar = make("progress", { max: 1, attr: { "aria-label": "Progress" } });
    el.append(text, bar);
    return follow(model, ["text", "progress", "state"], () => {
      el.dataset.state = model.get("state");
      if (text.textContent !== model.get("text")) text.textContent = model.get("text");
      bar.value = model.get("progress");
      bar.hidden = model.get("state") !== "busy";
    });
  },
});
