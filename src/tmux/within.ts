/** Bounds a question to a tmux that may stand still, where the caller's answer is due before tmux has to reply. */
export async function within<T, O>(asked: Promise<T>, ms: number, otherwise: O): Promise<T | O> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<O>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, ms), otherwise);
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}
