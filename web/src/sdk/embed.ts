/** The page that other sites show in a frame: the player, for the broadcast that the address names. */
import "./index";

document.title = "Porchlight";
document.documentElement.lang = navigator.language;
const player = document.createElement("porchlight-player");
player.setAttribute("src", location.href);
const muted = new URLSearchParams(location.search).has("muted");
if (muted) player.setAttribute("muted", "");
document.body.append(player);
