/**
 * System packages: what Wavry needs from the operating system, how to see that it is there without
 * starting a process, and how to install it on Debian and its relatives. Installs only what is
 * missing; every wait for apt has a limit.
 */

/** What a person wants to do on this machine. */
export type Purpose = "build" | "host" | "test" | "bench";

/** One thing that must be present: a C header or a program. */
export interface Requirement {
  /** Debian's package that brings it. */
  readonly package: string;
  /** A header below an include folder, such as `X11/Xlib.h`. */
  readonly header?: string;
  /** Programs of which one is enough. */
  readonly programs?: readonly string[];
  readonly purposes: readonly Purpose[];
  /** Wavry works without it, slower or with one encoder fewer; tried once. */
  readonly optional?: true;
  /** A host that shows a real display does without it. */
  readonly forNoDisplay?: true;
}

const ALWAYS: readonly Purpose[] = ["build", "host", "test", "bench"];
const MEASURED: readonly Purpose[] = ["test", "bench"];

/** Everything that is needed, by purpose. Run-time libraries come with the `-dev` packages. */
export const REQUIREMENTS: readonly Requirement[] = [
  { package: "gcc", programs: ["cc", "gcc", "clang"], purposes: ALWAYS },
  { package: "libc6-dev", header: "stdio.h", purposes: ALWAYS },
  { package: "pkg-config", programs: ["pkg-config", "pkgconf"], purposes: ALWAYS },
  { package: "libx11-dev", header: "X11/Xlib.h", purposes: ALWAYS },
  { package: "libxext-dev", header: "X11/extensions/XShm.h", purposes: ALWAYS },
  { package: "libxdamage-dev", header: "X11/extensions/Xdamage.h", purposes: ALWAYS },
  { package: "libxfixes-dev", header: "X11/extensions/Xfixes.h", purposes: ALWAYS },
  { package: "libxtst-dev", header: "X11/extensions/XTest.h", purposes: ALWAYS },
  { package: "libxrandr-dev", header: "X11/extensions/Xrandr.h", purposes: ALWAYS },
  { package: "libyuv-dev", header: "libyuv.h", purposes: ALWAYS, optional: true },
  { package: "libx264-dev", header: "x264.h", purposes: ALWAYS },
  { package: "libopenh264-dev", header: "wels/codec_api.h", purposes: ALWAYS, optional: true },
  { package: "libopus-dev", header: "opus/opus_multistream.h", purposes: ALWAYS, optional: true },
  { package: "libpulse-dev", header: "pulse/pulseaudio.h", purposes: ALWAYS, optional: true },
  {
    package: "pulseaudio",
    programs: ["pulseaudio"],
    purposes: ["host", ...MEASURED],
    forNoDisplay: true,
    optional: true,
  },
  { package: "pulseaudio-utils", programs: ["pacat"], purposes: MEASURED },
  { package: "xvfb", programs: ["Xvfb"], purposes: ["host", ...MEASURED], forNoDisplay: true },
  {
    package: "openbox",
    programs: ["openbox"],
    purposes: ["host"],
    forNoDisplay: true,
    optional: true,
  },
  { package: "xterm", programs: ["xterm"], purposes: ["host"], forNoDisplay: true, optional: true },
  { package: "chromium", programs: ["chromium"], purposes: MEASURED },
  { package: "xclip", programs: ["xclip"], purposes: ["test"] },
  { package: "xdotool", programs: ["xdotool"], purposes: ["test"] },
  { package: "x11-xserver-utils", programs: ["xsetroot"], purposes: ["test"] },
  { package: "ffmpeg", programs: ["ffmpeg"], purposes: ["test"] },
  { package: "nginx", programs: ["nginx"], purposes: ["bench"], optional: true },
];

/** How long apt may wait for another apt, and how long one apt command may take. */
const LOCK_TIMEOUT_SECONDS = 120;
const APT_TIMEOUT_MS = 15 * 60_000;

/** Where this machine keeps headers and programs; tests give their own. */
export interface SearchPlaces {
  readonly includeFolders: readonly string[];
  readonly programFolders: readonly string[];
}

/** The search places of this machine, from its architecture and its environment. */
export function searchPlaces(): SearchPlaces {
  const environment = (name: string) => (Deno.env.get(name) ?? "").split(":").filter(Boolean);
  return {
    includeFolders: [
      ...environment("CPATH"),
      ...environment("C_INCLUDE_PATH"),
      "/usr/include",
      `/usr/include/${Deno.build.arch}-linux-gnu`,
      "/usr/local/include",
    ],
    programFolders: [...environment("PATH"), "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin"],
  };
}

/** The requirements of `purpose` that `places` do not hold. */
export function missingRequirements(purpose: Purpose, places: SearchPlaces): Requirement[] {
  const isThere = (folders: readonly string[], name: string) =>
    folders.some((folder) => exists(`${folder}/${name}`));
  return REQUIREMENTS.filter((requirement) => {
    if (!requirement.purposes.includes(purpose)) return false;
    const { header, programs = [] } = requirement;
    if (header !== undefined) return !isThere(places.includeFolders, header);
    return !programs.some((program) => isThere(places.programFolders, program));
  });
}

/** How this process may install packages: as root, through sudo, or not at all. */
export type Installer = { readonly prefix: readonly string[] } | { readonly refusal: string };

/** Finds the way to install; the refusal is one line that says what the person has to do. */
export async function findInstaller(packages: readonly string[]): Promise<Installer> {
  const list = packages.join(" ");
  if (!exists("/usr/bin/apt-get")) {
    return { refusal: `Install by hand what Debian calls: ${list} (there is no apt-get here)` };
  }
  if (Deno.uid() === 0) return { prefix: [] };
  if (await maySudo()) return { prefix: ["sudo", "-n"] };
  const command = `sudo apt-get install --no-install-recommends ${list}`;
  return { refusal: `Packages are missing and this user may not install them: ${command}` };
}

async function maySudo(): Promise<boolean> {
  try {
    const output = await new Deno.Command("sudo", {
      args: ["-n", "true"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return output.success;
  } catch {
    // There is no sudo.
    return false;
  }
}

/**
 * Installs `packages`, refreshing the package lists only when the first try shows that they are
 * stale. Returns the log text on failure, undefined on success; the log is appended to `logPath`.
 */
export async function installPackages(
  packages: readonly string[],
  options: { readonly prefix: readonly string[]; readonly logPath: string },
): Promise<string | undefined> {
  const install = ["install", "-y", "--no-install-recommends", ...packages];
  const first = await runApt(install, options);
  if (first === undefined) return undefined;
  const update = await runApt(["update"], options);
  const second = await runApt(install, options);
  if (second === undefined) return undefined;
  return `${update ?? ""}${second}`;
}

async function runApt(
  args: readonly string[],
  { prefix, logPath }: { readonly prefix: readonly string[]; readonly logPath: string },
): Promise<string | undefined> {
  const command = [
    ...prefix,
    "env",
    "DEBIAN_FRONTEND=noninteractive",
    "LC_ALL=C",
    "apt-get",
    "-q",
    "-o",
    `DPkg::Lock::Timeout=${LOCK_TIMEOUT_SECONDS}`,
    ...args,
  ];
  const [program = "", ...rest] = command;
  const output = await new Deno.Command(program, {
    args: rest,
    stdin: "null",
    signal: AbortSignal.timeout(APT_TIMEOUT_MS),
  }).output();
  const decoder = new TextDecoder();
  const text = decoder.decode(output.stdout) + decoder.decode(output.stderr);
  await Deno.writeTextFile(logPath, `$ ${command.join(" ")}\n${text}\n`, { append: true });
  return output.success ? undefined : text;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
