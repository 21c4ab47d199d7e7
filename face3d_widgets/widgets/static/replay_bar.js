const OURS = /^#v=/;
const PATIENCE = 2000; // milliseconds; later a browser may take it for no wish of the person

/** Whether this page is ours alone: a notebook's address is not for us to change. */
const ownsAddress = () =>
  Boolean(document.body.dataset.voila) || "face3dPage" in document.documentElement.dataset;

/** The page's address with a link's fragment; the way into a private server stays private. */
function addressWith(link) {
  const address = new URL(location.href);
  address.searchParams.delete("token");
  address.hash = link;
  return address.href;
}

/** The link of what stands on the page now, or undefined where the kernel is too busy to say. */
function linkNow(model) {
  return new Promise((resolve) => {
    const finish = (link) => {
      clearTimeout(waiting);
      model.off("msg:custom", told);
      resolve(link);
    };
    const told = (answer) => answer.type === "link" && finish(answer.link);
    const waiting = setTimeout(finish, PATIENCE);
    model.on("msg:custom", told);
    act(model, { type: "link" });
  });
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Not over plain http, or not allowed: the old way.
    const field = make("textarea", { value: text, class: "f3d-unseen" });
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    return copied;
  }
}

export default faceWidget({
  render({ model, el }) {
    el.classList.add("f3d", "f3d-replay");
    const said = make("span", { class: "f3d-note", attr: { role: "status" } });
    const by_hand = make("input", { type: "text", readOnly: true, hidden: true, attr: { "aria-label": "Link" } });
    const copy = make("button", { type: "button", class: "f3d-quiet" }, "Copy link");
    copy.title = "An address that shows the page as it is now";
    let quiet;
    copy.addEventListener("click", async () => {
      said.textContent = "";
      const link = await linkNow(model);
      const address = addressWith(link ?? model.get("link"));
      const copied = await copyText(address);
      by_hand.hidden = copied;
      if (!copied) {
        by_hand.value = address;
        by_hand.select();
        said.textContent = "Press Ctrl+C to copy.";
        return;
      }
      said.textContent = model.get("own_photo") ? "Copied, without your photo." : "Copied.";
      if (link === undefined) said.textContent += " The last change may be missing: still computing.";
      clearTimeout(quiet);
      quiet = setTimeout(() => (said.textContent = ""), 4000);
    });
    const save = make(
      "button",
      { type: "button", class: "f3d-quiet", onclick: () => act(model, { type: "save" }) },
      "Save settings",
    );
    const input = make("input", { type: "file", accept: ".json,application/json", hidden: true });
    input.addEventListener("change", async () => {
      const [file] = input.files;
      input.value = "";
      if (!file) return;
      const text = file.size > model.get("_largest") ? "" : await file.text();
      model.send({ type: "load", text });
    });
    const load = make(
      "button",
      { type: "button", class: "f3d-quiet", onclick: () => input.click() },
      "Load settings",
    );
    const text = make("p");
    const close = make(
      "button",
      { type: "button", class: "f3d-quiet", onclick: () => model.send({ type: "close" }) },
      "Close",
    );
    const notice = make("div", { class: "f3d-notice", attr: { role: "status" } }, text, close);
    el.append(
      make("div", { class: "f3d-replay-buttons" }, said, by_hand, copy, save, load, input),
      notice,
    );

    const undo = [
      saveFiles(model),
      follow(model, ["notice"], () => {
        text.textContent = model.get("notice");
        notice.hidden = !text.textContent;
      }),
    ];

    copy.hidden = !ownsAddress();
    if (ownsAddress()) {
      const open = () => OURS.test(location.hash) && model.send({ type: "open", text: location.hash });
      // Not `follow`: at first the address leads, and the page follows it.
      const write = () => {
        const { pathname, search, hash } = location;
        const link = model.get("link");
        if (hash && !OURS.test(hash) && !link) return; // somebody else's anchor
        history.replaceState(history.state, "", pathname + search + (link && `#${link}`));
      };
      model.on("change:link", write);
      window.addEventListener("hashchange", open);
      undo.push(() => model.off("change:link", write));
      undo.push(() => window.removeEventListener("hashchange", open));
      open();
    }
    return () => undo.forEach((u) => u());
  },
});
