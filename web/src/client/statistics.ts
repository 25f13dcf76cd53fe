/** What the box counts, for its owner: `GET /api/v1/statistics`. What only grows counts from the start of the daemon. */
export interface Statistics {
  /** Milliseconds since the daemon was started. */
  at: number;
  version: string;
  process: {
    cpu_seconds: number;
    resident_bytes: number;
    threads: number;
    open_files: number;
    processors: number;
    memory_bytes: number;
    available_bytes: number;
    /** `null` where the board does not say. */
    celsius: number | null;
  };
  peers: {
    connecting: number;
    connected: number;
    lost: number;
    received_bytes: number;
    sent_bytes: number;
    received_packets: number;
    missing_packets: number;
    recovered_packets: number;
    sent_packets: number;
    reported_lost_packets: number;
    retransmitted_packets: number;
    busy_seconds: number;
  };
  viewers: { hls: number; whep: number };
  pipelines: Record<string, { running: number; in: number; out: number; dropped: number }>;
  composition: { running: number; pictures: number; late_pictures: number };
  /** Only what was ever started again. */
  restarts: Record<string, number>;
  log: { warnings: number; errors: number };
  participants: ParticipantStatistics[];
}

export interface ParticipantStatistics {
  id: string;
  room: string;
  name: string;
  connection: "connecting" | "connected" | "lost";
  /** `null` for the box itself, and before there is a connection. */
  media: {
    round_trip_seconds: number | null;
    received_bytes: number;
    sent_bytes: number;
    received_packets: number;
    lost_packets: number;
    /** Which part of what is sent to them gets lost, 0 to 1. */
    reported_loss: number | null;
    /** What the way to them is estimated to hold. */
    estimate_bits_per_second: number | null;
    /** Times that a picture stood still for them and was asked for anew. */
    freezes: number;
    picture: { width: number; height: number } | null;
  } | null;
}
