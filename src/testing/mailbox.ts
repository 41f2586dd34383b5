/** Things that come, for a test that waits for them one by one. */
export class Mailbox<Item> {
  readonly #items: Item[] = [];
  readonly #waiting: ((item: Item) => void)[] = [];

  put(item: Item): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#items.push(item);
    else waiting(item);
  }

  take(): Promise<Item> {
    const item = this.#items.shift();
    if (item !== undefined) return Promise.resolve(item);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async takeMany(count: number): Promise<Item[]> {
    const items: Item[] = [];
    while (items.length < count) items.push(await this.take());
    return items;
  }
}
