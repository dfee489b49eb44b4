/**
 * Nginx: Debian's nginx over one folder, for comparison: sendfile and as many workers as its package
 * sets, nothing logged. It ends with its group.
 */

import type { ProcessGroup } from "./process_group.ts";
import type { RangeTarget } from "./range_client.ts";
import { waitFor } from "./wait.ts";

const START_TIMEOUT_MS = 10_000;
const PROGRAMS = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"];

/** Where nginx is; undefined when it is not installed. */
export function findNginx(): string | undefined {
  return PROGRAMS.find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

/** Serves `folder` and gives the place of its file `name`. */
export async function startNginx(
  group: ProcessGroup,
  options: { program: string; folder: string; workFolder: string; name: string },
  signal: AbortSignal,
): Promise<RangeTarget> {
  const { program, folder, workFolder, name } = options;
  const port = freePort();
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${workFolder}/${kind};`).join(" ");
  const config = `
    ${Deno.uid() === 0 ? "user root;" : ""}
    daemon off; worker_processes auto; pid ${workFolder}/nginx.pid;
    error_log ${workFolder}/error.log;
    events { worker_connections 4096; }
    http {
      access_log off; sendfile on; tcp_nopush on; ${temporary}
      server { listen 127.0.0.1:${port}; root ${folder}; types { video/mp4 mp4; } }
    }`;
  await Deno.writeTextFile(`${workFolder}/nginx.conf`, config);
  const args = ["-p", workFolder, "-c", `${workFolder}/nginx.conf`];
  group.start({ name: "nginx", command: program, args });
  const target = { hostname: "127.0.0.1", port, path: `/${name}`, cookie: "" };
  await waitFor("answer of nginx", () => answers(target), { timeoutMs: START_TIMEOUT_MS, signal });
  return target;
}

async function answers({ hostname, port }: RangeTarget): Promise<true | undefined> {
  try {
    (await Deno.connect({ hostname, port })).close();
    return true;
  } catch {
    return undefined;
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
