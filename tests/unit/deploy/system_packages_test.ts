import t from "tap";
import { fileURLToPath } from "node:url";
import {
  findInstaller,
  missingRequirements,
  REQUIREMENTS,
  searchPlaces,
} from "../../../deploy/system_packages.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

async function emptyPlaces() {
  const folder = await Deno.makeTempDir({ prefix: "wavry_places_" });
  await Deno.mkdir(`${folder}/include/X11`, { recursive: true });
  await Deno.mkdir(`${folder}/bin`);
  const places = {
    includeFolders: [`${folder}/absent`, `${folder}/include`],
    programFolders: [`${folder}/bin`],
  };
  return { folder, places, [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }) };
}

t.test("missingRequirements names every package on an empty machine", async (t) => {
  using empty = await emptyPlaces();
  const packages = (purpose: "build" | "host" | "test" | "bench") =>
    missingRequirements(purpose, empty.places).map((requirement) => requirement.package);
  const asked = new Set([...packages("host"), ...packages("test"), ...packages("bench")]);
  t.same([...asked].sort(), REQUIREMENTS.map((requirement) => requirement.package).sort());
  t.ok(packages("host").includes("xvfb"));
  t.notOk(packages("host").includes("chromium"), "a host needs no browser");
  t.notOk(packages("build").includes("xvfb"), "a build needs no screen");
});

t.test("missingRequirements sees headers and any one of several programs", async (t) => {
  using empty = await emptyPlaces();
  await Deno.writeTextFile(`${empty.folder}/include/X11/Xlib.h`, "");
  await Deno.writeTextFile(`${empty.folder}/bin/clang`, "");
  const packages = missingRequirements("build", empty.places).map(({ package: name }) => name);
  t.notOk(packages.includes("libx11-dev"));
  t.notOk(packages.includes("gcc"));
  t.ok(packages.includes("libxext-dev"));
});

t.test("missingRequirements finds this machine complete, as its test run began by setup", async (t) => {
  const missing = missingRequirements("test", searchPlaces());
  t.strictSame(missing.filter((requirement) => requirement.optional !== true), []);
});

t.test("findInstaller never asks: root, sudo without a password, or one line to act on", async (t) => {
  const installer = await findInstaller(["gcc", "xvfb"]);
  if ("refusal" in installer) {
    t.match(installer.refusal, /gcc xvfb/);
    t.notMatch(installer.refusal, /\n/);
  } else t.ok(Array.isArray(installer.prefix));
});

t.test("setup.ts refuses an unknown purpose in one line", async (t) => {
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "deploy/setup.ts", "everything"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  t.equal(output.code, 1);
  t.equal(
    new TextDecoder().decode(output.stderr),
    "setup: Usage: deno run -A deploy/setup.ts <build|host|test|bench>\n",
  );
});
