import { useEffect, useRef, useState } from "react";

export const SPEEDS = [1, 2, 4, 8, 16, 32, 64] as const;

export interface Player {
  /** In shown time, from 0. */
  position: number;
  isPlaying: boolean;
  speed: number;
  setSpeed: (speed: number) => void;
  toggle: () => void;
  seek: (position: number) => void;
}

/** After the page was hidden time does not jump on. */
const LONGEST_FRAME_MS = 250;

/** A clock that runs to `length`. It stands still while `isWaiting`. */
export function usePlayer(length: number, isWaiting: boolean): Player {
  const [position, setPosition] = useState(0);
  const [isPlaying, setPlaying] = useState(false);
  const [speed, setSpeed] = useState<number>(4);
  const now = useRef({ length, speed, isWaiting });
  now.current = { length, speed, isWaiting };
  useEffect(() => {
    if (!isPlaying) return undefined;
    let last = performance.now();
    let frame = requestAnimationFrame(function step(time) {
      const passed = Math.min(Math.max(time - last, 0), LONGEST_FRAME_MS);
      last = time;
      const { length, speed, isWaiting } = now.current;
      if (!isWaiting) setPosition((position) => Math.min(position + passed * speed, length));
      frame = requestAnimationFrame(step);
    });
    return () => cancelAnimationFrame(frame);
  }, [isPlaying]);
  const isAtEnd = position >= length;
  useEffect(() => {
    if (isAtEnd) setPlaying(false);
  }, [isAtEnd]);
  return {
    position,
    isPlaying,
    speed,
    setSpeed,
    seek: (to) => setPosition(Math.min(Math.max(to, 0), length)),
    toggle: () => {
      if (!isPlaying && isAtEnd) setPosition(0);
      setPlaying(!isPlaying);
    },
  };
}
