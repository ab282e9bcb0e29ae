// What the pages need beyond Gradio: a drop zone that keeps the sound in the browser for the
// player, and downloads that are made here, so that the server keeps no file.
"use strict";
(() => {
  const Genrescope = (window.Genrescope = window.Genrescope || {});
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key]);
  const MEGABYTE = 1e6;

  const make = (tag, name, text) => {
    const element = document.createElement(tag);
    if (name) element.className = name;
    if (text !== undefined) element.textContent = text;
    return element;
  };

  // Players on other tabs may still play the sounds before: only the oldest are let go of.
  const KEPT = 8;
  const urls = [];
  // What was sent, by the key it went under: an answer names the key of the sound it is about.
  const sent = new Map();

  const keep = (blob, name) => {
    if (Genrescope.sound && Genrescope.sound.blob === blob) return Genrescope.sound;
    Genrescope.sound = { url: URL.createObjectURL(blob), name, blob };
    urls.push(Genrescope.sound.url);
    if (urls.length > KEPT) URL.revokeObjectURL(urls.shift());
    return Genrescope.sound;
  };

  const remember = (key, sound) => {
    sent.set(key, sound);
    if (sent.size > KEPT) sent.delete(sent.keys().next().value);
  };

  // The sound that an answer is about, which may not be the one that was chosen last.
  Genrescope.soundOf = (answer) => sent.get(answer.sound) || null;

  // Without a secure context there is no clipboard, but copying what is selected.
  const copy = async (text) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const area = make("textarea", "gs-file");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  };

  // Sends one sound; resolves to {key, label} or rejects with a sentence.
  // What waits beside the sound of the key `beside` waits on while this one is on its way.
  const send = (blob, name, beside, tell) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      const query = new URLSearchParams(beside ? { name, beside } : { name });
      request.open("POST", `/web/sounds?${query}`);
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.responseType = "json";
      request.upload.addEventListener("progress", (event) => {
        if (event.lengthComputable) tell(Math.floor((100 * event.loaded) / event.total));
      });
      request.addEventListener("load", () => {
        const answer = request.response || {};
        if (request.status === 200) resolve(answer);
        else reject(new Error(answer.detail || answer.title || `${request.status}`));
      });
      request.addEventListener("error", () => reject(new Error("…")));
      request.send(blob);
    });

  class Drop {
    constructor(element, props, trigger) {
      Object.assign(this, { props, trigger, texts: props.texts });
      this.zone = make("div", "gs-drop");
      this.status = make("p", "gs-status");
      this.status.setAttribute("role", "status");
      this.build();
      element.replaceChildren(this.zone);
      element.gsDrop = this;
    }

    build() {
      const { texts, props } = this;
      this.input = make("input");
      this.input.type = "file";
      this.input.multiple = props.many;
      this.input.accept = "audio/*,video/mp4,video/webm,.mp3,.flac,.ogg,.opus,.m4a,.wav,.aiff,.aif,.wma";
      this.input.className = "gs-file";
      this.input.setAttribute("aria-label", props.many ? texts.choose_many : texts.choose);
      this.input.addEventListener("change", () => this.take([...this.input.files]));
      const choose = make("button", "gs-button gs-first", props.many ? texts.choose_many : texts.choose);
      choose.type = "button";
      choose.addEventListener("click", () => this.input.click());
      const row = make("div", "gs-row");
      row.append(choose);
      if (!props.many) row.append(this.recorder());
      this.zone.append(make("p", "gs-invite", props.many ? texts.many : texts.one), this.input, row);
      const megabytes = +(props.limit / MEGABYTE).toFixed(1);
      this.zone.append(make("p", "gs-note", fill(texts.limit, { megabytes })));
      if (!props.many) this.zone.append(make("p", "gs-note", texts.good));
      if (props.samples.length && !props.many) this.zone.append(this.samples());
      this.zone.append(this.status);
      for (const kind of ["dragenter", "dragover"]) {
        this.zone.addEventListener(kind, (event) => {
          event.preventDefault();
          this.zone.classList.add("gs-over");
        });
      }
      for (const kind of ["dragleave", "drop"]) {
        this.zone.addEventListener(kind, () => this.zone.classList.remove("gs-over"));
      }
      this.zone.addEventListener("drop", (event) => {
        event.preventDefault();
        this.take([...event.dataTransfer.files]);
      });
    }

    samples() {
      const row = make("p", "gs-samples", `${this.texts.sample} `);
      for (const name of this.props.samples) {
        const button = make("button", "gs-link", name);
        button.type = "button";
        button.addEventListener("click", async () => {
          const answer = await fetch(`/web/samples/${encodeURIComponent(name)}`);
          this.take([new File([await answer.blob()], name)]);
        });
        row.append(button, " ");
      }
      return row;
    }

    recorder() {
      const button = make("button", "gs-button", this.texts.record);
      button.type = "button";
      if (!navigator.mediaDevices || !window.MediaRecorder) {
        button.disabled = true;
        button.title = this.texts.no_microphone;
        return button;
      }
      let running = null;
      let stream = null;
      button.addEventListener("click", async () => {
        if (running) return running.stop();
        button.disabled = true; // until the microphone is there: a second click would open another
        try {
          stream = await navigator.mediaDevices.getUserMedia({ audio: true });
          running = this.record(stream, button, () => (running = null));
        } catch (error) {
          if (stream) stream.getTracks().forEach((track) => track.stop());
          this.say(fill(this.texts.no_recording, { reason: error.message }), true);
        } finally {
          button.disabled = false;
        }
      });
      return button;
    }

    record(stream, button, ended) {
      const parts = [];
      const recorder = new MediaRecorder(stream);
      const began = Date.now();
      button.textContent = this.texts.stop;
      const clock = setInterval(() => {
        this.say(fill(this.texts.recording, { seconds: Math.round((Date.now() - began) / 1000) }));
      }, 500);
      recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
      recorder.addEventListener("stop", () => {
        clearInterval(clock);
        stream.getTracks().forEach((track) => track.stop());
        button.textContent = this.texts.record;
        ended();
        const kind = recorder.mimeType || "audio/webm";
        const ending = kind.includes("mp4") ? "m4a" : kind.includes("ogg") ? "ogg" : "webm";
        this.take([new File(parts, `recording.${ending}`, { type: kind })]);
      });
      recorder.start();
      return recorder;
    }

    say(text, wrong) {
      this.status.textContent = text;
      this.status.classList.toggle("gs-error", Boolean(wrong));
    }

    async take(files) {
      if (!files.length) return;
      const sounds = this.props.many ? files : files.slice(0, 1);
      const sound = this.props.many ? null : keep(sounds[0], sounds[0].name);
      this.turn = (this.turn || 0) + 1; // of two that are on their way, the later one is meant
      const turn = this.turn;
      const arrived = [];
      let last = "";
      for (const file of sounds) {
        const sent = await this.sendOne(file, last);
        if (sent) arrived.push(sent);
        if (sent && sent.key) last = sent.key;
        if (sent && sent.key && sound) remember(sent.key, sound);
      }
      this.input.value = "";
      if (arrived.length && (this.props.many || turn === this.turn)) this.ask(arrived);
    }

    async sendOne(file, beside) {
      const { texts, props } = this;
      const name = file.name || "sound";
      if (file.size > props.limit) {
        const sizes = { megabytes: (file.size / MEGABYTE).toFixed(1), limit: props.limit / MEGABYTE };
        this.say(fill(texts.too_large, { name, ...sizes }), true);
        return props.many ? { key: "", label: name, error: this.status.textContent } : null;
      }
      try {
        const tell = (percent) => this.say(fill(texts.sending, { name, percent }));
        const sent = await send(file, name, beside, tell);
        this.say(fill(texts.sent, { name }));
        return sent;
      } catch (error) {
        this.say(fill(texts.failed, { name, reason: error.message }), true);
        return props.many ? { key: "", label: name, error: this.status.textContent } : null;
      }
    }

    ask(arrived) {
      this.props.value = JSON.stringify(arrived);
      setTimeout(() => this.trigger("submit"), 0);
    }
  }

  Genrescope.drop = (element, props, trigger) => new Drop(element, props, trigger);

  // Sends the sound that this page already has once more: nothing of it stayed on the server.
  Genrescope.again = (id) => {
    const found = [...document.querySelectorAll(`#${id} *`)].find((e) => e.gsDrop);
    if (!found) return;
    if (!Genrescope.sound) return found.gsDrop.say(found.gsDrop.texts.first, true);
    found.gsDrop.take([Genrescope.sound.blob]);
  };

  // All canvases one below the other, as one picture.
  const paint = (canvases) => {
    const whole = make("canvas");
    whole.width = Math.max(...canvases.map((canvas) => canvas.width));
    whole.height = canvases.reduce((sum, canvas) => sum + canvas.height, 0);
    const pen = whole.getContext("2d");
    let y = 0;
    for (const canvas of canvases) {
      pen.drawImage(canvas, 0, y);
      y += canvas.height;
    }
    return new Promise((resolve) => whole.toBlob(resolve, "image/png"));
  };

  Genrescope.saves = (element, value, texts, viewers) => {
    element.replaceChildren();
    if (!value) return;
    const row = make("div", "gs-row");
    const add = (text, act) => {
      const button = make("button", "gs-button", text);
      button.type = "button";
      button.addEventListener("click", act);
      row.append(button);
    };
    const file = (key, ending, type) => {
      if (!value[key]) return;
      add(texts[key], () =>
        Genrescope.download(`${value.name}.${ending}`, new Blob([value[key]], { type }))
      );
    };
    const canvas = viewers && document.querySelector(`#${viewers} canvas.gs-spectrum`);
    if (canvas || value.png) {
      add(texts.png, async () => {
        const now = [...document.querySelectorAll(`#${viewers} canvas.gs-spectrum`)];
        if (now.length) Genrescope.download(`${value.name}.png`, await paint(now));
      });
    }
    file("json", "json", "application/json");
    file("csv", "csv", "text/csv");
    file("m3u", "m3u8", "audio/x-mpegurl");
    file("report", "html", "text/html");
    if (value.tsv) {
      add(texts.copy, async (event) => {
        await copy(value.tsv);
        event.target.textContent = texts.copied;
      });
    }
    element.append(row);
  };
})();
