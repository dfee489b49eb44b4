/**
 * KernelMachine: a small virtual machine with a kernel that has what this one lacks, for native test
 * programs that need devices of the kernel. It boots into a program and ends with it: a kernel, its
 * modules and a memory disk with the program and its libraries.
 */

/** Where the kernel and its modules are. */
export interface MachineKernel {
  readonly image: string;
  /** Paths of the modules, in the order in which they are loaded. */
  readonly modules: readonly string[];
}

const EMULATOR = "qemu-system-x86_64";
const SHELL = "/usr/bin/busybox";
const TIMEOUT_MS = 100_000;

/**
 * A kernel with `modules`: below the folder that WAVRY_TEST_KERNEL names, an unpacked package of a
 * kernel, or of this machine. Text: what is missing.
 */
export async function findKernel(modules: readonly string[]): Promise<MachineKernel | string> {
  const root = Deno.env.get("WAVRY_TEST_KERNEL") ?? "";
  for (const program of [`/usr/bin/${EMULATOR}`, SHELL]) {
    if (!await exists(program)) return `${program} is not installed`;
  }
  const versions = await namesIn(`${root}/lib/modules`);
  for (const version of versions) {
    const image = `${root}/boot/vmlinuz-${version}`;
    const paths = await Promise.all(modules.map((name) => {
      return findFile(`${root}/lib/modules/${version}/kernel/drivers/input`, `${name}.ko`);
    }));
    const found = paths.filter((path) => path !== undefined);
    if (found.length === modules.length && await exists(image)) return { image, modules: found };
  }
  return "no kernel with these modules in WAVRY_TEST_KERNEL or on this machine";
}

/** Runs a program in a machine of its own; what it wrote on either output. */
export async function runInMachine(kernel: MachineKernel, program: string): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "wavry-machine-" });
  try {
    const disk = `${folder}/disk`;
    await makeDisk(folder, disk, kernel, program);
    const child = new Deno.Command(EMULATOR, {
      args: [
        ...["-M", "pc", "-accel", "tcg", "-cpu", "max", "-m", "256", "-nodefaults"],
        ...["-vga", "none", "-display", "none", "-serial", "stdio", "-no-reboot"],
        ...["-kernel", kernel.image, "-initrd", disk],
        ...["-append", "console=ttyS0 quiet panic=-1"],
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const timer = setTimeout(() => child.kill("SIGKILL"), TIMEOUT_MS);
    const { stdout, stderr } = await child.output();
    clearTimeout(timer);
    const text = new TextDecoder();
    return (text.decode(stdout) + text.decode(stderr)).replaceAll("\r", "");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function makeDisk(
  folder: string,
  disk: string,
  kernel: MachineKernel,
  program: string,
): Promise<void> {
  const root = `${folder}/root`;
  const put = async (from: string, to: string) => {
    await Deno.mkdir(root + to.slice(0, to.lastIndexOf("/")), { recursive: true });
    await Deno.copyFile(from, root + to);
  };
  await put(SHELL, "/bin/busybox");
  await put(program, "/program");
  for (const [index, path] of kernel.modules.entries()) await put(path, `/${index}.ko`);
  for (const library of await librariesOf(program)) await put(library, library);
  const box = "/bin/busybox";
  await Deno.writeTextFile(
    `${root}/init`,
    [
      `#!${box} sh`,
      `${box} mkdir -p /proc /sys /dev /tmp`,
      `${box} mount -t devtmpfs dev /dev`,
      ...kernel.modules.map((_path, index) => `${box} insmod /${index}.ko`),
      "/program 2>&1",
      `echo "exit code $?"`,
      `${box} poweroff -f`,
      "",
    ].join("\n"),
    { mode: 0o755 },
  );
  const pack = `cd "$1" && find . | "$2" cpio -o -H newc 2>/dev/null > "$3"`;
  await run("sh", ["-c", pack, "sh", root, SHELL, disk]);
}

/** The shared libraries of a program, its loader included. */
async function librariesOf(program: string): Promise<string[]> {
  const output = await run("ldd", [program]);
  return [...output.matchAll(/(\/\S+) \(0x/g)].map(([, path = ""]) => path);
}

async function run(command: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args: [...args] }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(`Cannot run ${command}: ${text.decode(stderr)}`);
  return text.decode(stdout);
}

async function findFile(folder: string, name: string): Promise<string | undefined> {
  for (const entry of await namesIn(folder)) {
    const path = `${folder}/${entry}`;
    if (entry === name) return path;
    const isFolder = (await Deno.lstat(path)).isDirectory;
    const found = isFolder ? await findFile(path, name) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
  } catch {
    return [];
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
