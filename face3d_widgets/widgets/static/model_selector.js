const GROUPS = { ready: "Ready", "to fetch": "To fetch", "too big": "Too big for this machine" };
const QUIET_AFTER = 5000; // milliseconds without a report

export default faceWidget({
  render({ model, el }) {
    el.classList.add("f3d", "f3d-models");
    const id = freshId("model");
    const inUse = make("p", { class: "f3d-note", id: freshId("in-use") });
    const select = make("select", {
      id,
      attr: { "aria-describedby": inUse.id },
      onchange: () => put(model, "picked", select.value),
    });

    // What is to say of the network that is looked at, and what can be done.
    const note = make("p", { attr: { role: "status" } });
    let press = () => {};
    const button = make("button", { type: "button", onclick: () => press() });
    const about = make("div", { class: "f3d-about" }, note, button);

    // The download; its numbers change too often to be read out.
    const title = make("strong", { id: freshId("fetching") });
    const spoken = make("p", { class: "f3d-unseen", attr: { role: "status" } });
    const bar = make("progress", { max: 1, attr: { "aria-labelledby": title.id } });
    const amount = make("span", { class: "f3d-note" });
    const cancel = make("button", { type: "button", onclick: () => put(model, "stopping", true) });
    const coming = make(
      "div",
      { class: "f3d-coming", attr: { role: "group", "aria-labelledby": title.id } },
      title,
      cancel,
      bar,
      amount,
    );
    const facts = make("dl", { class: "f3d-facts" });
    const summary = make("p", { class: "f3d-note" });
    const label = make("label", { htmlFor: id }, "Depth network");
    el.append(label, select, inUse, about, spoken, coming, facts, summary);

    const write = (element, text) => {
      if (element.textContent !== text) element.textContent = text; // nothing is said twice
    };

    // Made anew only where it differs: that closes the list under the pointer.
    let listed = "";
    const list = (options) => {
      const now = JSON.stringify(options.map((o) => [o.state, o.name, o.label]));
      if (now === listed) return;
      listed = now;
      const groups = Object.entries(GROUPS).map(([state, label]) => {
        const members = options.filter((o) => o.state === state);
        return make(
          "optgroup",
          { label },
          ...members.map((o) => make("option", { value: o.name }, o.label)),
        );
      });
      select.replaceChildren(...groups.filter((group) => group.children.length));
    };

    let described = null;
    const describe = (option) => {
      if (option === described) return;
      described = option;
      write(note, option.note);
      about.dataset.state = option.bad ? "bad" : option.note ? option.state : "";
      button.hidden = !option.button;
      if (option.button) {
        const { type, name, label } = option.button;
        write(button, label);
        press = () => model.send({ type, name });
      }
      const rows = option.facts.map(([name, fact]) =>
        make("div", {}, make("dt", {}, name), make("dd", {}, fact)),
      );
      facts.replaceChildren(...rows);
      write(summary, option.summary);
    };

    let quiet;
    const tell = (option) => {
      clearTimeout(quiet);
      coming.hidden = !option;
      const stopping = model.get("stopping");
      if (!option) return write(spoken, "");
      write(title, stopping ? `Stopping ${option.title}…` : `Fetching ${option.title}`);
      write(spoken, title.textContent);
      write(cancel, stopping ? "Stopping…" : "Cancel");
      cancel.setAttribute("aria-disabled", String(stopping));
      bar.value = model.get("progress");
      const words = model.get("progress_text");
      write(amount, words);
      quiet = setTimeout(() => write(amount, `${words}. Waiting for the server.`), QUIET_AFTER);
    };

    const update = () => {
      const options = model.get("options");
      const named = (name) => options.find((o) => o.name === name);
      const [picked, used] = [named(model.get("picked")), named(model.get("value"))];
      if (!picked) return;
      const focused = [button, cancel].find((b) => b === document.activeElement);
      list(options);
      select.value = picked.name;
      write(inUse, used !== picked ? `In use: ${used.title}` : "");
      inUse.hidden = used === picked;
      describe(picked);
      tell(named(model.get("fetching")));
      // The keyboard does not lose its place where one button takes the other's.
      if (focused && !focused.checkVisibility()) {
        [cancel, button, select].find((e) => e.checkVisibility()).focus();
      }
    };
    const unfollow = follow(
      model,
      ["options", "picked", "value", "fetching", "progress", "progress_text", "stopping"],
      update,
    );
    return () => {
      clearTimeout(quiet);
      unfollow();
    };
  },
});
