import { useEffect, useRef } from "preact/hooks";
import type { Call } from "./call";
import { devices } from "./devices";

/** What comes by one slot, on the chosen speaker. The slot stays, whoever is heard by it. */
function Sound({ track, call, name }: { track: MediaStreamTrack; call: Call; name: string }) {
  const element = useRef<HTMLAudioElement>(null);
  const speaker = devices.choice.speaker.value;
  useEffect(() => {
    const audio = element.current;
    if (!audio) return;
    audio.srcObject = new MediaStream([track]);
    call.play(audio);
    return () => {
      call.forget(audio);
      audio.srcObject = null;
    };
  }, [track, call]);
  useEffect(() => {
    // A speaker that is gone: the browser stays with its default.
    element.current?.setSinkId?.(speaker).catch(() => {});
  }, [speaker]);
  return <audio ref={element} autoPlay data-testid="sound" data-name={name} />;
}

/** Everybody who is heard, on the page or not. */
export function Sounds({ call }: { call: Call }) {
  const participants = call.state.value?.participants ?? {};
  const heard = [...call.tracks.value].flatMap(([id, { audio, screenSound }]) =>
    [audio, screenSound].flatMap(track => (track ? [{ track, name: participants[id]?.name ?? "" }] : [])),
  );
  // In the order of the slots, so that no element moves when another person is heard by one.
  heard.sort((a, b) => (a.track.id < b.track.id ? -1 : 1));
  return (
    <div hidden>
      {heard.map(({ track, name }) => (
        <Sound key={track.id} track={track} name={name} call={call} />
      ))}
    </div>
  );
}
