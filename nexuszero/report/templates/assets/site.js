// Draws the figures and formulas that a page holds as data, in the colours of light or dark.
"use strict";
const root = document.documentElement;
const figures = [...document.querySelectorAll("figure.plot")];

function themed(figure) {
  const ink = getComputedStyle(document.body).color;
  const line = getComputedStyle(figure).borderTopColor;
  const { data, layout } = JSON.parse(figure.querySelector("script").textContent);
  delete layout.paper_bgcolor;
  delete layout.plot_bgcolor;
  delete layout.font?.color;
  const own = (layout.template ??= {}).layout ??= {};
  Object.assign(own, { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)" });
  own.font = { ...own.font, color: ink };
  own.hoverlabel = { ...own.hoverlabel, font: { color: "#ffffff" }, bgcolor: "#333a40" };
  for (const axis of ["xaxis", "yaxis"]) {
    own[axis] = { ...own[axis], gridcolor: line, linecolor: line, zerolinecolor: line };
  }
  return { data, layout };
}

async function draw(figure) {
  const { data, layout } = themed(figure);
  const config = { responsive: true, displaylogo: false };
  const place = figure.querySelector(".drawing");
  await Plotly.react(place, data, layout, config);
  for (const drawing of place.querySelectorAll("svg")) drawing.setAttribute("aria-hidden", "true");
}

async function drawAll() {
  for (const figure of figures) await draw(figure);
  root.dataset.drawn = figures.length;
}

// What scrolls by itself must be reached without a mouse.
function reachable() {
  for (const place of document.querySelectorAll(".wide, pre, .math.display")) {
    if (place.scrollWidth > place.clientWidth) place.tabIndex = 0;
    else place.removeAttribute("tabindex");
  }
}

function formulas() {
  for (const place of document.querySelectorAll(".math")) {
    katex.render(place.textContent, place, {
      displayMode: place.classList.contains("display"),
      throwOnError: false,
    });
  }
}

function themes() {
  const button = document.getElementById("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const kept = localStorage.getItem("theme");
  if (kept) root.dataset.theme = kept;
  button.hidden = false;
  button.addEventListener("click", () => {
    const now = root.dataset.theme ?? (dark.matches ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
    drawAll();
  });
  dark.addEventListener("change", drawAll);
  addEventListener("beforeprint", drawAll);
  addEventListener("afterprint", drawAll);
}

function folds() {
  const contents = document.querySelector(".contents details");
  if (contents) contents.open = matchMedia("(min-width: 70rem)").matches;
  const button = document.getElementById("code");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-pressed") === "false";
    button.setAttribute("aria-pressed", open);
    button.textContent = open ? "Fold code" : "Show code";
    for (const code of document.querySelectorAll("details.code")) code.open = open;
  });
}

themes();
folds();
if (document.querySelector(".math")) formulas();
reachable();
addEventListener("resize", reachable);
drawAll();
