const MARK_COLOR = [217, 70, 239]; // neither blue nor red

export default faceWidget({
  render({ model, el }) {
    el.classList.add("f3d", "f3d-map");
    const canvas = make("canvas", { attr: { role: "img" } });
    const dot = make("i", { class: "f3d-mark", hidden: true });
    const frame = make("div", { class: "f3d-frame", tabIndex: 0, attr: { role: "application" } }, canvas, dot);
    const caption = make("figcaption");
    const bar = make("canvas", { class: "f3d-bar", width: 256, height: 1, attr: { "aria-hidden": "true" } });
    const ticks = make("div", { class: "f3d-ticks" });
    const legend = make("div", { class: "f3d-legend" });
    const readout = make("output", { class: "f3d-readout" });
    const text = make("p", { class: "f3d-note" });
    el.append(make("figure", {}, caption, frame), bar, ticks, legend, readout, text);

    let map = null;
    let place = null;

    const number = (value) => {
      const size = Math.abs(value);
      if (size < 0.005) return `0${map.unit}`;
      const digits = Number.isInteger(size) ? 0 : size < 0.95 ? 2 : size < 9.95 ? 1 : 0;
      const sign = value < 0 ? "−" : map.low < 0 ? "+" : "";
      return `${sign}${size.toFixed(digits)}${map.unit}`;
    };
    const reading = () => {
      if (!map) return "";
      if (!place) return "Point at the map to read it.";
      const column = Math.min(map.width - 1, Math.floor(place[0] * map.width));
      const row = Math.min(map.height - 1, Math.floor(place[1] * map.height));
      const at = row * map.width + column;
      if (map.marked?.[at]) return map.mark;
      return Number.isFinite(map.data[at]) ? number(map.data[at]) : "Nothing is compared here.";
    };
    const point = (next) => {
      place = next && next.map((part) => Math.min(1, Math.max(0, part)));
      dot.hidden = !place;
      if (place) {
        dot.style.left = `${place[0] * 100}%`;
        dot.style.top = `${place[1] * 100}%`;
      }
      readout.textContent = reading();
    };
    const follow_pointer = (e) => {
      const box = frame.getBoundingClientRect();
      point([(e.clientX - box.left) / box.width, (e.clientY - box.top) / box.height]);
    };
    frame.addEventListener("pointerdown", follow_pointer); // a tap comes without a move
    frame.addEventListener("pointermove", follow_pointer);
    frame.addEventListener("pointerleave", (e) => {
      if (e.pointerType === "touch") return; // what a finger read stays to be seen
      if (document.activeElement !== frame) point(null);
    });
    frame.addEventListener("blur", () => point(null));
    frame.addEventListener("keydown", (e) => {
      const step = e.shiftKey ? 0.1 : 0.01;
      const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
      const move = moves[e.key];
      if (!move) return;
      const [x, y] = place ?? [0.5, 0.5];
      point([x + move[0], y + move[1]]);
      e.preventDefault();
    });

    const bytesOf = (view) => view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);

    function paint() {
      const sent = model.get("_map");
      const lut = model.get("_lut");
      el.classList.toggle("f3d-empty", !sent.values);
      if (!sent.values || !lut.byteLength) return;
      map = { ...sent, data: new Float32Array(bytesOf(sent.values)) };
      map.marked = sent.marked.byteLength ? new Uint8Array(bytesOf(sent.marked)) : null;
      const { width, height, low, high, data, marked } = map;
      el.style.setProperty("--f3d-aspect", `${width} / ${height}`);
      canvas.width = width;
      canvas.height = height;
      const context = canvas.getContext("2d");
      const picture = context.createImageData(width, height);
      const gain = 255 / (high - low);
      const color = (level) => [0, 1, 2].map((k) => lut.getUint8(3 * level + k));
      for (let i = 0; i < data.length; i++) {
        if (!marked?.[i] && !Number.isFinite(data[i])) continue;
        const level = Math.min(255, Math.max(0, Math.round((data[i] - low) * gain)));
        picture.data.set(marked?.[i] ? MARK_COLOR : color(level), 4 * i);
        picture.data[4 * i + 3] = 255;
      }
      context.putImageData(picture, 0, 0);
      const line = bar.getContext("2d");
      const row = line.createImageData(256, 1);
      for (let i = 0; i < 256; i++) row.data.set([...color(i), 255], 4 * i);
      line.putImageData(row, 0, 0);
      const middle = (low + high) / 2;
      ticks.replaceChildren(...[low, middle, high].map((v) => make("span", {}, number(v))));
      legend.hidden = !map.mark;
      const swatch = make("i");
      swatch.style.background = `rgb(${MARK_COLOR})`;
      legend.replaceChildren(swatch, map.mark);
      canvas.setAttribute("aria-label", `${model.get("title")}, from ${number(low)} to ${number(high)}`);
      readout.textContent = reading();
    }

    const undo = [
      follow(model, ["title"], () => {
        caption.textContent = model.get("title");
        frame.setAttribute("aria-label", `${model.get("title")}. Arrow keys move the pointer that reads it.`);
      }),
      follow(model, ["text"], () => (text.textContent = model.get("text"))),
      follow(model, ["_map", "_lut"], paint),
    ];
    return () => undo.forEach((u) => u());
  },
});
