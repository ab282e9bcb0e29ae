// A sound's course: waveform, spectrogram, probabilities, segments and divergence over one line of
// time, with one cursor. What is seen is drawn from an overview; zoomed in, tiles come from the
// server at the level that the screen can show, and only a few are kept.
"use strict";
(() => {
  const Genrescope = (window.Genrescope = window.Genrescope || {});
  const { TABLE, make, fill, unpack, bitmap, bandOfHz, timeStep } = Genrescope.tools;
  const TILE = 256, FINEST = 512 / 22050, MOST_TILES = 48, BUSY_MS = 2000, CLOSEST_SECONDS = 2;
  const TOP = 6, GAP = 8, BOTTOM = 38, WAVE = 56, SPECTRUM = 150, STACK = 170, SEGMENTS = 22, APART = 62;
  const HZ_MARKS = [100, 500, 2000, 8000];

  const clock = (seconds) => {
    const tenths = Math.max(0, Math.round(10 * seconds));
    const minutes = Math.floor(tenths / 600);
    const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, "0");
    if (minutes < 60) return `${minutes}:${rest}`;
    return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
  };

  // Tiles of one sound by level and number. The sound is sent when the first is asked for, and
  // once more where the server has let go of it.
  class Tiles {
    constructor(view, sound, arrived) {
      Object.assign(this, { view, sound, arrived });
      this.kept = new Map();
      this.wanted = [];
      this.key = "";
      this.busy = false;
    }

    get(level, number) {
      const name = `${level}/${number}`;
      const tile = this.kept.get(name);
      if (tile) {
        this.kept.delete(name);
        this.kept.set(name, tile);
        return tile;
      }
      if (!this.wanted.includes(name)) this.wanted.push(name);
      return null;
    }

    // One that is here already; nothing is asked for.
    near(level, number) {
      return this.kept.get(`${level}/${number}`);
    }

    async fetchNext() {
      if (this.busy || !this.wanted.length || !this.sound) return;
      this.busy = true;
      const name = this.wanted.shift();
      try {
        if (!this.key) this.key = await this.send();
        const query = `loudest=${this.view.loudest}&start=${this.view.start}`;
        const answer = await fetch(`/web/sounds/${this.key}/tiles/${name}?${query}`);
        if (answer.ok) this.keep(name, new Uint8Array(await answer.arrayBuffer()));
        else if (answer.status === 404) this.key = "";
        else await new Promise((resolve) => setTimeout(resolve, BUSY_MS));
      } catch {
        await new Promise((resolve) => setTimeout(resolve, BUSY_MS));
      }
      this.busy = false;
      this.arrived();
    }

    async send() {
      const address = `/web/sounds?name=${encodeURIComponent(this.sound.name)}`;
      const headers = { "Content-Type": "application/octet-stream" };
      const answer = await fetch(address, { method: "POST", body: this.sound.blob, headers });
      if (!answer.ok) throw new Error(`${answer.status}`);
      return (await answer.json()).key;
    }

    keep(name, bytes) {
      const columns = bytes.length / (2 + this.view.bands);
      const peaks = new Int8Array(bytes.buffer, 0, 2 * columns);
      const image = columns ? bitmap(bytes.subarray(2 * columns), this.view.bands, columns) : null;
      this.kept.set(name, { peaks: peaks.slice(), image, columns });
      while (this.kept.size > MOST_TILES) this.kept.delete(this.kept.keys().next().value);
    }

    close() {
      this.wanted = [];
      this.kept.clear();
      if (this.key) fetch(`/web/sounds/${this.key}`, { method: "DELETE", keepalive: true }).catch(() => {});
      this.key = "";
      this.sound = null;
    }
  }

  class Course {
    constructor(element, view, texts) {
      Object.assign(this, { view, texts, from: view.start, to: view.end, point: null });
      const peaks = unpack(view.peaks);
      this.peaks = new Int8Array(peaks.buffer);
      this.image = bitmap(unpack(view.shades), view.bands, view.columns);
      const sound = view.live ? Genrescope.soundOf(view) : null;
      this.tiles = new Tiles(view, sound, () => this.draw());
      this.panels = this.lay();
      this.build(element, sound);
      this.observer = new ResizeObserver(() => this.draw());
      this.observer.observe(this.plot);
      this.draw();
    }

    lay() {
      const heights = { wave: WAVE, spectrum: SPECTRUM, stack: STACK, segments: SEGMENTS };
      if (this.view.bits) heights.apart = APART;
      const panels = {};
      let y = TOP;
      for (const [name, height] of Object.entries(heights)) {
        panels[name] = { y, height };
        y += height + GAP;
      }
      this.bottom = y - GAP;
      this.tall = this.bottom + BOTTOM;
      return panels;
    }

    build(element, sound) {
      const { texts, view } = this;
      this.plot = make("div", "gs-plot gs-course");
      this.plot.style.height = `${this.tall}px`;
      this.canvas = make("canvas", "gs-spectrum");
      this.overlay = make("canvas", "gs-overlay");
      this.overlay.tabIndex = 0;
      this.overlay.setAttribute("role", "application");
      const said = { source: view.source, hint: sound ? texts.hint : texts.hint_silent };
      this.overlay.setAttribute("aria-label", fill(texts.label, said));
      this.plot.append(this.canvas, this.overlay);
      this.read = make("p", "gs-read", said.hint);
      this.hint = said.hint;
      element.append(this.plot, this.read, this.buttons());
      if (sound && sound.url) element.append(this.player(sound));
      if (view.jumps.length) element.append(this.jumps());
      this.listen();
    }

    buttons() {
      const row = make("div", "gs-row");
      const add = (text, act) => {
        const button = make("button", "gs-button", text);
        button.type = "button";
        button.addEventListener("click", act);
        row.append(button);
        return button;
      };
      const middle = () => (this.inView() ? this.audio.currentTime : (this.from + this.to) / 2);
      this.closer = add(this.texts.closer, () => this.zoom(0.5, middle()));
      this.further = add(this.texts.further, () => this.zoom(2, (this.from + this.to) / 2));
      this.whole = add(this.texts.whole, () => this.see(this.view.start, this.view.end));
      return row;
    }

    player(sound) {
      const bar = make("div", "gs-player");
      this.audio = make("audio");
      this.audio.controls = true;
      this.audio.preload = "metadata";
      this.audio.src = sound.url;
      this.audio.addEventListener("timeupdate", () => this.drawOverlay());
      this.audio.addEventListener("seeked", () => this.drawOverlay());
      this.audio.addEventListener("play", () => this.follow());
      bar.append(this.audio);
      return bar;
    }

    jumps() {
      const list = make("div", "gs-jumps");
      list.append(make("h3", "", this.audio ? this.texts.jumps : this.texts.jumps_silent));
      for (const [second, words] of this.view.jumps) {
        const button = make("button", "gs-link", words);
        button.type = "button";
        button.addEventListener("click", () => this.jump(second));
        list.append(button);
      }
      return list;
    }

    jump(second) {
      const length = this.to - this.from;
      if (second < this.from || second > this.to) this.see(second - length / 2, second + length / 2);
      this.show(second);
      this.seek(second - 5);
      this.plot.scrollIntoView({ block: "nearest" });
    }

    follow() {
      if (!this.audio || this.audio.paused || !this.overlay.isConnected) return;
      const now = this.audio.currentTime;
      const length = this.to - this.from;
      if (now > this.to && now < this.view.end) this.see(now, now + length);
      this.drawOverlay();
      requestAnimationFrame(() => this.follow());
    }

    inView() {
      const now = this.audio ? this.audio.currentTime : 0;
      return now > 0 && now >= this.from && now <= this.to;
    }

    listen() {
      let held = null;
      const at = (event) => {
        const box = this.overlay.getBoundingClientRect();
        return this.secondAt(event.clientX - box.left);
      };
      const begun = (event) => {
        held = { x: event.clientX, from: this.from, to: this.to, moved: false };
      };
      const moved = (event) => {
        const by = held ? event.clientX - held.x : 0;
        if (held && event.buttons && Math.abs(by) > 4) {
          const seconds = (by / this.width) * (held.to - held.from);
          held.moved = true;
          this.see(held.from - seconds, held.to - seconds);
        }
        this.show(at(event));
      };
      this.overlay.addEventListener("pointerdown", begun);
      this.overlay.addEventListener("pointermove", moved);
      this.overlay.addEventListener("pointerleave", () => this.show(null));
      this.overlay.addEventListener("click", (event) => {
        const second = at(event);
        if (second !== null && !(held && held.moved)) this.seek(second);
        held = null;
      });
      this.overlay.addEventListener("wheel", (event) => {
        if (!event.ctrlKey) return;
        event.preventDefault();
        this.zoom(event.deltaY > 0 ? 1.25 : 0.8, at(event) ?? (this.from + this.to) / 2);
      }, { passive: false });
      this.overlay.addEventListener("keydown", (event) => this.press(event));
    }

    press(event) {
      const length = this.to - this.from;
      const now = this.point ?? this.from;
      const stride = (event.shiftKey ? 0.1 : 0.01) * length;
      if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
        const moved = now + (event.key === "ArrowLeft" ? -stride : stride);
        const second = Math.min(this.view.end, Math.max(this.view.start, moved));
        if (second < this.from) this.see(second, second + length);
        if (second > this.to) this.see(second - length, second);
        this.show(second);
      } else if (event.key === "Enter" || event.key === " ") this.seek(now);
      else if (event.key === "+" || event.key === "=") this.zoom(0.5, this.point ?? (this.from + this.to) / 2);
      else if (event.key === "-") this.zoom(2, this.point ?? (this.from + this.to) / 2);
      else if (event.key === "Home") this.see(this.view.start, this.view.end);
      else return;
      event.preventDefault();
    }

    zoom(factor, around) {
      const share = (around - this.from) / (this.to - this.from);
      const length = (this.to - this.from) * factor;
      this.see(around - share * length, around + (1 - share) * length);
    }

    see(from, to) {
      const whole = this.view.end - this.view.start;
      const closest = this.tiles.sound ? CLOSEST_SECONDS : 8 * this.view.column;
      const length = Math.min(whole, Math.max(Math.min(closest, whole), to - from));
      const wanted = (from + to - length) / 2;
      this.from = Math.min(this.view.end - length, Math.max(this.view.start, wanted));
      this.to = this.from + length;
      if (!this.pending) this.pending = requestAnimationFrame(() => this.draw());
    }

    secondAt(x) {
      if (x < this.left || x > this.left + this.width) return null;
      return this.from + ((x - this.left) / this.width) * (this.to - this.from);
    }

    x(second) {
      return this.left + ((second - this.from) / (this.to - this.from)) * this.width;
    }

    seek(second) {
      if (!this.audio) return;
      this.audio.currentTime = Math.max(0, second);
      this.audio.play().catch(() => {});
    }

    step(second) {
      const { edges, rows } = this.view;
      let low = 0, high = rows.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (edges[middle] <= second) low = middle;
        else high = middle - 1;
      }
      return low;
    }

    show(second) {
      this.point = second;
      const { view, texts } = this;
      if (second === null) this.read.textContent = this.hint;
      else {
        const place = this.step(second);
        const ranked = view.rows[place].map((share, i) => [share, view.genres[i]]);
        ranked.sort((a, b) => b[0] - a[0]);
        const said = ranked.slice(0, 3).map(([share, name]) => `${name} ${Math.round(100 * share)} %`);
        const apart = view.bits ? fill(texts.read_apart, { bits: view.bits[place].toFixed(2) }) : "";
        this.read.textContent = `${clock(second)} · ${said.join(", ")}${apart}`;
      }
      this.drawOverlay();
    }

    draw() {
      this.pending = 0;
      const whole = this.plot.clientWidth;
      if (!whole) return;
      const ratio = Math.min(2, window.devicePixelRatio || 1);
      this.left = whole < 500 ? 42 : 74;
      this.width = Math.max(60, whole - this.left - 12);
      for (const canvas of [this.canvas, this.overlay]) {
        if (canvas.width !== Math.round(whole * ratio)) {
          canvas.width = Math.round(whole * ratio);
          canvas.height = Math.round(this.tall * ratio);
          canvas.style.height = `${this.tall}px`;
        }
        canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
      }
      const pen = this.canvas.getContext("2d");
      pen.fillStyle = "#ffffff";
      pen.fillRect(0, 0, whole, this.tall);
      pen.font = "12px system-ui, sans-serif";
      this.tiles.wanted = [];
      this.drawSound(pen);
      this.drawStack(pen);
      this.drawSegments(pen);
      if (this.view.bits) this.drawApart(pen);
      this.drawAxes(pen, whole);
      this.drawOverlay();
      this.closer.disabled = this.to - this.from <= (this.tiles.sound ? CLOSEST_SECONDS : 8 * this.view.column) + 1e-6;
      this.further.disabled = this.whole.disabled = this.to - this.from >= this.view.end - this.view.start - 1e-6;
      this.tiles.fetchNext();
    }

    // What there is of the sound, the coarse first and what is finer over it.
    drawSound(pen) {
      const { wave, spectrum } = this.panels;
      pen.fillStyle = TABLE_FLOOR;
      pen.fillRect(this.left, spectrum.y, this.width, spectrum.height);
      const pieces = [[this.view.start, this.view.column, this.view.columns, this.image, this.peaks]];
      const wanted = (this.to - this.from) / this.width / FINEST;
      const level = Math.max(0, Math.floor(Math.log2(Math.max(wanted, 1e-9)) + 0.25));
      if (level < this.view.level && this.tiles.sound) {
        for (let drawn = this.view.level - 1; drawn >= level; drawn--) {
          const column = FINEST * 2 ** drawn, long = TILE * column;
          const first = Math.max(0, Math.floor((this.from - this.view.start) / long));
          for (let number = first; this.view.start + number * long < this.to; number++) {
            const tile = drawn > level ? this.tiles.near(drawn, number) : this.tiles.get(drawn, number);
            const start = this.view.start + number * long;
            if (tile && tile.columns) pieces.push([start, column, tile.columns, tile.image, tile.peaks]);
          }
        }
      }
      pen.save();
      pen.beginPath();
      pen.rect(this.left, TOP, this.width, spectrum.y + spectrum.height - TOP);
      pen.clip();
      for (const [start, column, columns, image, peaks] of pieces) {
        const first = Math.max(0, Math.floor((this.from - start) / column));
        const last = Math.min(columns, Math.ceil((this.to - start) / column));
        if (last <= first) continue;
        const x = this.x(start + first * column), wide = this.x(start + last * column) - x;
        pen.imageSmoothingEnabled = last - first > wide;
        pen.drawImage(image, first, 0, last - first, image.height, x, spectrum.y, wide, spectrum.height);
        pen.fillStyle = "#ffffff";
        pen.fillRect(x, wave.y, wide, wave.height);
        pen.fillStyle = "#1d4ed8";
        const bar = Math.max(1, wide / (last - first));
        for (let i = first; i < last; i++) {
          const low = peaks[2 * i] / 127, high = peaks[2 * i + 1] / 127;
          const y = wave.y + (wave.height * (1 - high)) / 2;
          pen.fillRect(this.x(start + i * column), y, bar, Math.max(1, (wave.height * (high - low)) / 2));
        }
      }
      pen.restore();
    }

    drawStack(pen) {
      const { y, height } = this.panels.stack;
      const { edges, rows, colours, others } = this.view;
      const first = this.step(this.from), last = this.step(this.to);
      pen.fillStyle = others[1];
      pen.fillRect(this.left, y, this.width, height);
      for (let place = first; place <= last; place++) {
        const from = Math.max(this.left, this.x(edges[place]));
        const to = Math.min(this.left + this.width, this.x(edges[place + 1]));
        let share = 0;
        rows[place].forEach((part, i) => {
          pen.fillStyle = colours[i];
          const top = y + height * (1 - share - part);
          pen.fillRect(from, top, to - from + 0.6, height * part + 0.6);
          share += part;
        });
      }
      pen.clearRect(this.left + this.width, y, 2, height);
    }

    drawSegments(pen) {
      const { y, height } = this.panels.segments;
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      for (const [start, end, name, colour] of this.view.segments) {
        const from = Math.max(this.left, this.x(start));
        const to = Math.min(this.left + this.width, this.x(end));
        if (to <= from) continue;
        pen.fillStyle = colour;
        pen.fillRect(from, y, Math.max(1, to - from - 1), height);
        if (pen.measureText(name).width + 8 > to - from) continue;
        pen.fillStyle = Genrescope.inkOn(colour);
        pen.fillText(name, (from + to) / 2, y + height / 2 + 1);
      }
    }

    drawApart(pen) {
      const { y, height } = this.panels.apart;
      const { edges, bits } = this.view;
      const most = Math.max(0.2, ...bits) * 1.1;
      pen.fillStyle = "#444444";
      for (let place = this.step(this.from); place <= this.step(this.to); place++) {
        const from = Math.max(this.left, this.x(edges[place]));
        const to = Math.min(this.left + this.width, this.x(edges[place + 1]));
        const tall = (height * bits[place]) / most;
        pen.fillRect(from, y + height - tall, to - from + 0.6, tall);
      }
      pen.clearRect(this.left + this.width, y, 2, height);
      pen.fillStyle = "#1f2937";
      pen.fillRect(this.left, y + height, this.width, 1);
      pen.textAlign = "right";
      pen.textBaseline = "top";
      pen.fillText(most.toFixed(1), this.left - 5, y);
    }

    drawAxes(pen, whole) {
      const { wave, spectrum, stack, apart } = this.panels;
      const { texts, view } = this;
      const narrow = this.left < 60;
      pen.fillStyle = "#1f2937";
      pen.textBaseline = "middle";
      pen.textAlign = "right";
      for (const hz of HZ_MARKS) {
        const y = spectrum.y + spectrum.height * (1 - (bandOfHz(view.hz, hz) + 0.5) / view.bands);
        pen.fillRect(this.left - 4, y, 4, 1);
        pen.fillText(`${hz}`, this.left - 6, y);
      }
      for (const part of [0, 50, 100]) {
        const y = stack.y + stack.height * (1 - part / 100);
        pen.fillRect(this.left - 4, y, 4, 1);
        pen.fillText(`${part}${narrow ? "" : " %"}`, this.left - 6, Math.min(y, stack.y + stack.height - 5));
      }
      const titles = [[wave, texts.wave], [spectrum, texts.hz], [stack, texts.share], [apart, texts.bits]];
      for (const [panel, words] of narrow ? [] : titles) {
        if (!panel) continue;
        pen.save();
        pen.translate(11, panel.y + panel.height / 2);
        pen.rotate(-Math.PI / 2);
        pen.textAlign = "center";
        pen.fillText(words, 0, 0);
        pen.restore();
      }
      pen.textAlign = "center";
      pen.textBaseline = "top";
      const step = timeStep(this.to - this.from, this.width);
      for (let t = Math.ceil(this.from / step - 1e-6) * step; t <= this.to + 1e-6; t += step) {
        pen.fillRect(this.x(t), this.bottom, 1, 4);
        const words = step < 1 ? clock(t) : clock(t).slice(0, -2);
        const half = pen.measureText(words).width / 2;
        pen.fillText(words, Math.min(whole - half, this.x(t)), this.bottom + 6);
      }
      pen.fillText(texts.time, this.left + this.width / 2, this.bottom + 22);
    }

    drawOverlay() {
      const pen = this.overlay.getContext("2d");
      pen.clearRect(0, 0, this.overlay.width, this.overlay.height);
      const line = (second, colour, wide) => {
        const x = this.x(second);
        if (x < this.left || x > this.left + this.width) return;
        pen.fillStyle = "rgba(0,0,0,0.55)";
        pen.fillRect(x - wide / 2 - 1, TOP, wide + 2, this.bottom - TOP);
        pen.fillStyle = colour;
        pen.fillRect(x - wide / 2, TOP, wide, this.bottom - TOP);
      };
      if (this.point !== null) line(this.point, "rgba(255,255,255,0.9)", 1);
      if (this.audio && (this.audio.currentTime > 0 || !this.audio.paused)) line(this.audio.currentTime, "#00e5ff", 2);
    }

    close() {
      this.observer.disconnect();
      this.tiles.close();
      if (this.audio) {
        this.audio.pause();
        this.audio.removeAttribute("src");
        this.audio.load();
      }
    }
  }

  const TABLE_FLOOR = `rgb(${TABLE[0].join(",")})`;

  // Black or white, whichever is easier to read on a colour.
  Genrescope.inkOn = (colour) => {
    const parts = [1, 3, 5].map((at) => {
      const part = parseInt(colour.slice(at, at + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2] > 0.179 ? "#000000" : "#ffffff";
  };

  Genrescope.showCourse = (element, view, texts) => {
    if (element.gsCourse) element.gsCourse.close();
    element.replaceChildren();
    element.gsCourse = view ? new Course(element, view, texts) : null;
  };
})();
