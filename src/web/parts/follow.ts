import { type RefObject, useCallback, useEffect, useRef, useState } from "react";

/** So near to the end counts as being there, in pixels. */
const NEAR = 32;

export interface Following {
  /** Whether the end is in sight: what comes will be, too. */
  isAtEnd: boolean;
  /** Goes to the end, and stays there. */
  follow: () => void;
}

/**
 * Keeps the end of a scroller in sight while it grows or its box changes, until the reader scrolls away from it. The
 * scroller's only child is what grows.
 */
export function useFollow(scroller: RefObject<HTMLElement | null>): Following {
  const isFollowing = useRef(true);
  const [isAtEnd, setAtEnd] = useState(true);

  useEffect(() => {
    const box = scroller.current;
    if (box === null) return;
    const toEnd = () => {
      if (isFollowing.current) box.scrollTop = box.scrollHeight;
    };
    let top = box.scrollTop;
    const onScroll = () => {
      const atEnd = box.scrollHeight - box.clientHeight - box.scrollTop < NEAR;
      // Only who goes up wants to stay there: content that grows leaves the end behind by itself.
      if (atEnd) isFollowing.current = true;
      else if (box.scrollTop < top) isFollowing.current = false;
      top = box.scrollTop;
      setAtEnd(isFollowing.current);
    };
    const resized = new ResizeObserver(toEnd);
    resized.observe(box);
    if (box.firstElementChild) resized.observe(box.firstElementChild);
    box.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      resized.disconnect();
      box.removeEventListener("scroll", onScroll);
    };
  }, [scroller]);

  const follow = useCallback(() => {
    isFollowing.current = true;
    setAtEnd(true);
    const box = scroller.current;
    if (box !== null) box.scrollTop = box.scrollHeight;
  }, [scroller]);

  return { isAtEnd, follow };
}
