// timeout: 120 s
import { chromium } from "playwright-core";
import t from "tap";
import { HostProcess } from "./host_process.ts";

const PLAYING = 'wavry-viewer[data-state="playing"]';
const PICTURE_TIMEOUT_MS = 20_000;

function hasIpv6(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
t.teardown(() => browser.close());

for (const listen of ["127.0.0.1", "0.0.0.0", "::1"]) {
  const skip = listen.includes(":") && !hasIpv6() ? "no IPv6 on this machine" : false;
  t.test(`a host on ${listen} plays by address and by name`, { skip }, async (t) => {
    const args = ["--source", "pattern", "--size", "640x360", "--listen", listen];
    const host = await HostProcess.start(args);
    t.teardown(() => host.stop());
    const { protocol } = new URL(host.origin);
    t.equal(protocol, listen === "0.0.0.0" ? "https:" : "http:");
    for (const origin of [host.origin, `${protocol}//localhost:${host.port}`]) {
      // As somebody who goes on past the warning of our own certificate.
      const context = await browser.newContext({ ignoreHTTPSErrors: true });
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on("console", (message) => {
        if (message.type() === "error") complaints.push(message.text());
      });
      const { secret } = host.links.length === 2 ? host.links[0]! : host.links.at(-1)!;
      await page.goto(`${origin}/#s=${secret}`);
      await page.waitForSelector(PLAYING, { timeout: PICTURE_TIMEOUT_MS });
      t.same(complaints, [], origin);
      await context.close();
    }
  });
}
