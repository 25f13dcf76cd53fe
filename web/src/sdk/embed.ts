/** The page that other sites show in a frame: the player, for the broadcast that the address names. */
import "./index";

document.title = "Porchlight";
document.documentElement.lang = navigator.language;
const player = document.createElement("porchlight-player");
player.setAttribute("src", location.href);
const wanted = new URLSearchParams(location.search);
if (wanted.has("muted")) player.setAttribute("muted", "");
document.body.append(player);
const [broadcast] = /[0-9a-z]{1,64}\/?$/.exec(location.pathname) ?? [];
if (wanted.has("chat") && broadcast) {
  import("./embed-chat").then(
    ({ showChat }) => showChat(broadcast.replace("/", ""), document.body),
    // The picture is as good without.
    error => console.warn("The chat is not shown:", error),
  );
}
