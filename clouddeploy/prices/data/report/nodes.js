const services = [...new Set(data.app.pods.map((pod) => pod.service))];
const MOST_NODES = 16, BOX = { width: 104, height: 132, top: 20, bottom: 126 };

// after nine services the colours come again, nearer to the ink
function serviceColour(service) {
  const index = services.indexOf(service.replace(" (surge)", ""));
  if (index < 0) return "var(--k8)";
  return `color-mix(in oklab, var(--k${[1, 0, 4, 7, 5, 3, 6, 9, 2][index % 9]}) ${[100, 55, 30][Math.floor(index / 9) % 3]}%, var(--ink))`;
}

// one column of a node, from the foot: what the system keeps, then the pods
function column(svg, pods, what, x, whole, room) {
  const height = BOX.bottom - BOX.top, unit = height / whole;
  svg.append(make("rect", { x, y: BOX.top, width: 42, height, fill: "var(--free)", rx: 4 }));
  const kept = Math.max(0, whole - room) * unit;
  let y = BOX.bottom - kept;
  svg.append(make("rect", { x, y, width: 42, height: kept, fill: "url(#keep)" }));
  for (const pod of pods) for (let i = 0; i < pod.count; i++) {
    const size = pod[what] * unit;
    y -= size;
    const surge = pod.service.endsWith("(surge)");
    const colour = serviceColour(pod.service);
    const paint = surge ? { fill: "none", stroke: colour, "stroke-dasharray": "3 2", x: x + 0.5, width: 41 } : { fill: colour, x, width: 42 };
    const box = make("rect", { y, height: Math.max(size - 1, 0.5), rx: Math.min(3, size / 3), ...paint });
    box.append(tooltip(`${pod.service}: ${pod.cpu}m, ${pod.memory}Mi`));
    svg.append(box);
    if (size > 11 && !surge) svg.append(make("text", { x: x + 21, y: y + size / 2 + 2.5, "text-anchor": "middle" }, short(pod.service.replace(/[()]/g, ""))));
  }
}

const short = (name) => (name.length > 6 ? `${name.slice(0, 5)}…` : name);

function hatch() {
  const lines = make("path", { d: "M-1 1L1 -1M0 6L6 0M5 7L7 5", stroke: "var(--keep)", "stroke-width": 1.6 });
  return make("defs", {}, make("pattern", { id: "keep", width: 6, height: 6, patternUnits: "userSpaceOnUse" }, lines));
}

function nodeBox(offer, { pods, numbers }) {
  const svg = make("svg", { viewBox: `0 0 ${BOX.width} ${BOX.height}`, role: "img" }, hatch());
  const room = offer.node_room, asked = (what) => pods.reduce((sum, pod) => sum + pod[what] * pod.count, 0);
  svg.append(make("text", { x: 28, y: 14, "text-anchor": "middle", class: "axis" }, "CPU"), make("text", { x: 76, y: 14, "text-anchor": "middle", class: "axis" }, "memory"));
  column(svg, pods, "cpu", 7, offer.machine.cpus * 1000, room.cpu);
  column(svg, pods, "memory", 55, Number(offer.machine.memory_gib) * 1024, room.memory);
  const said = pods.map((pod) => `${pod.count} x ${pod.service}`).join(", ") || "empty";
  svg.setAttribute("aria-label", `${numbers.length > 1 ? "nodes" : "node"} ${numbers.join(", ")}: ${said}`);
  const free = (what) => `${Math.round((1 - asked(what) / room[what]) * 100)} %`;
  const times = numbers.length > 1 ? make("b", {}, `${numbers.length} x`) : null;
  return make("figure", { class: "node" }, svg, make("figcaption", {}, times, `free ${free("cpu")} / ${free("memory")}`));
}

// few nodes are drawn each; of many, those with the same pods share a box
function drawn(packing) {
  const nodes = packing.map((pods, i) => ({ pods, numbers: [i + 1] }));
  if (nodes.length <= MOST_NODES) return nodes;
  const alike = new Map();
  for (const { pods, numbers } of nodes) {
    const key = JSON.stringify(pods);
    alike.set(key, { pods, numbers: [...(alike.get(key)?.numbers ?? []), ...numbers] });
  }
  return [...alike.values()];
}

function cluster(offer) {
  const nodes = drawn(offer.packing), hidden = nodes.slice(MOST_NODES).flatMap(({ numbers }) => numbers).length;
  const boxes = nodes.slice(0, MOST_NODES).map((node) => nodeBox(offer, node));
  const more = hidden ? [make("small", {}, `and ${count(hidden)} more`)] : [];
  return make("div", { class: "cluster" },
    make("p", {}, make("b", {}, offer.title), ` ${offer.nodes} x ${offer.machine.name} `,
      make("small", {}, `${offer.machine.cpus} vCPU, ${offer.machine.memory_gib} GiB, ${offer.machine.cpu_class}; ${Math.round(offer.fit.cpu * 100)} % of CPU and ${Math.round(offer.fit.memory * 100)} % of memory asked for`)),
    make("div", { class: "boxes" }, ...boxes, ...more));
}

function drawNodes() {
  const key = (style, text) => make("span", {}, make("i", { style }), text);
  const kept = "background:repeating-linear-gradient(135deg, transparent 0 2px, var(--keep) 2px 4px)";
  at("services").replaceChildren(...services.map((name) => key(`background:${serviceColour(name)}`, name)),
    key(`background:${serviceColour("(add-on)")}`, "add-ons"), key(`border:1.5px dashed ${serviceColour(services[0])}`, "room for a rolling update"), key(kept, "kept by the system and DaemonSets"));
  at("nodes").replaceChildren(...lanesNow()[now.lane].offers.map(cluster));
}
