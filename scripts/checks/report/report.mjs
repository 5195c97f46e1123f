// Opens the report in headless Chromium and uses it as a reader does: wide and narrow, light and dark, on paper, by keyboard.
//
//     node report.mjs [--general] PAGE
//
// PAGE is artifacts/report/index.html. CHROMIUM names the browser's program, DUCKDB a Python that has duckdb, which reads the rows that the explorer's
// lines name; the folder above artifacts/ must be the one that the study was run in. --general leaves the explorer out. Ends with status 1 if anything is wrong.

import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const MODES = [
  { name: "wide, light", viewport: { width: 1400, height: 900 }, colorScheme: "light" },
  { name: "wide, dark", viewport: { width: 1400, height: 900 }, colorScheme: "dark" },
  { name: "narrow, light", viewport: { width: 390, height: 844 }, colorScheme: "light" },
  { name: "narrow, dark", viewport: { width: 390, height: 844 }, colorScheme: "dark" },
  // A4 at 96 pixels an inch, less margins of 1 cm.
  { name: "paper", viewport: { width: 718, height: 1047 }, colorScheme: "light", media: "print" },
];
// WCAG 2.2, 1.4.3.
const LEAST_CONTRAST = 4.5;
const SIDES = ["left", "right"];
const WAIT = 10_000;
// Bytes of the page, which holds all that it shows.
const LARGEST = 15_000_000;

const given = process.argv.slice(2);
const general = given.includes("--general");
const file = given.find((argument) => !argument.startsWith("--"));
if (!file || !existsSync(file)) {
  console.error("report: expected the path of a report's index.html; make report makes one");
  process.exit(2);
}
// Not the real path: artifacts/report is a link.
const page_file = path.resolve(file);
const study_folder = path.resolve(path.dirname(page_file), "..", "..");
const address = pathToFileURL(page_file).href;

let checked = 0;
const wrong = [];
function expect(holds, words) {
  checked += 1;
  if (!holds) {
    wrong.push(words);
    console.error(`report: ${words}`);
  }
  return holds;
}

/// Opens the page in a browser window of its own that reaches nothing but the file.
async function open(browser, mode) {
  const context = await browser.newContext({ viewport: mode.viewport, colorScheme: mode.colorScheme });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT);
  await page.route("**/*", (route) => {
    const asked = route.request().url();
    if (asked === address || asked.startsWith("data:")) return route.continue();
    expect(false, `${mode.name}: the page asks for ${asked.slice(0, 200)}`);
    return route.abort();
  });
  page.on("websocket", (socket) => expect(false, `${mode.name}: the page opens ${socket.url()}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) expect(false, `${mode.name}: the console says ${message.text()}`);
  });
  page.on("pageerror", (error) => expect(false, `${mode.name}: a script fails: ${error}`));
  if (mode.media) await page.emulateMedia({ media: mode.media, colorScheme: mode.colorScheme });
  await page.goto(address);
  return page;
}

/// What holds of every page, however it is shown.
async function checkPage(browser, mode) {
  const page = await open(browser, mode);
  for (const state of ["as it opens", "with all details open"]) {
    const where = `${mode.name}, ${state}`;
    const width = await page.evaluate(() => {
      const root = document.documentElement;
      const beyond = [...document.body.querySelectorAll("*")].find((each) => {
        const box = each.getBoundingClientRect();
        let outer = each.parentElement;
        while (outer && getComputedStyle(outer).overflowX === "visible") outer = outer.parentElement;
        return box.width > 0 && box.right > root.clientWidth + 1 && (!outer || outer === document.body || outer === root);
      });
      return { page: Math.max(root.scrollWidth, document.body.scrollWidth), window: root.clientWidth, first: beyond?.outerHTML.slice(0, 160) };
    });
    expect(width.page <= width.window, `${where}: the page is ${width.page} pixels wide in a window of ${width.window}; the first element beyond: ${width.first}`);
    if (mode === MODES[0] && state === "as it opens") {
      const ends = await page.locator("#answer article.need .verdict").evaluateAll((all) => all.map((each) => each.getBoundingClientRect().bottom));
      const below = Math.max(...ends);
      expect(ends.length === 3 && below <= mode.viewport.height, `${where}: the first screen has not all three answers, whose last ends at ${below}`);
    }
    const faint = await page.evaluate(faintText, LEAST_CONTRAST);
    expect(faint.length === 0, `${where}: too little contrast: ${faint.slice(0, 5).join("; ")}`);
    await page.evaluate(() => document.querySelectorAll("details").forEach((each) => (each.open = true)));
  }
  const found = await page.evaluate(structure);
  for (const words of found.wrong) expect(false, `${mode.name}: ${words}`);
  checked += found.checked;
  await page.context().close();
}

/// In the page: images, controls, headings, anchors and identifiers.
function structure() {
  const wrong = [];
  let checked = 0;
  const check = (elements, holds, words) => {
    for (const each of elements) {
      checked += 1;
      if (!holds(each)) wrong.push(`${words}: ${each.outerHTML.slice(0, 160)}`);
    }
  };
  const all = (selector) => [...document.querySelectorAll(selector)];
  const named = (each) => {
    const by = (each.getAttribute("aria-labelledby") ?? "").split(/\s+/).filter(Boolean);
    const text = by.map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
    return Boolean((each.getAttribute("aria-label") ?? text).trim());
  };
  check(all("img"), (each) => each.hasAttribute("alt"), "an image without alt");
  check(all("svg[role=img], canvas, [role=region], [role=group], section"), named, "a figure or region without a name");
  check(
    all("input:not([type=hidden]), select, textarea, button, output"),
    (each) => named(each) || [...(each.labels ?? [])].some((label) => label.textContent.trim()) || (each.matches("button") && each.textContent.trim()),
    "a control without a label",
  );
  check(all("th"), (each) => each.hasAttribute("scope"), "a heading of a table without scope");
  check(all("summary, a[href]"), (each) => each.textContent.trim() || named(each), "a link or summary without text");
  check(all('a[href^="#"]'), (each) => each.hash.length < 2 || /^#(image-\d+|explorer)/.test(each.hash) || document.getElementById(each.hash.slice(1)), "a link to nowhere");
  const ids = all("[id]").map((each) => each.id);
  const twice = ids.filter((id, place) => ids.indexOf(id) !== place);
  if (twice.length > 0) wrong.push(`an id that stands twice: ${twice[0]}`);
  if (!document.title.trim() || !document.documentElement.lang) wrong.push("no title or no language");
  if (all("h1").length !== 1) wrong.push(`${all("h1").length} headings of the first level`);
  let level = 0;
  for (const heading of all("h1, h2, h3, h4, h5, h6")) {
    checked += 1;
    const own = Number(heading.tagName[1]);
    if (own > level + 1) wrong.push(`a heading of level ${own} after one of level ${level}: ${heading.textContent.slice(0, 80)}`);
    level = own;
  }
  return { wrong, checked };
}

/// In the page: texts whose colour is too near the colour behind them.
function faintText(least) {
  const parts = (color) => (color.match(/[\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const light = ([red, green, blue]) => {
    const [r, g, b] = [red, green, blue].map((value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (each) => {
    for (let at = each; at; at = at.parentElement) {
      const color = parts(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] > 0.99) return color;
    }
    return [255, 255, 255];
  };
  const faint = new Map();
  for (const each of document.querySelectorAll("p, li, td, th, h1, h2, h3, h4, a, label, summary, figcaption, output, pre, code")) {
    const own = [...each.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
    if (!own || each.getClientRects().length === 0) continue;
    const style = getComputedStyle(each);
    const [ink, paper] = [light(parts(style.color)), light(behind(each))];
    const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    if (contrast < least) faint.set(`${each.tagName} ${style.color} ${each.className}`, `${contrast.toFixed(2)} in ${each.outerHTML.slice(0, 100)}`);
  }
  return [...faint.values()];
}

const option = (select) => select.evaluate((each) => each.selectedOptions[0]?.textContent.trim() ?? "");
const pixels = (page, side) => page.locator(`#picture-${side}`).evaluate((canvas) => canvas.toDataURL());
const text = async (page, name) => (await page.locator(name).textContent()).trim();

/// What both sides show.
async function shown(page) {
  const sides = {};
  for (const side of SIDES) {
    sides[side] = { picture: await pixels(page, side), probability: await text(page, `#answer-${side}`), line: await text(page, `#sql-${side}`) };
  }
  return sides;
}

/// Puts the slider to a step by keyboard alone, from its beginning.
async function step(page, number) {
  const slider = page.locator("#step");
  await slider.focus();
  await page.keyboard.press("Home");
  for (let at = 0; at < number; at += 1) await page.keyboard.press("ArrowRight");
  const value = Number(await slider.inputValue());
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  return value;
}

/// The rows that one of the explorer's lines shows, by DuckDB itself. The shell that takes the line apart is the reader's.
function rows(line) {
  const printed = line.replace(/^duckdb\s+-c\s/, "printf %s ");
  if (printed === line) throw new Error(`not a line for DuckDB: ${line}`);
  const query = execFileSync("sh", ["-c", printed], { encoding: "utf8" });
  const program = "import duckdb, json, sys\nq = duckdb.sql(sys.argv[1])\nprint(json.dumps([dict(zip(q.columns, row)) for row in q.fetchall()], default=str))";
  const answer = execFileSync(process.env.DUCKDB, ["-c", program, query], { cwd: study_folder, encoding: "utf8", maxBuffer: 1 << 28 });
  return JSON.parse(answer);
}

/// Each side's curve by the table.
function curves(sides, where) {
  const tables = {};
  for (const side of SIDES) {
    const found = rows(sides[side].line).filter((row) => row.step !== null && row.step !== undefined);
    expect(found.length > 1 && found.every((row) => typeof row.probability === "number"), `${where}, ${side}: the line shows no curve: ${sides[side].line}`);
    tables[side] = new Map(found.map((row) => [row.step, row.probability]));
    expect(tables[side].size === found.length, `${where}, ${side}: the line shows several rows for one step: ${sides[side].line}`);
  }
  return tables;
}

function agree(sides, tables, at, where) {
  for (const side of SIDES) {
    const expected = tables[side].get(at);
    const found = Number.parseFloat(sides[side].probability);
    // Three decimals.
    expect(/^\D*[01]\.\d{3}\b/.test(sides[side].probability) && Math.abs(found - expected) <= 0.0005 + 1e-9, `${where}, step ${at}, ${side}: ${sides[side].probability} is shown, the table has ${expected}`);
  }
}

/// Whether a curve's probabilities differ as they are shown.
const moves = (curve) => [...curve.values()].some((value) => value.toFixed(3) !== curve.get(0).toFixed(3));

async function checkExplorer(browser, mode) {
  const page = await open(browser, mode);
  const where = `${mode.name}, explorer`;
  if (!expect((await page.locator("#explorer").count()) === 1, `${where}: there is none`)) return;
  const image = page.locator("#explorer-image");
  const slider = page.locator("#step");
  await slider.scrollIntoViewIfNeeded();
  // On the first image whose probabilities change; where the network is as sure whatever is removed there may be none.
  let first, table, moving;
  const names = await image.locator("option").evaluateAll((options) => options.map((each) => each.value));
  const select = async (name) => {
    await image.selectOption(name);
    first = (await step(page, 0), await shown(page));
    table = curves(first, where);
  };
  for (const name of [await image.inputValue(), ...names]) {
    await select(name);
    if (SIDES.some((side) => moves(table[side]))) moving ??= name;
    if (SIDES.every((side) => moves(table[side]))) break;
  }
  if (moving !== undefined && !SIDES.every((side) => moves(table[side]))) await select(moving);
  if (!SIDES.some((side) => moves(table[side]))) console.log(`report: ${where}: all curves are flat, so a probability that stands still cannot be told`);
  const last = Number(await slider.getAttribute("max"));
  expect(Number(await slider.getAttribute("min")) === 0 && last > 1, `${where}: the slider goes from 0 to ${last}`);

  // The slider, by keyboard.
  agree(first, table, 0, where);
  for (const wanted of [1, 2, Math.floor(last / 2)]) {
    const at = await step(page, wanted);
    expect(at === wanted, `${where}: ${wanted} arrow keys lead to step ${at}`);
    agree(await shown(page), table, at, where);
  }
  await page.keyboard.press("End");
  await step_is_shown(page);
  const end = await shown(page);
  expect(Number(await slider.inputValue()) === last, `${where}: the key End does not lead to the last step`);
  agree(end, table, last, where);
  for (const side of SIDES) {
    expect(end[side].picture !== first[side].picture, `${where}: the ${side} picture is the same with all superpixels as with none`);
    const middle = Math.floor(last / 2);
    await step(page, middle);
    const half = await shown(page);
    expect(half[side].picture !== first[side].picture && half[side].picture !== end[side].picture, `${where}: the ${side} picture does not follow the slider`);
  }
  await page.keyboard.press("ArrowLeft");
  expect(Number(await slider.inputValue()) === Math.floor(last / 2) - 1, `${where}: the left arrow key does not go back`);

  // Every image by its name: those that break HTML, SQL or the shell where they are not escaped first, and some others.
  const images = await image.locator("option").evaluateAll((options) => options.map((each) => ({ value: each.value, name: each.textContent.trim() })));
  const awkward = images.filter((each) => /[^\w.-]/.test(each.name));
  const others = images.filter((each) => !awkward.includes(each)).slice(0, 3);
  let before = { name: await option(image), ...first };
  for (const each of [...awkward, ...others].filter((each) => each.name !== before.name)) {
    await image.selectOption(each.value);
    await step(page, 0);
    const now = await shown(page);
    for (const side of SIDES) {
      expect(now[side].picture !== before[side].picture, `${where}: ${each.name} has the ${side} picture of ${before.name}`);
      expect(now[side].line !== before[side].line, `${where}: ${each.name} has the ${side} line of ${before.name}`);
    }
    const own = curves(now, `${where}, ${each.name}`);
    agree(now, own, 0, `${where}, ${each.name}`);
    const at = await step(page, 2);
    agree(await shown(page), own, at, `${where}, ${each.name}`);
    const differs = SIDES.some((side) => [...own[side]].some(([at, value]) => value.toFixed(3) !== table[side].get(at)?.toFixed(3)));
    const flat = [own, table].every((both) => SIDES.every((side) => !moves(both[side])));
    expect(differs || flat, `${where}: ${each.name} has the probabilities of another image`);
    before = { name: each.name, ...now };
  }

  // Every other choice changes what is shown, and what is shown is in the table.
  for (const name of ["#explorer-network", "#explorer-condition", ...SIDES.flatMap((side) => [`#method-${side}`, `#run-${side}`])]) {
    const select = page.locator(name);
    const values = await select.locator("option:not([disabled])").evaluateAll((options) => options.map((each) => each.value));
    const other = values.find((value) => value !== undefined);
    const now = await select.inputValue();
    const wanted = values.find((value) => value !== now) ?? other;
    if (wanted === undefined || wanted === now || !(await select.isEnabled())) continue;
    const old = await shown(page);
    await select.selectOption(wanted);
    const at = await step(page, 1);
    const chosen = await shown(page);
    expect(SIDES.some((side) => chosen[side].line !== old[side].line), `${where}: ${name} changes no line`);
    agree(chosen, curves(chosen, `${where}, ${name}`), at, `${where}, ${name}`);
  }
  await checkLink(page, where, images);
  await checkSorting(page, where);
  await page.context().close();
}

const step_is_shown = (page) => page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));

/// A click on a heading sorts the table by that column, a second click the other way round. Rows without a number stay last.
async function checkSorting(page, where) {
  const wrong = await page.evaluate(() => {
    const wrong = [];
    let sorted = 0;
    for (const table of document.querySelectorAll("main table")) {
      [...table.querySelectorAll("th.number")].forEach((heading) => {
        const button = heading.querySelector(".sort");
        if (!button) return;
        const column = heading.cellIndex;
        const numbers = () =>
          [...table.tBodies[0].rows].map((row) => Number.parseFloat(row.cells[column].textContent.replaceAll("\u202f", "").replace("−", "-")));
        const before = numbers();
        for (const sign of [1, -1]) {
          button.click();
          const now = numbers();
          const known = now.findIndex(Number.isNaN);
          const first = known < 0 ? now : now.slice(0, known);
          const ordered = first.every((number, place) => place === 0 || sign * (number - first[place - 1]) >= 0);
          const last = now.slice(first.length).every(Number.isNaN);
          if (!ordered || !last || now.length !== before.length) wrong.push(`${heading.textContent}: ${now.slice(0, 8)}`);
        }
        sorted += 1;
      });
    }
    return sorted > 0 ? wrong : ["there is no table to sort"];
  });
  for (const each of wrong) expect(false, `${where}: sorting by ${each}`);
  expect(true, "");
}

/// From a row of a table to the explorer with that row's image.
async function checkLink(page, where, images) {
  const chosen = await option(page.locator("#explorer-image"));
  await page.evaluate(() => document.querySelectorAll("details").forEach((each) => (each.open = true)));
  const links = await page.locator('table a[href^="#"]').evaluateAll((all) => all.map((each) => each.textContent.trim()));
  const place = links.findIndex((name) => name !== chosen && images.some((each) => each.name === name));
  if (!expect(place >= 0 || images.length < 2, `${where}: no row of a table leads to an image`) || place < 0) return;
  const link = page.locator('table a[href^="#"]').nth(place);
  await link.focus();
  await page.keyboard.press("Enter");
  try {
    await page.waitForFunction((name) => document.querySelector("#explorer-image").selectedOptions[0]?.textContent.trim() === name, links[place]);
  } catch {
    expect(false, `${where}: the link ${links[place]} leads to ${await option(page.locator("#explorer-image"))}`);
    return;
  }
  await page.waitForFunction(() => {
    const box = document.getElementById("explorer").getBoundingClientRect();
    return box.top < window.innerHeight && box.bottom > 0;
  });
  checked += 2;
  const sides = await shown(page);
  agree(sides, curves(sides, `${where}, linked`), Number(await page.locator("#step").inputValue()), `${where}, linked`);
}

const size = statSync(page_file).size;
expect(size < LARGEST, `the page has ${size} bytes, and ${LARGEST} are allowed`);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, headless: true });
try {
  for (const mode of MODES) await checkPage(browser, mode);
  if (!general) {
    await checkExplorer(browser, MODES[0]);
    await checkExplorer(browser, MODES[3]);
  }
} catch (error) {
  expect(false, `the check ended early: ${error.message}`);
} finally {
  await browser.close();
}
console.log(`report: ${checked} checks in ${MODES.length} ways to look at it${general ? ", without the explorer" : ""}; ${wrong.length} failed`);
process.exit(wrong.length > 0 ? 1 : 0);
