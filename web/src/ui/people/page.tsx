import { Known } from "./known";
import { Room } from "./room";

/** Whom the box knows, or who has a place in a room. */
export default function PeoplePage({ id }: { id: string }) {
  return id ? <Room id={id} /> : <Known />;
}
