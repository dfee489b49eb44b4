import t from "tap";
import { kernelMemory } from "../../../ffi/mod.ts";

t.test("kernelMemory tells of this process what /proc does", async (t) => {
  const { rssBytes, pssBytes, virtualBytes, descriptors } = await kernelMemory(Deno.pid);
  const { rss } = Deno.memoryUsage();
  t.ok(Math.abs(rssBytes - rss) < 0.2 * rss, `${rssBytes} and ${rss}`);
  t.ok(pssBytes > 0 && pssBytes <= rssBytes);
  t.ok(virtualBytes > rssBytes);
  const count = () => [...Deno.readDirSync("/proc/self/fd")].length - 1;
  t.ok(Math.abs(descriptors - count()) <= 1, `${descriptors} and ${count()}`);
  const files = Array.from({ length: 20 }, () => Deno.openSync("/dev/null"));
  const more = (await kernelMemory(Deno.pid)).descriptors;
  t.ok(more - descriptors >= 19 && more - descriptors <= 21, `${more - descriptors} more`);
  for (const file of files) file.close();
});

t.test("kernelMemory refuses what is no process", async (t) => {
  await t.rejects(kernelMemory(0), { name: "NativeError", reason: "invalid" });
  await t.rejects(kernelMemory(-1), { name: "NativeError", reason: "invalid" });
  await t.rejects(kernelMemory(0x7fff_ffff), { name: "NativeError", reason: "unavailable" });
});
