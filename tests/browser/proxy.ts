// A way to the server that can be cut, or swallow everything.

import { once } from "node:events";
import type { AddressInfo, Server as Listener, Socket } from "node:net";
import { connect, createServer } from "node:net";

interface Way {
  readonly client: Socket;
  readonly server: Socket;
}

export class Proxy {
  readonly #target: string;
  readonly #listener: Listener;
  readonly #ways = new Set<Way>();
  #heard = 0;
  #waiting: { readonly pieces: number; readonly resolve: () => void }[] = [];

  private constructor(target: string) {
    this.#target = target;
    this.#listener = createServer((client) => this.#lead(client));
  }

  /** A way to this address, of host and port, until the work is done. */
  static async to(target: string, work: (proxy: Proxy) => Promise<void>): Promise<void> {
    const proxy = new Proxy(target);
    proxy.#listener.listen(0, "127.0.0.1");
    await once(proxy.#listener, "listening");
    try {
      await work(proxy);
    } finally {
      proxy.cut();
      proxy.#listener.close();
    }
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port;
  }

  /** All connections are gone; new ones may come. */
  cut(): void {
    for (const { client, server } of this.#ways) {
      client.destroy();
      server.destroy();
    }
  }

  /** The server's end is gone, and clients hear nothing of it: to them, connections look alive. */
  swallow(): void {
    for (const { client, server } of this.#ways) {
      client.unpipe(server).resume();
      server.removeAllListeners("close").destroy();
    }
  }

  /** Waits until clients have sent so many pieces more. */
  async hears(pieces: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#waiting.push({ pieces: this.#heard + pieces, resolve });
    });
  }

  #lead(client: Socket): void {
    const [host, port] = this.#target.split(":");
    const server = connect(Number(port), host);
    const way = { client, server };
    this.#ways.add(way);
    client.on("data", () => this.#hear());
    client.pipe(server);
    server.pipe(client);
    for (const socket of [client, server]) {
      // What goes wrong on one side ends the other.
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#ways.delete(way);
        client.destroy();
        server.destroy();
      });
    }
  }

  #hear(): void {
    this.#heard += 1;
    const due = this.#waiting.filter(({ pieces }) => pieces <= this.#heard);
    this.#waiting = this.#waiting.filter((waiting) => !due.includes(waiting));
    due.forEach(({ resolve }) => resolve());
  }
}
