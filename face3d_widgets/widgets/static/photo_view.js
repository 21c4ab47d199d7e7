const MAGNIFIED = 5; // times, in the glass
const DRAG = 6; // pixels on the screen; less is a click
const PAUSE = 80; // milliseconds between two messages while a line is drawn

/** Two marks with a line between them, over a picture. */
function overlay() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "f3d-marks");
  svg.setAttribute("aria-hidden", "true");
  const part = (tag, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    svg.append(element);
  };
  const percent = (share) => `${100 * share}%`;
  const show = (places) => {
    svg.replaceChildren();
    if (places.length === 2) {
      const [[x1, y1], [x2, y2]] = places.map((p) => p.map(percent));
      for (const kind of ["under", "over"]) part("line", { x1, y1, x2, y2, class: `f3d-mark-${kind}` });
    }
    for (const [x, y] of places) part("circle", { cx: percent(x), cy: percent(y), r: 4 });
  };
  return { svg, show };
}

/** A magnifying glass that lies over a picture and shows another place of the photo. */
function magnifier() {
  const element = make("div", { class: "f3d-glass", hidden: true, attr: { "aria-hidden": "true" } });
  const show = (url, [x, y], { width, height }) => {
    element.hidden = false;
    element.style.backgroundImage = `url(${url})`;
    element.style.backgroundSize = `${MAGNIFIED * width}px ${MAGNIFIED * height}px`;
    const left = width / 2 - x * MAGNIFIED * width;
    const top = height / 2 - y * MAGNIFIED * height;
    element.style.backgroundPosition = `${left}px ${top}px`;
  };
  return { element, show };
}

export default faceWidget({
  render({ model, el }) {
    el.classList.add("f3d", "f3d-photos");
    const photo = make("img", { alt: "The photo", draggable: false });
    const canvas = make("canvas", {
      attr: { role: "img", "aria-label": "Depth map: nearer is brighter" },
    });
    const readout = make("output", { class: "f3d-readout" });
    const id = freshId("colormap");
    const select = make("select", { id, onchange: () => put(model, "colormap", select.value) });
    select.append(...model.get("colormaps").map((c) => make("option", { value: c }, c)));

    const turn = make(
      "button",
      {
        type: "button",
        class: "f3d-turn",
        title: "Turn the photo by 90° clockwise",
        onclick: () => model.send({ type: "turn" }),
      },
      make("span", { attr: { "aria-hidden": "true" } }, "↻ "),
      "Turn",
    );

    let url = null;
    let place = null; // the pointer, each coordinate from 0 to 1
    let values = null;
    let drawing = false; // a line, with the pointer down: the hand knows best where it is

    const panes = [
      ["Photo", photo],
      ["Depth map", canvas],
    ].map(([title, picture]) => {
      const mark = make("i", { class: "f3d-mark", hidden: true });
      const marks = overlay();
      const glass = magnifier();
      const frame = make(
        "div",
        { class: "f3d-frame", tabIndex: 0, attr: { role: "application" } },
        picture,
        marks.svg,
        mark,
        glass.element,
      );
      const caption = make("figcaption", {}, make("span", {}, title));
      if (picture === photo) caption.append(turn);
      const figure = make("figure", {}, caption, frame);
      return { title, mark, marks, glass, frame, figure };
    });
    panes.forEach(listen);

    const picking = () => (model.get("pending") ? "" : model.get("picking"));

    function point(next, pane) {
      place = next && next.map((part) => Math.min(1, Math.max(0, part)));
      for (const { mark, glass } of panes) {
        mark.hidden = !place;
        glass.element.hidden = true;
        if (!place) continue;
        mark.style.left = `${place[0] * 100}%`;
        mark.style.top = `${place[1] * 100}%`;
      }
      if (place && pane && picking() && url) {
        const other = panes.find((p) => p !== pane);
        other.glass.show(url, place, other.frame.getBoundingClientRect());
      }
      readout.textContent = reading();
    }
    function reading() {
      if (!place || !values || model.get("pending")) return "Point at a picture to read its depth.";
      const { data, width, height, low, high } = values;
      const column = Math.min(width - 1, Math.floor(place[0] * width));
      const row = Math.min(height - 1, Math.floor(place[1] * height));
      const value = data[row * width + column];
      const [w, h] = model.get("_photo_size");
      const x = Math.min(w - 1, Math.floor(place[0] * w));
      const y = Math.min(h - 1, Math.floor(place[1] * h));
      const share = Math.round((100 * (value - low)) / (high - low));
      const near = Math.min(100, Math.max(0, share));
      return `x ${x}, y ${y}: inverse depth ${value.toFixed(3)} (${near} % near)`;
    }
    function showMarks(places) {
      for (const { marks } of panes) marks.show(places);
    }

    let sent = 0;
    let later = null;
    /** Send a line, at most every now and then; the last always arrives. */
    function sendLine(places) {
      clearTimeout(later);
      const wait = Math.max(0, sent + PAUSE - performance.now());
      later = setTimeout(() => {
        sent = performance.now();
        model.send({ type: "line", places });
      }, wait);
    }

    function listen(pane) {
      const { frame } = pane;
      let pressed = null; // where the pointer went down, on the screen and in the photo
      let dragged = false;
      const placeOf = (e) => {
        const box = frame.getBoundingClientRect();
        return [(e.clientX - box.left) / box.width, (e.clientY - box.top) / box.height];
      };
      frame.addEventListener("pointerdown", (e) => {
        if (!e.isPrimary || e.button !== 0) return;
        point(placeOf(e), pane); // a tap comes without a move before it
        if (!picking()) return;
        pressed = { x: e.clientX, y: e.clientY, place };
        dragged = false;
        if (picking() === "line") frame.setPointerCapture(e.pointerId);
      });
      frame.addEventListener("pointermove", (e) => {
        point(placeOf(e), pane);
        if (!pressed || picking() !== "line") return;
        dragged ||= Math.hypot(e.clientX - pressed.x, e.clientY - pressed.y) > DRAG;
        if (!dragged) return;
        drawing = true;
        showMarks([pressed.place, place]);
        sendLine([pressed.place, place]);
      });
      frame.addEventListener("pointerup", (e) => {
        if (pressed && !dragged && picking()) {
          point(placeOf(e), pane);
          model.send({ type: "pick", places: [place] });
        }
        pressed = null;
        drawing = false;
      });
      frame.addEventListener("pointercancel", () => {
        pressed = null;
        drawing = false;
      });
      frame.addEventListener("pointerleave", (e) => {
        if (e.pointerType === "touch" && !picking()) return; // what a finger read stays to be seen
        if (document.activeElement !== frame || picking()) point(null);
      });
      frame.addEventListener("blur", () => point(null));
      frame.addEventListener("keydown", (e) => {
        const step = e.shiftKey ? 0.1 : e.altKey ? 0.002 : 0.01;
        const move = {
          ArrowLeft: [-step, 0],
          ArrowRight: [step, 0],
          ArrowUp: [0, -step],
          ArrowDown: [0, step],
        }[e.key];
        if (move) {
          const [x, y] = place ?? [0.5, 0.5];
          point([x + move[0], y + move[1]], pane);
        } else if (picking() && e.key === "Enter") {
          if (!place) point([0.5, 0.5], pane);
          else model.send({ type: "pick", places: [place] });
        } else if (picking() && e.key === "Escape") {
          model.send({ type: "clear" });
        } else return;
        e.preventDefault();
      });
    }

    el.append(
      ...panes.map((pane) => pane.figure),
      readout,
      make("div", { class: "f3d-row" }, make("label", { htmlFor: id }, "Colours"), select),
    );

    function paint() {
      const depth = model.get("_depth");
      const lut = model.get("_lut");
      if (!depth.values || !lut.byteLength) return;
      const bytes = depth.values;
      const data = new Float32Array(
        bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
      );
      const { width, height, low, high } = depth;
      values = { data, width, height, low, high };
      canvas.width = width;
      canvas.height = height;
      const context = canvas.getContext("2d");
      const picture = context.createImageData(width, height);
      const gain = 256 / (high - low);
      for (let i = 0; i < data.length; i++) {
        const level = Math.min(255, Math.max(0, Math.floor((data[i] - low) * gain)));
        picture.data[4 * i] = lut.getUint8(3 * level);
        picture.data[4 * i + 1] = lut.getUint8(3 * level + 1);
        picture.data[4 * i + 2] = lut.getUint8(3 * level + 2);
        picture.data[4 * i + 3] = 255;
      }
      context.putImageData(picture, 0, 0);
      readout.textContent = reading();
    }

    const undo = [
      follow(model, ["_photo"], () => {
        const bytes = model.get("_photo");
        if (url) URL.revokeObjectURL(url);
        url = bytes.byteLength ? URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" })) : null;
        if (url) photo.src = url;
        const [w, h] = model.get("_photo_size");
        if (w) el.style.setProperty("--f3d-aspect", `${w} / ${h}`);
        photo.alt = `The photo ${model.get("_photo_name")}`;
      }),
      follow(model, ["turnable"], () => (turn.hidden = !model.get("turnable"))),
      follow(model, ["_depth", "_lut"], paint),
      follow(model, ["colormap"], () => (select.value = model.get("colormap"))),
      follow(model, ["pending"], () => {
        canvas.classList.toggle("f3d-pending", model.get("pending"));
        readout.textContent = reading();
      }),
      follow(model, ["_marks", "pending"], () => {
        if (!drawing) showMarks(model.get("pending") ? [] : model.get("_marks"));
      }),
      follow(model, ["picking"], () => {
        el.dataset.picking = model.get("picking");
        const keys = "Arrow keys move the pointer that reads the depth.";
        const enter = model.get("picking") ? " Enter chooses a point, Escape clears." : "";
        for (const { frame, title } of panes) {
          frame.setAttribute("aria-label", `${title}. ${keys}${enter}`);
        }
      }),
    ];
    return () => {
      undo.forEach((u) => u());
      clearTimeout(later);
      if (url) URL.revokeObjectURL(url);
    };
  },
});
