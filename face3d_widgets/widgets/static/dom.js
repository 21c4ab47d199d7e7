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

/** Call `update` now and whenever one of the traits changes; gives the undo. */
function follow(model, traits, update) {
  const events = traits.map((trait) => `change:${trait}`);
  for (const event of events) model.on(event, update);
  update();
  return () => events.forEach((event) => model.off(event, update));
}

/** Put a trait's value to Python. */
function put(model, trait, value) {
  model.set(trait, value);
  model.save_changes();
}
