"use strict";
// The explorer: an image, two methods, a step of the removal. Everything that it shows stands in the document of the page.
(() => {
  const element = (id) => document.getElementById(id);
  const source = element("document");
  if (!source) return;
  const study = JSON.parse(source.textContent);
  const SIDES = ["left", "right"];
  const images = new Map(study.images.map((image) => [image.name, image]));
  const methods = new Map(study.methods.map((method) => [method.name, method]));
  const grays = new Map(study.networks.map((network) => [network.name, network.gray]));

  // Numbers, little-endian in base64. Typed arrays have the machine's order, so each is read with its own.
  function unpack(text, size, read) {
    const letters = atob(text);
    const view = new DataView(Uint8Array.from(letters, (letter) => letter.charCodeAt(0)).buffer);
    return Array.from({ length: view.byteLength / size }, (_, place) => read(view, place * size));
  }
  const floats = (text) => unpack(text, 4, (view, at) => view.getFloat32(at, true));
  const shorts = (text) => unpack(text, 2, (view, at) => view.getUint16(at, true));
  const bytes = (text) => unpack(text, 1, (view, at) => view.getUint8(at));

  const state = { image: null, network: null, condition: 0, method: {}, run: {}, step: 0 };
  const same = (explanation, partition, method, run) =>
    explanation.network === state.network && explanation.partition === partition && explanation.method === method &&
    (run === undefined || explanation.run === run);

  const image = () => images.get(state.image);
  const condition = () => study.conditions[state.condition];
  const explanations = (method) => image().explanations.filter((one) => same(one, condition().partition, method));
  const explanation = (side) => image().explanations.find((one) => same(one, condition().partition, state.method[side], state.run[side]));
  const judged = (one) =>
    one.curves.find((curve) => curve.order === condition().order && curve.replacement === condition().replacement);

  // What is unpacked once, kept with what it was packed in.
  const unpacked = new WeakMap();
  function once(owner, make) {
    if (!unpacked.has(owner)) unpacked.set(owner, make());
    return unpacked.get(owner);
  }
  const curve = (packed) =>
    once(packed, () => ({ superpixels: shorts(packed.superpixels), answers: floats(packed.answers) }));
  const partition = () => {
    const packed = image().partitions[condition().partition];
    return once(packed, () => {
      const labels = new Uint16Array(image().height * image().width);
      const runs = shorts(packed.labels);
      for (let place = 0, pixel = 0; place < runs.length; place += 2) {
        labels.fill(runs[place], pixel, (pixel += runs[place + 1]));
      }
      return { labels, colors: bytes(packed.colors), superpixels: packed.superpixels };
    });
  };

  // Pixels of a JPEG in the page, red, green, blue and opacity.
  const pixels = new Map();
  async function load(address, { width, height }) {
    if (!pixels.has(address)) {
      const picture = new Image();
      picture.src = address;
      await picture.decode();
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [width, height];
      const context = canvas.getContext("2d", { willReadFrequently: true });
      context.drawImage(picture, 0, 0, width, height);
      pixels.set(address, context.getImageData(0, 0, width, height).data);
    }
    return pixels.get(address);
  }

  // A colour scale's colour at a place from 0 to 1.
  function color(stops, place) {
    const position = Math.min(Math.max(place, 0), 1) * (stops.length - 1);
    const low = Math.min(Math.floor(position), stops.length - 2);
    return stops[low].map((level, channel) => level + (stops[low + 1][channel] - level) * (position - low));
  }
  const gradient = (stops) => `linear-gradient(to right,${stops.map((stop) => `rgb(${stop})`).join(",")})`;

  function paint(canvas, { width, height }, pixel) {
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext("2d");
    const data = context.createImageData(width, height);
    for (let place = 0; place < width * height; place += 1) {
      const [red, green, blue] = pixel(place);
      data.data.set([red, green, blue, 255], place * 4);
    }
    context.putImageData(data, 0, 0);
  }
  const grey = (data, place) => 0.299 * data[place * 4] + 0.587 * data[place * 4 + 1] + 0.114 * data[place * 4 + 2];

  // The image with the first superpixels of a curve replaced. Where a replacement is no single image, what is gone is hatched.
  function removal(crop, blur, packed, steps) {
    const { labels, colors } = partition();
    const { width } = image();
    const gone = new Set(curve(packed).superpixels.slice(0, steps));
    const gray = grays.get(state.network);
    return (place) => {
      const label = labels[place];
      if (!gone.has(label)) return crop.subarray(place * 4, place * 4 + 3);
      switch (packed.replacement) {
        case "mean": return colors.slice(label * 3, label * 3 + 3);
        case "black": return [0, 0, 0];
        case "gray": return gray ?? [128, 128, 128];
        case "blur": return blur.subarray(place * 4, place * 4 + 3);
        default: return ((place % width) + Math.floor(place / width)) % 12 < 6 ? [120, 120, 120] : [170, 170, 170];
      }
    };
  }

  // A map enlarged to the crop: bilinear, the corners not aligned.
  function enlarge(map, { width, height }) {
    const values = once(map, () => floats(map.values));
    const axis = (from, to) =>
      Array.from({ length: to }, (_, place) => {
        const at = Math.max(((place + 0.5) * from) / to - 0.5, 0);
        const low = Math.min(Math.floor(at), from - 1);
        return [low, Math.min(low + 1, from - 1), at - low];
      });
    const [rows, columns] = [axis(map.height, height), axis(map.width, width)];
    const enlarged = new Float32Array(width * height);
    rows.forEach(([above, below, down], row) => {
      columns.forEach(([left, right, along], column) => {
        const across = (line) => values[line * map.width + left] * (1 - along) + values[line * map.width + right] * along;
        enlarged[row * width + column] = across(above) * (1 - down) + across(below) * down;
      });
    });
    return enlarged;
  }

  const digits = (value) => (Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 0.01 ? value.toFixed(3) : value.toExponential(1));
  const bordered = (labels, place, width) =>
    ((place + 1) % width !== 0 && labels[place] !== labels[place + 1]) ||
    (place + width < labels.length && labels[place] !== labels[place + width]);

  // The place of each superpixel in the order that a curve removes them in, the first the highest.
  const places = (packed) => {
    const order = curve(packed).superpixels;
    const all = [];
    order.forEach((superpixel, place) => { all[superpixel] = order.length - 1 - place; });
    return all;
  };

  // What a method said, with the legend of its colours: the first step's map, or the superpixels' values.
  function explain(side, crop, one, packed) {
    const { width, height } = image();
    const { labels } = partition();
    const canvas = element(`map-${side}`);
    const legend = element(`legend-${side}`);
    legend.replaceChildren();
    if (!one.shows) {
      paint(canvas, image(), (place) => Array(3).fill(grey(crop, place)));
      legend.textContent = "the study has no explanation here, only an order";
      return;
    }
    const values = once(one, () => floats(one.values));
    const most = Math.max(...values.map(Math.abs)) || 1;
    const shaded = (stops, place, share) => {
      const shade = 0.6 + (0.4 * grey(crop, place)) / 255;
      const line = bordered(labels, place, width) ? 0.6 : 1;
      return color(stops, share).map((level) => level * shade * line);
    };
    const words = document.createElement("span");
    const bar = document.createElement("span");
    bar.className = "scale";
    if (one.shows === "map") {
      const map = image().maps.find((map) => map.network === one.network && map.method === one.method && map.run === one.run);
      const enlarged = enlarge(map, { width, height });
      const largest = enlarged.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1;
      const signed = enlarged.some((value) => value < 0);
      const stops = signed ? study.scales.diverging : study.scales.sequential;
      const share = (value) => (signed ? value / largest / 2 + 0.5 : value / largest);
      paint(canvas, image(), (place) => color(stops, share(enlarged[place])).map((level) => level * 0.6 + grey(crop, place) * 0.4));
      bar.style.background = gradient(stops);
      const range = signed ? `−${digits(largest)} (against) to +${digits(largest)} (for the class)` : `0 to ${digits(largest)}`;
      words.textContent = `${range}, relevance in ${map.layer}, ${map.height}×${map.width}`;
    } else if (one.shows === "weights") {
      paint(canvas, image(), (place) => shaded(study.scales.diverging, place, values[labels[place]] / most / 2 + 0.5));
      bar.style.background = gradient(study.scales.diverging);
      words.textContent = `−${digits(most)} (against) to +${digits(most)} (for the class), weight (${study.measured})`;
    } else {
      const own = one.shows === "order" ? places(packed) : values;
      const largest = Math.max(...own) || 1;
      paint(canvas, image(), (place) => shaded(study.scales.sequential, place, own[labels[place]] / largest));
      bar.style.background = gradient(study.scales.sequential);
      words.textContent = one.shows === "order" ? "last removed to first removed" : `0 to ${digits(largest)}, edge strength`;
    }
    legend.append(bar, words);
  }

  // Lines for a shell, as the report's own are quoted: SQL doubles a single quote, a POSIX shell guards the rest.
  const literal = (text) => `'${text.replaceAll("'", "''")}'`;
  const shell = (text) => `"${text.replace(/["\\$`]/g, "\\$&").replaceAll("!", "\"'!'\"")}"`;
  function query(one, packed) {
    const names = { image: state.image, network: one.network, partition: one.partition, method: one.method };
    const filters = Object.entries(names).map(([column, value]) => `${column} = ${literal(value)}`);
    filters.push(`run = ${one.run}`, `"order" = ${literal(packed.order)}`, `replacement = ${literal(packed.replacement)}`);
    const files = literal(`${study.latest}/curves/*.parquet`);
    return `duckdb -c ${shell(`select step, superpixel, ${study.measured} from ${files} where ${filters.join(" and ")} order by step`)}`;
  }

  const svg = (name, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };

  // Probabilities lie between 0 and 1, logits anywhere.
  function span(shown) {
    if (study.measured === "probability") return [0, 1];
    const answers = shown.flatMap((one) => [...one.answers]);
    const low = Math.min(0, ...answers);
    return [low, Math.max(0, ...answers) || (low < 0 ? 0 : 1)];
  }

  // Both curves in one chart, with the step between them.
  function draw(shown) {
    // As wide as there is room, so that letters keep their size.
    const width = Math.min(Math.max(element("curves").clientWidth, 280), 1100);
    const [height, left, right, top, bottom] = [240, 48, 12, 10, 40];
    const last = Math.max(...shown.map((one) => one.answers.length - 1), 1);
    const x = (step) => left + ((width - left - right) * step) / last;
    const [low, high] = span(shown);
    const y = (answer) => top + ((height - top - bottom) * (high - answer)) / (high - low);
    const label = shown.map((one) => `${one.name}: AUC ${one.auc.toFixed(3)}`).join("; ");
    const chart = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Removal curves. ${label}` });
    const text = (content, attributes) => {
      const node = svg("text", { class: "tick", ...attributes });
      node.textContent = content;
      chart.append(node);
    };
    for (const tick of [0, 0.25, 0.5, 0.75, 1].map((part) => low + part * (high - low))) {
      chart.append(svg("line", { class: "grid", x1: left, x2: width - right, y1: y(tick), y2: y(tick) }));
      text(String(Number(tick.toFixed(2))), { x: left - 6, y: y(tick) + 4, "text-anchor": "end" });
    }
    const stride = Math.max(1, Math.ceil(last / (width / 60)));
    for (let step = 0; step <= last; step += stride) text(String(step), { x: x(step), y: height - bottom + 16, "text-anchor": "middle" });
    text("superpixels removed", { x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle" });
    for (const one of shown) {
      const points = one.answers.map((answer, step) => `${x(step)},${y(answer)}`);
      const [first, end] = [x(0), x(one.answers.length - 1)];
      const style = `color:var(--series-${one.series % 6})`;
      chart.append(svg("polygon", { class: "area", style, points: `${first},${y(0)} ${points.join(" ")} ${end},${y(0)}` }));
      chart.append(svg("polyline", { class: one.side === "right" ? "curve second" : "curve", style, points: points.join(" ") }));
      const step = Math.min(state.step, one.answers.length - 1);
      chart.append(svg("circle", { class: "here", style, cx: x(step), cy: y(one.answers[step]), r: 5 }));
    }
    chart.append(svg("line", { class: "cursor", x1: x(state.step), x2: x(state.step), y1: top, y2: height - bottom }));
    chart.addEventListener("click", (event) => {
      const box = chart.getBoundingClientRect();
      const place = ((event.clientX - box.left) / box.width) * width;
      moveTo(Math.round(((place - left) / (width - left - right)) * last));
    });
    const legend = document.createElement("p");
    legend.className = "legend";
    for (const one of shown) {
      const entry = document.createElement("span");
      const sign = document.createElement("b");
      sign.textContent = one.side === "right" ? "┅ " : "━ ";
      sign.style.color = `var(--series-${one.series % 6})`;
      entry.append(sign, `${one.name}, AUC ${one.auc.toFixed(3)}`);
      legend.append(entry);
    }
    element("curves").replaceChildren(chart, legend);
  }

  let redraw = () => {};
  window.addEventListener("resize", () => redraw());

  const percent = (share) => `${Math.round(share * 100)} %`;
  let turn = 0;
  async function show() {
    // A picture that is decoded late must not paint over a later choice.
    const mine = (turn += 1);
    const crop = await load(image().crop, image());
    const blur = image().blur ? await load(image().blur, image()) : null;
    if (mine !== turn) return;
    const target = image().targets[state.network];
    const shown = [];
    for (const side of SIDES) {
      const one = explanation(side);
      const packed = one && judged(one);
      element(`answer-${side}`).textContent = "–";
      if (!packed) {
        element(`facts-${side}`).textContent = "The study has no explanation of this image by this method.";
        continue;
      }
      const { superpixels, answers } = curve(packed);
      const step = Math.min(state.step, superpixels.length);
      const picture = element(`picture-${side}`);
      paint(picture, image(), removal(crop, blur, packed, step));
      picture.setAttribute("aria-label", `${state.image} with ${step} of ${superpixels.length} superpixels removed in the order of ${one.method}`);
      element(`map-${side}`).setAttribute("aria-label", `what ${one.method} calls relevant in ${state.image}`);
      element(`answer-${side}`).textContent = answers[step].toFixed(3);
      explain(side, crop, one, packed);
      const facts = [`AUC ${packed.auc.toFixed(3)} of ${superpixels.length} superpixels`];
      if (one.r2 !== null) facts.push(`weighted R² of the surrogate ${one.r2.toFixed(3)}`);
      if (one.tied) facts.push(`${one.tied} superpixels have the same relevance as another`);
      if (one.deterministic) facts.push("the same in every run");
      if (packed.replacement === "noisy_linear") facts.push("hatched: the network saw neighbours' colours with noise there, recomputed for each step");
      element(`facts-${side}`).textContent = `${facts.join("; ")}.`;
      element(`sql-${side}`).textContent = query(one, packed);
      element(`artifact-${side}`).textContent = packed.artifact ?? "not recorded";
      shown.push({ side, name: methods.get(one.method).title, series: methods.get(one.method).series, auc: packed.auc, answers, superpixels });
    }
    const slider = element("step");
    const last = Math.max(...shown.map((one) => one.superpixels.length), 1);
    slider.max = last;
    slider.value = state.step;
    slider.setAttribute("aria-valuetext", `${state.step} of ${last} superpixels`);
    const { labels } = partition();
    const areas = shown.map((one) => {
      const gone = new Set(one.superpixels.slice(0, state.step));
      return percent(labels.reduce((sum, label) => sum + gone.has(label), 0) / labels.length);
    });
    element("removed").textContent = `${state.step} of ${last} superpixels (${[...new Set(areas)].join(" and ")} of the pixels)`;
    draw(shown);
    redraw = () => draw(shown);
    tell(target, shown);
  }

  // The picture in a sentence.
  function tell(target, shown) {
    const story = element("story");
    if (!shown.length) {
      story.textContent = "There is nothing to show for this choice.";
      return;
    }
    const start = shown[0].answers[0].toFixed(3);
    const label = document.createElement("b");
    label.textContent = target.label;
    const parts = shown.map((one) => {
      const step = Math.min(state.step, one.answers.length - 1);
      return `${one.answers[step].toFixed(3)} in the order of ${one.name}`;
    });
    const words = state.step === 0
      ? ` has a ${study.measured} of ${start} in ${state.network} before anything is removed.`
      : ` has a ${study.measured} of ${start} in ${state.network}; with ${state.step} superpixel${state.step === 1 ? "" : "s"} removed it is ${parts.join(", and ")}.`;
    story.replaceChildren(label, words);
  }

  // Choices. What a former choice no longer allows becomes the first that is there.
  function fill(select, options, chosen) {
    select.replaceChildren(...options.map(([value, text]) => new Option(text, value, false, String(value) === String(chosen))));
    select.disabled = options.length < 2;
  }
  const keep = (wanted, options) => (options.includes(wanted) ? wanted : options[0]);
  const inWords = ({ partition: name, order, replacement }) => `${order.replaceAll("_", " ")}, ${name}, replaced by ${replacement}`;

  function settle() {
    state.image = keep(state.image, [...images.keys()]);
    state.network = keep(state.network, study.networks.map((network) => network.name).filter((name) => name in image().targets));
    const possible = study.conditions.map((_, place) => place).filter((place) => study.conditions[place].partition in image().partitions);
    state.condition = keep(state.condition, possible);
    const judgedHere = study.methods.map((method) => method.name).filter((name) => explanations(name).some(judged));
    SIDES.forEach((side, place) => {
      // A method of the same kind where the chosen one is not judged.
      const kind = methods.get(state.method[side])?.kind;
      const alike = judgedHere.find((name) => methods.get(name).kind === kind) ?? judgedHere[Math.min(place, judgedHere.length - 1)];
      if (!judgedHere.includes(state.method[side])) state.method[side] = alike;
      const runs = state.method[side] ? explanations(state.method[side]).map((one) => one.run) : [];
      state.run[side] = keep(state.run[side], runs);
      fill(element(`method-${side}`), judgedHere.map((name) => [name, methods.get(name).title]), state.method[side]);
      fill(element(`run-${side}`), runs.map((run) => [run, `run ${run}`]), state.run[side]);
    });
    fill(element("explorer-image"), [...images.keys()].map((name) => [name, name]), state.image);
    fill(element("explorer-network"), Object.keys(image().targets).map((name) => [name, name]), state.network);
    fill(element("explorer-condition"), possible.map((place) => [place, inWords(study.conditions[place])]), state.condition);
    const steps = SIDES.map(explanation).map((one) => (one && judged(one) ? curve(judged(one)).superpixels.length : 0));
    state.step = Math.min(state.step, Math.max(...steps));
  }
  // The step at which the two curves lie farthest apart.
  function farthest() {
    const [first, second] = SIDES.map(explanation).map((one) => one && judged(one) && curve(judged(one)).answers);
    if (!first || !second) return 0;
    const gaps = first.map((answer, step) => Math.abs(answer - (second[step] ?? answer)));
    return gaps.indexOf(Math.max(...gaps));
  }
  function moveTo(step) {
    state.step = Math.min(Math.max(step, 0), Number(element("step").max));
    show();
  }
  const choose = (change) => {
    change();
    settle();
    show();
  };
  const chosen = (id, change) => element(id).addEventListener("change", (event) => choose(() => change(event.target.value)));
  chosen("explorer-image", (value) => { state.image = value; });
  chosen("explorer-network", (value) => { state.network = value; });
  chosen("explorer-condition", (value) => { state.condition = Number(value); });
  for (const side of SIDES) {
    chosen(`method-${side}`, (value) => { state.method[side] = value; });
    chosen(`run-${side}`, (value) => { state.run[side] = Number(value); });
  }
  element("step").addEventListener("input", (event) => moveTo(Number(event.target.value)));
  element("back").addEventListener("click", () => moveTo(state.step - 1));
  element("forth").addEventListener("click", () => moveTo(state.step + 1));

  // A link such as #explorer?image=mug-00&network=alexnet chooses, from anywhere in the page.
  function follow() {
    const [anchor, question] = location.hash.split("?");
    if (anchor !== "#explorer" || !question) return;
    const wanted = new URLSearchParams(question);
    const asked = wanted.get("image");
    if (asked !== null && !images.has(asked)) {
      show().then(() => { element("story").textContent = `This report has no room for the pictures of ${asked}; the tables have its numbers.`; });
      element("explorer").scrollIntoView();
      return;
    }
    choose(() => {
      state.image = wanted.get("image") ?? state.image;
      state.network = wanted.get("network") ?? state.network;
      const place = study.conditions.findIndex((one) => one.partition === wanted.get("partition"));
      if (place >= 0) state.condition = place;
      const method = wanted.get("method");
      if (methods.has(method)) {
        // Beside what was on the left, unless it is there already.
        if (state.method.right === method) state.method.right = state.method.left;
        state.method.left = method;
      }
    });
    element("explorer").scrollIntoView();
  }
  window.addEventListener("hashchange", follow);
  // The same address again changes no hash.
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#explorer?"]');
    if (link && link.hash === location.hash) follow();
  });

  const first = study.first;
  if (!first) return;
  [state.image, state.network] = [first.image, first.network];
  SIDES.forEach((side, place) => { state.method[side] = first.methods[place] ?? first.methods[0]; });
  element("explore").hidden = false;
  settle();
  state.step = farthest();
  show();
  follow();
})();
