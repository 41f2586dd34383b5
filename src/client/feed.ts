/** What is told to someone who takes it at their own pace. */
export class Feed<Value> implements AsyncIterableIterator<Value> {
  readonly #waiting: Value[] = [];
  readonly #onLeave: () => void;
  #takers: PromiseWithResolvers<IteratorResult<Value, undefined>>[] = [];
  #end: { error: Error | undefined } | undefined;

  /** `onLeave` is called once: whoever took from it takes no more, or it has ended. */
  constructor(onLeave: () => void) {
    this.#onLeave = onLeave;
  }

  put(value: Value): void {
    if (this.#end) return;
    const taker = this.#takers.shift();
    if (taker) taker.resolve({ done: false, value });
    else this.#waiting.push(value);
  }

  /** What was put before can still be taken; then it is over, or throws. */
  end(error?: Error): void {
    if (this.#end) return;
    this.#end = { error };
    this.#onLeave();
    for (const taker of this.#takers.splice(0)) this.#finish(taker);
  }

  next(): Promise<IteratorResult<Value, undefined>> {
    const taker = Promise.withResolvers<IteratorResult<Value, undefined>>();
    const value = this.#waiting.shift();
    if (value !== undefined) taker.resolve({ done: false, value });
    else if (this.#end) this.#finish(taker);
    else this.#takers.push(taker);
    return taker.promise;
  }

  return(): Promise<IteratorResult<Value, undefined>> {
    this.#waiting.length = 0;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** An error is thrown once. */
  #finish(taker: PromiseWithResolvers<IteratorResult<Value, undefined>>): void {
    const error = this.#end?.error;
    this.#end = { error: undefined };
    if (error) taker.reject(error);
    else taker.resolve({ done: true, value: undefined });
  }
}
