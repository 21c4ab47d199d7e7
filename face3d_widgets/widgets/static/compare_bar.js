const NAMES = ["Reference", "Compared", "Compared", "Compared"];

export default faceWidget({
  render({ model, el }) {
    el.classList.add("f3d", "f3d-compare-bar");
    const photo = make("p", { class: "f3d-note" });
    const places = NAMES.map((name, i) => {
      const id = freshId("place");
      const select = make("select", {
        id,
        onchange: () => {
          const all = [...model.get("places")];
          all[i] = select.value;
          put(model, "places", all);
        },
      });
      const label = make("label", { htmlFor: id }, `${i + 1}. ${name}`);
      return { select, element: make("div", { class: "f3d-place" }, label, select) };
    });

    const mapId = freshId("mapped");
    const mapped = make("select", { id: mapId, onchange: () => put(model, "shown", mapped.value) });
    const group = freshId("color");
    const legend = freshId("legend");
    const colors = [
      ["photo", "Photo"],
      ["difference", "Difference"],
    ].map(([value, text]) => {
      const input = make("input", {
        type: "radio",
        name: group,
        value,
        onchange: () => put(model, "color_by", value),
      });
      return { input, label: make("label", {}, input, make("span", {}, text)) };
    });
    const look = make(
      "div",
      { class: "f3d-compare-look" },
      make("div", { class: "f3d-place" }, make("label", { htmlFor: mapId }, "Map of"), mapped),
      make(
        "div",
        { class: "f3d-choice", attr: { role: "radiogroup", "aria-labelledby": legend } },
        make("span", { id: legend }, "Colour by"),
        make("div", { class: "f3d-segments" }, ...colors.map((c) => c.label)),
      ),
    );

    const cancel = make("button", { type: "button", onclick: () => model.send({ type: "cancel" }) });
    const note = make("p", { attr: { role: "status" } });
    let press = () => {};
    const button = make("button", { type: "button", onclick: () => press() });
    const about = make("div", { class: "f3d-about" }, note, button);
    const title = make("strong", { id: freshId("fetching"), attr: { role: "status" } });
    const bar = make("progress", { max: 1, attr: { "aria-labelledby": title.id } });
    const amount = make("span", { class: "f3d-note" });
    const stop = make("button", { type: "button", onclick: () => model.send({ type: "stop-fetch" }) });
    const coming = make("div", { class: "f3d-coming" }, title, stop, bar, amount);
    el.append(
      photo,
      make("div", { class: "f3d-places" }, ...places.map((p) => p.element)),
      about,
      coming,
      look,
      cancel,
    );

    const write = (element, text) => {
      if (element.textContent !== text) element.textContent = text; // nothing is said twice
    };
    let listed = "";
    const list = () => {
      const options = model.get("options");
      const now = JSON.stringify(options);
      if (now === listed) return;
      listed = now;
      const names = [...new Set(options.map((o) => o.group))];
      places.forEach(({ select }, i) => {
        const groups = names.map((label) =>
          make(
            "optgroup",
            { label },
            ...options
              .filter((o) => o.group === label)
              .map((o) => make("option", { value: o.key }, o.label)),
          ),
        );
        const free = i > 1 ? [make("option", { value: "" }, "nothing")] : [];
        select.replaceChildren(...free, ...groups);
      });
    };

    const undo = [
      follow(model, ["photo"], () => {
        photo.textContent = model.get("photo")
          ? `Photo: ${model.get("photo")}. Another one is chosen on the page “Model”.`
          : "Choose a photo on the page “Model” first.";
      }),
      follow(model, ["options", "places"], () => {
        list();
        model.get("places").forEach((key, i) => (places[i].select.value = key));
      }),
      follow(model, ["mapped", "shown"], () => {
        const choices = model.get("mapped");
        mapped.replaceChildren(...choices.map(([value, text]) => make("option", { value }, text)));
        mapped.value = model.get("shown");
        look.hidden = !choices.length;
      }),
      follow(model, ["color_by"], () => {
        for (const { input } of colors) input.checked = input.value === model.get("color_by");
      }),
      follow(model, ["busy", "cancelling"], () => {
        cancel.hidden = !model.get("busy");
        write(cancel, model.get("cancelling") ? "Stopping after this network…" : "Cancel");
      }),
      follow(model, ["offer"], () => {
        const offer = model.get("offer");
        about.hidden = !offer.text;
        about.dataset.state = offer.text ? (offer.bad ? "bad" : "to fetch") : "";
        write(note, offer.text ?? "");
        button.hidden = !offer.label;
        write(button, offer.label ?? "");
        press = () => model.send({ type: "fetch", name: offer.name });
      }),
      follow(model, ["fetching", "progress", "progress_text", "cancelling", "options"], () => {
        const name = model.get("fetching");
        coming.hidden = !name;
        if (!name) return write(title, "");
        const label = model.get("options").find((o) => o.key === name)?.label ?? name;
        const stopping = model.get("cancelling");
        write(title, stopping ? `Stopping ${label}…` : `Fetching ${label}`);
        write(stop, stopping ? "Stopping…" : "Cancel");
        bar.value = model.get("progress");
        write(amount, model.get("progress_text"));
      }),
    ];
    return () => undo.forEach((u) => u());
  },
});
