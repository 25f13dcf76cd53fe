/** What came of a stream by WebRTC up to now, counted since its beginning. */
export interface Sample {
  /** Milliseconds, of any clock that runs on. */
  at: number;
  received: number;
  lost: number;
  /** Seconds that the picture stood still although it should not. */
  frozen: number;
}

/** Milliseconds that are looked at together. */
const WINDOW = 8_000;
/** With more than this share of packets lost, or of time spent standing still, LL-HLS is the better way to watch. */
const LOST = 0.1;
const FROZEN = 0.25;
/** Packets without which a share of lost ones says nothing. */
const FEW = 100;

/** Measures whether a stream by WebRTC is worth watching. */
export class Quality {
  #samples: Sample[] = [];

  /** Takes a sample and says why the stream is too bad, once it has been for a whole window. */
  add(sample: Sample): string | null {
    const oldest = sample.at - WINDOW;
    // One sample at the beginning of the window, or just before it, is what the others are compared with.
    while ((this.#samples[1]?.at ?? sample.at) <= oldest) this.#samples.shift();
    this.#samples.push(sample);
    const first = this.#samples[0];
    if (!first || first.at > oldest) return null;
    const lost = sample.lost - first.lost;
    const all = sample.received - first.received + lost;
    if (all >= FEW && lost > all * LOST) return "too many packets are lost";
    const seconds = (sample.at - first.at) / 1000;
    if (sample.frozen - first.frozen > seconds * FROZEN) return "the picture stands still too often";
    return null;
  }
}
