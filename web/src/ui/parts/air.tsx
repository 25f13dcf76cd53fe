import { useEffect, useState } from "preact/hooks";
import type { Broadcast } from "../../client";
import { Problem } from "../../client/problem";
import { OnAirSign } from "./on-air";
import { api } from "./session";
import { Header } from "./shell";
import { useTitle } from "./title";

/** Milliseconds between two looks. */
const LOOK = 5_000;

/** What is on air of a room, or of the box where that is `null`; it is looked at again and again. */
function useAir(room: string | null): Broadcast | null {
  const [air, setAir] = useState<Broadcast | null>(null);
  useEffect(() => {
    let over = false;
    const look = async () => {
      if (document.hidden) return;
      const [all, of] = await Promise.all([api.broadcasts(), room === null ? null : api.room(room)]);
      if (!over) setAir(all.find(one => one.live && (of === null || of.broadcast === one.id)) ?? null);
    };
    const again = () => look().catch(refused);
    // Whoever may not know the room sees no page of it either, and asks no more.
    const refused = (error: unknown) => {
      if (error instanceof Problem && error.status >= 400 && error.status < 500) clearInterval(timer);
    };
    const timer = setInterval(again, LOOK);
    void again();
    return () => {
      over = true;
      clearInterval(timer);
    };
  }, [room]);
  return air;
}

/** Title and bar of a page about a room, or about the whole box, with the sign while that is on air. */
export function AirHeader({ title, room }: { title: string; room: string | null }) {
  const air = useAir(room);
  useTitle(title, air !== null);
  return <Header lit={air !== null}>{air && <OnAirSign since={air.since} />}</Header>;
}
