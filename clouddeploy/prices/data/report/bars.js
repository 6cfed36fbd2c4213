const LANES = { "any CPU": "Any CPU: shared and burstable ones included", "steady CPU": "Steady CPU: dedicated cores only" };

function bar(offer, by, most) {
  const box = make("div", { class: "bar", role: "img" }), said = [];
  for (const [kind, amount] of byKind(offer, by)) {
    if (amount < 0.005) continue;
    const share = (amount / most) * 100, text = count(amount);
    box.append(make("span", { style: `width:${share.toFixed(3)}%;background:${kindColour(kind)}`, title: `${kind}: ${cents(amount)}` }, share > 2 + 2.6 * text.length ? text : ""));
    said.push(`${kind} ${cents(amount)}`);
  }
  const { unknown } = total(offer, by);
  if (unknown) {
    const open = linesOf(offer, by).filter((line) => monthly(line, by) === null).map((line) => line.title).join(", ");
    box.append(make("span", { class: "unknown", title: `unknown: ${open}` }, `+ ${unknown} ?`));
    said.push(`unknown: ${open}`);
  }
  box.setAttribute("aria-label", said.join(", "));
  return box;
}

function offerRow(lane, { offer, sum, priced }, best, by, most) {
  const where = make("div", {},
    make("b", {}, offer.title),
    make("small", {}, `${offer.nodes} x ${offer.machine.name}`),
    make("small", {}, `${offer.region}${offer.region_note ? ` (${offer.region_note})` : ""}`),
    make("small", {}, `${offer.control_plane}, SLA ${offer.sla ? offer.sla + " %" : "none"}`));
  const amount = make("div", { class: "sum" }, sum.unknown ? `>= ${cents(sum.known)}` : cents(sum.known),
    make("small", {}, sum.unknown ? `+${sum.unknown} unknown${priced ? "" : ", its nodes too"}` : `${(now.hours ? sum.known / now.hours : 0).toFixed(3)} an hour`), best ? make("span", { class: "tag" }, called(best, lane, "cheapest")) : null);
  return make("div", { class: best ? "offer best" : "offer", "data-lane": lane.name, "data-cloud": offer.provider, "data-total": sumText(sum), "data-nodes": offer.nodes },
    where, bar(offer, by, most), amount);
}

function drawBars(by) {
  const rankedLanes = lanesNow().map((lane) => ranked(lane, by));
  // room is left beside the longest bar for what is unknown
  const most = Math.max(1, ...rankedLanes.flat().map((one) => one.sum.known * (one.sum.unknown ? 1.25 : 1)));
  at("bars").replaceChildren(...lanesNow().flatMap((lane, index) => {
    const best = cheapest(rankedLanes[index])[0];
    const rows = rankedLanes[index].map((one) => offerRow(lane, one, one === best ? best : null, by, most));
    const unfit = lane.unfit.map((one) => make("p", { class: "unfit", "data-unfit": one.provider }, `${one.title}: ${one.reason}`));
    return [make("h3", {}, LANES[lane.name]), make("div", { class: "offers" }, ...rows, ...unfit)];
  }));
  at("verdict").replaceChildren(...verdict(lanesNow()[0], ...cheapest(rankedLanes[0])));
}

function verdict(lane, best, second) {
  if (!best) return [lane.offers.length ? "No cloud's nodes have a known price." : "No cloud can run this."];
  const text = called(best, lane, "cheapest complete bill"), noted = ({ offer }) => (offer.region_note ? ` (${offer.region_note})` : "");
  return [`${text[0].toUpperCase()}${text.slice(1)}: ${best.offer.title}, `, make("b", {}, sumText(best.sum)), ` a month${noted(best)}`,
    ...(second ? [`; then ${second.offer.title}, `, make("span", {}, sumText(second.sum)), `${noted(second)}.`] : ["."])];
}
