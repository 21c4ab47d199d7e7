const PIECE = 256 * 1024; // a minute is enough for it at 35 kbit/s
const ANSWER_AT_MOST = 60_000;

export default faceWidget({
  render({ model, el }) {
    el.classList.add("f3d", "f3d-upload");
    const hintId = freshId("hint");
    const input = make("input", {
      type: "file",
      multiple: true,
      accept: model.get("accept"),
      attr: { "aria-describedby": hintId },
    });
    const title = make("strong", {}, "Choose a photo");
    const hint = make("small", { id: hintId }, model.get("hint"));
    const bar = make("progress", { max: 1, hidden: true, attr: { "aria-label": "Upload" } });
    const drop = make(
      "label",
      { class: "f3d-drop" },
      input,
      title,
      make("span", {}, " or drop it here"),
      hint,
      bar,
    );
    const errors = make("div", { class: "f3d-errors", attr: { role: "alert" } });
    const gallery = make("div", {
      class: "f3d-gallery",
      attr: { role: "group", "aria-label": "Photos: samples and your own" },
    });
    el.append(drop, errors, gallery);

    // Answers of the kernel, by upload.
    const waiting = new Map();
    const onAnswer = (message) => {
      waiting.get(message.id)?.(message);
    };
    model.on("msg:custom", onAnswer);

    const answer = (id) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(id);
          const error = new Error("The server does not answer; reload the page and try again.");
          reject(Object.assign(error, { upload: id }));
        }, ANSWER_AT_MOST);
        waiting.set(id, (message) => {
          clearTimeout(timer);
          waiting.delete(id);
          resolve(message);
        });
      });

    async function send(file, first) {
      const about = { id: freshId("file"), name: file.name, first };
      if (file.size > model.get("max_bytes")) {
        model.send({ ...about, type: "too-large", size: file.size });
        return;
      }
      let sent = 0;
      do {
        const piece = await file.slice(sent, sent + PIECE).arrayBuffer();
        sent += piece.byteLength;
        const answered = answer(about.id);
        model.send({ ...about, type: "piece", last: sent >= file.size }, undefined, [piece]);
        if ((await answered).type === "stop") return;
        bar.value = file.size ? sent / file.size : 1;
      } while (sent < file.size);
    }

    let queue = Promise.resolve();
    function upload(files) {
      const list = [...files];
      queue = queue.then(async () => {
        bar.hidden = false;
        errors.replaceChildren();
        for (const [i, file] of list.entries()) {
          bar.value = 0;
          title.textContent = `Sending ${file.name}`;
          try {
            await send(file, i === 0);
          } catch (error) {
            model.send({ type: "cancel", id: error.upload });
            errors.append(make("p", {}, String(error.message)));
            break;
          }
        }
        bar.hidden = true;
        title.textContent = "Choose a photo";
      });
    }
    input.addEventListener("change", () => {
      upload(input.files);
      input.value = ""; // so that the same file can be chosen again
    });
    for (const event of ["dragenter", "dragover"]) {
      drop.addEventListener(event, (e) => {
        e.preventDefault();
        drop.classList.add("f3d-over");
      });
    }
    for (const event of ["dragleave", "drop"]) {
      drop.addEventListener(event, () => drop.classList.remove("f3d-over"));
    }
    drop.addEventListener("drop", (e) => {
      e.preventDefault();
      upload(e.dataTransfer.files);
    });

    // A photo that misses would be opened in the page's place, and the work be gone.
    const missed = (e) => e.preventDefault();
    const near = "face3dPage" in document.documentElement.dataset ? ["dragover", "drop"] : [];
    for (const event of near) window.addEventListener(event, missed);

    const undo = [
      () => near.forEach((event) => window.removeEventListener(event, missed)),
      follow(model, ["errors"], () => {
        errors.replaceChildren(...model.get("errors").map((e) => make("p", {}, e)));
      }),
      follow(model, ["items"], () => {
        gallery.replaceChildren(
          ...model.get("items").map((item) => {
            const button = make(
              "button",
              {
                type: "button",
                title: item.title,
                onclick: () => put(model, "selected", item.id),
              },
              make("img", { src: item.thumbnail, alt: item.title }),
            );
            button.dataset.id = item.id;
            return button;
          }),
        );
      }),
      follow(model, ["items", "selected"], () => {
        for (const button of gallery.children) {
          button.setAttribute("aria-pressed", String(button.dataset.id === model.get("selected")));
        }
      }),
    ];
    return () => {
      undo.forEach((u) => u());
      model.off("msg:custom", onAnswer);
    };
  },
});
