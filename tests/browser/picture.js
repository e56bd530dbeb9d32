// Takes the picture of a curriculum's dashboard: `tests/browser/run picture ADDRESS CURRICULUM FILE.png`, the address with its token.

import { launch } from "./browser.js";

const [address, id, file] = process.argv.slice(2);
if (!file) {
  console.error("usage: tests/browser/run picture ADDRESS CURRICULUM FILE.png");
  process.exit(2);
}
const url = new URL(address);
const browser = await launch();
const page = await browser.newPage({ viewport: { width: 1280, height: 960 }, colorScheme: "light" });
await page.goto(url.href);
await page.goto(`${url.origin}/curricula/${encodeURIComponent(id)}`);
await page.locator(".findings li").first().waitFor();
await page.locator(".curves[data-episodes]").waitFor();
await page.locator(".recent button").first().click();
await page.locator(".facts").waitFor();
await page.evaluate(() => document.activeElement.blur());
await page.screenshot({ path: file });
await browser.close();
