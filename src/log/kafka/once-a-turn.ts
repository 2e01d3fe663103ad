/** Runs an action once for all that asks for it in one turn of the event loop, before the next turn. */
export class OnceATurn {
  private readonly action: () => void;
  private isDue = false;

  constructor(action: () => void) {
    this.action = action;
  }

  request(): void {
    if (this.isDue) return;
    this.isDue = true;
    queueMicrotask(() => {
      this.isDue = false;
      this.action();
    });
  }
}
