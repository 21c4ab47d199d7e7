// Helpers that stand before every widget's script.

/** An element with properties, attributes (with a dash or in `attr`) and children. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") element.className = value;
    else if (name === "attr") for (const [k, v] of Object.entries(value)) element.setAttribute(k, v);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

let lastId = 0;
/** An id that no other element on the page has. */
function freshId(stem) {
  return `f3d-${stem}-${Date.now().toString(36)}-${++lastId}`;
}

/**
 * A widget's script, by how it is shown.
 *
 * Without a kernel nothing can be done with it, so nothing seems to.
 */
function faceWidget({ render }) {
  return () => {
    let unsaved;
    return {
      initialize({ model }) {
        unsaved = unsavedTraits(model);
      },
      render(context) {
        const undo = render({ ...context, model: unsaved.of(context.model) });
        hasKernel(context.model).then((alive) => (context.el.inert = !alive));
        return undo;
      },
    };
  };
}

/** Call `update` now and whenever one of the traits changes; gives the undo. */
function follow(model, traits, update) {
  const events = traits.map((trait) => `change:${trait}`);
  for (const event of events) model.on(event, update);
  update();
  return () => events.forEach((event) => model.off(event, update));
}

/** Download each file that Python sends; gives the undo. */
function saveFiles(model) {
  const save = (message, buffers) => {
    if (message.type !== "file") return;
    const url = URL.createObjectURL(new Blob([buffers[0]], { type: message.mime }));
    const link = make("a", { href: url, download: message.name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  };
  model.on("msg:custom", save);
  return () => model.off("msg:custom", save);
}

/**
 * Send a message that is about what stands on the page now.
 *
 * While the kernel is busy, values wait on the page for it and messages do not. So the kernel
 * is asked to answer first: by then all that waited is on its way.
 */
function act(model, message) {
  const id = freshId("act");
  const answered = (answer) => {
    if (answer.type !== "caught-up" || answer.id !== id) return;
    model.off("msg:custom", answered);
    model.send(message);
  };
  model.on("msg:custom", answered);
  model.send({ type: "catch-up", id });
}

/** Put a trait's value to Python. */
function put(model, trait, value) {
  model.set(trait, value);
  model.save_changes();
}
