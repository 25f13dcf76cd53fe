/** One layer of a picture that a browser sends several times over, in different sizes (simulcast, RFC 8853). */
export interface Layer {
  rid: string;
  active: boolean;
  scaleResolutionDownBy: number;
  /** Bits a second. */
  maxBitrate: number;
  /** Pictures a second. */
  maxFramerate?: number;
}

/** The layers by their names in an offer, the smallest first. */
const CAMERA = ["l", "m", "h"] as const;
const SCREEN = ["l", "h"] as const;
/** Bits a second for the layers of a camera: about 180, 360 and 720 lines. */
const CAMERA_BITRATES = [120_000, 400_000, 1_700_000] as const;
/** Bits a second and pictures a second for the layers of a screen: text has to be sharp, and moves little. */
const SCREEN_BITRATES = [500_000, 2_500_000] as const;
const SCREEN_RATE = { detail: 15, motion: 30 } as const;
/** Pixels from which on browsers encode three layers, and two. */
const THREE = 960 * 540;
const TWO = 480 * 270;

/** The size of a picture; `null` while it is not known. */
export type Size = { width: number; height: number } | null;
/** What a shared screen shows: text and drawings, or moving pictures. */
export type Content = "detail" | "motion";

/**
 * The layers of a camera of this size while so many are wanted, from the smallest on. A small picture has fewer: the
 * largest layer that there is has the camera's own size, and each below half of that. Layers that there are not, and those
 * that nobody wants, are off. There are always three in all: their number can't change later.
 */
export function cameraLayers(size: Size, wanted: number): Layer[] {
  const pixels = size ? size.width * size.height : THREE;
  const there = pixels >= THREE ? 3 : pixels >= TWO ? 2 : 1;
  return CAMERA.map((rid, at) => ({
    rid,
    active: at < Math.min(there, wanted),
    scaleResolutionDownBy: 2 ** Math.max(0, there - 1 - at),
    maxBitrate: CAMERA_BITRATES[at] ?? 0,
  }));
}

/** The layers of a shared screen: half the size, and all of it. */
export function screenLayers(size: Size, wanted: number, content: Content): Layer[] {
  const there = size && size.width * size.height < TWO ? 1 : SCREEN.length;
  return SCREEN.map((rid, at) => ({
    rid,
    active: at < Math.min(there, wanted),
    scaleResolutionDownBy: 2 ** Math.max(0, there - 1 - at),
    maxBitrate: SCREEN_BITRATES[at] ?? 0,
    maxFramerate: SCREEN_RATE[content],
  }));
}
