// Notes, in milliseconds since the page was opened, what leads to the first picture of others. Runs before the page.
window.noted = {};
{
  const note = (what, when = performance.now()) => {
    window.noted[what] ??= when;
  };
  addEventListener("click", event => event.target.closest("[data-testid=join]") && note("click", event.timeStamp), true);
  const answer = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function (...given) {
    note("answer");
    this.addEventListener("connectionstatechange", () => this.connectionState === "connected" && note("connected"));
    return answer.apply(this, given);
  };
  const seen = new WeakSet();
  new MutationObserver(() => {
    for (const video of document.querySelectorAll("[data-kind=box] video, [data-testid=player]")) {
      if (seen.has(video)) continue;
      seen.add(video);
      video.requestVideoFrameCallback(now => note("picture", now));
    }
  }).observe(document, { childList: true, subtree: true });
}
