// GraphiQL in a browser: a person types a key, runs the first query, and sees its answer.
import { chromium } from "playwright-core";
import { answer, given } from "./signed.mjs";

const browser = await chromium.launch({
  executablePath: given.chromium,
  args: ["--no-sandbox"],
});
const page = await browser.newPage();
const said = [];
const asked = [];
page.on("console", (message) => {
  if (["error", "warning"].includes(message.type())) said.push(message.text());
});
page.on("pageerror", (error) => said.push(String(error)));
page.on("request", (request) => asked.push(request.url()));

await page.goto(given.url, { waitUntil: "networkidle" });
const unsigned = await page.getByLabel("not signed").count();
const before = said.splice(0);

await page.getByLabel("Access key id").fill(given.accessKeyId);
await page.getByLabel("Secret access key").fill(given.secretAccessKey);
await page.getByLabel("Region").fill(given.region);
await page.getByRole("button", { name: "Use this key" }).click();
await page.waitForResponse((response) => response.request().method() === "POST");
await page.getByRole("button", { name: /Execute query/ }).click();
const result = page.locator(".result-window");
await result.getByText(given.expected).first().waitFor();

// The schema has been told: what can be asked for stands in the documentation.
await page.getByRole("button", { name: /Documentation Explorer/ }).click();
await page.getByText("backgroundTasks").first().waitFor();
if (given.screenshot) await page.screenshot({ path: given.screenshot });
const origin = new URL(given.url).origin;
answer({
  title: await page.title(),
  before,
  said,
  elsewhere: asked.filter((url) => !url.startsWith(origin) && !url.startsWith("data:")),
  kept: await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage })),
});
await browser.close();
