// Draws columns of the tables of this page. The tables are the one source: what a plot shows can be read there.
(() => {
  "use strict";

  const { load } = window.entraide;
  const MOST_BARS = 12;
  // Signs of one line of a name beside its bar.
  const LINE = 18;
  const page = document.documentElement;
  const backwardsWritten = page.dir === "rtl";
  // The digits of the tables, which are those of Europe in every language of the board.
  const locale = `${page.lang}-u-nu-latn`;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const COLOURS = { requests: "--request", met: "--offer", median_minutes: "--info", messages_per_met: "--group-home" };
  const drawn = new Map();

  function token(name) {
    return getComputedStyle(page).getPropertyValue(name).trim();
  }

  // A long name in lines, so that it leaves room for its bar.
  function inLines(name) {
    const lines = [""];
    for (const word of name.split(" ")) {
      const last = lines[lines.length - 1];
      if (last && last.length + word.length >= LINE) lines.push(word);
      else lines[lines.length - 1] = last ? `${last} ${word}` : word;
    }
    return lines;
  }

  // { labels, series: [{ name, label, values }] } of a figure, from its table; null where nothing is said.
  function read(figure) {
    const table = document.getElementById(figure.dataset.table);
    const heads = [...table.tHead.rows[0].cells];
    let rows = [...table.tBodies[0].rows];
    if ("backwards" in figure.dataset) rows.reverse();
    if (figure.dataset.plot === "bars") rows = rows.slice(0, MOST_BARS);
    const series = figure.dataset.series.split(" ").map((name) => {
      const column = heads.findIndex((head) => head.dataset.series === name);
      const values = rows.map((row) => {
        const { value } = row.cells[column].dataset;
        return value === undefined ? null : Number(value) / Number(figure.dataset.per);
      });
      return { name, label: heads[column].textContent.trim(), values };
    });
    const names = rows.map((row) => row.cells[0].dataset.short);
    return { labels: figure.dataset.plot === "bars" ? names.map(inLines) : names, series };
  }

  function datasets(series, kind) {
    return series.map(({ name, label, values }) => {
      const colour = token(COLOURS[name]);
      const line = { borderColor: colour, backgroundColor: colour, pointRadius: 3, borderWidth: 2.5, spanGaps: false };
      const bar = { backgroundColor: colour, borderRadius: 3, maxBarThickness: 26, categoryPercentage: 0.8, barPercentage: 0.9 };
      return { label, data: values, ...(kind === "line" ? line : bar) };
    });
  }

  function options(kind, several) {
    const lies = kind === "bars";
    const ink = token("--ink");
    const numbers = {
      beginAtZero: true, grid: { color: token("--line") }, border: { display: false },
      ticks: { color: ink, maxTicksLimit: 6, precision: kind === "line" ? undefined : 0 },
    };
    const names = { offset: true, grid: { display: false }, border: { color: token("--line-strong") }, ticks: { color: ink, maxRotation: 0, autoSkip: !lies, autoSkipPadding: 12 } };
    const [x, y] = lies ? [numbers, names] : [names, numbers];
    return {
      locale, animation: false, responsive: true, maintainAspectRatio: false, indexAxis: lies ? "y" : "x",
      color: ink, interaction: { mode: "index", axis: lies ? "y" : "x", intersect: false },
      // Time and bars go the way of the writing.
      scales: { x: { ...x, reverse: backwardsWritten }, y: { ...y, position: backwardsWritten ? "right" : "left" } },
      plugins: {
        legend: { display: several, align: "start", rtl: backwardsWritten, textDirection: page.dir, labels: { color: ink, boxWidth: 16 } },
        tooltip: { rtl: backwardsWritten, textDirection: page.dir },
      },
    };
  }

  function draw(figure) {
    drawn.get(figure)?.destroy();
    const { labels, series } = read(figure);
    const kind = figure.dataset.plot;
    // A plot without a single number would be an empty frame.
    figure.hidden = !series.some(({ values }) => values.some((value) => value !== null));
    if (figure.hidden) return;
    const { Chart } = window;
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    Chart.defaults.font.size = 13;
    drawn.set(figure, new Chart(figure.querySelector("canvas"), {
      type: kind === "line" ? "line" : "bar",
      data: { labels, datasets: datasets(series, kind) },
      options: options(kind, series.length > 1),
    }));
  }

  const figures = [...document.querySelectorAll("[data-plot]")];
  load(document.querySelector("[data-chart]").dataset.chart).then(() => {
    figures.forEach(draw);
    dark.addEventListener("change", () => figures.forEach(draw));
  }).catch(() => {
    // The tables show the same.
    for (const figure of figures) figure.hidden = true;
  });
})();
