/**
 * Freshness: whether what a build made is newer than everything that it was made of, by times of
 * modification, and so whether the build can be left out.
 */

/** True when every output is there and no input, file or folder of files, is newer than the oldest. */
export async function isFresh(
  { outputs, inputs }: { outputs: readonly string[]; inputs: readonly string[] },
): Promise<boolean> {
  let oldestOutputMs = Infinity;
  for (const path of outputs) {
    const modifiedMs = await modifiedMsOf(path);
    if (modifiedMs === undefined) return false;
    oldestOutputMs = Math.min(oldestOutputMs, modifiedMs);
  }
  for (const path of inputs) {
    if (await newestMsOf(path) > oldestOutputMs) return false;
  }
  return true;
}

/** Time of a file, or the latest of the files of a folder; what is gone counts as newer than all. */
async function newestMsOf(path: string): Promise<number> {
  const info = await statIfThere(path);
  if (info === undefined) return Infinity;
  if (!info.isDirectory) return info.mtime?.getTime() ?? Infinity;
  let newestMs = 0;
  for await (const entry of Deno.readDir(path)) {
    newestMs = Math.max(newestMs, await newestMsOf(`${path}/${entry.name}`));
  }
  return newestMs;
}

async function modifiedMsOf(path: string): Promise<number | undefined> {
  return (await statIfThere(path))?.mtime?.getTime();
}

async function statIfThere(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
