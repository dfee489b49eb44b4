import t from "tap";
import {
  cookieEntry,
  newCookie,
  userXauthority,
  writeXauthority,
} from "../../../../src/server/displays/xauthority.ts";

const hex = (bytes: Uint8Array) => bytes.toHex();

t.test("cookieEntry has the format of Xauth(7)", (t) => {
  const cookie = Uint8Array.from({ length: 16 }, (_, index) => index);
  const name = "00124d49542d4d414749432d434f4f4b49452d31";
  const data = "0010000102030405060708090a0b0c0d0e0f";
  t.equal(hex(cookieEntry(cookie, "")), `ffff00000000${name}${data}`, "for every display");
  t.equal(hex(cookieEntry(cookie, "12")), `ffff000000023132${name}${data}`);
  t.equal(newCookie().byteLength, 16);
  t.not(hex(newCookie()), hex(newCookie()));
  t.end();
});

t.test("writeXauthority replaces a file that only its owner reads", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "wavry-test-" });
  t.teardown(() => Deno.remove(folder, { recursive: true }));
  const path = `${folder}/xauthority`;
  writeXauthority(path, [Uint8Array.of(1, 2), Uint8Array.of(3)]);
  writeXauthority(path, [Uint8Array.of(4), new Uint8Array(), Uint8Array.of(5, 6)]);
  t.equal(hex(await Deno.readFile(path)), "040506");
  t.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
  t.same([...Deno.readDirSync(folder)].map(({ name }) => name), ["xauthority"]);
});

t.test("userXauthority reads the user's own file, where there is one of a sane size", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "wavry-test-" });
  t.teardown(() => Deno.remove(folder, { recursive: true }));
  await Deno.writeFile(`${folder}/.Xauthority`, Uint8Array.of(1));
  await Deno.writeFile(`${folder}/other`, Uint8Array.of(2));
  t.equal(hex(userXauthority({ HOME: folder })), "01");
  t.equal(hex(userXauthority({ HOME: folder, XAUTHORITY: `${folder}/other` })), "02");
  t.equal(userXauthority({ HOME: `${folder}/nowhere` }).byteLength, 0);
  t.equal(userXauthority({}).byteLength, 0);
  await Deno.writeFile(`${folder}/large`, new Uint8Array(1024 * 1024 + 1));
  t.equal(userXauthority({ XAUTHORITY: `${folder}/large` }).byteLength, 0);
});
