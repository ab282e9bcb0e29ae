// Heat maps of several networks side by side over their spectrograms, and the sound as it is and
// changed, to be listened to.
"use strict";
(() => {
  const Genrescope = (window.Genrescope = window.Genrescope || {});
  const { make, fill, unpack, pitchMarks, timeStep } = Genrescope.tools;
  const LEFT = 62, RIGHT = 50, TOP = 6, HEIGHT = 210, GAP = 6, STRIP = 46, BOTTOM = 36;
  const FOR = [232, 89, 12], AGAINST = [25, 113, 194], FIRST_OPACITY = 75;
  const css = (colour) => `rgb(${colour.join(",")})`;

  class Reason {
    constructor(element, view, texts) {
      Object.assign(this, { view, texts, opacity: FIRST_OPACITY / 100 });
      this.shades = unpack(view.shades);
      this.heat = new Int8Array(unpack(view.heat).buffer);
      this.image = make("canvas");
      this.image.width = view.frames;
      this.image.height = view.bands;
      const card = make("section", "gs-card");
      card.innerHTML = view.words; // escaped where it was written
      this.plot = make("div", "gs-plot gs-reason");
      this.tall = TOP + HEIGHT + GAP + STRIP + BOTTOM;
      this.plot.style.height = `${this.tall}px`;
      this.canvas = make("canvas", "gs-spectrum");
      this.canvas.setAttribute("role", "img");
      this.canvas.setAttribute("aria-label", view.alt);
      this.read = make("p", "gs-read", texts.hint);
      this.plot.append(this.canvas);
      card.querySelector(".gs-headline").after(this.plot, this.read);
      element.append(card);
      this.canvas.addEventListener("pointermove", (event) => this.show(event));
      this.canvas.addEventListener("pointerleave", () => (this.read.textContent = texts.hint));
      this.observer = new ResizeObserver(() => this.draw());
      this.observer.observe(this.plot);
      this.tint();
    }

    tint() {
      const { bands, frames } = this.view;
      const pen = this.image.getContext("2d");
      const image = pen.createImageData(frames, bands);
      for (let y = 0; y < bands; y++) {
        for (let x = 0; x < frames; x++) {
          const from = (bands - 1 - y) * frames + x, to = 4 * (y * frames + x);
          const heat = this.heat[from] / 127, share = Math.abs(heat) * this.opacity;
          const colour = heat < 0 ? AGAINST : FOR;
          for (let i = 0; i < 3; i++) {
            image.data[to + i] = this.shades[from] * (1 - share) + colour[i] * share;
          }
          image.data[to + 3] = 255;
        }
      }
      pen.putImageData(image, 0, 0);
      this.draw();
    }

    x(second) {
      const { first, step, frames } = this.view;
      return LEFT + ((second - first) / step + 0.5) * (this.width / frames);
    }

    show(event) {
      const box = this.canvas.getBoundingClientRect();
      const { view, texts } = this;
      const column = Math.floor(((event.clientX - box.left - LEFT) / this.width) * view.frames);
      const band = view.bands - 1 - Math.floor(((event.clientY - box.top - TOP) / HEIGHT) * view.bands);
      if (column < 0 || column >= view.frames || band < 0 || band >= view.bands) return;
      const logits = (this.heat[band * view.frames + column] / 127) * view.largest;
      this.read.textContent = fill(texts.read, {
        seconds: (view.first + column * view.step).toFixed(1),
        hz: Math.round(view.hz[band]),
        logits: logits.toFixed(2).replace("-", "−"),
      });
    }

    draw() {
      const whole = this.plot.clientWidth;
      if (!whole) return;
      const ratio = Math.min(2, window.devicePixelRatio || 1);
      this.width = Math.max(60, whole - LEFT - RIGHT);
      this.canvas.width = Math.round(whole * ratio);
      this.canvas.height = Math.round(this.tall * ratio);
      this.canvas.style.height = `${this.tall}px`;
      const pen = this.canvas.getContext("2d");
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.fillStyle = "#ffffff";
      pen.fillRect(0, 0, whole, this.tall);
      pen.imageSmoothingEnabled = this.view.frames > this.width;
      pen.drawImage(this.image, LEFT, TOP, this.width, HEIGHT);
      pen.font = "12px system-ui, sans-serif";
      this.strips(pen);
      this.axes(pen);
    }

    strips(pen) {
      const { by_band: bands, by_time: times } = this.view;
      const most = (values) => Math.max(1e-6, ...values.map(Math.abs)) * 1.05;
      const right = LEFT + this.width + 4, wide = RIGHT - 8, below = TOP + HEIGHT + GAP;
      pen.fillStyle = "#f3f4f6";
      pen.fillRect(right, TOP, wide, HEIGHT);
      pen.fillRect(LEFT, below, this.width, STRIP);
      const tall = HEIGHT / bands.length, across = this.width / times.length;
      const greatest = [most(bands), most(times)];
      bands.forEach((value, i) => {
        const long = ((wide / 2) * value) / greatest[0];
        pen.fillStyle = css(value < 0 ? AGAINST : FOR);
        pen.fillRect(right + wide / 2, TOP + HEIGHT - (i + 1) * tall, long, tall + 0.4);
      });
      times.forEach((value, i) => {
        const long = ((STRIP / 2) * value) / greatest[1];
        pen.fillStyle = css(value < 0 ? AGAINST : FOR);
        pen.fillRect(LEFT + i * across, below + STRIP / 2, across + 0.4, -long);
      });
      pen.fillStyle = "#1f2937";
      pen.textAlign = "right";
      pen.textBaseline = "middle";
      pen.fillText(`±${greatest[1].toFixed(1)}`, LEFT - 5, below + STRIP / 2);
      pen.textAlign = "center";
      pen.fillText(`±${greatest[0].toFixed(1)}`, right + wide / 2, below + 8);
    }

    axes(pen) {
      const { view, texts } = this;
      pen.textAlign = "right";
      pen.textBaseline = "middle";
      let last = Infinity;
      for (const [band, words] of pitchMarks(view)) {
        const y = TOP + HEIGHT * (1 - (band + 0.5) / view.bands);
        if (last - y < 14) continue;
        last = y;
        pen.fillRect(LEFT - 4, y, 4, 1);
        pen.fillText(words, LEFT - 6, y);
      }
      pen.textAlign = "center";
      pen.textBaseline = "top";
      const bottom = TOP + HEIGHT + GAP + STRIP;
      const length = view.frames * view.step;
      const step = timeStep(length, this.width);
      for (let t = Math.ceil(view.first / step - 1e-6) * step; t <= view.first + length; t += step) {
        if (this.x(t) > LEFT + this.width + 2) break;
        pen.fillRect(this.x(t), bottom, 1, 4);
        pen.fillText(`${+t.toFixed(1)}`, this.x(t), bottom + 6);
      }
      pen.fillText(texts.axes, LEFT + this.width / 2, bottom + 21);
    }
  }

  Genrescope.showReasons = (element, views, texts) => {
    for (const one of element.gsReasons || []) one.observer.disconnect();
    element.replaceChildren();
    element.gsReasons = [];
    if (!views || !views.length) return;
    const label = make("label", "gs-row gs-opacity", texts.opacity);
    const slider = make("input");
    Object.assign(slider, { type: "range", min: 0, max: 100, value: FIRST_OPACITY });
    label.append(slider);
    const columns = make("div", "gs-columns gs-reasons");
    element.append(label, make("p", "gs-note", texts.caption), columns);
    element.gsReasons = views.map((view) => new Reason(columns, view, texts));
    slider.addEventListener("input", () => {
      for (const one of element.gsReasons) {
        one.opacity = slider.value / 100;
        one.tint();
      }
    });
  };

  // The sound as it is, and changed by the server when it is asked for: nothing of it stays there.
  Genrescope.showListening = (element, asked, texts) => {
    if (element.gsUrl) URL.revokeObjectURL(element.gsUrl);
    element.gsUrl = "";
    element.replaceChildren();
    const sound = asked && Genrescope.soundOf(asked);
    if (!sound) return;
    const figure = (words) => {
      const held = make("figure", "gs-listen");
      held.append(make("figcaption", "", words));
      return held;
    };
    const player = (address) => {
      const audio = make("audio");
      audio.controls = true;
      audio.src = address;
      return audio;
    };
    const before = figure(texts.as_is), after = figure(asked.words);
    before.append(player(sound.url));
    const ready = (place, url) => {
      element.gsUrl = url;
      const audio = player(url);
      place.append(audio);
      audio.play().catch(() => {});
    };
    after.append(Genrescope.prepare(sound, asked.query, texts.prepare, texts.preparing, ready));
    const row = make("div", "gs-columns");
    row.append(before, after);
    element.append(row);
  };
})();
