import t from "tap";
import { HostProcess, until } from "./host_process.ts";
import { streamConfig, SupervisedMedia } from "./supervised_media.ts";

t.test("under critical pressure the picture goes on and nobody else gets in", async (t) => {
  // Both processes need more than this as soon as they run.
  const host = await HostProcess.start([
    ...["--source", "pattern", "--size", "640x360", "--memory-limit", "110MB"],
  ]);
  t.teardown(() => host.stop());
  const { cookie, info } = await host.join("player");
  const first = await host.view(info.ticket);
  await first.heard("welcome");
  await first.send({ type: "play", streamId: 0 });
  const stats = async () => await (await host.call("GET", "/api/stats", { cookie })).json();
  await until(async () => (await stats()).pressure.level === "critical", "pressure", 10_000);
  t.match(host.log, /"msg":"Memory pressure"/);
  t.equal(host.log.match(/"msg":"Memory is short"/g)?.length, 1, "one warning");

  const second = await host.view((await host.ticket(cookie)).ticket);
  t.match(await second.heard("ended"), {
    reason: "capacity",
    message: "The host is short of memory",
    retry: true,
  });
  const before = (await stats()).stream.frames;
  await until(async () => (await stats()).stream.frames > before + 10, "more frames");
  t.equal((await stats()).viewers.length, 1, "who was in stays in");
  t.equal((await stats()).stream.target.scale, 0.5, "with a smaller picture");
  await until(async () => (await stats()).stream.facts.width === 320, "frames of that size");
  const limited = await until(async () => {
    const { rtcStats } = await stats();
    return rtcStats.find(({ frameWidth }: { frameWidth?: number }) => frameWidth === 320);
  }, "statistics of such a frame");
  t.equal(limited.qualityLimitationReason, "other", "no path is to blame");
  t.ok(limited.qualityLimitationDurations.other > 0);
});

t.test("a media process that is asked to trim keeps the frames in use only", async (t) => {
  await using media = new SupervisedMedia();
  media.supervisor.startStream(streamConfig());
  media.supervisor.start();
  const allocated = () => media.stats.at(-1)?.streams[0]?.pool.allocated;
  await media.until("a full pool", () => allocated() === 3);
  media.supervisor.trimMemory();
  await media.until("a smaller pool", () => (allocated() ?? 3) < 3);
  const seen = media.frames.length;
  await media.until("more frames", () => media.frames.length > seen + 10);
  t.match(media.stats.at(-1)?.streams[0]?.pool, { exhaustions: 0 });

  // What a smaller picture leaves behind is freed at once, for as long as memory may be short.
  const rate = { bitrateBps: 5_000_000, fps: 60, temporalLayers: 1 } as const;
  media.supervisor.setRate(0, { ...rate, scaleQuarters: 2 });
  const created = () => media.stats.at(-1)?.encoders.created;
  await media.until("another encoder", () => created() === 2);
  t.match(media.stats.at(-1)?.encoders, { active: 1, idle: 0, evicted: 1 });
  t.strictSame(media.lines, [], "and no warning");
});
