// The spectrogram with axes, hover, player and cursor; and the pictures that a network saw.
// Plain functions on window.Genrescope, so that the offline report can use them as well.
"use strict";
(() => {
  const Genrescope = (window.Genrescope = window.Genrescope || {});
  const COLOURS = [[2, 2, 12], [58, 16, 108], [136, 38, 125], [212, 70, 98], [250, 140, 96], [252, 246, 190]];
  const LEFT = 74, RIGHT = 58, TOP = 18, BOTTOM = 40, HEIGHT = 340;
  const HZ_MARKS = [100, 200, 500, 1000, 2000, 4000, 8000];

  const colour = (value) => {
    const place = (value / 255) * (COLOURS.length - 1);
    const low = Math.min(COLOURS.length - 2, Math.floor(place));
    return COLOURS[low].map((c, i) => c + (COLOURS[low + 1][i] - c) * (place - low));
  };
  const TABLE = Array.from({ length: 256 }, (_, value) => colour(value));

  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key]);
  const unpack = (data) => Uint8Array.from(atob(data), (c) => c.charCodeAt(0));

  const make = (tag, name, text) => {
    const element = document.createElement(tag);
    if (name) element.className = name;
    if (text !== undefined) element.textContent = text;
    return element;
  };

  // Bytes, row 0 lowest, to a bitmap with row 0 on top.
  const bitmap = (bytes, height, width, grey) => {
    const canvas = make("canvas");
    canvas.width = width;
    canvas.height = height;
    const pen = canvas.getContext("2d");
    const image = pen.createImageData(width, height);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const value = bytes[(height - 1 - y) * width + x];
        const [r, g, b] = grey ? [value, value, value] : TABLE[value];
        image.data.set([r, g, b, 255], 4 * (y * width + x));
      }
    }
    pen.putImageData(image, 0, 0);
    return canvas;
  };

  const bandOfHz = (hz, wanted) => {
    for (let i = 1; i < hz.length; i++) {
      if (hz[i] >= wanted) return i - 1 + (wanted - hz[i - 1]) / (hz[i] - hz[i - 1]);
    }
    return null;
  };

  const pitchMarks = (view) => {
    if (view.kind === "cqt") {
      return view.hz
        .map((hz, band) => [band, `${view.notes[band]}  ${Math.round(hz)}`])
        .filter(([band]) => band % 12 === 0);
    }
    return HZ_MARKS.map((hz) => [bandOfHz(view.hz, hz), `${hz}`]).filter(([band]) => band !== null);
  };

  const timeStep = (seconds, width) => {
    const wanted = (seconds * 80) / width;
    const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300];
    return steps.find((step) => step >= wanted) || 600;
  };

  Genrescope.tools = { TABLE, make, fill, unpack, bitmap, bandOfHz, pitchMarks, timeStep };

  // A button that has the server change the sound, of which nothing stays there, and then is what
  // plays it.
  Genrescope.prepare = (sound, query, words, waiting, ready) => {
    const place = make("div");
    const button = make("button", "gs-button", words);
    button.type = "button";
    button.addEventListener("click", async () => {
      button.disabled = true;
      button.textContent = waiting;
      const headers = { "Content-Type": "application/octet-stream" };
      const address = `/api/v1/explain?form=flac&${query}`;
      try {
        const answer = await fetch(address, { method: "POST", body: sound.blob, headers });
        if (!answer.ok) throw new Error((await answer.json()).detail);
        const url = URL.createObjectURL(await answer.blob());
        place.replaceChildren();
        ready(place, url);
      } catch (error) {
        place.replaceChildren(make("p", "gs-error", error.message));
      }
    });
    place.append(button);
    return place;
  };

  class Viewer {
    constructor(element, view, texts) {
      this.view = view;
      this.texts = texts;
      this.bytes = unpack(view.data);
      this.image = bitmap(this.bytes, view.bands, view.frames, false);
      this.begin = view.first - view.step / 2;
      this.length = view.frames * view.step;
      this.point = null;
      this.offset = 0;
      this.build(element);
      this.observer = new ResizeObserver(() => this.draw());
      this.observer.observe(this.plot);
      this.draw();
    }

    build(element) {
      const { texts, view } = this;
      element.replaceChildren();
      const figure = make("figure", "gs-viewer");
      const caption = view.title ? `${view.title} · ${texts[view.kind]}` : texts[view.kind];
      figure.append(make("figcaption", "", caption));
      this.plot = make("div", "gs-plot");
      this.canvas = make("canvas", "gs-spectrum");
      this.overlay = make("canvas", "gs-overlay");
      this.overlay.tabIndex = 0;
      this.overlay.setAttribute("role", "application");
      const seconds = this.length.toFixed(1);
      const label = { kind: texts[view.kind], source: view.source, seconds, hint: texts.hint };
      this.overlay.setAttribute("aria-label", fill(texts.label, label));
      this.plot.append(this.canvas, this.overlay);
      this.read = make("p", "gs-read", texts.hint);
      figure.append(this.plot, this.read, this.player());
      if (!view.whole) figure.append(make("p", "gs-note", fill(texts.cut, { seconds: view.longest })));
      element.append(figure);
      this.listen();
    }

    player() {
      const bar = make("div", "gs-player");
      const sound = Genrescope.soundOf && Genrescope.soundOf(this.view);
      if (!sound) {
        bar.append(make("p", "gs-note", this.texts.no_sound));
        return bar;
      }
      if (this.view.changed) bar.append(this.changedPlayer(sound));
      else this.play(bar, sound.url);
      return bar;
    }

    play(bar, url) {
      this.audio = make("audio");
      this.audio.controls = true;
      this.audio.preload = "metadata";
      this.audio.src = url;
      this.audio.addEventListener("timeupdate", () => this.drawOverlay());
      this.audio.addEventListener("play", () => this.follow());
      bar.append(this.audio);
    }

    // Of changed sound, which begins where the picture does.
    changedPlayer(sound) {
      const { texts, view } = this;
      return Genrescope.prepare(sound, view.changed, texts.prepare, texts.preparing, (bar, url) => {
        this.offset = view.first;
        this.play(bar, url);
        this.audio.play().catch(() => {});
      });
    }

    follow() {
      if (!this.audio || this.audio.paused || !this.overlay.isConnected) return;
      this.drawOverlay();
      requestAnimationFrame(() => this.follow());
    }

    listen() {
      const at = (event) => {
        const box = this.overlay.getBoundingClientRect();
        return this.inside(event.clientX - box.left, event.clientY - box.top);
      };
      this.overlay.addEventListener("pointermove", (event) => this.show(at(event)));
      this.overlay.addEventListener("pointerleave", () => this.show(null));
      this.overlay.addEventListener("click", (event) => {
        const point = at(event);
        if (point) this.seek(point.seconds);
      });
      this.overlay.addEventListener("keydown", (event) => this.press(event));
    }

    press(event) {
      const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
      const point = this.point || this.pointAt(0, Math.floor(this.view.bands / 2));
      if (event.key in moves) {
        const [dx, dy] = moves[event.key];
        const stride = event.shiftKey ? 20 : Math.max(1, Math.round(this.view.frames / 200));
        this.show(this.pointAt(point.column + dx * stride, point.band + dy));
      } else if (event.key === "Enter" || event.key === " ") {
        this.seek(point.seconds);
      } else {
        return;
      }
      event.preventDefault();
    }

    pointAt(column, band) {
      const { view } = this;
      const x = Math.min(view.frames - 1, Math.max(0, column));
      const y = Math.min(view.bands - 1, Math.max(0, band));
      return { column: x, band: y, seconds: view.first + x * view.step };
    }

    inside(x, y) {
      const column = Math.floor(((x - LEFT) / this.width) * this.view.frames);
      const band = this.view.bands - 1 - Math.floor(((y - TOP) / this.height) * this.view.bands);
      if (column < 0 || band < 0 || column >= this.view.frames || band >= this.view.bands) return null;
      return this.pointAt(column, band);
    }

    show(point) {
      this.point = point;
      const { view, texts } = this;
      if (point) {
        const value = this.bytes[point.band * view.frames + point.column];
        const hz = view.hz[point.band];
        const plain = `${hz < 100 ? hz.toFixed(1) : Math.round(hz)} Hz`;
        const pitch = view.kind === "cqt" ? `${view.notes[point.band]} (${plain})` : plain;
        const db = (-view.floor + (value / 255) * view.floor).toFixed(1).replace("-", "−");
        this.read.textContent = fill(texts.read, { seconds: point.seconds.toFixed(2), pitch, db });
      } else {
        this.read.textContent = texts.hint;
      }
      this.drawOverlay();
    }

    seek(seconds) {
      if (!this.audio) return;
      this.audio.currentTime = Math.max(0, seconds - this.offset);
      this.audio.play().catch(() => {});
    }

    x(seconds) {
      return LEFT + ((seconds - this.begin) / this.length) * this.width;
    }

    draw() {
      const whole = this.plot.clientWidth;
      if (!whole) return;
      const ratio = window.devicePixelRatio || 1;
      this.width = Math.max(60, whole - LEFT - RIGHT);
      this.height = HEIGHT - TOP - BOTTOM;
      for (const canvas of [this.canvas, this.overlay]) {
        canvas.width = whole * ratio;
        canvas.height = HEIGHT * ratio;
        canvas.style.height = `${HEIGHT}px`;
        canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
      }
      const pen = this.canvas.getContext("2d");
      pen.fillStyle = "#ffffff";
      pen.fillRect(0, 0, whole, HEIGHT);
      pen.imageSmoothingEnabled = this.view.frames > this.width;
      pen.drawImage(this.image, LEFT, TOP, this.width, this.height);
      pen.font = "12px system-ui, sans-serif";
      pen.fillStyle = pen.strokeStyle = "#1f2937";
      this.axes(pen);
      this.windows(pen);
      this.scale(pen);
      this.drawOverlay();
    }

    axes(pen) {
      pen.textAlign = "right";
      pen.textBaseline = "middle";
      let last = Infinity;
      for (const [band, text] of pitchMarks(this.view)) {
        const y = TOP + this.height * (1 - (band + 0.5) / this.view.bands);
        if (last - y < 14) continue;
        last = y;
        pen.fillRect(LEFT - 4, y, 4, 1);
        pen.fillText(text, LEFT - 7, y);
      }
      pen.save();
      pen.translate(11, TOP + this.height / 2);
      pen.rotate(-Math.PI / 2);
      pen.textAlign = "center";
      pen.fillText(this.view.kind === "cqt" ? `${this.texts.note}, Hz` : this.texts.hz, 0, 0);
      pen.restore();
      pen.textAlign = "center";
      pen.textBaseline = "top";
      const step = timeStep(this.length, this.width);
      for (let t = Math.ceil(this.begin / step - 1e-6) * step; t <= this.begin + this.length; t += step) {
        pen.fillRect(this.x(t), TOP + this.height, 1, 4);
        pen.fillText(`${+t.toFixed(1)}`, this.x(t), TOP + this.height + 6);
      }
      pen.fillText(this.texts.time, LEFT + this.width / 2, TOP + this.height + 22);
    }

    windows(pen) {
      pen.strokeStyle = "#4b5563";
      for (const start of this.view.starts) {
        const from = this.x(start) + 1;
        const to = Math.min(this.x(start + this.view.window), LEFT + this.width) - 1;
        if (to < from) continue;
        pen.strokeRect(from, TOP - 7, to - from, 4);
      }
    }

    scale(pen) {
      const x = LEFT + this.width + 8;
      for (let i = 0; i < this.height; i++) {
        const [r, g, b] = TABLE[Math.round(255 * (1 - i / this.height))];
        pen.fillStyle = `rgb(${r},${g},${b})`;
        pen.fillRect(x, TOP + i, 10, 1);
      }
      pen.fillStyle = "#1f2937";
      pen.textAlign = "left";
      pen.textBaseline = "middle";
      for (const part of [0, 0.25, 0.5, 0.75, 1]) {
        const db = `${Math.round(-part * this.view.floor)}`.replace("-", "−");
        pen.fillText(`${db}${part === 0 ? " dB" : ""}`, x + 13, TOP + part * this.height);
      }
    }

    drawOverlay() {
      const pen = this.overlay.getContext("2d");
      pen.clearRect(0, 0, this.overlay.width, this.overlay.height);
      if (this.audio && (this.audio.currentTime > 0 || !this.audio.paused)) {
        const x = this.x(this.audio.currentTime + this.offset);
        if (x >= LEFT && x <= LEFT + this.width) {
          pen.fillStyle = "#00e5ff";
          pen.fillRect(x - 1, TOP, 2, this.height);
        }
      }
      if (this.point) {
        const x = this.x(this.point.seconds);
        const y = TOP + this.height * (1 - (this.point.band + 0.5) / this.view.bands);
        pen.fillStyle = "rgba(255,255,255,0.75)";
        pen.fillRect(x, TOP, 1, this.height);
        pen.fillRect(LEFT, y, this.width, 1);
      }
    }
  }

  Genrescope.showViews = (element, views, texts) => {
    for (const viewer of element.gsViewers || []) {
      viewer.observer.disconnect();
      if (viewer.audio) viewer.audio.pause();
    }
    element.replaceChildren();
    element.gsViewers = (views || []).map((view) => {
      const place = make("div");
      element.append(place);
      return new Viewer(place, view, texts);
    });
  };

  Genrescope.showSeen = (element, seen, texts) => {
    element.replaceChildren();
    for (const one of seen || []) {
      const figure = make("figure", "gs-seen");
      figure.append(make("figcaption", "", `${texts.seen}: ${one.model}`));
      const place = make("div", "gs-picture");
      const show = (index) => {
        const picture = bitmap(unpack(one.pictures[index]), one.height, one.width, true);
        picture.setAttribute("role", "img");
        const start = one.starts[index].toFixed(1);
        picture.setAttribute("aria-label", `${texts.seen}, ${one.height} × ${one.width}, ${start} s`);
        place.replaceChildren(picture);
      };
      const choice = make("select");
      choice.setAttribute("aria-label", texts.seen);
      one.starts.forEach((start, index) => {
        const option = make("option", "", fill(texts.seen_at, { start: start.toFixed(1) }));
        option.value = index;
        choice.append(option);
      });
      choice.addEventListener("change", () => show(Number(choice.value)));
      show(0);
      figure.append(place, choice, make("p", "gs-note", `${one.height} × ${one.width}`));
      element.append(figure);
    }
  };

  Genrescope.download = (name, blob) => {
    const link = make("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
})();
