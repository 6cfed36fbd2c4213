function series() {
  if (now.axis === "replicas") {
    const by = drivers(now);
    return { points: data.scales.map((scale, index) => ({ x: podsAt(index), lane: scale.lanes[now.lane], by })), unit: "pods", format: (x) => `${count(x)} pods` };
  }
  const lane = lanesNow()[now.lane], most = Math.max(10000, now.egress * 1.5);
  const points = [...Array(41).keys()].map((step) => ({ x: (step * most) / 40, lane, by: drivers({ ...now, egress: (step * most) / 40 }) }));
  return { points, unit: "GB of egress a month", format: (x) => `${count(x)} GB` };
}

function curves(points) {
  return names.map((name) => ({
    name,
    points: points.flatMap(({ x, lane, by }) => {
      const offer = lane.offers.find((one) => one.provider === name);
      const sum = offer && total(offer, by);
      return offer ? [{ x, y: sum.known, sum, priced: nodesPriced(offer, by), label: label(offer), nodes: offer.nodes }] : [];
    }),
  })).filter((one) => one.points.length > 0);
}

// where two curves cross, over the points that both have; a bill without its nodes is on no side of another
function crossings(all) {
  const found = [];
  for (let i = 0; i < all.length; i++) for (let j = i + 1; j < all.length; j++) {
    const pairs = all[i].points.flatMap((p) => all[j].points.filter((q) => q.x === p.x && p.priced && q.priced).map((q) => [p, q]));
    for (let k = 1; k < pairs.length; k++) {
      const [[a0, b0], [a1, b1]] = [pairs[k - 1], pairs[k]];
      const before = a0.y - b0.y, after = a1.y - b1.y;
      if (before * after >= 0) continue;
      const share = before / (before - after);
      found.push({ x: a0.x + share * (a1.x - a0.x), y: a0.y + share * (a1.y - a0.y), cheaper: after < 0 ? a1 : b1, dearer: after < 0 ? b1 : a1 });
    }
  }
  return found.sort((a, b) => a.x - b.x);
}

// a sum with unknown parts is a lower limit, and is not simply cheaper
function without({ cheaper, dearer }) {
  const vague = [cheaper, dearer].filter((one) => one.sum.unknown).map((one) => `${one.sum.unknown} unknown amount${one.sum.unknown > 1 ? "s" : ""} of ${one.label}`);
  return vague.length ? `, not counting ${vague.join(" and ")}` : "";
}

function niceStep(span) {
  const rough = span / 6, power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 2.5, 5, 10].map((n) => n * power).find((step) => step >= rough);
}

// names stand beside the ends of their lines, pushed apart where those are close
function endLabels(all, X, Y, bottom) {
  const ends = all.map((one) => ({ name: one.name, end: one.points[one.points.length - 1] })).sort((a, b) => b.end.y - a.end.y);
  const ys = [];
  for (const one of ends) ys.push(Math.max(Y(one.end.y) + 4, (ys.length ? ys[ys.length - 1] : -99) + 15));
  for (let i = ys.length - 1, limit = bottom; i >= 0; i--, limit = ys[i + 1] - 15) ys[i] = Math.min(ys[i], limit);
  return ends.map((one, i) => make("text", { x: X(one.end.x) + 10, y: ys[i], class: "name", style: `fill:${cloudColour(one.name)}` }, one.end.sum.unknown ? `>= ${one.end.label}` : one.end.label));
}

function frame(svg, { W, H, left, right, top, bottom, X, Y, xs, maxY, unit }) {
  const step = niceStep(maxY);
  for (let y = 0; y <= maxY; y += step) {
    svg.append(make("line", { x1: left, x2: W - right, y1: Y(y), y2: Y(y), stroke: "var(--line)" }), make("text", { x: left - 8, y: Y(y) + 4, "text-anchor": "end" }, count(y)));
  }
  const each = Math.ceil((xs.length - 1) / (W > 600 ? 8 : 4)) || 1;
  for (const x of xs.filter((_, i) => i % each === 0)) svg.append(make("text", { x: X(x), y: H - 20, "text-anchor": "middle" }, count(x)));
  svg.append(make("text", { x: (left + W - right) / 2, y: H - 4, "text-anchor": "middle" }, unit), make("text", { x: left - 8, y: top - 16, "text-anchor": "end" }, "USD"));
}

function plot(svg, all, crossed, X, Y) {
  for (const one of all) {
    const path = one.points.map((p, i) => `${i ? "L" : "M"}${X(p.x).toFixed(1)} ${Y(p.y).toFixed(1)}`).join("");
    const vague = one.points.some((p) => p.sum.unknown);
    svg.append(make("path", { d: path, fill: "none", stroke: cloudColour(one.name), "stroke-width": 2.5, "stroke-linejoin": "round", "stroke-linecap": "round", "stroke-dasharray": vague ? "7 6" : null }));
    if (one.points.length < 20) for (const p of one.points) svg.append(make("circle", { cx: X(p.x), cy: Y(p.y), r: 3.5, fill: cloudColour(one.name) }));
  }
  apart(crossed.map((one) => [X(one.x), Y(one.y)])).forEach(([x, y, from], i) => svg.append(
    make("line", { x1: x, x2: x, y1: from, y2: y, stroke: "var(--ink)", "stroke-width": 1.5 }),
    make("circle", { cx: x, cy: y, r: 9, fill: "var(--panel)", stroke: "var(--ink)", "stroke-width": 1.5 }),
    make("text", { x, y: y + 4, "text-anchor": "middle", style: "fill:var(--ink);font-weight:650" }, String(i + 1))));
}

// numbers that would cover each other stand above one another, near the top below, each on a stem from its point
function apart(points) {
  const placed = [];
  for (const [x, from] of points) {
    const step = from > 150 ? -4 : 4;
    let y = from;
    while (placed.some(([px, py]) => Math.hypot(px - x, py - y) < 20)) y += step;
    placed.push([x, y, from]);
  }
  return placed;
}

// a ruler that follows the pointer and the arrow keys, and says what every cloud costs there
function ruler(svg, all, xs, { X, top, H, bottom, W }, format) {
  const line = make("line", { y1: top, y2: H - bottom, stroke: "var(--accent)", "stroke-width": 1.5, visibility: "hidden" });
  svg.append(line);
  let index = -1;
  const show = (next) => {
    index = Math.max(0, Math.min(xs.length - 1, next));
    line.setAttribute("x1", X(xs[index]));
    line.setAttribute("x2", X(xs[index]));
    line.setAttribute("visibility", "visible");
    const here = all.flatMap((one) => one.points.filter((p) => p.x === xs[index])).sort((a, b) => a.y - b.y);
    at("readout").textContent = `${format(xs[index])}: ${here.map((p) => `${p.label} ${sumText(p.sum)}`).join(", ")}`;
  };
  svg.addEventListener("pointermove", (event) => {
    const x = ((event.clientX - svg.getBoundingClientRect().left) / svg.getBoundingClientRect().width) * W;
    show(xs.reduce((best, value, i) => (Math.abs(X(value) - x) < Math.abs(X(xs[best]) - x) ? i : best), 0));
  });
  svg.addEventListener("keydown", (event) => {
    const move = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: xs.length - 1 }[event.key];
    if (move === undefined) return;
    event.preventDefault();
    show(move);
  });
}

function drawChart() {
  const { points, unit, format } = series();
  const all = curves(points), crossed = crossings(all);
  at("readout").textContent = "";
  if (!all.length) { at("chart").replaceChildren("No cloud can run this."); at("crossings").replaceChildren(); return; }
  const room = at("chart").clientWidth, wide = room > 560, W = wide ? 900 : Math.max(280, room - 20), H = wide ? 360 : 300, left = 48, right = 68, top = 32, bottom = 40;
  const xs = points.map((p) => p.x), minX = Math.min(...xs), maxX = Math.max(...xs);
  const maxY = Math.max(1, ...all.flatMap((one) => one.points.map((p) => p.y))) * 1.05;
  const X = (x) => left + ((x - minX) / (maxX - minX || 1)) * (W - left - right), Y = (y) => H - bottom - (y / maxY) * (H - top - bottom);
  const svg = make("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", tabindex: 0, "aria-label": `USD per month against ${unit}; arrow keys read the values` });
  const size = { W, H, left, right, top, bottom, X, Y, xs, maxY, unit };
  frame(svg, size);
  ruler(svg, all, xs, size, format);
  plot(svg, all, crossed, X, Y);
  svg.append(...endLabels(all, X, Y, H - bottom + 4));
  at("chart").replaceChildren(svg);
  at("crossings").replaceChildren(...(crossed.length ? crossed.map((one, i) => make("li", { "data-x": one.x.toFixed(2), "data-cheaper": one.cheaper.label, "data-dearer": one.dearer.label }, make("b", { class: "mark" }, String(i + 1)), `From about ${format(one.x)} on, ${one.cheaper.label} is cheaper than ${one.dearer.label}${without(one)}.`)) : [make("li", {}, "The order stays the same over this range.")]));
}
