export default {
  render({ model, el }) {
    el.classList.add("f3d", "f3d-export");
    const buttons = model.get("formats").map((f) => {
      const button = make(
        "button",
        { type: "button", onclick: () => model.send({ type: "export", format: f.format }) },
        f.label,
        make("small", {}, f.help),
      );
      button.dataset.format = f.format;
      return button;
    });
    const legend = make("legend", {}, "Save");
    el.append(make("fieldset", {}, legend, make("div", { class: "f3d-buttons" }, ...buttons)));

    const download = (message, buffers) => {
      if (message.type !== "file") return;
      const url = URL.createObjectURL(new Blob([buffers[0]], { type: message.mime }));
      const link = make("a", { href: url, download: message.name });
      document.body.append(link);
      link.click();
      link.remove();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    };
    model.on("msg:custom", download);
    const unfollow = follow(model, ["busy", "enabled"], () => {
      for (const button of buttons) {
        button.disabled = !model.get("enabled") || model.get("busy") !== "";
        button.setAttribute("aria-busy", String(model.get("busy") === button.dataset.format));
      }
    });
    return () => {
      unfollow();
      model.off("msg:custom", download);
    };
  },
};
