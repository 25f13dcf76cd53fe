import { People } from "../../client/account";
import { api } from "./session";

/** The part of this page's box's API that is about people. */
export const people = new People(api);
