// The page's half of `unsaved.py`: traits that no saved notebook keeps.

/** Whether a kernel stands behind a widget: none does where a saved notebook is shown. */
async function hasKernel(model) {
  try {
    const own = await model.widget_manager.get_model(model.get("_id"));
    return own.comm_live ?? true;
  } catch {
    return true; // not one of Jupyter's pages: they can tell
  }
}

/** A buffer as widgets know it, with its memory to itself. */
function asView(buffer) {
  if (buffer instanceof ArrayBuffer) return new DataView(buffer);
  const { buffer: memory, byteOffset, byteLength } = buffer;
  if (byteLength === memory.byteLength) return new DataView(memory);
  return new DataView(memory.slice(byteOffset, byteOffset + byteLength));
}

/** Put buffers back to where they were in a message. */
function putBack(values, paths, buffers) {
  paths.forEach((path, i) => {
    const inner = path.slice(0, -1).reduce((at, key) => at[key], values);
    inner[path.at(-1)] = asView(buffers[i]);
  });
}

/**
 * Hear what a kernel tells of a widget beside its state, as long as there is a page.
 *
 * `of(model)` is the model for one view, which has these traits like all others; `ask()` waits
 * for all of them anew; `changed()` says whether that has to be done: they are not here, or one
 * came after them.
 */
function unsavedTraits(model) {
  const values = new Map();
  const hearers = new Map(); // by event
  let waiting = [];
  let changed = true;

  const receive = (message, buffers) => {
    if (message.type !== "unsaved") return;
    putBack(message.values, message.paths, buffers);
    changed = !message.whole;
    const news = Object.entries(message.values);
    for (const [name, value] of news) values.set(name, value);
    for (const [name] of news) {
      for (const hear of [...(hearers.get(`change:${name}`) ?? [])]) hear();
    }
    if (!message.whole) return;
    waiting.forEach((arrived) => arrived());
    waiting = [];
  };
  model.on("msg:custom", receive);

  const ask = () =>
    new Promise((arrived) => {
      waiting.push(arrived);
      if (waiting.length === 1) model.send({ type: "unsaved" });
    });
  const of = (view) => ({
    get: (name) => (values.has(name) ? values.get(name) : view.get(name)),
    set: (name, value) => view.set(name, value),
    save_changes: () => view.save_changes(),
    send: (...message) => view.send(...message),
    on(event, hear) {
      if (!hearers.has(event)) hearers.set(event, new Set());
      hearers.get(event).add(hear);
      view.on(event, hear);
    },
    off(event, hear) {
      hearers.get(event)?.delete(hear);
      view.off(event, hear);
    },
  });
  if (model.get("_unsaved").length) ask();
  return { of, ask, changed: () => changed };
}
