import { useTitle } from "../parts/title";
import { Known } from "./known";
import { Room } from "./room";
import { texts } from "./texts";

/** Whom the box knows, or who has a place in a room. */
export default function PeoplePage({ id }: { id: string }) {
  useTitle(texts.title, false);
  return id ? <Room id={id} /> : <Known />;
}
