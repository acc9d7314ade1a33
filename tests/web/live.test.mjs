// SPDX-License-Identifier: GPL-2.0-only
// The page of 'coldtrace serve' at LIVE_URL, while whoever called this has containers started, and says so
// in LIVE_FILE: how many records there must be at last.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { chromium } from "playwright-core";

const { LIVE_URL, LIVE_FILE, LIVE_NAME, OUT, CHROMIUM } = process.env;
const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

test("the page shows what comes, and nothing is wrong with it", async () => {
	const browser = await chromium.launch({ executablePath: CHROMIUM ?? "/usr/bin/chromium", args: flags });
	const faults = [];
	try {
		const pages = [];
		for (const [width, colorScheme] of [[1400, "light"], [420, "dark"]]) {
			const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
			page.on("console", (message) => faults.push(`console ${message.type()}: ${message.text()}`));
			page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
			page.on("request", (request) => {
				if (!request.url().startsWith(LIVE_URL) && !request.url().startsWith("data:"))
					faults.push(`request: ${request.url()}`);
			});
			await page.goto(LIVE_URL);
			await page.waitForFunction(() => document.getElementById("live")?.textContent === "live");
			pages.push(page);
		}
		writeFileSync(`${LIVE_FILE}.open`, "");
		while (!existsSync(LIVE_FILE))
			await new Promise((resolve) => setTimeout(resolve, 100));
		const wanted = Number(readFileSync(LIVE_FILE, "utf8"));
		for (const page of pages) {
			await page.fill('input[type="search"]', LIVE_NAME);
			await page.waitForFunction((n) => document.querySelector("#records .status")?.textContent.includes(`of ${n} records`), wanted, { timeout: 20000 });
			assert.equal(await page.evaluate(() => document.activeElement.type), "search", "who types is not disturbed");
			const rows = await page.locator("#records tbody tr").count();
			assert.equal(rows, Math.min(wanted, 50));
			await page.locator('#records [data-sort="total"]').focus();
			await page.keyboard.press("Enter");
			await page.screenshot({ path: `${OUT}/live-${page.viewportSize().width}.png`, fullPage: true });
			const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
			assert.equal(wide, 0, "nothing is wider than the window");
		}
		assert.deepEqual(faults, []);
	} finally {
		await browser.close();
	}
});
