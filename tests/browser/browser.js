// A browser with a page that tells of every fault.

import { createRequire } from "node:module";
import { join } from "node:path";

const { chromium } = createRequire(join(process.env.MAGISTER_BROWSER_MODULES, "module.js"))("playwright-core");

/** Starts the browser. */
export function launch() {
  return chromium.launch({ executablePath: process.env.MAGISTER_CHROMIUM, args: ["--no-sandbox"] });
}

/** A page that has shown the server's token; `faults` collects what scripts and the console complain of. */
export async function open(browser, server, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1000 }, ...options });
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("dialog", (dialog) => faults.push(`a dialog: ${dialog.message()}`) && dialog.dismiss());
  page.on("console", (message) => {
    // Reading pixels is the tests' own doing.
    const own = message.text().includes("willReadFrequently");
    if (!own && ["error", "warning"].includes(message.type())) faults.push(message.text());
  });
  await page.goto(server.url.href);
  return { page, context, faults };
}

/** Where a task lies on the chart of two dimensions; the margins are those of space.js. */
export async function placeOf(page, values, axes) {
  const box = await page.locator(".space").boundingBox();
  const [left, right, top, bottom] = [64, 24, 20, 46];
  const share = (index) => (values[index] - axes[index].low) / (axes[index].high - axes[index].low);
  return {
    x: box.x + left + share(0) * (box.width - left - right),
    y: box.y + top + (1 - share(1)) * (box.height - top - bottom),
  };
}

/** What is wrong with the look of a page: overflow, text that can hardly be read, charts that are blank. */
export function flaws(page) {
  return page.evaluate(() => {
    const found = [];
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) found.push(`the page is ${scrollWidth - clientWidth} pixels too wide`);

    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgba = (color) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      return canvas.getImageData(0, 0, 1, 1).data;
    };
    const luminance = (color) => {
      const [red, green, blue] = [...rgba(color)].map((part) => (part <= 10 ? part / 3294 : ((part / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const ground = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const color = getComputedStyle(at).backgroundColor;
        if (rgba(color)[3] === 255) return color;
      }
      return "white";
    };
    for (const element of document.querySelectorAll("body *")) {
      const own = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
      if (!own || !element.checkVisibility() || element.disabled || element.closest(".skip")) continue;
      const [one, other] = [luminance(getComputedStyle(element).color), luminance(ground(element))];
      const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      if (ratio < 4.5) found.push(`contrast ${ratio.toFixed(2)}: ${element.textContent.trim().slice(0, 40)}`);
    }
    for (const chart of document.querySelectorAll(".space, .curve")) {
      const drawn = chart.querySelector("canvas");
      const pixels = drawn ? drawn.getContext("2d").getImageData(0, 0, drawn.width, drawn.height).data : [];
      const colors = new Set();
      for (let at = 0; at < pixels.length; at += 4) colors.add((pixels[at] << 24) | (pixels[at + 1] << 16) | (pixels[at + 2] << 8) | pixels[at + 3]);
      if (colors.size < 3) found.push(`a chart is blank: ${chart.getAttribute("aria-label")}`);
    }
    // Panels and what stands in the head must not lie on each other.
    const boxes = [...document.querySelectorAll("section.panel, .head, .counts")].filter((each) => each.checkVisibility());
    boxes.forEach((one, index) => {
      for (const other of boxes.slice(index + 1)) {
        const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()];
        const [width, height] = [Math.min(a.right, b.right) - Math.max(a.left, b.left), Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)];
        if (width > 1 && height > 1) found.push(`${one.className} lies on ${other.className}`);
      }
    });
    return found;
  });
}
