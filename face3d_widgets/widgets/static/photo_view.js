export default {
  render({ model, el }) {
    el.classList.add("f3d", "f3d-photos");
    const photo = make("img", { alt: "The photo" });
    const canvas = make("canvas", {
      attr: { role: "img", "aria-label": "Depth map: nearer is brighter" },
    });
    const readout = make("output", { class: "f3d-readout" });
    const id = freshId("colormap");
    const select = make("select", { id, onchange: () => put(model, "colormap", select.value) });
    select.append(...model.get("colormaps").map((c) => make("option", { value: c }, c)));

    const marks = [];
    const pane = (title, picture) => {
      const mark = make("i", { class: "f3d-mark", hidden: true });
      marks.push(mark);
      const frame = make(
        "div",
        {
          class: "f3d-frame",
          tabIndex: 0,
          attr: {
            role: "application",
            "aria-label": `${title}. Arrow keys move the pointer that reads the depth.`,
          },
        },
        picture,
        mark,
      );
      listen(frame);
      return make("figure", {}, make("figcaption", {}, title), frame);
    };

    let place = null; // the pointer, each coordinate from 0 to 1
    let values = null;
    function point(next) {
      place = next && [Math.min(1, Math.max(0, next[0])), Math.min(1, Math.max(0, next[1]))];
      for (const mark of marks) {
        mark.hidden = !place;
        if (place) {
          mark.style.left = `${place[0] * 100}%`;
          mark.style.top = `${place[1] * 100}%`;
        }
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
    function listen(frame) {
      frame.addEventListener("pointermove", (e) => {
        const box = frame.getBoundingClientRect();
        point([(e.clientX - box.left) / box.width, (e.clientY - box.top) / box.height]);
      });
      frame.addEventListener("pointerleave", () => {
        if (document.activeElement !== frame) point(null);
      });
      frame.addEventListener("blur", () => point(null));
      frame.addEventListener("keydown", (e) => {
        const step = e.shiftKey ? 0.1 : 0.01;
        const move = {
          ArrowLeft: [-step, 0],
          ArrowRight: [step, 0],
          ArrowUp: [0, -step],
          ArrowDown: [0, step],
        }[e.key];
        if (!move) return;
        e.preventDefault();
        const [x, y] = place ?? [0.5, 0.5];
        point([x + move[0], y + move[1]]);
      });
    }

    el.append(
      pane("Photo", photo),
      pane("Depth map", canvas),
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

    let url = null;
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
      follow(model, ["_depth", "_lut"], paint),
      follow(model, ["colormap"], () => (select.value = model.get("colormap"))),
      follow(model, ["pending"], () => {
        canvas.classList.toggle("f3d-pending", model.get("pending"));
        readout.textContent = reading();
      }),
    ];
    return () => {
      undo.forEach((u) => u());
      if (url) URL.revokeObjectURL(url);
    };
  },
};
