/** Tests of what a plot shows: points in their places, labels, legend, both colour schemes. */

import t from "tap";
import { type PlotOptions, svgPlot } from "../../../../bench/report/svg_plot.ts";

const OPTIONS: PlotOptions = {
  title: "Loss < 20 %",
  note: "a note",
  panels: [
    {
      title: "random",
      xLabel: "loss",
      yLabel: "late",
      series: [
        { name: "window & more", points: [[0, 0], [10, 0.01], [20, 1]] },
        { name: "other", points: [[0, 1], [20, 5]] },
      ],
    },
    { title: "bursts", xLabel: "loss", yLabel: "late", series: [{ name: "window", points: [] }] },
  ],
  columns: 2,
  xMax: 20,
  yMin: 0.0001,
  yMax: 1,
  xTicks: [0, 10, 20],
  formatX: (x) => `${x} %`,
  formatY: (y) => `${100 * y} %`,
};

t.test("points lie where their values say, and never outside of the axes", (t) => {
  const svg = svgPlot(OPTIONS);
  // The axes go from (66, 216) to (396, 34): half of the four decades is at 125.
  t.match(svg, 'class="line s0" d="M66 216L231 125L396 34"');
  t.match(svg, 'class="line s1" d="M66 34L396 34"');
  t.end();
});

t.test("everything is named, and text cannot break out of its element", (t) => {
  const svg = svgPlot(OPTIONS);
  for (
    const text of ["Loss &lt; 20 %", "a note", "random", "bursts", "window &amp; more", "10 %"]
  ) {
    t.ok(svg.includes(`>${text}</text>`), text);
  }
  for (const tick of ["0.01 %", "0.1 %", "1 %", "10 %", "100 %"]) t.ok(svg.includes(`>${tick}<`));
  t.match(svg, "prefers-color-scheme:dark");
  t.notMatch(svg, /<script|href|onload/);
  const opened = [...svg.matchAll(/<(g|text|style|svg)\b/g)].length;
  t.equal([...svg.matchAll(/<\/(g|text|style|svg)>/g)].length, opened);
  t.end();
});

t.test("axes that cannot be are refused", (t) => {
  t.throws(() => svgPlot({ ...OPTIONS, yMin: 0 }), { message: "Cannot plot from 0 to 1" });
  t.end();
});

t.test("a linear axis has its own ticks, a band and spans lie where they should", (t) => {
  const svg = svgPlot({
    ...{ title: "memory", columns: 1, xMax: 10, yMin: 0, yMax: 200, yTicks: [0, 100, 200] },
    ...{ xTicks: [0, 5, 10], formatX: String, formatY: (y: number) => `${y} MB` },
    panelSize: { width: 890, height: 278 },
    panels: [{
      ...{ title: "", xLabel: "minutes", yLabel: "MB" },
      series: [{ name: "once", points: [[0, 100], [10, 200]] }],
      band: { series: 0, points: [[0, 50, 150], [10, 100, 200]] },
      spans: [{ from: 0, to: 5, label: "idle" }, { from: 5, to: 10, label: "measured" }],
    }],
  });
  // The axes go from (66, 234) to (866, 34).
  t.match(svg, 'class="line s0" d="M66 134L866 34"');
  t.match(svg, 'class="band b0" d="M66 84L866 34L866 134L66 184Z"');
  t.match(svg, '<rect class="span" x="466" y="34" width="400" height="200"/>', "every other");
  for (const text of ["idle", "measured", "0 MB", "200 MB"]) t.ok(svg.includes(`>${text}<`), text);
  t.end();
});
